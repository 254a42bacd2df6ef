import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import poisson

from analysis.errors import DataError, MethodError
from analysis.estimates import check_estimates
from analysis.measures.rates.crude import crude_rate, poisson_interval, rate_difference, rate_ratio

METHODS = ["exact", "byar", "mid-p"]
ARMS = pd.DataFrame({"arm": ["a", "b"], "deaths": [30, 10], "person_years": [1000.0, 800.0]})
PAIR = {"group": "arm", "exposed": "a", "reference": "b"}


@given(st.integers(1, 5000), st.floats(0.5, 0.99))
def test_exact_limits_leave_the_tails_they_promise(count, level):
    lower, upper = poisson_interval(count, level)
    assert poisson.sf(count - 1, lower) == pytest.approx((1 - level) / 2, rel=1e-6)
    assert poisson.cdf(count, upper) == pytest.approx((1 - level) / 2, rel=1e-6)


@given(st.integers(1, 2000))
def test_mid_p_limits_leave_the_tails_they_promise_and_are_inside_the_exact_ones(count):
    lower, upper = poisson_interval(count, method="mid-p")
    assert poisson.sf(count, lower) + poisson.pmf(count, lower) / 2 == pytest.approx(0.025, rel=1e-6)
    assert poisson.cdf(count - 1, upper) + poisson.pmf(count, upper) / 2 == pytest.approx(0.025, rel=1e-6)
    low, high = poisson_interval(count)
    assert low < lower < count < upper < high


@pytest.mark.parametrize("method", METHODS)
def test_no_events_have_a_lower_limit_of_zero_and_a_positive_upper_limit(method):
    lower, upper = poisson_interval(0, method=method)
    assert lower == 0
    assert upper > 2.9


def test_no_events_follow_the_rule_of_three_in_its_exact_form():
    assert poisson_interval(0, 0.90)[1] == pytest.approx(-math.log(0.05))


def test_limits_keep_the_shape_of_the_counts():
    lower, upper = poisson_interval(np.array([[1, 2], [3, 4]]))
    assert lower.shape == upper.shape == (2, 2)


def test_negative_count_and_unknown_method_are_errors():
    with pytest.raises(DataError, match=r"1 values below zero"):
        poisson_interval([3, -1])
    with pytest.raises(MethodError, match=r"Did you mean 'exact'"):
        poisson_interval(3, method="exacts")


def test_rate_adds_up_strata_and_has_the_shape_of_results():
    strata = pd.DataFrame({"sex": ["m", "f", "m"], "deaths": [1, 2, 3], "person_years": [10.0, 20.0, 30.0]})
    result = check_estimates(crude_rate(strata, by=["sex"]))
    assert result["deaths"].tolist() == [2, 4]
    assert result["estimate"].tolist() == [2 / 20, 4 / 40]
    assert result["unit"].unique().tolist() == ["per person-year"]


@given(st.integers(0, 500), st.floats(1, 1e6), st.integers(0, 500), st.floats(1, 1e6), st.sampled_from(METHODS))
def test_splitting_a_stratum_and_reordering_rows_change_nothing(first, years, second, more_years, method):
    together = pd.DataFrame({"deaths": [first + second], "person_years": [years + more_years]})
    apart = pd.DataFrame({"deaths": [second, first], "person_years": [more_years, years]})
    columns = ["estimate", "lower", "upper"]
    one, two = crude_rate(together, method=method), crude_rate(apart, method=method)
    np.testing.assert_allclose(one[columns], two[columns], rtol=1e-12)


@given(st.integers(0, 500), st.floats(0.1, 1e5))
def test_rate_scales_with_the_unit_of_time(deaths, years):
    in_years = crude_rate(pd.DataFrame({"deaths": [deaths], "person_years": [years]}))
    in_days = crude_rate(pd.DataFrame({"deaths": [deaths], "person_years": [years * 365.25]}))
    columns = ["estimate", "lower", "upper"]
    np.testing.assert_allclose(in_years[columns] / 365.25, in_days[columns], rtol=1e-9)


@given(st.integers(1, 500), st.integers(2, 10))
def test_more_data_narrow_the_interval(deaths, times):
    small = crude_rate(pd.DataFrame({"deaths": [deaths], "person_years": [100.0]})).loc[0]
    large = crude_rate(pd.DataFrame({"deaths": [deaths * times], "person_years": [100.0 * times]})).loc[0]
    assert large["upper"] - large["lower"] < small["upper"] - small["lower"]


def test_no_events_and_no_person_years_are_told_apart_in_the_note():
    cohort = pd.DataFrame({"age": [1, 2], "deaths": [0, 0], "person_years": [10.0, 0.0]})
    result = crude_rate(cohort, by="age")
    assert result["note"].tolist() == ["no events", "no person-years"]
    assert result["estimate"].tolist()[0] == 0
    assert math.isnan(result["estimate"][1])


def test_deaths_without_person_years_are_an_error():
    cohort = pd.DataFrame({"deaths": [0, 2], "person_years": [0.0, 0.0]})
    with pytest.raises(DataError, match=r"events in 1 rows without person-time, the first in row 1 \(2 with"):
        crude_rate(cohort)


