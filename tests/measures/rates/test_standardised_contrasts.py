import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.errors import DataError, MethodError
from analysis.estimates import check_estimates
from analysis.measures.rates.crude import rate_ratio
from analysis.measures.rates.standardised_contrasts import standardised_rate_difference, standardised_rate_ratio

BANDS = ["0-39", "40-64", "65+"]
STANDARD = pd.DataFrame({"age_band": BANDS, "weight": [50, 35, 15]})
TOWNS = pd.DataFrame(
    {
        "town": ["a"] * 3 + ["b"] * 3,
        "age_band": BANDS * 2,
        "deaths": [2, 9, 30, 1, 4, 21],
        "person_years": [5000.0, 3000.0, 900.0, 2500.0, 1200.0, 700.0],
    }
)
PAIR = {"group": "town", "exposed": "a", "reference": "b"}
BACK = {"group": "town", "exposed": "b", "reference": "a"}


@pytest.mark.parametrize("method", ["log", "mover"])
def test_ratio_inverts_when_the_groups_are_exchanged(method):
    one = check_estimates(standardised_rate_ratio(TOWNS, STANDARD, **PAIR, method=method)).loc[0]
    other = standardised_rate_ratio(TOWNS, STANDARD, **BACK, method=method).loc[0]
    assert (other["estimate"], other["lower"], other["upper"]) == pytest.approx(
        (1 / one["estimate"], 1 / one["upper"], 1 / one["lower"])
    )


@pytest.mark.parametrize("method", ["wald", "mover"])
def test_difference_changes_sign_when_the_groups_are_exchanged(method):
    one = check_estimates(standardised_rate_difference(TOWNS, STANDARD, **PAIR, method=method)).loc[0]
    other = standardised_rate_difference(TOWNS, STANDARD, **BACK, method=method).loc[0]
    assert (other["lower"], other["upper"]) == pytest.approx((-one["upper"], -one["lower"]))


@given(st.integers(1, 400), st.integers(1, 400), st.floats(10, 1e4), st.floats(10, 1e4))
def test_with_one_stratum_it_is_the_ratio_of_the_crude_rates(deaths, deaths_0, years, years_0):
    table = pd.DataFrame(
        {"town": ["a", "b"], "age_band": "all", "deaths": [deaths, deaths_0], "person_years": [years, years_0]}
    )
    standard = pd.DataFrame({"age_band": ["all"], "weight": [3]})
    columns = ["estimate", "lower", "upper"]
    np.testing.assert_allclose(
        standardised_rate_ratio(table, standard, **PAIR)[columns], rate_ratio(table, **PAIR)[columns], rtol=1e-9
    )


def test_no_events_in_one_group_and_in_both_have_their_notes():
    one = standardised_rate_ratio(TOWNS.assign(deaths=[0] * 3 + [1, 4, 21]), STANDARD, **PAIR).loc[0]
    assert one["note"].startswith("no events in one group")
    assert (one["estimate"], one["lower"]) == (0, 0)
    assert 0 < one["upper"] < math.inf
    assert one["method"] == "direct standardisation, square-and-add of gamma limits"
    assert standardised_rate_ratio(TOWNS, STANDARD, **PAIR).loc[0, "method"].endswith("normal on the log scale")
    both = standardised_rate_ratio(TOWNS.assign(deaths=0), STANDARD, **PAIR).loc[0]
    assert both["note"].startswith("no events in either group")
    assert (both["lower"], both["upper"]) == (0, math.inf)


def test_a_stratum_without_person_years_makes_the_comparison_unknown_with_a_note():
    table = TOWNS.assign(deaths=[0, *TOWNS["deaths"][1:]], person_years=[0.0, *TOWNS["person_years"][1:]])
    for measure in (standardised_rate_ratio, standardised_rate_difference):
        result = measure(table, STANDARD, **PAIR).loc[0]
        assert math.isnan(result["estimate"])
        assert result["note"].startswith("no person-years in a stratum")


def test_the_same_group_twice_and_an_unknown_group_are_errors():
    with pytest.raises(MethodError, match=r"Both groups are 'a'"):
        standardised_rate_ratio(TOWNS, STANDARD, group="town", exposed="a", reference="a")
    with pytest.raises(DataError, match=r"no rows with 'c'"):
        standardised_rate_ratio(TOWNS, STANDARD, group="town", exposed="a", reference="c")


def test_by_gives_one_comparison_per_value_at_every_level():
    years = pd.concat([TOWNS.assign(year=2001), TOWNS.assign(year=2002)])
    result = standardised_rate_ratio(years, STANDARD, **PAIR, by="year", level=[0.95, 0.99])
    assert result["year"].tolist() == [2001, 2002, 2001, 2002]
    assert len(set(result["estimate"])) == 1
