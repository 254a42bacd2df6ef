"""Interrupted time series: change of level and slope when something began."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import statsmodels.api as sm

from analysis.errors import MethodError
from analysis.estimates import with_estimates
from analysis.measures.shared import notes
from analysis.measures.shared.checks import (
    FloatArray,
    check_choice,
    check_whole,
    column_names,
    normal_quantile,
    require_columns,
    require_numbers,
)
from analysis.measures.shared.levels import Levels, one_level, several_levels

MODELS = {
    "linear": "segmented linear regression, Newey-West",
    "poisson": "segmented Poisson regression, Newey-West",
    "quasi-poisson": "segmented Poisson regression, variance times the dispersion",
}
TERMS = ("level_before", "slope_before", "level_change", "slope_change")


@dataclass(frozen=True)
class _Segments:
    """A fitted series."""

    fit: Any
    table: pd.DataFrame
    design: FloatArray
    offset: FloatArray | None
    lags: int
    terms: tuple[str, ...]


def _segments(
    table: pd.DataFrame,
    *,
    outcome: str,
    time: str,
    start: float,
    model: str,
    exposure: str | None,
    adjust: str | Sequence[str],
    lags: int | None,
    slope: bool,
) -> _Segments:
    check_choice(model, MODELS, option="model")
    if not isinstance(slope, bool):
        raise MethodError(f"The option `slope` is {slope!r}; it must be True or False.")
    more, terms = column_names(adjust), TERMS if slope else TERMS[:3]
    checked = require_numbers(require_columns(table, [outcome, time, *more]), [outcome, time, *more])
    if model != "linear":
        checked = require_numbers(checked, [outcome], minimum=0)
    if exposure is not None:
        checked = require_numbers(checked, [exposure], above=0)
        if model == "linear":
            raise MethodError("A linear model takes no exposure. Divide the outcome by it, or use model='poisson'.")
    checked = checked.sort_values(time, ignore_index=True)
    if checked[time].duplicated().any():
        raise MethodError(f"Column `{time}` has moments that occur twice. Add the rows of each moment up first.")
    moment = checked[time].to_numpy()
    after = (moment >= start).astype(float)
    if after.sum() < 2 or (1 - after).sum() < 2 or len(checked) <= len(terms) + len(more):
        raise MethodError(
            f"{int((1 - after).sum())} moments before and {int(after.sum())} from {start:g} on are too few for two "
            "lines. It takes two on each side and more in all than the model has terms; twelve on each side is usual."
        )
    centred = [checked[name].to_numpy() - checked[name].mean() for name in more]
    changes = [after, (moment - start) * after] if slope else [after]
    design = np.column_stack([np.ones(len(checked)), moment - start, *changes, *centred])
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise MethodError(f"The columns {more} do not vary, or follow from the moment or each other. Leave some out.")
    used = (
        int(np.floor(4 * (len(checked) / 100) ** (2 / 9)))
        if lags is None
        else check_whole(lags, option="lags", minimum=0)
    )
    if used >= len(checked):
        raise MethodError(f"The option `lags` is {used}, and there are {len(checked)} moments. Ask for fewer lags.")
    offset = None if exposure is None else np.log(checked[exposure].to_numpy())
    values = checked[outcome].to_numpy()
    robust = {"cov_type": "HAC", "cov_kwds": {"maxlags": used, "use_correction": False}}
    if model == "linear":
        fit = sm.OLS(values, design).fit(**robust)
    else:
        family = sm.GLM(values, design, family=sm.families.Poisson(), offset=offset)
        fit = family.fit(scale="X2") if model == "quasi-poisson" else family.fit(**robust)
    return _Segments(fit, checked, design, offset, used, terms)


def _method(model: str, lags: int) -> str:
    return MODELS[model] if model == "quasi-poisson" else f"{MODELS[model]} ({lags} lags)"


@several_levels
def interrupted_series(
    table: pd.DataFrame,
    *,
    outcome: str,
    time: str,
    start: float,
    model: str = "linear",
    exposure: str | None = None,
    adjust: str | Sequence[str] = (),
    lags: int | None = None,
    slope: bool = True,
    level: Levels = 0.95,
) -> pd.DataFrame:
    """Change of level and of slope of a series at the moment something began.

    Parameters
    ----------
    table
        One row per moment.
    outcome
        Column with the outcome: a mean or rate for ``linear``, a count for the others.
    time
        Column with the moment, as a number; gaps are allowed.
    start
        First moment under the new regime.
    model
        ``linear``, ``poisson`` or ``quasi-poisson``.
    exposure
        Column with person-years or population for counts; none takes the counts as they are.
    adjust
        Columns with other explanations (season, a control series); they are centred.
    lags
        How many moments errors are correlated over (Newey-West); by default 4 (n / 100)^(2/9), rounded down.
    slope
        Whether the slope may change too; False keeps the old slope, so that the level change is that of all moments
        from the start on. Choose before looking, from what the measure is expected to do.
    level
        Coverage of the intervals, between 0 and 1, or several.

    Returns
    -------
    pandas.DataFrame
        Rows with `measure` "level_before" (just before the start), "slope_before" (per unit of time), "level_change"
        and, with `slope`, "slope_change", each with `standard_error` and `moments`. Counts give ratios: a rate, or
        rate ratios; `standard_error` is then that of the logarithm.

    Raises
    ------
    DataError
        When a column is missing, or a number is missing or impossible.
    MethodError
        When the model is unknown, moments occur twice or are too few on one side.

    Notes
    -----
    Interpretation: the level change is the jump at the start, the slope change how much faster it goes from then on. It
    is an effect only if the old line would have gone on, and nothing else changed at that moment: look at the series,
    and use a control series. Season must be in `adjust`. Intervals are normal; with short series they are too narrow.

    References
    ----------
    Wagner AK, Soumerai SB, Zhang F, Ross-Degnan D. Segmented regression analysis of interrupted time series studies in
    medication use research. J Clin Pharm Ther 2002;27:299-309.
    Bernal JL, Cummins S, Gasparrini A. Interrupted time series regression for the evaluation of public health
    interventions: a tutorial. Int J Epidemiol 2017;46:348-355.
    Newey WK, West KD. A simple, positive semi-definite, heteroskedasticity and autocorrelation consistent covariance
    matrix. Econometrica 1987;55:703-708.

    Examples
    --------
    >>> series = pd.DataFrame({"month": range(8), "visits": [1.0, 2, 3, 4, 9, 11, 13, 15]})
    >>> interrupted_series(series, outcome="visits", time="month", start=4)["estimate"].round(6).tolist()
    [5.0, 1.0, 4.0, 1.0]
    """
    covered = one_level(level)
    found = _segments(
        table,
        outcome=outcome,
        time=time,
        start=start,
        model=model,
        exposure=exposure,
        adjust=adjust,
        lags=lags,
        slope=slope,
    )
    count = len(found.terms)
    centre, error = np.asarray(found.fit.params)[:count], np.asarray(found.fit.bse)[:count]
    half = normal_quantile(covered) * error
    limits = (centre, centre - half, centre + half)
    linear = model == "linear"
    estimate, lower, upper = limits if linear else (np.exp(side) for side in limits)
    short = min(int((found.table[time] < start).sum()), int((found.table[time] >= start).sum())) < 8
    rows = pd.DataFrame({"moments": len(found.table), "standard_error": error}, index=range(count))
    parts = [
        with_estimates(
            rows.iloc[[row]],
            measure=name,
            estimate=estimate[[row]],
            lower=lower[[row]],
            upper=upper[[row]],
            level=covered,
            unit=_unit(name, linear, time, exposure),
            method=_method(model, found.lags),
            note=notes.SHORT_SERIES if short else "",
        )
        for row, name in enumerate(found.terms)
    ]
    return pd.concat(parts, ignore_index=True)


def _unit(term: str, linear: bool, time: str, exposure: str | None) -> str:
    per = f" per unit of {time}" if term.startswith("slope") else ""
    if linear:
        return f"unit of the outcome{per}"
    if term == "level_before":
        return "events" if exposure is None else f"events per unit of {exposure}"
    return f"ratio{per}"


@several_levels
def series_counterfactual(
    table: pd.DataFrame,
    *,
    outcome: str,
    time: str,
    start: float,
    model: str = "linear",
    exposure: str | None = None,
    adjust: str | Sequence[str] = (),
    lags: int | None = None,
    slope: bool = True,
    level: Levels = 0.95,
) -> pd.DataFrame:
    """What the fitted series would have been had the old line gone on, moment by moment.

    Parameters
    ----------
    table
        One row per moment.
    outcome, time
        Columns as in `interrupted_series`.
    start
        First moment under the new regime.
    model
        ``linear``, ``poisson`` or ``quasi-poisson``.
    exposure
        Column with person-years or population for counts.
    adjust
        Columns with other explanations.
    lags
        How many moments errors are correlated over.
    slope
        Whether the slope may change too.
    level
        Coverage of the intervals, between 0 and 1, or several.

    Returns
    -------
    pandas.DataFrame
        One row per moment: the time, `observed`, `fitted`, and the estimate columns with `measure` "counterfactual".
        The interval is that of the line, not of single observations.

    Raises
    ------
    DataError
        When a column is missing, or a number is missing or impossible.
    MethodError
        As in `interrupted_series`.

    Notes
    -----
    Interpretation: observed less counterfactual is what changed, if the old line would have gone on. The further from
    the start, the less that is certain, and the interval shows only a part of it.

    References
    ----------
    Wagner AK, et al. J Clin Pharm Ther 2002;27:299-309.
    """
    covered = one_level(level)
    found = _segments(
        table,
        outcome=outcome,
        time=time,
        start=start,
        model=model,
        exposure=exposure,
        adjust=adjust,
        lags=lags,
        slope=slope,
    )
    without = found.design.copy()
    without[:, 2 : len(found.terms)] = 0.0
    offset = np.zeros(len(without)) if found.offset is None else found.offset
    line = without @ np.asarray(found.fit.params) + offset
    spread = np.sqrt(np.maximum(np.sum((without @ np.asarray(found.fit.cov_params())) * without, axis=1), 0))
    half = normal_quantile(covered) * spread
    limits = (line, line - half, line + half)
    estimate, lower, upper = limits if model == "linear" else (np.exp(side) for side in limits)
    rows = pd.DataFrame({time: found.table[time], "observed": found.table[outcome], "fitted": found.fit.fittedvalues})
    return with_estimates(
        rows,
        measure="counterfactual",
        estimate=estimate,
        lower=lower,
        upper=upper,
        level=covered,
        unit="unit of the outcome" if model == "linear" else "events",
        method=_method(model, found.lags),
        note="",
    )
