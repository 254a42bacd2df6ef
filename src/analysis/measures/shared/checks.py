"""Border checks that all measures share: what is wrong, in which column and row, and what to do about it."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm

from analysis.errors import DataError, MethodError, did_you_mean
from analysis.estimates import check_level

FloatArray = NDArray[np.float64]


def column_names(columns: str | Sequence[str]) -> list[str]:
    """List of column names, where one name may be given as plain text.

    Parameters
    ----------
    columns
        One name, or a sequence of names.

    Returns
    -------
    list of str
        The names.

    Examples
    --------
    >>> column_names("sex"), column_names(("sex", "year"))
    (['sex'], ['sex', 'year'])
    """
    return [columns] if isinstance(columns, str) else list(columns)


def normal_quantile(level: float) -> float:
    """Number of standard errors on either side of an estimate that gives the coverage asked for.

    Parameters
    ----------
    level
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    float
        For example 1.96 for 0.95.

    Raises
    ------
    MethodError
        When the level is not between 0 and 1.

    Examples
    --------
    >>> round(normal_quantile(0.95), 4)
    1.96
    """
    return float(norm.ppf((1 + check_level(level)) / 2))


def check_choice(choice: str, choices: Iterable[str], *, option: str = "method") -> str:
    """Return the choice when it exists.

    Parameters
    ----------
    choice
        What was asked for.
    choices
        What exists.
    option
        Name of the option, for the message.

    Returns
    -------
    str
        The same choice.

    Raises
    ------
    MethodError
        When the choice does not exist; the message names the nearest one.
    """
    known = list(choices)
    if choice not in known:
        raise MethodError(f"The option `{option}` is {choice!r}, which does not exist. {did_you_mean(choice, known)}")
    return choice


def check_values(
    values: ArrayLike,
    *,
    what: str,
    minimum: float | None = None,
    maximum: float | None = None,
    above: float | None = None,
    labels: Sequence[Any] | pd.Index | None = None,
) -> FloatArray:
    """Return an array of numbers when all are present, finite and within their limits.

    Parameters
    ----------
    values
        Numbers of any shape.
    what
        What the numbers are, to start the message with, for example ``Column `deaths` of the table``.
    minimum, maximum
        Smallest and largest value allowed.
    above
        Value that every number must exceed.
    labels
        Names of the rows; positions counted from 0 when absent.

    Returns
    -------
    numpy.ndarray
        The values as floats.

    Raises
    ------
    DataError
        When a value is missing, infinite or beyond a limit; the message counts them and shows the first.
    """
    array = np.asarray(values, dtype=float)
    problems: list[tuple[NDArray[np.bool_], str, str]] = [
        (np.isnan(array), "missing values", "Fill them in, or drop those rows and report how many."),
        (np.isinf(array), "infinite values", "Look for a division by zero before this step."),
    ]
    if minimum is not None:
        label = "zero" if minimum == 0 else f"{minimum:g}"
        problems.append((array < minimum, f"values below {label}", "Correct them at the source."))
    if above is not None:
        label = "zero" if above == 0 else f"{above:g}"
        problems.append(
            (array <= above, f"values that are not above {label}", "Correct them, or leave those rows out.")
        )
    if maximum is not None:
        problems.append(
            (array > maximum, f"values above {maximum:g}", "Check the unit, and correct them at the source.")
        )
    for bad, problem, remedy in problems:
        if bad.any():
            first = int(np.flatnonzero(bad)[0])
            row = first if labels is None else labels[first]
            raise DataError(
                f"{what} has {int(bad.sum())} {problem}, the first in row {row} ({array.flat[first]:g}). {remedy}"
            )
    return array


def require_columns(table: pd.DataFrame, columns: Iterable[str], *, name: str = "the table") -> pd.DataFrame:
    """Return the table when it has rows and all these columns.

    Parameters
    ----------
    table
        Any table.
    columns
        Columns that must be there.
    name
        What to call the table in the message.

    Returns
    -------
    pandas.DataFrame
        The same table.

    Raises
    ------
    DataError
        When a column is missing, or the table has no rows.
    """
    for column in columns:
        if column not in table:
            present = [str(label) for label in table.columns]
            raise DataError(f"Column `{column}` is missing from {name}. {did_you_mean(column, present)}".strip())
    if table.empty:
        raise DataError(f"There are no rows in {name}. Check the selection that was made before this step.")
    return table


def require_complete(table: pd.DataFrame, columns: Iterable[str], *, name: str = "the table") -> pd.DataFrame:
    """Return the table when these columns have no missing values.

    Parameters
    ----------
    table
        Any table.
    columns
        Columns that must be there and filled.
    name
        What to call the table in the message.

    Returns
    -------
    pandas.DataFrame
        The same table.

    Raises
    ------
    DataError
        When a column or a value is missing; the message counts the rows and shows the first.
    """
    names = list(columns)
    require_columns(table, names, name=name)
    for column in names:
        gaps = table[column].isna().to_numpy()
        if gaps.any():
            first = table.index[int(np.flatnonzero(gaps)[0])]
            raise DataError(
                f"Column `{column}` of {name} has {int(gaps.sum())} missing values among {len(table)} rows, the first "
                f"in row {first}. Drop those rows with `dropna` and report how many, or impute them beforehand."
            )
    return table


def require_numbers(
    table: pd.DataFrame,
    columns: Iterable[str],
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    above: float | None = None,
    name: str = "the table",
) -> pd.DataFrame:
    """Copy of the table in which these columns are floats, after checking that they hold proper numbers.

    Parameters
    ----------
    table
        Any table.
    columns
        Columns that must hold numbers.
    minimum, maximum
        Smallest and largest value allowed.
    above
        Value that every number must exceed.
    name
        What to call the table in the message.

    Returns
    -------
    pandas.DataFrame
        A copy; the table itself is left as it was.

    Raises
    ------
    DataError
        When a column is missing, holds text, or has a value that is missing, infinite or beyond a limit.
    """
    names = list(columns)
    checked = require_columns(table, names, name=name).copy()
    for column in names:
        if not pd.api.types.is_numeric_dtype(checked[column]):
            texts = checked[column].map(lambda value: isinstance(value, str)).to_numpy(dtype=bool)
            if texts.any():
                first = int(np.flatnonzero(texts)[0])
                raise DataError(
                    f"Column `{column}` of {name} has {int(texts.sum())} texts where numbers belong, the first in row "
                    f"{checked.index[first]} ({checked[column].iloc[first]!r}). Convert it when the data are read."
                )
        numbers = pd.to_numeric(checked[column], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
        checked[column] = check_values(
            numbers,
            what=f"Column `{column}` of {name}",
            minimum=minimum,
            maximum=maximum,
            above=above,
            labels=checked.index,
        )
    return checked


def require_no_more_than(table: pd.DataFrame, part: str, whole: str, *, name: str = "the table") -> pd.DataFrame:
    """Return the table when no row has more in the part than in the whole.

    Parameters
    ----------
    table
        Table with both columns as numbers.
    part, whole
        Column that must not exceed, and column that must not be exceeded.
    name
        What to call the table in the message.

    Returns
    -------
    pandas.DataFrame
        The same table.

    Raises
    ------
    DataError
        When a row has more in the part than in the whole.
    """
    excess = (table[part] > table[whole]).to_numpy()
    if excess.any():
        row = table.iloc[int(np.flatnonzero(excess)[0])]
        raise DataError(
            f"Column `{part}` of {name} exceeds `{whole}` in {int(excess.sum())} rows, the first is row {row.name} "
            f"({row[part]:g} of {row[whole]:g}). Check whether the two columns were swapped or count different persons."
        )
    return table