def test_rate_ratio_is_the_ratio_of_the_rates_and_inverts_when_the_groups_are_exchanged():
    one = rate_ratio(ARMS, **PAIR).loc[0]
    other = rate_ratio(ARMS, group="arm", exposed="b", reference="a").loc[0]
    assert one["estimate"] == pytest.approx((30 / 1000) / (10 / 800))
    assert (other["estimate"], other["lower"], other["upper"]) == pytest.approx(
        (1 / one["estimate"], 1 / one["upper"], 1 / one["lower"])
    )


def test_exact_interval_of_a_rate_ratio_is_wider_than_the_log_interval():
    log, exact = rate_ratio(ARMS, **PAIR).loc[0], rate_ratio(ARMS, **PAIR, method="exact").loc[0]
    assert exact["lower"] < log["lower"]
    assert exact["upper"] > log["upper"]


@pytest.mark.parametrize(
    ("deaths", "estimate", "lower_is_zero", "upper_is_infinite", "note"),
    [
        ([0, 5], 0.0, True, False, "one group"),
        ([5, 0], math.inf, False, True, "one group"),
        ([0, 0], None, True, True, "either"),
    ],
)
def test_rate_ratio_without_events_has_one_open_side_and_a_note(
    deaths, estimate, lower_is_zero, upper_is_infinite, note
):
    result = rate_ratio(ARMS.assign(deaths=deaths), **PAIR).loc[0]
    assert note in result["note"]
    assert math.isnan(result["estimate"]) if estimate is None else result["estimate"] == estimate
    assert (result["lower"] == 0) == lower_is_zero
    assert math.isinf(result["upper"]) == upper_is_infinite


def test_rate_ratio_without_person_years_says_so():
    result = rate_ratio(pd.DataFrame({"arm": ["a", "b"], "deaths": [0, 3], "person_years": [0.0, 9.0]}), **PAIR).loc[0]
    assert result["note"] == "no person-years"


def test_other_groups_do_not_enter_a_rate_ratio():
    more = pd.concat([ARMS, pd.DataFrame({"arm": ["c"], "deaths": [99], "person_years": [1.0]})])
    pd.testing.assert_frame_equal(rate_ratio(more, **PAIR), rate_ratio(ARMS, **PAIR))


def test_rate_difference_changes_sign_when_the_groups_are_exchanged():
    one = rate_difference(ARMS, **PAIR).loc[0]
    other = rate_difference(ARMS, group="arm", exposed="b", reference="a").loc[0]
    assert one["estimate"] == pytest.approx(30 / 1000 - 10 / 800)
    assert (other["lower"], other["upper"]) == pytest.approx((-one["upper"], -one["lower"]))


def test_wald_and_mover_agree_for_many_events_and_wald_warns_for_none():
    many = ARMS.assign(deaths=[30_000, 10_000], person_years=[1e6, 8e5])
    columns = ["lower", "upper"]
    wald, mover = rate_difference(many, **PAIR, method="wald"), rate_difference(many, **PAIR)
    np.testing.assert_allclose(wald[columns], mover[columns], rtol=0.01)
    none = rate_difference(ARMS.assign(deaths=[0, 10]), **PAIR, method="wald").loc[0]
    assert "too narrow" in none["note"]


@pytest.mark.parametrize(
    ("method", "lowest", "highest"), [("exact", 0.95, 0.975), ("byar", 0.945, 0.975), ("mid-p", 0.94, 0.96)]
)
def test_intervals_cover_the_truth_as_often_as_promised(method, lowest, highest):
    counts = np.random.default_rng(11).poisson(20.3, 20_000)
    lower, upper = poisson_interval(counts, method=method)
    assert lowest <= np.mean((lower <= 20.3) & (upper >= 20.3)) <= highest


def test_log_and_exact_intervals_of_a_rate_ratio_cover_the_truth():
    rng, size = np.random.default_rng(12), 2000
    long = pd.DataFrame({"draw": np.repeat(np.arange(size), 2), "arm": ["a", "b"] * size})
    long = long.assign(deaths=rng.poisson([30, 15] * size), person_years=[1000.0, 1000.0] * size)
    for method, lowest in (("log", 0.935), ("exact", 0.945)):
        result = rate_ratio(long, **PAIR, by="draw", method=method)
        assert lowest <= ((result["lower"] <= 2) & (result["upper"] >= 2)).mean() <= 0.985


def test_the_method_of_a_rate_ratio_is_the_one_that_made_the_interval():
    table = pd.DataFrame({"town": [1, 1, 2, 2], "arm": ["a", "b"] * 2, "deaths": [0, 9, 4, 9], "person_years": 100.0})
    result = rate_ratio(table, group="arm", exposed="a", reference="b", by="town")
    assert result["method"].tolist() == ["exact, conditional on all events", "normal on the log scale"]
    exact = rate_ratio(table, group="arm", exposed="a", reference="b", by="town", method="exact")
    assert exact["method"].unique().tolist() == ["exact, conditional on all events"]
    assert result.loc[0, ["lower", "upper"]].tolist() == exact.loc[0, ["lower", "upper"]].tolist()


def test_limits_without_end_have_a_note():
    table = pd.DataFrame({"arm": ["a", "b"], "deaths": [1e-9, 9], "person_years": 100.0})
    result = rate_ratio(table, group="arm", exposed="a", reference="b").loc[0]
    assert (result["lower"], result["upper"]) == (0, math.inf)
    assert result["note"] == "too little information: a limit of the interval is infinite"
