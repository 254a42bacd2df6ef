"""Interrupted series, difference in differences and weighting."""

import numpy as np
import pandas as pd
import pytest

from analysis.errors import DataError, MethodError
from analysis.estimates import check_estimates, pick
from analysis.measures.effects.difference_in_differences import group_time_effects, two_way_fixed_effects
from analysis.measures.effects.interrupted_series import interrupted_series, series_counterfactual
from analysis.measures.effects.weighting import WEIGHTING_METHODS, weighted_effect

SERIES = {"outcome": "visits", "time": "month", "start": 24}
PANEL = {"outcome": "ill", "unit": "place", "time": "year"}


def series(level=4.0, slope=0.5, noise=0.0, seed=2):
    month = np.arange(48.0)
    after = month >= 24
    visits = 10 + 0.2 * month + after * (level + slope * (month - 24))
    return pd.DataFrame({"month": month, "visits": visits + noise * np.random.default_rng(seed).normal(size=48)})


def panel(effect=2.0, places=30, seed=3):
    """Half treated from year 4 or 6 on, the others never."""
    random = np.random.default_rng(seed)
    rows = []
    for place in range(places):
        start = [np.nan, 4, np.nan, 6][place % 4]
        own = random.normal()
        for year in range(1, 9):
            treated = int(year >= start)
            rows.append((place, year, start, treated, own + 0.3 * year + effect * treated, place % 4 + 1.0))
    return pd.DataFrame(rows, columns=["place", "year", "start", "treated", "ill", "weight"])


def test_a_series_without_noise_gives_its_lines_back_and_the_old_line_goes_on():
    found = check_estimates(interrupted_series(series(), **SERIES))
    assert found["estimate"].tolist() == pytest.approx([14.8, 0.2, 4.0, 0.5])
    line = series_counterfactual(series(), **SERIES)
    np.testing.assert_allclose(line["estimate"], 10 + 0.2 * line["month"])
    np.testing.assert_allclose(line["fitted"], line["observed"])


@pytest.mark.parametrize("model", ["poisson", "quasi-poisson"])
def test_counts_give_rate_ratios_that_do_not_depend_on_the_unit_of_the_population(model):
    table = series(noise=1.0).assign(population=np.linspace(900, 1100, 48))
    table["visits"] = table["visits"].round()
    one = check_estimates(interrupted_series(table, **SERIES, model=model, exposure="population"))
    scaled = table.assign(population=table["population"] * 1000).sample(frac=1, random_state=1)
    other = interrupted_series(scaled, **SERIES, model=model, exposure="population")
    np.testing.assert_allclose(other["estimate"][1:], one["estimate"][1:], rtol=1e-7)
    np.testing.assert_allclose(other["lower"][1:], one["lower"][1:], rtol=1e-6)
    assert pick(other, measure="level_before")["estimate"] * 1000 == pytest.approx(one.loc[0, "estimate"])


def test_a_season_that_is_adjusted_for_does_no_harm():
    table = series().assign(winter=lambda rows: (rows["month"] % 12 < 3).astype(float))
    table["visits"] += 5 * table["winter"]
    found = interrupted_series(table, **SERIES, adjust="winter")
    assert pick(found, measure="level_change")["estimate"] == pytest.approx(4.0)


def test_short_or_repeated_series_are_errors_or_carry_a_note():
    with pytest.raises(MethodError, match=r"1 from 47 on are too few"):
        interrupted_series(series(), outcome="visits", time="month", start=47)
    with pytest.raises(MethodError, match=r"occur twice"):
        interrupted_series(pd.concat([series(), series()]), **SERIES)
    with pytest.raises(MethodError, match=r"takes no exposure"):
        interrupted_series(series(), **SERIES, exposure="visits")
    assert "eight moments" in interrupted_series(series(), **SERIES | {"start": 44}).loc[0, "note"]


