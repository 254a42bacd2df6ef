"""Checks at the border: does a table hold what its card promises? All problems are reported in one error."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from analysis.errors import DataError
from analysis.sources.catalogue import Card, Column

REMEDIES = {
    "missing": "Add it to the file, or take it out of the card.",
    "type": "Write numbers with a decimal point and without units or thousands separators.",
    "null": "Fill them, or set `nullable: true` in the card.",
    "range": "Check the source, or correct the limit in the card.",
    "values": "Check the spelling, or add the value to the card.",
    "key": "Remove the repeated rows, or name more columns in the key.",
    "unknown": "Describe it under `columns` in the card, or remove it from the file.",
}


Finding = tuple[int, str, pd.Series, str]  # rank, kind of remedy, which cells, what they are


class Problem(NamedTuple):
    """A finding about a table; the lowest rank is said first.

    Parameters
    ----------
    rank
        Place in the order of importance.
    message
        What is wrong, where, and what to do.
    """

    rank: int
    message: str


def check_table(table: pd.DataFrame, card: Card) -> pd.DataFrame:
    """Return the table in the types of its card when it keeps to the card.

    Parameters
    ----------
    table
        The data; text cells may still hold numbers as text, as read from a CSV file.
    card
        What the columns are called, what may stand in them, and which columns identify a row.

    Returns
    -------
    pandas.DataFrame
        A new table with the columns in the order of the card. Columns of type integer become `int64`, or `Int64` when
        cells are missing; number becomes `float64`; string becomes the text type of pandas.

    Raises
    ------
    DataError
        When anything is wrong: missing and undescribed columns, text among numbers, missing or forbidden values,
        values beyond the limits, repeated keys. One line per problem, the most important first. Rows are counted
        from 1 after the header.
    """
    problems = list(_column_problems(table, card))
    typed = {}
    for column in card.columns:
        if column.name in table:
            typed[column.name], found = _checked(table[column.name].reset_index(drop=True), column, card.id)
            problems += found
    result = pd.DataFrame(typed)
    problems += _key_problems(result, card)
    if problems:
        raise DataError("\n".join(problem.message for problem in sorted(problems, key=lambda problem: problem.rank)))
    return result


def _column_problems(table: pd.DataFrame, card: Card) -> Iterator[Problem]:
    for name in card.column_names:
        if name not in table:
            has = f"the table has {list(table.columns)}"
            yield Problem(0, f"Column `{name}` of `{card.id}` is missing; {has}. {REMEDIES['missing']}")
    for name in table.columns:
        if name not in card.column_names:
            yield Problem(6, f"Column `{name}` of `{card.id}` is not described in its card. {REMEDIES['unknown']}")


def _checked(cells: pd.Series, column: Column, dataset_id: str) -> tuple[pd.Series, list[Problem]]:
    """Cells in their type, and what is wrong with them."""
    if column.type == "string":
        typed, misfits = cells.astype("str"), pd.Series(False, index=cells.index)
        empty = cells.isna() | (cells == "")
    else:
        typed, misfits, empty = _as_numbers(cells, whole=column.type == "integer")
    kind = {"integer": "other than whole numbers", "number": "other than numbers"}.get(column.type, "")
    findings = [(1, "type", misfits, kind)]
    if not column.nullable:
        findings.append((2, "null", empty, "missing"))
    present = ~empty & ~misfits
    if column.type != "string":
        findings += _range_findings(typed, present, column)
    allowed = list(column.values)
    if allowed:
        findings.append((5, "values", present & ~typed.isin(allowed), f"outside {allowed}"))
    problems = [
        Problem(rank, _message(cells, wrong, column, dataset_id, what, kind))
        for rank, kind, wrong, what in findings
        if wrong.any()
    ]
    return typed, problems


def _as_numbers(cells: pd.Series, *, whole: bool) -> tuple[pd.Series, pd.Series, pd.Series]:
    """Numbers, which cells are no number, and which are empty."""
    blank = cells.isna() | (cells.astype("str").str.strip() == "")
    numbers = pd.to_numeric(cells.where(~blank), errors="coerce").astype("float64")
    misfits = ~blank & ~np.isfinite(numbers)
    if whole:
        misfits |= numbers.notna() & (numbers % 1 != 0)
        kept = numbers.where(~misfits)
        return (kept.astype("Int64") if kept.isna().any() else kept.astype("int64")), misfits, blank
    return numbers, misfits, blank


def _range_findings(numbers: pd.Series, present: pd.Series, column: Column) -> Iterator[Finding]:
    if column.minimum is not None:
        below = present & (numbers < column.minimum).fillna(False).astype(bool)
        yield 4, "range", below, f"below {_limit(column.minimum)}"
    if column.maximum is not None:
        above = present & (numbers > column.maximum).fillna(False).astype(bool)
        yield 4, "range", above, f"above {_limit(column.maximum)}"


def _key_problems(table: pd.DataFrame, card: Card) -> list[Problem]:
    key = [name for name in card.key if name in table]
    if not key or len(key) < len(card.key):
        return []
    repeated = table.duplicated(key).to_numpy()
    if not repeated.any():
        return []
    first = int(np.flatnonzero(repeated)[0])
    cells = ", ".join(f"{name} {table[name].iloc[first]}" for name in key)
    rows = "1 row that repeats" if repeated.sum() == 1 else f"{repeated.sum()} rows that repeat"
    message = f"The key of `{card.id}` has {rows} an earlier one, the first is row {first + 1} ({cells})."
    return [Problem(3, f"{message} {REMEDIES['key']}")]


def _message(cells: pd.Series, wrong: pd.Series, column: Column, dataset_id: str, what: str, kind: str) -> str:
    count, first = int(wrong.sum()), int(np.flatnonzero(wrong.to_numpy())[0])
    values = "1 value" if count == 1 else f"{count} values"
    where = f"in row {first + 1}" if count == 1 else f"the first in row {first + 1}"
    cell = "empty" if kind == "null" else _shown(cells.iloc[first])
    remedy = column.remedy or REMEDIES[kind]
    return f"Column `{column.name}` of `{dataset_id}` has {values} {what}, {where} ({cell}). {remedy}"


def _limit(bound: float) -> str:
    return "zero" if bound == 0 else f"{bound:g}"


def _shown(cell: Any) -> str:
    return f"'{cell}'" if isinstance(cell, str) and not _is_number(cell) else str(cell)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
