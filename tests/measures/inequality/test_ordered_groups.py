import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from analysis.errors import DataError, MethodError
from analysis.estimates import check_estimates
from analysis.measures.inequality.ordered_groups import (
    concentration_index,
    difference_between_extremes,
    mid_ranks,
    ratio_between_extremes,
    relative_index_of_inequality,
    slope_index_of_inequality,
)

COLUMNS = ["estimate", "lower", "upper"]
INDICES = [slope_index_of_inequality, relative_index_of_inequality, concentration_index]
ALL = [*INDICES, difference_between_extremes, ratio_between_extremes]
GROUPS = pd.DataFrame(
    {
        "place": [1, 2, 3, 4],
        "estimate": [0.35, 0.25, 0.20, 0.10],
        "lower": [0.33, 0.22, 0.18, 0.09],
        "upper": [0.37, 0.28, 0.22, 0.11],
        "persons": [100.0, 300.0, 400.0, 200.0],
    }
)
PLAIN = GROUPS.drop(columns=["lower", "upper"])


@given(st.lists(st.floats(0.1, 100), min_size=1, max_size=12))
def test_mid_ranks_rise_within_zero_and_one_and_have_a_weighted_mean_of_a_half(weights):
    ranks = mid_ranks(weights)
    assert 0 < ranks[0] <= ranks[-1] < 1
    assert (np.diff(ranks) > 0).all()
    assert np.average(ranks, weights=weights) == pytest.approx(0.5)


@pytest.mark.parametrize("measure", ALL)
def test_order_of_rows_does_not_matter(measure):
    shuffled = GROUPS.sample(frac=1, random_state=3)
    np.testing.assert_allclose(measure(shuffled, position="place")[COLUMNS], measure(GROUPS, position="place")[COLUMNS])


@pytest.mark.parametrize("measure", INDICES)
def test_weights_matter_only_by_their_proportions(measure):
    shares = GROUPS.assign(persons=GROUPS["persons"] / 1000)
    np.testing.assert_allclose(
        measure(shares, position="place", weight="persons")[COLUMNS],
        measure(GROUPS, position="place", weight="persons")[COLUMNS],
    )


@pytest.mark.parametrize(
    ("measure", "power"), [(slope_index_of_inequality, 1), (relative_index_of_inequality, 0), (concentration_index, 0)]
)
def test_absolute_index_scales_with_the_unit_and_relative_ones_do_not(measure, power):
    percent = GROUPS.assign(**{column: GROUPS[column] * 100 for column in COLUMNS})
    np.testing.assert_allclose(
        measure(percent, position="place")[COLUMNS], measure(GROUPS, position="place")[COLUMNS] * 100**power
    )


def test_slope_is_that_of_weighted_least_squares_with_its_residual_interval():
    ranks = mid_ranks(PLAIN["persons"])
    fit = sm.WLS(PLAIN["estimate"].to_numpy(), sm.add_constant(ranks), weights=PLAIN["persons"].to_numpy()).fit()
    result = check_estimates(slope_index_of_inequality(PLAIN, position="place", weight="persons")).loc[0]
    assert result["estimate"] == pytest.approx(fit.params[1])
    assert (result["lower"], result["upper"]) == pytest.approx(tuple(fit.conf_int()[1]))
    assert "few groups" in result["note"]


def test_convenient_regression_gives_the_concentration_index_and_its_interval():
    ranks, shares = mid_ranks(PLAIN["persons"]), PLAIN["persons"] / PLAIN["persons"].sum()
    variance = np.average((ranks - 0.5) ** 2, weights=shares)
    left = 2 * variance * PLAIN["estimate"] / np.average(PLAIN["estimate"], weights=shares)
    fit = sm.WLS(left.to_numpy(), sm.add_constant(ranks), weights=shares.to_numpy()).fit()
    result = concentration_index(PLAIN, position="place", weight="persons").loc[0]
    assert result["estimate"] == pytest.approx(fit.params[1])
    assert (result["lower"], result["upper"]) == pytest.approx(tuple(fit.conf_int()[1]))


@pytest.mark.parametrize("measure", ALL)
def test_propagated_interval_agrees_with_a_simulation_from_the_groups(measure):
    rng, draws = np.random.default_rng(20), 20_000
    errors = (GROUPS["upper"] - GROUPS["lower"]) / (2 * norm.ppf(0.975)) / 10
    narrow = GROUPS.assign(lower=GROUPS["estimate"] - 1.96 * errors, upper=GROUPS["estimate"] + 1.96 * errors)
    values = rng.normal(GROUPS["estimate"], errors, size=(draws, 4))
    long = pd.DataFrame({"draw": np.repeat(np.arange(draws), 4), "place": np.tile([1, 2, 3, 4], draws)})
    long["estimate"] = values.ravel()
    result = measure(narrow, position="place").loc[0]
    low, high = np.quantile(_many(measure, long), [0.025, 0.975])
    width = result["upper"] - result["lower"]
    assert result["lower"] == pytest.approx(low, abs=0.05 * width)
    assert result["upper"] == pytest.approx(high, abs=0.05 * width)


def _many(measure, long):
    """The estimate for each draw, from the first 4,000 only: each is a separate population."""
    return measure(long[long["draw"] < 4000], position="place", by="draw")["estimate"]


