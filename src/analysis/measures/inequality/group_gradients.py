"""Slope and relative index of inequality on data of groups: linear, logistic, log-binomial and Poisson."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.errors import DataError, MethodError
from analysis.measures.inequality.gradients import LINK_WORDS
from analysis.measures.inequality.subgroups import Columns, Subgroups, read_subgroups
from analysis.measures.shared import notes
from analysis.measures.shared.checks import FloatArray, check_choice, normal_quantile
from analysis.measures.shared.estimate_rows import estimates_table
from analysis.measures.shared.levels import Levels, one_level, several_levels
from analysis.measures.shared.weighted_regression import LINKS, WeightedFit, weighted_regression
from analysis.measures.surveys.precision import t_quantile

INTERVALS = {
    "groups": "delta method from the standard errors of the groups",
    "model": "likelihood of the counts",
    "robust": "robust (HC1) from the scatter of the groups, t interval",
}


def _covariance(
    groups: Subgroups,
    fit: WeightedFit,
    columns: FloatArray,
    weights: FloatArray,
    interval: str,
    link: str,
    scale: float,
) -> FloatArray:
    """Covariance of intercept and slope."""
    if interval == "model":
        return fit.bread
    if interval == "robust":
        count = len(weights)
        parts = fit.contributions(columns, weights)
        return np.asarray(parts.T @ parts * count / (count - 2))
    if groups.errors is None:
        raise MethodError('The groups have no standard errors. Add `standard_error`, or choose interval="robust".')
    # The coefficients solve a score equation in which every value enters once: their derivatives follow from it.
    observed = np.linalg.inv(columns.T @ (columns * (weights * fit.curvature)[:, None]))
    entry = 1 / (1 - fit.means) if link == "log" else np.ones(len(weights))
    derivative = columns * (weights * entry * groups.errors / scale)[:, None] @ observed
    return np.asarray(derivative.T @ derivative)


def _fit(groups: Subgroups, link: str, scale: float) -> tuple[WeightedFit, FloatArray]:
    columns = np.column_stack([np.ones(len(groups.health)), groups.mid_ranks])
    return weighted_regression(groups.health / scale, columns, groups.sizes, link=link), columns


def _rows(groups: Subgroups, link: str, interval: str | None, scale: float, level: float) -> list[dict[str, Any]]:
    """Slope and relative index with their intervals."""
    way = interval or ("groups" if groups.errors is not None else "robust")
    if way == "model" and link == "linear":
        raise MethodError('A straight line has no likelihood of counts. Choose interval="groups" or "robust".')
    edges = {"logit": (0.0, scale), "log": (0.0, scale), "poisson": (0.0,)}.get(link, ())
    if groups.health.min() == groups.health.max() and groups.health[0] in edges:
        return _flat_rows(groups, link, scale)
    fit, columns = _fit(groups, link, scale)
    covariance = _covariance(groups, fit, columns, groups.sizes, way, link, scale)
    rule = LINKS[link]
    ends = rule.mean(np.array([fit.coefficients[0], fit.coefficients.sum()]))
    slopes = rule.slope(ends)
    gradients = np.array([[slopes[0], 0.0], [slopes[1], slopes[1]]])
    quantile = normal_quantile(level) if way != "robust" else t_quantile(level, len(groups.health) - 2)
    note = notes.RESIDUAL_INTERVAL if way == "robust" and len(groups.health) < 12 else ""
    difference = gradients[1] - gradients[0]
    error = scale * float(np.sqrt(max(difference @ covariance @ difference, 0.0)))
    shared = {
        "groups": len(groups.health),
        "mean": groups.mean,
        "foot": scale * ends[0],
        "top": scale * ends[1],
        "method": f"{LINK_WORDS[link]} on mid-ranks of groups, {INTERVALS[way]}",
    }
    slope = scale * float(ends[1] - ends[0])
    limits = {"lower": slope - quantile * error, "upper": slope + quantile * error, "note": note}
    rows = [{"measure": "sii", "unit": "unit of the values", "estimate": slope, "standard_error": error} | limits]
    rows.append(_ratio_row(ends, gradients, covariance, quantile, note))
    return [groups.names | shared | row for row in rows]


def _ratio_row(
    ends: FloatArray, gradients: FloatArray, covariance: FloatArray, quantile: float, note: str
) -> dict[str, Any]:
    words = {"measure": "rii", "unit": "ratio"}
    if ends.min() <= 0:
        empty = dict.fromkeys(("estimate", "standard_error", "lower", "upper"), np.nan)
        return words | empty | {"note": notes.LINE_BELOW_ZERO}
    logarithm = gradients[1] / ends[1] - gradients[0] / ends[0]
    error, ratio = float(np.sqrt(max(logarithm @ covariance @ logarithm, 0.0))), float(ends[1] / ends[0])
    factor = float(np.exp(quantile * error))
    limits = {"estimate": ratio, "standard_error": ratio * error, "lower": ratio / factor, "upper": ratio * factor}
    return words | limits | {"note": note}


def _flat_rows(groups: Subgroups, link: str, scale: float) -> list[dict[str, Any]]:
    """Nobody or everybody in all groups: no difference, and no regression to find it with."""
    value = float(groups.health[0])
    shared = {"groups": len(groups.health), "mean": value, "foot": value, "top": value}
    empty = dict.fromkeys(("standard_error", "lower", "upper"), np.nan)
    ratio = 1.0 if value == scale else np.nan
    rows = [("sii", "unit of the values", 0.0), ("rii", "ratio", ratio)]
    return [
        groups.names
        | shared
        | {"method": f"{LINK_WORDS[link]} on mid-ranks of groups", "measure": measure, "unit": unit}
        | empty
        | {"estimate": estimate, "note": notes.NOTHING_VARIES}
        for measure, unit, estimate in rows
    ]


@several_levels
def group_slope_and_relative_index(
    table: pd.DataFrame,
    *,
    position: str,
    link: str = "linear",
    value: str = "estimate",
    population: str | None = "population",
    scale: float = 1.0,
    by: str | Sequence[str] = (),
    level: Levels = 0.95,
    interval: str | None = None,
) -> pd.DataFrame:
    """Inequality over the whole ladder, absolute and relative, from groups.

    Parameters
    ----------
    table
        One row per group: `position`, `value`, `population`, and when known the `standard_error` of the value, or
        `lower`, `upper` and `level`.
    position
        Column that orders the groups from worst-off to best-off: numbers or an ordered categorical.
    link
        ``linear``: least squares weighted by population. ``logit``, ``log``: binomial likelihood of the numbers of
        persons with the property. ``poisson``: Poisson likelihood with a log link, for rates.
    value
        Column with the value of each group: any number (``linear``), 0 to `scale` (``logit``, ``log``), 0 or more
        (``poisson``).
    population
        Column with the number of persons (for rates person-years) in each group; None when all count alike.
    scale
        What a whole is in the unit of `value`: 1 for proportions, 100 for percentages. It is never guessed.
    by
        Columns that define populations; none gives one.
    level
        Coverage of the interval, between 0 and 1, or several.
    interval
        ``groups``: the standard errors of the groups carried through the fit. ``model``: the likelihood, when
        `population` counts the persons observed. ``robust``: from the scatter of the groups (HC1), by t with the number
        of groups minus 2. When not given: ``groups`` if the standard errors are there, otherwise ``robust``.

    Returns
    -------
    pandas.DataFrame
        Two rows per population, `measure` "sii" (top minus foot) and "rii" (top over foot): `groups`, `mean`, `foot`,
        `top` (fitted, in the unit of the values), `standard_error` on the scale of the estimate, and the estimate
        columns. A line that is not above zero at both ends gives no ratio, with a `note`.

    Raises
    ------
    DataError
        When a column is missing, a value does not suit the link, a population is impossible or a group occurs twice.
    MethodError
        When an option is unknown, there are fewer than three groups, or the fit runs to infinity.

    Notes
    -----
    Interpretation: as for persons, see `slope_and_relative_index`. The population enters once, as the number of trials
    of a binomial or as the weight of a group: counts that are weighted by the population once more would give a group
    of twice the size four times the influence. The same data as one row per person give the same indices.

    References
    ----------
    Mackenbach JP, Kunst AE. Soc Sci Med 1997;44:757-771.
    Moreno-Betancur M, et al. Relative index of inequality and slope index of inequality. Epidemiology 2015;26:518-527.
    MacKinnon JG, White H. Some heteroskedasticity-consistent covariance matrix estimators. J Econom 1985;29:305-325.

    Examples
    --------
    >>> births = pd.DataFrame({"quintile": [1, 2, 3], "estimate": [0.3, 0.5, 0.7], "population": [100, 100, 100]})
    >>> group_slope_and_relative_index(births, position="quintile")["estimate"].round(3).tolist()
    [0.6, 4.0]
    """
    size = one_level(level)
    check_choice(link, LINKS, option="link")
    if interval is not None:
        check_choice(interval, INTERVALS, option="interval")
    if not scale > 0:
        raise MethodError(f"The option `scale` is {scale}; it must be above 0: 1 for proportions, 100 for percentages.")
    columns = Columns(value=value, population=population, position=position, by=by)
    rows: list[dict[str, Any]] = []
    for groups in read_subgroups(table, columns, minimum=None if link == "linear" else 0):
        groups.need(3, "a slope")
        if link in ("logit", "log") and groups.health.max() > scale:
            count = int((groups.health > scale).sum())
            raise DataError(
                f"Column `{value}` has {count} values above {scale:g} among {len(groups.health)} groups, the "
                f'largest is {groups.health.max():g}. For percentages give scale=100; for rates take link="poisson".'
            )
        rows += _rows(groups, link, interval, scale, size)
    return estimates_table(rows, size)
