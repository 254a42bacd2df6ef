"""Groups on a ladder: gaps, slope and relative index, concentration index."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from analysis.errors import DataError, MethodError
from analysis.estimates import check_estimates
from analysis.measures.inequality.fractional_ranks import fractional_ranks
from analysis.measures.inequality.gaps import gaps_between_groups
from analysis.measures.inequality.group_concentration import group_concentration_indices
from analysis.measures.inequality.group_gradients import group_slope_and_relative_index
from analysis.measures.shared.simulation import draw_groups

COLUMNS = ["estimate", "lower", "upper"]
LADDER = {"position": "place", "population": "persons"}
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
RANKS = fractional_ranks(GROUPS["place"], GROUPS["persons"]).ranks


def slope(table, **options):
    return group_slope_and_relative_index(table, **LADDER | options).iloc[[0]]


def relative(table, **options):
    return group_slope_and_relative_index(table, **LADDER | options).iloc[[1]]


def over_mean(table, **options):
    return relative(table, definition="mean", **options)


def concentration(table, **options):
    return group_concentration_indices(table, kinds="standard", **LADDER | options)


def difference(table, **options):
    return gaps_between_groups(table, position="place", **options).iloc[[0]]


def ratio(table, **options):
    return gaps_between_groups(table, position="place", **options).iloc[[1]]


INDICES = [slope, relative, over_mean, concentration]
ALL = [*INDICES, difference, ratio]


@given(st.lists(st.floats(0.1, 100), min_size=1, max_size=12))
def test_mid_ranks_rise_within_zero_and_one_and_have_a_weighted_mean_of_a_half(weights):
    ranks = fractional_ranks(np.arange(len(weights)), weights).ranks
    assert 0 < ranks[0] <= ranks[-1] < 1
    assert (np.diff(ranks) > 0).all()
    assert np.average(ranks, weights=weights) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("measure", "power"), [(slope, 1), (relative, 0), (over_mean, 0), (concentration, 0), (difference, 1), (ratio, 0)]
)
def test_absolute_index_scales_with_the_unit_and_relative_ones_do_not(measure, power):
    percent = GROUPS.assign(**{column: GROUPS[column] * 100 for column in COLUMNS})
    np.testing.assert_allclose(measure(percent)[COLUMNS], measure(GROUPS)[COLUMNS] * 100**power)


def test_slope_is_that_of_weighted_least_squares_with_its_residual_interval():
    fit = sm.WLS(PLAIN["estimate"].to_numpy(), sm.add_constant(RANKS), weights=PLAIN["persons"].to_numpy()).fit()
    result = check_estimates(slope(PLAIN, interval="residual")).iloc[0]
    assert result["estimate"] == pytest.approx(fit.params[1])
    assert result["standard_error"] == pytest.approx(fit.bse[1])
    assert (result["lower"], result["upper"]) == pytest.approx(tuple(fit.conf_int()[1]))
    assert "few groups" in result["note"]


def test_slope_over_mean_has_the_error_of_the_delta_method_on_that_fit():
    fit = sm.WLS(PLAIN["estimate"].to_numpy(), sm.add_constant(RANKS), weights=PLAIN["persons"].to_numpy()).fit()
    foot, rise = fit.params
    mean = foot + rise / 2
    gradient = np.array([-rise / mean**2, 1 / mean - rise / mean**2 / 2])
    result = over_mean(PLAIN, interval="residual").iloc[0]
    assert result["measure"] == "rii_mean"
    assert result["estimate"] == pytest.approx(rise / np.average(PLAIN["estimate"], weights=PLAIN["persons"]))
    assert result["standard_error"] == pytest.approx(np.sqrt(gradient @ fit.cov_params() @ gradient))


def test_convenient_regression_gives_the_concentration_index_and_its_interval():
    shares = PLAIN["persons"] / PLAIN["persons"].sum()
    variance = np.average((RANKS - 0.5) ** 2, weights=shares)
    left = 2 * variance * PLAIN["estimate"] / np.average(PLAIN["estimate"], weights=shares)
    fit = sm.WLS(left.to_numpy(), sm.add_constant(RANKS), weights=shares.to_numpy()).fit()
    result = concentration(PLAIN).iloc[0]
    assert result["estimate"] == pytest.approx(fit.params[1])
    assert (result["lower"], result["upper"]) == pytest.approx(tuple(fit.conf_int()[1]))


@pytest.mark.parametrize("link", ["linear", "logit", "log", "poisson"])
@pytest.mark.parametrize("definition", ["extremes", "mean"])
def test_intervals_of_every_link_agree_with_a_simulation_from_the_groups(link, definition):
    narrow = PLAIN.assign(standard_error=[0.002, 0.002, 0.001, 0.001])
    options = LADDER | {"link": link, "definition": definition}
    result = group_slope_and_relative_index(narrow, **options)
    values = draw_groups(narrow["estimate"].to_numpy(), narrow["standard_error"].to_numpy(), draws=1000, seed=20)
    long = pd.DataFrame({"draw": np.repeat(np.arange(1000), 4), "estimate": values.ravel()})
    long = long.assign(place=np.tile([1, 2, 3, 4], 1000), persons=np.tile(PLAIN["persons"], 1000))
    drawn = group_slope_and_relative_index(long, by="draw", **options)
    for row in result.to_dict("records"):
        spread = drawn.loc[drawn["measure"] == row["measure"], "estimate"].std()
        assert row["standard_error"] == pytest.approx(spread, rel=0.08)


@pytest.mark.parametrize("measure", [concentration, difference, ratio])
def test_propagated_interval_agrees_with_a_simulation_from_the_groups(measure):
    errors = (GROUPS["upper"] - GROUPS["lower"]) / (2 * norm.ppf(0.975)) / 10
    narrow = GROUPS.assign(lower=GROUPS["estimate"] - 1.96 * errors, upper=GROUPS["estimate"] + 1.96 * errors)
    values = draw_groups(GROUPS["estimate"].to_numpy(), errors.to_numpy(), draws=4000, seed=20)
    long = pd.DataFrame({"draw": np.repeat(np.arange(4000), 4), "place": np.tile([1, 2, 3, 4], 4000)})
    long = long.assign(estimate=values.ravel(), persons=np.tile(PLAIN["persons"], 4000))
    rows = (
        gaps_between_groups(long, position="place", by="draw")
        if measure is not concentration
        else concentration(long, by="draw")
    )
    result = measure(narrow).iloc[0]
    low, high = rows.loc[rows["measure"] == result["measure"], "estimate"].quantile([0.025, 0.975])
    width = result["upper"] - result["lower"]
    assert result["lower"] == pytest.approx(low, abs=0.05 * width)
    assert result["upper"] == pytest.approx(high, abs=0.05 * width)


@pytest.mark.parametrize(
    ("measure", "equality"),
    [(slope, 0), (relative, 1), (over_mean, 0), (concentration, 0), (difference, 0), (ratio, 1)],
)
def test_equal_values_are_equality_on_every_index(measure, equality):
    assert measure(PLAIN.assign(estimate=0.2))["estimate"].iloc[0] == pytest.approx(equality, abs=1e-12)


@pytest.mark.parametrize("link", ["logit", "log"])
@pytest.mark.parametrize(("definition", "equality"), [("extremes", 1), ("mean", 0)])
def test_everybody_in_all_groups_is_equality_with_a_note(link, definition, equality):
    row = relative(PLAIN.assign(estimate=1.0), link=link, definition=definition).iloc[0]
    assert row["estimate"] == equality
    assert "no interval" in row["note"]


def test_values_on_a_line_give_its_ends_whatever_the_sizes_of_the_groups():
    line = PLAIN.assign(estimate=1 + 2 * RANKS)
    found = group_slope_and_relative_index(line, **LADDER)
    assert found["estimate"].tolist() == pytest.approx([2, 3])
    assert found.loc[0, ["foot", "top"]].tolist() == pytest.approx([1, 3])


def test_reversing_the_order_changes_the_sign_or_inverts():
    reverse = GROUPS.assign(place=-GROUPS["place"])
    for measure in (slope, over_mean, concentration, difference):
        assert measure(reverse)["estimate"].iloc[0] == pytest.approx(-measure(GROUPS)["estimate"].iloc[0])
    for measure in (relative, ratio):
        one, other = measure(reverse).iloc[0], measure(GROUPS).iloc[0]
        assert one["estimate"] * other["estimate"] == pytest.approx(1)
        assert one["lower"] * other["upper"] == pytest.approx(1)


def test_splitting_groups_of_one_value_leaves_the_concentration_index_as_it_was():
    halves = pd.concat([PLAIN, PLAIN.assign(place=PLAIN["place"] + 0.5)]).assign(persons=lambda t: t["persons"] / 2)
    whole = concentration(PLAIN)["estimate"].iloc[0]
    assert concentration(halves)["estimate"].iloc[0] == pytest.approx(whole)


def test_a_population_with_its_own_level_is_read_with_that_level():
    one, other = slope(GROUPS), slope(GROUPS.assign(level=0.80))
    factor = norm.ppf(0.975) / norm.ppf(0.9)
    assert (other["upper"] - other["lower"])[0] == pytest.approx((one["upper"] - one["lower"])[0] * factor)


def test_ordered_categories_are_a_position_and_plain_text_is_not():
    names = ["low", "middle", "high"]
    table = pd.DataFrame({"place": names, "estimate": [1.0, 2.0, 3.0]})
    with pytest.raises(DataError, match=r"no order from worst-off to best-off"):
        slope(table, population=None)
    table["place"] = pd.Categorical(names, categories=names, ordered=True)
    assert slope(table, population=None)["estimate"].iloc[0] == pytest.approx(3)


@pytest.mark.parametrize("measure", [slope, difference])
def test_the_unit_of_the_values_is_kept_by_population(measure):
    years, days = GROUPS.assign(unit="years", who="a"), GROUPS.assign(unit="days", who="b")
    both = measure(years)["unit"].tolist() + measure(days)["unit"].tolist()
    assert both == ["years", "days"]
    assert set(gaps_between_groups(pd.concat([years, days]), position="place", by="who")["unit"]) == {
        "years",
        "days",
        "ratio",
    }
    assert measure(GROUPS)["unit"].iloc[0] == "unit of the values"
    assert measure(GROUPS.assign(unit=["years", "days", "days", "days"]))["unit"].iloc[0] == "unit of the values"


def test_populations_are_kept_apart_by_name():
    both = pd.concat([GROUPS.assign(sex="m"), GROUPS.assign(sex="f")])
    assert group_slope_and_relative_index(both, **LADDER, by="sex")["sex"].tolist() == ["f", "f", "m", "m"]
    with pytest.raises(DataError, match=r"repeats a group in 4 rows"):
        slope(both)


def test_two_groups_are_too_few_for_a_slope_and_the_message_names_what_fits():
    with pytest.raises(MethodError, match=r"has 2 groups, and a slope needs at least 3.*gaps_between_groups"):
        slope(GROUPS.head(2))


def test_a_line_below_zero_has_no_ratio_of_extremes_but_one_over_the_mean():
    steep = PLAIN.assign(estimate=[0.5, 0.1, 0.0, 0.0])
    row = relative(steep, population=None).iloc[0]
    assert np.isnan(row["estimate"])
    assert "not above zero" in row["note"]
    assert over_mean(steep, population=None)["estimate"].iloc[0] < -2


def test_nothing_to_share_and_a_zero_extreme_have_notes():
    nothing = PLAIN.assign(estimate=0.0)
    assert "undefined at this mean" in concentration(nothing)["note"].iloc[0]
    assert "mean is zero" in over_mean(nothing)["note"].iloc[0]
    result = ratio(GROUPS.assign(estimate=[0.35, 0.25, 0.2, 0.0], lower=0.0)).iloc[0]
    assert result["estimate"] == 0
    assert "value of zero" in result["note"]


def test_extremes_without_intervals_say_so():
    assert gaps_between_groups(PLAIN, position="place")["note"].str.contains("no interval").all()
    assert gaps_between_groups(PLAIN, position="place")["groups"].tolist() == [4, 4]


def test_half_filled_limits_are_an_error():
    with pytest.raises(DataError, match=r"`lower` of the table has 1 missing values"):
        slope(GROUPS.assign(lower=[None, 0.22, 0.18, 0.09]))


@pytest.mark.parametrize("measure", [group_slope_and_relative_index, group_concentration_indices])
def test_several_levels_come_one_below_the_other(measure):
    result = measure(GROUPS.assign(level=0.95), **LADDER, level=(0.95, 0.5))
    assert result["level"].tolist() == [0.95, 0.95, 0.5, 0.5]
    assert (result["upper"].to_numpy()[2:] < result["upper"].to_numpy()[:2]).all()


def test_options_that_do_not_exist_or_do_not_fit_are_explained():
    with pytest.raises(MethodError, match="Did you mean 'mean'"):
        slope(GROUPS, definition="means")
    with pytest.raises(MethodError, match='belongs to link="linear"'):
        slope(GROUPS, interval="residual", link="logit")
    for scale in (None, 0, -1, "100", True, np.nan, np.inf, 1e-300):
        with pytest.raises(MethodError, match=r"`scale` is .*must be a number above 0. Give 1 for proportions"):
            slope(GROUPS, scale=scale)
    for weighting in (None, 1, "2", np.nan):
        with pytest.raises(MethodError, match=r"`weighting` is .*must be a number above 1"):
            group_concentration_indices(GROUPS, kinds="extended", weighting=weighting, **LADDER)
    for limits in (None, (0,), ("0", "1"), (1, 0), 1):
        with pytest.raises(MethodError, match=r"The limits are .*For a proportion: \(0, 1\)"):
            group_concentration_indices(GROUPS, kinds="wagstaff", limits=limits, **LADDER)


def test_high_sensitivity_to_the_extremes_stays_finite():
    rows = group_concentration_indices(GROUPS, kinds=["extended", "symmetric"], weighting=5000, **LADDER)
    assert np.isfinite(rows[COLUMNS].to_numpy()).all()
