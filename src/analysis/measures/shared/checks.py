"""Border checks that all measures share: what is wrong, in which column and row, and what to do about it."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm

from analysis.errors import DataError, MethodError, did_you_mean
from analysis.measures.shared.levels import one_level

FloatArray = NDArray[np.float64]
LARGEST = 1e30
SMALLEST = 1 / LARGEST
"""Sizes that can be computed with, beside zero. A product or quotient of ten such numbers stays within the range of a
double (1e-308 to 1e308), and no count, sum of money, rate or weight of people comes near these bounds."""


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

    Raises
    ------
    MethodError
        When these are no names, or one is given twice.

    Examples
    --------
    >>> column_names("sex"), column_names(("sex", "year"))
    (['sex'], ['sex', 'year'])
    """
    if not isinstance(columns, Iterable):
        raise MethodError(f"Columns are named by {columns!r}. Give a name or a list of names, such as ['sex', 'year'].")
    names = [columns] if isinstance(columns, str) else list(columns)
    if len({*map(repr, names)}) < len(names):
        raise MethodError(f"A column is named twice in {names}. Name every column once.")
    return names


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
    return float(norm.ppf((1 + one_level(level)) / 2))


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
        near = did_you_mean(str(choice), known)
        raise MethodError(f"The option `{option}` is {choice!r}, which does not exist. {near}")
    return choice


def check_whole(number: int, *, option: str, minimum: int) -> int:
    """Return a whole number that an option asks for.

    Parameters
    ----------
    number
        What was asked for.
    option
        Name of the option, for the message.
    minimum
        Smallest number allowed.

    Returns
    -------
    int
        The same number.

    Raises
    ------
    MethodError
        When it is no whole number, or too small.

    Examples
    --------
    >>> check_whole(500, option="draws", minimum=1)
    500
    """
    if not isinstance(number, int | np.integer) or number < minimum:
        raise MethodError(f"The option `{option}` is {number!r}; it must be a whole number of {minimum} or more.")
    return int(number)


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
        When a value is missing, infinite, beyond a limit, or of a size that cannot be computed with (above 1e30, or
        nearer to zero than 1e-30 without being zero); the message counts them and shows the first.
    """
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise DataError(f"{what}: {values!r} are not all numbers. Convert them when the data are read.") from error
    problems = _unusable(array)
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


def _unusable(array: FloatArray) -> list[tuple[NDArray[np.bool_], str, str]]:
    """What no estimator can compute with; nothing is looked for one by one when all numbers are of a usable size."""
    size = np.abs(array)
    if bool(((size <= LARGEST) & ((size >= SMALLEST) | (size == 0))).all()):
        return []
    return [
        (np.isnan(array), "missing values", "Fill them in, or drop those rows and report how many."),
        (np.isinf(array), "infinite values", "Look for a division by zero before this step."),
        (size > LARGEST, f"values too large to compute with (beyond {LARGEST:g})", "Are the units right?"),
        (
            (size < SMALLEST) & (size > 0),
            f"values too close to zero to compute with (within {SMALLEST:g})",
            "Are the units right? Write 0 where nothing is meant.",
        ),
    ]


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


def require_unique(table: pd.DataFrame, columns: Iterable[str], *, name: str = "the table") -> pd.DataFrame:
    """Return the table when no two rows have the same names in these columns.

    Parameters
    ----------
    table
        Any table.
    columns
        Columns that together name a row; none means that there may be one row only.
    name
        What to call the table in the message.

    Returns
    -------
    pandas.DataFrame
        The same table.

    Raises
    ------
    DataError
        When a column is missing, or names occur more than once.
    """
    names = list(columns)
    require_columns(table, names, name=name)
    twice = table.duplicated(names).to_numpy() if names else np.arange(len(table)) > 0
    if twice.any():
        first = table.loc[twice, names].iloc[0].to_dict() if names else f"row {table.index[1]}"
        raise DataError(
            f"{int(twice.sum())} rows of {name} occur more than once, the first is {first}. "
            "Keep one row of each, or name the columns that tell them apart."
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
        When a column is missing, holds text, or has a value that is missing, infinite, beyond a limit or of a size
        that cannot be computed with, see `check_values`.
    """
    names = list(columns)
    checked = require_columns(table, names, name=name).copy()
    for column in names:
        if not pd.api.types.is_numeric_dtype(checked[column]) or checked[column].dtype.kind == "c":
            texts = checked[column].map(lambda value: isinstance(value, str)).to_numpy(dtype=bool)
            wrong = texts if texts.any() else ~checked[column].map(_is_number_or_missing).to_numpy(dtype=bool)
            if wrong.any():
                first = int(np.flatnonzero(wrong)[0])
                raise DataError(
                    f"Column `{column}` of {name} has {int(wrong.sum())} {'texts' if texts.any() else 'values'} where "
                    f"numbers belong, the first in row {checked.index[first]} ({checked[column].iloc[first]!r}). "
                    "Convert it when the data are read."
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


def _is_number_or_missing(value: Any) -> bool:
    return (isinstance(value, Real | Decimal)) or value is None or value is pd.NA


def numbers_as_numbers(table: pd.DataFrame) -> pd.DataFrame:
    """The table with columns of loose objects that are all numbers turned into columns of numbers.

    Parameters
    ----------
    table
        Any table.

    Returns
    -------
    pandas.DataFrame
        A copy when a column changes, otherwise the same table.

    Examples
    --------
    >>> loose = pd.DataFrame({"age": pd.Series([20, 30], dtype=object), "sex": ["f", "m"]})
    >>> numbers_as_numbers(loose)["age"].dtype
    dtype('int64')
    """
    loose = [name for name in table.columns if table[name].dtype == object]
    found = {name: pd.to_numeric(table[name]) for name in loose if table[name].map(_is_number_or_missing).all()}
    return table.assign(**found) if found else table


def require_covariates(table: pd.DataFrame, columns: Iterable[str]) -> pd.DataFrame:
    """Covariates without gaps: finite numbers, or names of categories.

    Parameters
    ----------
    table
        Any table.
    columns
        Columns of numbers or of categories; loose objects that are all numbers count as numbers.

    Returns
    -------
    pandas.DataFrame
        These columns, numbers as floats.

    Raises
    ------
    DataError
        When a value is missing or infinite, or neither a number nor a name.

    Examples
    --------
    >>> require_covariates(pd.DataFrame({"age": [20, 30], "sex": ["f", "m"]}), ["age", "sex"]).shape
    (2, 2)
    """
    names = list(columns)
    checked = numbers_as_numbers(require_complete(table, names)[names])
    for name in names:
        column = checked[name]
        named = pd.api.types.is_bool_dtype(column) or isinstance(column.dtype, pd.CategoricalDtype | pd.StringDtype)
        named |= isinstance(column.dtype, pd.ArrowDtype) and pd.api.types.is_string_dtype(column)
        if named or (column.dtype == object and column.map(lambda value: isinstance(value, str)).all()):
            continue
        checked = require_numbers(checked, [name])
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
