"""Means per group with their t interval, from persons or from summaries."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import t as student

from analysis.errors import DataError
from analysis.estimates import with_estimates
from analysis.measures.shared import notes
from analysis.measures.shared.checks import FloatArray, column_names, require_columns, require_numbers
from analysis.measures.shared.levels import Levels, one_level, several_levels
from analysis.measures.shared.strata import group_positions


def mean_interval(
    mean: FloatArray, deviation: FloatArray, size: FloatArray, level: float = 0.95
) -> tuple[FloatArray, FloatArray]:
    """Student's interval for a mean.

    Parameters
    ----------
    mean
        Means.
    deviation
        Standard deviations, with the number minus one in the denominator.
    size
        Numbers of observations.
    level
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    tuple of numpy.ndarray
        Lower and upper limits; not a number for a single observation.

    Examples
    --------
    >>> lower, upper = mean_interval(np.array([10.0]), np.array([2.0]), np.array([16.0]))
    >>> round(float(lower[0]), 3), round(float(upper[0]), 3)
    (8.934, 11.066)
    """
    several = size > 1
    free = np.where(several, size - 1, 1)
    half = student.ppf((1 + level) / 2, free) * deviation / np.sqrt(np.where(several, size, 1))
    half = np.where(several, half, np.nan)
    return np.asarray(mean - half), np.asarray(mean + half)


@several_levels
def group_means(
    table: pd.DataFrame, *, value: str, by: str | Sequence[str] = (), level: Levels = 0.95, unit: str = "as measured"
) -> pd.DataFrame:
    """Mean of a column per group, with Student's interval.

    Parameters
    ----------
    table
        One row per observation.
    value
        Column with numbers.
    by
        Columns that define the groups to report; none gives one row.
    level
        Coverage of the interval, between 0 and 1; several give the rows of each.
    unit
        Unit of the numbers, for the result.

    Returns
    -------
    pandas.DataFrame
        One row per group: `observations`, `standard_deviation` and the estimate columns, with `measure` "mean". A
        single observation has no interval, and a `note` says so.

    Raises
    ------
    DataError
        When a column is missing, holds text or missing values.

    Notes
    -----
    Use it for independent observations, not very skewed or many. Costs are skewed: with few persons take a bootstrap.
    For a survey with weights or clusters use the design-based mean.

    References
    ----------
    Student. The probable error of a mean. Biometrika 1908;6:1-25.

    Examples
    --------
    >>> group_means(pd.DataFrame({"cost": [1.0, 2.0, 3.0]}), value="cost")["estimate"].tolist()
    [2.0]
    """
    coverage = one_level(level)
    require_columns(table, column_names(by))
    numbers = require_numbers(table, [value])[value].to_numpy()
    groups, group = group_positions(table, by)
    size = np.bincount(group).astype(float)
    mean = np.bincount(group, weights=numbers) / size
    squares = np.bincount(group, weights=(numbers - mean[group]) ** 2)
    deviation = np.sqrt(squares / np.where(size > 1, size - 1, 1))
    lower, upper = mean_interval(mean, deviation, size, coverage)
    return with_estimates(
        groups.assign(observations=size.astype(int), standard_deviation=np.where(size > 1, deviation, np.nan)),
        measure="mean",
        estimate=mean,
        lower=lower,
        upper=upper,
        level=coverage,
        unit=unit,
        method="mean, Student's t interval",
        note=np.where(size > 1, "", notes.ONE_OBSERVATION).tolist(),
    )


@several_levels
def means_of_summaries(
    table: pd.DataFrame,
    *,
    mean: str = "mean",
    deviation: str = "standard_deviation",
    size: str = "observations",
    level: Levels = 0.95,
    unit: str = "as measured",
) -> pd.DataFrame:
    """Student's interval for means of which only mean, standard deviation and number are known.

    Parameters
    ----------
    table
        One row per group.
    mean, deviation, size
        Columns with the mean, the standard deviation (number minus one in the denominator) and the number.
    level
        Coverage of the interval, between 0 and 1; several give the rows of each.
    unit
        Unit of the means, for the result.

    Returns
    -------
    pandas.DataFrame
        The columns of the table and the estimate columns, with `measure` "mean".

    Raises
    ------
    DataError
        When a column is missing or a number impossible.

    References
    ----------
    Student. The probable error of a mean. Biometrika 1908;6:1-25.
    """
    coverage = one_level(level)
    checked = require_numbers(require_numbers(table, [mean]), [deviation], minimum=0)
    checked = require_numbers(checked, [size], above=0)
    if (checked[size] % 1 > 0).any():
        raise DataError(f"Column `{size}` has numbers of observations that are not whole. Give counts.")
    middle, count = checked[mean].to_numpy(), checked[size].to_numpy()
    lower, upper = mean_interval(middle, checked[deviation].to_numpy(), count, coverage)
    return with_estimates(
        checked,
        measure="mean",
        estimate=middle,
        lower=lower,
        upper=upper,
        level=coverage,
        unit=unit,
        method="mean, Student's t interval",
        note=np.where(count > 1, "", notes.ONE_OBSERVATION).tolist(),
    )
