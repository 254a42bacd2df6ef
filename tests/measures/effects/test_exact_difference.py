"""The exact interval of a risk difference."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from analysis.errors import DataError, MethodError
from analysis.measures.effects.exact_difference import exact_difference
from analysis.measures.effects.score_intervals import conditional_odds_ratio
from analysis.measures.effects.two_by_two import number_needed_to_treat, risk_difference

ARMS = {"group": "arm", "exposed": "a", "reference": "b"}


def arms(first, second):
    return pd.DataFrame({"arm": ["a", "b"], "events": [first[0], second[0]], "total": [first[1], second[1]]})


@pytest.mark.parametrize(("total", "total_0"), [(4, 6), (7, 3), (5, 5)])
@pytest.mark.parametrize("level", [0.8, 0.95])
def test_the_interval_covers_at_least_as_often_as_its_level_whatever_the_proportions(total, total_0, level):
    events, events_0 = np.meshgrid(np.arange(total + 1), np.arange(total_0 + 1), indexing="ij")
    lower, upper = exact_difference(events, total, events_0, total_0, level)
    shares = np.linspace(0, 1, 101)
    others = binom.pmf(np.arange(total_0 + 1)[:, None], total_0, shares)
    for share in shares:
        ways = binom.pmf(np.arange(total + 1), total, share)
        difference = share - shares
        held = (lower[..., None] <= difference + 1e-9) & (difference - 1e-9 <= upper[..., None])
        assert np.einsum("i,jk,ijk->k", ways, others, held.astype(float)).min() >= level


sizes = st.integers(1, 8).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total)))


@settings(deadline=None, max_examples=20)
@given(sizes, sizes)
def test_limits_enclose_the_difference_widen_with_the_level_and_turn_over_with_the_groups(first, second):
    estimate = first[0] / first[1] - second[0] / second[1]
    lower, upper = map(float, exact_difference(*first, *second))
    narrow_lower, narrow_upper = map(float, exact_difference(*first, *second, 0.8))
    assert -1 <= lower <= narrow_lower <= estimate <= narrow_upper <= upper <= 1
    turned = exact_difference(*second, *first)
    assert (float(turned[0]), float(turned[1])) == pytest.approx((-upper, -lower), abs=1e-7)


def test_a_certain_difference_reaches_the_end_and_nothing_else_does():
    lower, upper = map(float, exact_difference(5, 5, 0, 5))
    assert upper == 1
    assert 0.2 < lower < 0.6
    assert float(exact_difference(0, 5, 5, 5)[0]) == -1


def test_estimators_take_it_by_name_and_leave_groups_without_persons_empty():
    found = risk_difference(arms((9, 11), (4, 12)), **ARMS, method="exact").loc[0]
    assert found["method"] == "exact unconditional, score order (Chan-Zhang)"
    needed = number_needed_to_treat(arms((9, 11), (4, 12)), **ARMS, method="exact").loc[0]
    assert needed["lower"] == pytest.approx(1 / found["upper"])
    nobody = risk_difference(arms((0, 0), (4, 12)), **ARMS, method="exact").loc[0]
    assert nobody[["lower", "upper"]].isna().all()
    assert nobody["note"] == "no observations"


def test_parts_of_persons_and_groups_too_large_are_refused_in_words():
    with pytest.raises(DataError, match=r"counts persons, and 2.5 is no whole number"):
        exact_difference(2.5, 5, 1, 5)
    with pytest.raises(MethodError, match=r"Groups of 300 and 400 .*Choose \"miettinen-nurminen\""):
        exact_difference(20, 300, 10, 400)
    with pytest.raises(DataError, match="not above zero"):
        exact_difference(0, 0, 1, 5)


@pytest.mark.parametrize("kernel", [exact_difference, conditional_odds_ratio])
@pytest.mark.parametrize("level", [0, 1, 1e-17, 1 - 1e-16, 95, np.nan, None, "0.95", True])
def test_a_level_that_gives_no_interval_is_refused(kernel, level):
    with pytest.raises(MethodError, match="level"):
        kernel(1, 5, 2, 5, level)
