"""The choices of the topic on the social gradient."""

import numpy as np
import pytest

from analysis.errors import DataError
from analysis.estimates import check_estimates, pick
from analysis.sources.reading import read_dataset
from analysis.studies.determinants import social_gradient


@pytest.fixture(scope="module")
def expectancy():
    return read_dataset("health_expectancy_welfare_income")


@pytest.fixture(scope="module")
def usable(expectancy):
    return social_gradient.usable(expectancy)


def test_only_men_and_women_at_birth_are_used_and_no_flagged_total(expectancy, usable):
    assert set(usable["sex"]) == {"female", "male"}
    assert len(usable) == 2 * 2 * 5 * 2 * 5
    impossible = expectancy["flag"].isin(["exceeds life expectancy", "total outside men and women"])
    assert set(expectancy.loc[impossible, "sex"]) == {"total"}


def test_an_incomplete_stratum_is_refused(expectancy):
    gone = (expectancy["quintile"] == 3) & (expectancy["sex"] == "male") & (expectancy["period"] == "2007/2010")
    with pytest.raises(DataError, match="4 strata .* lack a quintile"):
        social_gradient.usable(expectancy[~gone])


def test_every_step_of_the_ladder_points_the_same_way(usable):
    # The report says so in words, for every ladder, sex, period and quantity a reader can ask for.
    ordered = usable.sort_values("quintile").groupby(["grouping", "sex", "period", "measured"])["estimate"]
    assert ordered.apply(lambda values: values.is_monotonic_increasing).all()


def test_the_report_may_say_that_the_last_slopes_are_higher_than_the_first(usable):
    indices = social_gradient.inequality(usable)
    slopes = indices[(indices["measure"] == "sii") & (indices["measured"] == "good_health")]
    wide = slopes.pivot_table(index=["grouping", "sex"], columns="period", values="estimate")
    assert (wide[["2015/2018", "2017/2020", "2019/2022"]].min(axis=1) > wide["2007/2010"]).all()


def test_indices_have_the_shape_of_estimates_and_agree_in_direction(usable):
    indices = check_estimates(social_gradient.inequality(usable))
    neutral = np.where(indices["measure"] == "rii", 1, 0)
    assert (indices["lower"] > neutral).all()


def test_the_fitted_line_runs_through_the_mean_and_rises_by_the_slope_index(usable):
    points = social_gradient.gradient_points(usable, grouping="welfare", period="2019/2022")
    men = points[(points["sex"] == "male") & (points["series"] == "good_health")]
    assert men["fitted"].mean() == pytest.approx(men["estimate"].mean())
    assert (men["fitted"].iloc[-1] - men["fitted"].iloc[0]) / 0.8 == pytest.approx(28.15)


def test_the_change_since_the_first_period_is_a_difference_of_what_was_published(usable):
    changes = social_gradient.change_since_first(usable, grouping="welfare", period="2019/2022")
    low = pick(changes, sex="male", measured="good_health", part="lowest")
    assert (low["first"], low["second"]) == (50.5, 52.9)
    assert low["estimate"] == pytest.approx(-2.4)


@pytest.mark.parametrize(
    ("estimate", "lower", "upper", "verdict"),
    [(1.0, 0.5, 1.5, "consistent"), (0.5, -0.2, 1.2, "consistent"), (-1.0, -1.5, -0.5, "contradicted")],
)
def test_longer_than_ever_is_never_more_than_consistent(usable, estimate, lower, upper, verdict):
    changes = social_gradient.change_since_first(usable, grouping="welfare", period="2019/2022")
    changed = changes.assign(estimate=estimate, lower=lower, upper=upper)
    assert social_gradient.verdict_on_longer_than_ever(changed) == verdict


def test_a_higher_level_widens_every_interval_by_the_ratio_of_the_quantiles(usable):
    widths = []
    for level in (0.5, 0.95, 0.999):
        slopes = social_gradient.inequality(usable, level=level)
        chosen = slopes[slopes["measure"] == "sii"]
        widths.append((chosen["upper"] - chosen["lower"]).to_numpy())
    assert widths[0] / widths[1] == pytest.approx(0.6744897501960817 / 1.959963984540054)
    assert widths[2] / widths[1] == pytest.approx(3.2905267314918945 / 1.959963984540054)


def test_national_years_are_in_order_with_both_sexes():
    years = social_gradient.national_years(read_dataset("health_expectancy_other"))
    assert list(years["year"]) == ["2019", "2020", "2021", "2022"]
    assert years[["female", "male"]].notna().all().all()


def test_series_by_education_are_never_joined():
    gaps = social_gradient.education_gaps(read_dataset("health_expectancy_education"))
    assert set(gaps["series"]) == {"cbs_71885ned", "cbs_84842ned", "vzinfo"}
    assert gaps.groupby("series")["levels"].nunique().eq(1).all()
    assert social_gradient.men_beside_women(gaps)[["female", "male"]].notna().all().all()


def test_impossible_cells_are_shown_with_what_they_clash_with(expectancy):
    cells = social_gradient.impossible_cells(expectancy)
    assert len(cells) == (expectancy["flag"] != "").sum() == 11
    high = cells[cells["flag"] == "exceeds life expectancy"].iloc[0]
    assert high["value"] > high["life_expectancy"]
    outside = cells[cells["flag"] == "total outside men and women"]
    low, top = outside[["female", "male"]].min(axis=1), outside[["female", "male"]].max(axis=1)
    assert ((outside["value"] < low - 0.1) | (outside["value"] > top + 0.1)).all()


def test_two_tables_of_one_producer_differ_by_more_than_their_rounding(expectancy):
    pairs = social_gradient.two_tables(expectancy, read_dataset("health_expectancy_other"))
    assert dict(zip(pairs["measured"], pairs["difference"].round(1), strict=True)) == {
        "life_expectancy": 1.4,
        "good_health": 3.7,
    }
