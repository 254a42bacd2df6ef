"""Effects of studies explained by what differs between the studies."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.stats import chi2, f, norm, t

from analysis.errors import MethodError
from analysis.estimates import with_estimates
from analysis.measures.shared import notes
from analysis.measures.shared.checks import FloatArray, check_choice, column_names, require_numbers
from analysis.measures.shared.each_group import each_group
from analysis.measures.shared.levels import Levels, one_level, several_levels
from analysis.measures.synthesis.between_studies import TAU_METHODS, StudyGroups, study_groups, tau_method

REGRESSION_INTERVALS = {"wald": "Wald interval", "hartung-knapp": "Knapp-Hartung interval"}
GRID_POINTS = 60
"""Note of a line whose interval is missing."""


@dataclass(frozen=True)
class WeightedFit:
    """A weighted least squares fit.

    Parameters
    ----------
    coefficients
        One per column of the design.
    covariance
        Their covariance when the weights are the inverse variances.
    residuals
        Observed less fitted; zero throughout when only rounding is left.
    weights
        The weights.
    trace
        Sum of the weights less what the design takes up: the trace of the projection matrix.
    log_determinant
        Logarithm of the determinant of the information.
    """

    coefficients: FloatArray
    covariance: FloatArray
    residuals: FloatArray
    weights: FloatArray
    trace: float
    log_determinant: float


def weighted_fit(effects: FloatArray, design: FloatArray, weights: FloatArray) -> WeightedFit:
    """Fit a line through the effects of studies.

    Parameters
    ----------
    effects
        One per study, best less their mean.
    design
        One row per study, the intercept included.
    weights
        Inverse variances.

    Returns
    -------
    WeightedFit
        The fit.
    """
    root = np.sqrt(weights)
    q, r = np.linalg.qr(design * root[:, None])
    coefficients = np.linalg.solve(r, q.T @ (effects * root)) + 0.0  # no zero with a minus sign
    inverse = np.linalg.inv(r)
    leverage = np.sum(q**2, axis=1)
    log_determinant = 2 * float(np.sum(np.log(np.abs(np.diag(r)))))
    residuals = effects - design @ coefficients
    if np.abs(residuals).max() <= 1e-12 * np.abs(effects).max():
        # All studies lie on the line: what is left is rounding, and no scatter to compute with.
        residuals = np.zeros_like(residuals)
    return WeightedFit(
        coefficients,
        inverse @ inverse.T,
        residuals,
        weights,
        float(np.sum(weights * (1 - leverage))),
        log_determinant,
    )


def residual_tau_squared(effects: FloatArray, variances: FloatArray, design: FloatArray, method: str) -> float:
    """Variance between studies that the design leaves over.

    Parameters
    ----------
    effects, variances
        Effects and squared standard errors of the studies.
    design
        One row per study, the intercept included.
    method
        ``fixed``, ``DerSimonian-Laird``, ``REML``, ``ML`` or ``Paule-Mandel``.

    Returns
    -------
    float
        The variance, 0 or more.
    """
    freedom = int(design.shape[0] - design.shape[1])

    def fit(tau: float) -> WeightedFit:
        return weighted_fit(effects, design, 1 / (variances + tau))

    def excess(tau: float) -> float:
        found = fit(tau)
        return float(np.sum(found.weights * found.residuals**2) - freedom)

    def slope(tau: float) -> float:
        found = fit(tau)
        squares = float(np.sum((found.weights * found.residuals) ** 2))
        return squares - (found.trace if method == "REML" else float(found.weights.sum()))

    def height(tau: float) -> float:
        found = fit(tau)
        value = float(np.sum(np.log(found.weights) - found.weights * found.residuals**2))
        return float(value - (found.log_determinant if method == "REML" else 0.0))

    if method == "fixed" or freedom < 1:
        return 0.0
    if method == "DerSimonian-Laird":
        return max(excess(0.0) / fit(0.0).trace, 0.0)
    limit = float(np.ptp(fit(0.0).residuals) ** 2 * len(effects) + 10 * variances.max())
    if method == "Paule-Mandel":
        return 0.0 if excess(0.0) <= 0 else _root(excess, 0.0, limit)
    grid = [0.0, *np.geomspace(float(variances.min()) / 1000, limit, GRID_POINTS)]
    top = int(np.argmax([height(tau) for tau in grid]))
    rising = slope(grid[top]) > 0
    low, high = (top, min(top + 1, GRID_POINTS)) if rising else (max(top - 1, 0), top)
    if slope(grid[low]) <= 0 or slope(grid[high]) >= 0:
        return float(grid[top])
    return _root(slope, float(grid[low]), float(grid[high]))


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    while function(high) > 0:
        high *= 4
    return float(brentq(function, low, high, xtol=1e-15, rtol=1e-14, maxiter=1000))


def _design(checked: pd.DataFrame, moderators: list[str]) -> FloatArray:
    if not moderators:
        raise MethodError("There is no moderator. Name at least one column as `moderators`, or use `meta_analysis`.")
    design = np.column_stack([np.ones(len(checked)), *(checked[name].to_numpy(dtype=float) for name in moderators)])
    scale = np.where(np.abs(design).max(axis=0) > 0, np.abs(design).max(axis=0), 1.0)
    if np.linalg.matrix_rank(design / scale) < design.shape[1]:
        raise MethodError(
            f"The moderators {moderators} of {len(checked)} studies cannot be told apart: one is constant, or follows "
            "from the others. Leave one out, or add studies."
        )
    if len(checked) <= design.shape[1]:
        raise MethodError(
            f"{len(checked)} studies are too few for {len(moderators)} moderators and an intercept; the usual advice "
            "is ten studies for each. Leave moderators out."
        )
    return design


@dataclass(frozen=True)
class _Inference:
    """What the scatter of the studies allows to say of a line; missing when they lie on it entirely."""

    errors: FloatArray
    p_values: FloatArray
    quantile: float
    q_model: float
    q_model_p_value: float


def _inference(line: WeightedFit, level: float, *, by_t: bool) -> _Inference:
    terms = line.coefficients.size
    freedom = line.residuals.size - terms
    scale = float(np.sum(line.weights * line.residuals**2)) / freedom if by_t else 1.0
    errors = np.sqrt(np.diag(line.covariance) * (scale if scale > 0 else np.nan))
    distance = np.abs(line.coefficients) / errors
    slopes = line.coefficients[1:]
    model = float(slopes @ np.linalg.solve(line.covariance[1:, 1:], slopes))
    if by_t:
        model = model / scale / (terms - 1) if scale > 0 else np.nan
    return _Inference(
        errors,
        np.asarray(2 * (t.sf(distance, freedom) if by_t else norm.sf(distance))),
        float(t.ppf((1 + level) / 2, freedom) if by_t else norm.ppf((1 + level) / 2)),
        model,
        float(f.sf(model, terms - 1, freedom) if by_t else chi2.sf(model, terms - 1)),
    )


def _left_over(studies: StudyGroups, design: FloatArray, tau: float, method: str) -> dict[str, float]:
    """How much the studies differ beside the line: columns of the result that are the same for every term."""
    plain = weighted_fit(studies.effects, design, 1 / studies.variances)
    residual = float(np.sum(plain.weights * plain.residuals**2))
    alone = residual_tau_squared(studies.effects, studies.variances, design[:, :1], method)
    return {
        "tau_squared": tau,
        "q_residual": residual,
        "q_residual_p_value": float(chi2.sf(residual, design.shape[0] - design.shape[1])),
        "r_squared": max(1 - tau / alone, 0.0) if alone > 0 else 0.0,
    }


@several_levels
@each_group
def meta_regression(
    table: pd.DataFrame,
    *,
    moderators: str | Sequence[str],
    effect: str = "effect",
    standard_error: str = "standard_error",
    method: str = "REML",
    interval: str = "hartung-knapp",
    by: str | Sequence[str] = (),
    level: Levels = 0.95,
) -> pd.DataFrame:
    """How the effect of studies changes with characteristics of the studies.

    Parameters
    ----------
    table
        One row per study.
    moderators
        Columns with numbers; 0 and 1 for a kind of study.
    effect, standard_error
        Columns as in `meta_analysis`.
    method
        ``REML``, ``DerSimonian-Laird``, ``Paule-Mandel``, ``ML`` or ``fixed``, for the variance that is left over.
    interval
        ``hartung-knapp`` (Student's t) or ``wald``.
    by
        Columns that define separate regressions; none gives one.
    level
        Coverage of the intervals, between 0 and 1, or several.

    Returns
    -------
    pandas.DataFrame
        Per regression one row per term, the first "intercept": `term`, `studies`, `tau_squared` (left over),
        `q_residual` with `q_residual_p_value`, `q_model` with `q_model_p_value` (all moderators together; an F
        statistic with ``hartung-knapp``), `r_squared` (share of the variance between studies explained),
        `standard_error`, `p_value` and the estimate columns, with `measure` "meta_regression". When all effects are
        equal, or lie on a line entirely, ``hartung-knapp`` has no scatter to compute with: tests and interval are
        missing and a `note` says so.

    Raises
    ------
    DataError
        When a column is missing, or a number is missing or impossible.
    MethodError
        When method or interval is unknown, studies are too few, or moderators cannot be told apart.

    Notes
    -----
    Interpretation: the change of the effect for one unit more of the moderator, between studies. It is not about the
    persons in them (ecological fallacy), and never randomised. Choose moderators beforehand, ten studies for each.

    References
    ----------
    Thompson SG, Higgins JPT. How should meta-regression analyses be undertaken and interpreted? Stat Med
    2002;21:1559-1573.
    Knapp G, Hartung J. Improved tests for a random effects meta-regression with a single covariate. Stat Med
    2003;22:2693-2710.

    Examples
    --------
    >>> studies = pd.DataFrame({"effect": [0.1, 0.3, 0.5, 0.7], "standard_error": 0.1, "dose": [1, 2, 3, 4]})
    >>> meta_regression(studies, moderators="dose", interval="wald")["estimate"].round(6).tolist()
    [-0.1, 0.2]
    """
    covered, name = one_level(level), tau_method(method)
    check_choice(name, [one for one in TAU_METHODS if one not in ("Sidik-Jonkman", "empirical Bayes")])
    check_choice(interval, REGRESSION_INTERVALS, option="interval")
    names = column_names(moderators)
    checked = require_numbers(require_numbers(table, [effect, *names]), [standard_error], above=0)
    design = _design(checked, names)
    studies = study_groups(checked[effect], checked[standard_error])
    tau = residual_tau_squared(studies.effects, studies.variances, design, name)
    fit = weighted_fit(studies.effects, design, 1 / (studies.variances + tau))
    # The effects came less their mean, which belongs to the intercept.
    line = replace(fit, coefficients=fit.coefficients + np.where(np.arange(design.shape[1]) == 0, studies.centres, 0.0))
    found = _inference(line, covered, by_t=interval == "hartung-knapp")
    half = found.quantile * found.errors
    few = len(checked) < 10 * len(names)
    return with_estimates(
        pd.DataFrame({"term": ["intercept", *names], "studies": len(checked)}).assign(
            **_left_over(studies, design, tau, name),
            q_model=found.q_model,
            q_model_p_value=found.q_model_p_value,
            standard_error=found.errors,
            p_value=found.p_values,
        ),
        measure="meta_regression",
        estimate=line.coefficients,
        lower=line.coefficients - half,
        upper=line.coefficients + half,
        level=covered,
        unit="effect per unit",
        method=f"meta-regression, {TAU_METHODS[name]}, {REGRESSION_INTERVALS[interval]}",
        note=notes.combine_notes(
            notes.FEW_STUDIES_PER_MODERATOR if few else "", notes.NOTHING_SCATTERS if np.isnan(half).any() else ""
        ),
    )
