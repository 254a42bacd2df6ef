"""Intervals of binomial proportions on arrays."""

import numpy as np
import pytest

from analysis.errors import DataError, MethodError
from analysis.measures.effects.binomial import PROPORTION_METHODS, proportion_interval


@pytest.mark.parametrize("method", PROPORTION_METHODS)
def test_limits_lie_around_the_proportion_and_turn_over_with_the_event(method):
    events, total = np.array([0, 3, 12]), np.array([5, 9, 12])
    lower, upper = proportion_interval(events, total, method=method)
    assert np.all((lower <= events / total) & (events / total <= upper))
    others = proportion_interval(total - events, total, method=method)
    np.testing.assert_allclose((1 - others[1], 1 - others[0]), (lower, upper), atol=1e-12)


def test_one_level_at_a_time_and_no_more_events_than_persons():
    with pytest.raises(MethodError, match=r"one level at a time"):
        proportion_interval(3, 9, (0.8, 0.95))
    with pytest.raises(DataError, match=r"above their total, the first in row 1 \(4 of 3\)"):
        proportion_interval([1, 4], [2, 3])
