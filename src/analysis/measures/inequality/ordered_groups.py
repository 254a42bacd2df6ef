"""Inequality over groups ordered from worst-off to best-off: gaps, slope and relative index, concentration index."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import norm, t

from analysis.errors import DataError, MethodError
from analysis.estimates import with_estimates
from analysis.measures.shared import notes
from analysis.measures.shared.checks import (
    FloatArray,
    check_choice,
    check_values,
    column_names,
    numbers_as_numbers,
    require_columns,
    require_complete,
    require_no_more_than,
    require_numbers,
)
from analysis.measures.shared.levels import PRINTED_LEVEL, Levels, one_level, several_levels
from analysis.measures.shared.ratios import divide


def mid_ranks(weights: ArrayLike) -> FloatArray:
    """Position of each group in the population, from 0 (worst-off) to 1 (best-off): the middle of its share.

    Parameters
    ----------
    weights
        Sizes of the groups, ordered from worst-off to best-off, above 0; persons or shares.

    Returns
    -------
    numpy.ndarray
        Ranks between 0 and 1 (ridits); their weighted mean is 0.5.

    Raises
    ------
    DataError
        When a weight is missing or not above 0.

    References
    ----------
    Bross IDJ. How to use ridit analysis. Biometrics 1958;14:18-38.

    Examples
    --------
    >>> mid_ranks([1, 1, 2]).tolist()
    [0.125, 0.375, 0.75]
    """
    shares = check_values(weights, what="The weight of the groups", above=0)
    shares = shares / shares.sum()
    return np.asarray(np.cumsum(shares) - shares / 2)


@dataclass(frozen=True)
class _Groups:
    """The groups of one population in order, with shares that add up to 1 and mid-ranks."""

    health: FloatArray
    shares: FloatArray
    ranks: FloatArray
    errors: FloatArray | None

    @property
    def mean(self) -> float:
        return float(self.shares @ self.health)

    @property
    def slope_weights(self) -> FloatArray:
        """What each value contributes to the least squares slope: the slope is linear in the values."""
        centred = self.shares * (self.ranks - 0.5)
        return np.asarray(centred / (centred @ (self.ranks - 0.5)))

    def interval_parts(self, level: float) -> tuple[FloatArray, float, str, str]:
        """Standard errors of the values, quantile, words for the method, and note."""
        if self.errors is not None:
            return self.errors, float(norm.ppf((1 + level) / 2)), "propagated from the groups' intervals", ""
        self.need(3, "an interval from the scatter around the line", "Give `lower` and `upper` for each group.")
        fitted = self.mean + (self.slope_weights @ self.health) * (self.ranks - 0.5)
        freedom = len(self.health) - 2
        variance = float(self.shares @ (self.health - fitted) ** 2) / freedom
        errors = np.sqrt(variance / self.shares)
        note = notes.RESIDUAL_INTERVAL if freedom < 10 else ""
        return errors, float(t.ppf((1 + level) / 2, freedom)), "from regression residuals (t)", note

    def need(self, count: int, purpose: str, remedy: str = "Check whether `by` cuts too finely.") -> None:
        if len(self.health) < count:
            raise MethodError(
                f"A population has {len(self.health)} groups, and {purpose} needs at least {count}. {remedy}"
            )


def _check_order(table: pd.DataFrame, position: str) -> None:
    column = table[position]
    ordered = isinstance(column.dtype, pd.CategoricalDtype) and column.dtype.ordered
    if not (ordered or pd.api.types.is_numeric_dtype(column)):
        raise DataError(
            f"Column `{position}` has no order from worst-off to best-off (its first value is {column.iloc[0]!r}). "
            "Give numbers, or `pd.Categorical(..., categories=[worst, ..., best], ordered=True)`."
        )


def _errors_of_groups(table: pd.DataFrame, value: str) -> tuple[pd.DataFrame, bool]:
    """Add `_error` from lower and upper limits, when every group has both; without a column `level` they are 95%."""
    limits = [column for column in ("lower", "upper") if column in table]
    if not limits or table[limits].isna().all(axis=None):
        return table, False
    checked = require_numbers(table, ["lower", "upper"])
    require_no_more_than(checked, "lower", value)
    require_no_more_than(checked, value, "upper")
    levels = (
        require_numbers(checked, ["level"], above=0, maximum=1 - 1e-9)["level"] if "level" in checked else PRINTED_LEVEL
    )
    return checked.assign(_error=(checked["upper"] - checked["lower"]) / (2 * norm.ppf((1 + levels) / 2))), True


def _populations(
    table: pd.DataFrame,
    *,
    position: str,
    value: str,
    weight: str | None,
    by: str | Sequence[str],
    minimum: float | None = None,
) -> list[tuple[dict[str, Any], _Groups]]:
    """Check the table and cut it into populations, each with its groups in order."""
    keys = column_names(by)
    require_columns(table, [*keys, position, value])
    table = table.assign(**{position: numbers_as_numbers(table[[position]])[position]})
    checked = require_numbers(table, [value], minimum=minimum)
    require_complete(checked, [position])
    _check_order(checked, position)
    twice = checked.duplicated([*keys, position]).to_numpy()
    if twice.any():
        first = checked.iloc[int(np.flatnonzero(twice)[0])]
        raise DataError(
            f"Column `{position}` repeats a group in {int(twice.sum())} rows, the first is row {first.name} "
            f"({first[position]}). Name the columns that tell populations apart in `by`, or add the rows up beforehand."
        )
    checked, has_errors = _errors_of_groups(checked, value)
    checked = checked.assign(_weight=1.0) if weight is None else require_numbers(checked, [weight], above=0)
    weights = "_weight" if weight is None else weight
    grouped = checked.groupby(keys, dropna=False, observed=True) if keys else [((), checked)]
    populations = []
    for names, rows in grouped:
        ordered = rows.sort_values(position)
        sizes = ordered[weights].to_numpy(dtype=float)
        groups = _Groups(
            health=ordered[value].to_numpy(dtype=float),
            shares=sizes / sizes.sum(),
            ranks=mid_ranks(sizes),
            errors=ordered["_error"].to_numpy(dtype=float) if has_errors else None,
        )
        populations.append((dict(zip(keys, names, strict=True)), groups))
    return populations


def _unit_of(table: pd.DataFrame) -> str:
    units = table["unit"].dropna().unique().tolist() if "unit" in table else []
    return str(units[0]) if len(units) == 1 else "unit of the values"


def _table(rows: list[dict[str, Any]], *, measure: str, level: float, unit: str) -> pd.DataFrame:
    """Results of the populations as one table; ways of making an interval can differ between them."""
    results = pd.DataFrame(rows)
    words = results["method"].tolist()
    shown = with_estimates(
        results.drop(columns=["estimate", "lower", "upper", "method", "note"]),
        measure=measure,
        estimate=results["estimate"],
        lower=results["lower"],
        upper=results["upper"],
        level=level,
        unit=unit,
        method="",
        note=results["note"].tolist(),
    )
    return shown.assign(method=words)


@several_levels
def difference_between_extremes(
    table: pd.DataFrame,
    *,
    position: str,
    value: str = "estimate",
    by: str | Sequence[str] = (),
    level: Levels = 0.95,
) -> pd.DataFrame:
    """Value of the best-off group minus that of the worst-off group.

    Parameters
    ----------
    table
        One row per group: `position`, `value`, and when known `lower`, `upper` and `level` of the value's interval.
    position
        Column that orders the groups from worst-off to best-off: numbers or an ordered categorical.
    value
        Column with the value of each group.
    by
        Columns that define populations; none gives one.
    level
        Coverage of the interval, between 0 and 1, or several. The groups' own intervals are read at their column
        `level`, or as 95 percent when there is none.

    Returns
    -------
    pandas.DataFrame
        One row per population: `groups`, `worst_off`, `best_off` (their values) and the estimate columns, with
        `measure` "difference_between_extremes". Without intervals of the groups there is none here, and a `note`.

    Raises
    ------
    DataError
        When a column is missing, values are impossible, positions have no order or repeat.
    MethodError
        When there are fewer than two groups.

    Notes
    -----
    Interpretation: 9.7 means that the best-off live 9.7 years longer. Easy to explain. It ignores the groups between
    and the sizes of the groups, so do not compare it between countries or years with another division.

    References
    ----------
    Mackenbach JP, Kunst AE. Measuring the magnitude of socio-economic inequalities in health: an overview of available
    measures illustrated with two examples from Europe. Soc Sci Med 1997;44:757-771.

    Examples
    --------
    >>> quintiles = pd.DataFrame({"quintile": [1, 2, 3, 4, 5], "estimate": [73.5, 77.8, 80.5, 82.0, 83.2]})
    >>> round(float(difference_between_extremes(quintiles, position="quintile").loc[0, "estimate"]), 1)
    9.7
    """
    size = one_level(level)
    rows = []
    for names, groups in _populations(table, position=position, value=value, weight=None, by=by):
        groups.need(2, "a difference")
        worst, best = float(groups.health[0]), float(groups.health[-1])
        half, note = np.nan, notes.NO_GROUP_INTERVALS
        if groups.errors is not None:
            half, note = norm.ppf((1 + size) / 2) * np.hypot(groups.errors[0], groups.errors[-1]), ""
        rows.append(
            names
            | {"groups": len(groups.health), "worst_off": worst, "best_off": best}
            | {"estimate": best - worst, "lower": best - worst - half, "upper": best - worst + half}
            | {"method": "independent normal values", "note": note}
        )
    return _table(rows, measure="difference_between_extremes", level=size, unit=_unit_of(table))


@several_levels
def ratio_between_extremes(
    table: pd.DataFrame,
    *,
    position: str,
    value: str = "estimate",
    by: str | Sequence[str] = (),
    level: Levels = 0.95,
) -> pd.DataFrame:
    """Value of the best-off group over that of the worst-off group.

    Parameters
    ----------
    table
        One row per group: `position`, `value` (0 or more), and when known `lower`, `upper` and `level` of its interval.
    position
        Column that orders the groups from worst-off to best-off: numbers or an ordered categorical.
    value
        Column with the value of each group.
    by
        Columns that define populations; none gives one.
    level
        Coverage of the interval, between 0 and 1, or several. The groups' own intervals are read at their column
        `level`, or as 95 percent when there is none.

    Returns
    -------
    pandas.DataFrame
        One row per population: `groups`, `worst_off`, `best_off` (their values) and the estimate columns, with
        `measure` "ratio_between_extremes". Without intervals of the groups there is none here, and a `note`.

    Raises
    ------
    DataError
        When a column is missing, values are impossible, positions have no order or repeat.
    MethodError
        When there are fewer than two groups.

    Notes
    -----
    Interpretation: 0.5 means that the best-off have half of what the worst-off have. Use it for rates of disease or
    death. Not for life expectancy, where ratios are always close to 1 and say little.

    References
    ----------
    Mackenbach JP, Kunst AE. Measuring the magnitude of socio-economic inequalities in health: an overview of available
    measures illustrated with two examples from Europe. Soc Sci Med 1997;44:757-771.

    Examples
    --------
    >>> smoking = pd.DataFrame({"quintile": [1, 2, 3], "estimate": [0.30, 0.20, 0.15]})
    >>> float(ratio_between_extremes(smoking, position="quintile").loc[0, "estimate"])
    0.5
    """
    size = one_level(level)
    rows = []
    for names, groups in _populations(table, position=position, value=value, weight=None, by=by, minimum=0):
        groups.need(2, "a ratio")
        worst, best = float(groups.health[0]), float(groups.health[-1])
        positive, ratio = worst > 0 and best > 0, float(divide(best, worst))
        factor, note = np.nan, "" if positive else notes.DEGENERATE_LIMIT
        if groups.errors is None:
            note = notes.combine_notes(note, notes.NO_GROUP_INTERVALS)
        elif positive:
            factor = np.exp(norm.ppf((1 + size) / 2) * np.hypot(groups.errors[0] / worst, groups.errors[-1] / best))
        rows.append(
            names
            | {"groups": len(groups.health), "worst_off": worst, "best_off": best}
            | {"estimate": ratio, "lower": ratio / factor, "upper": ratio * factor}
            | {"method": "independent normal logarithms (delta)", "note": note}
        )
    return _table(rows, measure="ratio_between_extremes", level=size, unit="ratio")


@several_levels
def slope_index_of_inequality(
    table: pd.DataFrame,
    *,
    position: str,
    value: str = "estimate",
    weight: str | None = None,
    by: str | Sequence[str] = (),
    level: Levels = 0.95,
) -> pd.DataFrame:
    """Difference between the very best-off and the very worst-off on the line through all groups.

    Parameters
    ----------
    table
        One row per group: `position`, `value`, `weight`, and when known `lower`, `upper` and `level` of the value's
        interval.
    position
        Column that orders the groups from worst-off to best-off: numbers or an ordered categorical.
    value
        Column with the value of each group.
    weight
        Column with the size of each group, above 0; equal sizes when not given.
    by
        Columns that define populations; none gives one.
    level
        Coverage of the interval, between 0 and 1, or several. The groups' own intervals are read at their column
        `level`, or as 95 percent when there is none.

    Returns
    -------
    pandas.DataFrame
        One row per population: `groups`, `mean` (weighted) and the estimate columns, with `measure` "sii" in the unit
        of the values. `method` says where the interval comes from.

    Raises
    ------
    DataError
        When a column is missing, values or weights are impossible, positions have no order or repeat.
    MethodError
        When there are fewer than three groups.

    Notes
    -----
    Interpretation: 28 means that good health lasts 28 years longer at the top of the ladder than at its foot. The
    slope is that of weighted least squares of the values on the mid-ranks of the groups; it is a weighted sum of the
    values. With `lower` and `upper` for each group the interval follows from those, as independent normal errors;
    it then holds for these groups and says nothing about whether a line fits. Without them it comes from the scatter
    around the line and is wide.
    Use it when groups have an order. Do not use it for groups without one (regions, countries of birth), or when the
    relation is far from a line; look at a plot first. The result changes with the division into groups.

    References
    ----------
    Pamuk ER. Social class inequality in mortality from 1921 to 1972 in England and Wales. Popul Stud 1985;39:17-31.
    Mackenbach JP, Kunst AE. Measuring the magnitude of socio-economic inequalities in health: an overview of available
    measures illustrated with two examples from Europe. Soc Sci Med 1997;44:757-771.

    Examples
    --------
    >>> quintiles = pd.DataFrame({"quintile": [1, 2, 3, 4, 5], "estimate": [73.5, 77.8, 80.5, 82.0, 83.2]})
    >>> round(float(slope_index_of_inequality(quintiles, position="quintile").loc[0, "estimate"]), 2)
    11.8
    """
    size = one_level(level)
    rows = []
    for names, groups in _populations(table, position=position, value=value, weight=weight, by=by):
        groups.need(3, "a slope", "For two groups use `difference_between_extremes` or `ratio_between_extremes`.")
        errors, quantile, words, note = groups.interval_parts(size)
        slope = float(groups.slope_weights @ groups.health)
        half = quantile * float(np.linalg.norm(groups.slope_weights * errors))
        rows.append(
            names
            | {"groups": len(groups.health), "mean": groups.mean}
            | {"estimate": slope, "lower": slope - half, "upper": slope + half}
            | {"method": f"weighted least squares on mid-ranks, interval {words}", "note": note}
        )
    return _table(rows, measure="sii", level=size, unit=_unit_of(table))


def _relative_index(groups: _Groups, definition: str, level: float) -> dict[str, Any]:
    errors, quantile, words, note = groups.interval_parts(level)
    slope, mean = float(groups.slope_weights @ groups.health), groups.mean
    if definition == "mean":
        if mean <= 0:
            raise MethodError("The mean of the groups is zero, so nothing can be relative to it. Use the slope index.")
        estimate = slope / mean
        gradient = groups.slope_weights / mean - slope * groups.shares / mean**2
        half = quantile * float(np.linalg.norm(gradient * errors))
        limits = {"estimate": estimate, "lower": estimate - half, "upper": estimate + half}
        words = f"slope over mean (Pamuk), interval {words}, delta method"
    else:
        foot, top = mean - slope / 2, mean + slope / 2
        if min(foot, top) <= 0:
            raise MethodError(
                f"The line through the groups is {foot:.4g} at the foot and {top:.4g} at the top, and a ratio needs "
                'both above zero. Use definition="mean", or the slope index.'
            )
        at_top = (groups.shares + groups.slope_weights / 2) / top
        at_foot = (groups.shares - groups.slope_weights / 2) / foot
        factor = np.exp(quantile * np.linalg.norm((at_top - at_foot) * errors))
        limits = {"estimate": top / foot, "lower": top / foot / factor, "upper": top / foot * factor}
        words = f"fitted top over fitted foot (Kunst-Mackenbach), interval {words}, delta method on the log scale"
    return {"groups": len(groups.health), "mean": mean, "sii": slope, **limits, "method": words, "note": note}


@several_levels
def relative_index_of_inequality(
    table: pd.DataFrame,
    *,
    position: str,
    value: str = "estimate",
    weight: str | None = None,
    by: str | Sequence[str] = (),
    level: Levels = 0.95,
    definition: str = "extremes",
) -> pd.DataFrame:
    """Inequality over the whole ladder in relative terms.

    Parameters
    ----------
    table
        One row per group: `position`, `value` (0 or more), `weight`, and when known `lower`, `upper` and `level` of
        the value's interval.
    position
        Column that orders the groups from worst-off to best-off: numbers or an ordered categorical.
    value
        Column with the value of each group.
    weight
        Column with the size of each group, above 0; equal sizes when not given.
    by
        Columns that define populations; none gives one.
    level
        Coverage of the interval, between 0 and 1, or several. The groups' own intervals are read at their column
        `level`, or as 95 percent when there is none.
    definition
        ``extremes``: the line at the top over the line at the foot (Kunst and Mackenbach, 1 is equality).
        ``mean``: the slope index over the mean (Pamuk, 0 is equality).

    Returns
    -------
    pandas.DataFrame
        One row per population: `groups`, `mean`, `sii` and the estimate columns, with `measure` "rii" (extremes) or
        "rii_mean".

    Raises
    ------
    DataError
        When a column is missing, values or weights are impossible, positions have no order or repeat.
    MethodError
        When the definition is unknown, there are fewer than three groups, or the line is not above zero at an end.

    Notes
    -----
    Interpretation: 0.5 by ``extremes`` means that the very best-off have half the rate of the very worst-off; papers
    that divide the worst by the best print its inverse. Two definitions share the name, so `method` names the one used.
    A relative index can rise while everyone's health improves and the slope index falls: show both.

    References
    ----------
    Kunst AE, Mackenbach JP. Measuring socioeconomic inequalities in health. Copenhagen: WHO, 1995.
    Pamuk ER. Social class inequality in mortality from 1921 to 1972 in England and Wales. Popul Stud 1985;39:17-31.

    Examples
    --------
    >>> smoking = pd.DataFrame({"quintile": [1, 2, 3, 4], "estimate": [0.35, 0.25, 0.20, 0.10]})
    >>> result = relative_index_of_inequality(smoking, position="quintile")
    >>> round(float(result.loc[0, "estimate"]), 3)
    0.169
    """
    check_choice(definition, ("extremes", "mean"), option="definition")
    size = one_level(level)
    rows = []
    for names, groups in _populations(table, position=position, value=value, weight=weight, by=by, minimum=0):
        groups.need(3, "a slope", "For two groups use `difference_between_extremes` or `ratio_between_extremes`.")
        rows.append(names | _relative_index(groups, definition, size))
    return _table(rows, measure="rii" if definition == "extremes" else "rii_mean", level=size, unit="ratio")


@several_levels
def concentration_index(
    table: pd.DataFrame,
    *,
    position: str,
    value: str = "estimate",
    weight: str | None = None,
    by: str | Sequence[str] = (),
    level: Levels = 0.95,
) -> pd.DataFrame:
    """How far health is concentrated among the better-off, between -1 and 1.

    Parameters
    ----------
    table
        One row per group: `position`, `value` (0 or more), `weight`, and when known `lower`, `upper` and `level` of
        the value's interval.
    position
        Column that orders the groups from worst-off to best-off: numbers or an ordered categorical.
    value
        Column with the value of each group.
    weight
        Column with the size of each group, above 0; equal sizes when not given.
    by
        Columns that define populations; none gives one.
    level
        Coverage of the interval, between 0 and 1, or several. The groups' own intervals are read at their column
        `level`, or as 95 percent when there is none.

    Returns
    -------
    pandas.DataFrame
        One row per population: `groups`, `mean` and the estimate columns, with `measure` "concentration_index".

    Raises
    ------
    DataError
        When a column is missing, values or weights are impossible, positions have no order or repeat.
    MethodError
        When there are fewer than two groups (three without intervals of the groups), or the mean is zero.

    Notes
    -----
    Interpretation: above 0 the better-off have more of it, below 0 the worse-off. It is the sum of
    share * (2 rank - 1) * value / mean over the groups. With `lower` and `upper` for each group the interval follows
    from those by the delta method; without them it is that of the convenient regression, which takes the mean as known.
    Grouping hides inequality within groups, so the index is a lower limit of that between persons.
    For a proportion its range depends on the mean: do not compare populations with different prevalences by it.

    References
    ----------
    Kakwani N, Wagstaff A, van Doorslaer E. Socioeconomic inequalities in health: measurement, computation, and
    statistical inference. J Econom 1997;77:87-103.

    Examples
    --------
    >>> quintiles = pd.DataFrame({"quintile": [1, 2, 3, 4, 5], "estimate": [0.10, 0.15, 0.20, 0.25, 0.30]})
    >>> round(float(concentration_index(quintiles, position="quintile").loc[0, "estimate"]), 3)
    0.2
    """
    size = one_level(level)
    rows = []
    for names, groups in _populations(table, position=position, value=value, weight=weight, by=by, minimum=0):
        groups.need(2, "a concentration index")
        if groups.mean <= 0:
            raise MethodError(
                "The mean of the groups is zero, so no share of it can be concentrated. Leave this one out."
            )
        errors, quantile, words, note = groups.interval_parts(size)
        pull = groups.shares * (2 * groups.ranks - 1) / groups.mean
        index = float(pull @ groups.health)
        gradient = pull - index * groups.shares / groups.mean if groups.errors is not None else pull
        half = quantile * float(np.linalg.norm(gradient * errors))
        source = f"{words}, delta method" if groups.errors is not None else "of the convenient regression"
        rows.append(
            names
            | {"groups": len(groups.health), "mean": groups.mean}
            | {"estimate": index, "lower": index - half, "upper": index + half}
            | {"method": f"covariance with mid-ranks, interval {source}", "note": note}
        )
    return _table(rows, measure="concentration_index", level=size, unit="index")
