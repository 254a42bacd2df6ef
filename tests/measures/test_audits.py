import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from analysis.errors import DataError
from analysis.measures.audits import audit_intervals, audit_parts, geometric_centre, implied_events
from analysis.measures.rates.crude import poisson_interval
from analysis.measures.shared.ratios import interval_from_events, p_value_from_interval

RATIO = st.floats(0.3, 30)


def row(estimate, lower, upper, **more):
    return pd.DataFrame([{"estimate": estimate, "lower": lower, "upper": upper} | more])


def finding(table, **options):
    return audit_intervals(table, **options).loc[0, "finding"]


@given(RATIO, st.integers(1, 5000), st.sampled_from([0.9, 0.95, 0.99]))
def test_implied_events_return_the_events_that_made_the_interval(ratio, events, level):
    lower, upper = interval_from_events(ratio, events, level)
    assert implied_events(lower, upper, level) == pytest.approx(events)
    assert geometric_centre(lower, upper) == pytest.approx(ratio)


def test_limits_that_coincide_imply_events_without_end():
    assert implied_events(2.0, 2.0) == math.inf


def test_swapped_and_zero_limits_are_errors():
    with pytest.raises(DataError, match=r"swapped"):
        implied_events(3, 2)
    with pytest.raises(DataError, match=r"not above zero"):
        geometric_centre(0, 2)
    with pytest.raises(DataError, match=r"`lower` of the table exceeds `upper`"):
        audit_intervals(row(2, 3, 1))


@given(RATIO, st.integers(4, 3000), st.integers(1, 3), st.booleans())
def test_rounding_never_causes_a_finding(ratio, events, decimals, exact):
    limits = interval_from_events(ratio, events)
    if exact:
        limits = tuple(ratio * limit / events for limit in poisson_interval(events))
    lower, upper = (round(float(limit), decimals) for limit in limits)
    estimate = round(ratio, decimals)
    assume(0 < lower < upper and estimate > 0)
    p_value = round(float(p_value_from_interval(ratio, *interval_from_events(ratio, events))), 2)
    printed = row(estimate, lower, upper, deaths=events, p_value=None if exact else p_value)
    for places in (decimals, None):
        assert finding(printed, events="deaths", decimals=places, p_decimals=2, tolerance=0) == "consistent"


@given(st.floats(1, 10), st.integers(20, 500))
def test_an_interval_made_with_twice_the_events_is_too_narrow(ratio, events):
    lower, upper = (float(limit) for limit in interval_from_events(ratio, 2 * events))
    assert finding(row(ratio, lower, upper, deaths=events), events="deaths", decimals=4) == "too narrow"
    assert finding(row(ratio, lower, upper), events_ceiling=events, decimals=4) == "too narrow"


def test_coarse_figures_that_could_be_right_are_not_called_too_narrow():
    assert finding(row(2.8, 2.6, 3.1), events_ceiling=350, decimals=1) == "consistent"
    assert finding(row(2.8, 2.6, 3.1), events_ceiling=350, decimals=2) == "too narrow"


def test_an_interval_on_the_linear_scale_is_not_off_centre():
    assert finding(row(5.6, 4.3, 6.9)) == "consistent"


def test_a_count_far_above_the_implied_one_is_too_wide():
    assert finding(row(7.5, 4.1, 13.5, deaths=83), events="deaths") == "too wide"


def test_an_estimate_outside_its_interval_comes_first():
    result = audit_intervals(row(9.0, 2.0, 3.0), events_ceiling=1).loc[0]
    assert result["finding"] == "estimate outside its interval"
    assert result["explanation"].split(";") == [
        "estimate_beyond_a_limit",
        "implied_events_exceed_those_available",
        "estimate_not_between_the_centres",
    ]


def test_counts_may_be_known_for_some_rows_only_and_rows_keep_their_order():
    rows = pd.concat([row(2, 1.9, 2.1, deaths=None), row(2, 1.9, 2.1, deaths=20)])
    result = audit_intervals(rows.set_axis([7, 7]), events="deaths")
    assert result["finding"].tolist() == ["consistent", "too narrow"]
    assert result["counted_events"].isna().tolist() == [True, False]


def test_a_column_of_counts_that_does_not_exist_is_an_error():
    with pytest.raises(DataError, match=r"`deaths` is missing"):
        audit_intervals(row(2, 1, 4), events="deaths")


def test_a_p_value_of_another_test_does_not_fit_and_a_text_is_an_error():
    assert finding(row(2.0, 1.0, 4.0, p_value=0.5), decimals=1) == "p-value does not fit"
    assert finding(row(2.0, 1.0, 4.0, p_value=0.05), decimals=1) == "consistent"
    with pytest.raises(DataError, match=r"`p_value` of the table has 1 texts"):
        audit_intervals(row(2.0, 1.0, 4.0, p_value="<0.001"))


def test_decimals_can_differ_per_row():
    rows = pd.concat([row(2.8, 2.6, 3.1, places=1), row(2.8, 2.6, 3.1, places=2)], ignore_index=True)
    result = audit_intervals(rows, events_ceiling=350, decimals="places")
    assert result["finding"].tolist() == ["consistent", "too narrow"]


@given(st.lists(st.integers(20, 500), min_size=2, max_size=6))
def test_parts_of_a_whole_imply_no_more_than_the_whole(events):
    lower, upper = interval_from_events(np.full(len(events), 2.0), events)
    parts = pd.DataFrame({"lower": lower, "upper": upper})
    assert audit_parts(parts, whole=sum(events)).loc[0, "finding"] == "consistent"
    assert audit_parts(parts, whole=sum(events) // 2).loc[0, "finding"] == "parts exceed the whole"


def test_printed_parts_may_miss_the_whole_by_rounding_only():
    homeless = pd.DataFrame({"thousands": [19.9, 4.8]})
    assert audit_parts(homeless, whole=24.8, parts="thousands").loc[0, "finding"] == "consistent"
    assert audit_parts(homeless, whole=25.0, parts="thousands").loc[0, "finding"] == "parts fall short of the whole"
    assert audit_parts(homeless, whole=24.4, parts="thousands").loc[0, "finding"] == "parts exceed the whole"


def test_counts_are_exact_and_rounded_percentages_are_not():
    shares = pd.DataFrame({"percent": [33, 33, 33]})
    assert audit_parts(shares, whole=100, parts="percent").loc[0, "finding"] == "parts fall short of the whole"
    assert audit_parts(shares, whole=100, parts="percent", decimals=0).loc[0, "finding"] == "consistent"
