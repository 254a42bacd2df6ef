"""Concentration indices on data of groups: seven kinds, with the interval that the groups' standard errors give."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.errors import MethodError
from analysis.measures.inequality.concentration_kinds import KINDS, check_kinds, rank_scores, scale_of_kind
from analysis.measures.inequality.subgroups import Columns, Subgroups, read_subgroups
from analysis.measures.shared import notes
from analysis.measures.shared.checks import FloatArray, check_choice, normal_quantile
from analysis.measures.shared.estimate_rows import estimates_table
from analysis.measures.shared.levels import Levels, one_level, several_levels
from analysis.measures.surveys.precision import t_quantile

INTERVALS = {
    "groups": "delta method from the standard errors of the groups",
    "residual": "convenient regression, t interval from the scatter of the groups",
}


def _scores(kind: str, groups: Subgroups, weighting: float) -> FloatArray:
    score = rank_scores(kind, groups.mid_ranks, weighting)[0]
    return np.asarray(score - float(groups.shares @ score))


def _residual_errors(groups: Subgroups, score: FloatArray) -> FloatArray:
    """Standard errors of the groups that fit the scatter around the line of value on score."""
    shares, deviation = groups.shares, groups.health - groups.mean
    slope = float(shares @ (score * deviation) / (shares @ score**2))
    variance = float(shares @ (deviation - slope * score) ** 2) / (len(shares) - 2)
    return np.asarray(np.sqrt(variance / shares))


def _row(
    groups: Subgroups, kind: str, limits: tuple[float, float], weighting: float, interval: str | None, level: float
) -> dict[str, Any]:
    score, shares, mean = _scores(kind, groups, weighting), groups.shares, groups.mean
    covariance = float(shares @ (groups.health * score))
    factor, change = scale_of_kind(kind, mean, limits)
    way = interval or ("groups" if groups.errors is not None else "residual")
    row: dict[str, Any] = {
        "groups": len(shares),
        "mean": mean,
        "measure": KINDS[kind],
        "unit": "index",
        "method": f"covariance with mid-ranks of groups, {INTERVALS[way]}",
        "estimate": covariance * factor,
    }
    empty = dict.fromkeys(("standard_error", "lower", "upper"), np.nan)
    if not np.isfinite(factor):
        return row | empty | {"note": notes.INDEX_UNDEFINED}
    if way == "groups" and groups.errors is None:
        raise MethodError('The groups have no standard errors. Add `standard_error`, or choose interval="residual".')
    pull, quantile, note = factor * shares * score, normal_quantile(level), ""
    if way == "groups" and groups.errors is not None:
        error = float(np.linalg.norm((pull + covariance * change * shares) * groups.errors))
    elif len(shares) < 3:
        return row | empty | {"note": notes.NO_GROUP_INTERVALS}
    else:
        error, freedom = float(np.linalg.norm(pull * _residual_errors(groups, score))), len(shares) - 2
        quantile, note = t_quantile(level, freedom), notes.RESIDUAL_INTERVAL if freedom < 10 else ""
    estimate = covariance * factor
    limits_of_row = {"lower": estimate - quantile * error, "upper": estimate + quantile * error}
    return row | {"standard_error": error, "note": note} | limits_of_row


@several_levels
def group_concentration_indices(
    table: pd.DataFrame,
    *,
    position: str,
    kinds: str | Sequence[str] = ("standard", "absolute"),
    value: str = "estimate",
    population: str | None = "population",
    limits: tuple[float, float] = (0.0, 1.0),
    weighting: float = 2.0,
    by: str | Sequence[str] = (),
    level: Levels = 0.95,
    interval: str | None = None,
) -> pd.DataFrame:
    """How far health is concentrated among the better-off groups.

    Parameters
    ----------
    table
        One row per group: `position`, `value`, `population`, and when known the `standard_error` of the value, or
        `lower`, `upper` and `level`.
    position
        Column that orders the groups from worst-off to best-off: numbers or an ordered categorical.
    kinds
        One or more of ``standard`` (relative), ``absolute`` (generalised), ``modified``, ``wagstaff``, ``erreygers``,
        ``extended`` and ``symmetric``; see `concentration_indices`.
    value
        Column with the value of each group.
    population
        Column with the number of persons in each group; None when all count alike.
    limits
        Smallest and largest possible value, for ``modified`` (the first), ``wagstaff`` and ``erreygers`` (both): 0 and
        1 for proportions, 0 and 100 for percentages.
    weighting
        Parameter of the extended and the symmetric index, above 1.
    by
        Columns that define populations; none gives one.
    level
        Coverage of the interval, between 0 and 1, or several.
    interval
        ``groups``: from the standard errors of the groups. ``residual``: from the scatter around the line of the
        convenient regression, mean taken as known. When not given: ``groups`` if the standard errors are there.

    Returns
    -------
    pandas.DataFrame
        One row per population and kind: `groups`, `mean`, `standard_error` and the estimate columns.

    Raises
    ------
    DataError
        When a column is missing, a value lies outside the limits, a population is impossible or a group occurs twice.
    MethodError
        When an option is unknown, or there is one group.

    Notes
    -----
    Interpretation: above 0 the better-off have more of it. Grouping hides inequality within groups, so this is a lower
    limit of the index between persons. Shares are taken as known.

    References
    ----------
    Kakwani N, Wagstaff A, van Doorslaer E. J Econom 1997;77:87-103.
    Erreygers G. Correcting the concentration index. J Health Econ 2009;28:504-515.

    Examples
    --------
    >>> fifths = pd.DataFrame({"quintile": [1, 2, 3, 4, 5], "estimate": [0.10, 0.15, 0.20, 0.25, 0.30]})
    >>> group_concentration_indices(fifths, position="quintile", population=None)["estimate"].round(3).tolist()
    [0.2, 0.04]
    """
    size = one_level(level)
    if interval is not None:
        check_choice(interval, INTERVALS, option="interval")
    columns = Columns(value=value, population=population, position=position, by=by)
    rows: list[dict[str, Any]] = []
    for groups in read_subgroups(table, columns):
        groups.need(2, "a concentration index")
        names = check_kinds(kinds, limits, pd.Series(groups.health, index=groups.labels, name=value))
        rows += [groups.names | _row(groups, kind, limits, weighting, interval, size) for kind in names]
    return estimates_table(rows, size)
