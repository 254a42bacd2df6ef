import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.errors import DataError, MethodError
from analysis.estimates import check_estimates, pick
from analysis.measures.hidden_populations.capture_recapture import population_size
from analysis.measures.hidden_populations.two_lists import population_size_by_dependence

LISTS = ["shelter", "police"]
LIMITS = ["estimate", "lower", "upper"]
COUNTS = st.integers(0, 400)


def people(both, first, second, **columns):
    table = pd.DataFrame({"shelter": [1, 1, 0], "police": [1, 0, 1], "count": [both, first, second]})
    return table.assign(**columns)


@given(COUNTS, COUNTS, COUNTS, st.floats(0.1, 10))
def test_the_odds_ratio_of_the_completed_table_is_the_one_assumed(both, first, second, ratio):
    if both * first * second:
        sizes = population_size_by_dependence(
            people(both, first, second), lists=LISTS, odds_ratios=[ratio], method="lincoln-petersen"
        )
        assert both * sizes["unobserved"][0] / (first * second) == pytest.approx(ratio)


@given(COUNTS, COUNTS, COUNTS)
def test_independence_is_the_product_of_the_lists_over_their_overlap(both, first, second):
    if both:
        result = population_size(people(both, first, second), lists=LISTS, method="lincoln-petersen")
        assert result["estimate"][0] == pytest.approx((both + first) * (both + second) / both)


@given(COUNTS, COUNTS, COUNTS, st.sampled_from(["transformed logit", "log-normal"]))
def test_chapman_is_finite_and_its_limits_lie_around_it_and_not_below_who_was_seen(both, first, second, interval):
    if both + first + second:
        table = people(both, first, second)
        result = check_estimates(population_size(table, lists=LISTS, method="chapman", interval=interval)).loc[0]
        assert result["estimate"] == pytest.approx((both + first + 1) * (both + second + 1) / (both + 1) - 1)
        assert both + first + second <= result["lower"] + 1e-9
        assert np.isfinite(result["upper"])


def test_the_variance_of_independence_is_that_of_sekar_and_deming():
    """n1 n2 n10 n01 / n11^3 for Lincoln-Petersen; Seber's for Chapman."""
    error = population_size(people(60, 240, 90), lists=LISTS, method="lincoln-petersen")["standard_error"][0]
    assert error**2 == pytest.approx(300 * 150 * 240 * 90 / 60**3)
    error = population_size(people(60, 240, 90), lists=LISTS, method="chapman")["standard_error"][0]
    assert error**2 == pytest.approx(301 * 151 * 240 * 90 / (61**2 * 62))


def test_the_standard_error_at_another_odds_ratio_is_that_of_a_poisson_model_with_an_offset():
    import statsmodels.api as sm

    design = np.array([[1, 1, 1], [1, 1, 0], [1, 0, 1]])
    offset = [np.log(2.5), 0, 0]
    fit = sm.GLM([60, 240, 90], design, family=sm.families.Poisson(), offset=offset).fit(tol=1e-14)
    neither = np.exp(fit.params[0])
    found = population_size_by_dependence(
        people(60, 240, 90), lists=LISTS, odds_ratios=[2.5], method="lincoln-petersen"
    )
    assert found["unobserved"][0] == pytest.approx(neither)
    assert found["standard_error"][0] ** 2 == pytest.approx(neither + neither**2 * fit.cov_params()[0, 0])


def test_nobody_on_both_lists_is_finite_for_chapman_and_endless_for_lincoln_petersen():
    chapman = population_size(people(0, 5, 10), lists=LISTS, method="chapman").loc[0]
    assert chapman["estimate"] == 65
    petersen = population_size(people(0, 5, 10), lists=LISTS, method="lincoln-petersen").loc[0]
    assert petersen["estimate"] == np.inf
    assert petersen["upper"] == np.inf
    assert 15 < petersen["lower"] < np.inf
    assert petersen["note"].startswith("nobody on both lists")


def test_a_list_within_the_other_leaves_nobody_to_be_estimated_and_says_so():
    result = population_size(people(20, 30, 0), lists=LISTS, method="chapman").loc[0]
    assert result["estimate"] == 50
    assert result["note"].startswith("one list holds everybody")


def test_more_dependence_gives_more_people_and_rows_come_per_group_ratio_and_level():
    table = pd.concat([people(60, 240, 90, town="a"), people(30, 40, 50, town="b")])
    sizes = population_size_by_dependence(table, lists=LISTS, odds_ratios=[1, 2, 4], by="town", level=(0.8, 0.95))
    assert len(sizes) == 12
    for _, rows in sizes.groupby(["town", "level"]):
        assert rows["estimate"].is_monotonic_increasing
    narrow, wide = (pick(sizes, town="b", odds_ratio=2, level=level) for level in (0.8, 0.95))
    assert wide["lower"] < narrow["lower"] < narrow["upper"] < wide["upper"]


def test_intervals_of_independent_lists_hold_the_truth_about_95_times_in_100():
    random, size = np.random.default_rng(5), 800
    on = [random.random((2000, size)) < share for share in (0.35, 0.25)]
    counts = [(on[0] & on[1]).sum(axis=1), (on[0] & ~on[1]).sum(axis=1), (~on[0] & on[1]).sum(axis=1)]
    table = pd.concat([people(0, 0, 0, draw=draw) for draw in range(2000)], ignore_index=True)
    table["count"] = np.column_stack(counts).ravel()
    for interval in ("transformed logit", "log-normal"):
        found = population_size(table, lists=LISTS, by="draw", method="chapman", interval=interval)
        assert 0.93 < ((found["lower"] <= size) & (found["upper"] >= size)).mean() < 0.97
        assert found["estimate"].mean() == pytest.approx(size, rel=0.01)


@pytest.mark.parametrize("ratios", [[], [0.0], [-1], [np.nan], ["x"]])
def test_odds_ratios_are_above_zero(ratios):
    with pytest.raises((DataError, MethodError)):
        population_size_by_dependence(people(1, 2, 3), lists=LISTS, odds_ratios=ratios)


def test_three_lists_have_models_of_their_own():
    table = people(1, 2, 3, clinic=1)
    with pytest.raises(MethodError, match="population_size_models"):
        population_size_by_dependence(table, lists=[*LISTS, "clinic"])
    with pytest.raises(MethodError, match="takes two lists, not 3"):
        population_size(table, lists=[*LISTS, "clinic"], method="chapman")