def test_two_by_two_is_the_difference_of_the_differences():
    table = panel().query("year in (3, 8)")
    found = check_estimates(two_way_fixed_effects(table, **PANEL, treated="treated")).loc[0]
    means = table.assign(ever=table["start"].notna()).pivot_table("ill", "ever", "year")
    assert found["estimate"] == pytest.approx((means[8] - means[3]).diff().iloc[-1])
    assert found["estimate"] == pytest.approx(2.0)


@pytest.mark.parametrize("controls", ["never", "not-yet"])
@pytest.mark.parametrize("aggregate", ["simple", "group", "calendar", "event", "none"])
def test_one_effect_for_all_is_found_however_it_is_added_up(controls, aggregate):
    found = check_estimates(
        group_time_effects(panel(), **PANEL, first_treated="start", controls=controls, aggregate=aggregate)
    )
    truth = 2.0
    if aggregate in ("event", "none"):
        truth = np.where(found["event_time"] < 0, 0.0, 2.0)
    np.testing.assert_allclose(found["estimate"], truth, atol=1e-12)


def test_order_of_rows_does_not_matter_and_weights_of_one_change_nothing():
    table = panel(seed=5)
    table["ill"] += np.random.default_rng(1).normal(size=len(table))
    shuffled = table.sample(frac=1, random_state=2).assign(one=1.0)
    columns = ["estimate", "lower", "upper"]
    for estimator, options in (
        (two_way_fixed_effects, {"treated": "treated"}),
        (group_time_effects, {"first_treated": "start"}),
    ):
        one = estimator(table, **PANEL, **options)
        np.testing.assert_allclose(estimator(shuffled, **PANEL, **options, weights="one")[columns], one[columns])


def test_panels_with_gaps_or_without_controls_are_errors():
    with pytest.raises(DataError, match=r"1 of 30 units lack a period"):
        group_time_effects(panel().iloc[1:], **PANEL, first_treated="start")
    with pytest.raises(MethodError, match=r"has both a period before"):
        group_time_effects(panel().dropna(subset="start"), **PANEL, first_treated="start")
    with pytest.raises(MethodError, match=r"nothing to compare"):
        two_way_fixed_effects(panel().assign(treated=0), **PANEL, treated="treated")


@pytest.mark.parametrize("method", WEIGHTING_METHODS)
def test_weighting_takes_confounding_away(method):
    random = np.random.default_rng(4)
    sick = random.integers(0, 2, 4000)
    treated = random.binomial(1, 0.3 + 0.4 * sick)
    table = pd.DataFrame({"sick": np.where(sick, "yes", "no"), "treated": treated})
    table["cost"] = 10 + 5 * sick + 2 * treated + random.normal(size=4000)
    found = check_estimates(weighted_effect(table, outcome="cost", treated="treated", adjust="sick", method=method))
    assert found.loc[0, "estimate"] == pytest.approx(2.0, abs=0.1)
    # One binary covariate: weighting is the mean of the differences in both kinds, weighted by their numbers.
    means = table.pivot_table("cost", "sick", "treated")
    share = table["sick"].value_counts(normalize=True)
    assert found.loc[0, "estimate"] == pytest.approx(float(((means[1] - means[0]) * share).sum()), rel=1e-6)


def test_treatment_must_be_coded_and_given_to_some():
    table = pd.DataFrame({"age": [1.0, 2, 3, 4], "treated": [0, 1, 0, 2], "cost": 1.0})
    with pytest.raises(DataError, match=r"must be 1"):
        weighted_effect(table, outcome="cost", treated="treated", adjust="age")
    with pytest.raises(MethodError, match=r"nobody to compare with"):
        weighted_effect(table.assign(treated=1), outcome="cost", treated="treated", adjust="age")
    with pytest.raises(MethodError, match=r"'aipw' gives the effect in all"):
        weighted_effect(table, outcome="cost", treated="treated", adjust="age", target="treated")
