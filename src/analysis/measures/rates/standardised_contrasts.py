"""Two standardised rates compared: their ratio and their difference."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.estimates import with_estimates
from analysis.measures.rates.direct_standardisation import direct_interval, standardised_sums
from analysis.measures.shared import notes
from analysis.measures.shared.checks import FloatArray, check_choice, column_names, normal_quantile, require_columns
from analysis.measures.shared.grouping import exposed_and_reference, rows_of_group
from analysis.measures.shared.levels import Levels, one_level, several_levels
from analysis.measures.shared.ratios import divide, log_interval, mover_difference, mover_ratio

Columns = str | Sequence[str]
Limits = tuple[FloatArray, FloatArray, FloatArray]


def _both_sides(
    table: pd.DataFrame,
    standard: pd.DataFrame,
    *,
    group: str,
    sides: tuple[Any, Any],
    strata: Columns,
    by: Columns,
    events: str,
    person_years: str,
    weight: str,
    level: float,
) -> tuple[pd.DataFrame, Limits, Limits]:
    """Standardised rates, variances and gamma limits of the exposed and the reference, one row per comparison."""
    require_columns(table, [group, *column_names(by)])
    rows = pd.concat([rows_of_group(table, group, value) for value in sides])
    counts, found = standardised_sums(
        rows,
        standard,
        strata=strata,
        by=[*column_names(by), group],
        events=events,
        person_years=person_years,
        weight=weight,
    )
    lower, upper, _ = direct_interval(found, level, "gamma", "exact")
    columns = {"events": found.events, "rate": found.total, "variance": found.variance, "lower": lower, "upper": upper}
    shown = counts.groups.assign(**columns)
    pairs = exposed_and_reference(shown, list(columns), group=group, exposed=sides[0], reference=sides[1], by=by)
    # Adding up one row per side leaves it as it is, but turns a rate that is not a number into zero.
    for side, value in zip(("exposed", "reference"), sides, strict=True):
        unknown = shown.loc[(shown[group] == value).to_numpy(), "rate"].isna().to_numpy()
        pairs.loc[unknown, [f"{key}_{side}" for key in ("rate", "variance", "lower", "upper")]] = np.nan
    limits = [tuple(pairs[f"{key}_{side}"].to_numpy() for key in ("rate", "lower", "upper")) for side in SIDES]
    return pairs, limits[0], limits[1]  # type: ignore[return-value]


SIDES = ("exposed", "reference")


def _shown(pairs: pd.DataFrame, by: Columns) -> pd.DataFrame:
    columns = [f"{key}_{side}" for side in SIDES for key in ("events", "rate")]
    return pairs[[*column_names(by), *columns]]


@several_levels
def standardised_rate_ratio(
    table: pd.DataFrame,
    standard: pd.DataFrame,
    *,
    group: str,
    exposed: Any,
    reference: Any,
    strata: Columns = ("age_band",),
    by: Columns = (),
    events: str = "deaths",
    person_years: str = "person_years",
    weight: str = "weight",
    level: Levels = 0.95,
    method: str = "log",
) -> pd.DataFrame:
    """Directly standardised rate of one group over that of another.

    Parameters
    ----------
    table
        One row per group and stratum with events and person-years. Rows of other groups are left out.
    standard
        One row per stratum with its weight.
    group
        Column that names the group.
    exposed, reference
        Names of the group on top and of the one it is compared with.
    strata
        Columns that link a row to its weight. Rows are matched by value, never by position.
    by
        Columns that define separate comparisons; none gives one.
    events
        Column with counts of events, 0 or more.
    person_years
        Column with years at risk, 0 or more.
    weight
        Column of `standard` with the weights.
    level
        Coverage of the interval, between 0 and 1; several give the rows of each.
    method
        ``log`` (normal on the log scale) or ``mover`` (from the gamma limits of both rates, allows zero).

    Returns
    -------
    pandas.DataFrame
        One row per comparison: events and rate of both groups and the estimate columns, with `measure`
        "standardised_rate_ratio". When a group has no events the interval is that of ``mover``, and `method` and `note`
        say so.

    Raises
    ------
    DataError
        When a column or group is missing, numbers are impossible or strata do not match.
    MethodError
        When the method is unknown.

    Notes
    -----
    Interpretation: 1.5 means that the rate is half as high again, if both groups were as old as the standard.
    When the ratio differs between ages, one number hides it: look at the rates by age first.

    References
    ----------
    Breslow NE, Day NE. Statistical methods in cancer research, volume II. Lyon: IARC, 1987, section 2.3.
    Donner A, Zou GY. Closed-form confidence intervals for functions of the normal mean and standard deviation.
    Stat Methods Med Res 2012;21:347-359.
    """
    coverage = one_level(level)
    check_choice(method, ("log", "mover"))
    pairs, first, second = _both_sides(
        table,
        standard,
        group=group,
        sides=(exposed, reference),
        strata=strata,
        by=by,
        events=events,
        person_years=person_years,
        weight=weight,
        level=coverage,
    )
    ratio, (lower, upper) = divide(first[0], second[0]), mover_ratio(first, second)
    both = (pairs["events_exposed"] > 0).to_numpy() & (pairs["events_reference"] > 0).to_numpy() & ~np.isnan(ratio)
    if method == "log":
        spread = [divide(pairs[f"variance_{side}"], pairs[f"rate_{side}"] ** 2) for side in SIDES]
        low, high = log_interval(np.where(both, ratio, 1), np.sqrt(np.where(both, spread[0] + spread[1], 0)), coverage)
        lower, upper = np.where(both, low, lower), np.where(both, high, upper)
    unknown = np.isnan(first[0]) | np.isnan(second[0])
    none = ~unknown & (first[0] == 0) & (second[0] == 0)
    remarks = np.select(
        [unknown, none, ~both],
        [notes.NO_TIME_IN_A_STRATUM, notes.NO_EVENTS_AT_ALL, notes.NO_EVENTS_IN_A_GROUP],
        default="",
    )
    return with_estimates(
        _shown(pairs, by),
        measure="standardised_rate_ratio",
        estimate=ratio,
        lower=np.where(unknown, np.nan, np.where(none, 0.0, lower)),
        upper=np.where(unknown, np.nan, np.where(none, np.inf, upper)),
        level=coverage,
        unit="ratio",
        method=np.where(
            both & (method == "log"),
            "direct standardisation, normal on the log scale",
            "direct standardisation, square-and-add of gamma limits",
        ).tolist(),
        note=remarks.tolist(),
    )


@several_levels
def standardised_rate_difference(
    table: pd.DataFrame,
    standard: pd.DataFrame,
    *,
    group: str,
    exposed: Any,
    reference: Any,
    strata: Columns = ("age_band",),
    by: Columns = (),
    events: str = "deaths",
    person_years: str = "person_years",
    weight: str = "weight",
    level: Levels = 0.95,
    method: str = "mover",
) -> pd.DataFrame:
    """Directly standardised rate of one group minus that of another.

    Parameters
    ----------
    table
        One row per group and stratum with events and person-years. Rows of other groups are left out.
    standard
        One row per stratum with its weight.
    group
        Column that names the group.
    exposed, reference
        Names of the group of interest and of the one it is compared with.
    strata
        Columns that link a row to its weight. Rows are matched by value, never by position.
    by
        Columns that define separate comparisons; none gives one.
    events
        Column with counts of events, 0 or more.
    person_years
        Column with years at risk, 0 or more.
    weight
        Column of `standard` with the weights.
    level
        Coverage of the interval, between 0 and 1; several give the rows of each.
    method
        ``mover`` (from the gamma limits of both rates) or ``wald`` (normal, for many events).

    Returns
    -------
    pandas.DataFrame
        One row per comparison: events and rate of both groups and the estimate columns, with `measure`
        "standardised_rate_difference" and `unit` "per person-year".

    Raises
    ------
    DataError
        When a column or group is missing, numbers are impossible or strata do not match.
    MethodError
        When the method is unknown.

    Notes
    -----
    Interpretation: 0.004 is four more events per 1000 person-years, if both groups were as old as the standard.
    It depends on the standard: say which one was used.

    References
    ----------
    Zou GY, Donner A. Construction of confidence limits about effect measures: a general approach.
    Stat Med 2008;27:1693-1702.
    """
    coverage = one_level(level)
    check_choice(method, ("mover", "wald"))
    pairs, first, second = _both_sides(
        table,
        standard,
        group=group,
        sides=(exposed, reference),
        strata=strata,
        by=by,
        events=events,
        person_years=person_years,
        weight=weight,
        level=coverage,
    )
    difference = first[0] - second[0]
    lower, upper = mover_difference(first, second)
    if method == "wald":
        half = normal_quantile(coverage) * np.sqrt((pairs["variance_exposed"] + pairs["variance_reference"]).to_numpy())
        lower, upper = difference - half, difference + half
    empty = ((pairs["events_exposed"] == 0) | (pairs["events_reference"] == 0)).to_numpy()
    remarks = np.select(
        [np.isnan(difference), empty & (method == "wald"), empty],
        [notes.NO_TIME_IN_A_STRATUM, notes.ZERO_VARIANCE, notes.NO_EVENTS_IN_A_GROUP],
        default="",
    )
    return with_estimates(
        _shown(pairs, by),
        measure="standardised_rate_difference",
        estimate=difference,
        lower=lower,
        upper=upper,
        level=coverage,
        unit="per person-year",
        method="direct standardisation, "
        + ("square-and-add of gamma limits" if method == "mover" else "normal (Wald)"),
        note=remarks.tolist(),
    )
