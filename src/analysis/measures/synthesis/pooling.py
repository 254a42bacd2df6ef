"""Pooling of ratios from several studies, on the log scale."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import t

from analysis.errors import MethodError
from analysis.estimates import check_level, with_estimates
from analysis.measures.shared import notes
from analysis.measures.shared.checks import (
    FloatArray,
    check_choice,
    check_values,
    column_names,
    normal_quantile,
    require_columns,
)
from analysis.measures.shared.levels import Levels, one_level, several_levels
from analysis.measures.shared.ratios import log_estimates

POOLING_METHODS = {
    "fixed": "inverse variance, fixed effect",
    "DerSimonian-Laird": "inverse variance, random effects (DerSimonian-Laird)",
    "Hartung-Knapp": "inverse variance, random effects (DerSimonian-Laird), Hartung-Knapp interval",
}


@dataclass(frozen=True)
class Heterogeneity:
    """How much studies differ beyond chance.

    Parameters
    ----------
    q
        Cochran's Q.
    i_squared
        Share of the variation that is not chance, 0 to 1.
    tau_squared
        Variance between studies, on the scale of the effects.
    """

    q: float
    i_squared: float
    tau_squared: float


def heterogeneity(effects: ArrayLike, standard_errors: ArrayLike) -> Heterogeneity:
    """How much the effects of studies differ beyond chance.

    Parameters
    ----------
    effects
        One effect per study, on a scale where errors are normal (the logarithm of a ratio).
    standard_errors
        Their standard errors, above 0.

    Returns
    -------
    Heterogeneity
        Cochran's `q`, `i_squared` (share of the variation that is not chance, 0 to 1) and `tau_squared` (variance
        between studies, by moments).

    Raises
    ------
    DataError
        When an effect is missing or a standard error is not above 0.

    References
    ----------
    DerSimonian R, Laird N. Meta-analysis in clinical trials. Control Clin Trials 1986;7:177-188.
    Higgins JPT, Thompson SG. Quantifying heterogeneity in a meta-analysis. Stat Med 2002;21:1539-1558.

    Examples
    --------
    >>> round(heterogeneity([0.0, 0.5], [0.1, 0.1]).i_squared, 2)
    0.92
    """
    values = check_values(effects, what="The effect of the studies")
    weights = check_values(standard_errors, what="The standard error of the studies", above=0) ** -2.0
    centre = np.average(values, weights=weights)
    freedom = values.size - 1
    q = float(np.sum(weights * (values - centre) ** 2))
    excess = max(q - freedom, 0.0)
    spread = float(weights.sum() - (weights**2).sum() / weights.sum())
    return Heterogeneity(
        q=q, i_squared=excess / q if excess > 0 else 0.0, tau_squared=excess / spread if excess > 0 else 0.0
    )


def _pool(logs: FloatArray, errors: FloatArray, method: str, level: float) -> dict[str, float | str]:
    found = heterogeneity(logs, errors)
    studies = logs.size
    between = 0.0 if method == "fixed" else found.tau_squared
    weights = 1 / (errors**2 + between)
    centre, error = float(np.average(logs, weights=weights)), float(weights.sum() ** -0.5)
    quantile, prediction = normal_quantile(level), np.nan
    if method == "Hartung-Knapp" and studies > 1:
        # The factor below 1 would claim more precision than the studies have, so it is held at 1.
        scatter = float(np.sum(weights * (logs - centre) ** 2)) / (studies - 1)
        quantile = float(t.ppf((1 + level) / 2, studies - 1)) * max(scatter, 1.0) ** 0.5
    if method != "fixed" and studies > 2:
        prediction = float(t.ppf((1 + level) / 2, studies - 2)) * (between + error**2) ** 0.5
    few = notes.FEW_STUDIES if method != "fixed" and studies < 5 else ""
    return {
        "studies": studies,
        "q": found.q,
        "i_squared": found.i_squared,
        "tau_squared": found.tau_squared,
        "prediction_lower": float(np.exp(centre - prediction)),
        "prediction_upper": float(np.exp(centre + prediction)),
        "estimate": float(np.exp(centre)),
        "lower": float(np.exp(centre - quantile * error)),
        "upper": float(np.exp(centre + quantile * error)),
        "note": notes.ONE_STUDY if studies == 1 else few,
    }


@several_levels
def pool_ratios(
    table: pd.DataFrame, *, by: str | Sequence[str] = (), level: Levels = 0.95, method: str = "fixed"
) -> pd.DataFrame:
    """Weighted mean of ratios from several studies or groups.

    Parameters
    ----------
    table
        One row per study: `estimate`, `lower`, `upper` (ratios above 0) and `level` of its interval, 0.95 when absent.
    by
        Columns that define separate pools; none gives one.
    level
        Coverage of the result's interval, between 0 and 1.
    method
        ``fixed`` (one true ratio), ``DerSimonian-Laird`` (ratios differ between studies) or ``Hartung-Knapp`` (the
        same estimate with an interval that is honest for few studies).

    Returns
    -------
    pandas.DataFrame
        One row per pool: `studies`, `q`, `i_squared` (0 to 1), `tau_squared` (log scale), `prediction_lower`,
        `prediction_upper` (where the ratio of a next study is expected; missing for ``fixed`` and below three studies)
        and the estimate columns, with `measure` "pooled_ratio". One study is shown as it is, with a `note`.

    Raises
    ------
    DataError
        When a column is missing or a ratio or limit is not above 0.
    MethodError
        When the method is unknown.

    Notes
    -----
    Interpretation: weights are the inverse of the variances on the log scale. ``fixed`` suits parts of one study, such
    as men and women of one cohort; studies from different places ask for a random-effects method.
    Do not pool intervals that cannot be right (see `audit_intervals`), overlapping cohorts, or adjusted with crude
    ratios. With two or three studies the variance between them is hardly known: show them apart.

    References
    ----------
    DerSimonian R, Laird N. Meta-analysis in clinical trials. Control Clin Trials 1986;7:177-188.
    IntHout J, Ioannidis JPA, Borm GF. The Hartung-Knapp-Sidik-Jonkman method for random effects meta-analysis is
    straightforward. BMC Med Res Methodol 2014;14:25.
    Higgins JPT, Thompson SG, Spiegelhalter DJ. A re-evaluation of random-effects meta-analysis.
    J R Stat Soc A 2009;172:137-159.

    Examples
    --------
    >>> sexes = pd.DataFrame({"estimate": [3.31, 5.56], "lower": [2.91, 3.95], "upper": [3.77, 7.82]})
    >>> round(float(pool_ratios(sexes).loc[0, "estimate"]), 2)
    3.53
    """
    level = one_level(level)
    check_choice(method, POOLING_METHODS)
    check_level(level)
    keys = column_names(by)
    clash = set(keys) & {"studies", "q", "i_squared", "tau_squared", "estimate", "lower", "upper", "note"}
    if clash:
        raise MethodError(f"The columns {sorted(clash)} of `by` are names of results. Rename them beforehand.")
    logs = log_estimates(require_columns(table, keys))
    grouped = logs.groupby(keys, dropna=False, observed=True) if keys else [((), logs)]
    rows = [
        dict(zip(keys, names, strict=True))
        | _pool(rows["log_estimate"].to_numpy(), rows["log_standard_error"].to_numpy(), method, level)
        for names, rows in grouped
    ]
    pooled = pd.DataFrame(rows)
    return with_estimates(
        pooled.drop(columns=["estimate", "lower", "upper", "note"]),
        measure="pooled_ratio",
        estimate=pooled["estimate"],
        lower=pooled["lower"],
        upper=pooled["upper"],
        level=level,
        unit="ratio",
        method=POOLING_METHODS[method],
        note=pooled["note"].tolist(),
    )
