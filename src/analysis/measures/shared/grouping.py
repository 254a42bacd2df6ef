"""From rows to groups: sums per group, and two groups side by side."""

from collections.abc import Sequence
from numbers import Real
from typing import Any

import pandas as pd

from analysis.errors import DataError, did_you_mean
from analysis.measures.shared.checks import column_names, require_columns
from analysis.measures.shared.entry import refuse_names_of_results


def sum_by(table: pd.DataFrame, columns: Sequence[str], by: str | Sequence[str] = ()) -> pd.DataFrame:
    """Sums of columns per group, groups with a missing name included.

    Parameters
    ----------
    table
        Rows to add up.
    columns
        Columns with numbers.
    by
        Columns that define the groups; none gives one row.

    Returns
    -------
    pandas.DataFrame
        One row per group, in the order of the group columns: the group columns, then the sums.

    Raises
    ------
    DataError
        When a group column is missing.
    MethodError
        When a group column is one of those to add up.
    """
    groups = column_names(by)
    refuse_names_of_results(groups, columns)
    require_columns(table, [*groups, *columns])
    if not groups:
        return table[list(columns)].sum().to_frame().T
    sums: pd.DataFrame = table.groupby(groups, dropna=False, observed=True)[list(columns)].sum()
    return sums.reset_index()


def rows_of_group(table: pd.DataFrame, group: str, value: Any) -> pd.DataFrame:
    """Rows that belong to one group.

    Parameters
    ----------
    table
        Any table.
    group
        Column that names the group.
    value
        Name of the group.

    Returns
    -------
    pandas.DataFrame
        The rows where `group` has that value.

    Raises
    ------
    DataError
        When the column is missing or no row has the value; the message names the nearest one.
    """
    require_columns(table, [group])
    rows: pd.DataFrame = table.loc[table[group] == value]
    if rows.empty:
        raise DataError(f"Column `{group}` has no rows with {value!r}. {_kind_or_nearest(table[group], value)}".strip())
    return rows


def _kind_or_nearest(column: pd.Series, value: Any) -> str:
    """What to try: another kind of value when the column holds another kind, otherwise the nearest name."""
    present = column.drop_duplicates()
    numbers = pd.api.types.is_numeric_dtype(present) and not pd.api.types.is_bool_dtype(present)
    if numbers and isinstance(value, str):
        return f"The column holds numbers: give a number without quotes, such as {present.iloc[0]}."
    if isinstance(value, Real) and present.map(lambda name: isinstance(name, str)).all():
        return f"The column holds texts: give a text between quotes, such as {present.iloc[0]!r}."
    return did_you_mean(str(value), [str(name) for name in present])


def exposed_and_reference(
    table: pd.DataFrame,
    columns: Sequence[str],
    *,
    group: str,
    exposed: Any,
    reference: Any,
    by: str | Sequence[str] = (),
) -> pd.DataFrame:
    """Sums of two groups side by side, with `_exposed` and `_reference` behind the column names.

    Parameters
    ----------
    table
        Rows to add up; rows of other groups are left out.
    columns
        Columns with numbers.
    group
        Column that names the group.
    exposed, reference
        Names of the group of interest, and of the one it is compared with.
    by
        Columns that define separate comparisons; none gives one.

    Returns
    -------
    pandas.DataFrame
        One row per comparison.

    Raises
    ------
    DataError
        When a group is absent, also within one of the comparisons.
    MethodError
        When a column of `by` has the name of one of the sums.
    """
    keys = column_names(by)
    refuse_names_of_results(keys, [f"{column}_{side}" for column in columns for side in ("exposed", "reference")])
    sides = [
        sum_by(rows_of_group(table, group, value), columns, keys).rename(columns={c: f"{c}_{side}" for c in columns})
        for value, side in ((exposed, "exposed"), (reference, "reference"))
    ]
    if not keys:
        return pd.concat(sides, axis=1)
    paired = sides[0].merge(sides[1], on=keys, how="outer", indicator=True, validate="one_to_one")
    alone = paired[paired["_merge"] != "both"]
    if not alone.empty:
        side = exposed if alone["_merge"].iloc[0] == "right_only" else reference
        raise DataError(
            f"{len(alone)} of {len(paired)} comparisons lack one of the two groups, the first is "
            f"{alone[keys].iloc[0].to_dict()} without {side!r}. Add a row with zero counts if nothing happened there, "
            "or leave that comparison out and say so."
        )
    return paired.drop(columns="_merge")
