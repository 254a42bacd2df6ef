"""Proportions: intervals, differences, ratios, numbers needed to treat, and bounds for missing outcomes."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import beta

from analysis.errors import DataError
from analysis.estimates import check_level, with_estimates
from analysis.measures import notes
from analysis.measures.checks import (
    FloatArray,
    check_choice,
    check_values,
    column_names,
    normal_quantile,
    require_columns,
    require_no_more_than,
    require_numbers,
)
from analysis.measures.grouping import exposed_and_reference, sum_by
from analysis.measures.ratios import divide, log_interval, mover_difference, mover_ratio


def _wilson_limits(events: FloatArray, total: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
    z = normal_quantile(level)
    spread = np.where(total > 0, divide(events * (total - events), np.maximum(total, 1e-300)), 0.0)
    centre, half = events + z**2 / 2, z * np.sqrt(spread + z**2 / 4)
    # At no events and at all events the limit is 0 or 1 exactly; rounding must not push it beyond.
    lower = np.where(events == 0, 0.0, (centre - half) / (total + z**2))
    upper = np.where(events == total, 1.0, (centre + half) / (total + z**2))
    return lower, upper


def _exact_limits(events: FloatArray, total: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
    tail, others = (1 - level) / 2, total - events
    lower = np.where(events > 0, beta.ppf(tail, np.where(events > 0, events, 1), others + 1), 0.0)
    upper = np.where(others > 0, beta.ppf(1 - tail, events + 1, np.where(others > 0, others, 1)), 1.0)
    return lower, upper


def _jeffreys_limits(events: FloatArray, total: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
    tail, others = (1 - level) / 2, total - events
    lower = np.where(events > 0, beta.ppf(tail, events + 0.5, others + 0.5), 0.0)
    upper = np.where(others > 0, beta.ppf(1 - tail, events + 0.5, others + 0.5), 1.0)
    return lower, upper


PROPORTION_METHODS: dict[str, Callable[[FloatArray, FloatArray, float], tuple[FloatArray, FloatArray]]] = {
    "wilson": _wilson_limits,
    "exact": _exact_limits,
    "jeffreys": _jeffreys_limits,
}


def proportion_interval(
    events: ArrayLike, total: ArrayLike, level: float = 0.95, *, method: str = "wilson"
) -> tuple[FloatArray, FloatArray]:
    """Interval for a binomial proportion.

    Parameters
    ----------
    events
        Numbers of persons with the event, 0 or more.
    total
        Numbers of persons observed, of a shape that fits; 0 gives the interval from 0 to 1.
    level
        Coverage of the interval, between 0 and 1.
    method
        ``wilson`` (score), ``exact`` (Clopper-Pearson, never too narrow) or ``jeffreys`` (Bayesian, flat on the
        scale of information).

    Returns
    -------
    tuple of numpy.ndarray
        Lower and upper limits between 0 and 1.

    Raises
    ------
    DataError
        When a number is missing or negative, or there are more events than persons.
    MethodError
        When the method is unknown or the level is not between 0 and 1.

    Notes
    -----
    Interpretation: proportions that fit the data. ``wilson`` covers close to the level on average and is the default;
    take ``exact`` when the coverage must never fall below the level. Not for weighted surveys or clustered persons.

    References
    ----------
    Newcombe RG. Two-sided confidence intervals for the single proportion. Stat Med 1998;17:857-872.
    Brown LD, Cai TT, DasGupta A. Interval estimation for a binomial proportion. Stat Sci 2001;16:101-133.

    Examples
    --------
    >>> lower, upper = proportion_interval(68, 261)
    >>> round(float(lower), 3), round(float(upper), 3)
    (0.211, 0.317)
    """
    check_choice(method, PROPORTION_METHODS)
    count = check_values(events, what="The number of events", minimum=0)
    persons = check_values(total, what="The total", minimum=0)
    count, persons = np.broadcast_arrays(count, persons)
    excess = count > persons
    if excess.any():
        first = int(np.flatnonzero(excess)[0])
        raise DataError(
            f"There are {int(excess.sum())} numbers of events above their total, the first in row {first} "
            f"({count.flat[first]:g} of {persons.flat[first]:g}). Check whether the two were swapped."
        )
    return PROPORTION_METHODS[method](count, persons, check_level(level))


def proportion(
    table: pd.DataFrame,
    *,
    events: str = "events",
    total: str = "total",
    by: str | Sequence[str] = (),
    level: float = 0.95,
    method: str = "wilson",
) -> pd.DataFrame:
    """Share of persons with an event, with its interval.

    Parameters
    ----------
    table
        One row per stratum; strata are added up within each group.
    events
        Column with counts of persons with the event.
    total
        Column with counts of persons observed.
    by
        Columns that define the groups to report; none gives one row.
    level
        Coverage of the interval, between 0 and 1.
    method
        ``wilson``, ``exact`` or ``jeffreys``, see `proportion_interval`.

    Returns
    -------
    pandas.DataFrame
        One row per group: events, total and the estimate columns, with `measure` "proportion", between 0 and 1.
        A group without persons has no proportion, and a `note` says so.

    Raises
    ------
    DataError
        When a column is missing, holds text, missing or negative values, or events exceed the total.
    MethodError
        When the method is unknown.

    Notes
    -----
    Interpretation: 0.26 means 26 of every 100 persons. Use it when everyone was followed for the same time.
    When persons were followed for different times, use a rate or a survival curve.

    References
    ----------
    Newcombe RG. Two-sided confidence intervals for the single proportion. Stat Med 1998;17:857-872.

    Examples
    --------
    >>> causes = pd.DataFrame({"events": [68], "total": [261]})
    >>> proportion(causes)[["estimate", "lower", "upper"]].round(3).to_numpy().tolist()
    [[0.261, 0.211, 0.317]]
    """
    checked = require_no_more_than(require_numbers(table, [events, total], minimum=0), events, total)
    totals = sum_by(checked, [events, total], by)
    lower, upper = proportion_interval(totals[events], totals[total], level, method=method)
    remarks = np.select([totals[total] == 0, totals[events] == 0], [notes.NO_OBSERVATIONS, notes.NO_EVENTS], default="")
    return with_estimates(
        totals,
        measure="proportion",
        estimate=divide(totals[events], totals[total]),
        lower=lower,
        upper=upper,
        level=level,
        unit="proportion",
        method=f"binomial, {method} interval",
        note=remarks.tolist(),
    )


def _two_groups(
    table: pd.DataFrame, *, group: str, exposed: Any, reference: Any, events: str, total: str, by: str | Sequence[str]
) -> tuple[pd.DataFrame, list[FloatArray]]:
    require_columns(table, [group, *column_names(by)])
    checked = require_no_more_than(require_numbers(table, [events, total], minimum=0), events, total)
    pairs = exposed_and_reference(checked, [events, total], group=group, exposed=exposed, reference=reference, by=by)
    sides = [pairs[f"{column}_{side}"].to_numpy() for side in ("exposed", "reference") for column in (events, total)]
    return pairs, sides


def _difference_limits(
    events: FloatArray, total: FloatArray, events_0: FloatArray, total_0: FloatArray, level: float, method: str
) -> tuple[FloatArray, FloatArray, FloatArray]:
    share, share_0 = divide(events, total), divide(events_0, total_0)
    if method == "newcombe":
        limits = _wilson_limits(events, total, level)
        limits_0 = _wilson_limits(events_0, total_0, level)
        lower, upper = mover_difference((share, *limits), (share_0, *limits_0))
    else:
        variance = divide(share * (1 - share), total) + divide(share_0 * (1 - share_0), total_0)
        half = normal_quantile(level) * np.sqrt(variance)
        lower, upper = share - share_0 - half, share - share_0 + half
    return share - share_0, lower, upper


DIFFERENCE_METHODS = {"newcombe": "Newcombe hybrid score (method 10)", "wald": "normal (Wald)"}


def risk_difference(
    table: pd.DataFrame,
    *,
    group: str,
    exposed: Any,
    reference: Any,
    events: str = "events",
    total: str = "total",
    by: str | Sequence[str] = (),
    level: float = 0.95,
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
        Coverage of the interval, between 0 and 1.
    method
        ``newcombe`` (hybrid score, method 10) or ``wald`` (normal, for large groups).

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

    Examples
    --------
    >>> arms = pd.DataFrame({"arm": ["new", "usual"], "events": [56, 48], "total": [70, 80]})
    >>> result = risk_difference(arms, group="arm", exposed="new", reference="usual")
    >>> result[["estimate", "lower", "upper"]].round(4).to_numpy().tolist()
    [[0.2, 0.0524, 0.3339]]
    """
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


