"""Ratios on the log scale: standard errors, intervals and p-values from what was printed, and ratios of ratios."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import norm

from analysis.errors import DataError
from analysis.estimates import with_estimates
from analysis.measures.shared.checks import (
    FloatArray,
    check_choice,
    check_values,
    normal_quantile,
    require_no_more_than,
    require_numbers,
)
from analysis.measures.shared.entry import checked_tables
from analysis.measures.shared.grouping import exposed_and_reference
from analysis.measures.shared.levels import Levels, one_level, several_levels


def divide(numerator: ArrayLike, denominator: ArrayLike) -> FloatArray:
    """Quotient that is infinite when only the denominator is zero and NaN when both are, without a warning.

    Parameters
    ----------
    numerator, denominator
        Numbers of shapes that fit each other.

    Returns
    -------
    numpy.ndarray
        The quotients.

    Examples
    --------
    >>> [float(ratio) for ratio in divide([1, 1, 0], [2, 0, 0])]
    [0.5, inf, nan]
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.divide(np.asarray(numerator, dtype=float), np.asarray(denominator, dtype=float)))


def log_interval(ratio: ArrayLike, standard_error: ArrayLike, level: float = 0.95) -> tuple[FloatArray, FloatArray]:
    """Interval of a ratio from the standard error of its logarithm.

    Parameters
    ----------
    ratio
        Ratios above 0.
    standard_error
        Standard errors on the log scale.
    level
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    tuple of numpy.ndarray
        Lower and upper limits; 0 and infinity when the standard error is too large for anything else.

    Examples
    --------
    >>> lower, upper = log_interval(3.31, 232**-0.5)
    >>> round(float(lower), 2), round(float(upper), 2)
    (2.91, 3.76)
    """
    with np.errstate(over="ignore"):  # a standard error beyond reason: the limits run to zero and infinity
        factor = np.exp(normal_quantile(level) * np.asarray(standard_error, dtype=float))
        return np.asarray(ratio / factor), np.asarray(ratio * factor)


def standard_error_from_interval(lower: ArrayLike, upper: ArrayLike, level: float = 0.95) -> FloatArray:
    """Standard error of the logarithm of a ratio, from its printed interval.

    Parameters
    ----------
    lower, upper
        Limits of the ratio, above 0, of one shape.
    level
        Coverage of the printed interval, between 0 and 1.

    Returns
    -------
    numpy.ndarray
        Standard errors on the log scale.

    Raises
    ------
    DataError
        When a limit is missing or not above 0, or a lower limit exceeds its upper limit.

    Notes
    -----
    Interpretation: the distance between the limits on the log scale is twice 1.96 standard errors for 95 percent.
    Use it for ratios from a Poisson, logistic or Cox model. Exact intervals of few events are not symmetric on the
    log scale; for them it is an approximation.

    References
    ----------
    Altman DG, Bland JM. How to obtain the P value from a confidence interval. BMJ 2011;343:d2304.

    Examples
    --------
    >>> round(float(standard_error_from_interval(2.91, 3.77)), 3)
    0.066
    """
    low = check_values(lower, what="The lower limit of a ratio", above=0)
    high = check_values(upper, what="The upper limit of a ratio", above=0)
    if np.any(high < low):
        first = int(np.flatnonzero(np.ravel(high < low))[0])
        raise DataError(
            f"A lower limit exceeds its upper limit, the first in row {first}. Check whether they were swapped."
        )
    return np.asarray(np.log(high / low) / (2 * normal_quantile(level)))


def interval_from_events(ratio: ArrayLike, events: ArrayLike, level: float = 0.95) -> tuple[FloatArray, FloatArray]:
    """Interval of a rate ratio from its number of events, when the reference is known without error.

    Parameters
    ----------
    ratio
        Ratios above 0, for example of a cohort to a whole population.
    events
        Counts of events in the cohort, above 0.
    level
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    tuple of numpy.ndarray
        Lower and upper limits.

    Raises
    ------
    DataError
        When a ratio or a count is missing or not above 0.

    Notes
    -----
    The logarithm of a Poisson count D has standard error 1 / sqrt(D), so the limits are the ratio times
    exp(-z / sqrt(D)) and exp(z / sqrt(D)). Use it to redo or check published ratios. Below about ten events take
    the exact interval of `poisson_interval` instead.

    References
    ----------
    Breslow NE, Day NE. Statistical methods in cancer research, volume II. Lyon: IARC, 1987.

    Examples
    --------
    >>> lower, upper = interval_from_events(5.56, 33)
    >>> round(float(lower), 2), round(float(upper), 2)
    (3.95, 7.82)
    """
    ratios = check_values(ratio, what="The ratio", above=0)
    counts = check_values(events, what="The number of events", above=0)
    return log_interval(ratios, counts**-0.5, level)


