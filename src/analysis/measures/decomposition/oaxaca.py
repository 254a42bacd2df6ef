"""Oaxaca-Blinder: a difference of two means, split into what characteristics explain and what they do not."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import statsmodels.api as sm
from statsmodels.tools.sm_exceptions import SingularMatrixWarning

from analysis.errors import MethodError
from analysis.estimates import with_estimates
from analysis.measures.shared.checks import (
    FloatArray,
    check_choice,
    column_names,
    normal_quantile,
    require_columns,
    require_numbers,
)
from analysis.measures.shared.each_group import each_group
from analysis.measures.shared.grouping import rows_of_group
from analysis.measures.shared.levels import Levels, one_level, several_levels

REFERENCES = ("exposed", "reference", "pooled", "weighted")


@dataclass(frozen=True)
class _Side:
    """Means of one group and its regression, each with a covariance."""

    mean: FloatArray
    mean_covariance: FloatArray
    slope: FloatArray
    slope_covariance: FloatArray
    size: float


def _fit(outcome: FloatArray, design: FloatArray, weight: FloatArray | None, robust: bool) -> tuple[Any, FloatArray]:
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise MethodError(
            "The regressors determine each other or do not vary within one of the groups. "
            "Leave out the one that the others already tell, or a category of each set of indicators."
        )
    model = sm.OLS(outcome, design) if weight is None else sm.WLS(outcome, design, weights=weight)
    with warnings.catch_warnings():
        warnings.simplefilter("error", SingularMatrixWarning)
        try:
            fit = model.fit(cov_type="HC1" if robust else "nonrobust")
        except SingularMatrixWarning as problem:
            raise MethodError(
                "Weights or regressors differ so much in size that the regression has no unique solution. Check their "
                "units, and look for one row that weighs more than all others."
            ) from problem
    return np.asarray(fit.params), np.asarray(fit.cov_params())


def _side(rows: pd.DataFrame, outcome: str, regressors: list[str], weight: str | None) -> _Side:
    design = np.column_stack([np.ones(len(rows)), rows[regressors].to_numpy(dtype=float)])
    weights = rows[weight].to_numpy(dtype=float) if weight else np.ones(len(rows))
    share = weights / weights.sum()
    mean = share @ design
    centred = design - mean
    spread = (centred * (share**2)[:, None]).T @ centred * len(rows) / max(len(rows) - 1, 1)
    slope, covariance = _fit(
        rows[outcome].to_numpy(dtype=float), design, weights if weight else None, robust=weight is not None
    )
    return _Side(mean, spread, slope, covariance, float(weights.sum()))


def _explained(
    sides: tuple[_Side, _Side], weight: FloatArray, pooled: tuple[FloatArray, FloatArray] | None
) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
    """Twofold parts by regressor, and their variances; `weight` is that of the exposed in the reference slopes."""
    one, two = sides
    gap = one.mean - two.mean
    best = weight * one.slope + (1 - weight) * two.slope if pooled is None else pooled[0]
    spread = one.mean_covariance + two.mean_covariance
    if pooled is None:
        of_best = weight**2 * one.slope_covariance + (1 - weight) ** 2 * two.slope_covariance
    else:
        of_best = pooled[1]
    parts = {
        "explained": gap * best,
        "unexplained": one.mean * (one.slope - best) + two.mean * (best - two.slope),
    }
    jacobian_best = np.diag(gap)
    variances = {
        "explained": _both(np.diag(best), spread) + _both(jacobian_best, of_best),
    }
    # slopes of the unexplained part on the slopes of both groups; pooled slopes are taken as independent of them
    on_one = np.diag(one.mean - (gap * weight if pooled is None else 0.0))
    on_two = np.diag(-two.mean - (gap * (1 - weight) if pooled is None else 0.0))
    variance = _both(on_one, one.slope_covariance) + _both(on_two, two.slope_covariance)
    variance += _both(np.diag(one.slope - best), one.mean_covariance)
    variance += _both(np.diag(best - two.slope), two.mean_covariance)
    if pooled is not None:
        variance += _both(jacobian_best, of_best)
    variances["unexplained"] = variance
    return parts, variances


def _both(jacobian: FloatArray, covariance: FloatArray) -> FloatArray:
    return np.asarray(jacobian @ covariance @ jacobian.T)


def _threefold(sides: tuple[_Side, _Side]) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
    one, two = sides
    gap, change = one.mean - two.mean, one.slope - two.slope
    mean_spread = one.mean_covariance + two.mean_covariance
    slope_spread = one.slope_covariance + two.slope_covariance
    parts = {"endowments": gap * two.slope, "coefficients": two.mean * change, "interaction": gap * change}
    variances = {
        "endowments": _both(np.diag(two.slope), mean_spread) + _both(np.diag(gap), two.slope_covariance),
        "coefficients": _both(np.diag(two.mean), slope_spread) + _both(np.diag(change), two.mean_covariance),
        "interaction": _both(np.diag(gap), slope_spread) + _both(np.diag(change), mean_spread),
    }
    return parts, variances


def _pooled(rows: list[pd.DataFrame], outcome: str, regressors: list[str], weight: str | None) -> tuple[Any, Any]:
    """Slopes of both groups together, with a term for the group so that its difference does not enter (Jann)."""
    table = pd.concat(rows)
    member = np.repeat([1.0, 0.0], [len(rows[0]), len(rows[1])])
    design = np.column_stack([np.ones(len(table)), table[regressors].to_numpy(dtype=float), member])
    weights = table[weight].to_numpy(dtype=float) if weight else None
    slope, covariance = _fit(table[outcome].to_numpy(dtype=float), design, weights, robust=weight is not None)
    return slope[:-1], covariance[:-1, :-1]


@several_levels
@each_group
def oaxaca_decomposition(
    table: pd.DataFrame,
    *,
    outcome: str,
    regressors: Sequence[str],
    group: str,
    exposed: Any,
    reference: Any,
    fold: int = 2,
    slopes: str = "reference",
    weight: str | None = None,
    detail: bool = False,
    by: str | Sequence[str] = (),
    level: Levels = 0.95,
) -> pd.DataFrame:
    """Difference of the mean outcome of two groups: what their characteristics explain, and the rest.

    Parameters
    ----------
    table
        One row per person; persons of other groups are left out.
    outcome
        Column with the outcome, a number.
    regressors
        Columns with characteristics, numbers; categories as indicators without one of them.
    group
        Column that names the group.
    exposed, reference
        Names of the group of interest, and of the one it is compared with; the difference is exposed minus reference.
    fold
        2 for ``explained`` and ``unexplained``, or 3 for ``endowments``, ``coefficients`` and ``interaction``.
    slopes
        Whose slopes price the characteristics in the twofold: those of the ``reference`` or of the ``exposed`` group,
        ``pooled`` (one regression with a term for the group) or ``weighted`` (by the sizes of the groups).
    weight
        Column with survey weights, above 0; the regressions then have robust standard errors.
    detail
        Whether to report each regressor instead of the sum. The detail of ``unexplained`` and ``coefficients`` depends
        on where a regressor has its zero and on which category was left out.
    by
        Columns that define separate comparisons, each with regressions of its own; none gives one.
    level
        Coverage of the interval, between 0 and 1; or several.

    Returns
    -------
    pandas.DataFrame
        Per comparison one row per `component`, and per `regressor` when asked, with the total difference last:
        `standard_error` and the estimate columns, with `measure` "difference".

    Raises
    ------
    DataError
        When a column or group is missing, or a value is not a number.
    MethodError
        When regressors determine each other, or an option does not exist.

    Notes
    -----
    Interpretation: the explained part would go if both groups had the same characteristics and nothing else changed.
    Unexplained is not the same as discrimination: it holds all that was not measured. Intervals by the delta method,
    with characteristics taken as a sample (Jann); pooled slopes are taken as independent of those of the groups.

    References
    ----------
    Blinder AS. J Hum Resour 1973;8:436-455. Oaxaca R. Int Econ Rev 1973;14:693-709.
    Jann B. The Blinder-Oaxaca decomposition for linear regression models. Stata J 2008;8:453-479.

    Examples
    --------
    >>> people = pd.DataFrame({"who": ["a"] * 4 + ["b"] * 4, "school": [1, 2, 3, 4, 3, 4, 5, 6]})
    >>> people["health"] = [2.1, 3.9, 6.0, 8.2, 7.1, 9.0, 11.2, 12.9]
    >>> options = {"group": "who", "exposed": "a", "reference": "b", "regressors": ["school"]}
    >>> oaxaca_decomposition(people, outcome="health", **options)["estimate"].round(2).tolist()
    [-3.92, -1.08, -5.0]
    """
    check_choice(str(fold), ("2", "3"), option="fold")
    check_choice(slopes, REFERENCES, option="slopes")
    names = column_names(regressors)
    require_columns(table, [group])
    both = table[table[group].isin([exposed, reference])]
    checked = require_numbers(both, [outcome, *names])
    if weight:
        checked = require_numbers(checked, [weight], above=0)
    rows = [rows_of_group(checked, group, value) for value in (exposed, reference)]
    if min(len(each) for each in rows) <= len(names) + 1:
        raise MethodError("A group has too few persons for the regression. Use fewer regressors.")
    sides = (_side(rows[0], outcome, names, weight), _side(rows[1], outcome, names, weight))
    if fold == 3:
        parts, variances = _threefold(sides)
    else:
        share = sides[0].size / (sides[0].size + sides[1].size)
        of_exposed = {"exposed": 1.0, "reference": 0.0, "weighted": share, "pooled": 0.0}[slopes]
        pooled = _pooled(rows, outcome, names, weight) if slopes == "pooled" else None
        parts, variances = _explained(sides, np.full(len(names) + 1, of_exposed), pooled)
    return _report(parts, variances, sides, names, detail=detail, level=one_level(level), fold=fold, slopes=slopes)


def _report(
    parts: dict[str, FloatArray],
    variances: dict[str, FloatArray],
    sides: tuple[_Side, _Side],
    names: list[str],
    *,
    detail: bool,
    level: float,
    fold: int,
    slopes: str,
) -> pd.DataFrame:
    rows = []
    for component, values in parts.items():
        if detail:
            errors = np.sqrt(np.diag(variances[component]))
            rows += [(component, *row) for row in zip(["intercept", *names], values, errors, strict=True)]
        else:
            rows.append((component, "all", values.sum(), np.sqrt(variances[component].sum())))
    total = sum(values.sum() for values in parts.values())
    variance = sum(_both(side.mean, side.slope_covariance) + _both(side.slope, side.mean_covariance) for side in sides)
    rows.append(("total", "all", total, np.sqrt(variance)))
    found = pd.DataFrame(rows, columns=["component", "regressor", "_value", "standard_error"])
    half = normal_quantile(level) * found["standard_error"]
    words = f"twofold, slopes: {slopes}" if fold == 2 else "threefold"
    return with_estimates(
        found.drop(columns="_value"),
        measure="difference",
        estimate=found["_value"],
        lower=found["_value"] - half,
        upper=found["_value"] + half,
        level=level,
        unit="unit of the outcome",
        method=f"Oaxaca-Blinder, {words}; delta method",
    )
