"""Intervals for two proportions by the score (Miettinen-Nurminen), and the exact conditional one for an odds ratio."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import betaln, logsumexp

from analysis.measures.shared.checks import FloatArray, check_choice, check_values, normal_quantile
from analysis.measures.shared.levels import one_level

# Halvings of the bracket of a limit: enough for the last digit of a double between -1 and 1.
HALVINGS = 70
WIDEST_LOG_RATIO = 60.0
# Square of what a difference of two proportions loses to rounding.
ROUNDING = 1e-28

Counts = tuple[FloatArray, FloatArray, FloatArray, FloatArray]


def _difference_constrained(counts: Counts, difference: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Likeliest proportions of both groups that differ by this much: the middle root of a cubic."""
    x1, n1, x0, n0 = counts
    d, events, persons = difference, x1 + x0, n1 + n0
    c2 = (n1 + 2 * n0) * d - persons - events
    c1 = (n0 * d - persons - 2 * x0) * d + events
    c0 = x0 * d * (1 - d)
    shift = c2 / (3 * persons)
    half = shift**3 - c1 * c2 / (6 * persons**2) + c0 / (2 * persons)
    radius = np.where(half < 0, -1.0, 1.0) * np.sqrt(np.maximum(shift**2 - c1 / (3 * persons), 0))
    cosine = np.clip(half / np.where(radius == 0, 1.0, radius) ** 3, -1, 1)
    share = 2 * radius * np.cos((np.pi + np.arccos(cosine)) / 3) - shift
    low, high = np.maximum(0.0, -d), np.minimum(1.0, 1 - d)
    share = np.clip(share, low, high)
    # The arc cosine loses half the digits near its ends; one step of Newton brings them back.
    value = ((persons * share + c2) * share + c1) * share + c0
    slope = (3 * persons * share + 2 * c2) * share + c1
    share = np.clip(share - value / np.where(np.abs(slope) > 1e-8 * persons, slope, np.inf), low, high)
    return np.clip(share + d, 0, 1), share


def difference_score(counts: Counts, difference: FloatArray) -> tuple[FloatArray, FloatArray]:
    """How far an observed difference of two proportions lies from a supposed one, and its variance if that were true.

    Parameters
    ----------
    counts
        Events and persons in the group of interest, events and persons in the reference group.
    difference
        Supposed difference of the proportions, between -1 and 1.

    Returns
    -------
    tuple of numpy.ndarray
        Observed less supposed difference, and its variance at the likeliest proportions that differ by as much; the
        score is the first over the square root of the second.

    Notes
    -----
    The variance is that of Mee. Miettinen and Nurminen multiply it by N / (N - 1), which the interval adds.

    References
    ----------
    Miettinen O, Nurminen M. Comparative analysis of two rates. Stat Med 1985;4:213-226.

    Examples
    --------
    >>> counts = tuple(np.array([number]) for number in (6.0, 13.0, 2.0, 7.0))
    >>> away, variance = difference_score(counts, np.array([0.0]))
    >>> round(float(away[0]), 4), round(float(variance[0]), 4)
    (0.1758, 0.0527)
    """
    x1, n1, x0, n0 = counts
    p1, p0 = _difference_constrained(counts, difference)
    return x1 / n1 - x0 / n0 - difference, p1 * (1 - p1) / n1 + p0 * (1 - p0) / n0


def _ratio_score(counts: Counts, log_ratio: FloatArray) -> tuple[FloatArray, FloatArray]:
    x1, n1, x0, n0 = counts
    ratio = np.exp(log_ratio)
    square = (n1 + n0) * ratio
    linear = n1 * ratio + x1 + n0 + x0 * ratio
    p0 = 2 * (x1 + x0) / (linear + np.sqrt(np.maximum(linear**2 - 4 * square * (x1 + x0), 0)))
    p0 = np.minimum(p0, np.minimum(1.0, 1 / ratio))
    p1 = np.minimum(ratio * p0, 1.0)
    # Scaled down by the larger of 1 and the ratio, so that neither side overflows.
    scale = np.maximum(ratio, 1.0)
    away = (x1 / n1) / scale - (ratio / scale) * (x0 / n0)
    return away, p1 * (1 - p1) / n1 / scale**2 + (ratio / scale) ** 2 * p0 * (1 - p0) / n0


