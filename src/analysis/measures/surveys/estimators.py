"""Means, proportions, ratios and totals from a survey, with the variance its design calls for; slopes come along."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.errors import DataError, MethodError
from analysis.estimates import with_estimates
from analysis.measures.effects.proportions import proportion_interval
from analysis.measures.shared import notes
from analysis.measures.shared.checks import FloatArray, check_choice, require_complete, require_numbers
from analysis.measures.shared.levels import Levels, one_level, several_levels
from analysis.measures.surveys.design import IntArray, SurveyDesign
from analysis.measures.surveys.precision import domains, precision, t_quantile
from analysis.measures.surveys.regression import survey_regression

__all__ = [
    "SurveyDesign",
    "survey_mean",
    "survey_proportion",
    "survey_ratio",
    "survey_regression",
    "survey_total",
]

Linearised = tuple[float, FloatArray]
"""An estimate, and what each row contributes to it to first order."""


def _estimates(
    table: pd.DataFrame,
    design: SurveyDesign,
    by: str | Sequence[str],
    level: float,
    linearise: Callable[[IntArray, FloatArray], Linearised],
    **words: str,
) -> pd.DataFrame:
    """One row per domain with a symmetric t interval."""
    require_complete(table, [])
    sample = design.sample(table)
    rows = []
    for names, members in domains(table, by):
        weights = sample.weights[members]
        estimate, contributions = linearise(members, weights)
        known = np.isfinite(estimate)
        parts = precision(sample, members, contributions, estimate)
        if not known:
            parts["note"] = notes.NO_VALUE_IN_DENOMINATOR
        rows.append(names | {"population": weights.sum(), "estimate": estimate} | parts)
    results = pd.DataFrame(rows)
    half = results["standard_error"] * [t_quantile(level, freedom) for freedom in results["degrees_of_freedom"]]
    return with_estimates(
        results.drop(columns=["estimate", "note"]),
        estimate=results["estimate"],
        lower=results["estimate"] - half,
        upper=results["estimate"] + half,
        level=level,
        note=results["note"].tolist(),
        measure=words["measure"],
        unit=words["unit"],
        method=words["method"],
    )


def _mean(values: FloatArray) -> Callable[[IntArray, FloatArray], Linearised]:
    def linearise(members: IntArray, weights: FloatArray) -> Linearised:
        total = weights.sum()
        if total == 0:
            return np.nan, np.zeros(len(members))
        mean = float(weights @ values[members] / total)
        return mean, weights * (values[members] - mean) / total

    return linearise


@several_levels
def survey_mean(
    table: pd.DataFrame,
    *,
    value: str = "value",
    design: SurveyDesign | None = None,
    by: str | Sequence[str] = (),
    level: Levels = 0.95,
) -> pd.DataFrame:
    """Mean in the population that the sample stands for.

    Parameters
    ----------
    table
        One row per sampled person: `value` and the columns of the design.
    value
        Column with numbers.
    design
        Weights, strata, clusters and finite population; a simple random sample when not given.
    by
        Columns that define groups to report; the rest of the sample then still counts in the variance.
    level
        Coverage of the interval, between 0 and 1, or several.

    Returns
    -------
    pandas.DataFrame
        One row per group: `population` (sum of weights), `observations`, `clusters`, `degrees_of_freedom`,
        `standard_error` and the estimate columns, with `measure` "mean".

    Raises
    ------
    DataError
        When a column is missing, has gaps or text, or the design cannot be right.

    Notes
    -----
    Interpretation: the weighted mean. Persons outside a group count as zero instead of being left out, because the
    number of group members in the sample is itself left to chance. Degrees of freedom: clusters with members of the
    group minus strata with members.

    References
    ----------
    Binder DA. On the variances of asymptotically normal estimators from complex surveys. Int Stat Rev 1983;51:279-292.
    Korn EL, Graubard BI. Analysis of health surveys. New York: Wiley, 1999.

    Examples
    --------
    >>> persons = pd.DataFrame({"visits": [1, 2, 3, 6], "weight": [1, 1, 1, 3], "town": ["a", "a", "b", "b"]})
    >>> result = survey_mean(persons, value="visits", design=SurveyDesign(weights="weight", clusters="town"))
    >>> float(result.loc[0, "estimate"]), int(result.loc[0, "degrees_of_freedom"])
    (4.0, 1)
    """
    values = require_numbers(table, [value])[value].to_numpy()
    return _estimates(
        table,
        design or SurveyDesign(),
        by,
        one_level(level),
        _mean(values),
        measure="mean",
        unit="unit of the values",
        method="weighted mean, linearised variance, t interval",
    )


@several_levels
def survey_total(
    table: pd.DataFrame,
    *,
    value: str = "value",
    design: SurveyDesign,
    by: str | Sequence[str] = (),
    level: Levels = 0.95,
) -> pd.DataFrame:
    """Total in the population that the sample stands for.

    Parameters
    ----------
    table
        One row per sampled person: `value` and the columns of the design.
    value
        Column with numbers; a column of ones counts persons.
    design
        Weights, strata, clusters and finite population. The weights must add up to the population.
    by
        Columns that define groups to report; the rest of the sample then still counts in the variance.
    level
        Coverage of the interval, between 0 and 1, or several.

    Returns
    -------
    pandas.DataFrame
        One row per group: `population`, `observations`, `clusters`, `degrees_of_freedom`, `standard_error` and the
        estimate columns, with `measure` "total".

    Raises
    ------
    DataError
        When a column is missing, has gaps or text, or the design cannot be right.
    MethodError
        When the design has no weights: a total needs them.

    Notes
    -----
    Interpretation: the weighted sum. It varies with the number of persons drawn, also when their mean does not.
    With ``lonely="adjust"`` a lonely cluster's total is measured from zero, which is on the safe side.

    References
    ----------
    Särndal CE, Swensson B, Wretman J. Model assisted survey sampling. New York: Springer, 1992.

    Examples
    --------
    >>> persons = pd.DataFrame({"visits": [1, 2, 3, 6], "weight": [10, 10, 10, 30]})
    >>> result = survey_total(persons, value="visits", design=SurveyDesign(weights="weight"))
    >>> float(result.loc[0, "estimate"])
    240.0
    """
    if design.weights is None:
        raise MethodError("A total needs weights that add up to the population. Name them: SurveyDesign(weights=...).")
    values = require_numbers(table, [value])[value].to_numpy()

    def linearise(members: IntArray, weights: FloatArray) -> Linearised:
        contributions = weights * values[members]
        return float(contributions.sum()), contributions

    return _estimates(
        table,
        design,
        by,
        one_level(level),
        linearise,
        measure="total",
        unit="unit of the values",
        method="weighted total, design-based variance, t interval",
    )


@several_levels
def survey_ratio(
    table: pd.DataFrame,
    *,
    numerator: str,
    denominator: str,
    design: SurveyDesign | None = None,
    by: str | Sequence[str] = (),
    level: Levels = 0.95,
) -> pd.DataFrame:
    """Total of one column over the total of another, such as visits per person-year.

    Parameters
    ----------
    table
        One row per sampled person: both columns and those of the design.
    numerator, denominator
        Columns with numbers; both totals are estimated.
    design
        Weights, strata, clusters and finite population; a simple random sample when not given.
    by
        Columns that define groups to report; the rest of the sample then still counts in the variance.
    level
        Coverage of the interval, between 0 and 1, or several.

    Returns
    -------
    pandas.DataFrame
        One row per group: `population`, `observations`, `clusters`, `degrees_of_freedom`, `standard_error` and the
        estimate columns, with `measure` "ratio_of_totals". A denominator of zero gives a `note`.

    Raises
    ------
    DataError
        When a column is missing, has gaps or text, or the design cannot be right.

    Notes
    -----
    Interpretation: a ratio of sums, not the mean of the persons' ratios. The mean and the proportion are the case of a
    denominator of ones.

    References
    ----------
    Woodruff RS. A simple method for approximating the variance of a complicated estimate. JASA 1971;66:411-414.

    Examples
    --------
    >>> persons = pd.DataFrame({"visits": [1, 2, 3], "years": [1.0, 2.0, 1.0]})
    >>> float(survey_ratio(persons, numerator="visits", denominator="years").loc[0, "estimate"])
    1.5
    """
    checked = require_numbers(table, [numerator, denominator])
    upper, lower = checked[numerator].to_numpy(), checked[denominator].to_numpy()

    def linearise(members: IntArray, weights: FloatArray) -> Linearised:
        total = float(weights @ lower[members])
        if total == 0:
            return np.nan, np.zeros(len(members))
        ratio = float(weights @ upper[members]) / total
        return ratio, weights * (upper[members] - ratio * lower[members]) / total

    return _estimates(
        table,
        design or SurveyDesign(),
        by,
        one_level(level),
        linearise,
        measure="ratio_of_totals",
        unit="unit of the values",
        method="ratio of weighted totals, linearised variance, t interval",
    )


def _proportion_limits(row: Mapping[Any, Any], level: float, method: str) -> tuple[float, float, str]:
    """Limits of a proportion that is not 0 or 1 by t on its scale, otherwise exact."""
    estimate, error, freedom = row["estimate"], row["standard_error"], row["degrees_of_freedom"]
    quantile = t_quantile(level, freedom)
    if not np.isfinite(estimate):
        return np.nan, np.nan, str(row["note"])
    if min(estimate, 1 - estimate) < 1e-12:
        estimate = float(round(estimate))
    edge = estimate in (0.0, 1.0)
    if edge or (method == "exact" and error > 0):
        size = float(row["observations"])
        if not edge:
            size = estimate * (1 - estimate) / error**2 * (t_quantile(level, row["observations"] - 1) / quantile) ** 2
        lower, upper = proportion_interval(estimate * size, size, level, method="exact")
        note = notes.EXACT_AT_THE_EDGE if edge else str(row["note"])
        return float(lower), float(upper), note
    if method == "wald":
        return estimate - quantile * error, estimate + quantile * error, str(row["note"])
    centre, half = np.log(estimate / (1 - estimate)), quantile * error / (estimate * (1 - estimate))
    lower, upper = 1 / (1 + np.exp(-np.asarray([centre - half, centre + half])))
    return float(lower), float(upper), str(row["note"])


@several_levels
def survey_proportion(
    table: pd.DataFrame,
    *,
    value: str = "value",
    design: SurveyDesign | None = None,
    by: str | Sequence[str] = (),
    level: Levels = 0.95,
    method: str = "logit",
) -> pd.DataFrame:
    """Proportion of the population that has a property.

    Parameters
    ----------
    table
        One row per sampled person: `value` and the columns of the design.
    value
        Column with 0 and 1, or false and true.
    design
        Weights, strata, clusters and finite population; a simple random sample when not given.
    by
        Columns that define groups to report; the rest of the sample then still counts in the variance.
    level
        Coverage of the interval, between 0 and 1, or several.
    method
        Interval: ``logit`` (t on the logit scale, stays within 0 and 1), ``wald`` (symmetric) or ``exact``
        (Korn-Graubard: Clopper-Pearson on the effective number of observations).

    Returns
    -------
    pandas.DataFrame
        One row per group: `population`, `observations`, `clusters`, `degrees_of_freedom`, `standard_error` and the
        estimate columns, with `measure` "proportion". When nobody or everybody has the property the interval is
        exact, with a `note`.

    Raises
    ------
    DataError
        When a column is missing, has gaps, or a value is not 0 or 1.
    MethodError
        When the method is unknown.

    References
    ----------
    Korn EL, Graubard BI. Confidence intervals for proportions with small expected number of positive counts estimated
    from survey data. Surv Methodol 1998;24:193-201.

    Examples
    --------
    >>> persons = pd.DataFrame({"smokes": [1, 0, 0, 1], "weight": [1, 1, 2, 4]})
    >>> float(survey_proportion(persons, value="smokes", design=SurveyDesign(weights="weight")).loc[0, "estimate"])
    0.625
    """
    check_choice(method, ("logit", "wald", "exact"))
    values = require_numbers(table, [value], minimum=0, maximum=1)[value].to_numpy()
    between = (values > 0) & (values < 1)
    if between.any():
        row = table.index[int(np.flatnonzero(between)[0])]
        raise DataError(
            f"Column `{value}` has {int(between.sum())} values other than 0 and 1, the first in row {row}. "
            "Code the property as 0 and 1, or use `survey_mean`."
        )
    size = one_level(level)
    results = _estimates(
        table,
        design or SurveyDesign(),
        by,
        size,
        _mean(values),
        measure="proportion",
        unit="proportion",
        method=f"weighted proportion, linearised variance, {method} interval",
    )
    limits = [_proportion_limits(row, size, method) for row in results.to_dict("records")]
    lower, upper, note = zip(*limits, strict=True)
    return results.assign(lower=np.asarray(lower), upper=np.asarray(upper), note=list(note))
