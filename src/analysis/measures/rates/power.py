"""Power to tell two rates apart, and the smallest rate ratio that a number of events can show."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import binom, norm, poisson

from analysis.errors import MethodError
from analysis.measures.shared import notes
from analysis.measures.shared.checks import FloatArray, check_choice, check_values, normal_quantile
from analysis.measures.shared.levels import Levels, one_level, several_levels

MOST_EVENTS = 1e5
LARGEST_RATIO = 1e4


def _log_power(ratio: FloatArray, events: FloatArray, time_ratio: FloatArray, level: float) -> FloatArray:
    """Normal on the log scale, with the expected events in both groups; both tails count."""
    distance = np.abs(np.log(ratio)) / np.sqrt(1 / (ratio * time_ratio * events) + 1 / events)
    z = normal_quantile(level)
    return np.asarray(norm.cdf(distance - z) + norm.cdf(-distance - z))


def _exact_power(ratio: FloatArray, events: FloatArray, time_ratio: FloatArray, level: float) -> FloatArray:
    """Chance that the exact conditional test rejects: all totals of events, and all ways to share them."""
    return np.array(
        [
            _exact_power_of_one(float(r), float(e), float(t), level)
            for r, e, t in zip(ratio.ravel(), events.ravel(), time_ratio.ravel(), strict=True)
        ]
    ).reshape(ratio.shape)


def _exact_power_of_one(ratio: float, events: float, time_ratio: float, level: float) -> float:
    exposed = ratio * time_ratio * events
    mean, tail = exposed + events, (1 - level) / 2
    low, high = poisson.ppf(1e-13, mean), poisson.isf(1e-13, mean)
    totals = np.arange(low, high + 1)
    equal, share = time_ratio / (1 + time_ratio), exposed / mean
    # largest count with at most the tail below and including it, and smallest with at most the tail from it on
    few = binom.ppf(tail, totals, equal)
    few = np.where(binom.cdf(few, totals, equal) <= tail, few, few - 1)
    many = binom.isf(tail, totals, equal) + 1
    rejected = binom.cdf(few, totals, share) + binom.sf(many - 1, totals, share)
    return float((poisson.pmf(totals, mean) * rejected).sum())


METHODS: dict[str, Callable[[FloatArray, FloatArray, FloatArray, float], FloatArray]] = {
    "log": _log_power,
    "exact": _exact_power,
}
NAMES = {"log": "normal on the log scale", "exact": "exact conditional (binomial) test"}


def _designs(**columns: ArrayLike) -> dict[str, FloatArray]:
    """Options as columns of the same length."""
    arrays = [np.atleast_1d(np.asarray(values, dtype=float)) for values in columns.values()]
    if len({array.size for array in arrays if array.size > 1}) > 1:
        sizes = {name: array.size for name, array in zip(columns, arrays, strict=True)}
        raise MethodError(f"The options have different lengths, {sizes}. Give each one number, or all as many.")
    return {name: np.asarray(array.ravel()) for name, array in zip(columns, np.broadcast_arrays(*arrays), strict=True)}


@several_levels
def power_of_rate_ratio(
    rate_ratio: ArrayLike,
    *,
    events: ArrayLike,
    time_ratio: ArrayLike = 1.0,
    level: Levels = 0.95,
    method: str = "log",
) -> pd.DataFrame:
    """Chance to find a difference between two rates, if their ratio is what one supposes.

    Parameters
    ----------
    rate_ratio
        True ratio of the rates, exposed over reference, above 0; a number or an array.
    events
        Expected events in the reference: its rate times its person-years; above 0, at most 100,000.
    time_ratio
        Person-years of the exposed over those of the reference, above 0.
    level
        Coverage of the interval that has to exclude 1, between 0 and 1; several give the rows of each.
    method
        ``log`` (normal on the log scale) or ``exact`` (conditional test of all events, every outcome enumerated).

    Returns
    -------
    pandas.DataFrame
        One row per design: `rate_ratio`, `events_reference` and `events_exposed` (expected), `time_ratio`, `level`,
        `power` (0 to 1) and `method`.

    Raises
    ------
    DataError
        When a number is missing, not above 0 or too large.
    MethodError
        When the method is unknown, or the options differ in length.

    Notes
    -----
    Interpretation: a power of 0.18 means that of 100 such studies 18 would find the difference, if it is there; the
    absence of a finding then says little. Use it before a study, or for the difference that would matter, never for
    the ratio that was found: that power repeats the p-value. The test is two-sided, and both tails count. Exact power
    is lower because the exact test is careful: with few events it rejects less often than 1 minus the level.

    References
    ----------
    Breslow NE, Day NE. Statistical methods in cancer research, volume II. Lyon: IARC, 1987, chapter 7.
    Ng HKT, Tang ML. Testing the equality of two Poisson means using the rate ratio. Stat Med 2005;24:955-965.
    Przyborowski J, Wilenski H. Homogeneity of results in testing samples from Poisson series. Biometrika
    1940;31:313-323 (conditional test).

    Examples
    --------
    >>> power_of_rate_ratio([1.5, 2.0], events=40)["power"].round(2).tolist()
    [0.51, 0.95]
    """
    check_choice(method, METHODS)
    design = _designs(
        rate_ratio=check_values(rate_ratio, what="The rate ratio", above=0, maximum=LARGEST_RATIO),
        events=check_values(events, what="The expected events", above=0, maximum=MOST_EVENTS),
        time_ratio=check_values(time_ratio, what="The ratio of person-years", above=0, maximum=LARGEST_RATIO),
    )
    coverage = one_level(level)
    power = METHODS[method](design["rate_ratio"], design["events"], design["time_ratio"], coverage)
    return _table(design, level=coverage).assign(power=power, method=NAMES[method])


def _table(design: dict[str, FloatArray], level: float) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "rate_ratio": design["rate_ratio"],
            "events_reference": design["events"],
            "events_exposed": design["rate_ratio"] * design["time_ratio"] * design["events"],
            "time_ratio": design["time_ratio"],
            "level": level,
        }
    )


@several_levels
def minimal_detectable_rate_ratio(
    *,
    events: ArrayLike,
    time_ratio: ArrayLike = 1.0,
    power: float = 0.8,
    direction: str = "increase",
    level: Levels = 0.95,
    method: str = "log",
) -> pd.DataFrame:
    """Rate ratio nearest to 1 that two periods or groups of this size would show with the power asked for.

    Parameters
    ----------
    events
        Expected events in the reference: its rate times its person-years; above 0; a number or an array.
    time_ratio
        Person-years of the exposed (or later) period over those of the reference, above 0.
    power
        Chance of finding the difference, above 1 minus the level and below 1.
    direction
        ``increase`` (a ratio above 1) or ``decrease`` (below 1).
    level
        Coverage of the interval that has to exclude 1, between 0 and 1; several give the rows of each.
    method
        ``log`` (normal on the log scale) or ``exact`` (conditional test).

    Returns
    -------
    pandas.DataFrame
        One row per design: `rate_ratio` (the answer), `events_reference` and `events_exposed` (expected at that
        ratio), `time_ratio`, `level`, `power`, `direction`, `method` and `note`. Where not even the disappearance of
        all events would be found there is no ratio, and the `note` says so.

    Raises
    ------
    DataError
        When a number is missing, not above 0 or too large.
    MethodError
        When an option is unknown, or the power is out of range.

    Notes
    -----
    Interpretation: 1.74 means that mortality had to be 74% higher before the study would notice it in 80 of 100 times;
    smaller differences, though real, will mostly go unseen. A period with 5 deaths shows no decrease at all.

    References
    ----------
    Breslow NE, Day NE. Statistical methods in cancer research, volume II. Lyon: IARC, 1987, chapter 7.
    Ng HKT, Tang ML. Stat Med 2005;24:955-965.

    Examples
    --------
    >>> minimal_detectable_rate_ratio(events=[40, 150])["rate_ratio"].round(2).tolist()
    [1.74, 1.35]
    """
    check_choice(method, METHODS)
    check_choice(direction, ["increase", "decrease"], option="direction")
    coverage = one_level(level)
    wanted = float(check_values(power, what="The power", above=0, maximum=1))
    if not 1 - coverage < wanted < 1:
        raise MethodError(
            f"The option `power` is {wanted:g}; it must lie above {1 - coverage:g}, which is reached without any "
            "difference, and below 1. For 80 percent give power=0.8."
        )
    design = _designs(
        events=check_values(events, what="The expected events", above=0, maximum=MOST_EVENTS),
        time_ratio=check_values(time_ratio, what="The ratio of person-years", above=0, maximum=LARGEST_RATIO),
    )
    ratio = _solve(METHODS[method], design, wanted, direction, coverage)
    table = _table({**design, "rate_ratio": ratio}, level=coverage)
    note = np.where(np.isnan(ratio), notes.NOT_DETECTABLE, "")
    return table.assign(power=wanted, direction=direction, method=NAMES[method], note=note)


def _solve(
    power: Callable[[FloatArray, FloatArray, FloatArray, float], FloatArray],
    design: dict[str, FloatArray],
    wanted: float,
    direction: str,
    level: float,
) -> FloatArray:
    """Ratio at which the power is reached, by search outward from 1 and then by halving, all designs at once."""
    sign = 1.0 if direction == "increase" else -1.0
    steps = np.concatenate([np.arange(0.05, 1, 0.05), np.geomspace(1, np.log(LARGEST_RATIO), 30)])
    near = np.zeros_like(design["events"])
    far = np.full_like(near, np.nan)
    for step in steps:
        open_ = np.isnan(far)
        if not open_.any():
            break
        reached = power(
            np.exp(np.full(open_.sum(), sign * step)), design["events"][open_], design["time_ratio"][open_], level
        )
        near[open_] = np.where(reached < wanted, step, near[open_])
        far[open_] = np.where(reached >= wanted, step, np.nan)
    found = ~np.isnan(far)
    for _ in range(60 if found.any() else 0):
        middle = (near[found] + far[found]) / 2
        enough = power(np.exp(sign * middle), design["events"][found], design["time_ratio"][found], level) >= wanted
        far[found], near[found] = np.where(enough, middle, far[found]), np.where(enough, near[found], middle)
        if np.abs(far[found] - near[found]).max() < 1e-12:
            break
    return np.asarray(np.exp(sign * far))
