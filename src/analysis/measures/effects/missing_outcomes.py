"""Bounds for a risk difference when some outcomes are missing."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.measures.effects.two_by_two import DIFFERENCE_METHODS, risk_difference
from analysis.measures.shared import notes
from analysis.measures.shared.checks import column_names, require_columns, require_numbers
from analysis.measures.shared.entry import refuse_names_of_results
from analysis.measures.shared.levels import Levels, one_level, several_levels

# Scenario: share of the missing who had the event, among the exposed and among the reference.
MISSING_SCENARIOS = {
    "missing as no event": (0, 0),
    "missing as event": (1, 1),
    "worst case": (0, 1),
    "best case": (1, 0),
}


@several_levels
def missing_outcome_bounds(
    table: pd.DataFrame,
    *,
    group: str,
    exposed: Any,
    reference: Any,
    events: str = "events",
    total: str = "total",
    missing: str = "missing",
    by: str | Sequence[str] = (),
    level: Levels = 0.95,
    method: str = "newcombe",
) -> pd.DataFrame:
    """Risk difference under every extreme of what happened to those without an outcome.

    Parameters
    ----------
    table
        One row per stratum; strata are added up within each group.
    group
        Column that names the group.
    exposed, reference
        Names of the group of interest and of the one it is compared with.
    events
        Column with counts of persons who were seen to have the event.
    total
        Column with counts of persons whose outcome was observed.
    missing
        Column with counts of persons whose outcome is unknown; they are not in `total`.
    by
        Columns that define separate comparisons; none gives one.
    level
        Coverage of the intervals, between 0 and 1.
    method
        How the intervals are made, see `risk_difference`.

    Returns
    -------
    pandas.DataFrame
        Six rows per comparison, told apart by `scenario`: "complete cases", "missing as no event", "missing as event",
        "worst case", "best case" and "bounds". The ingredients are the counts under that scenario, the estimate
        columns have `measure` "risk_difference". "bounds" repeats the estimate of the complete cases with the lower
        limit of the worst and the upper limit of the best case.

    Raises
    ------
    DataError
        When a column or group is missing, or numbers are impossible.
    MethodError
        When the method is unknown.

    Notes
    -----
    Interpretation: an event counts as success. Best case: the missing exposed had it, the missing reference persons
    did not; worst case the reverse. Whatever the missing did, the difference in this sample lies between the two
    estimates. Use it when outcomes are missing, above all when more are missing in one group.
    Wide bounds are an answer too: the data then do not settle the question without assumptions.

    References
    ----------
    Horowitz JL, Manski CF. Nonparametric analysis of randomized experiments with missing covariate and outcome data.
    J Am Stat Assoc 2000;95:77-84.
    """
    level = one_level(level)
    refuse_names_of_results(column_names(by), ["scenario"])
    require_columns(table, [group, events, total, missing, *column_names(by)])
    checked = require_numbers(table, [events, total, missing], minimum=0)

    def scenario(name: str, shares: tuple[int, int] | None) -> pd.DataFrame:
        filled = checked
        if shares is not None:
            share = np.where(checked[group] == exposed, *shares)
            counts = {events: checked[events] + checked[missing] * share, total: checked[total] + checked[missing]}
            filled = checked.assign(**counts)
        result = risk_difference(
            filled,
            group=group,
            exposed=exposed,
            reference=reference,
            events=events,
            total=total,
            by=by,
            level=level,
            method=method,
        )
        result.insert(len(column_names(by)), "scenario", name)
        return result

    rows = {"complete cases": scenario("complete cases", None)}
    rows |= {name: scenario(name, shares) for name, shares in MISSING_SCENARIOS.items()}
    bounds = rows["complete cases"].assign(
        scenario="bounds",
        lower=rows["worst case"]["lower"],
        upper=rows["best case"]["upper"],
        note=[notes.combine_notes(note, notes.MISSING_OUTCOMES) for note in rows["complete cases"]["note"]],
        method=f"Horowitz-Manski bounds, {DIFFERENCE_METHODS[method]}",
    )
    return pd.concat([*rows.values(), bounds], ignore_index=True)
