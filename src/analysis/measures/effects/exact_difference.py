"""Exact unconditional interval for a difference of two proportions (Chan and Zhang)."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaln, xlog1py, xlogy

from analysis.errors import DataError, MethodError
from analysis.measures.effects.score_intervals import difference_score
from analysis.measures.shared.checks import FloatArray, check_values
from analysis.measures.shared.levels import one_level

MOST_TABLES = 50_000
"""Possible outcomes of both groups together, (n + 1) (m + 1), beyond which the interval would take minutes."""
NUISANCE_POINTS = 200
DIFFERENCE_STEP = 0.01
HALVINGS = 30
# Scores that differ by less are tied: the same up to rounding.
TIED = 1e-8


def _binomial(total: int, shares: FloatArray) -> FloatArray:
    """Probability of each number of events (rows) at each proportion (columns)."""
    events = np.arange(total + 1.0)[:, None]
    ways = -betaln(events + 1, total - events + 1) - np.log(total + 1)
    return np.asarray(np.exp(ways + xlogy(events, shares) + xlog1py(total - events, -shares)))


class _Outcomes:
    """All outcomes that two groups of these sizes can have, and how extreme the observed one is among them."""

    def __init__(self, events: int, total: int, events_0: int, total_0: int) -> None:
        self.totals = total, total_0
        self.observed = events, events_0
        first, second = np.meshgrid(np.arange(total + 1.0), np.arange(total_0 + 1.0), indexing="ij")
        sizes = np.full(first.shape, float(total)), np.full(first.shape, float(total_0))
        self.counts = first, sizes[0], second, sizes[1]

    def _as_extreme(self, difference: float) -> FloatArray:
        """Outcomes that argue at least as much for a larger difference, as ones and zeros."""
        away, variance = difference_score(self.counts, np.full(self.counts[0].shape, difference))
        spread = np.sqrt(variance)
        certain = np.select([away > TIED, away < -TIED], [np.inf, -np.inf], default=0.0)
        score = np.where(spread > TIED, away / np.where(spread > TIED, spread, 1.0), certain)
        return np.asarray(score >= score[self.observed] - TIED, dtype=float)

    def _probability(self, extreme: FloatArray, difference: float, shares: FloatArray) -> FloatArray:
        """Probability of the outcomes marked, for each proportion of the reference group."""
        ways = _binomial(self.totals[0], np.clip(shares + difference, 0, 1))
        return np.asarray((ways * (extreme @ _binomial(self.totals[1], shares))).sum(axis=0))

    def fits(self, difference: float, tail: float) -> bool:
        """Whether some pair of proportions with this difference gives such outcomes a probability above the tail."""
        extreme = self._as_extreme(difference)
        shares = np.linspace(max(0.0, -difference), min(1.0, 1.0 - difference), NUISANCE_POINTS)
        found = self._probability(extreme, difference, shares)
        if found.max() > tail or found.max() < tail / 2:
            return bool(found.max() > tail)
        # A close call: the maximum lies between the neighbours of one of the highest points of the grid.
        for top in np.argsort(found)[-3:]:
            near = np.linspace(shares[max(top - 1, 0)], shares[min(top + 1, len(shares) - 1)], 41)
            if self._probability(extreme, difference, near).max() > tail:
                return True
        return False

    def lower_limit(self, tail: float) -> float:
        """Smallest difference that the one-sided test does not reject."""
        estimate = self.observed[0] / self.totals[0] - self.observed[1] / self.totals[1]
        if estimate == -1:
            return -1.0
        # From outside inwards: the p-value need not rise all the way, and the interval holds all that is not rejected.
        outside, inside = -1.0, estimate
        for difference in np.arange(-1.0, estimate, DIFFERENCE_STEP):
            if self.fits(float(difference), tail):
                inside = float(difference)
                break
            outside = float(difference)
        if inside == -1.0:
            return -1.0
        for _ in range(HALVINGS):
            middle = (outside + inside) / 2
            outside, inside = (outside, middle) if self.fits(middle, tail) else (middle, inside)
        return outside


def exact_difference(
    events: ArrayLike,
    total: ArrayLike,
    events_reference: ArrayLike,
    total_reference: ArrayLike,
    level: float = 0.95,
) -> tuple[FloatArray, FloatArray]:
    """Exact unconditional interval of Chan and Zhang for a difference of two independent proportions.

    Parameters
    ----------
    events, total
        Whole numbers of persons with the event and of persons observed (1 or more), in the group of interest.
    events_reference, total_reference
        The same in the group it is compared with.
    level
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    tuple of numpy.ndarray
        Lower and upper limits, between -1 and 1.

    Raises
    ------
    DataError
        When a number is missing, negative or not whole, or a group has no persons.
    MethodError
        When the groups are so large that the interval would take minutes.

    Notes
    -----
    Interpretation: the differences that neither of two one-sided tests rejects, each at half of 1 minus the level. A
    test adds the probabilities of all outcomes that are at least as extreme by the score of Miettinen and Nurminen, and
    takes the largest sum over all pairs of proportions with that difference. The interval covers at least as often as
    its level whatever the proportions, and is therefore wider than the score interval. Santner and Snell order by the
    plain difference instead, which gives wider intervals.

    References
    ----------
    Chan ISF, Zhang Z. Test-based exact confidence intervals for the difference of two binomial proportions.
    Biometrics 1999;55:1202-1209.
    Santner TJ, Snell MK. Small-sample confidence intervals for p1-p2 and p1/p2 in 2x2 contingency tables.
    J Am Stat Assoc 1980;75:386-394.

    Examples
    --------
    >>> lower, upper = exact_difference(6, 13, 2, 7)
    >>> round(float(lower), 4), round(float(upper), 4)
    (-0.3108, 0.5787)
    """
    tail = (1 - one_level(level)) / 2
    counts = [check_values(side, what="The number of events", minimum=0) for side in (events, events_reference)]
    totals = [check_values(side, what="The total", above=0) for side in (total, total_reference)]
    arrays = np.broadcast_arrays(counts[0], totals[0], counts[1], totals[1])
    limits = [_limits(cells, tail) for cells in np.stack([array.ravel() for array in arrays], axis=-1).tolist()]
    found = np.array(limits).reshape(*arrays[0].shape, 2)
    return found[..., 0], found[..., 1]


def _limits(cells: list[float], tail: float) -> tuple[float, float]:
    for number in cells:
        if number != round(number):
            raise DataError(
                f"An exact interval counts persons, and {number:g} is no whole number. Choose a score method."
            )
    events, total, events_0, total_0 = (round(number) for number in cells)
    if (total + 1) * (total_0 + 1) > MOST_TABLES:
        raise MethodError(
            f"Groups of {total} and {total_0} have more than {MOST_TABLES:,} possible outcomes, too many for the exact "
            'interval. Choose "miettinen-nurminen", which comes close to it in groups of this size.'
        )
    lower = _Outcomes(events, total, events_0, total_0).lower_limit(tail)
    return lower, -_Outcomes(events_0, total_0, events, total).lower_limit(tail)
