"""Time to an event for individual persons: survival curve, log-rank test and hazard ratio."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm
from statsmodels.duration.hazard_regression import PHReg
from statsmodels.duration.survfunc import SurvfuncRight, survdiff
from statsmodels.tools.sm_exceptions import ConvergenceWarning

from analysis.errors import DataError, MethodError
from analysis.estimates import with_estimates
from analysis.measures.shared import notes
from analysis.measures.shared.checks import (
    FloatArray,
    column_names,
    normal_quantile,
    require_complete,
    require_covariates,
    require_numbers,
)
from analysis.measures.shared.each_group import each_group
from analysis.measures.shared.entry import checked_tables
from analysis.measures.shared.grouping import rows_of_group
from analysis.measures.shared.levels import Levels, one_level, several_levels


def _individuals(table: pd.DataFrame, *, duration: str, event: str, columns: Sequence[str]) -> pd.DataFrame:
    """Check the columns that will be used: complete, durations not negative, events 0 or 1."""
    require_complete(table, [duration, event, *columns])
    checked = require_numbers(require_numbers(table, [duration], minimum=0), [event], minimum=0, maximum=1)
    between = ~checked[event].isin([0, 1]).to_numpy()
    if between.any():
        row = checked.iloc[int(np.flatnonzero(between)[0])]
        raise DataError(
            f"Column `{event}` must be 1 (event) or 0 (end of follow-up), and {int(between.sum())} values are neither, "
            f"the first in row {row.name} ({row[event]:g}). Recode it beforehand."
        )
    return checked


def _survival_limits(
    survival: FloatArray, error: FloatArray, at_risk: FloatArray, level: float
) -> tuple[FloatArray, FloatArray, list[str]]:
    """Log-log limits; before the first event an exact binomial one, at zero the upper limit of the step before."""
    inside = (survival > 0) & (survival < 1)
    safe = np.where(inside, survival, 0.5)
    half = normal_quantile(level) * error / (safe * np.abs(np.log(safe)))
    lower, upper = safe ** np.exp(np.where(inside, half, 0)), safe ** np.exp(-np.where(inside, half, 0))
    one, zero = survival >= 1, survival <= 0
    lower = np.where(one, ((1 - level) / 2) ** (1 / np.maximum(at_risk, 1)), np.where(zero, 0.0, lower))
    upper = np.where(one, 1.0, upper)
    before = np.concatenate([[1.0], upper[:-1]])
    upper = np.where(zero, before, upper)
    remarks = np.select([one, zero], [notes.SURVIVAL_ONE, notes.SURVIVAL_ZERO], default="").tolist()
    return lower, upper, remarks


def _curve(rows: pd.DataFrame, duration: str, event: str, level: float) -> pd.DataFrame:
    times, events = rows[duration].to_numpy(), rows[event].to_numpy()
    curve = pd.DataFrame({"time": [0.0], "at_risk": [len(rows)], "events": [0], "survival": [1.0], "error": [0.0]})
    if events.any():
        steps = SurvfuncRight(times, events)
        found = {"time": steps.surv_times, "at_risk": steps.n_risk, "events": steps.n_events}
        # At survival zero the Greenwood term divides by zero; no standard error is used there.
        error = np.where(steps.surv_prob > 0, np.nan_to_num(steps.surv_prob_se), 0.0)
        curve = pd.concat([curve, pd.DataFrame(found | {"survival": steps.surv_prob, "error": error})])
    if times.max() > curve["time"].iloc[-1]:
        end = curve.iloc[[-1]].assign(time=times.max(), at_risk=int((times == times.max()).sum()), events=0)
        curve = pd.concat([curve, end])
    curve = curve.astype({"at_risk": int, "events": int}).reset_index(drop=True)
    lower, upper, remarks = _survival_limits(
        curve["survival"].to_numpy(), curve["error"].to_numpy(), curve["at_risk"].to_numpy(), level
    )
    lower[0], upper[0], remarks[0] = 1.0, 1.0, notes.START_OF_FOLLOW_UP  # survival is 1 at the start by definition
    return curve.assign(lower=lower, upper=upper, note=remarks)


@several_levels
def kaplan_meier(
    table: pd.DataFrame, *, duration: str, event: str, by: str | Sequence[str] = (), level: Levels = 0.95
) -> pd.DataFrame:
    """Share of persons without the event over time, when follow-up ends at different moments.

    Parameters
    ----------
    table
        One row per person.
    duration
        Column with the time until the event or the end of follow-up, 0 or more, in any unit.
    event
        Column with 1 when the event happened and 0 when follow-up ended without it.
    by
        Columns that define groups with their own curve; none gives one curve.
    level
        Coverage of the intervals, between 0 and 1, at each time by itself.

    Returns
    -------
    pandas.DataFrame
        One row per group and step: `time`, `at_risk`, `events` and the estimate columns, with `measure` "survival",
        between 0 and 1. The first row is the start; the last is the end of follow-up.

    Raises
    ------
    DataError
        When a column or value is missing, a duration is negative or an event is not 0 or 1.

    Notes
    -----
    Interpretation: 0.8 at time 2 means that 80 of every 100 have not had the event by then. Intervals are normal on the
    log(-log) scale with Greenwood's variance, so that they stay between 0 and 1. At a survival of 1 or 0 they do not
    exist and a `note` says what stands there.
    Persons who leave must be like those who stay. With competing causes 1 - survival overstates the risk.

    References
    ----------
    Kaplan EL, Meier P. Nonparametric estimation from incomplete observations. J Am Stat Assoc 1958;53:457-481.
    Kalbfleisch JD, Prentice RL. The statistical analysis of failure time data. New York: Wiley, 1980.

    Examples
    --------
    >>> persons = pd.DataFrame({"years": [1, 2, 3, 4], "died": [1, 0, 1, 0]})
    >>> curve = kaplan_meier(persons, duration="years", event="died")
    >>> curve[["time", "at_risk", "events", "estimate"]].to_numpy().tolist()
    [[0.0, 4.0, 0.0, 1.0], [1.0, 4.0, 1.0, 0.75], [3.0, 2.0, 1.0, 0.375], [4.0, 1.0, 0.0, 0.375]]
    """
    level = one_level(level)
    keys = column_names(by)
    checked = _individuals(table, duration=duration, event=event, columns=keys)
    grouped = checked.groupby(keys, observed=True) if keys else [((), checked)]
    curves = []
    for names, rows in grouped:
        curve = _curve(rows, duration, event, level)
        labels: dict[str, Any] = dict(zip(keys, names, strict=True))
        curves.append(curve.assign(**labels))
    steps = pd.concat(curves, ignore_index=True)
    return with_estimates(
        steps[[*keys, "time", "at_risk", "events"]],
        measure="survival",
        estimate=steps["survival"],
        lower=steps["lower"],
        upper=steps["upper"],
        level=level,
        unit="proportion",
        method="Kaplan-Meier, Greenwood interval on the log(-log) scale",
        note=steps["note"].tolist(),
    )


@checked_tables
@each_group
def log_rank(
    table: pd.DataFrame, *, duration: str, event: str, group: str, by: str | Sequence[str] = ()
) -> pd.DataFrame:
    """Test whether groups have the same survival curve.

    Parameters
    ----------
    table
        One row per person.
    duration
        Column with the time until the event or the end of follow-up, 0 or more.
    event
        Column with 1 when the event happened and 0 when follow-up ended without it.
    group
        Column that names the groups, two or more.
    by
        Columns that define separate tests; none gives one.

    Returns
    -------
    pandas.DataFrame
        One row per test: `persons`, `events`, `statistic` (chi-squared), `degrees_of_freedom`, `p_value` and the
        estimate columns, where the estimate is the statistic. A test has no interval, and a `note` says so.

    Raises
    ------
    DataError
        When a column or value is missing, a duration is negative or an event is not 0 or 1.
    MethodError
        When there is only one group or nobody had the event; with `by`, the message names where.

    Notes
    -----
    Interpretation: a small p-value says that the curves differ by more than chance, not by how much: give a hazard
    ratio or the curves beside it. It loses power when curves cross.

    References
    ----------
    Mantel N. Evaluation of survival data and two new rank order statistics arising in its consideration.
    Cancer Chemother Rep 1966;50:163-170.

    Examples
    --------
    >>> persons = pd.DataFrame({"years": [1, 2, 3, 4], "died": [1, 1, 1, 1], "arm": list("aabb")})
    >>> round(float(log_rank(persons, duration="years", event="died", group="arm").loc[0, "statistic"]), 2)
    2.88
    """
    checked = _individuals(table, duration=duration, event=event, columns=[group])
    groups = checked[group].nunique()
    if groups < 2:
        raise MethodError(f"Column `{group}` names {groups} group, and a log-rank test compares at least two.")
    if not checked[event].any():
        raise MethodError(
            f"Nobody has the event in `{event}`, so there is nothing to test. Report the persons at risk."
        )
    statistic, p_value = survdiff(
        checked[duration].to_numpy(), checked[event].to_numpy(), checked[group].astype(str).to_numpy()
    )
    ingredients = {
        "persons": len(checked),
        "events": int(checked[event].sum()),
        "statistic": float(statistic),
        "degrees_of_freedom": groups - 1,
        "p_value": float(p_value),
    }
    return with_estimates(
        pd.DataFrame([ingredients]),
        measure="log_rank",
        estimate=statistic,
        lower=np.nan,
        upper=np.nan,
        level=0.95,
        unit="chi-squared",
        method="log-rank test",
        note=notes.TEST_WITHOUT_INTERVAL,
    )


def _covariates(rows: pd.DataFrame, exposure: FloatArray, adjust: Sequence[str]) -> pd.DataFrame:
    """Exposure first, then the numeric columns and indicators of the others."""
    columns = (
        pd.get_dummies(require_covariates(rows, adjust), drop_first=True, dtype=float)
        if adjust
        else pd.DataFrame(index=rows.index)
    )
    columns = columns.astype(float)
    columns.insert(0, "exposed", exposure)
    centred = (columns - columns.mean()).to_numpy()
    if np.linalg.matrix_rank(centred) < columns.shape[1]:
        raise MethodError(
            f"The columns of `adjust` ({', '.join(adjust) or 'none'}) and the group determine each other, or do "
            "not vary. Leave out the one that the others already tell."
        )
    return columns


def _cox(durations: pd.Series, events: pd.Series, design: pd.DataFrame) -> tuple[float, float]:
    """Logarithm of the hazard ratio of the first column, and its standard error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            model = PHReg(durations.to_numpy(), design.to_numpy(), status=events.to_numpy(), ties="efron")
            fit = model.fit()
            return float(fit.params[0]), float(fit.bse[0])
        except (Warning, np.linalg.LinAlgError) as problem:
            raise MethodError(
                f"The Cox model does not converge ({problem}). "
                "Look for a column of `adjust` with a category without events."
            ) from problem