def p_value_from_interval(
    estimate: ArrayLike, lower: ArrayLike, upper: ArrayLike, level: float = 0.95, *, scale: str = "log"
) -> FloatArray:
    """Two-sided Wald p-value that belongs to an estimate and its interval.

    Parameters
    ----------
    estimate
        Ratios (scale "log") or differences (scale "linear").
    lower, upper
        Limits of the interval.
    level
        Coverage of the interval, between 0 and 1.
    scale
        ``log`` tests whether a ratio is 1, ``linear`` whether a difference is 0.

    Returns
    -------
    numpy.ndarray
        P-values between 0 and 1.

    Raises
    ------
    DataError
        When a number is missing, a ratio is not above 0, or the limits coincide.
    MethodError
        When the scale is unknown.

    Notes
    -----
    Interpretation: how often chance alone would give an estimate at least this far from no difference. A likelihood
    ratio or exact test on the same data gives a somewhat different value.

    References
    ----------
    Altman DG, Bland JM. How to obtain the P value from a confidence interval. BMJ 2011;343:d2304.

    Examples
    --------
    >>> round(float(p_value_from_interval(1.05, 0.79, 1.28)), 2)
    0.69
    """
    if check_choice(scale, ("log", "linear"), option="scale") == "log":
        distance = np.log(check_values(estimate, what="The ratio", above=0))
        error = standard_error_from_interval(lower, upper, level)
    else:
        distance = check_values(estimate, what="The estimate")
        width = check_values(upper, what="The upper limit") - check_values(lower, what="The lower limit")
        error = np.asarray(width / (2 * normal_quantile(level)))
    check_values(error, what="The standard error that follows from the limits", above=0)
    return np.asarray(2 * norm.sf(np.abs(distance / error)))


