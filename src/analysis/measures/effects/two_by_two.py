"""Two groups and an event: risk difference, risk ratio, odds ratio and number needed to treat."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.estimates import check_level, with_estimates
from analysis.measures.effects.binomial import wilson_limits
from analysis.measures.effects.score_intervals import conditional_odds_ratio, score_interval
from analysis.measures.shared import notes
from analysis.measures.shared.checks import (
    FloatArray,
    check_choice,
    column_names,
    normal_quantile,
    require_columns,
    require_no_more_than,
    require_numbers,
)
from analysis.measures.shared.grouping import exposed_and_reference
from analysis.measures.shared.levels import Levels, one_level, several_levels
from analysis.measures.shared.ratios import divide, log_interval, mover_difference, mover_ratio


def _two_groups(
    table: pd.DataFrame, *, group: str, exposed: Any, reference: Any, events: str, total: str, by: str | Sequence[str]
) -> tuple[pd.DataFrame, list[FloatArray]]:
    require_columns(table, [group, *column_names(by)])
    checked = require_no_more_than(require_numbers(table, [events, total], minimum=0), events, total)
    pairs = exposed_and_reference(checked, [events, total], group=group, exposed=exposed, reference=reference, by=by)
    sides = [pairs[f"{column}_{side}"].to_numpy() for side in ("exposed", "reference") for column in (events, total)]
    return pairs, sides


def _score_limits(
    events: FloatArray, total: FloatArray, events_0: FloatArray, total_0: FloatArray, level: float, measure: str
) -> tuple[FloatArray, FloatArray]:
    """Score limits, missing where a group has no persons."""
    some = (total > 0) & (total_0 > 0)
    a, n, b, m = (np.where(some, side, 1.0) for side in (events, total, events_0, total_0))
    lower, upper = score_interval(a, n, b, m, level, measure=measure)
    return np.where(some, lower, np.nan), np.where(some, upper, np.nan)


def _difference_limits(
    events: FloatArray, total: FloatArray, events_0: FloatArray, total_0: FloatArray, level: float, method: str
) -> tuple[FloatArray, FloatArray, FloatArray]:
    share, share_0 = divide(events, total), divide(events_0, total_0)
    if method == "newcombe":
        limits = wilson_limits(events, total, level)
        limits_0 = wilson_limits(events_0, total_0, level)
        lower, upper = mover_difference((share, *limits), (share_0, *limits_0))
    elif method == "miettinen-nurminen":
        lower, upper = _score_limits(events, total, events_0, total_0, level, "risk_difference")
    else:
        variance = divide(share * (1 - share), total) + divide(share_0 * (1 - share_0), total_0)
        half = normal_quantile(level) * np.sqrt(variance)
        lower, upper = share - share_0 - half, share - share_0 + half
    return share - share_0, lower, upper


DIFFERENCE_METHODS = {
    "newcombe": "Newcombe hybrid score (method 10)",
    "miettinen-nurminen": "score (Miettinen-Nurminen)",
    "wald": "normal (Wald)",
}
RATIO_METHODS = {
    "log": "normal on the log scale (Katz)",
    "mover": "MOVER-R of Wilson limits",
    "miettinen-nurminen": "score (Miettinen-Nurminen)",
}
ODDS_METHODS = {
    "woolf": "normal on the log scale (Woolf)",
    "miettinen-nurminen": "score (Miettinen-Nurminen)",
    "exact": "exact conditional (Cornfield)",
}


@several_levels
def risk_difference(
    table: pd.DataFrame,
    *,
    group: str,
    exposed: Any,
    reference: Any,
    events: str = "events",
    total: str = "total",
    by: str | Sequence[str] = (),
    level: Levels = 0.95,
    method: str = "newcombe",
) -> pd.DataFrame:
    """Proportion with an event in one group minus that in another.

    Parameters
    ----------
    table
        One row per stratum; strata are added up within each group. Rows of other groups are left out.
    group
        Column that names the group.
    exposed, reference
        Names of the group of interest and of the one it is compared with.
    events
        Column with counts of persons with the event.
    total
        Column with counts of persons observed.
    by
        Columns that define separate comparisons; none gives one.
    level
        Coverage of the interval, between 0 and 1, or several.
    method
        ``newcombe`` (hybrid score, method 10), ``miettinen-nurminen`` (score, for small groups and rare events) or
        ``wald`` (normal, for large groups). There is no exact method here: the score interval comes close to it.

    Returns
    -------
    pandas.DataFrame
        One row per comparison: events and total of both groups and the estimate columns, with `measure`
        "risk_difference", between -1 and 1.

    Raises
    ------
    DataError
        When a column or group is missing, or numbers are impossible.
    MethodError
        When the method is unknown.

    Notes
    -----
    Interpretation: 0.20 means 20 more persons with the event among every 100. Use it for trials and for what there
    is to gain. The two groups must be independent: not for the same persons before and after.

    References
    ----------
    Newcombe RG. Interval estimation for the difference between independent proportions: comparison of eleven
    methods. Stat Med 1998;17:873-890.
    Miettinen O, Nurminen M. Comparative analysis of two rates. Stat Med 1985;4:213-226.

    Examples
    --------
    >>> arms = pd.DataFrame({"arm": ["new", "usual"], "events": [56, 48], "total": [70, 80]})
    >>> result = risk_difference(arms, group="arm", exposed="new", reference="usual")
    >>> result[["estimate", "lower", "upper"]].round(4).to_numpy().tolist()
    [[0.2, 0.0524, 0.3339]]
    """
    level = one_level(level)
    check_choice(method, DIFFERENCE_METHODS)
    pairs, (count, persons, count_0, persons_0) = _two_groups(
        table, group=group, exposed=exposed, reference=reference, events=events, total=total, by=by
    )
    estimate, lower, upper = _difference_limits(count, persons, count_0, persons_0, check_level(level), method)
    certain = (count == 0) | (count == persons) | (count_0 == 0) | (count_0 == persons_0)
    remarks = np.select(
        [np.isnan(estimate), certain & (method == "wald"), (count == 0) & (count_0 == 0)],
        [notes.NO_OBSERVATIONS, notes.ZERO_VARIANCE, notes.NO_EVENTS],
        default="",
    )
    return with_estimates(
        pairs,
        measure="risk_difference",
        estimate=estimate,
        lower=lower,
        upper=upper,
        level=level,
        unit="proportion",
        method=DIFFERENCE_METHODS[method],
        note=remarks.tolist(),
    )


@several_levels
def risk_ratio(
    table: pd.DataFrame,
    *,
    group: str,
    exposed: Any,
    reference: Any,
    events: str = "events",
    total: str = "total",
    by: str | Sequence[str] = (),
    level: Levels = 0.95,
    method: str = "log",
) -> pd.DataFrame:
    """Proportion with an event in one group over that in another.

    Parameters
    ----------
    table
        One row per stratum; strata are added up within each group. Rows of other groups are left out.
    group
        Column that names the group.
    exposed, reference
        Names of the group on top and of the one it is compared with.
    events
        Column with counts of persons with the event.
    total
        Column with counts of persons observed.
    by
        Columns that define separate comparisons; none gives one.
    level
        Coverage of the interval, between 0 and 1, or several.
    method
        ``log`` (Katz, normal on the log scale), ``mover`` (from the Wilson limits of both groups, allows zero) or
        ``miettinen-nurminen`` (score, allows zero).

    Returns
    -------
    pandas.DataFrame
        One row per comparison: events and total of both groups and the estimate columns, with `measure`
        "risk_ratio". Where the log method cannot work, the interval is that of ``mover`` and a `note` says so.

    Raises
    ------
    DataError
        When a column or group is missing, or numbers are impossible.
    MethodError
        When the method is unknown.

    Notes
    -----
    Interpretation: 2 means twice as many persons with the event among every 100. Show the risk difference beside it:
    twice very little is little. It changes when event and non-event are exchanged; the odds ratio only inverts.

    References
    ----------
    Katz D, Baptista J, Azen SP, Pike MC. Obtaining confidence intervals for the risk ratio in cohort studies.
    Biometrics 1978;34:469-474.
    Donner A, Zou GY. Closed-form confidence intervals for functions of the normal mean and standard deviation.
    Stat Methods Med Res 2012;21:347-359.

    Examples
    --------
    >>> arms = pd.DataFrame({"arm": ["new", "usual"], "events": [128, 35], "total": [222, 209]})
    >>> result = risk_ratio(arms, group="arm", exposed="new", reference="usual")
    >>> round(float(result.loc[0, "estimate"]), 2)
    3.44
    """
    level = one_level(level)
    check_choice(method, RATIO_METHODS)
    pairs, (count, persons, count_0, persons_0) = _two_groups(
        table, group=group, exposed=exposed, reference=reference, events=events, total=total, by=by
    )
    share, share_0 = divide(count, persons), divide(count_0, persons_0)
    lower, upper = mover_ratio(
        (share, *wilson_limits(count, persons, check_level(level))),
        (share_0, *wilson_limits(count_0, persons_0, level)),
    )
    zero, all_events = (count == 0) | (count_0 == 0), (count == persons) & (count_0 == persons_0)
    if method == "log":
        fits = ~zero & ~all_events
        a, n, b, m = (np.where(fits, side, 1.0) for side in (count, persons, count_0, persons_0))
        low, high = log_interval(divide(a * m, n * b), np.sqrt(np.maximum(1 / a - 1 / n + 1 / b - 1 / m, 0)), level)
        lower, upper = np.where(fits, low, lower), np.where(fits, high, upper)
    elif method == "miettinen-nurminen":
        lower, upper = _score_limits(count, persons, count_0, persons_0, level, "risk_ratio")
    nobody = (persons == 0) | (persons_0 == 0)
    remarks = np.select(
        [nobody, (count == 0) & (count_0 == 0), zero, all_events],
        [
            notes.NO_OBSERVATIONS,
            notes.NO_EVENTS_AT_ALL,
            "" if method == "miettinen-nurminen" else notes.NO_EVENTS_IN_A_GROUP,
            "" if method == "miettinen-nurminen" else notes.ALL_EVENTS,
        ],
        default="",
    )
    return with_estimates(
        pairs,
        measure="risk_ratio",
        estimate=divide(share, share_0),
        lower=np.where(nobody, np.nan, lower),
        upper=np.where(nobody, np.nan, upper),
        level=level,
        unit="ratio",
        method=RATIO_METHODS[method],
        note=remarks.tolist(),
    )


@several_levels
def odds_ratio(
    table: pd.DataFrame,
    *,
    group: str,
    exposed: Any,
    reference: Any,
    events: str = "events",
    total: str = "total",
    by: str | Sequence[str] = (),
    level: Levels = 0.95,
    method: str = "woolf",
) -> pd.DataFrame:
    """Odds of an event in one group over those in another.

    Parameters
    ----------
    table
        One row per stratum; strata are added up within each group. Rows of other groups are left out.
    group
        Column that names the group.
    exposed, reference
        Names of the group on top and of the one it is compared with.
    events
        Column with counts of persons with the event.
    total
        Column with counts of persons observed.
    by
        Columns that define separate comparisons; none gives one.
    level
        Coverage of the interval, between 0 and 1, or several.
    method
        ``woolf`` (normal on the log scale), ``miettinen-nurminen`` (score, allows empty cells) or ``exact`` (given the
        margins; never covers too seldom). With ``exact`` the estimate is that of maximum conditional likelihood.

    Returns
    -------
    pandas.DataFrame
        One row per comparison: events and total of both groups and the estimate columns, with `measure`
        "odds_ratio". With an empty cell the limits of ``woolf`` come from 0.5 added to each cell, and a `note` says so.

    Raises
    ------
    DataError
        When a column or group is missing, or numbers are impossible.
    MethodError
        When the method is unknown.

    Notes
    -----
    Interpretation: a ratio of odds, not of risks; when events are common it lies further from 1 than the risk ratio.
    Use it for case-control studies and beside logistic regression. For trials with common events show risks.

    References
    ----------
    Woolf B. On estimating the relation between blood group and disease. Ann Hum Genet 1955;19:251-253.
    Haldane JBS. The estimation and significance of the logarithm of a ratio of frequencies.
    Ann Hum Genet 1956;20:309-311.
    Cornfield J. A statistical problem arising from retrospective studies. Proc Third Berkeley Symp 1956;4:135-148.
    Miettinen O, Nurminen M. Comparative analysis of two rates. Stat Med 1985;4:213-226.

    Examples
    --------
    >>> arms = pd.DataFrame({"arm": ["new", "usual"], "events": [20, 10], "total": [100, 100]})
    >>> result = odds_ratio(arms, group="arm", exposed="new", reference="usual")
    >>> round(float(result.loc[0, "estimate"]), 2)
    2.25
    """
    level = one_level(level)
    check_choice(method, ODDS_METHODS)
    pairs, (count, persons, count_0, persons_0) = _two_groups(
        table, group=group, exposed=exposed, reference=reference, events=events, total=total, by=by
    )
    cells = np.stack([count, persons - count, count_0, persons_0 - count_0])
    empty = (cells == 0).any(axis=0)
    filled = np.where(empty, cells + 0.5, cells)
    ratio = divide(cells[0] * cells[3], cells[1] * cells[2])
    if method == "exact":
        ratio, lower, upper = conditional_odds_ratio(count, persons, count_0, persons_0, level)
    elif method == "miettinen-nurminen":
        lower, upper = _score_limits(count, persons, count_0, persons_0, level, "odds_ratio")
    else:
        centre = filled[0] * filled[3] / (filled[1] * filled[2])
        lower, upper = log_interval(centre, np.sqrt((1 / filled).sum(axis=0)), level)
    nobody, undefined = (persons == 0) | (persons_0 == 0), np.isnan(ratio)
    lower = np.where((ratio == 0) | undefined, 0.0, lower)
    upper = np.where(np.isinf(ratio) | undefined, np.inf, upper)
    neither = (count == 0) & (count_0 == 0)
    remarks = np.select(
        [nobody, neither, undefined, empty],
        [
            notes.NO_OBSERVATIONS,
            notes.NO_EVENTS_AT_ALL,
            notes.ALL_EVENTS_UNDEFINED,
            notes.EMPTY_CELL * (method == "woolf"),
        ],
        default="",
    )
    return with_estimates(
        pairs,
        measure="odds_ratio",
        estimate=ratio,
        lower=np.where(nobody, np.nan, lower),
        upper=np.where(nobody, np.nan, upper),
        level=level,
        unit="ratio",
        method=ODDS_METHODS[method],
        note=remarks.tolist(),
    )


@several_levels
def number_needed_to_treat(
    table: pd.DataFrame,
    *,
    group: str,
    exposed: Any,
    reference: Any,
    events: str = "events",
    total: str = "total",
    by: str | Sequence[str] = (),
    level: Levels = 0.95,
    method: str = "newcombe",
) -> pd.DataFrame:
    """Persons to treat for one more event: the inverse of the risk difference.

    Parameters
    ----------
    table
        One row per stratum; strata are added up within each group. Rows of other groups are left out.
    group
        Column that names the group.
    exposed, reference
        Names of the treated group and of the one it is compared with.
    events
        Column with counts of persons with the event.
    total
        Column with counts of persons observed.
    by
        Columns that define separate comparisons; none gives one.
    level
        Coverage of the interval, between 0 and 1, or several.
    method
        How the interval of the risk difference is made, see `risk_difference`.

    Returns
    -------
    pandas.DataFrame
        One row per comparison: events and total of both groups, `risk_difference`, `risk_difference_lower`,
        `risk_difference_upper`, and the estimate columns with `measure` "number_needed_to_treat" in persons.

    Raises
    ------
    DataError
        When a column or group is missing, or numbers are impossible.
    MethodError
        When the method is unknown.

    Notes
    -----
    Interpretation: positive when the event is more common among the treated: 5 means one more event for every 5
    treated. Negative when it is less common: -5 means one event fewer for every 5. When the risk difference may be
    zero, the numbers that fit the data run from 1 / `risk_difference_upper` up through infinity to
    1 / `risk_difference_lower`; the interval is then infinite on both sides and a `note` says so.
    It holds for the follow-up time and the baseline risk of the study only; do not pool it.

    References
    ----------
    Altman DG. Confidence intervals for the number needed to treat. BMJ 1998;317:1309-1312.

    Examples
    --------
    >>> arms = pd.DataFrame({"arm": ["new", "usual"], "events": [56, 48], "total": [70, 80]})
    >>> result = number_needed_to_treat(arms, group="arm", exposed="new", reference="usual")
    >>> result[["estimate", "lower", "upper"]].round(1).to_numpy().tolist()
    [[5.0, 3.0, 19.1]]
    """
    level = one_level(level)
    differences = risk_difference(
        table,
        group=group,
        exposed=exposed,
        reference=reference,
        events=events,
        total=total,
        by=by,
        level=level,
        method=method,
    )
    shown = differences.rename(columns={"lower": "risk_difference_lower", "upper": "risk_difference_upper"})
    shown = shown.rename(columns={"estimate": "risk_difference"})
    low, high = differences["lower"].to_numpy(), differences["upper"].to_numpy()
    through_zero = (low <= 0) & (high >= 0)
    remarks = [
        notes.combine_notes(note, notes.DIFFERENCE_INCLUDES_ZERO if crosses else "")
        for note, crosses in zip(differences["note"], through_zero, strict=True)
    ]
    # 1 / 0 is infinite, never minus infinity: no difference means that nobody gains, however many are treated.
    return with_estimates(
        shown.drop(columns=["measure", "level", "unit", "method", "note"]),
        measure="number_needed_to_treat",
        estimate=divide(1.0, np.abs(differences["estimate"])) * np.where(differences["estimate"] < 0, -1, 1),
        lower=np.where(through_zero, -np.inf, divide(1.0, high)),
        upper=np.where(through_zero, np.inf, divide(1.0, low)),
        level=level,
        unit="persons",
        method=f"inverse of the risk difference, {DIFFERENCE_METHODS[method]}",
        note=remarks,
    )
