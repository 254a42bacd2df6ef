"""Person-time: follow-up of persons split by age, calendar year and group, from memory or from a file."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from analysis.errors import DataError, MethodError
from analysis.measures.cohorts.batches import Source, table_batches
from analysis.measures.cohorts.dates import CONVENTIONS, decimal_years
from analysis.measures.cohorts.lexis import LexisCells, check_breaks
from analysis.measures.shared import notes
from analysis.measures.shared.checks import FloatArray, check_choice, column_names
from analysis.measures.shared.strata import IntArray

REMEDIES = {
    "missing": "Fill them in, or leave those persons out and report how many.",
    "order": "Check whether the columns were swapped, or correct the dates at the source.",
    "event": "Recode it: 1 when follow-up ended with the event, 0 when not.",
}


RESERVED = {"age_band", "age_from", "age_to", "year", "year_from", "year_to", "deaths", "person_years", "persons"} | {
    "zero_follow_up",
    "convention",
    "note",
}


class _Problems:
    """Counts of impossible rows over all pieces of a table, so that the message can give the total."""

    def __init__(self) -> None:
        self.found: dict[str, list[Any]] = {}

    def look(self, wrong: np.ndarray, what: str, remedy: str, piece: pd.DataFrame) -> None:
        """Count the wrong rows of a piece, and keep the first as an example."""
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            values = {str(key): str(value) for key, value in piece.iloc[row].items()}
            record = self.found.setdefault(what, [0, piece.index[row], values, remedy])
            record[0] += int(wrong.sum())

    def report(self) -> None:
        """Raise one error with every problem, when there was any."""
        if self.found:
            raise DataError(
                "\n".join(
                    f"{count} persons have {what}, the first in row {row} ({values}). {REMEDIES[remedy]}"
                    for what, (count, row, values, remedy) in self.found.items()
                )
            )


class _Groups:
    """Groups in order of appearance, the same over all pieces of a table."""

    def __init__(self, columns: list[str]) -> None:
        self.columns = columns
        self.known: dict[tuple[Any, ...], int] = {}

    def positions(self, piece: pd.DataFrame) -> IntArray:
        """Number of the group of every row; new groups get the next numbers."""
        if not self.columns:
            return np.zeros(len(piece), dtype=np.intp)
        code = np.zeros(len(piece), dtype=np.intp)
        values: list[Any] = []
        for column in self.columns:
            codes, uniques = pd.factorize(piece[column], use_na_sentinel=False)
            code = code * len(uniques) + codes
            values.append([None if pd.isna(value) else value for value in uniques])
        size = int(np.prod([len(uniques) for uniques in values]))
        present = np.flatnonzero(np.bincount(code, minlength=size))
        places = np.unravel_index(present, [len(uniques) for uniques in values])
        lookup = np.zeros(size, dtype=np.intp)
        for cell, *parts in zip(present, *places, strict=True):
            name = tuple(uniques[part] for uniques, part in zip(values, parts, strict=True))
            lookup[cell] = self.known.setdefault(name, len(self.known))
        found: IntArray = lookup[code]
        return found

    def table(self) -> pd.DataFrame:
        """One row of names per group, in the order of their numbers."""
        return pd.DataFrame(list(self.known), columns=self.columns) if self.columns else pd.DataFrame(index=[0])


def _check_piece(piece: pd.DataFrame, moments: dict[str, FloatArray], event: str, found: _Problems) -> None:
    names = list(moments)
    for name in names:
        found.look(~np.isfinite(moments[name]), f"a missing or infinite `{name}`", "missing", piece)
    for first, second in pairwise(names):
        found.look(moments[first] > moments[second], f"`{first}` after `{second}`", "order", piece)
    missing = piece[event].isna().to_numpy()
    found.look(missing, f"a missing `{event}`", "missing", piece)
    known = piece[event].isin([0, 1]).to_numpy()
    found.look(~known & ~missing, f"an `{event}` that is neither 0 nor 1", "event", piece)


def _labels(ages: FloatArray) -> list[str]:
    """Bands as 20-24 and 85+ when all bounds are whole numbers, otherwise with the bounds themselves."""
    if np.all(ages == np.round(ages)):
        closed = [f"{low:.0f}" if high - low == 1 else f"{low:.0f}-{high - 1:.0f}" for low, high in pairwise(ages)]
        return [*closed, f"{ages[-1]:.0f}+"]
    return [*(f"{low:g} to {high:g}" for low, high in pairwise(ages)), f"{ages[-1]:g}+"]


def _cell_columns(cells: LexisCells, age: IntArray, year: IntArray, by_age: bool) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    if by_age:
        columns["age_band"] = np.array(_labels(cells.ages), dtype=object)[age]
        columns["age_from"] = cells.ages[age]
        columns["age_to"] = np.append(cells.ages[1:], np.nan)[age]
    if len(cells.years):
        low, high = cells.years[:-1][year], cells.years[1:][year]
        if np.all(np.diff(cells.years) == 1) and np.all(cells.years == np.round(cells.years)):
            columns["year"] = low.astype(int)
        else:
            columns |= {"year_from": low, "year_to": high}
    return columns


def _as_table(cells: LexisCells, groups: pd.DataFrame, by_age: bool, convention: str, outside: str) -> pd.DataFrame:
    sums = {
        "deaths": cells.sums["events"],
        "person_years": cells.person_years(),
        "persons": cells.sums["persons"],
        "zero_follow_up": cells.sums["zero_follow_up"],
    }
    inside = (slice(None), slice(1, None), slice(1, max(len(cells.years), 2)))
    margin = np.ones(sums["deaths"].shape[1:], dtype=bool)
    margin[inside[1:]] = False
    left = {key: float(part[:, margin].sum()) for key, part in sums.items()}
    some = left["person_years"] > 1e-6 or left["deaths"] > 0 or left["persons"] > 0
    if some and outside == "error":
        raise DataError(
            f"{left['person_years']:.6g} person-years and {left['deaths']:.0f} events lie outside the age and year "
            'breaks. Widen the breaks, or leave that follow-up out with outside="leave out".'
        )
    kept = {key: part[inside] for key, part in sums.items()}
    group, age, year = np.nonzero((kept["person_years"] > 0) | (kept["persons"] > 0) | (kept["deaths"] > 0))
    columns = _cell_columns(cells, age, year, by_age)
    for key, part in kept.items():
        columns[key] = part[group, age, year] if key == "person_years" else part[group, age, year].astype(int)
    columns["convention"] = f"{convention}: {CONVENTIONS[convention]}"
    zero = int(sums["zero_follow_up"].sum())
    columns["note"] = notes.combine_notes(notes.OUTSIDE_BREAKS if some else "", notes.ZERO_FOLLOW_UP if zero else "")
    table = groups.iloc[group].reset_index(drop=True).assign(**columns)
    keys = [key for key in (*groups.columns, "age_from", "year", "year_from") if key in table]
    table = table.sort_values(keys, kind="stable", ignore_index=True) if keys else table
    table.attrs = {
        "persons": int(sums["persons"].sum()),
        "zero_follow_up": zero,
        "person_years_outside": left["person_years"],
        "events_outside": int(left["deaths"]),
        "convention": convention,
    }
    return table


def person_time(
    cohort: Source,
    *,
    birth: str = "birth",
    entry: str = "entry",
    exit: str = "exit",
    event: str = "event",
    age_breaks: Sequence[float] | None = None,
    year_breaks: Sequence[float] | None = None,
    by: str | Sequence[str] = (),
    convention: str = "day_of_year",
    outside: str = "leave out",
    batch_rows: int = 131_072,
) -> pd.DataFrame:
    """Years of follow-up and events by age, calendar year and group.

    Parameters
    ----------
    cohort
        One row per person (or per spell of a person): a table, the path of a `.csv` or `.parquet` file, or tables one
        after the other. A file may be larger than memory.
    birth, entry, exit
        Columns with dates or decimal years. `birth` is used only when there are `age_breaks`.
    event
        Column with 1 when follow-up ended with the event at `exit` and 0 when not.
    age_breaks
        Lower bounds of the age bands in years; the last band is open. None: no split by age.
    year_breaks
        Bounds of the calendar periods: ``range(2001, 2012)`` gives 2001 to 2010. None: no split by year.
    by
        Columns that define groups, kept as they are; a missing value is a group of its own.
    convention
        How dates become decimal years, ``day_of_year`` (every calendar year has length 1) or ``365.25`` (every
        day has length 1 / 365.25), see *Notes*.
    outside
        What to do with follow-up before the first or after the last break: ``leave out`` or ``error``.
    batch_rows
        Persons handled at a time; memory grows with this number, not with the file.

    Returns
    -------
    pandas.DataFrame
        One row per cell in which somebody was followed: the group columns, `age_band`, `age_from`, `age_to` (missing
        for the open band), `year` (or `year_from` and `year_to`), `deaths`, `person_years`, `persons` (whose follow-up
        starts in the cell), `zero_follow_up` (how many of those leave at the moment they enter), `convention`, `note`.
        `attrs` has the totals: `persons`, `zero_follow_up`, `person_years_outside`, `events_outside`, `convention`.

    Raises
    ------
    DataError
        When a column or moment is missing, somebody leaves before entry or enters before birth, or an event is not
        0 or 1. The message counts the persons and shows the first.
    MethodError
        When breaks do not rise or an option is unknown.

    Notes
    -----
    Follow-up runs from the start of the day of entry to the start of the day of exit. An event at the very end of a
    band counts in that band, as the time before it does. Who leaves at the moment of entry adds no time, is counted in
    `zero_follow_up`, and an event then counts in the band of that moment.
    With ``day_of_year`` a calendar year has length 1, leap year or not; with ``365.25`` every day is equally long.
    The results differ by less than 0.1 percent; say which one was used. Decimal years are taken as they are.

    References
    ----------
    Breslow NE, Day NE. Statistical methods in cancer research, volume II. Lyon: IARC, 1987, section 2.1.
    Carstensen B. Using Lexis objects for multi-state models in R. J Stat Softw 2011;38(6).

    Examples
    --------
    >>> person = pd.DataFrame({"birth": [1950.25], "entry": [1999.5], "exit": [2001.0], "event": [1]})
    >>> table = person_time(person, age_breaks=[40, 50, 60], year_breaks=range(1999, 2002))
    >>> table[["age_band", "year", "deaths", "person_years"]].to_numpy().tolist()
    [['40-49', 1999, 0, 0.5], ['40-49', 2000, 0, 0.25], ['50-59', 2000, 1, 0.75]]
    """
    check_choice(convention, CONVENTIONS, option="convention")
    check_choice(outside, ("leave out", "error"), option="outside")
    by_age, years = age_breaks is not None, np.array([])
    ages = [edge for edge in age_breaks if edge != np.inf] if age_breaks is not None else [-1e9]
    if year_breaks is not None:
        years = check_breaks(year_breaks, option="year_breaks", least=2)
    cells = LexisCells(check_breaks(ages, option="age_breaks", least=1), years)
    groups, problems, seen = _Groups(column_names(by)), _Problems(), 0
    taken = [column for column in groups.columns if column in RESERVED]
    if taken:
        raise MethodError(
            f"The result has columns {taken} of its own, so `by` cannot use them. Rename them beforehand."
        )
    names = [birth, entry, exit] if by_age else [entry, exit]
    for piece in table_batches(cohort, [*names, event, *groups.columns], rows=batch_rows):
        if not isinstance(cohort, pd.DataFrame):  # rows of a file are known by their number
            piece = piece.set_axis(pd.RangeIndex(seen, seen + len(piece)))
        moments = {name: decimal_years(piece[name], convention) for name in names}
        _check_piece(piece, moments, event, problems)
        seen += len(piece)
        if not problems.found:
            times = list(moments.values())
            happened = piece[event].to_numpy(dtype=float)
            cells.add(times[0], times[-2], times[-1], happened, groups.positions(piece))
    problems.report()
    if not seen:
        raise DataError("There are no persons in the cohort. Check the selection that was made before this step.")
    return _as_table(cells, groups.table(), by_age, convention, outside)
