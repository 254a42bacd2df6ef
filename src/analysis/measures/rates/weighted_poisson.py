"""Intervals for a weighted sum of Poisson counts: standardised rates and years of life lost are such sums."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2

from analysis.errors import MethodError
from analysis.measures.rates.crude import POISSON_METHODS, poisson_interval
from analysis.measures.shared.checks import FloatArray, check_choice
from analysis.measures.shared.levels import one_level
from analysis.measures.shared.ratios import divide

WEIGHTED_METHODS = {
    "dobson": "Dobson",
    "gamma": "gamma (Fay-Feuer)",
    "modified gamma": "modified gamma (Tiwari)",
}


@dataclass(frozen=True)
class WeightedSum:
    """A weighted sum of Poisson counts, one per group.

    Parameters
    ----------
    total
        Sum of weight times count.
    variance
        Sum of squared weight times count.
    events
        Sum of the counts.
    largest
        Largest weight of any stratum.
    mean
        Mean weight of the strata.
    mean_square
        Mean squared weight of the strata.
    """

    total: FloatArray
    variance: FloatArray
    events: FloatArray
    largest: FloatArray
    mean: FloatArray
    mean_square: FloatArray


def weighted_sum(weights: FloatArray, counts: FloatArray, squares: FloatArray | None = None) -> WeightedSum:
    """Add up weighted counts over the strata in the last dimension.

    Parameters
    ----------
    weights
        Weight of one event in each stratum, 0 or more.
    counts
        Numbers of events in each stratum.
    squares
        Sums of squares of the events per person, when one person can have several; the counts when absent.

    Returns
    -------
    WeightedSum
        Totals, variances and the weights that the intervals need.

    Examples
    --------
    >>> result = weighted_sum(np.array([[0.5, 0.25]]), np.array([[4.0, 8.0]]))
    >>> result.total.tolist(), result.variance.tolist()
    ([4.0], [1.5])
    """
    spread = counts if squares is None else squares
    return WeightedSum(
        total=np.asarray((weights * counts).sum(axis=-1)),
        variance=np.asarray((weights**2 * spread).sum(axis=-1)),
        events=np.asarray(counts.sum(axis=-1)),
        largest=np.asarray(weights.max(axis=-1)),
        mean=np.asarray(weights.mean(axis=-1)),
        mean_square=np.asarray((weights**2).mean(axis=-1)),
    )


def _gamma_limits(
    found: WeightedSum, extra: FloatArray, extra_variance: FloatArray, level: float
) -> tuple[FloatArray, FloatArray]:
    tail, some = (1 - level) / 2, found.total > 0
    total, variance = np.where(some, found.total, 1.0), np.where(some, found.variance, 1.0)
    lower = np.where(some, variance / (2 * total) * chi2.ppf(tail, 2 * total**2 / variance), 0.0)
    more, spread = found.total + extra, found.variance + extra_variance
    upper = spread / (2 * more) * chi2.ppf(1 - tail, 2 * more**2 / spread)
    return lower, np.asarray(upper)


def _dobson_limits(found: WeightedSum, level: float, poisson: str) -> tuple[FloatArray, FloatArray]:
    low, high = poisson_interval(found.events, level, method=poisson)
    some = found.events > 0
    scale = np.sqrt(divide(found.variance, np.where(some, found.events, 1.0)))
    lower = np.maximum(found.total + scale * (low - found.events), 0.0)
    # Without events there is no variance to scale by; one event in the heaviest stratum is the most that fits.
    return np.where(some, lower, 0.0), np.where(some, found.total + scale * (high - found.events), found.largest * high)


def weighted_poisson_interval(
    found: WeightedSum, level: float = 0.95, *, method: str = "dobson", poisson: str = "byar"
) -> tuple[FloatArray, FloatArray]:
    """Interval for the mean of a weighted sum of Poisson counts.

    Parameters
    ----------
    found
        The sums, from `weighted_sum`.
    level
        Coverage of the interval, between 0 and 1.
    method
        ``dobson`` (Poisson limits of all events, rescaled), ``gamma`` (Fay-Feuer, never too narrow in practice) or
        ``modified gamma`` (Tiwari, closer to the level).
    poisson
        Limits of the number of events that ``dobson`` rescales: ``byar``, ``exact`` or ``mid-p``.

    Returns
    -------
    tuple of numpy.ndarray
        Lower and upper limits.

    Raises
    ------
    MethodError
        When a method is unknown, or the level is not between 0 and 1.

    Notes
    -----
    With all weights equal, ``gamma`` and ``dobson`` with exact limits are the exact Poisson interval.

    References
    ----------
    Dobson AJ, Kuulasmaa K, Eberle E, Scherer J. Confidence intervals for weighted sums of Poisson parameters.
    Stat Med 1991;10:457-462.
    Fay MP, Feuer EJ. Confidence intervals for directly standardized rates. Stat Med 1997;16:791-801.
    Tiwari RC, Clegg LX, Zou Z. Efficient interval estimation for age-adjusted cancer rates.
    Stat Methods Med Res 2006;15:547-569.

    Examples
    --------
    >>> lower, upper = weighted_poisson_interval(weighted_sum(np.array([[1.0]]), np.array([[10.0]])), method="gamma")
    >>> round(float(lower[0]), 3), round(float(upper[0]), 3)
    (4.795, 18.39)
    """
    check_choice(method, WEIGHTED_METHODS)
    check_choice(poisson, POISSON_METHODS, option="poisson")
    if method == "dobson":
        return _dobson_limits(found, one_level(level), poisson)
    if not np.all(found.largest > 0):
        raise MethodError('All weights are zero, so a gamma interval does not exist. Use method="dobson".')
    if method == "gamma":
        return _gamma_limits(found, found.largest, found.largest**2, one_level(level))
    return _gamma_limits(found, found.mean, found.mean_square, one_level(level))
