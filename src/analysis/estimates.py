"""The one shape of results: every estimator returns a table with the same eight columns at its end."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.errors import DataError, MethodError

ESTIMATE_COLUMNS = ("measure", "estimate", "lower", "upper", "level", "unit", "method", "note")


def check_level(level: float) -> float:
    """Return the coverage of an interval when it lies strictly between 0 and 1.

    Parameters
    ----------
    level
        Coverage, for example 0.95.

    Returns
    -------
    float
        The same level.

    Raises
    ------
    MethodError
        When the level is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise MethodError(
            f"The level of an interval is {level}; it must lie between 0 and 1. For 95 percent give level=0.95."
        )
    return level


def with_estimates(
    groups: pd.DataFrame,
    *,
    measure: str | Sequence[str],
    estimate: Any,
    lower: Any,
    upper: Any,
    level: float,
    unit: str,
    method: str | Sequence[str],
    note: str | Sequence[str] = "",
) -> pd.DataFrame:
    """Add the eight estimate columns behind the group columns and ingredients.

    Parameters
    ----------
    groups
        One row per estimate: group columns and the ingredients needed to recompute it.
    measure
        Short name of the measure, for example ``rate`` or ``sii``.
    estimate, lower, upper
        The estimate and its interval, in `unit`; an array of the length of `groups` or one number.
    level
        Coverage of the interval, between 0 and 1.
    unit
        Unit of the estimate in base units, for example ``per person-year``.
    method
        How estimate and interval were made, in the field's words.
    note
        What must be said beside the number; empty when there is nothing.

    Returns
    -------
    pandas.DataFrame
        A new table with a fresh index; `groups` is left as it was.
    """
    columns: dict[str, Any] = {
        "measure": measure,
        "estimate": np.asarray(estimate, dtype=float),
        "lower": np.asarray(lower, dtype=float),
        "upper": np.asarray(upper, dtype=float),
        "level": check_level(level),
        "unit": unit,
        "method": method,
        "note": note,
    }
    return groups.reset_index(drop=True).assign(**columns)


def check_estimates(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table when it has the shape of results, with every limit on its own side of the estimate.

    Parameters
    ----------
    table
        What an estimator returned.

    Returns
    -------
    pandas.DataFrame
        The same table.

    Raises
    ------
    DataError
        When a column is missing, or an estimate lies outside its own interval.
    """
    missing = [column for column in ESTIMATE_COLUMNS if column not in table]
    if missing:
        raise DataError(f"A table of estimates lacks the columns {missing}. Make it with `with_estimates`.")
    outside = (table["lower"] > table["estimate"]) | (table["upper"] < table["estimate"])
    if outside.any():
        first = int(np.flatnonzero(outside.to_numpy())[0])
        row = table.iloc[first]
        raise DataError(
            f"{int(outside.sum())} estimates lie outside their own interval, the first in row {first}: "
            f"{row['estimate']} with {row['lower']} to {row['upper']}. Check the estimator that made them."
        )
    return table


def pick(table: pd.DataFrame, **where: Any) -> Mapping[str, Any]:
    """The only row that fits, as a mapping.

    Parameters
    ----------
    table
        Any table.
    **where
        Column names with the value asked for.

    Returns
    -------
    Mapping
        Column name to value.

    Raises
    ------
    DataError
        When no row or more than one row fits.

    Examples
    --------
    >>> ratios = pd.DataFrame({"sex": ["female", "male"], "estimate": [5.6, 3.3]})
    >>> float(pick(ratios, sex="male")["estimate"])
    3.3
    """
    fits = np.ones(len(table), dtype=bool)
    for column, value in where.items():
        if column not in table:
            raise DataError(f"There is no column `{column}` to pick a row by; the table has {list(table.columns)}.")
        fits &= (table[column] == value).fillna(False).to_numpy(dtype=bool)
    found = table[fits]
    if len(found) != 1:
        raise DataError(f"{len(found)} rows fit {where}, where exactly one should. Name more columns, or other values.")
    return {str(column): value for column, value in found.iloc[0].items()}
