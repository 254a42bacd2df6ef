"""From lists to capture histories: how many persons are on these lists and on no others."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.errors import DataError, MethodError
from analysis.measures.shared.checks import FloatArray, column_names, require_columns, require_numbers
from analysis.measures.shared.strata import group_positions

MOST_LISTS = 8


@dataclass(frozen=True)
class CaptureHistories:
    """Persons by the lists that they are on.

    Attributes
    ----------
    lists
        Names of the lists.
    histories
        One row per possible history but that of nobody's list, one column per list: 1 is on the list, 0 is not.
    groups
        Group columns, one row per population.
    counts
        Persons: populations by histories.
    """

    lists: list[str]
    histories: FloatArray
    groups: pd.DataFrame
    counts: FloatArray


def possible_histories(lists: int) -> FloatArray:
    """All ways to be on at least one of some lists.

    Parameters
    ----------
    lists
        Number of lists.

    Returns
    -------
    numpy.ndarray
        One row per history, one column per list; all lists first.

    Examples
    --------
    >>> possible_histories(2).tolist()
    [[1.0, 1.0], [1.0, 0.0], [0.0, 1.0]]
    """
    return np.array(list(itertools.product([1.0, 0.0], repeat=lists))[:-1])


def capture_histories(
    table: pd.DataFrame, *, lists: Sequence[str], count: str = "count", by: str | Sequence[str] = ()
) -> CaptureHistories:
    """Arrange persons by capture history, with zero for histories that are not in the table.

    Parameters
    ----------
    table
        One row per history, and per population when `by` is given; rows of the same history are added up.
    lists
        Columns of the lists: 1 or true for those on it, 0 or false for those who are not.
    count
        Column with numbers of persons, 0 or more.
    by
        Columns that define populations; none is one.

    Returns
    -------
    CaptureHistories
        The counts.

    Raises
    ------
    DataError
        When a column is missing or holds anything else, a row is on no list, or a population has no persons.
    MethodError
        When there is one list only, or more than eight.
    """
    names = column_names(lists)
    if not 2 <= len(names) <= MOST_LISTS:
        raise MethodError(
            f"There {'is 1 list' if len(names) == 1 else f'are {len(names)} lists'}; the number of people on none of "
            f"them follows from how lists overlap, of which there must be 2 to {MOST_LISTS}. Name the columns in "
            "`lists`, joining lists that cover the same people."
        )
    require_columns(table, [*names, count, *column_names(by)])
    checked = require_numbers(table, names, minimum=0, maximum=1)
    checked = require_numbers(checked, [count], minimum=0)
    on = checked[names].to_numpy(dtype=float)
    _check_lists(checked, on, names)
    groups, group = group_positions(checked, by)
    # the first list weighs most, and being on all lists comes first, as in `possible_histories`
    code = (2 ** len(names) - 1 - on @ 2.0 ** np.arange(len(names))[::-1]).astype(np.intp)
    size = 2 ** len(names) - 1
    sums = np.bincount(group * size + code, weights=checked[count], minlength=len(groups) * size)
    counts = np.asarray(sums, dtype=float).reshape(len(groups), size)
    if (counts.sum(axis=1) == 0).any():
        empty = groups.iloc[int(np.flatnonzero(counts.sum(axis=1) == 0)[0])].to_dict()
        raise DataError(
            f"Column `{count}` counts nobody on any list{f' of {empty}' if empty else ''}, so nothing is known about "
            "those on none. Check the selection that was made before this step."
        )
    return CaptureHistories(names, possible_histories(len(names)), groups, counts)


def _check_lists(table: pd.DataFrame, on: FloatArray, names: list[str]) -> None:
    between = ((on != 0) & (on != 1)).any(axis=1)
    if between.any():
        first = int(np.flatnonzero(between)[0])
        raise DataError(
            f"The columns {names} have {int(between.sum())} rows with values other than 0 and 1, the first in row "
            f"{table.index[first]} ({on[first].tolist()}). Give 1 for persons on the list and 0 for others."
        )
    nowhere = (on == 0).all(axis=1)
    if nowhere.any():
        raise DataError(
            f"{int(nowhere.sum())} rows are on none of the lists, the first is row "
            f"{table.index[int(np.flatnonzero(nowhere)[0])]}. That number is what is estimated: leave the row out."
        )
