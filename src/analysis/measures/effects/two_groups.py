"""Two groups side by side: their counts, and the limits of what compares them by every method."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.estimates import with_estimates
from analysis.measures.effects.binomial import wilson_limits
from analysis.measures.effects.exact_difference import exact_difference
from analysis.measures.effects.score_intervals import conditional_odds_ratio, score_interval
from analysis.measures.shared.checks import (
    FloatArray,
    column_names,
    normal_quantile,
    require_columns,
    require_no_more_than,
    require_numbers,
)
from analysis.measures.shared.grouping import exposed_and_reference
from analysis.measures.shared.ratios import divide, log_interval, mover_difference, mover_ratio

DIFFERENCE_METHODS = {
    "newcombe": "Newcombe hybrid score (method 10)",
    "miettinen-nurminen": "score (Miettinen-Nurminen)",
    "exact": "exact unconditional, score order (Chan-Zhang)",
    "wald": "normal (Wald)",
}
RATIO_METHODS = {
    "log": "normal on the log scale (Katz)",
    "mover": "MOVER-R of Wilson limits",
    "miettinen-nurminen": "score (Miettinen-Nurminen)",
}
ODDS_METHODS = {
    "woolf": "normal on the log scale (Woolf)",
    "miettinen-nurminen": "score (Miettinen-Nurminen)",
    "exact": "exact conditional (Cornfield)",
}
Limits = tuple[FloatArray, FloatArray]
Side = tuple[FloatArray, FloatArray, FloatArray]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Sides:
    """Counts of both groups, one element per comparison.

    Attributes
    ----------
    pairs
        Table of the comparisons, with the counts as columns.
    count, persons
        Persons with the event and persons observed, in the group of interest.
    count_0, persons_0
        The same in the reference group.
    """

    pairs: pd.DataFrame
    count: FloatArray
    persons: FloatArray
    count_0: FloatArray
    persons_0: FloatArray

    @property
    def counts(self) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """All four counts, as the intervals take them."""
        return self.count, self.persons, self.count_0, self.persons_0

    @property
    def shares(self) -> tuple[FloatArray, FloatArray]:
        """Proportion with the event in each group."""
        return divide(self.count, self.persons), divide(self.count_0, self.persons_0)

    @property
    def nobody(self) -> Flags:
        """Whether a group has no persons."""
        return np.asarray((self.persons == 0) | (self.persons_0 == 0))

    @property
    def no_events(self) -> Flags:
        """Whether neither group has events."""
        return np.asarray((self.count == 0) & (self.count_0 == 0))

    @property
    def no_events_in_one(self) -> Flags:
        """Whether a group has no events."""
        return np.asarray((self.count == 0) | (self.count_0 == 0))

    @property
    def only_events(self) -> Flags:
        """Whether everybody in both groups had the event."""
        return np.asarray((self.count == self.persons) & (self.count_0 == self.persons_0))

    @property
    def cells(self) -> FloatArray:
        """The four cells of each table: with and without the event in each group."""
        return np.stack([self.count, self.persons - self.count, self.count_0, self.persons_0 - self.count_0])

    def wilson(self, level: float) -> tuple[Side, Side]:
        """Proportion with Wilson's limits in each group.

        Parameters
        ----------
        level
            Coverage of the limits.

        Returns
        -------
        tuple
            Proportion, lower and upper limit, of both groups.
        """
        share, share_0 = self.shares
        return (
            (share, *wilson_limits(self.count, self.persons, level)),
            (share_0, *wilson_limits(self.count_0, self.persons_0, level)),
        )

    def limits_by(self, interval: Callable[..., Limits], level: float, **options: Any) -> Limits:
        """Limits by a method that needs persons in both groups, missing where one has none.

        Parameters
        ----------
        interval
            Function of four counts and the level.
        level
            Coverage of the interval.
        **options
            Further options of that function.

        Returns
        -------
        tuple of numpy.ndarray
            Lower and upper limits.
        """
        filled = (np.where(self.nobody, 1.0, side) for side in self.counts)
        lower, upper = interval(*filled, level, **options)
        return np.where(self.nobody, np.nan, lower), np.where(self.nobody, np.nan, upper)

    def result(
        self, measure: str, estimate: FloatArray, limits: Limits, *, level: float, method: str, remarks: Any
    ) -> pd.DataFrame:
        """Table of estimates; without persons there are no limits, whatever the method.

        Parameters
        ----------
        measure
            Name of the measure.
        estimate
            Estimate of each comparison.
        limits
            Lower and upper limits.
        level
            Coverage of the interval.
        method
            How the interval was made, in words.
        remarks
            Note of each comparison.

        Returns
        -------
        pandas.DataFrame
            Counts of both groups and the estimate columns.
        """
        return with_estimates(
            self.pairs,
            measure=measure,
            estimate=estimate,
            lower=np.where(self.nobody, np.nan, limits[0]),
            upper=np.where(self.nobody, np.nan, limits[1]),
            level=level,
            unit="proportion" if measure == "risk_difference" else "ratio",
            method=method,
            note=remarks.tolist(),
        )


def two_groups(
    table: pd.DataFrame, *, group: str, exposed: Any, reference: Any, events: str, total: str, by: str | Sequence[str]
) -> Sides:
    """Check a table of counts, and put the two groups side by side.

    Parameters
    ----------
    table
        One row per stratum and group.
    group, exposed, reference
        Column that names the group, the group of interest, and the group it is compared with.
    events, total
        Columns with counts of persons with the event, and of persons observed.
    by
        Columns that define separate comparisons.

    Returns
    -------
    Sides
        Counts, strata added up.

    Raises
    ------
    DataError
        When a column or group is missing, or numbers are impossible.
    """
    require_columns(table, [group, *column_names(by)])
    checked = require_no_more_than(require_numbers(table, [events, total], minimum=0), events, total)
    pairs = exposed_and_reference(checked, [events, total], group=group, exposed=exposed, reference=reference, by=by)
    sides = [pairs[f"{column}_{side}"].to_numpy() for side in ("exposed", "reference") for column in (events, total)]
    return Sides(pairs, *sides)


def difference_limits(sides: Sides, level: float, method: str) -> Limits:
    """Limits of a risk difference.

    Parameters
    ----------
    sides
        Counts of both groups.
    level
        Coverage of the interval.
    method
        One of `DIFFERENCE_METHODS`.

    Returns
    -------
    tuple of numpy.ndarray
        Lower and upper limits.

    """
    if method == "newcombe":
        lower, upper = mover_difference(*sides.wilson(level))
        return lower, upper
    if method == "miettinen-nurminen":
        return sides.limits_by(score_interval, level, measure="risk_difference")
    if method == "exact":
        return sides.limits_by(exact_difference, level)
    share, share_0 = sides.shares
    variance = divide(share * (1 - share), sides.persons) + divide(share_0 * (1 - share_0), sides.persons_0)
    half = normal_quantile(level) * np.sqrt(variance)
    return share - share_0 - half, share - share_0 + half


def ratio_limits(sides: Sides, level: float, method: str) -> Limits:
    """Limits of a risk ratio.

    Parameters
    ----------
    sides
        Counts of both groups.
    level
        Coverage of the interval.
    method
        One of `RATIO_METHODS`.

    Returns
    -------
    tuple of numpy.ndarray
        Lower and upper limits.

    """
    if method == "miettinen-nurminen":
        return sides.limits_by(score_interval, level, measure="risk_ratio")
    lower, upper = mover_ratio(*sides.wilson(level))
    if method == "mover":
        return lower, upper
    fits = ~sides.no_events_in_one & ~sides.only_events
    a, n, b, m = (np.where(fits, side, 1.0) for side in sides.counts)
    low, high = log_interval(divide(a * m, n * b), np.sqrt(np.maximum(1 / a - 1 / n + 1 / b - 1 / m, 0)), level)
    return np.where(fits, low, lower), np.where(fits, high, upper)


def odds_limits(sides: Sides, level: float, method: str) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Odds ratio with its limits.

    Parameters
    ----------
    sides
        Counts of both groups.
    level
        Coverage of the interval.
    method
        One of `ODDS_METHODS`.

    Returns
    -------
    tuple of numpy.ndarray
        Estimate (of maximum conditional likelihood with ``exact``), lower and upper limits.

    """
    cells = sides.cells
    if method == "exact":
        return conditional_odds_ratio(*sides.counts, level)
    ratio = divide(cells[0] * cells[3], cells[1] * cells[2])
    if method == "miettinen-nurminen":
        return ratio, *sides.limits_by(score_interval, level, measure="odds_ratio")
    filled = np.where((cells == 0).any(axis=0), cells + 0.5, cells)
    centre = filled[0] * filled[3] / (filled[1] * filled[2])
    return ratio, *log_interval(centre, np.sqrt((1 / filled).sum(axis=0)), level)
