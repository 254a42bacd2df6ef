"""Several levels in one call: an estimator that takes one level, asked for more, returns the rows of each."""

import functools
from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any, ParamSpec

import numpy as np
import pandas as pd

from analysis.errors import MethodError
from analysis.estimates import check_level
from analysis.measures.shared import notes
from analysis.measures.shared.entry import checked_tables, group_columns, refuse_names_of_results

P = ParamSpec("P")
Levels = float | Sequence[float]
"""One level, or several: 0.95, or (0.95, 0.998)."""
LOWEST_LEVEL, HIGHEST_LEVEL = 1e-6, 1 - 1e-12
"""Closer to 0 an interval has no width that could be told from rounding, closer to 1 it has no end."""
PRINTED_LEVEL = 0.95
"""Coverage of published intervals that do not say their level."""


def one_level(level: Levels) -> float:
    """The level as one number, inside an estimator that `several_levels` calls once per level.

    Parameters
    ----------
    level
        Coverage between 0 and 1.

    Returns
    -------
    float
        The same level.

    Raises
    ------
    MethodError
        When it is not one number between 0 and 1, or so near to 0 or 1 that an interval has no width or no end.

    Examples
    --------
    >>> one_level(0.95)
    0.95
    """
    if isinstance(level, bool) or not isinstance(level, Real):
        raise MethodError(f"This method takes one level at a time as a number, not {level!r}. For example level=0.95.")
    covered = check_level(float(level))
    if not LOWEST_LEVEL <= covered <= HIGHEST_LEVEL:
        raise MethodError(
            f"The level of an interval is {covered!r}, nearer to 0 or 1 than can be computed with. It may run from "
            f"{LOWEST_LEVEL:g} to 1 - {1 - HIGHEST_LEVEL:.0e}; usual is level=0.95."
        )
    return covered


def listed_levels(level: Any) -> Any:
    """Several levels, in whatever kind of sequence, as a list; one level as it is.

    Parameters
    ----------
    level
        One level, or a list, tuple, array or column of levels.

    Returns
    -------
    list or number
        The levels, or the one level.

    Raises
    ------
    MethodError
        When there is no level in the list.

    Examples
    --------
    >>> listed_levels(pd.Series([0.9, 0.95])), listed_levels(0.95)
    ([0.9, 0.95], 0.95)
    """
    levels = level.tolist() if isinstance(level, np.ndarray | pd.Series | pd.Index) else level
    levels = list(levels) if isinstance(levels, tuple) else levels
    if isinstance(levels, list) and not levels:
        raise MethodError("There is no level to report at. Give one, or several: level=(0.95, 0.998).")
    return levels


def _noted(results: pd.DataFrame) -> pd.DataFrame:
    """Estimates in which no limit is infinite without a note."""
    if not {"lower", "upper", "note"} <= set(results.columns):
        return results
    endless = np.isinf(results["lower"].to_numpy(dtype=float)) | np.isinf(results["upper"].to_numpy(dtype=float))
    if not endless.any():
        return results
    silent = endless & (results["note"] == "").to_numpy(dtype=bool)
    return results.assign(note=results["note"].mask(silent, notes.UNBOUNDED))


def several_levels(estimator: Callable[P, pd.DataFrame]) -> Callable[P, pd.DataFrame]:
    """Let an estimator take several levels: the rows of the first level, then those of the second, and so on.

    Parameters
    ----------
    estimator
        Function with a keyword `level` that returns a table of estimates.

    Returns
    -------
    callable
        The same function for one level or several. A row in which a limit is infinite gets a note that says so, unless
        it has a note already. Tables and groups are checked as in `checked_tables`.
    """

    @functools.wraps(estimator)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> pd.DataFrame:
        refuse_names_of_results(group_columns(kwargs))
        levels = listed_levels(kwargs.get("level"))
        if "level" in kwargs:
            kwargs["level"] = levels
        if not isinstance(levels, list):
            return _noted(estimator(*args, **kwargs))
        each = [_noted(estimator(*args, **{**kwargs, "level": level})) for level in levels]
        return pd.concat(each, ignore_index=True)

    return checked_tables(wrapped)
