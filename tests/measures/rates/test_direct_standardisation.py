import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from analysis.errors import DataError, MethodError
from analysis.estimates import check_estimates
from analysis.measures.rates.crude import crude_rate, poisson_interval
from analysis.measures.rates.direct_standardisation import comparative_mortality_figure, directly_standardised_rate
from analysis.measures.rates.weighted_poisson import WEIGHTED_METHODS

LIMITS = ["estimate", "lower", "upper"]
BANDS = ["0-39", "40-64", "65+"]
STANDARD = pd.DataFrame({"age_band": BANDS, "weight": [50, 35, 15]})
TOWNS = pd.DataFrame(
    {
        "town": ["a"] * 3 + ["b"] * 3,
        "age_band": BANDS * 2,
        "deaths": [2, 9, 30, 0, 4, 21],
        "person_years": [5000.0, 3000.0, 900.0, 2500.0, 1200.0, 700.0],
    }
)
counts = st.lists(st.integers(0, 300), min_size=3, max_size=3)
years = st.lists(st.floats(10, 1e5), min_size=3, max_size=3)
methods = st.sampled_from(list(WEIGHTED_METHODS))


def one_town(deaths, person_years):
    return pd.DataFrame({"age_band": BANDS, "deaths": deaths, "person_years": person_years})


def test_rate_is_the_weighted_mean_of_the_rates_by_age():
    result = check_estimates(directly_standardised_rate(TOWNS, STANDARD, by="town"))
    expected = 0.5 * 2 / 5000 + 0.35 * 9 / 3000 + 0.15 * 30 / 900
    assert result.loc[0, "estimate"] == pytest.approx(expected)
    assert result["town"].tolist() == ["a", "b"]
    assert result["deaths"].tolist() == [41, 25]


@given(counts, years, methods, st.randoms())
def test_order_of_rows_does_not_matter(deaths, person_years, method, random):
    table = one_town(deaths, person_years)
    order = [0, 1, 2]
    random.shuffle(order)
    one = directly_standardised_rate(table, STANDARD, method=method)
    two = directly_standardised_rate(table.iloc[order], STANDARD.iloc[order[::-1]], method=method)
    np.testing.assert_allclose(one[LIMITS], two[LIMITS], rtol=1e-9)