def test_equal_values_are_equality_on_every_index():
    level = PLAIN.assign(estimate=0.2)
    assert slope_index_of_inequality(level, position="place").loc[0, "estimate"] == pytest.approx(0)
    assert relative_index_of_inequality(level, position="place").loc[0, "estimate"] == pytest.approx(1)
    assert relative_index_of_inequality(level, position="place", definition="mean").loc[0, "estimate"] == pytest.approx(
        0
    )
    assert concentration_index(level, position="place").loc[0, "estimate"] == pytest.approx(0)


def test_values_on_a_line_give_its_ends_whatever_the_sizes_of_the_groups():
    line = PLAIN.assign(estimate=1 + 2 * mid_ranks(PLAIN["persons"]))
    assert slope_index_of_inequality(line, position="place", weight="persons").loc[0, "estimate"] == pytest.approx(2)
    assert relative_index_of_inequality(line, position="place", weight="persons").loc[0, "estimate"] == pytest.approx(3)


def test_reversing_the_order_changes_the_sign_or_inverts():
    reverse = GROUPS.assign(place=-GROUPS["place"])
    for measure in (slope_index_of_inequality, concentration_index, difference_between_extremes):
        assert measure(reverse, position="place").loc[0, "estimate"] == pytest.approx(
            -measure(GROUPS, position="place").loc[0, "estimate"]
        )
    for measure in (relative_index_of_inequality, ratio_between_extremes):
        one, other = measure(reverse, position="place").loc[0], measure(GROUPS, position="place").loc[0]
        assert one["estimate"] * other["estimate"] == pytest.approx(1)
        assert one["lower"] * other["upper"] == pytest.approx(1)


def test_sii_of_split_groups_with_the_same_value_barely_moves_but_the_concentration_index_stays():
    halves = pd.concat([PLAIN, PLAIN.assign(place=PLAIN["place"] + 0.5)]).assign(persons=lambda t: t["persons"] / 2)
    whole = concentration_index(PLAIN, position="place", weight="persons").loc[0, "estimate"]
    assert concentration_index(halves, position="place", weight="persons").loc[0, "estimate"] == pytest.approx(whole)


def test_a_population_with_its_own_level_is_read_with_that_level():
    at_80 = GROUPS.assign(level=0.80)
    one, other = slope_index_of_inequality(GROUPS, position="place"), slope_index_of_inequality(at_80, position="place")
    factor = norm.ppf(0.975) / norm.ppf(0.9)
    assert (other["upper"] - other["lower"])[0] == pytest.approx((one["upper"] - one["lower"])[0] * factor)


def test_ordered_categories_are_a_position_and_plain_text_is_not():
    names = ["low", "middle", "high"]
    table = pd.DataFrame({"education": names, "estimate": [1.0, 2.0, 3.0]})
    with pytest.raises(DataError, match=r"no order from worst-off to best-off"):
        slope_index_of_inequality(table, position="education")
    table["education"] = pd.Categorical(names, categories=names, ordered=True)
    assert slope_index_of_inequality(table, position="education").loc[0, "estimate"] == pytest.approx(3)


def test_the_unit_of_the_values_is_kept():
    assert slope_index_of_inequality(GROUPS.assign(unit="years"), position="place").loc[0, "unit"] == "years"


def test_populations_are_kept_apart_by_name():
    both = pd.concat([GROUPS.assign(sex="m"), GROUPS.assign(sex="f", estimate=GROUPS["estimate"])])
    result = slope_index_of_inequality(both, position="place", by="sex")
    assert result["sex"].tolist() == ["f", "m"]
    with pytest.raises(DataError, match=r"repeats a group in 4 rows"):
        slope_index_of_inequality(both, position="place")


@pytest.mark.parametrize("measure", [slope_index_of_inequality, relative_index_of_inequality])
def test_two_groups_are_too_few_for_a_slope(measure):
    with pytest.raises(MethodError, match=r"has 2 groups, and a slope needs at least 3. For two groups use"):
        measure(GROUPS.head(2), position="place")


def test_a_line_below_zero_has_no_ratio_of_extremes():
    steep = PLAIN.assign(estimate=[0.5, 0.1, 0.0, 0.0])
    with pytest.raises(MethodError, match='definition="mean"'):
        relative_index_of_inequality(steep, position="place")
    assert relative_index_of_inequality(steep, position="place", definition="mean").loc[0, "estimate"] < -2


def test_nothing_to_share_is_an_error_and_a_zero_extreme_is_a_note():
    with pytest.raises(MethodError, match=r"mean of the groups is zero"):
        concentration_index(PLAIN.assign(estimate=0.0), position="place")
    result = ratio_between_extremes(GROUPS.assign(estimate=[0.35, 0.25, 0.2, 0.0], lower=0.0), position="place").loc[0]
    assert result["estimate"] == 0
    assert "value of zero" in result["note"]


def test_extremes_without_intervals_say_so():
    for measure in (difference_between_extremes, ratio_between_extremes):
        assert "no interval" in measure(PLAIN, position="place").loc[0, "note"]


def test_half_filled_limits_are_an_error():
    with pytest.raises(DataError, match=r"`lower` of the table has 1 missing values"):
        slope_index_of_inequality(GROUPS.assign(lower=[None, 0.22, 0.18, 0.09]), position="place")


@pytest.mark.parametrize("measure", ALL)
def test_several_levels_come_one_below_the_other(measure):
    result = measure(GROUPS.assign(level=0.95), position="place", level=(0.95, 0.5))
    assert result["level"].tolist() == [0.95, 0.5]
    assert result.loc[1, "upper"] < result.loc[0, "upper"]