def _odds_score(counts: Counts, log_odds_ratio: FloatArray) -> tuple[FloatArray, FloatArray]:
    # Below 1 the groups are exchanged: the proportion solved for is then the smaller one, which keeps its digits.
    turned = log_odds_ratio < 0
    x1, n1, x0, n0 = (np.where(turned, counts[other], counts[own]) for own, other in ((0, 2), (1, 3), (2, 0), (3, 1)))
    odds_ratio, events = np.exp(np.abs(log_odds_ratio)), x1 + x0
    square = n0 * (odds_ratio - 1)
    linear = n1 * odds_ratio + n0 - events * (odds_ratio - 1)
    root = np.sqrt(np.maximum(linear**2 + 4 * square * events, 0))
    p0 = np.where(
        linear > 0, 2 * events / np.where(linear > 0, linear + root, 1.0), (root - linear) / (2 * np.maximum(square, 1))
    )
    p0 = np.clip(p0, 0, 1)
    both = 1 - p0 + p0 * odds_ratio
    p1, others = p0 * odds_ratio / both, (1 - p0) / both
    information_1, information_0 = n1 * p1 * others, n0 * p0 * (1 - p0)
    total = information_1 + information_0
    variance = np.where(total > 0, information_1 * information_0 / np.where(total > 0, total, 1.0), 0.0)
    return (x1 - n1 * p1) / (n1 + n0), variance / (n1 + n0) ** 2


Score = Callable[[Counts, FloatArray], tuple[FloatArray, FloatArray]]


def _halve(score: Score, counts: Counts, inside: FloatArray, outside: FloatArray, z: float) -> FloatArray:
    """Limit between a value that fits the data and one that does not."""
    persons = counts[1] + counts[3]
    bound = z**2 * persons / (persons - 1)
    for _ in range(HALVINGS):
        middle = (inside + outside) / 2
        away, variance = score(counts, middle)
        fits = away**2 <= bound * variance + ROUNDING
        inside, outside = np.where(fits, middle, inside), np.where(fits, outside, middle)
    return np.asarray((inside + outside) / 2)


def score_interval(
    events: ArrayLike,
    total: ArrayLike,
    events_reference: ArrayLike,
    total_reference: ArrayLike,
    level: float = 0.95,
    *,
    measure: str = "risk_difference",
) -> tuple[FloatArray, FloatArray]:
    """Score interval of Miettinen and Nurminen for two independent proportions.

    Parameters
    ----------
    events, total
        Persons with the event and persons observed (1 or more), in the group of interest.
    events_reference, total_reference
        The same in the group it is compared with.
    level
        Coverage of the interval, between 0 and 1.
    measure
        ``risk_difference``, ``risk_ratio`` or ``odds_ratio``.

    Returns
    -------
    tuple of numpy.ndarray
        Lower and upper limits; from 0 to infinity for a ratio that nothing bounds.

    Raises
    ------
    DataError
        When a number is missing or negative, or a group has no persons.
    MethodError
        When the measure is unknown.

    Notes
    -----
    Interpretation: the values that a test of both proportions, fitted under that value, does not reject. It works with
    no events and with only events, and covers close to the level in small groups.

    References
    ----------
    Miettinen O, Nurminen M. Comparative analysis of two rates. Stat Med 1985;4:213-226.

    Examples
    --------
    >>> lower, upper = score_interval(56, 70, 48, 80)
    >>> round(float(lower), 4), round(float(upper), 4)
    (0.0528, 0.3382)
    """
    check_choice(measure, ("risk_difference", "risk_ratio", "odds_ratio"), option="measure")
    z = normal_quantile(level)
    x1, x0 = (check_values(x, what="The number of events", minimum=0) for x in (events, events_reference))
    n1, n0 = (check_values(n, what="The total", above=0) for n in (total, total_reference))
    x1, n1, x0, n0 = (np.asarray(side, dtype=float) for side in np.broadcast_arrays(x1, n1, x0, n0))
    counts = (x1, n1, x0, n0)
    if measure == "risk_difference":
        centre = x1 / n1 - x0 / n0
        ends = (np.full(centre.shape, end) for end in (-1.0, 1.0))
        lower, upper = (_halve(difference_score, counts, centre, end, z) for end in ends)
        return np.where(centre == -1, -1.0, lower), np.where(centre == 1, 1.0, upper)
    score = _ratio_score if measure == "risk_ratio" else _odds_score
    return _ratio_limits(score, counts, z, odds=measure == "odds_ratio")


