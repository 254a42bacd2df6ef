import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from analysis.errors import DataError, MethodError
from analysis.estimates import check_estimates, pick
from analysis.measures.effects.proportions import (
    missing_outcome_bounds,
    number_needed_to_treat,
    odds_ratio,
    proportion,
    proportion_interval,
    risk_difference,
    risk_ratio,
)

METHODS = ["wilson", "exact", "jeffreys"]
PAIR = {"group": "arm", "exposed": "new", "reference": "usual"}
COUNTS = st.tuples(st.integers(0, 50), st.integers(0, 50)).map(lambda pair: (min(pair), max(pair) + 1))


def arms(events, total, **more):
    return pd.DataFrame({"arm": ["new", "usual"], "events": events, "total": total, **more})


@given(COUNTS, st.sampled_from(METHODS))
def test_limits_hold_the_proportion_and_stay_between_zero_and_one(counts, method):
    events, total = counts
    lower, upper = proportion_interval(events, total, method=method)
    assert 0 <= lower <= events / total <= upper <= 1


@given(COUNTS, st.sampled_from(METHODS))
def test_counting_the_others_mirrors_the_interval(counts, method):
    events, total = counts
    lower, upper = proportion_interval(events, total, method=method)
    low, high = proportion_interval(total - events, total, method=method)
    assert (low, high) == pytest.approx((1 - upper, 1 - lower), abs=1e-9)


