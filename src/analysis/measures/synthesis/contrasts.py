"""Differences and means of independent estimates on their own scale, with intervals from the printed ones."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import norm

from analysis.estimates import with_estimates
from analysis.measures.shared.checks import (
    FloatArray,
    check_values,
    column_names,
    normal_quantile,
    require_columns,
    require_numbers,
    require_unique,
)
from analysis.measures.shared.entry import refuse_names_of_results
from analysis.measures.shared.grouping import rows_of_group
from analysis.measures.shared.levels import Levels, one_level, several_levels


def standard_error_of_interval(lower: ArrayLike, upper: ArrayLike, level: float = 0.95) -> FloatArray:
    """Standard error implied by a symmetric interval: its width over two normal quantiles.

    Parameters
    ----------
    lower, upper
        Limits in the unit of the estimate.
    level
        Coverage of the interval, between 0 and 1: one, that of the printed limits.

    Returns
    -------
    numpy.ndarray
        Standard errors in the unit of the estimate.

    Examples
    --------
    >>> round(float(standard_error_of_interval(-12.9, -9.1)), 2)
    0.97
    """
    low = check_values(lower, what="the lower limit")
    high = check_values(upper, what="the upper limit")
    return np.asarray((high - low) / (2 * normal_quantile(level)))


@several_levels
def difference_of_estimates(
    table: pd.DataFrame,
    *,
    group: str,
    first: Any,
    second: Any,
    by: str | Sequence[str] = (),
    level: Levels = 0.95,
    input_level: float = 0.95,
) -> pd.DataFrame:
    """First minus second, for two independent estimates with intervals.

    Parameters
    ----------
    table
        Columns `estimate`, `lower`, `upper`, the `group` column and those in `by`; one row per group and stratum.
    group
        Column that tells the two apart.
    first, second
        Values of `group`: the result is first minus second.
    by
        Columns that define strata, each with its own difference.
    level
        Coverage of the interval of the difference.
    input_level
        Coverage of the intervals in the table.

    Returns
    -------
    pandas.DataFrame
        One row per stratum: `first`, `second` (the two estimates), `p_value` and the estimate columns, in the unit
        of the input, with `measure` "difference".

    Raises
    ------
    DataError
        When a column or one of the two groups is missing.

    Notes
    -----
    Interpretation: 0 means no difference. The variances are added, so the two must be independent; for overlapping
    groups or shared data the interval is wrong. Use it for estimates on an additive scale (years, proportions);
    for ratios use `ratio_of_ratios`.

    References
    ----------
    Altman DG, Bland JM. Interaction revisited: the difference between two estimates. BMJ 2003;326:219.
    """
    level = one_level(level)
    checked = require_numbers(table, ["estimate", "lower", "upper"])
    keys = column_names(by)
    require_columns(checked, [group, *keys])
    sides = [rows_of_group(checked, group, value).reset_index(drop=True) for value in (first, second)]
    require_unique(sides[0], keys)
    require_unique(sides[1], keys)
    if keys:
        sides[1] = sides[0][keys].merge(sides[1], on=keys, how="left", validate="one_to_one")
    errors = [standard_error_of_interval(side["lower"], side["upper"], input_level) for side in sides]
    estimate = sides[0]["estimate"].to_numpy() - sides[1]["estimate"].to_numpy()
    spread = np.hypot(*errors)
    half = normal_quantile(level) * spread
    rows = sides[0][keys].assign(
        first=sides[0]["estimate"], second=sides[1]["estimate"], p_value=2 * norm.sf(np.abs(estimate) / spread)
    )
    return with_estimates(
        rows,
        measure="difference",
        estimate=estimate,
        lower=estimate - half,
        upper=estimate + half,
        level=level,
        unit=_unit(table),
        method="difference of independent estimates, variances added",
    )


@several_levels
def mean_of_estimates(
    table: pd.DataFrame, *, by: str | Sequence[str] = (), level: Levels = 0.95, input_level: float = 0.95
) -> pd.DataFrame:
    """Unweighted mean of independent estimates, for example over five groups of equal size.

    Parameters
    ----------
    table
        Columns `estimate`, `lower`, `upper` and those in `by`.
    by
        Columns that define the groups to report; none gives one row.
    level
        Coverage of the interval of the mean.
    input_level
        Coverage of the intervals in the table.

    Returns
    -------
    pandas.DataFrame
        One row per group: `estimates` (how many were averaged) and the estimate columns, in the unit of the input,
        with `measure` "mean".

    Raises
    ------
    DataError
        When a column is missing or a value is not a number.

    Notes
    -----
    Interpretation: the mean of the groups, each counted once. It equals the mean of the population only when the
    groups are equally large and the measure is a mean of persons.

    References
    ----------
    Altman DG. Practical statistics for medical research. London: Chapman and Hall, 1991, chapter 8.
    """
    level = one_level(level)
    checked = require_numbers(table, ["estimate", "lower", "upper"])
    errors = standard_error_of_interval(checked["lower"], checked["upper"], input_level)
    squared = checked.assign(variance=errors**2)
    keys = column_names(by)
    refuse_names_of_results(keys, ["estimates"])
    require_columns(table, keys)
    grouped = squared.groupby(keys, sort=False, dropna=False, observed=True) if keys else squared.groupby(lambda _: 0)
    rows = grouped.agg(estimates=("estimate", "size"), centre=("estimate", "mean"), variance=("variance", "sum"))
    half = normal_quantile(level) * np.sqrt(rows["variance"]) / rows["estimates"]
    centre = rows["centre"].to_numpy()
    kept = rows[["estimates"]].reset_index(drop=not keys)
    return with_estimates(
        kept,
        measure="mean",
        estimate=centre,
        lower=centre - half.to_numpy(),
        upper=centre + half.to_numpy(),
        level=level,
        unit=_unit(table),
        method="mean of independent estimates, variances added",
    )


def _unit(table: pd.DataFrame) -> str:
    return str(table["unit"].iloc[0]) if "unit" in table else ""