@given(counts, years, methods, st.floats(0.1, 0.9))
def test_splitting_a_stratum_changes_nothing(deaths, person_years, method, share):
    whole = one_town(deaths, person_years)
    first = whole.assign(deaths=[d // 3 for d in deaths], person_years=whole["person_years"] * share)
    rest = whole.assign(
        deaths=whole["deaths"] - first["deaths"], person_years=whole["person_years"] - first["person_years"]
    )
    parts = pd.concat([first, rest])
    one = directly_standardised_rate(whole, STANDARD, method=method)
    two = directly_standardised_rate(parts, STANDARD, method=method)
    np.testing.assert_allclose(one[LIMITS], two[LIMITS], rtol=1e-9)


@given(counts, years, st.sampled_from(["exact", "byar", "mid-p"]))
def test_rate_with_its_own_ages_as_standard_is_the_crude_rate(deaths, person_years, poisson):
    table = one_town(deaths, person_years)
    own = table.rename(columns={"person_years": "weight"})[["age_band", "weight"]]
    standardised = directly_standardised_rate(table, own, poisson=poisson)
    crude = crude_rate(table, method=poisson)
    np.testing.assert_allclose(standardised[LIMITS], crude[LIMITS], rtol=1e-9)


@given(counts, years, methods)
def test_weights_matter_only_by_their_proportions_and_time_scales(deaths, person_years, method):
    table = one_town(deaths, person_years)
    one = directly_standardised_rate(table, STANDARD, method=method)
    scaled = directly_standardised_rate(table, STANDARD.assign(weight=STANDARD["weight"] * 7.5), method=method)
    days = directly_standardised_rate(
        table.assign(person_years=table["person_years"] * 365.25), STANDARD, method=method
    )
    np.testing.assert_allclose(one[LIMITS], scaled[LIMITS], rtol=1e-9)
    np.testing.assert_allclose(one[LIMITS] / 365.25, days[LIMITS], rtol=1e-9)


@given(st.integers(0, 500), st.sampled_from(["gamma", "dobson"]))
def test_one_stratum_gives_the_exact_poisson_interval(deaths, method):
    table = pd.DataFrame({"age_band": ["all"], "deaths": [deaths], "person_years": [1000.0]})
    result = directly_standardised_rate(
        table, pd.DataFrame({"age_band": ["all"], "weight": [1]}), method=method, poisson="exact"
    )
    lower, upper = poisson_interval(deaths)
    assert (result.loc[0, "lower"], result.loc[0, "upper"]) == pytest.approx((lower / 1000, upper / 1000))


def test_modified_gamma_is_inside_the_gamma_interval():
    gamma = directly_standardised_rate(TOWNS, STANDARD, by="town", method="gamma")
    modified = directly_standardised_rate(TOWNS, STANDARD, by="town", method="modified gamma")
    assert (modified["upper"] < gamma["upper"]).all()
    assert modified["lower"].tolist() == gamma["lower"].tolist()


def test_no_events_have_an_upper_limit_from_the_heaviest_stratum():
    none = TOWNS.assign(deaths=0)
    result = directly_standardised_rate(none, STANDARD, by="town", method="gamma").loc[0]
    assert (result["estimate"], result["lower"]) == (0, 0)
    assert result["upper"] == pytest.approx(0.15 / 900 * chi2.ppf(0.975, 2) / 2)
    assert result["note"].startswith("no events")


def test_a_group_without_person_years_in_a_stratum_has_a_note_and_no_rate():
    empty = TOWNS.assign(person_years=TOWNS["person_years"].where(TOWNS["deaths"] > 0, 0.0))
    result = directly_standardised_rate(empty, STANDARD, by="town")
    assert result["note"].tolist() == ["", "no person-years in a stratum of the standard: its rate is unknown"]
    assert math.isnan(result["estimate"][1])
    assert not math.isnan(result["estimate"][0])


def test_events_of_the_same_persons_widen_the_interval_by_the_sum_of_squares():
    independent = pd.DataFrame({"age_band": ["all"], "deaths": [40], "person_years": [1000.0]})
    repeated = pd.DataFrame(
        {"age_band": ["all"] * 2, "deaths": [10, 30], "person_years": [1000.0] * 2, "times": [1, 3]}
    )
    standard = pd.DataFrame({"age_band": ["all"], "weight": [1]})
    one = directly_standardised_rate(independent, standard).loc[0]
    two = directly_standardised_rate(repeated, standard, non_independent="times").loc[0]
    assert two["estimate"] == one["estimate"] == 0.04
    assert two["standard_error"] == pytest.approx(math.sqrt(10 * 1 + 10 * 9) / 1000)
    assert two["person_years"] == 1000
    assert two["lower"] < one["lower"] < one["upper"] < two["upper"]
    with pytest.raises(DataError, match=r"repeat the person-years"):
        directly_standardised_rate(repeated.assign(person_years=[1.0, 2.0]), standard, non_independent="times")


def test_several_levels_give_the_rows_of_each():
    result = directly_standardised_rate(TOWNS, STANDARD, by="town", level=(0.95, 0.998))
    assert result["level"].tolist() == [0.95, 0.95, 0.998, 0.998]
    assert result.loc[2, "lower"] < result.loc[0, "lower"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"table": TOWNS.drop(index=1)}, r"1 strata of the standard are not in the table, the first is .*40-64.*'a'"),
        ({"table": TOWNS.replace({"65+": "65-74"})}, r"strata of the table are not in the standard, the first is"),
        ({"standard": pd.concat([STANDARD, STANDARD])}, r"3 strata occur more than once in the standard"),
        ({"standard": STANDARD.assign(weight=0)}, r"all zero"),
        ({"standard": STANDARD.assign(weight=[1, -1, 2])}, r"Column `weight` of the standard has 1 values below zero"),
        ({"table": TOWNS.assign(deaths=[1, 2, "x", 3, 4, 5])}, r"texts where numbers belong"),
        ({"table": TOWNS.head(0)}, r"no rows"),
        ({"table": TOWNS.assign(person_years=np.nan)}, r"6 missing values"),
    ],
)
def test_impossible_input_is_an_error_that_names_the_place(change, message):
    with pytest.raises(DataError, match=message):
        directly_standardised_rate(**{"table": TOWNS, "standard": STANDARD, "by": "town", **change})


def test_unknown_methods_are_errors():
    with pytest.raises(MethodError, match=r"Did you mean 'gamma'"):
        directly_standardised_rate(TOWNS, STANDARD, by="town", method="gama")
    with pytest.raises(MethodError, match=r"`poisson` is 'fisher'"):
        directly_standardised_rate(TOWNS, STANDARD, by="town", poisson="fisher")


def test_cmf_of_the_reference_is_one_and_cmfs_compare_as_standardised_rates_do():
    reference = TOWNS[TOWNS["town"] == "a"]
    assert comparative_mortality_figure(reference, reference).loc[0, "estimate"] == pytest.approx(1)
    figures = check_estimates(comparative_mortality_figure(TOWNS, reference, by="town"))
    weights = reference.rename(columns={"person_years": "weight"})
    rates = directly_standardised_rate(TOWNS, weights, by="town")
    assert figures.loc[1, "estimate"] == pytest.approx(rates.loc[1, "estimate"] / rates.loc[0, "estimate"])
    with pytest.raises(DataError, match=r"has no events"):
        comparative_mortality_figure(TOWNS, reference.assign(deaths=0), by="town")


@pytest.mark.parametrize("kind", ["category", "object", "string"])
def test_strata_match_by_value_whatever_the_type_of_the_column(kind):
    plain = directly_standardised_rate(TOWNS, STANDARD, by="town")
    other = directly_standardised_rate(TOWNS.astype({"age_band": kind}), STANDARD, by="town")
    swapped = directly_standardised_rate(TOWNS, STANDARD.astype({"age_band": kind}), by="town")
    assert plain["estimate"].tolist() == other["estimate"].tolist() == swapped["estimate"].tolist()


def test_few_events_are_shown_and_not_suppressed():
    """Suppression is a choice of the caller; PHEindicatormethods gives nothing below ten events."""
    few = directly_standardised_rate(TOWNS.assign(deaths=[1, 0, 2, 0, 1, 1]), STANDARD, by="town", method="gamma")
    assert (few["estimate"] > 0).all()
    assert (few["lower"] > 0).all()
