"""Intervals by simulation: draw the estimates of the groups from their normal distributions, all draws at once."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.errors import MethodError
from analysis.measures.shared.checks import FloatArray, check_whole


@dataclass(frozen=True)
class Simulated:
    """What a simulation says about one estimate.

    Attributes
    ----------
    standard_error
        Standard deviation of the estimate over the draws.
    lower, upper
        Percentiles of the estimate over the draws.
    monte_carlo_error
        Standard error of the less certain of the two limits, due to the number of draws.
    """

    standard_error: float
    lower: float
    upper: float
    monte_carlo_error: float


def row_order(*columns: FloatArray) -> NDArray[np.intp]:
    """Order of rows by their values alone, so that draws do not depend on how a table happened to be sorted.

    Parameters
    ----------
    *columns
        Numbers of each row; a matrix counts as its columns.

    Returns
    -------
    numpy.ndarray
        Positions of the rows from the lowest; rows that are alike in everything keep their order.

    Examples
    --------
    >>> row_order(np.array([3.0, 1.0, 2.0])).tolist()
    [1, 2, 0]
    """
    return np.lexsort(np.column_stack(columns).T[::-1])


def draw_groups(values: FloatArray, errors: FloatArray, *, draws: int = 10_000, seed: int = 0) -> FloatArray:
    """Draws of the values of all groups, independent and normal.

    Parameters
    ----------
    values
        Value of each group.
    errors
        Standard error of each value.
    draws
        Number of draws, at least 100.
    seed
        Start of the random numbers: the same seed gives the same draws.

    Returns
    -------
    numpy.ndarray
        One row per draw, one column per group. What a group draws does not depend on the order of the groups.

    Raises
    ------
    MethodError
        When there are fewer than 100 draws.

    Examples
    --------
    >>> draw_groups(np.array([1.0, 2.0]), np.array([0.0, 0.0]), draws=100)[0].tolist()
    [1.0, 2.0]
    """
    check_whole(seed, option="seed", minimum=0)
    check_whole(draws, option="draws", minimum=1)
    if draws < 100:
        raise MethodError(f"{draws} draws say little about an interval. Take at least 100; 10,000 take milliseconds.")
    noise = np.empty((draws, len(values)))
    noise[:, row_order(values, errors)] = np.random.default_rng(seed).standard_normal(noise.shape)
    return np.asarray(values + noise * errors)


def simulated_interval(
    statistic: Callable[[FloatArray], FloatArray], drawn: FloatArray, level: float = 0.95
) -> Simulated:
    """Percentile interval of a statistic over draws.

    Parameters
    ----------
    statistic
        Function that gives one number per row.
    drawn
        One row per draw, one column per group.
    level
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    Simulated
        Standard error, limits, and how far these depend on the draws.

    Notes
    -----
    The error of a limit comes from the draws that lie one binomial standard deviation of their rank to either side.

    References
    ----------
    Ahn J, Harper S, Yu M, Feuer EJ, Liu B. Improved Monte Carlo methods for estimating confidence intervals for eleven
    commonly used health disparity measures. PLoS ONE 2019;14(7):e0219542.

    Examples
    --------
    >>> drawn = draw_groups(np.array([0.0]), np.array([1.0]), draws=100_000)
    >>> round(simulated_interval(lambda values: values[:, 0], drawn).upper, 1)
    2.0
    """
    results = statistic(drawn)
    ordered = np.sort(results[np.isfinite(results)])
    count = len(ordered)
    if count < 100:
        return Simulated(np.nan, np.nan, np.nan, np.nan)
    tails = np.array([(1 - level) / 2, (1 + level) / 2])
    reach = np.sqrt(count * tails * (1 - tails))
    middle = tails * (count - 1)
    above = ordered[np.minimum(np.ceil(middle + reach), count - 1).astype(int)]
    below = ordered[np.maximum(np.floor(middle - reach), 0).astype(int)]
    lower, upper = np.quantile(ordered, tails)
    return Simulated(float(ordered.std(ddof=1)), float(lower), float(upper), float(((above - below) / 2).max()))
