"""Rates: events over person-time, their intervals, ratios and differences."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import gammaincc
from scipy.stats import beta, chi2

from analysis.errors import DataError
from analysis.estimates import with_estimates
from analysis.measures.shared import notes
from analysis.measures.shared.checks import (
    FloatArray,
    check_choice,
    check_values,
    column_names,
    normal_quantile,
    require_columns,
    require_numbers,
)
from analysis.measures.shared.grouping import exposed_and_reference, sum_by
from analysis.measures.shared.levels import Levels, one_level, several_levels
from analysis.measures.shared.ratios import divide, log_interval, mover_difference


def _exact_limits(count: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
    tail = (1 - level) / 2
    # chi2 has no quantile with zero degrees of freedom, so a count of zero borrows 1 and is overwritten.
    lower = np.where(count > 0, chi2.ppf(tail, 2 * np.where(count > 0, count, 1)) / 2, 0.0)
    return lower, np.asarray(chi2.ppf(1 - tail, 2 * count + 2) / 2)


def _byar_limits(count: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
    z, positive, next_up = normal_quantile(level), np.where(count > 0, count, 1), count + 1
    lower = count * np.maximum(1 - 1 / (9 * positive) - z / (3 * np.sqrt(positive)), 0) ** 3
    upper = next_up * (1 - 1 / (9 * next_up) + z / (3 * np.sqrt(next_up))) ** 3
    return np.asarray(lower), np.asarray(upper)


def _mid_p_limits(count: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
    tail = (1 - level) / 2
    exact_lower, exact_upper = _exact_limits(count, level)

    def limit(probability: float) -> FloatArray:
        low, high = exact_lower.copy(), exact_upper.copy()
        for _ in range(100):  # halvings of all rows at once, more than a float can resolve
            middle = (low + high) / 2
            below = np.where(count > 0, gammaincc(np.where(count > 0, count, 1), middle), 0.0)
            too_low = (below + gammaincc(count + 1, middle)) / 2 > probability
            low, high = np.where(too_low, middle, low), np.where(too_low, high, middle)
        return np.asarray((low + high) / 2)

    return np.where(count > 0, limit(1 - tail), 0.0), limit(tail)


def _root_limits(count: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
    half = normal_quantile(level) / 2
    return np.maximum(np.sqrt(count) - half, 0.0) ** 2, np.asarray((np.sqrt(count) + half) ** 2)


POISSON_METHODS: dict[str, Callable[[FloatArray, float], tuple[FloatArray, FloatArray]]] = {
    "exact": _exact_limits,
    "byar": _byar_limits,
    "mid-p": _mid_p_limits,
    "vandenbroucke": _root_limits,
}


def poisson_interval(count: ArrayLike, level: float = 0.95, *, method: str = "exact") -> tuple[FloatArray, FloatArray]:
    """Interval for the mean of a Poisson count.

    Parameters
    ----------
    count
        Numbers of events, 0 or more; a number or an array.
    level
        Coverage of the interval, between 0 and 1.
    method
        ``exact`` (Garwood), ``byar`` (its approximation), ``mid-p`` (less conservative than exact) or
        ``vandenbroucke`` (normal on the square root; its upper limit is too low below about ten events).

    Returns
    -------
    tuple of numpy.ndarray
        Lower and upper limits, of the shape of `count`.

    Raises
    ------
    DataError
        When a count is missing or negative.
    MethodError
        When the method is unknown or the level is not between 0 and 1.

    Notes
    -----
    Interpretation: if the same population were followed again and again, at least 95 of 100 such intervals would
    hold the mean number of events. Divide both limits by person-years for a rate, or by expected deaths for an SMR.
    Do not use it for events that come in clusters, such as repeated admissions of one person.

    References
    ----------
    Garwood F. Fiducial limits for the Poisson distribution. Biometrika 1936;28:437-442.
    Breslow NE, Day NE. Statistical methods in cancer research, volume II. Lyon: IARC, 1987, p. 69 (Byar).
    Cohen GR, Yang SY. Mid-P confidence intervals for the Poisson expectation. Stat Med 1994;13:2189-2203.
    Vandenbroucke JP. A shortcut method for calculating the 95 per cent confidence interval of the standardized
    mortality ratio. Am J Epidemiol 1982;115:303-304.

    Examples
    --------
    >>> lower, upper = poisson_interval(10)
    >>> round(float(lower), 3), round(float(upper), 3)
    (4.795, 18.39)
    """
    check_choice(method, POISSON_METHODS)
    counts = check_values(count, what="The count", minimum=0)
    return POISSON_METHODS[method](counts, one_level(level))


def check_events_and_time(
    table: pd.DataFrame, events: str, person_years: str, *, name: str = "the table", timeless: bool = False
) -> pd.DataFrame:
    """Copy of the table with events and person-years as floats, after checking that they can belong together.

    Parameters
    ----------
    table
        Any table with both columns.
    events
        Column with counts of events.
    person_years
        Column with years at risk.
    name
        What to call the table in messages.
    timeless
        Allow events in rows without person-years, such as deaths on the day of entry.

    Returns
    -------
    pandas.DataFrame
        The copy.

    Raises
    ------
    DataError
        When a column is missing, holds text, missing or negative values, or events occur without person-time.
    """
    checked = require_numbers(table, [events, person_years], minimum=0, name=name)
    impossible = ((checked[events] > 0) & (checked[person_years] == 0)).to_numpy()
    if impossible.any() and not timeless:
        row = checked.iloc[int(np.flatnonzero(impossible)[0])]
        raise DataError(
            f"Column `{events}` counts events in {int(impossible.sum())} rows without person-time, the first in row "
            f"{row.name} ({row[events]:g} with `{person_years}` 0). Add the person-time, or leave those events out."
        )
    return checked


@several_levels
def crude_rate(
    table: pd.DataFrame,
    *,
    events: str = "deaths",
    person_years: str = "person_years",
    by: str | Sequence[str] = (),
    level: Levels = 0.95,
    method: str = "exact",
) -> pd.DataFrame:
    """Events per person-year, with a Poisson interval.

    Parameters
    ----------
    table
        One row per stratum; strata are added up within each group.
    events
        Column with counts of events, 0 or more.
    person_years
        Column with years at risk, 0 or more.
    by
        Columns that define the groups to report; none gives one row.
    level
        Coverage of the interval, between 0 and 1; several give the rows of each.
    method
        ``exact``, ``byar``, ``mid-p`` or ``vandenbroucke``, see `poisson_interval`.

    Returns
    -------
    pandas.DataFrame
        One row per group: the events, the person-years and the estimate columns, with `measure` "rate" and `unit`
        "per person-year". A group without person-years has no rate, and a `note` says so.

    Raises
    ------
    DataError
        When a column is missing, holds text, missing or negative values, or events occur without person-time.
    MethodError
        When the method is unknown.

    Notes
    -----
    Interpretation: 0.015 is 15 events per 1000 person-years. Use it to describe one population.
    Do not use it to compare populations of different ages: standardise first.

    References
    ----------
    Rothman KJ, Greenland S, Lash TL. Modern epidemiology, third edition. Philadelphia: Lippincott, 2008, ch. 14.

    Examples
    --------
    >>> cohort = pd.DataFrame({"deaths": [265], "person_years": [17619]})
    >>> crude_rate(cohort)[["estimate", "lower", "upper"]].round(5).to_numpy().tolist()
    [[0.01504, 0.01328, 0.01696]]
    """
    coverage = one_level(level)
    checked = check_events_and_time(table, events, person_years)
    totals = sum_by(checked, [events, person_years], by)
    lower, upper = poisson_interval(totals[events], coverage, method=method)
    time = totals[person_years].where(totals[person_years] > 0)
    remarks = np.select([time.isna(), totals[events] == 0], [notes.NO_PERSON_YEARS, notes.NO_EVENTS], default="")
    return with_estimates(
        totals,
        measure="rate",
        estimate=totals[events] / time,
        lower=lower / time,
        upper=upper / time,
        level=coverage,
        unit="per person-year",
        method=f"Poisson, {method} interval",
        note=remarks.tolist(),
    )


def _two_rates(
    table: pd.DataFrame,
    *,
    group: str,
    exposed: Any,
    reference: Any,
    events: str,
    person_years: str,
    by: str | Sequence[str],
) -> tuple[pd.DataFrame, list[FloatArray]]:
    require_columns(table, [group, *column_names(by)])
    checked = check_events_and_time(table, events, person_years)
    pairs = exposed_and_reference(
        checked, [events, person_years], group=group, exposed=exposed, reference=reference, by=by
    )
    sides = [
        pairs[f"{column}_{side}"].to_numpy() for side in ("exposed", "reference") for column in (events, person_years)
    ]
    return pairs, sides


def _exact_rate_ratio(
    events: FloatArray, time: FloatArray, events_0: FloatArray, time_0: FloatArray, level: float
) -> tuple[FloatArray, FloatArray]:
    """Given all events, those of the exposed are binomial; the limits of its odds are those of the ratio."""
    tail = (1 - level) / 2
    low = np.where(events > 0, beta.ppf(tail, np.where(events > 0, events, 1), events_0 + 1), 0.0)
    high = np.where(events_0 > 0, beta.ppf(1 - tail, events + 1, np.where(events_0 > 0, events_0, 1)), 1.0)
    observed = (time > 0) & (time_0 > 0)  # without person-time there is no ratio, and the caller says so
    scale = np.where(observed, time_0, 1) / np.where(observed, time, 1)
    return divide(low, 1 - low) * scale, divide(high, 1 - high) * scale


LOG_RATIO, EXACT_RATIO = "normal on the log scale", "exact, conditional on all events"


@several_levels
def rate_ratio(
    table: pd.DataFrame,
    *,
    group: str,
    exposed: Any,
    reference: Any,
    events: str = "deaths",
    person_years: str = "person_years",
    by: str | Sequence[str] = (),
    level: Levels = 0.95,
    method: str = "log",
) -> pd.DataFrame:
    """Rate of one group over the rate of another.

    Parameters
    ----------
    table
        One row per stratum; strata are added up within each group. Rows of other groups are left out.
    group
        Column that names the group.
    exposed, reference
        Names of the group on top and of the one it is compared with.
    events
        Column with counts of events, 0 or more.
    person_years
        Column with years at risk, 0 or more.
    by
        Columns that define separate comparisons; none gives one.
    level
        Coverage of the interval, between 0 and 1; several give the rows of each.
    method
        ``log`` (normal on the log scale) or ``exact`` (conditional on all events).

    Returns
    -------
    pandas.DataFrame
        One row per comparison: events and person-years of both groups and the estimate columns, with `measure`
        "rate_ratio". When a group has no events the interval is the exact one, and `method` and `note` say so.

    Raises
    ------
    DataError
        When a column or group is missing, numbers are impossible, or events occur without person-time.
    MethodError
        When the method is unknown.

    Notes
    -----
    Interpretation: 3.5 means that events happen three and a half times as often per year at risk.
    Use it for groups of about the same age, or within strata through `by`. Both groups count as samples: against a
    whole population known without error use `interval_from_events`.

    References
    ----------
    Rothman KJ, Greenland S, Lash TL. Modern epidemiology, third edition. Philadelphia: Lippincott, 2008, ch. 14.

    Examples
    --------
    >>> cohorts = pd.DataFrame({"arm": ["a", "b"], "deaths": [30, 10], "person_years": [1000, 1000]})
    >>> result = rate_ratio(cohorts, group="arm", exposed="a", reference="b")
    >>> result[["estimate", "lower", "upper"]].round(2).to_numpy().tolist()
    [[3.0, 1.47, 6.14]]
    """
    coverage = one_level(level)
    check_choice(method, ("log", "exact"))
    pairs, (count, time, count_0, time_0) = _two_rates(
        table, group=group, exposed=exposed, reference=reference, events=events, person_years=person_years, by=by
    )
    ratio = divide(divide(count, time), divide(count_0, time_0))
    lower, upper = _exact_rate_ratio(count, time, count_0, time_0, coverage)
    both = (count > 0) & (count_0 > 0)
    if method == "log":
        variance = 1 / np.where(both, count, 1) + 1 / np.where(both, count_0, 1)
        low, high = log_interval(np.where(both, ratio, 1.0), np.sqrt(variance), coverage)
        lower, upper = np.where(both, low, lower), np.where(both, high, upper)
    no_time = (time == 0) | (time_0 == 0)
    remarks = np.select(
        [no_time, (count == 0) & (count_0 == 0), ~both],
        [notes.NO_PERSON_YEARS, notes.NO_EVENTS_AT_ALL, notes.NO_EVENTS_IN_A_GROUP],
        default="",
    )
    return with_estimates(
        pairs,
        measure="rate_ratio",
        estimate=np.where(no_time, np.nan, ratio),
        lower=np.where(no_time, np.nan, lower),
        upper=np.where(no_time, np.nan, upper),
        level=coverage,
        unit="ratio",
        method=np.where((both | no_time) & (method == "log"), LOG_RATIO, EXACT_RATIO).tolist(),
        note=remarks.tolist(),
    )


@several_levels
def rate_difference(
    table: pd.DataFrame,
    *,
    group: str,
    exposed: Any,
    reference: Any,
    events: str = "deaths",
    person_years: str = "person_years",
    by: str | Sequence[str] = (),
    level: Levels = 0.95,
    method: str = "mover",
) -> pd.DataFrame:
    """Rate of one group minus the rate of another.

    Parameters
    ----------
    table
        One row per stratum; strata are added up within each group. Rows of other groups are left out.
    group
        Column that names the group.
    exposed, reference
        Names of the group of interest and of the one it is compared with.
    events
        Column with counts of events, 0 or more.
    person_years
        Column with years at risk, 0 or more.
    by
        Columns that define separate comparisons; none gives one.
    level
        Coverage of the interval, between 0 and 1; several give the rows of each.
    method
        ``mover`` (from the exact limits of both rates) or ``wald`` (normal, for many events).

    Returns
    -------
    pandas.DataFrame
        One row per comparison: events and person-years of both groups and the estimate columns, with `measure`
        "rate_difference" and `unit` "per person-year".

    Raises
    ------
    DataError
        When a column or group is missing, numbers are impossible, or events occur without person-time.
    MethodError
        When the method is unknown.

    Notes
    -----
    Interpretation: 0.004 is four more events per 1000 person-years. It says how much there is to gain, where the
    ratio says how strong the relation is. Do not use ``wald`` when a group has fewer than about ten events.

    References
    ----------
    Zou GY, Donner A. Construction of confidence limits about effect measures: a general approach.
    Stat Med 2008;27:1693-1702.
    """
    coverage = one_level(level)
    check_choice(method, ("mover", "wald"))
    pairs, (count, time, count_0, time_0) = _two_rates(
        table, group=group, exposed=exposed, reference=reference, events=events, person_years=person_years, by=by
    )
    rate, rate_0 = divide(count, time), divide(count_0, time_0)
    no_time = (time == 0) | (time_0 == 0)
    if method == "mover":
        limits, limits_0 = poisson_interval(count, coverage), poisson_interval(count_0, coverage)
        years, years_0 = np.where(time > 0, time, np.nan), np.where(time_0 > 0, time_0, np.nan)
        lower, upper = mover_difference(
            (rate, limits[0] / years, limits[1] / years), (rate_0, limits_0[0] / years_0, limits_0[1] / years_0)
        )
    else:
        half = normal_quantile(coverage) * np.sqrt(divide(rate, time) + divide(rate_0, time_0))
        lower, upper = rate - rate_0 - half, rate - rate_0 + half
    empty = (count == 0) | (count_0 == 0)
    remarks = np.select(
        [no_time, empty & (method == "wald"), (count == 0) & (count_0 == 0)],
        [notes.NO_PERSON_YEARS, notes.ZERO_VARIANCE, notes.NO_EVENTS],
        default="",
    )
    return with_estimates(
        pairs,
        measure="rate_difference",
        estimate=rate - rate_0,
        lower=lower,
        upper=upper,
        level=coverage,
        unit="per person-year",
        method="square-and-add of exact Poisson limits" if method == "mover" else "normal (Wald)",
        note=remarks.tolist(),
    )
