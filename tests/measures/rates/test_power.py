import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom
from statsmodels.stats.rates import power_poisson_ratio_2indep

from analysis.errors import DataError, MethodError
from analysis.measures.rates.power import minimal_detectable_rate_ratio, power_of_rate_ratio

RATIOS, EVENTS, TIMES = st.floats(0.2, 5), st.floats(1, 500), st.floats(0.1, 10)


@given(RATIOS, EVENTS, TIMES, st.sampled_from([0.8, 0.95, 0.99]))
def test_power_on_the_log_scale_is_that_of_statsmodels(ratio, events, time, level):
    """statsmodels 0.15, power_poisson_ratio_2indep: Zhu 2017, variances under the alternative."""
    found = power_of_rate_ratio(ratio, events=events, time_ratio=time, level=level)["power"][0]
    theirs = power_poisson_ratio_2indep(
        ratio,
        1.0,
        events * time,
        nobs_ratio=1 / time,
        value=1,
        alpha=1 - level,
        alternative="two-sided",
        return_results=False,
    )
    assert found == pytest.approx(float(theirs), abs=1e-9)


@given(RATIOS, st.floats(1, 60), st.sampled_from(["log", "exact"]))
@settings(max_examples=30, deadline=None)
def test_swapping_the_groups_changes_nothing(ratio, events, method):
    one = power_of_rate_ratio(ratio, events=events, time_ratio=2.0, method=method)["power"][0]
    other = power_of_rate_ratio(1 / ratio, events=events * ratio * 2, time_ratio=0.5, method=method)["power"][0]
    assert one == pytest.approx(other, abs=1e-9)


@pytest.mark.parametrize("events", [0.5, 3, 10, 200])
@pytest.mark.parametrize("time", [0.3, 1, 4])
def test_the_exact_test_finds_a_difference_that_is_not_there_at_most_as_often_as_it_says(events, time):
    for level in (0.9, 0.95):
        found = power_of_rate_ratio(1.0, events=events, time_ratio=time, level=level, method="exact")["power"][0]
        assert 0 <= found <= 1 - level + 1e-12


def test_exact_power_agrees_with_simulated_tests():
    random = np.random.default_rng(4)
    x, y = random.poisson(1.8 * 25, 4000), random.poisson(25, 4000)
    tails = np.minimum(binom.cdf(x, x + y, 0.5), binom.sf(x - 1, x + y, 0.5))
    found = power_of_rate_ratio(1.8, events=25, method="exact")["power"][0]
    assert found == pytest.approx((tails <= 0.025).mean(), abs=0.025)


def test_with_many_events_both_methods_agree_and_exact_is_never_far_above():
    designs = {"rate_ratio": [1.1, 1.2, 0.85], "events": 2000}
    log, exact = (power_of_rate_ratio(**designs, method=method)["power"] for method in ("log", "exact"))
    assert np.abs(log - exact).max() < 0.01


@given(st.floats(5, 500), TIMES, st.sampled_from(["increase", "decrease"]), st.sampled_from([0.5, 0.8, 0.9]))
@settings(deadline=None)
def test_the_detectable_ratio_has_the_power_asked_for(events, time, direction, power):
    row = minimal_detectable_rate_ratio(events=events, time_ratio=time, direction=direction, power=power).loc[0]
    if row["note"]:
        assert np.isnan(row["rate_ratio"])
        grid = power_of_rate_ratio(np.linspace(1e-3, 0.999, 400), events=events, time_ratio=time)
        assert direction == "decrease"
        assert grid["power"].max() < power + 0.02
    else:
        found = power_of_rate_ratio(row["rate_ratio"], events=events, time_ratio=time)["power"][0]
        assert found == pytest.approx(power, abs=1e-9)
        assert (row["rate_ratio"] > 1) == (direction == "increase")


def test_more_events_show_smaller_differences_and_more_confidence_asks_for_larger_ones():
    table = minimal_detectable_rate_ratio(events=[20, 40, 80], level=(0.95, 0.99))
    assert (np.diff(table["rate_ratio"].to_numpy().reshape(2, 3), axis=1) < 0).all()
    assert (table["rate_ratio"][3:].to_numpy() > table["rate_ratio"][:3].to_numpy()).all()


def test_too_few_events_show_no_decrease_and_the_note_says_so():
    table = minimal_detectable_rate_ratio(events=[3, 200], direction="decrease")
    assert np.isnan(table["rate_ratio"][0])
    assert table["note"][0].startswith("no rate ratio")
    assert table["note"][1] == ""


def test_one_large_sample_is_worth_four_over_the_squared_log_ratio_events():
    """By hand: z = 1.96 + 0.8416, half of the events in each group, ln 2 apart: about 24.5 in the reference."""
    needed = (1.959964 + 0.841621) ** 2 / np.log(2) ** 2 * (1 + 1 / 2)
    assert minimal_detectable_rate_ratio(events=needed)["rate_ratio"][0] == pytest.approx(2, abs=1e-5)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"events": 0}, DataError),
        ({"events": -3}, DataError),
        ({"events": 1e6}, DataError),
        ({"events": 10, "time_ratio": 0}, DataError),
        ({"events": [10, 20], "time_ratio": [1, 2, 3]}, MethodError),
        ({"events": 10, "power": 0.05}, MethodError),
        ({"events": 10, "power": 1.0}, MethodError),
        ({"events": 10, "power": 80}, DataError),
        ({"events": 10, "direction": "both"}, MethodError),
        ({"events": 10, "method": "score"}, MethodError),
        ({"events": 10, "level": 95}, MethodError),
    ],
)
def test_impossible_designs_are_refused(options, error):
    with pytest.raises(error):
        minimal_detectable_rate_ratio(**options)