def _ratio_limits(score: Score, counts: Counts, z: float, *, odds: bool) -> tuple[FloatArray, FloatArray]:
    x1, n1, x0, n0 = counts
    # With odds, a group in which everybody had the event has an odds without bound, as one without events has none.
    top, bottom = (x1 * (n0 - x0), (n1 - x1) * x0) if odds else (x1 * n0, x0 * n1)
    finite = (top > 0) & (bottom > 0)
    centre = np.where(finite, np.log(np.where(finite, top, 1.0) / np.where(finite, bottom, 1.0)), 0.0)
    start_low = np.where(finite, centre, np.where(bottom == 0, WIDEST_LOG_RATIO, 0.0))
    start_high = np.where(finite, centre, np.where(top == 0, -WIDEST_LOG_RATIO, 0.0))
    widest = np.full(x1.shape, WIDEST_LOG_RATIO)
    lower = np.exp(_halve(score, counts, start_low, -widest, z))
    upper = np.exp(_halve(score, counts, start_high, widest, z))
    return np.where(top == 0, 0.0, lower), np.where(bottom == 0, np.inf, upper)


def _conditional(events: int, total: int, events_reference: int, total_reference: int, tail: float) -> list[float]:
    """Estimate, lower and upper limit of one odds ratio, given all four margins."""
    both = events + events_reference
    support = np.arange(max(0, both - total_reference), min(total, both) + 1)
    if support.size == 1:
        return [np.nan, 0.0, np.inf]
    weights = -betaln(support + 1, total - support + 1)
    weights = weights - betaln(both - support + 1, total_reference - both + support + 1)

    def solve(distance: Callable[[FloatArray], float]) -> float:
        def at(log_ratio: float) -> float:
            terms = weights + support * log_ratio
            return distance(np.exp(terms - logsumexp(terms)))

        return float(np.exp(brentq(at, -300, 300, xtol=1e-14, rtol=1e-14, maxiter=1000)))

    least, most = events == support[0], events == support[-1]
    centre = 0.0 if least else np.inf if most else solve(lambda p: float(p @ support) - events)
    lower = 0.0 if least else solve(lambda p: float(p[support >= events].sum()) - tail)
    upper = np.inf if most else solve(lambda p: tail - float(p[support <= events].sum()))
    return [centre, lower, upper]


def conditional_odds_ratio(
    events: ArrayLike,
    total: ArrayLike,
    events_reference: ArrayLike,
    total_reference: ArrayLike,
    level: float = 0.95,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Odds ratio given the margins of the table, with its exact interval (Cornfield, Fisher).

    Parameters
    ----------
    events, total
        Whole numbers of persons with the event and of persons observed, in the group of interest.
    events_reference, total_reference
        The same in the group it is compared with.
    level
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    tuple of numpy.ndarray
        The estimate of maximum conditional likelihood, and the lower and upper limits.

    Raises
    ------
    DataError
        When a number is missing or negative.

    Notes
    -----
    Interpretation: the interval never covers less often than its level, and is wider than needed in small tables.
    The estimate is a little nearer to 1 than the plain odds ratio.

    References
    ----------
    Cornfield J. A statistical problem arising from retrospective studies. Proc Third Berkeley Symp 1956;4:135-148.

    Examples
    --------
    >>> [round(float(value), 3) for value in conditional_odds_ratio(3, 4, 1, 4)]
    [6.408, 0.212, 626.244]
    """
    tail = (1 - one_level(level)) / 2
    what = "The number of persons"
    sides = [check_values(side, what=what, minimum=0) for side in (events, total, events_reference, total_reference)]
    arrays = np.broadcast_arrays(*sides)
    cells = np.stack([np.rint(array).astype(int).ravel() for array in arrays], axis=-1)
    found = np.array([_conditional(a, n, b, m, tail) for a, n, b, m in cells.tolist()]).reshape(*arrays[0].shape, 3)
    return found[..., 0], found[..., 1], found[..., 2]
