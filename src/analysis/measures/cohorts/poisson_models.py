"""Poisson models of rates: rate ratios adjusted for other columns, through statsmodels."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy.stats import norm
from statsmodels.tools.sm_exceptions import ConvergenceWarning, PerfectSeparationWarning

from analysis.errors import DataError, MethodError, did_you_mean
from analysis.estimates import with_estimates
from analysis.measures.rates.crude import check_events_and_time
from analysis.measures.shared.checks import column_names, normal_quantile, require_complete, require_numbers
from analysis.measures.shared.each_group import each_group
from analysis.measures.shared.levels import Levels, one_level, several_levels


def _dummies(table: pd.DataFrame, column: str, reference: Any) -> tuple[pd.DataFrame, Any]:
    values = sorted(table[column].unique().tolist(), key=str) if table[column].dtype == object else None
    values = values or sorted(table[column].unique().tolist())
    base = values[0] if reference is None else reference
    if base not in values:
        raise DataError(
            f"Column `{column}` has no rows with {base!r}. {did_you_mean(str(base), [str(v) for v in values])}"
        )
    if len(values) < 2:
        raise MethodError(f"Column `{column}` has one value only, so it explains nothing. Leave it out of `terms`.")
    others = [value for value in values if value != base]
    return pd.DataFrame({(column, value): (table[column] == value).astype(float) for value in others}), base


def _design(
    table: pd.DataFrame, terms: list[str], linear: list[str], reference: Mapping[str, Any]
) -> tuple[pd.DataFrame, dict[str, Any]]:
    parts, bases = [pd.DataFrame({("intercept", ""): np.ones(len(table))}, index=table.index)], {}
    for column in terms:
        part, bases[column] = _dummies(table, column, reference.get(column))
        parts.append(part)
    for column in linear:
        numbers = require_numbers(table, [column])[column]
        parts.append(pd.DataFrame({(column, "per unit"): numbers.to_numpy()}, index=table.index))
    design = pd.concat(parts, axis=1)
    if np.linalg.matrix_rank(design.to_numpy()) < design.shape[1]:
        raise MethodError(
            f"The columns {[*terms, *linear]} determine each other, so that their ratios cannot be told apart. "
            "Leave one out."
        )
    return design, bases


def _fit(table: pd.DataFrame, design: pd.DataFrame, events: str, years: str, robust: bool, cluster: str | None) -> Any:
    options: dict[str, Any] = {}
    if cluster is not None:
        codes = pd.factorize(table[cluster])[0]
        options = {"cov_type": "cluster", "cov_kwds": {"groups": codes}}
    elif robust:
        options = {"cov_type": "HC1"}
    model = sm.GLM(
        table[events].to_numpy(),
        design.to_numpy(),
        family=sm.families.Poisson(),
        offset=np.log(table[years].to_numpy()),
    )
    if (robust or cluster is not None) and len(design) <= design.shape[1]:
        raise MethodError(
            f"There are {len(design)} rows for {design.shape[1]} coefficients, which leaves no scatter for a robust "
            "variance. Give finer strata, or use robust=False."
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a saturated model divides by zero degrees of freedom
        warnings.simplefilter("ignore", PerfectSeparationWarning)  # said of every saturated model
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            fit = model.fit(maxiter=200, tol=1e-10, **options)
        except (Warning, ValueError, np.linalg.LinAlgError) as problem:
            raise MethodError(
                f"The Poisson model does not converge ({problem}). Join categories with few events."
            ) from problem
    if not (np.asarray(fit.bse) < 1e3).all():
        raise MethodError("The Poisson model has no finite standard errors. Join categories with few events.")
    return fit


def _refuse_empty(table: pd.DataFrame, terms: list[str], events: str) -> None:
    for column in terms:
        totals = table.groupby(column, observed=True)[events].sum()
        none = totals.index[totals == 0]
        if len(none):
            raise MethodError(
                f"{len(none)} categories of `{column}` have no events, the first is {none[0]!r}, so their rate ratio "
                'has no finite interval. Join them with a neighbour, or use `rate_ratio` with method="exact".'
            )


@several_levels
@each_group
def poisson_rate_model(
    table: pd.DataFrame,
    *,
    terms: str | Sequence[str] = (),
    linear: str | Sequence[str] = (),
    reference: Mapping[str, Any] | None = None,
    events: str = "deaths",
    person_years: str = "person_years",
    robust: bool = False,
    cluster: str | None = None,
    by: str | Sequence[str] = (),
    level: Levels = 0.95,
) -> pd.DataFrame:
    """Rate ratios of each term, adjusted for the others.

    Parameters
    ----------
    table
        One row per stratum, as from `person_time`, or per person.
    terms
        Columns with categories; each gives ratios against its reference category.
    linear
        Columns with numbers; each gives a ratio per unit.
    reference
        Reference category per column; by default the first in order.
    events
        Column with counts of events, 0 or more.
    person_years
        Column with years at risk; rows without are left out when they have no events. Give expected deaths instead for
        ratios of SMRs.
    robust
        Variance that holds when counts vary more than Poisson (sandwich, HC1).
    cluster
        Column whose rows belong together, for a clustered sandwich variance.
    by
        Columns that define groups, each with a model of its own; none gives one. To compare groups within one model,
        name them in `terms`.
    level
        Coverage of the interval, between 0 and 1; several give the rows of each.

    Returns
    -------
    pandas.DataFrame
        One row per group and category or number: `term`, `category`, `reference`, `coefficient`, `standard_error` (log
        scale), `p_value` (Wald), `deviance`, `residual_freedom`, `pearson_ratio` (Pearson statistic over residual
        freedom: far above 1 means more variation than Poisson) and the estimate columns, with `measure` "rate_ratio".

    Raises
    ------
    DataError
        When a column or category is missing, or numbers are impossible.
    MethodError
        When a category has no events, columns determine each other or the model does not converge.

    Notes
    -----
    Interpretation: 1.5 means half as many events again per year at risk, at equal values of the other terms. The
    effects multiply: without a product of terms the ratio is the same at every age. With age and calendar year split
    finely it nears the Cox model.

    References
    ----------
    Breslow NE, Day NE. Statistical methods in cancer research, volume II. Lyon: IARC, 1987, chapter 4.

    Examples
    --------
    >>> rates = pd.DataFrame({"sex": ["f", "m"], "deaths": [10, 30], "person_years": [1000.0, 1000.0]})
    >>> poisson_rate_model(rates, terms="sex")[["estimate", "lower", "upper"]].round(2).to_numpy().tolist()
    [[3.0, 1.47, 6.14]]
    """
    coverage = one_level(level)
    names, numbers = column_names(terms), column_names(linear)
    if not names and not numbers:
        raise MethodError("There is nothing to compare. Name at least one column as `terms` or `linear`.")
    checked = check_events_and_time(require_complete(table, [*names, *numbers]), events, person_years)
    checked = checked[checked[person_years] > 0]
    _refuse_empty(checked, names, events)
    design, bases = _design(checked, names, numbers, reference or {})
    fit = _fit(checked, design, events, person_years, robust, cluster)
    coefficient, error = np.asarray(fit.params)[1:], np.asarray(fit.bse)[1:]
    labels: list[tuple[str, Any]] = [(column[0], column[1]) for column in list(design.columns)[1:]]
    variance = f"clustered by {cluster}" if cluster else "sandwich" if robust else "model"
    ingredients = {
        "term": [name for name, _ in labels],
        "category": [str(value) for _, value in labels],
        "reference": [str(bases.get(name, "")) for name, _ in labels],
        "coefficient": coefficient,
        "standard_error": error,
        "p_value": 2 * norm.sf(np.abs(coefficient / error)),
        "deviance": float(fit.deviance),
        "residual_freedom": int(fit.df_resid),
        "pearson_ratio": float(fit.pearson_chi2 / fit.df_resid) if fit.df_resid else np.nan,
    }
    half = normal_quantile(coverage) * error
    return with_estimates(
        pd.DataFrame(ingredients),
        measure="rate_ratio",
        estimate=np.exp(coefficient),
        lower=np.exp(coefficient - half),
        upper=np.exp(coefficient + half),
        level=coverage,
        unit="ratio",
        method=f"Poisson regression, {variance} variance",
    )
