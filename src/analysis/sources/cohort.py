"""Checks of a cohort table of one's own: deaths and person-years by sex and age, before any rate is computed."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from analysis.errors import DataError

COHORT_COLUMNS = ("age_from", "age_to", "deaths", "person_years")


def check_cohort(table: pd.DataFrame, *, name: str = "cohort", by: Sequence[str] = ("sex",)) -> pd.DataFrame:
    """Return a cohort table when rates can be computed from it.

    Parameters
    ----------
    table
        One row per group and age band: `deaths` (count), `person_years` (years), `age_from` and `age_to` (years;
        `age_to` is exclusive, and missing for an open band such as 85 and over).
    name
        What the table is called in messages.
    by
        Columns that define the groups within which age bands must not overlap.

    Returns
    -------
    pandas.DataFrame
        The same table. Ages without a band are allowed: `age_gaps` names them.

    Raises
    ------
    DataError
        When columns are missing, person-years are negative or missing, deaths are no count or have no person-years,
        or age bands overlap. One line per problem.
    """
    missing = [column for column in (*by, *COHORT_COLUMNS) if column not in table]
    if missing:
        raise DataError(
            f"Table `{name}` lacks the columns {missing}; it has {list(table.columns)}. Rename or add them: "
            "one row per group and age band, with `age_to` one above the last age in the band."
        )
    problems = [*_number_problems(table, name), *_event_problems(table, name)]
    problems += [] if problems else _band_problems(table, name, list(by))
    if problems:
        raise DataError("\n".join(problems))
    return table


def age_gaps(table: pd.DataFrame, *, by: Sequence[str] = ("sex",)) -> list[str]:
    """Ages that lie between the bands of a cohort and belong to none of them.

    Parameters
    ----------
    table
        A table that passed `check_cohort`.
    by
        Columns that define the groups.

    Returns
    -------
    list of str
        One sentence per gap; empty when the bands join.
    """
    gaps = []
    for group, bands in _groups(table, list(by)):
        upper = bands["age_to"].shift()
        for after, start in zip(upper, bands["age_from"], strict=True):
            if start > after:
                gaps.append(f"{group}ages {after:g} to {start:g} have no band; what happened there is left out.")
    return gaps


def _number_problems(table: pd.DataFrame, name: str) -> Iterator[str]:
    for column in COHORT_COLUMNS:
        numbers = pd.to_numeric(table[column], errors="coerce")
        wrong = numbers.isna() & (table[column].notna() if column == "age_to" else True)
        if wrong.any():
            yield _message(table, name, column, wrong, "that are missing or not numbers", "Write plain numbers.")


def _event_problems(table: pd.DataFrame, name: str) -> Iterator[str]:
    deaths = pd.to_numeric(table["deaths"], errors="coerce")
    person_years = pd.to_numeric(table["person_years"], errors="coerce")
    same_bands = "Check whether deaths and person-years were counted in the same age bands."
    checks = (
        ("person_years", person_years < 0, "below zero", "Check exit dates before entry dates."),
        ("deaths", deaths < 0, "below zero", "Deaths are a count of persons."),
        ("deaths", deaths % 1 > 0, "that are no whole number", "Give counts, not rates or weighted numbers."),
        ("deaths", (deaths > 0) & (person_years == 0), "above zero without person-years", same_bands),
    )
    for column, wrong, what, remedy in checks:
        if wrong.any():
            yield _message(table, name, column, wrong, what, remedy)


def _band_problems(table: pd.DataFrame, name: str, by: list[str]) -> Iterator[str]:
    inverted = table["age_to"] <= table["age_from"]
    if inverted.any():
        remedy = "`age_to` is exclusive: 20-29 is 20, 30."
        yield _message(table, name, "age_to", inverted, "not above `age_from`", remedy)
        return
    for group, bands in _groups(table, by):
        upper = bands["age_to"].fillna(np.inf).shift()
        overlap = bands[bands["age_from"] < upper]
        if not overlap.empty:
            row, start = overlap.index[0], overlap["age_from"].iloc[0]
            yield (
                f"Age bands of `{name}` overlap {len(overlap)} times{f' for {group[:-2]}' if group else ''}, the first "
                f"in row {row + 1}: a band from age {start:g} begins before the one below it ends. `age_to` is "
                "exclusive (20-29 is 20, 30); split or remove the double ages."
            )


def _groups(table: pd.DataFrame, by: list[str]) -> Iterator[tuple[str, pd.DataFrame]]:
    """Bands of each group in order of age, with the words that name the group before a sentence."""
    numbered = table.reset_index(drop=True)
    parts = numbered.groupby(by, dropna=False, sort=True) if by else [((), numbered)]
    for values, bands in parts:
        words = ", ".join(f"{column} {value}" for column, value in zip(by, values, strict=True))
        yield f"{words}: " if words else "", bands.sort_values("age_from", kind="stable")


def _message(table: pd.DataFrame, name: str, column: str, wrong: pd.Series, what: str, remedy: str) -> str:
    count, first = int(wrong.sum()), int(np.flatnonzero(wrong.to_numpy())[0])
    values = "1 value" if count == 1 else f"{count} values"
    where = f"in row {first + 1}" if count == 1 else f"the first in row {first + 1}"
    return f"Column `{column}` of `{name}` has {values} {what}, {where} ({table[column].iloc[first]}). {remedy}"
