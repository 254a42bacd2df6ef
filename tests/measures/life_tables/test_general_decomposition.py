"""Decomposition of a difference of any function of rates."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.errors import DataError, MethodError
from analysis.measures.life_tables.general_decomposition import line_integral_decomposition, stepwise_replacement
from analysis.measures.life_tables.tables import life_table_of_rates

RATES = st.lists(st.floats(1e-5, 0.8), min_size=6, max_size=6)


def expectancy(rows, ax="constant hazard"):
    return life_table_of_rates(rows, np.arange(6) * 10.0, [10.0] * 5 + [np.inf], ax=ax).expectancy[..., 0]


def product(rows):
    return rows.prod(axis=1)


@settings(deadline=None, max_examples=20)
@given(RATES, RATES, st.sampled_from(["constant hazard", "midpoint"]))
def test_contributions_add_up_to_the_difference_within_the_tolerance(one, two, ax):
    def function(rows):
        return expectancy(rows, ax)

    ends = function(np.array([one, two]))
    parts = line_integral_decomposition(function, one, two)
    assert abs(parts.sum() - (ends[1] - ends[0])) <= 1e-8 * max(ends.max(), np.abs(parts).sum())
    back = line_integral_decomposition(function, two, one)
    np.testing.assert_allclose(back, -parts, atol=1e-6 * ends.max())


def test_contributions_are_those_of_the_integral_in_closed_form():
    """x^2 y along a straight line from (1, 1) to (3, 2): 2 x y dx = 4 int (1 + 2t)(1 + t) dt; x^2 dy."""
    parts = line_integral_decomposition(lambda rows: rows[:, 0] ** 2 * rows[:, 1], [1.0, 1.0], [3.0, 2.0])
    assert parts.tolist() == pytest.approx([4 * (1 + 3 / 2 + 2 / 3), 1 + 2 + 4 / 3], rel=1e-9)
    logarithm = line_integral_decomposition(lambda rows: np.log(rows).sum(axis=1), [1e-6, 2.0], [1.0, 1.0])
    assert logarithm.tolist() == pytest.approx([6 * np.log(10), -np.log(2)], rel=1e-8)


def test_many_steps_go_to_what_the_tolerance_gives():
    one, two = np.full(6, 0.01), np.linspace(0.02, 0.05, 6)
    exact = line_integral_decomposition(expectancy, one, two)
    away = [np.abs(line_integral_decomposition(expectancy, one, two, steps=k) - exact).max() for k in (20, 40, 400)]
    assert away[0] / away[1] == pytest.approx(4, rel=0.1)
    assert away[1] / away[2] == pytest.approx(100, rel=0.05)


def test_equal_sets_contribute_nothing_and_rates_that_stay_get_zero():
    assert line_integral_decomposition(product, [2.0, 3.0], [2.0, 3.0]).tolist() == [0, 0]
    parts = line_integral_decomposition(product, [2.0, 3.0, 4.0], [2.0, 5.0, 4.0])
    assert parts.tolist() == pytest.approx([0, 16, 0])
    assert parts[0] == parts[2] == 0


def test_rates_may_start_at_zero_and_a_bend_is_followed():
    def bent(rows):
        return np.maximum(rows - 0.3, 0.0).sum(axis=1)

    assert line_integral_decomposition(bent, [0.0, 0.0], [1.0, 0.5]).tolist() == pytest.approx([0.7, 0.2], abs=1e-7)


def test_a_function_that_jumps_or_is_not_finite_is_refused_with_a_remedy():
    def jumping(rows):
        return (rows > 0.3).sum(axis=1).astype(float)

    with pytest.raises(MethodError, match=r"add up to 0 where the difference is 1.*stepwise_replacement"):
        line_integral_decomposition(jumping, [0.0], [1.0])
    with pytest.raises(MethodError, match=r"must be finite"):
        line_integral_decomposition(lambda rows: np.where(rows[:, 0] > 0, 1.0, np.inf), [0.0], [1.0])
    assert stepwise_replacement(jumping, [0.0], [1.0]).tolist() == [1]


def test_bad_options_and_sets_are_errors():
    with pytest.raises(MethodError, match=r"number of steps is 0"):
        line_integral_decomposition(product, [1.0], [2.0], steps=0)
    with pytest.raises(DataError, match=r"tolerance has 1 values that are not above zero"):
        line_integral_decomposition(product, [1.0], [2.0], tolerance=0)
    with pytest.raises(DataError, match=r"two lists of equal length"):
        line_integral_decomposition(product, [1.0], [2.0, 3.0])