def mover_ratio(
    first: tuple[FloatArray, FloatArray, FloatArray], second: tuple[FloatArray, FloatArray, FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """Interval of a ratio of two independent quantities from the intervals of each (MOVER-R).

    Parameters
    ----------
    first, second
        Estimate, lower and upper limit of numerator and denominator, none of them negative.

    Returns
    -------
    tuple of numpy.ndarray
        Lower and upper limits of first / second; the upper one is infinite when the denominator can be zero.

    Notes
    -----
    Use it when a count is zero, so that the logarithm does not exist. The lower limit is written with the root in the
    denominator, which is the same number and cannot divide zero by zero unless the numerator itself is zero.

    References
    ----------
    Donner A, Zou GY. Closed-form confidence intervals for functions of the normal mean and standard deviation.
    Stat Methods Med Res 2012;21:347-359.
    """
    (a, a_low, a_high), (b, b_low, b_high) = first, second
    product = np.asarray(a * b)
    root_low = np.sqrt(np.maximum(product**2 - a_low * b_high * (2 * a - a_low) * (2 * b - b_high), 0))
    root_high = np.sqrt(np.maximum(product**2 - a_high * b_low * (2 * a - a_high) * (2 * b - b_low), 0))
    lower = np.where(a_low > 0, divide(a_low * (2 * a - a_low), product + root_low), 0.0)
    upper = np.where(b_low > 0, divide(product + root_high, b_low * (2 * b - b_low)), np.inf)
    return lower, upper


def mover_difference(
    first: tuple[FloatArray, FloatArray, FloatArray], second: tuple[FloatArray, FloatArray, FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """Interval of a difference of two independent quantities from the intervals of each (square-and-add).

    Parameters
    ----------
    first, second
        Estimate, lower and upper limit of each quantity.

    Returns
    -------
    tuple of numpy.ndarray
        Lower and upper limits of first - second.

    References
    ----------
    Zou GY, Donner A. Construction of confidence limits about effect measures: a general approach.
    Stat Med 2008;27:1693-1702.
    """
    (a, a_low, a_high), (b, b_low, b_high) = first, second
    lower = a - b - np.hypot(a - a_low, b_high - b)
    upper = a - b + np.hypot(a_high - a, b - b_low)
    return np.asarray(lower), np.asarray(upper)


@checked_tables
def log_estimates(table: pd.DataFrame, *, name: str = "the table") -> pd.DataFrame:
    """Copy of a table of ratios with the columns `log_estimate` and `log_standard_error`.

    Parameters
    ----------
    table
        One row per ratio: `estimate`, `lower` and `upper` (above 0); `level` of each interval, 0.95 when absent.
    name
        What to call the table in a message.

    Returns
    -------
    pandas.DataFrame
        The copy.

    Raises
    ------
    DataError
        When a ratio or limit is missing or not above 0, limits coincide, or an estimate lies outside its interval.
    """
    checked = require_numbers(table, ["estimate", "lower", "upper"], above=0, name=name)
    require_no_more_than(checked, "lower", "estimate", name=name)
    require_no_more_than(checked, "estimate", "upper", name=name)
    if "level" not in checked:
        checked["level"] = 0.95
    checked = require_numbers(checked, ["level"], above=0, maximum=1 - 1e-9, name=name)
    quantile = norm.ppf((1 + checked["level"]) / 2)
    checked["log_estimate"] = np.log(checked["estimate"])
    checked["log_standard_error"] = np.log(checked["upper"] / checked["lower"]) / (2 * quantile)
    return require_numbers(checked, ["log_standard_error"], above=0, name=name)


@several_levels
def ratio_of_ratios(
    table: pd.DataFrame,
    *,
    group: str,
    numerator: Any,
    denominator: Any,
    by: str | Sequence[str] = (),
    level: Levels = 0.95,
) -> pd.DataFrame:
    """How many times larger one ratio is than another, from their printed intervals.

    Parameters
    ----------
    table
        One row per ratio, such as an estimator returns: `group`, `estimate`, `lower`, `upper` (ratios above 0) and
        `level` of the interval, 0.95 when absent.
    group
        Column that names the ratios.
    numerator, denominator
        Names of the ratio on top and of the one below.
    by
        Columns that define separate comparisons; none gives one.
    level
        Coverage of the result's interval, between 0 and 1.

    Returns
    -------
    pandas.DataFrame
        One row per comparison: `ratio_numerator`, `ratio_denominator`, `z`, `p_value` and the estimate columns, with
        `measure` "ratio_of_ratios".

    Raises
    ------
    DataError
        When a name is absent or occurs twice, or a limit is not above 0.

    Notes
    -----
    Interpretation: 1.68 means that the excess of the first group is 1.68 times that of the second on the ratio scale;
    on the scale of differences it can be the other way round, so show both. Use it for independent groups, such as
    men and women. Do not use it for overlapping groups, or to declare a subgroup effect found after looking.

    References
    ----------
    Altman DG, Bland JM. Interaction revisited: the difference between two estimates. BMJ 2003;326:219.

    Examples
    --------
    >>> ratios = pd.DataFrame({"sex": ["male", "female"], "estimate": [3.31, 5.56],
    ...                        "lower": [2.91, 3.95], "upper": [3.77, 7.82]})
    >>> result = ratio_of_ratios(ratios, group="sex", numerator="female", denominator="male")
    >>> round(float(result.loc[0, "estimate"]), 2), round(float(result.loc[0, "z"]), 2)
    (1.68, 2.78)
    """
    level = one_level(level)
    logs = log_estimates(table).assign(rows=1.0)
    logs["log_variance"] = logs["log_standard_error"] ** 2
    pairs = exposed_and_reference(
        logs, ["log_estimate", "log_variance", "rows"], group=group, exposed=numerator, reference=denominator, by=by
    )
    for name, rows in ((numerator, pairs["rows_exposed"]), (denominator, pairs["rows_reference"])):
        if (rows > 1).any():
            raise DataError(
                f"{int(rows.max())} rows are called {name!r} in `{group}`. Name the columns of `by`, or select."
            )
    difference = pairs["log_estimate_exposed"] - pairs["log_estimate_reference"]
    error = np.sqrt(pairs["log_variance_exposed"] + pairs["log_variance_reference"])
    lower, upper = log_interval(np.exp(difference), error, level)
    keys = pairs.drop(columns=[c for c in pairs if str(c).endswith(("_exposed", "_reference"))])
    return with_estimates(
        keys.assign(
            ratio_numerator=np.exp(pairs["log_estimate_exposed"]),
            ratio_denominator=np.exp(pairs["log_estimate_reference"]),
            z=difference / error,
            p_value=2 * norm.sf(np.abs(difference / error)),
        ),
        measure="ratio_of_ratios",
        estimate=np.exp(difference),
        lower=lower,
        upper=upper,
        level=level,
        unit="ratio",
        method="difference of independent logarithms",
    )
