"""Proportions of one group each; two groups are compared in `two_by_two`, missing outcomes in `missing_outcomes`."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.estimates import with_estimates
from analysis.measures.effects.binomial import PROPORTION_METHODS, proportion_interval
from analysis.measures.effects.missing_outcomes import MISSING_SCENARIOS, missing_outcome_bounds
from analysis.measures.effects.two_by_two import (
    DIFFERENCE_METHODS,
    number_needed_to_treat,
    odds_ratio,
    risk_difference,
    risk_ratio,
)
from analysis.measures.shared import notes
from analysis.measures.shared.checks import require_no_more_than, require_numbers
from analysis.measures.shared.grouping import sum_by
from analysis.measures.shared.levels import Levels, one_level, several_levels
from analysis.measures.shared.ratios import divide

__all__ = [
    "DIFFERENCE_METHODS",
    "MISSING_SCENARIOS",
    "PROPORTION_METHODS",
    "missing_outcome_bounds",
    "number_needed_to_treat",
    "odds_ratio",
    "proportion",
    "proportion_interval",
    "risk_difference",
    "risk_ratio",
]


@several_levels
def proportion(
    table: pd.DataFrame,
    *,
    events: str = "events",
    total: str = "total",
    by: str | Sequence[str] = (),
    level: Levels = 0.95,
    method: str = "wilson",
) -> pd.DataFrame:
    """Share of persons with an event, with its interval.

    Parameters
    ----------
    table
        One row per stratum; strata are added up within each group.
    events
        Column with counts of persons with the event.
    total
        Column with counts of persons observed.
    by
        Columns that define the groups to report; none gives one row.
    level
        Coverage of the interval, between 0 and 1, or several.
    method
        ``wilson``, ``exact`` or ``jeffreys``, see `proportion_interval`.

    Returns
    -------
    pandas.DataFrame
        One row per group: events, total and the estimate columns, with `measure` "proportion", between 0 and 1.
        A group without persons has no proportion, and a `note` says so.

    Raises
    ------
    DataError
        When a column is missing, holds text, missing or negative values, or events exceed the total.
    MethodError
        When the method is unknown.

    Notes
    -----
    Interpretation: 0.26 means 26 of every 100 persons. Use it when everyone was followed for the same time.
    When persons were followed for different times, use a rate or a survival curve.

    References
    ----------
    Newcombe RG. Two-sided confidence intervals for the single proportion. Stat Med 1998;17:857-872.

    Examples
    --------
    >>> causes = pd.DataFrame({"events": [68], "total": [261]})
    >>> proportion(causes)[["estimate", "lower", "upper"]].round(3).to_numpy().tolist()
    [[0.261, 0.211, 0.317]]
    """
    level = one_level(level)
    checked = require_no_more_than(require_numbers(table, [events, total], minimum=0), events, total)
    totals = sum_by(checked, [events, total], by)
    lower, upper = proportion_interval(totals[events], totals[total], level, method=method)
    remarks = np.select([totals[total] == 0, totals[events] == 0], [notes.NO_OBSERVATIONS, notes.NO_EVENTS], default="")
    return with_estimates(
        totals,
        measure="proportion",
        estimate=divide(totals[events], totals[total]),
        lower=lower,
        upper=upper,
        level=level,
        unit="proportion",
        method=f"binomial, {method} interval",
        note=remarks.tolist(),
    )
