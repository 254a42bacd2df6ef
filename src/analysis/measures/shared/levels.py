"""Several levels in one call: an estimator that takes one level, asked for more, returns the rows of each."""

import functools
from collections.abc import Callable, Sequence
from typing import ParamSpec

import numpy as np
import pandas as pd

from analysis.errors import MethodError
from analysis.estimates import check_level

P = ParamSpec("P")
Levels = float | Sequence[float]
"""One level, or several: 0.95, or (0.95, 0.998)."""
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
        When it is not one number between 0 and 1.

    Examples
    --------
    >>> one_level(0.95)
    0.95
    """
    if isinstance(level, bool) or not isinstance(level, int | float):
        raise MethodError(f"This method takes one level at a time, not {level!r}. For example level=0.95.")
    return check_level(float(level))


def several_levels(estimator: Callable[P, pd.DataFrame]) -> Callable[P, pd.DataFrame]:
    """Let an estimator take several levels: the rows of the first level, then those of the second, and so on.

    Parameters
    ----------
    estimator
        Function with a keyword `level` that returns a table of estimates.

    Returns
    -------
    callable
        The same function; with one level it is untouched.
    """

    @functools.wraps(estimator)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> pd.DataFrame:
        levels = kwargs.get("level")
        if isinstance(levels, np.ndarray):
            levels = kwargs["level"] = levels.tolist()
        if not isinstance(levels, list | tuple):
            return estimator(*args, **kwargs)
        if not levels:
            raise MethodError("There is no level to report at. Give one, or several: level=(0.95, 0.998).")
        each = [estimator(*args, **{**kwargs, "level": level}) for level in levels]
        return pd.concat(each, ignore_index=True)

    return wrapped
