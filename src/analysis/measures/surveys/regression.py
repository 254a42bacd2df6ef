"""Regression slopes from a survey: straight line, logistic, log-binomial and Poisson, with design-based variance."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.estimates import with_estimates
from analysis.measures.shared import notes
from analysis.measures.shared.checks import (
    FloatArray,
    check_choice,
    column_names,
    require_covariates,
    require_numbers,
)
from analysis.measures.shared.levels import Levels, one_level, several_levels
from analysis.measures.shared.weighted_regression import LINKS, weighted_regression
from analysis.measures.surveys.design import IntArray, Sample, SurveyDesign
from analysis.measures.surveys.precision import domains, precision, t_quantile


def _design_matrix(table: pd.DataFrame, covariates: Sequence[str]) -> pd.DataFrame:
    """Columns of numbers: categories become indicators against their first."""
    table = require_covariates(table, covariates)
    numeric = [name for name in covariates if pd.api.types.is_numeric_dtype(table[name])]
    parts: list[pd.DataFrame] = [pd.DataFrame({"intercept": np.ones(len(table))})]
    for name in covariates:
        column = table[[name]].reset_index(drop=True)
        if name in numeric:
            parts.append(require_numbers(column, [name]))
        else:
            parts.append(pd.get_dummies(column, drop_first=True, prefix_sep="=", dtype=float))
    return pd.concat(parts, axis=1)


def _coefficients(
    sample: Sample, members: IntArray, outcome: FloatArray, matrix: FloatArray, link: str
) -> tuple[FloatArray, FloatArray]:
    """Coefficients and their design-based standard errors in one domain."""
    weights = sample.weights[members]
    fit = weighted_regression(outcome[members], matrix[members], weights, link=link)
    covariance = sample.covariance(fit.contributions(matrix[members], weights), members)
    return fit.coefficients, np.sqrt(np.diag(covariance))


@several_levels
def survey_regression(
    table: pd.DataFrame,
    *,
    outcome: str,
    covariates: str | Sequence[str],
    design: SurveyDesign | None = None,
    link: str = "linear",
    by: str | Sequence[str] = (),
    level: Levels = 0.95,
) -> pd.DataFrame:
    """Regression coefficients in the population that the sample stands for.

    Parameters
    ----------
    table
        One row per sampled person: the outcome, the covariates and the columns of the design.
    outcome
        Column with numbers: any (``linear``), 0 to 1 (``logit``, ``log``), 0 or more (``poisson``).
    covariates
        Columns with numbers, or with categories, which become indicators against the first category.
    design
        Weights, strata, clusters and finite population; a simple random sample when not given.
    link
        ``linear``, ``logit``, ``log`` (log-binomial) or ``poisson`` (log link, for counts and for risk ratios).
    by
        Columns that define groups, each with its own regression.
    level
        Coverage of the interval, between 0 and 1, or several.

    Returns
    -------
    pandas.DataFrame
        One row per group and `term`: `observations`, `clusters`, `degrees_of_freedom`, `standard_error` and the
        estimate columns, with `measure` "coefficient", on the scale of the linear predictor.

    Raises
    ------
    DataError
        When a column is missing, has gaps or text, or a value does not suit the link.
    MethodError
        When the link is unknown, a covariate follows from the others, or the fit runs to infinity.

    Notes
    -----
    Interpretation: with ``linear`` the difference in mean per unit, with ``logit`` the log odds ratio, with ``log`` and
    ``poisson`` the log risk or rate ratio. Degrees of freedom are clusters minus strata; other programs subtract the
    number of covariates as well.

    References
    ----------
    Binder DA. On the variances of asymptotically normal estimators from complex surveys. Int Stat Rev 1983;51:279-292.

    Examples
    --------
    >>> persons = pd.DataFrame({"pressure": [120, 130, 140, 151], "age": [30, 40, 50, 60]})
    >>> result = survey_regression(persons, outcome="pressure", covariates="age")
    >>> result["term"].tolist(), round(float(result.loc[1, "estimate"]), 3)
    (['intercept', 'age'], 1.03)
    """
    size, design = one_level(level), design or SurveyDesign()
    check_choice(link, LINKS, option="link")
    bounds = {"logit": (0.0, 1.0), "log": (0.0, 1.0), "poisson": (0.0, None)}.get(link, (None, None))
    values = require_numbers(table, [outcome], minimum=bounds[0], maximum=bounds[1])[outcome].to_numpy()
    columns = _design_matrix(table, column_names(covariates))
    sample, rows = design.sample(table), []
    for names, members in domains(table, by):
        estimates, errors = _coefficients(sample, members, values, columns.to_numpy(), link)
        parts = precision(sample, members, sample.weights[members], None)  # the notes of the design alone
        half = errors * t_quantile(size, parts["degrees_of_freedom"])
        # A coefficient is rounding beside what its column adds to the outcome, so its error is judged in that unit.
        scale = np.abs(values[members]).max() / np.maximum(np.abs(columns.to_numpy()[members]).max(axis=0), 1e-300)
        for place, (term, estimate, error, width) in enumerate(
            zip(columns.columns, estimates, errors, half, strict=True)
        ):
            flat = notes.NO_VARIATION_AROUND_LINE if error <= 1e-12 * max(abs(estimate), scale[place]) else ""
            own = {"standard_error": error, "note": notes.combine_notes(parts["note"], flat)}
            limits = {"estimate": estimate, "lower": estimate - width, "upper": estimate + width}
            rows.append(names | {"term": term} | parts | own | limits)
    results = pd.DataFrame(rows)
    return with_estimates(
        results.drop(columns=["estimate", "lower", "upper", "note"]),
        measure="coefficient",
        estimate=results["estimate"],
        lower=results["lower"],
        upper=results["upper"],
        level=size,
        unit="unit of the outcome per unit" if link == "linear" else "log ratio per unit",
        method=f"{link} regression, linearised variance, t interval",
        note=results["note"].tolist(),
    )
