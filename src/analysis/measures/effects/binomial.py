"""Intervals for a binomial proportion, on arrays."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import beta

from analysis.errors import DataError
from analysis.measures.shared.checks import FloatArray, check_choice, check_values, normal_quantile
from analysis.measures.shared.levels import one_level
from analysis.measures.shared.ratios import divide


def wilson_limits(events: FloatArray, total: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
    """Score limits of proportions, without checks of what enters.

    Parameters
    ----------
    events, total
        Numbers of persons with the event, and observed.
    level
        Coverage of the interval.

    Returns
    -------
    tuple of numpy.ndarray
        Lower and upper limits; 0 and 1 where nobody was observed.
    """
    z = normal_quantile(level)
    spread = np.where(total > 0, divide(events * (total - events), np.maximum(total, 1e-300)), 0.0)
    centre, half = events + z**2 / 2, z * np.sqrt(spread + z**2 / 4)
    # At no events and at all events the limit is 0 or 1 exactly; rounding must not push it beyond.
    lower = np.where(events == 0, 0.0, (centre - half) / (total + z**2))
    upper = np.where(events == total, 1.0, (centre + half) / (total + z**2))
    return lower, upper


def _exact_limits(events: FloatArray, total: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
    tail, others = (1 - level) / 2, total - events
    lower = np.where(events > 0, beta.ppf(tail, np.where(events > 0, events, 1), others + 1), 0.0)
    upper = np.where(others > 0, beta.ppf(1 - tail, events + 1, np.where(others > 0, others, 1)), 1.0)
    return lower, upper


def _jeffreys_limits(events: FloatArray, total: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
    tail, others = (1 - level) / 2, total - events
    lower = np.where(events > 0, beta.ppf(tail, events + 0.5, others + 0.5), 0.0)
    upper = np.where(others > 0, beta.ppf(1 - tail, events + 0.5, others + 0.5), 1.0)
    return lower, upper


PROPORTION_METHODS: dict[str, Callable[[FloatArray, FloatArray, float], tuple[FloatArray, FloatArray]]] = {
    "wilson": wilson_limits,
    "exact": _exact_limits,
    "jeffreys": _jeffreys_limits,
}


def proportion_interval(
    events: ArrayLike, total: ArrayLike, level: float = 0.95, *, method: str = "wilson"
) -> tuple[FloatArray, FloatArray]:
    """Interval for a binomial proportion.

    Parameters
    ----------
    events
        Numbers of persons with the event, 0 or more.
    total
        Numbers of persons observed, of a shape that fits; 0 gives the interval from 0 to 1.
    level
        Coverage of the interval, between 0 and 1; one at a time, as the result is two arrays. `proportion` works on
        tables and takes several.
    method
        ``wilson`` (score), ``exact`` (Clopper-Pearson, never too narrow) or ``jeffreys`` (Bayesian, flat on the
        scale of information).

    Returns
    -------
    tuple of numpy.ndarray
        Lower and upper limits between 0 and 1.

    Raises
    ------
    DataError
        When a number is missing or negative, or there are more events than persons.
    MethodError
        When the method is unknown, or the level is not one number between 0 and 1.

    Notes
    -----
    Interpretation: proportions that fit the data. ``wilson`` covers close to the level on average and is the default;
    take ``exact`` when the coverage must never fall below the level. Not for weighted surveys or clustered persons.

    References
    ----------
    Newcombe RG. Two-sided confidence intervals for the single proportion. Stat Med 1998;17:857-872.
    Brown LD, Cai TT, DasGupta A. Interval estimation for a binomial proportion. Stat Sci 2001;16:101-133.

    Examples
    --------
    >>> lower, upper = proportion_interval(68, 261)
    >>> round(float(lower), 3), round(float(upper), 3)
    (0.211, 0.317)
    """
    check_choice(method, PROPORTION_METHODS)
    count = check_values(events, what="The number of events", minimum=0)
    persons = check_values(total, what="The total", minimum=0)
    count, persons = np.broadcast_arrays(count, persons)
    excess = count > persons
    if excess.any():
        first = int(np.flatnonzero(excess)[0])
        raise DataError(
            f"There are {int(excess.sum())} numbers of events above their total, the first in row {first} "
            f"({count.flat[first]:g} of {persons.flat[first]:g}). Check whether the two were swapped."
        )
    return PROPORTION_METHODS[method](count, persons, one_level(level))
