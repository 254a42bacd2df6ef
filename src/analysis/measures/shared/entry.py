"""What every estimator asks of its tables and groups, checked once where the call comes in."""

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ParamSpec, TypeVar

import pandas as pd

from analysis.errors import DataError, MethodError
from analysis.estimates import ESTIMATE_COLUMNS

P = ParamSpec("P")
Result = TypeVar("Result")
SIDES = (("exposed", "reference"), ("numerator", "denominator"), ("first", "second"))
"""Options that name the two groups of a comparison."""


def checked_tables(estimator: Callable[P, Result]) -> Callable[P, Result]:
    """Let an estimator refuse tables and groups that would give wrong or unreadable results.

    Parameters
    ----------
    estimator
        Function of tables, perhaps with the keyword `by` and those of two groups.

    Returns
    -------
    callable
        The same function. It refuses a table in which a column occurs twice, a group compared with itself, and a group
        column in `by` that the result has another use for; a column that names the rows as well is taken as a column.
    """

    @functools.wraps(estimator)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> Result:
        args, kwargs = checked_call(args, kwargs)  # type: ignore[assignment]
        result = estimator(*args, **kwargs)
        refuse_overwritten(args, kwargs, result)
        return result

    return wrapped


def checked_call(args: Iterable[Any], kwargs: Mapping[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Arguments of a call with every table ready for use, after checking that two groups differ.

    Parameters
    ----------
    args, kwargs
        Arguments by position and by name.

    Returns
    -------
    tuple of tuple and dict
        The same arguments; the tables themselves are left as they were.

    Raises
    ------
    DataError
        When a column of a table occurs twice.
    MethodError
        When a group is compared with itself.

    Examples
    --------
    >>> named = pd.DataFrame({"sex": ["f", "m"]}).set_index("sex", drop=False)
    >>> checked_call((named,), {})[0][0].index.name is None
    True
    """
    _refuse_same(kwargs)
    return tuple(map(_usable, args)), {name: _usable(value) for name, value in kwargs.items()}


def _usable(value: Any) -> Any:
    if not isinstance(value, pd.DataFrame):
        return value
    twice = value.columns[value.columns.duplicated()]
    if len(twice):
        raise DataError(
            f"{len(twice)} columns of a table have a name that occurs before, the first is `{twice[0]}`. "
            "Rename or drop them beforehand."
        )
    if not any(name is not None and name in value.columns for name in value.index.names):
        return value
    # Only names that are columns too: an index level and a column of one name cannot be told apart.
    free = [None if name in value.columns else name for name in value.index.names]
    return value.set_axis(value.index.set_names(free), axis=0)


def _refuse_same(options: Mapping[str, Any]) -> None:
    if "group" not in options:  # a ratio of two columns is no comparison of groups
        return
    for names in SIDES:
        one, other = (options.get(name) for name in names)
        if one is not None and pd.api.types.is_scalar(one) and pd.api.types.is_scalar(other) and one == other:
            raise MethodError(
                f"Both groups are {one!r}, and a group compared with itself says nothing. "
                f"Name two different groups in `{names[0]}` and `{names[1]}`."
            )


def group_columns(options: Mapping[str, Any]) -> list[str]:
    """Columns named in `by`, or none where these are no names: the estimator itself says what is wrong with them.

    Parameters
    ----------
    options
        Arguments by name.

    Returns
    -------
    list of str
        The names.

    Examples
    --------
    >>> group_columns({"by": "sex"}), group_columns({})
    (['sex'], [])
    """
    by = options.get("by", ())
    names = [by] if isinstance(by, str) else list(by) if isinstance(by, Iterable) else []
    return [name for name in names if isinstance(name, str)]


def refuse_names_of_results(columns: Iterable[str], results: Iterable[str] = ESTIMATE_COLUMNS) -> None:
    """Refuse group columns that have the name of a column of the result.

    Parameters
    ----------
    columns
        Group columns.
    results
        Columns that the result needs for itself.

    Raises
    ------
    MethodError
        When there is such a column; the message names it and what to do.

    Examples
    --------
    >>> refuse_names_of_results(["sex"], ["deaths", "rate"])
    """
    taken = [name for name in results if name in {*columns}]
    if taken:
        raise MethodError(
            f"The columns {taken} of `by` are names of results, which would take their place. Rename them beforehand, "
            f'for example with table.rename(columns={{"{taken[0]}": "{taken[0]}_group"}}).'
        )


def refuse_overwritten(args: Iterable[Any], options: Mapping[str, Any], result: Any) -> None:
    """Refuse a result in which a group column no longer holds the groups, because another column took its name.

    Parameters
    ----------
    args, options
        Arguments of the call, by position and by name.
    result
        What the estimator returned.

    Raises
    ------
    MethodError
        When a group of the result is not one of the table, or a group of the table is no longer there.
    """
    table = next((table for table in args if isinstance(table, pd.DataFrame)), None)
    if not isinstance(result, pd.DataFrame) or table is None:
        return
    named = group_columns(options)
    refuse_names_of_results(named, result.columns[result.columns.duplicated()])
    for name in named:
        if name in result and name in table:
            given, found = (set(column.dropna().unique().tolist()) for column in (table[name], result[name]))
            # A comparison may leave groups out in which neither of the two sides occurs.
            some = any(side in options for sides in SIDES for side in sides)
            strange = found - given or (given - found and not some)
            if strange or (result[name].isna().any() and not table[name].isna().any()):
                refuse_names_of_results([name], [name])