@given(st.integers(1, 40), st.integers(1, 40))
def test_exact_limits_leave_the_tails_they_promise(events, others):
    lower, upper = proportion_interval(events, events + others, method="exact")
    assert binom.sf(events - 1, events + others, lower) == pytest.approx(0.025, rel=1e-6)
    assert binom.cdf(events, events + others, upper) == pytest.approx(0.025, rel=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_nobody_observed_leaves_every_proportion_possible(method):
    assert proportion_interval(0, 0, method=method) == (0, 1)


def test_more_events_than_persons_are_an_error():
    with pytest.raises(DataError, match=r"first in row 1 \(5 of 4\)"):
        proportion_interval([1, 5], [4, 4])
    with pytest.raises(DataError, match=r"exceeds `total`"):
        proportion(pd.DataFrame({"events": [5], "total": [4]}))


def test_proportion_adds_up_strata_and_notes_what_is_missing():
    table = pd.DataFrame({"year": [1, 1, 2, 3], "events": [1, 2, 0, 0], "total": [10, 10, 10, 0]})
    result = proportion(table, by="year")
    assert result["estimate"].tolist()[:2] == [3 / 20, 0]
    assert result["note"].tolist() == ["", "no events", "no observations"]
    assert (result["lower"][2], result["upper"][2]) == (0, 1)


@given(COUNTS, COUNTS, st.sampled_from(["newcombe", "wald"]))
def test_difference_changes_sign_when_the_groups_are_exchanged(first, second, method):
    table = arms([first[0], second[0]], [first[1], second[1]])
    one = check_estimates(risk_difference(table, **PAIR, method=method)).loc[0]
    other = risk_difference(table, group="arm", exposed="usual", reference="new", method=method).loc[0]
    assert (other["lower"], other["upper"]) == pytest.approx((-one["upper"], -one["lower"]), abs=1e-12)


@given(COUNTS, COUNTS)
def test_newcombe_limits_stay_between_minus_one_and_one(first, second):
    result = risk_difference(arms([first[0], second[0]], [first[1], second[1]]), **PAIR).loc[0]
    assert -1 - 1e-12 <= result["lower"] <= result["upper"] <= 1 + 1e-12


def test_wald_with_an_empty_cell_says_that_it_is_too_narrow():
    assert "too narrow" in risk_difference(arms([0, 3], [10, 10]), **PAIR, method="wald").loc[0, "note"]


def test_unknown_method_brings_the_nearest_one():
    with pytest.raises(MethodError, match=r"Did you mean 'newcombe'"):
        risk_difference(arms([1, 2], [3, 4]), **PAIR, method="newcomb")


@given(COUNTS, COUNTS, st.sampled_from(["log", "mover"]))
def test_risk_ratio_has_an_interval_or_a_note_for_every_table(first, second, method):
    result = check_estimates(risk_ratio(arms([first[0], second[0]], [first[1], second[1]]), **PAIR, method=method)).loc[
        0
    ]
    assert not math.isnan(result["lower"])
    assert not math.isnan(result["upper"])
    assert result["note"] or not math.isnan(result["estimate"])


@given(COUNTS, COUNTS)
def test_risk_ratio_inverts_when_the_groups_are_exchanged(first, second):
    table = arms([first[0] + 1, second[0] + 1], [first[1] + 2, second[1] + 2])
    one = risk_ratio(table, **PAIR).loc[0]
    other = risk_ratio(table, group="arm", exposed="usual", reference="new").loc[0]
    assert other["estimate"] * one["estimate"] == pytest.approx(1)
    assert other["lower"] * one["upper"] == pytest.approx(1)


def test_risk_ratio_when_everyone_has_the_event_has_a_width():
    result = risk_ratio(arms([10, 10], [10, 10]), **PAIR).loc[0]
    assert result["estimate"] == 1
    assert result["lower"] < 0.9 < 1.1 < result["upper"]
    assert "everyone" in result["note"]


@pytest.mark.parametrize("function", [risk_ratio, odds_ratio])
def test_no_events_in_a_group_leave_one_side_open(function):
    none_exposed = function(arms([0, 5], [10, 10]), **PAIR).loc[0]
    assert (none_exposed["estimate"], none_exposed["lower"]) == (0, 0)
    assert 0 < none_exposed["upper"] < math.inf
    none_reference = function(arms([5, 0], [10, 10]), **PAIR).loc[0]
    assert (none_reference["estimate"], none_reference["upper"]) == (math.inf, math.inf)
    assert none_reference["lower"] > 0
    assert none_exposed["note"]


def test_odds_ratio_is_the_same_for_events_and_for_their_absence_inverted():
    one, other = (
        odds_ratio(arms([20, 10], [100, 90]), **PAIR).loc[0],
        odds_ratio(arms([80, 80], [100, 90]), **PAIR).loc[0],
    )
    assert one["estimate"] == pytest.approx((20 * 80) / (80 * 10))
    assert one["lower"] * other["upper"] == pytest.approx(1)


def test_odds_ratio_is_undefined_when_everyone_has_the_event():
    result = odds_ratio(arms([10, 9], [10, 9]), **PAIR).loc[0]
    assert math.isnan(result["estimate"])
    assert "everyone" in result["note"]


def test_number_needed_to_treat_inverts_the_difference_and_its_limits():
    table = arms([56, 48], [70, 80])
    needed, difference = number_needed_to_treat(table, **PAIR).loc[0], risk_difference(table, **PAIR).loc[0]
    assert needed["estimate"] == pytest.approx(1 / difference["estimate"])
    assert (needed["lower"], needed["upper"]) == pytest.approx((1 / difference["upper"], 1 / difference["lower"]))
    assert needed["note"] == ""


def test_number_needed_to_harm_is_negative_and_inside_its_interval():
    result = check_estimates(number_needed_to_treat(arms([10, 60], [80, 80]), **PAIR)).loc[0]
    assert result["lower"] < result["estimate"] < result["upper"] < 0


@pytest.mark.parametrize("events", [[5, 4], [4, 4]])
def test_number_needed_runs_through_infinity_when_the_difference_may_be_zero(events):
    result = number_needed_to_treat(arms(events, [20, 20]), **PAIR).loc[0]
    assert (result["lower"], result["upper"]) == (-math.inf, math.inf)
    assert "infinity" in result["note"]


MISSING = arms([128, 35], [222, 209], missing=[3, 20])


def test_bounds_contain_every_way_the_missing_could_have_fared():
    bounds = missing_outcome_bounds(MISSING, **PAIR).set_index("scenario")
    for exposed in range(4):
        for reference in range(21):
            filled = arms([128 + exposed, 35 + reference], [225, 229])
            one = risk_difference(filled, **PAIR).loc[0]
            worst, best = bounds.loc["worst case", "estimate"], bounds.loc["best case", "estimate"]
            assert worst - 1e-12 <= one["estimate"] <= best + 1e-12
            assert bounds.loc["bounds", "lower"] <= one["lower"] + 1e-12
            assert bounds.loc["bounds", "upper"] >= one["upper"] - 1e-12


def test_scenarios_count_the_missing_as_they_say():
    result = check_estimates(missing_outcome_bounds(MISSING, **PAIR))
    assert pick(result, scenario="complete cases")["estimate"] == pytest.approx(128 / 222 - 35 / 209)
    assert pick(result, scenario="missing as no event")["estimate"] == pytest.approx(128 / 225 - 35 / 229)
    assert pick(result, scenario="missing as event")["estimate"] == pytest.approx(131 / 225 - 55 / 229)
    assert pick(result, scenario="worst case")["estimate"] == pytest.approx(128 / 225 - 55 / 229)
    assert pick(result, scenario="best case")["estimate"] == pytest.approx(131 / 225 - 35 / 229)
    assert "Horowitz-Manski" in pick(result, scenario="bounds")["method"]


def test_without_missing_outcomes_every_scenario_is_the_same():
    result = missing_outcome_bounds(MISSING.assign(missing=0), **PAIR)
    assert np.ptp(result["estimate"]) == 0
    assert np.ptp(result["lower"]) == 0


def test_bounds_per_group_give_six_rows_each():
    table = pd.concat([MISSING.assign(sex="f"), MISSING.assign(sex="m")])
    result = missing_outcome_bounds(table, **PAIR, by="sex")
    assert result.groupby("sex")["scenario"].nunique().tolist() == [6, 6]


def test_newcombe_intervals_cover_the_truth_about_as_often_as_promised():
    rng, size = np.random.default_rng(13), 4000
    long = pd.DataFrame({"draw": np.repeat(np.arange(size), 2), "arm": ["new", "usual"] * size})
    long = long.assign(events=rng.binomial(40, [0.3, 0.15] * size), total=40)
    result = risk_difference(long, **PAIR, by="draw")
    assert 0.94 <= ((result["lower"] <= 0.15) & (result["upper"] >= 0.15)).mean() <= 0.97