def risk_ratio(
    table: pd.DataFrame,
    *,
    group: str,
    exposed: Any,
    reference: Any,
    events: str = "events",
    total: str = "total",
    by: str | Sequence[str] = (),
    level: float = 0.95,
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
        Coverage of the interval, between 0 and 1.
    method
        ``log`` (Katz, normal on the log scale) or ``mover`` (from the Wilson limits of both groups, allows zero).

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
    check_choice(method, ("log", "mover"))
    pairs, (count, persons, count_0, persons_0) = _two_groups(
        table, group=group, exposed=exposed, reference=reference, events=events, total=total, by=by
    )
    share, share_0 = divide(count, persons), divide(count_0, persons_0)
    lower, upper = mover_ratio(
        (share, *_wilson_limits(count, persons, check_level(level))),
        (share_0, *_wilson_limits(count_0, persons_0, level)),
    )
    zero, all_events = (count == 0) | (count_0 == 0), (count == persons) & (count_0 == persons_0)
    if method == "log":
        fits = ~zero & ~all_events
        a, n, b, m = (np.where(fits, side, 1.0) for side in (count, persons, count_0, persons_0))
        low, high = log_interval(divide(a * m, n * b), np.sqrt(np.maximum(1 / a - 1 / n + 1 / b - 1 / m, 0)), level)
        lower, upper = np.where(fits, low, lower), np.where(fits, high, upper)
    nobody = (persons == 0) | (persons_0 == 0)
    remarks = np.select(
        [nobody, (count == 0) & (count_0 == 0), zero, all_events],
        [notes.NO_OBSERVATIONS, notes.NO_EVENTS_AT_ALL, notes.NO_EVENTS_IN_A_GROUP, notes.ALL_EVENTS],
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
        method="normal on the log scale (Katz)" if method == "log" else "MOVER-R of Wilson limits",
        note=remarks.tolist(),
    )


def odds_ratio(
    table: pd.DataFrame,
    *,
    group: str,
    exposed: Any,
    reference: Any,
    events: str = "events",
    total: str = "total",
    by: str | Sequence[str] = (),
    level: float = 0.95,
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
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    pandas.DataFrame
        One row per comparison: events and total of both groups and the estimate columns, with `measure`
        "odds_ratio". With an empty cell the limits come from 0.5 added to each cell, and a `note` says so.

    Raises
    ------
    DataError
        When a column or group is missing, or numbers are impossible.

    Notes
    -----
    Interpretation: a ratio of odds, not of risks; when events are common it lies further from 1 than the risk ratio.
    Use it for case-control studies and beside logistic regression. For trials with common events show risks.

    References
    ----------
    Woolf B. On estimating the relation between blood group and disease. Ann Hum Genet 1955;19:251-253.
    Haldane JBS. The estimation and significance of the logarithm of a ratio of frequencies.
    Ann Hum Genet 1956;20:309-311.

    Examples
    --------
    >>> arms = pd.DataFrame({"arm": ["new", "usual"], "events": [20, 10], "total": [100, 100]})
    >>> result = odds_ratio(arms, group="arm", exposed="new", reference="usual")
    >>> round(float(result.loc[0, "estimate"]), 2)
    2.25
    """
    pairs, (count, persons, count_0, persons_0) = _two_groups(
        table, group=group, exposed=exposed, reference=reference, events=events, total=total, by=by
    )
    cells = np.stack([count, persons - count, count_0, persons_0 - count_0])
    empty = (cells == 0).any(axis=0)
    filled = np.where(empty, cells + 0.5, cells)
    ratio = divide(cells[0] * cells[3], cells[1] * cells[2])
    lower, upper = log_interval(
        filled[0] * filled[3] / (filled[1] * filled[2]), np.sqrt((1 / filled).sum(axis=0)), level
    )
    nobody, undefined = (persons == 0) | (persons_0 == 0), np.isnan(ratio)
    lower = np.where((ratio == 0) | undefined, 0.0, lower)
    upper = np.where(np.isinf(ratio) | undefined, np.inf, upper)
    neither = (count == 0) & (count_0 == 0)
    remarks = np.select(
        [nobody, neither, undefined, empty],
        [notes.NO_OBSERVATIONS, notes.NO_EVENTS_AT_ALL, notes.ALL_EVENTS_UNDEFINED, notes.EMPTY_CELL],
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
        method="normal on the log scale (Woolf)",
        note=remarks.tolist(),
    )


def number_needed_to_treat(
    table: pd.DataFrame,
    *,
    group: str,
    exposed: Any,
    reference: Any,
    events: str = "events",
    total: str = "total",
    by: str | Sequence[str] = (),
    level: float = 0.95,
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
        Coverage of the interval, between 0 and 1.
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


# Scenario: share of the missing who had the event, among the exposed and among the reference.
MISSING_SCENARIOS = {
    "missing as no event": (0, 0),
    "missing as event": (1, 1),
    "worst case": (0, 1),
    "best case": (1, 0),
}


def missing_outcome_bounds(
    table: pd.DataFrame,
    *,
    group: str,
    exposed: Any,
    reference: Any,
    events: str = "events",
    total: str = "total",
    missing: str = "missing",
    by: str | Sequence[str] = (),
    level: float = 0.95,
    method: str = "newcombe",
) -> pd.DataFrame:
    """Risk difference under every extreme of what happened to those without an outcome.

    Parameters
    ----------
    table
        One row per stratum; strata are added up within each group.
    group
        Column that names the group.
    exposed, reference
        Names of the group of interest and of the one it is compared with.
    events
        Column with counts of persons who were seen to have the event.
    total
        Column with counts of persons whose outcome was observed.
    missing
        Column with counts of persons whose outcome is unknown; they are not in `total`.
    by
        Columns that define separate comparisons; none gives one.
    level
        Coverage of the intervals, between 0 and 1.
    method
        How the intervals are made, see `risk_difference`.

    Returns
    -------
    pandas.DataFrame
        Six rows per comparison, told apart by `scenario`: "complete cases", "missing as no event", "missing as event",
        "worst case", "best case" and "bounds". The ingredients are the counts under that scenario, the estimate
        columns have `measure` "risk_difference". "bounds" repeats the estimate of the complete cases with the lower
        limit of the worst and the upper limit of the best case.

    Raises
    ------
    DataError
        When a column or group is missing, or numbers are impossible.
    MethodError
        When the method is unknown.

    Notes
    -----
    Interpretation: an event counts as success. Best case: the missing exposed had it, the missing reference persons
    did not; worst case the reverse. Whatever the missing did, the difference in this sample lies between the two
    estimates. Use it when outcomes are missing, above all when more are missing in one group.
    Wide bounds are an answer too: the data then do not settle the question without assumptions.

    References
    ----------
    Horowitz JL, Manski CF. Nonparametric analysis of randomized experiments with missing covariate and outcome data.
    J Am Stat Assoc 2000;95:77-84.
    """
    require_columns(table, [group, events, total, missing, *column_names(by)])
    checked = require_numbers(table, [events, total, missing], minimum=0)

    def scenario(name: str, shares: tuple[int, int] | None) -> pd.DataFrame:
        filled = checked
        if shares is not None:
            share = np.where(checked[group] == exposed, *shares)
            counts = {events: checked[events] + checked[missing] * share, total: checked[total] + checked[missing]}
            filled = checked.assign(**counts)
        result = risk_difference(
            filled,
            group=group,
            exposed=exposed,
            reference=reference,
            events=events,
            total=total,
            by=by,
            level=level,
            method=method,
        )
        result.insert(len(column_names(by)), "scenario", name)
        return result

    rows = {"complete cases": scenario("complete cases", None)}
    rows |= {name: scenario(name, shares) for name, shares in MISSING_SCENARIOS.items()}
    bounds = rows["complete cases"].assign(
        scenario="bounds",
        lower=rows["worst case"]["lower"],
        upper=rows["best case"]["upper"],
        note=[notes.combine_notes(note, notes.MISSING_OUTCOMES) for note in rows["complete cases"]["note"]],
        method=f"Horowitz-Manski bounds, {DIFFERENCE_METHODS[method]}",
    )
    return pd.concat([*rows.values(), bounds], ignore_index=True)
