"""Rows matched to strata by value, and counts laid out as a matrix of groups by strata."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import DataError
from analysis.measures.shared.checks import FloatArray, column_names, require_columns, require_complete

IntArray = NDArray[np.intp]


def group_positions(table: pd.DataFrame, by: str | Sequence[str] = ()) -> tuple[pd.DataFrame, IntArray]:
    """Groups of a table, and for every row the position of its group.

    Parameters
    ----------
    table
        Any table.
    by
        Columns that define the groups; none gives one group.

    Returns
    -------
    tuple of pandas.DataFrame and numpy.ndarray
        One row per group in the order of the group columns, missing names last, and the positions.

    Raises
    ------
    DataError
        When a column is missing or the table has no rows.
    """
    names = column_names(by)
    require_columns(table, names)
    if not names:
        return pd.DataFrame(index=[0]), np.zeros(len(table), dtype=np.intp)
    grouped = table.groupby(names, dropna=False, observed=True, sort=True)
    positions = np.asarray(grouped.ngroup(), dtype=np.intp)
    _, first = np.unique(positions, return_index=True)
    groups: pd.DataFrame = table[names].iloc[first].reset_index(drop=True)
    return groups, positions


def _joint_codes(table: pd.DataFrame, lookup: pd.DataFrame, strata: list[str]) -> tuple[IntArray, IntArray]:
    """One number per stratum, the same for equal values in both tables; -1 where the lookup lacks a value."""
    rows, known = np.zeros(len(table), dtype=np.intp), np.zeros(len(lookup), dtype=np.intp)
    absent = np.zeros(len(table), dtype=bool)
    for column in strata:
        codes, values = pd.factorize(lookup[column])
        found = pd.Index(values).get_indexer(pd.Index(table[column]))
        absent |= found < 0
        rows, known = rows * len(values) + found, known * len(values) + codes
    return np.where(absent, -1, rows), known


def match_strata(
    table: pd.DataFrame, lookup: pd.DataFrame, strata: str | Sequence[str], *, name: str = "the reference"
) -> IntArray:
    """Position in a lookup table of the stratum of every row, matched by value and never by order.

    Parameters
    ----------
    table
        Rows to match.
    lookup
        One row per stratum.
    strata
        Columns that both tables have and that name the stratum.
    name
        What to call the lookup in messages.

    Returns
    -------
    numpy.ndarray
        Row positions in `lookup`, one per row of `table`.

    Raises
    ------
    DataError
        When a column or value is missing, a stratum occurs twice in the lookup, or a row has no stratum there.
    """
    names = column_names(strata)
    require_complete(table, names)
    require_complete(lookup, names, name=name)
    twice = lookup.duplicated(names)
    if twice.any():
        raise DataError(
            f"{int(twice.sum())} strata occur more than once in {name}, the first is "
            f"{lookup.loc[twice, names].iloc[0].to_dict()}. Keep one row per stratum, or name more columns in `strata`."
        )
    rows, known = _joint_codes(table, lookup, names)
    order = np.argsort(known, kind="stable")
    place = np.minimum(np.searchsorted(known, rows, sorter=order), len(known) - 1)
    found: IntArray = order[place]
    missing = known[found] != rows
    if missing.any():
        strays = table.loc[missing, names].drop_duplicates()
        raise DataError(
            f"{len(strays)} strata of the table are not in {name}, the first is {strays.iloc[0].to_dict()}. "
            f"Add them to {name}, or leave them out of the table and report how many events that drops."
        )
    return found


@dataclass(frozen=True)
class GroupsByStrata:
    """Sums of columns, groups in rows and strata in columns.

    Parameters
    ----------
    groups
        One row per group.
    sums
        For every column its matrix of groups by strata.
    """

    groups: pd.DataFrame
    sums: dict[str, FloatArray]


def groups_by_strata(
    table: pd.DataFrame,
    lookup: pd.DataFrame,
    columns: Sequence[str],
    *,
    strata: str | Sequence[str],
    by: str | Sequence[str] = (),
    name: str = "the reference",
) -> GroupsByStrata:
    """Lay out the sums of columns as matrices of groups by the strata of a lookup.

    Parameters
    ----------
    table
        Rows with numbers; rows of one group and stratum are added up.
    lookup
        One row per stratum, in the order that the matrices will have.
    columns
        Columns to add up.
    strata
        Columns that name the stratum.
    by
        Columns that define the groups; none gives one.
    name
        What to call the lookup in messages.

    Returns
    -------
    GroupsByStrata
        The groups and the matrices.

    Raises
    ------
    DataError
        When strata do not match, or a group lacks a stratum of the lookup.
    """
    stratum = match_strata(table, lookup, strata, name=name)
    groups, group = group_positions(table, by)
    shape = (len(groups), len(lookup))
    cell = group * shape[1] + stratum
    absent = np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape) == 0
    if absent.any():
        row, column = (int(position[0]) for position in np.nonzero(absent))
        which = lookup[column_names(strata)].iloc[column].to_dict()
        where = f" of the group {groups.iloc[row].to_dict()}" if column_names(by) else ""
        raise DataError(
            f"{int(absent.sum())} strata of {name} are not in the table, the first is {which}{where}. Add rows with "
            f"their person-years, also where nothing happened, or restrict {name} to the strata that are studied."
        )
    sums = {
        key: np.asarray(np.bincount(cell, weights=table[key].to_numpy(dtype=float)).reshape(shape), dtype=float)
        for key in columns
    }
    return GroupsByStrata(groups, sums)
