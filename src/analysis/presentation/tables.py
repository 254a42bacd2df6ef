"""Tables for readers: columns chosen, named and formatted once, then written as HTML, Typst or Word by the reports."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.errors import MethodError, did_you_mean
from analysis.presentation import wording
from analysis.presentation.labels import label


@dataclass(frozen=True)
class Column:
    """One column of a table for readers.

    Attributes
    ----------
    header
        What stands above it, with the unit.
    cell
        Makes the text of a cell from a row.
    align
        ``left`` for words, ``right`` for numbers.
    """

    header: str
    cell: Callable[[Mapping[str, Any]], str]
    align: str = "left"


@dataclass(frozen=True)
class Table:
    """A table as a reader sees it.

    Attributes
    ----------
    columns
        Its columns, at most eight.
    rows
        Finished texts, one sequence per row.
    data
        The table it was made from, with all digits: what goes into the CSV file.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    data: pd.DataFrame


def table(data: pd.DataFrame, columns: Sequence[Column]) -> Table:
    """Make a table for readers.

    Parameters
    ----------
    data
        One row per line of the table.
    columns
        What is shown of it, from `text`, `amount` and `estimate`.

    Returns
    -------
    Table
        The finished table.

    Raises
    ------
    MethodError
        When there are more than eight columns, or none.
    """
    if not 1 <= len(columns) <= 8:
        raise MethodError(f"A table for readers has one to eight columns, not {len(columns)}. Make it two tables.")
    records: list[dict[str, Any]] = [{str(key): value for key, value in row.items()} for row in data.to_dict("records")]
    rows = tuple(tuple(column.cell(record) for column in columns) for record in records)
    return Table(tuple(columns), rows, data)


def text(name: str, header: str, *, group: str = "", language: str = "nl") -> Column:
    """A column of words.

    Parameters
    ----------
    name
        Column of the data.
    header
        What stands above it.
    group
        Group in the message files that translates the codes; empty shows them as they are.
    language
        ``nl`` or ``en``.

    Returns
    -------
    Column
        Aligned left.
    """

    def cell(row: Mapping[str, Any]) -> str:
        value = str(_value(row, name))
        return label(group, value, language) if group else value

    return Column(header, cell)


def amount(name: str, header: str, decimals: int, language: str, *, scale: float = 1.0, missing: str = "–") -> Column:
    """A column of numbers.

    Parameters
    ----------
    name
        Column of the data.
    header
        What stands above it, with the unit.
    decimals
        Digits behind the decimal sign.
    language
        ``nl`` or ``en``.
    scale
        What the numbers are multiplied by, for example 1000.
    missing
        What stands where there is no number.

    Returns
    -------
    Column
        Aligned right.
    """

    def cell(row: Mapping[str, Any]) -> str:
        value = _value(row, name)
        return missing if pd.isna(value) else wording.number(float(value) * scale, decimals, language)

    return Column(header, cell, "right")


def estimate(header: str, decimals: int, language: str, *, scale: float = 1.0, prefix: str = "") -> Column:
    """A column with the estimate and its interval in one cell.

    Parameters
    ----------
    header
        What stands above it; name the interval there.
    decimals
        Digits behind the decimal sign.
    language
        ``nl`` or ``en``.
    scale
        What the numbers are multiplied by, for example 100 for percent.
    prefix
        What stands before `estimate`, `lower` and `upper` in the column names, where a row has more than one.

    Returns
    -------
    Column
        Aligned right.
    """

    def cell(row: Mapping[str, Any]) -> str:
        found = {name: _value(row, f"{prefix}{name}") for name in ("estimate", "lower", "upper")}
        return "–" if pd.isna(found["estimate"]) else wording.interval(found, decimals, language, scale=scale)

    return Column(header, cell, "right")


def _value(row: Mapping[str, Any], name: str) -> Any:
    if name not in row:
        raise MethodError(f"The table has no column `{name}` to show. {did_you_mean(name, row)}")
    return row[name]
