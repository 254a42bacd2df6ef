import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.errors import DataError, MethodError
from analysis.estimates import check_estimates
from analysis.measures.rates.indirect_standardisation import (
    indirectly_standardised_rate,
    observed_to_expected,
    standardised_mortality_ratio,
)

LIMITS = ["estimate", "lower", "upper"]
METHODS = ["exact", "byar", "mid-p", "vandenbroucke"]
COHORT = pd.DataFrame({"age_band": ["20-44", "45-64"], "deaths": [4, 9], "person_years": [1000.0, 500.0]})
REFERENCE = pd.DataFrame({"age_band": ["45-64", "20-44"], "rate": [0.006, 0.001]})
BANDS = {"strata": ["age_band"]}
strata = st.lists(st.tuples(st.integers(0, 200), st.floats(1, 1e5)), min_size=1, max_size=6)


def as_table(rows):
    return pd.DataFrame(
        {
            "age_band": [f"{10 * i}+" for i in range(len(rows))],
            "deaths": [r[0] for r in rows],
            "person_years": [r[1] for r in rows],
        }
    )


def test_smr_matches_strata_by_value_not_by_position():
    result = check_estimates(standardised_mortality_ratio(COHORT, REFERENCE, **BANDS))
    assert result.loc[0, "expected"] == 4.0
    assert result.loc[0, "estimate"] == 13 / 4


@given(strata.filter(lambda rows: sum(r[0] for r in rows) > 0), st.sampled_from(METHODS))
def test_smr_of_the_reference_against_itself_is_one(rows, method):
    table = as_table(rows)
    result = standardised_mortality_ratio(table, table, **BANDS, method=method).loc[0]
    assert result["estimate"] == pytest.approx(1)
    assert result["lower"] < 1 < result["upper"]


@given(strata, st.randoms(), st.sampled_from(METHODS))
def test_order_and_splitting_of_strata_change_nothing(rows, random, method):
    table = as_table(rows)
    reference = table.assign(rate=0.01 * (1 + np.arange(len(table))))[["age_band", "rate"]]
    order = list(range(len(table)))
    random.shuffle(order)
    halves = pd.concat([table.assign(deaths=table["deaths"] // 2), table.assign(deaths=-(-table["deaths"] // 2))])
    halves["person_years"] /= 2
    one = standardised_mortality_ratio(table, reference, **BANDS, method=method)
    two = standardised_mortality_ratio(halves, reference.iloc[order], **BANDS, method=method)
    np.testing.assert_allclose(one[LIMITS], two[LIMITS], rtol=1e-9)


def test_smr_by_group_keeps_groups_with_a_missing_name():
    cohort = pd.concat([COHORT.assign(town="a"), COHORT.assign(town=None)])
    result = standardised_mortality_ratio(cohort, REFERENCE, **BANDS, by="town")
    assert result["estimate"].tolist() == [3.25, 3.25]
    assert result["town"].isna().tolist() == [False, True]


def test_several_levels_in_one_call():
    result = standardised_mortality_ratio(COHORT, REFERENCE, **BANDS, level=(0.9, 0.95, 0.99))
    assert result["level"].tolist() == [0.9, 0.95, 0.99]
    assert result["lower"].is_monotonic_decreasing


@pytest.mark.parametrize("method", METHODS)
def test_no_deaths_have_a_lower_limit_of_zero_an_upper_limit_and_a_note(method):
    """popEpi gives no upper limit for no deaths observed, and rounds to four decimals."""
    result = observed_to_expected(pd.DataFrame({"deaths": [0], "expected": [12345.0]}), method=method).loc[0]
    assert (result["estimate"], result["lower"], result["note"]) == (0, 0, "no events")
    assert 0 < result["upper"] < 4 / 12345


@pytest.mark.parametrize("method", METHODS)
def test_every_method_serves_any_number_of_deaths(method):
    """epiR refuses exact and mid-P limits above five deaths."""
    deaths = np.array([1, 5, 6, 50, 500, 5000])
    table = pd.DataFrame({"area": deaths, "deaths": deaths, "expected": deaths / 2})
    result = check_estimates(observed_to_expected(table, by="area", method=method))
    assert (result["lower"] < 2).all()
    assert (result["upper"] > 2).all()


def test_nothing_expected_gives_a_note_and_no_ratio():
    result = observed_to_expected(pd.DataFrame({"deaths": [0, 2], "expected": [0.0, 0.0], "area": [1, 2]}), by="area")
    assert result["note"].unique().tolist() == ["no expected events: the ratio is undefined"]
    assert math.isnan(result["estimate"][1])


def test_deaths_on_the_day_of_entry_count_without_person_years():
    cohort = pd.concat([COHORT, pd.DataFrame({"age_band": ["20-44"], "deaths": [1], "person_years": [0.0]})])
    assert standardised_mortality_ratio(cohort, REFERENCE, **BANDS).loc[0, "observed"] == 14


@pytest.mark.parametrize(
    ("cohort", "reference", "message"),
    [
        (COHORT, REFERENCE.head(1), r"1 strata of the table are not in the reference, the first is .*20-44"),
        (COHORT, pd.concat([REFERENCE, REFERENCE]), r"2 strata occur more than once in the reference"),
        (COHORT.drop(columns="age_band"), REFERENCE, r"Column `age_band` is missing"),
        (COHORT.assign(person_years=[-1.0, 2.0]), REFERENCE, r"1 values below zero, the first in row 0 \(-1\)"),
        (COHORT, COHORT.assign(deaths=0, person_years=[0.0, 5.0]), r"without person-years in the reference"),
        (COHORT.head(0), REFERENCE, r"no rows"),
        (COHORT, REFERENCE.assign(rate="x"), r"texts where numbers belong"),
    ],
)
def test_impossible_input_is_an_error_that_names_the_place(cohort, reference, message):
    with pytest.raises(DataError, match=message):
        standardised_mortality_ratio(cohort, reference, **BANDS)


def test_unknown_method_is_an_error():
    with pytest.raises(MethodError, match=r"Did you mean 'mid-p'"):
        standardised_mortality_ratio(COHORT, REFERENCE, **BANDS, method="midp")


def test_indirectly_standardised_rate_is_the_ratio_times_the_reference_rate():
    country = pd.DataFrame({"age_band": ["20-44", "45-64"], "deaths": [300, 500], "person_years": [3e5, 1e5]})
    rate = check_estimates(indirectly_standardised_rate(COHORT, country, level=(0.95, 0.99)))
    ratio = standardised_mortality_ratio(COHORT, country, **BANDS, level=(0.95, 0.99))
    np.testing.assert_allclose(rate[LIMITS], ratio[LIMITS] * 800 / 4e5)
    own = indirectly_standardised_rate(country, country).loc[0]
    assert own["estimate"] == pytest.approx(800 / 4e5)


def test_a_reference_without_rates_and_without_counts_is_told_what_it_lacks():
    cohort = pd.DataFrame({"age_band": ["20-44"], "deaths": [4], "person_years": [1000.0]})
    with pytest.raises(DataError, match=r"`rate` is missing from the reference.*`deaths` and `person_years`"):
        standardised_mortality_ratio(cohort, pd.DataFrame({"age_band": ["20-44"]}), strata="age_band")
