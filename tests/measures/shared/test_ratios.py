import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.errors import DataError, MethodError
from analysis.estimates import check_estimates
from analysis.measures.shared.ratios import (
    interval_from_events,
    mover_ratio,
    p_value_from_interval,
    ratio_of_ratios,
    standard_error_from_interval,
)

RATIOS = pd.DataFrame(
    {"sex": ["male", "female"], "estimate": [3.31, 5.56], "lower": [2.91, 3.95], "upper": [3.77, 7.82], "level": 0.95}
)
LEVELS = st.sampled_from([0.8, 0.9, 0.95, 0.99])


@given(st.floats(0.01, 100), st.integers(1, 10_000), LEVELS)
def test_standard_error_of_an_interval_from_events_is_one_over_the_root_of_the_events(ratio, events, level):
    lower, upper = interval_from_events(ratio, events, level)
    assert standard_error_from_interval(lower, upper, level) == pytest.approx(events**-0.5)


@given(st.floats(0.1, 10), st.floats(0.01, 2), LEVELS)
def test_p_value_is_below_one_minus_the_level_exactly_when_the_interval_excludes_one(ratio, error, level):
    lower, upper = interval_from_events(ratio, error**-2, level)
    p_value = p_value_from_interval(ratio, lower, upper, level)
    assert (p_value < 1 - level) == (lower > 1 or upper < 1) or p_value == pytest.approx(1 - level)


def test_p_value_of_a_difference_uses_the_linear_scale():
    assert p_value_from_interval(1.96, 0.0, 3.92, scale="linear") == pytest.approx(0.05, abs=1e-4)


def test_unknown_scale_and_impossible_limits_are_errors():
    with pytest.raises(MethodError, match=r"`scale` is 'logs'"):
        p_value_from_interval(2, 1, 3, scale="logs")
    with pytest.raises(DataError, match=r"not above zero"):
        standard_error_from_interval(0, 2)
    with pytest.raises(DataError, match=r"swapped"):
        standard_error_from_interval(3, 2)
    with pytest.raises(DataError, match=r"standard error that follows from the limits"):
        p_value_from_interval(2, 2, 2)
    with pytest.raises(DataError, match=r"number of events"):
        interval_from_events(2, 0)


def test_mover_ratio_of_a_known_denominator_scales_the_numerator():
    known = (np.array(2.0), np.array(2.0), np.array(2.0))
    lower, upper = mover_ratio((np.array(3.0), np.array(2.5), np.array(4.0)), known)
    assert (lower, upper) == pytest.approx((1.25, 2.0))


def test_ratio_of_ratios_inverts_when_the_groups_are_exchanged():
    one = check_estimates(ratio_of_ratios(RATIOS, group="sex", numerator="female", denominator="male")).loc[0]
    other = ratio_of_ratios(RATIOS, group="sex", numerator="male", denominator="female").loc[0]
    assert one["estimate"] * other["estimate"] == pytest.approx(1)
    assert one["z"] == pytest.approx(-other["z"])
    assert one["p_value"] == pytest.approx(other["p_value"])


def test_the_level_of_the_input_is_read_from_the_table():
    wider = RATIOS.assign(level=0.99)
    one = ratio_of_ratios(RATIOS, group="sex", numerator="female", denominator="male").loc[0]
    other = ratio_of_ratios(wider, group="sex", numerator="female", denominator="male").loc[0]
    assert other["z"] == pytest.approx(one["z"] * 2.575829 / 1.959964, rel=1e-5)


def test_a_name_that_occurs_twice_is_an_error_and_by_keeps_comparisons_apart():
    twice = pd.concat([RATIOS.assign(year=1), RATIOS.assign(year=2)])
    with pytest.raises(DataError, match=r"2 rows are called 'female' in `sex`"):
        ratio_of_ratios(twice, group="sex", numerator="female", denominator="male")
    apart = ratio_of_ratios(twice, group="sex", numerator="female", denominator="male", by="year")
    assert apart["year"].tolist() == [1, 2]
    assert "rows_exposed" not in apart


def test_an_estimate_outside_its_interval_is_an_error():
    with pytest.raises(DataError, match=r"`lower` of the table exceeds `estimate`"):
        ratio_of_ratios(RATIOS.assign(estimate=1.0), group="sex", numerator="female", denominator="male")
