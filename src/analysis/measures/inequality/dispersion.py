"""Inequality between groups without an order: variance, entropy, mean differences and indices of disparity."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import xlogy

from analysis.errors import MethodError
from analysis.measures.inequality.options import check_choices
from analysis.measures.inequality.subgroups import UNIT_OF_VALUES, Columns, Subgroups, read_subgroups
from analysis.measures.shared import notes
from analysis.measures.shared.checks import FloatArray, check_choice, normal_quantile
from analysis.measures.shared.estimate_rows import estimates_table
from analysis.measures.shared.levels import Levels, one_level, several_levels
from analysis.measures.shared.simulation import draw_groups, simulated_interval

Statistic = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True)
class Dispersion:
    """One measure of dispersion between groups.

    Attributes
    ----------
    title
        What it is called.
    value
        From values, shares and the number of the group compared with: the measure, for any number of draws at once.
    gradient
        Its derivatives to the values of the groups.
    unit
        Unit of the measure.
    relative
        Whether it divides by the mean.
    compare
        What the groups are compared with: ``mean``, ``best`` or ``reference``.
    analytic
        Whether the literature gives an analytic standard error, which is then the default.
    """

    title: str
    value: Callable[[FloatArray, FloatArray, int], FloatArray]
    gradient: Callable[[FloatArray, FloatArray, int], FloatArray]
    unit: str
    relative: bool = False
    compare: str = "mean"
    analytic: bool = False


def _centred(values: FloatArray, shares: FloatArray) -> FloatArray:
    return np.asarray(values - (values @ shares)[..., None])


def _variance(values: FloatArray, shares: FloatArray, _: int) -> FloatArray:
    return np.asarray(_centred(values, shares) ** 2 @ shares)


def _variance_gradient(values: FloatArray, shares: FloatArray, _: int) -> FloatArray:
    return np.asarray(2 * shares * _centred(values, shares))


def _deviation(values: FloatArray, shares: FloatArray, _: int) -> FloatArray:
    return np.sqrt(_variance(values, shares, 0))


def _deviation_gradient(values: FloatArray, shares: FloatArray, _: int) -> FloatArray:
    size = float(_deviation(values, shares, 0))
    return _variance_gradient(values, shares, 0) / (2 * size) if size > 0 else np.full_like(values, np.nan)


def _mean_log_deviation(values: FloatArray, shares: FloatArray, _: int) -> FloatArray:
    positive = np.asarray((values > 0).all(axis=-1))
    safe = np.where(positive[..., None], values, 1.0)
    return np.where(positive, np.log(safe @ shares) - np.log(safe) @ shares, np.nan)


def _mean_log_deviation_gradient(values: FloatArray, shares: FloatArray, _: int) -> FloatArray:
    return np.asarray(shares * (1 / (values @ shares) - 1 / values))


def _theil(values: FloatArray, shares: FloatArray, _: int) -> FloatArray:
    possible = np.asarray((values >= 0).all(axis=-1) & (values @ shares > 0))
    safe = np.where(possible[..., None], values, 1.0)
    relative = safe / (safe @ shares)[..., None]
    return np.where(possible, xlogy(relative, relative) @ shares, np.nan)


def _theil_gradient(values: FloatArray, shares: FloatArray, _: int) -> FloatArray:
    mean = float(values @ shares)
    return np.asarray(shares / mean * (np.log(values / mean) - float(_theil(values, shares, 0))))


def _mean_difference(weighted: bool, compare: str) -> Dispersion:
    """Mean absolute difference of the groups from the mean, the best or the reference group."""

    def parts(values: FloatArray, shares: FloatArray, other: int) -> tuple[FloatArray, FloatArray]:
        counts = shares if weighted else np.full(len(shares), 1 / len(shares))
        centre = values @ shares if compare == "mean" else values[..., other]
        return np.asarray(values - centre[..., None]), counts

    def value(values: FloatArray, shares: FloatArray, other: int) -> FloatArray:
        distances, counts = parts(values, shares, other)
        return np.asarray(np.abs(distances) @ counts)

    def gradient(values: FloatArray, shares: FloatArray, other: int) -> FloatArray:
        distances, counts = parts(values, shares, other)
        pull = counts * np.sign(distances)
        centre = shares if compare == "mean" else (np.arange(len(shares)) == other).astype(float)
        return np.asarray(pull - centre * pull.sum())

    title = f"{'weighted ' if weighted else ''}mean difference from the {compare}"
    return Dispersion(title, value, gradient, UNIT_OF_VALUES, compare=compare)


def _over_mean(measure: Dispersion, title: str) -> Dispersion:
    """The same measure divided by the mean."""

    def value(values: FloatArray, shares: FloatArray, other: int) -> FloatArray:
        mean = values @ shares
        ratio = measure.value(values, shares, other) / np.where(mean > 0, mean, 1.0)
        return np.where(mean > 0, ratio, np.nan)

    def gradient(values: FloatArray, shares: FloatArray, other: int) -> FloatArray:
        mean, size = float(values @ shares), float(measure.value(values, shares, other))
        return np.asarray(measure.gradient(values, shares, other) / mean - size * shares / mean**2)

    return Dispersion(title, value, gradient, "ratio", relative=True)


_SPREAD = Dispersion("between-group standard deviation", _deviation, _deviation_gradient, UNIT_OF_VALUES)
_SQUARES = Dispersion(
    "between-group variance", _variance, _variance_gradient, f"squared {UNIT_OF_VALUES}", analytic=True
)
DISPERSIONS: dict[str, Dispersion] = {
    "bgv": _SQUARES,
    "bgsd": _SPREAD,
    "cov": _over_mean(_SPREAD, "coefficient of variation"),
    "mld": Dispersion(
        "mean log deviation", _mean_log_deviation, _mean_log_deviation_gradient, "index", relative=True, analytic=True
    ),
    "theil": Dispersion("Theil index", _theil, _theil_gradient, "index", relative=True, analytic=True),
    "mdm": _mean_difference(False, "mean"),
    "mdm_weighted": _mean_difference(True, "mean"),
    "mdb": _mean_difference(False, "best"),
    "mdb_weighted": _mean_difference(True, "best"),
    "mdr": _mean_difference(False, "reference"),
    "mdr_weighted": _mean_difference(True, "reference"),
    "idis": _over_mean(_mean_difference(False, "mean"), "index of disparity"),
    "idis_weighted": _over_mean(_mean_difference(True, "mean"), "weighted index of disparity"),
}
"""Short name in the column `measure`, with what it is."""


def _compared_with(groups: Subgroups, compare: str) -> int:
    if compare == "best":
        return groups.best()
    if compare == "mean":
        return 0
    if groups.reference is None:
        raise MethodError("There is no reference group. Name it: group=..., reference=...; or compare with the mean.")
    return groups.reference


def _analytic_error(name: str, groups: Subgroups, errors: FloatArray, other: int) -> float:
    """Delta method; for the variance the exact variance of a quadratic form of normal values."""
    gradient = DISPERSIONS[name].gradient(groups.health, groups.shares, other)
    squared = float((gradient * errors) @ (gradient * errors))
    if name == "bgv":
        form = np.diag(groups.shares) - np.outer(groups.shares, groups.shares)
        product = form * errors**2
        squared += 2 * float(np.trace(product @ product))
    return float(np.sqrt(squared))


def _problem(groups: Subgroups, name: str) -> str:
    """Why a measure does not exist for these values, when it does not."""
    if DISPERSIONS[name].relative and groups.mean <= 0:
        return notes.RELATIVE_TO_ZERO
    low = groups.health.min()
    return notes.LOGARITHM_OF_ZERO if (name == "mld" and low <= 0) or (name == "theil" and low < 0) else ""


def _row(
    groups: Subgroups, name: str, *, interval: str | None, level: float, drawn: Callable[[], FloatArray]
) -> dict[str, Any]:
    measure, empty = DISPERSIONS[name], dict.fromkeys(("standard_error", "monte_carlo_error", "lower", "upper"), np.nan)
    unit = measure.unit.replace(UNIT_OF_VALUES, groups.unit)
    words: dict[str, Any] = {"measure": name, "unit": unit, "method": measure.title}
    problem = _problem(groups, name)
    if problem:
        return words | empty | {"estimate": np.nan, "note": problem}
    other = _compared_with(groups, measure.compare)
    estimate = float(measure.value(groups.health, groups.shares, other))
    words["estimate"] = estimate
    if groups.errors is None:
        return words | empty | {"note": notes.NO_GROUP_INTERVALS}
    way = interval or ("analytic" if measure.analytic else "simulated")
    if way == "analytic" and not (name == "theil" and groups.health.min() == 0):
        error = _analytic_error(name, groups, groups.errors, other)
        if np.isfinite(error):
            half = normal_quantile(level) * error
            words |= {"method": f"{measure.title}, normal interval, delta method", "note": ""}
            return words | empty | {"standard_error": error, "lower": estimate - half, "upper": estimate + half}
    found = simulated_interval(lambda values: measure.value(values, groups.shares, other), drawn(), level)
    moved = not found.lower <= estimate <= found.upper
    return words | {
        "method": f"{measure.title}, percentiles of normal draws of the groups",
        "standard_error": found.standard_error,
        "monte_carlo_error": found.monte_carlo_error,
        "lower": min(found.lower, estimate),
        "upper": max(found.upper, estimate),
        "note": notes.LIMIT_AT_ESTIMATE if moved else "",
    }


@several_levels
def dispersion_between_groups(
    table: pd.DataFrame,
    *,
    measures: str | Sequence[str] = (
        "bgv",
        "bgsd",
        "cov",
        "mld",
        "theil",
        "mdm",
        "mdm_weighted",
        "idis",
        "idis_weighted",
    ),
    value: str = "estimate",
    population: str | None = "population",
    group: str | None = None,
    reference: Any = None,
    favourable: bool | None = None,
    by: str | Sequence[str] = (),
    level: Levels = 0.95,
    interval: str | None = None,
    draws: int = 10_000,
    seed: int = 0,
) -> pd.DataFrame:
    """How far groups differ that need not have an order, such as regions.

    Parameters
    ----------
    table
        One row per group: `value`, `population`, and when known the `standard_error` of the value or its `lower`,
        `upper` and `level`.
    measures
        Names of measures, see `DISPERSIONS`: ``bgv``, ``bgsd`` (variance and standard deviation between groups),
        ``cov`` (coefficient of variation), ``mld``, ``theil``, ``mdm``, ``mdb``, ``mdr`` (mean difference from the
        mean, the best, the reference), ``idis`` (index of disparity), the last four also with ``_weighted``.
    value
        Column with the value of each group.
    population
        Column with the number of persons in each group; None when all count alike.
    group, reference
        Column with the names of the groups, and the name of the reference group, for ``mdr``.
    favourable
        Whether more is better, for ``mdb``; from the column `favourable` when not given.
    by
        Columns that define populations; none gives one.
    level
        Coverage of the interval, between 0 and 1, or several.
    interval
        ``analytic`` (delta method) or ``simulated``; the one of the literature when not given.
    draws, seed
        Number of draws, and the start of the random numbers.

    Returns
    -------
    pandas.DataFrame
        One row per population and measure: `groups`, `mean`, `standard_error` on the scale of the estimate,
        `monte_carlo_error` of the limits when simulated, and the estimate columns. Ratios, not percentages.

    Raises
    ------
    DataError
        When a column is missing, a value or population is impossible, or a group occurs twice.
    MethodError
        When no measure is given, a measure is unknown, or the best or reference group is not known.

    Notes
    -----
    Interpretation: 0 when all groups are alike, otherwise above. Chance alone makes all of them larger than 0,
    more so with many small groups: look at the standard errors before reading a difference between two years. A
    simulated interval that would leave out the estimate is extended to it, with a `note`. The best group is the one
    that is best in the data, also in the draws; the mean is that of each draw.

    References
    ----------
    Harper S, Lynch J. Methods for measuring cancer disparities. NCI Cancer Surveillance Monograph 6. Bethesda, 2005.
    Ahn J, Harper S, Yu M, Feuer EJ, Liu B, Luta G. Variance estimation and confidence intervals for 11 commonly used
    health disparity measures. JCO Clin Cancer Inform 2018;2:1-19.
    Ahn J, Harper S, Yu M, Feuer EJ, Liu B. PLoS ONE 2019;14(7):e0219542.

    Examples
    --------
    >>> regions = pd.DataFrame({"estimate": [0.1, 0.2, 0.3], "population": [100, 200, 100]})
    >>> result = dispersion_between_groups(regions, measures=["bgv", "idis"])
    >>> result["estimate"].round(4).tolist()
    [0.005, 0.3333]
    """
    size = one_level(level)
    if interval is not None:
        check_choice(interval, ("analytic", "simulated"), option="interval")
    names = check_choices(measures, DISPERSIONS, option="measures")
    columns = Columns(value=value, population=population, group=group, reference=reference, by=by)
    rows: list[dict[str, Any]] = []
    for groups in read_subgroups(table, columns, favourable=favourable):
        groups.need(2, "a comparison of groups")
        cache: list[FloatArray] = []

        def drawn(groups: Subgroups = groups, cache: list[FloatArray] = cache) -> FloatArray:
            if not cache and groups.errors is not None:
                cache.append(draw_groups(groups.health, groups.errors, draws=draws, seed=seed))
            return cache[0]

        shared = groups.names | {"groups": len(groups.health), "mean": groups.mean}
        rows += [shared | _row(groups, name, interval=interval, level=size, drawn=drawn) for name in names]
    return estimates_table(rows, size)
