"""Ranks of areas or hospitals with the uncertainty they have."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis.errors import MethodError
from analysis.estimates import with_estimates
from analysis.measures.shared import notes
from analysis.measures.shared.checks import FloatArray, check_whole, column_names, require_columns, require_numbers
from analysis.measures.shared.levels import Levels, one_level, several_levels

# Draws that are ranked at a time, so that ten thousand areas fit in memory.
NUMBERS_AT_A_TIME = 4_000_000


def ranks_of(values: FloatArray) -> FloatArray:
    """Ranks along the last axis from 1 for the lowest; equal values share the mean of their ranks.

    Parameters
    ----------
    values
        Numbers of any shape.

    Returns
    -------
    numpy.ndarray
        Ranks.

    Examples
    --------
    >>> ranks_of(np.array([0.3, 0.1, 0.3])).tolist()
    [2.5, 1.0, 2.5]
    """
    array = np.atleast_2d(values)
    ranks = np.empty(array.shape)
    for number, row in enumerate(array):
        _, place, count = np.unique(row, return_inverse=True, return_counts=True)
        last = np.cumsum(count)
        ranks[number] = (last - (count - 1) / 2)[place.ravel()]
    return ranks.reshape(np.shape(values))


def rank_draws(estimates: ArrayLike, standard_errors: ArrayLike, *, draws: int, seed: int) -> NDArray[np.int32]:
    """Ranks in simulated worlds in which each estimate scatters by its standard error.

    Parameters
    ----------
    estimates
        One number per unit.
    standard_errors
        Their standard errors, 0 or more.
    draws
        Number of worlds.
    seed
        Start of the random numbers: the same seed gives the same ranks.

    Returns
    -------
    numpy.ndarray
        One row per world, one column per unit, ranks from 1 for the lowest.
    """
    centre, error = np.asarray(estimates, dtype=float), np.asarray(standard_errors, dtype=float)
    random = np.random.default_rng(seed)
    ranks = np.empty((draws, centre.size), dtype=np.int32)
    step = max(1, NUMBERS_AT_A_TIME // max(centre.size, 1))
    places = np.arange(1, centre.size + 1, dtype=np.int32)
    for start in range(0, draws, step):
        worlds = random.normal(centre, error, (min(step, draws - start), centre.size))
        order = np.argsort(worlds, axis=1)
        np.put_along_axis(ranks[start : start + step], order, places[None, :], axis=1)
    return ranks


@several_levels
def rank_intervals(
    table: pd.DataFrame,
    *,
    estimate: str = "estimate",
    standard_error: str = "standard_error",
    by: str | Sequence[str] = (),
    draws: int = 10_000,
    seed: int = 1,
    level: Levels = 0.95,
) -> pd.DataFrame:
    """Rank of each unit among the others, with an interval by simulation.

    Parameters
    ----------
    table
        One row per unit.
    estimate
        Column with the estimates, on a scale where errors are normal.
    standard_error
        Column with their standard errors, 0 or more.
    by
        Columns that define sets of units, each ranked on its own; none makes one set.
    draws
        Number of simulated worlds, 100 or more.
    seed
        Start of the random numbers.
    level
        Coverage of the intervals, between 0 and 1, or several.

    Returns
    -------
    pandas.DataFrame
        The rows of the table without their own interval, with `value` (the estimate ranked), `units` (how many are
        ranked), `expected_rank` (mean over the worlds) and the estimate columns, with `measure` "rank": 1 is the
        lowest value, ties share the mean of their ranks.

    Raises
    ------
    DataError
        When a column is missing, or a number is missing or impossible.
    MethodError
        When there are too few draws.

    Notes
    -----
    Interpretation: ranks that fit the data. Most intervals are wide: the unit that comes last is often not worse than
    the middle. Show no league table without them. For small areas rank the shrunken estimates.

    References
    ----------
    Goldstein H, Spiegelhalter DJ. League tables and their limitations. J R Stat Soc A 1996;159:385-443.

    Examples
    --------
    >>> units = pd.DataFrame({"estimate": [0.1, 0.2, 0.9], "standard_error": [0.1, 0.1, 0.1]})
    >>> rank_intervals(units)[["estimate", "lower", "upper"]].to_numpy().tolist()
    [[1.0, 1.0, 2.0], [2.0, 1.0, 2.0], [3.0, 3.0, 3.0]]
    """
    covered, keys = one_level(level), column_names(by)
    check_whole(seed, option="seed", minimum=0)
    check_whole(draws, option="draws", minimum=1)
    if draws < 100:
        raise MethodError(f"An interval from {draws} draws is no interval. Ask for 100 or more, 10,000 for a report.")
    checked = require_numbers(require_columns(table, keys), [estimate])
    checked = require_numbers(checked, [standard_error], minimum=0).reset_index(drop=True)
    number = checked.groupby(keys, dropna=False, observed=True).ngroup().to_numpy() if keys else np.zeros(len(checked))
    found = np.empty((4, len(checked)))
    units = np.empty(len(checked), dtype=int)
    for group in np.unique(number):
        rows = np.flatnonzero(number == group)
        values, errors = (checked[column].to_numpy()[rows] for column in (estimate, standard_error))
        # Drawn in the order of the values, so that the order of the rows does not matter.
        order = np.lexsort((errors, values))
        ranks = rank_draws(values[order], errors[order], draws=draws, seed=seed)
        own = ranks_of(values)
        lower, upper = np.quantile(ranks, [(1 - covered) / 2, (1 + covered) / 2], axis=0, method="nearest")
        ordered = rows[order]
        found[0, rows], found[1, ordered] = own, ranks.mean(axis=0)
        found[2, ordered], found[3, ordered] = lower, upper
        units[rows] = rows.size
    ranks_own, expected, low, high = found
    result_columns = ("measure", "estimate", "lower", "upper", "level", "unit", "method", "note", estimate)
    kept = checked[[column for column in checked if column not in result_columns]]
    return with_estimates(
        kept.assign(value=checked[estimate], units=units, expected_rank=expected),
        measure="rank",
        estimate=ranks_own,
        lower=np.minimum(low, ranks_own),
        upper=np.maximum(high, ranks_own),
        level=covered,
        unit="rank, 1 is lowest",
        method=f"simulation, {draws} draws, seed {seed}",
        note=np.where(units == 1, notes.ONE_AREA, "").tolist(),
    )