@several_levels
@each_group
def hazard_ratio(
    table: pd.DataFrame,
    *,
    duration: str,
    event: str,
    group: str,
    exposed: Any,
    reference: Any,
    adjust: str | Sequence[str] = (),
    by: str | Sequence[str] = (),
    level: Levels = 0.95,
) -> pd.DataFrame:
    """Hazard of the event in one group over that in another (Cox regression).

    Parameters
    ----------
    table
        One row per person; persons of other groups are left out.
    duration
        Column with the time until the event or the end of follow-up, 0 or more.
    event
        Column with 1 when the event happened and 0 when follow-up ended without it.
    group
        Column that names the group.
    exposed, reference
        Names of the group of interest and of the one it is compared with.
    adjust
        Columns to hold equal: numbers enter as a line, others as categories.
    by
        Columns that define separate comparisons, each with a model of its own; none gives one.
    level
        Coverage of the interval, between 0 and 1, or several.

    Returns
    -------
    pandas.DataFrame
        One row per comparison: `persons`, `events_exposed`, `events_reference`, `p_value` and the estimate columns,
        with `measure` "hazard_ratio".

    Raises
    ------
    DataError
        When a column, group or value is missing, a duration is negative or an event is not 0 or 1.
    MethodError
        When a group has no events, or columns of `adjust` determine each other, or the model does not converge.

    Notes
    -----
    Interpretation: 2 means that at any moment those still at risk have the event twice as often. Ties after Efron.
    Use it when the ratio is about the same over time; look at the curves first. It is not a ratio of risks, and it
    changes when a strong predictor is added, even one unrelated to the group.

    References
    ----------
    Cox DR. Regression models and life-tables. J R Stat Soc B 1972;34:187-220.
    Efron B. The efficiency of Cox's likelihood function for censored data. J Am Stat Assoc 1977;72:557-565.
    """
    level = one_level(level)
    z = normal_quantile(level)
    covariates = column_names(adjust)
    checked = _individuals(table, duration=duration, event=event, columns=[group, *covariates])
    sides = [rows_of_group(checked, group, value) for value in (exposed, reference)]
    for value, side in zip((exposed, reference), sides, strict=True):
        if not side[event].any():
            raise MethodError(
                f"Nobody with {value!r} in `{group}` has the event, so a hazard ratio does not exist. "
                'Use `rate_ratio` with method="exact".'
            )
    rows = pd.concat(sides)
    exposure = np.repeat([1.0, 0.0], [len(sides[0]), len(sides[1])])
    log_ratio, error = _cox(rows[duration], rows[event], _covariates(rows, exposure, covariates))
    ingredients = {
        "persons": len(rows),
        "events_exposed": int(sides[0][event].sum()),
        "events_reference": int(sides[1][event].sum()),
        "p_value": float(2 * norm.sf(abs(log_ratio / error))),
    }
    adjusted = f", adjusted for {', '.join(covariates)}" if covariates else ""
    return with_estimates(
        pd.DataFrame([ingredients]),
        measure="hazard_ratio",
        estimate=np.exp(log_ratio),
        lower=np.exp(log_ratio - z * error),
        upper=np.exp(log_ratio + z * error),
        level=level,
        unit="ratio",
        method=f"Cox regression, ties after Efron{adjusted}",
    )
