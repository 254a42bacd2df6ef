"""Difference and ratio between two groups: the ends of the ladder, the best and the worst, or against a reference."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.errors import MethodError
from analysis.measures.inequality.subgroups import Columns, Subgroups, read_subgroups
from analysis.measures.shared import notes
from analysis.measures.shared.checks import check_choice, normal_quantile
from analysis.measures.shared.estimate_rows import estimates_table
from analysis.measures.shared.levels import Levels, one_level, several_levels
from analysis.measures.shared.ratios import log_interval

COMPARISONS = {
    "extremes": "ends of the ladder",
    "best_worst": "highest and lowest value",
    "reference": "against the reference group",
}


def _pairs(groups: Subgroups, compare: str) -> Iterator[tuple[int, int]]:
    """Numbers of the groups to subtract from and to subtract, or of numerator and denominator."""
    if compare == "extremes":
        groups.need_order()
        last = len(groups.health) - 1
        yield (0, last) if groups.favourable is False else (last, 0)
    elif compare == "best_worst":
        yield int(np.argmax(groups.health)), int(np.argmin(groups.health))
    elif groups.reference is None:
        raise MethodError("There is no reference group. Name it: group=..., reference=...")
    else:
        yield from ((other, groups.reference) for other in range(len(groups.health)) if other != groups.reference)


def _difference(groups: Subgroups, one: int, other: int, level: float) -> dict[str, Any]:
    estimate = float(groups.health[one] - groups.health[other])
    error, note = np.nan, notes.NO_GROUP_INTERVALS
    if groups.errors is not None:
        error, note = float(np.hypot(groups.errors[one], groups.errors[other])), ""
    half = normal_quantile(level) * error
    return {
        "measure": "difference",
        "unit": groups.unit,
        "method": "independent normal values",
        "standard_error": error,
        "estimate": estimate,
        "lower": estimate - half,
        "upper": estimate + half,
        "note": note,
    }


def _ratio(groups: Subgroups, one: int, other: int, level: float) -> dict[str, Any]:
    above, below = float(groups.health[one]), float(groups.health[other])
    ratio, error, note = np.nan, np.nan, ""
    limits: tuple[Any, Any] = (np.nan, np.nan)
    if below <= 0 or above < 0:
        note = notes.NO_VALUE_IN_DENOMINATOR if below == 0 else notes.RATIO_OF_NEGATIVES
    else:
        ratio = above / below
        if groups.errors is None:
            note = notes.NO_GROUP_INTERVALS
        elif above == 0:
            note = notes.DEGENERATE_LIMIT
        else:
            log_error = float(np.hypot(groups.errors[one] / above, groups.errors[other] / below))
            error, limits = ratio * log_error, log_interval(ratio, log_error, level)
    return {
        "measure": "ratio",
        "unit": "ratio",
        "method": "independent normal logarithms (delta)",
        "standard_error": error,
        "estimate": ratio,
        "lower": float(limits[0]),
        "upper": float(limits[1]),
        "note": note,
    }


@several_levels
def gaps_between_groups(
    table: pd.DataFrame,
    *,
    compare: str = "extremes",
    value: str = "estimate",
    position: str | None = None,
    group: str | None = None,
    reference: Any = None,
    favourable: bool | None = None,
    by: str | Sequence[str] = (),
    level: Levels = 0.95,
) -> pd.DataFrame:
    """Difference and ratio of two groups.

    Parameters
    ----------
    table
        One row per group: `value`, and when known its `standard_error`, or `lower`, `upper` and `level`.
    compare
        ``extremes``: best-off with worst-off, needs `position`. ``best_worst``: highest value with lowest value.
        ``reference``: every other group with the reference, needs `group` and `reference`.
    value
        Column with the value of each group.
    position
        Column that orders the groups from worst-off to best-off: numbers or an ordered categorical.
    group, reference
        Column with the names of the groups, and the name of the reference group.
    favourable
        With ``extremes`` and False (illness): worst-off minus, or over, best-off, so that above 0 or 1 means a
        disadvantage of the worst-off. Otherwise best-off against worst-off. From the column `favourable` if not given.
    by
        Columns that define populations; none gives one.
    level
        Coverage of the interval, between 0 and 1, or several.

    Returns
    -------
    pandas.DataFrame
        Two rows per pair, `measure` "difference" and "ratio": `groups` (how many there are), `group_compared`,
        `group_reference`, their values, `standard_error` on the scale of the estimate and the estimate columns. The
        difference has the `unit` of the values when the table says it. The interval of the ratio is made on the log
        scale; it runs from 0 to infinity when the standard errors are many times the values. Without standard errors of
        the groups there is no interval, and a `note`.

    Raises
    ------
    DataError
        When a column is missing, a value is impossible, or a group occurs twice.
    MethodError
        When an option is unknown, the groups have no order or no reference, or there is one group.

    Notes
    -----
    Interpretation: easy to explain, blind to the groups between and to the sizes of groups. Highest against lowest
    grows by chance with the number of groups, and its interval takes both as chosen beforehand: it is too low and too
    narrow when many small groups are alike.

    References
    ----------
    World Health Organization. Handbook on health inequality monitoring. Geneva: WHO, 2013.
    Mackenbach JP, Kunst AE. Soc Sci Med 1997;44:757-771.

    Examples
    --------
    >>> smoking = pd.DataFrame({"quintile": [1, 2, 3], "estimate": [0.30, 0.20, 0.15]})
    >>> gaps_between_groups(smoking, position="quintile", favourable=False)["estimate"].round(3).tolist()
    [0.15, 2.0]
    """
    size = one_level(level)
    check_choice(compare, COMPARISONS, option="compare")
    columns = Columns(value=value, population=None, position=position, group=group, reference=reference, by=by)
    rows: list[dict[str, Any]] = []
    for groups in read_subgroups(table, columns, favourable=favourable):
        groups.need(2, "a comparison of groups")
        for one, other in _pairs(groups, compare):
            shared = groups.names | {
                "groups": len(groups.health),
                "group_compared": groups.labels[one],
                "group_reference": groups.labels[other],
                "value_compared": float(groups.health[one]),
                "value_reference": float(groups.health[other]),
            }
            rows += [shared | make(groups, one, other, size) for make in (_difference, _ratio)]
    return estimates_table(rows, size)
