"""Two groups and an event: risk difference, risk ratio, odds ratio and number needed to treat.

All take the same table: counts of persons with the event and of persons observed, one row per group, or one per group
and stratum (age, clinic), which are then added up. With `by` there is one comparison for each value of those columns.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.estimates import with_estimates
from analysis.measures.effects.two_groups import (
    DIFFERENCE_METHODS,
    ODDS_METHODS,
    RATIO_METHODS,
    difference_limits,
    odds_limits,
    ratio_limits,
    two_groups,
)
from analysis.measures.shared import notes
from analysis.measures.shared.checks import check_choice
from analysis.measures.shared.levels import Levels, one_level, several_levels
from analysis.measures.shared.ratios import divide

__all__ = [
    "DIFFERENCE_METHODS",
    "ODDS_METHODS",
    "RATIO_METHODS",
    "number_needed_to_treat",
    "odds_ratio",
    "risk_difference",
    "risk_ratio",
]


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
        One row per stratum and group; strata are added up within each group. Rows of other groups are left out.
    group, exposed, reference
        Column that names the group, the group of interest, and the group it is compared with.
    events, total
        Columns with counts of persons with the event, and of persons observed.
    by
        Columns that define separate comparisons; none gives one.
    level
        Coverage of the interval, between 0 and 1, or several.
    method
        ``newcombe`` (hybrid score, method 10), ``miettinen-nurminen`` (score, for small groups and rare events),
        ``exact`` (never covers too seldom; seconds, and for groups up to about 200) or ``wald`` (normal, for large
        groups).

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
        When the method is unknown, or the groups are too large for the exact interval.

    Notes
    -----
    Interpretation: 0.20 means 20 more persons with the event among every 100. Use it for trials and for what there
    is to gain. The two groups must be independent: not for the same persons before and after.

    References
    ----------
    Newcombe RG. Interval estimation for the difference between independent proportions: comparison of eleven
    methods. Stat Med 1998;17:873-890.
    Miettinen O, Nurminen M. Comparative analysis of two rates. Stat Med 1985;4:213-226.
    Chan ISF, Zhang Z. Test-based exact confidence intervals for the difference of two binomial proportions.
    Biometrics 1999;55:1202-1209.

    Examples
    --------
    >>> arms = pd.DataFrame({"arm": ["new", "usual"], "events": [56, 48], "total": [70, 80]})
    >>> result = risk_difference(arms, group="arm", exposed="new", reference="usual")
    >>> result[["estimate", "lower", "upper"]].round(4).to_numpy().tolist()
    [[0.2, 0.0524, 0.3339]]
    """
    size = one_level(level)
    check_choice(method, DIFFERENCE_METHODS)
    sides = two_groups(table, group=group, exposed=exposed, reference=reference, events=events, total=total, by=by)
    share, share_0 = sides.shares
    estimate = share - share_0
    certain = np.isin(share, [0, 1]) | np.isin(share_0, [0, 1])
    remarks = np.select(
        [sides.nobody, certain & (method == "wald"), sides.no_events],
        [notes.NO_OBSERVATIONS, notes.ZERO_VARIANCE, notes.NO_EVENTS],
        default="",
    )
    limits = difference_limits(sides, size, method)
    words = DIFFERENCE_METHODS[method]
    return sides.result("risk_difference", estimate, limits, level=size, method=words, remarks=remarks)


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
        One row per stratum and group; strata are added up within each group. Rows of other groups are left out.
    group, exposed, reference
        Column that names the group, the group of interest, and the group it is compared with.
    events, total
        Columns with counts of persons with the event, and of persons observed.
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
    size = one_level(level)
    check_choice(method, RATIO_METHODS)
    sides = two_groups(table, group=group, exposed=exposed, reference=reference, events=events, total=total, by=by)
    helped = method != "miettinen-nurminen"
    remarks = np.select(
        [sides.nobody, sides.no_events, sides.no_events_in_one & helped, sides.only_events & helped],
        [notes.NO_OBSERVATIONS, notes.NO_EVENTS_AT_ALL, notes.NO_EVENTS_IN_A_GROUP, notes.ALL_EVENTS],
        default="",
    )
    limits = ratio_limits(sides, size, method)
    words = RATIO_METHODS[method]
    return sides.result("risk_ratio", divide(*sides.shares), limits, level=size, method=words, remarks=remarks)


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
        One row per stratum and group; strata are added up within each group. Rows of other groups are left out.
    group, exposed, reference
        Column that names the group, the group of interest, and the group it is compared with.
    events, total
        Columns with counts of persons with the event, and of persons observed.
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
    size = one_level(level)
    check_choice(method, ODDS_METHODS)
    sides = two_groups(table, group=group, exposed=exposed, reference=reference, events=events, total=total, by=by)
    ratio, lower, upper = odds_limits(sides, size, method)
    undefined, empty = np.isnan(ratio), (sides.cells == 0).any(axis=0)
    limits = np.where((ratio == 0) | undefined, 0.0, lower), np.where(np.isinf(ratio) | undefined, np.inf, upper)
    remarks = np.select(
        [sides.nobody, sides.no_events, undefined, empty & (method == "woolf")],
        [notes.NO_OBSERVATIONS, notes.NO_EVENTS_AT_ALL, notes.ALL_EVENTS_UNDEFINED, notes.EMPTY_CELL],
        default="",
    )
    return sides.result("odds_ratio", ratio, limits, level=size, method=ODDS_METHODS[method], remarks=remarks)


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
        One row per stratum and group; strata are added up within each group. Rows of other groups are left out.
    group, exposed, reference
        Column that names the group, the group of interest, and the group it is compared with.
    events, total
        Columns with counts of persons with the event, and of persons observed.
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
        When the method is unknown, or the groups are too large for the exact interval.

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
    size = one_level(level)
    differences = risk_difference(
        table,
        group=group,
        exposed=exposed,
        reference=reference,
        events=events,
        total=total,
        by=by,
        level=size,
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
        level=size,
        unit="persons",
        method=f"inverse of the risk difference, {DIFFERENCE_METHODS[method]}",
        note=remarks,
    )
