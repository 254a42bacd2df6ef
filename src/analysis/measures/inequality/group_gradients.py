"""Slope and relative index of inequality on data of groups: linear, logistic, log-binomial and Poisson."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.errors import DataError, MethodError
from analysis.measures.inequality.gradients import LINK_WORDS
from analysis.measures.inequality.options import check_above
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
    "residual": "from the scatter of the groups around the line, t interval",
}
DEFINITIONS = {"extremes": "rii", "mean": "rii_mean"}
"""Definition of the relative index, with its name in the column `measure`."""
NOTHING = dict.fromkeys(("estimate", "standard_error", "lower", "upper"), np.nan)


@dataclass(frozen=True)
class Model:
    """How the ladder is fitted and read.

    Attributes
    ----------
    link
        ``linear``, ``logit``, ``log`` or ``poisson``.
    interval
        Where the interval comes from, one of `INTERVALS`.
    scale
        What a whole is in the unit of the values.
    definition
        Definition of the relative index, one of `DEFINITIONS`.
    """

    link: str
    interval: str
    scale: float
    definition: str


def _covariance(groups: Subgroups, fit: WeightedFit, columns: FloatArray, model: Model) -> FloatArray:
    """Covariance of intercept and slope."""
    weights, freedom = groups.sizes, len(groups.sizes) - 2
    if model.interval == "model":
        return fit.bread
    if model.interval == "residual":
        return np.asarray(fit.bread * float(weights @ fit.residuals**2) / freedom)
    if model.interval == "robust":
        parts = fit.contributions(columns, weights)
        return np.asarray(parts.T @ parts * len(weights) / freedom)
    if groups.errors is None:
        raise MethodError('The groups have no standard errors. Add `standard_error`, or choose interval="robust".')
    # The coefficients solve a score equation in which every value enters once: their derivatives follow from it.
    try:
        observed = np.linalg.inv(columns.T @ (columns * (weights * fit.curvature)[:, None]))
    except np.linalg.LinAlgError:
        raise MethodError(
            f"With link {model.link!r} the groups hold too little to carry their standard errors through: almost all "
            'have nobody or everybody. Choose link="linear", or interval="robust".'
        ) from None
    entry = 1 / (1 - fit.means) if model.link == "log" else np.ones(len(weights))
    derivative = columns * (weights * entry * groups.errors / model.scale)[:, None] @ observed
    return np.asarray(derivative.T @ derivative)


def _rows(groups: Subgroups, model: Model, level: float) -> list[dict[str, Any]]:
    """Slope and relative index with their intervals."""
    edges = {"logit": (0.0, model.scale), "log": (0.0, model.scale), "poisson": (0.0,)}.get(model.link, ())
    if groups.health.min() == groups.health.max() and groups.health[0] in edges:
        return _flat_rows(groups, model)
    columns = np.column_stack([np.ones(len(groups.health)), groups.mid_ranks])
    fit = weighted_regression(groups.health / model.scale, columns, groups.sizes, link=model.link)
    covariance = _covariance(groups, fit, columns, model)
    rule = LINKS[model.link]
    ends = rule.mean(np.array([fit.coefficients[0], fit.coefficients.sum()]))
    slopes = rule.slope(ends)
    gradients = np.array([[slopes[0], 0.0], [slopes[1], slopes[1]]])
    scatter = model.interval in ("robust", "residual")
    quantile = t_quantile(level, len(groups.health) - 2) if scatter else normal_quantile(level)
    note = notes.RESIDUAL_INTERVAL if scatter and len(groups.health) < 12 else ""
    shared = groups.names | {
        "groups": len(groups.health),
        "mean": groups.mean,
        "foot": model.scale * ends[0],
        "top": model.scale * ends[1],
        "method": f"{LINK_WORDS[model.link]} on mid-ranks of groups, {INTERVALS[model.interval]}",
    }
    slope, change = float(ends[1] - ends[0]), gradients[1] - gradients[0]
    error, estimate = model.scale * _size(change, covariance), model.scale * slope
    limits = {"estimate": estimate, "lower": estimate - quantile * error, "upper": estimate + quantile * error}
    rows = [{"measure": "sii", "unit": groups.unit, "standard_error": error, "note": note} | limits]
    if model.definition == "mean":
        middle = float(groups.shares @ fit.means)
        centre = groups.shares @ (rule.slope(fit.means)[:, None] * columns)
        relative = change / middle - slope / middle**2 * centre if middle > 0 else change
        rows.append(_over_mean(slope, middle, _size(relative, covariance), quantile, note))
    else:
        rows.append(_over_foot(ends, gradients, covariance, quantile, note))
    return [shared | row for row in rows]


def _size(gradient: FloatArray, covariance: FloatArray) -> float:
    """Standard error of a function of the coefficients."""
    return float(np.sqrt(max(float(gradient @ covariance @ gradient), 0.0)))


def _over_mean(slope: float, mean: float, error: float, quantile: float, note: str) -> dict[str, Any]:
    words = {"measure": "rii_mean", "unit": "ratio"}
    if mean <= 0:
        return words | NOTHING | {"note": notes.RELATIVE_TO_ZERO}
    ratio = slope / mean
    limits = {"estimate": ratio, "lower": ratio - quantile * error, "upper": ratio + quantile * error}
    return words | limits | {"standard_error": error, "note": note}


def _over_foot(
    ends: FloatArray, gradients: FloatArray, covariance: FloatArray, quantile: float, note: str
) -> dict[str, Any]:
    words = {"measure": "rii", "unit": "ratio"}
    if ends.min() <= 0:
        return words | NOTHING | {"note": notes.LINE_BELOW_ZERO}
    error, ratio = _size(gradients[1] / ends[1] - gradients[0] / ends[0], covariance), float(ends[1] / ends[0])
    with np.errstate(over="ignore"):  # standard errors many times the values: from 0 to infinity
        factor = float(np.exp(quantile * error))
    limits = {"estimate": ratio, "standard_error": ratio * error, "lower": ratio / factor, "upper": ratio * factor}
    return words | limits | {"note": note}


def _flat_rows(groups: Subgroups, model: Model) -> list[dict[str, Any]]:
    """Nobody or everybody in all groups: no difference, and no regression to find it with."""
    value = float(groups.health[0])
    shared = groups.names | {"groups": len(groups.health), "mean": value, "foot": value, "top": value}
    shared |= {"method": f"{LINK_WORDS[model.link]} on mid-ranks of groups", "note": notes.NOTHING_VARIES}
    equality = 0.0 if model.definition == "mean" else 1.0
    ratio = equality if value == model.scale else np.nan
    rows = [("sii", groups.unit, 0.0), (DEFINITIONS[model.definition], "ratio", ratio)]
    return [shared | NOTHING | {"measure": name, "unit": unit, "estimate": found} for name, unit, found in rows]


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
    definition: str = "extremes",
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
        of groups minus 2. ``residual`` (``linear`` only): from that scatter when it is alike for all but for their
        sizes, as least squares has it. When not given: ``groups`` if the standard errors are there, otherwise
        ``robust``.
    definition
        Relative index: ``extremes``, top over foot (Kunst and Mackenbach, 1 is equality), or ``mean``, the slope over
        the fitted mean (Pamuk, 0 is equality; it also exists when the line is not above zero at an end).

    Returns
    -------
    pandas.DataFrame
        Two rows per population, `measure` "sii" (top minus foot, in the `unit` of the values when the table says it)
        and "rii" (top over foot) or "rii_mean": `groups`, `mean`, `foot`, `top` (fitted), `standard_error` on the scale
        of the estimate, and the estimate columns. The interval of the ratio runs from 0 to infinity when the standard
        errors are many times the values. A line that is not above zero at both ends gives no ratio, with a
        `note`.

    Raises
    ------
    DataError
        When a column is missing, a value does not suit the link, a population is impossible or a group occurs twice.
    MethodError
        When an option is unknown, there are fewer than three groups, or the fit runs to infinity.

    Notes
    -----
    Interpretation: an SII of 28 means 28 more at the very top of the ladder than at its very foot; an RII of 0.5, half
    as much. Papers on disease often print the inverse, foot over top. The slope of a straight line is that of least
    squares on the mid-ranks. Another division into groups gives another result. Not for groups without an order.
    The population enters once, as the number of trials of a binomial or as the weight of a group: counts that are
    weighted by the population once more would give a group of twice the size four times the influence. The same data
    as one row per person give the same indices.

    References
    ----------
    Pamuk ER. Social class inequality in mortality from 1921 to 1972 in England and Wales. Popul Stud 1985;39:17-31.
    Mackenbach JP, Kunst AE. Measuring the magnitude of socio-economic inequalities in health: an overview of available
    measures illustrated with two examples from Europe. Soc Sci Med 1997;44:757-771.
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
    check_choice(definition, DEFINITIONS, option="definition")
    if interval is not None:
        check_choice(interval, INTERVALS, option="interval")
    if (link, interval) == ("linear", "model"):
        raise MethodError('A straight line has no likelihood of counts. Choose interval="groups" or "robust".')
    if interval == "residual" and link != "linear":
        raise MethodError('Scatter alike for all groups belongs to link="linear". Choose interval="robust".')
    scale = check_above(scale, option="scale", above=0, advice="Give 1 for proportions, 100 for percentages.")
    columns = Columns(value=value, population=population, position=position, by=by)
    rows: list[dict[str, Any]] = []
    for groups in read_subgroups(table, columns, minimum=None if link == "linear" else 0):
        groups.need(3, "a slope", "Check whether `by` cuts too finely; two groups compare with `gaps_between_groups`.")
        if link in ("logit", "log") and groups.health.max() > scale:
            count = int((groups.health > scale).sum())
            raise DataError(
                f"Column `{value}` has {count} values above {scale:g} among {len(groups.health)} groups, the "
                f'largest is {groups.health.max():g}. For percentages give scale=100; for rates take link="poisson".'
            )
        way = interval or ("groups" if groups.errors is not None else "robust")
        rows += _rows(groups, Model(link, way, scale, definition), size)
    return estimates_table(rows, size)
