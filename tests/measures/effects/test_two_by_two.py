import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.errors import DataError, MethodError
from analysis.estimates import check_estimates
from analysis.measures.effects.score_intervals import conditional_odds_ratio, score_interval
from analysis.measures.effects.two_by_two import number_needed_to_treat, odds_ratio, risk_difference, risk_ratio

ARMS = {"group": "arm", "exposed": "a", "reference": "b"}
MEASURES = ["risk_difference", "risk_ratio", "odds_ratio"]


def counts(most=40):
    side = st.integers(1, most).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total)))
    return st.tuples(side, side)


def arms(first, second):
    return pd.DataFrame({"arm": ["a", "b"], "events": [first[0], second[0]], "total": [first[1], second[1]]})


@settings(deadline=None)
@given(counts(), st.sampled_from(MEASURES))
def test_score_limits_enclose_the_estimate_and_narrow_with_the_level(sides, measure):
    table = arms(*sides)
    estimator = {"risk_difference": risk_difference, "risk_ratio": risk_ratio, "odds_ratio": odds_ratio}[measure]
    wide, narrow = (
        check_estimates(estimator(table, **ARMS, method="miettinen-nurminen", level=level)).loc[0]
        for level in (0.95, 0.8)
    )
    assert wide["lower"] <= narrow["lower"] + 1e-12
    assert narrow["upper"] <= wide["upper"] * (1 + 1e-12) + 1e-12


@settings(deadline=None)
@given(counts(), st.sampled_from(MEASURES))
def test_exchanging_the_groups_turns_the_score_interval_over(sides, measure):
    (x, n), (y, m) = sides
    lower, upper = score_interval(x, n, y, m, measure=measure)
    other_lower, other_upper = score_interval(y, m, x, n, measure=measure)
    if measure == "risk_difference":
        assert (float(other_lower), float(other_upper)) == pytest.approx((-float(upper), -float(lower)), abs=1e-8)
    else:
        pairs = ((lower, other_upper), (upper, other_lower))
        for one, other in pairs:
            if float(one) == 0 or float(other) == 0:
                assert {float(one), float(other)} == {0, np.inf}
            else:
                assert float(one) * float(other) == pytest.approx(1, rel=1e-6)


@settings(deadline=None)
@given(counts(), st.sampled_from(MEASURES))
def test_score_intervals_agree_on_whether_there_is_a_difference(sides, measure):
    (x, n), (y, m) = sides
    lower, upper = map(float, score_interval(x, n, y, m))
    low, high = map(float, score_interval(x, n, y, m, measure=measure))
    null = 0 if measure == "risk_difference" else 1
    if min(abs(lower), abs(upper)) > 1e-7:
        assert (lower > 0, upper < 0) == (low > null, high < null)


@settings(deadline=None)
@given(counts(25))
def test_exact_limits_of_the_odds_ratio_turn_over_with_the_groups_and_enclose_the_estimate(sides):
    (x, n), (y, m) = sides
    centre, lower, upper = map(float, conditional_odds_ratio(x, n, y, m))
    if not np.isnan(centre):
        assert lower <= centre <= upper
    _, other_lower, other_upper = map(float, conditional_odds_ratio(y, m, x, n))
    if lower > 0:
        assert lower * other_upper == pytest.approx(1, rel=1e-9)
    if other_lower > 0:
        assert other_lower * upper == pytest.approx(1, rel=1e-9)


def test_methods_without_persons_or_events_say_so():
    nobody = arms((0, 0), (3, 10))
    for estimator in (risk_difference, risk_ratio, odds_ratio):
        found = estimator(nobody, **ARMS, method="miettinen-nurminen").loc[0]
        assert found[["estimate", "lower", "upper"]].isna().all()
        assert found["note"] == "no observations"
    found = odds_ratio(arms((0, 5), (0, 9)), **ARMS, method="exact").loc[0]
    assert (found["lower"], found["upper"]) == (0, np.inf)
    assert "undefined" in found["note"]


def test_number_needed_to_treat_takes_the_score_interval():
    difference = risk_difference(arms((56, 70), (48, 80)), **ARMS, method="miettinen-nurminen").loc[0]
    needed = number_needed_to_treat(arms((56, 70), (48, 80)), **ARMS, method="miettinen-nurminen").loc[0]
    assert needed["lower"] == pytest.approx(1 / difference["upper"])
    assert needed["upper"] == pytest.approx(1 / difference["lower"])


def test_unknown_measures_and_empty_groups_are_errors():
    with pytest.raises(MethodError, match=r"Did you mean 'risk_ratio'"):
        score_interval(1, 2, 1, 2, measure="rr")
    with pytest.raises(MethodError, match=r"Did you mean 'miettinen-nurminen'"):
        odds_ratio(arms((1, 2), (1, 2)), **ARMS, method="miettinen")
    with pytest.raises(DataError, match=r"not above zero"):
        score_interval(0, 0, 1, 2)
