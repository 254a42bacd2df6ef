"""Tables of population rates by age, calendar year and stratum, looked up by band and never by position."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from analysis.errors import DataError
from analysis.measures.cohorts.lexis import MOMENT
from analysis.measures.shared.checks import FloatArray, column_names, require_columns, require_numbers
from analysis.measures.shared.strata import IntArray, group_positions, match_strata

NAME = "the rate table"
HIGHEST_RATE = 100
"""Events per person-year; above it a rate is per 1000 or 100,000 persons, or the time at risk is not in years."""


@dataclass(frozen=True)
class RateTable:
    """Rates in cells of stratum, age and calendar period.

    Parameters
    ----------
    strata
        Columns that name the stratum.
    groups
        One row per stratum.
    ages
        Bounds of the age bands, one more than bands; the last is infinite for an open band.
    years
        Bounds of the calendar periods, one more than periods; minus and plus infinity when rates hold for all time.
    rates
        Events per person-year: strata by ages by periods.
    """

    strata: list[str]
    groups: pd.DataFrame
    ages: FloatArray
    years: FloatArray
    rates: FloatArray

    def stratum(self, table: pd.DataFrame) -> IntArray:
        """Position of the stratum of every row of a table.

        Parameters
        ----------
        table
            Rows with the columns of the strata.

        Returns
        -------
        numpy.ndarray
            Positions along the first dimension of `rates`.

        Raises
        ------
        DataError
            When a stratum has no rates.
        """
        if not self.strata:
            return np.zeros(len(table), dtype=np.intp)
        return match_strata(table, self.groups, self.strata, name=NAME)


def _bands(table: pd.DataFrame, low: str, high: str, what: str) -> FloatArray:
    """Bounds of bands that join without gap or overlap; without a column of upper bounds the last band is open."""
    pairs = table[[low, high]].drop_duplicates().sort_values(low, kind="stable").to_numpy(dtype=float)
    for (start, end), (following, _) in pairwise(pairs):
        if abs(end - following) > MOMENT:
            problem = "overlap" if following < end else "leave a gap"
            raise DataError(
                f"Bands of {what} in {NAME} {problem}: one from {start:g} to {end:g} is followed by one from "
                f"{following:g}. The upper bound is exclusive (20-24 is 20, 25); all strata need the same bands."
            )
    if (pairs[:, 1] <= pairs[:, 0]).any():
        raise DataError(f"A band of {what} in {NAME} ends before it begins. The upper bound is exclusive.")
    return np.append(pairs[:, 0], pairs[-1, 1])


def _with_open_ends(table: pd.DataFrame, column: str) -> pd.DataFrame:
    """Upper bounds as numbers; a missing one is that of an open band."""
    open_end = table[column].isna() | table[column].isin([np.inf])
    bounds = require_numbers(table.assign(**{column: table[column].mask(open_end, 0)}), [column], minimum=0, name=NAME)[
        column
    ]
    return table.assign(**{column: bounds.mask(open_end, np.inf)})


def _with_bounds(rates: pd.DataFrame) -> pd.DataFrame:
    """Rates with lower and upper bounds of age and year filled in."""
    require_columns(rates, ["age_from", "rate"], name=NAME)
    numbers = [column for column in ("age_from", "rate", "year", "year_from", "year_to") if column in rates]
    table = require_numbers(rates, numbers, name=NAME)
    require_numbers(rates, ["age_from"], minimum=0, name=NAME)
    require_numbers(rates, ["rate"], minimum=0, maximum=HIGHEST_RATE, name=NAME)
    if "age_to" not in table:
        starts = np.sort(table["age_from"].unique())
        table["age_to"] = table["age_from"].map(dict(zip(starts, [*starts[1:], np.inf], strict=True)))
    else:
        table = _with_open_ends(table, "age_to")
    if "year" in table:
        return table.assign(year_from=table["year"], year_to=table["year"] + 1)
    if "year_from" in table:
        require_columns(table, ["year_to"], name=NAME)
        return table
    return table.assign(year_from=-np.inf, year_to=np.inf)


def rate_table(rates: pd.DataFrame, *, strata: str | Sequence[str] = ("sex",)) -> RateTable:
    """Check a table of population rates and lay it out for looking up.

    Parameters
    ----------
    rates
        One row per stratum, age band and calendar period: the strata, `age_from`, `age_to` (exclusive, missing for an
        open band; without the column each band runs to the next and the last is open), `year` or `year_from` and
        `year_to` (neither when the rates hold for all time), and `rate` (events per person-year).
    strata
        Columns that name the stratum.

    Returns
    -------
    RateTable
        The rates by stratum, age and period.

    Raises
    ------
    DataError
        When a column is missing, a rate is impossible, bands overlap or leave gaps, or a cell is absent or double.
    """
    names = column_names(strata)
    require_columns(rates, names, name=NAME)
    table = _with_bounds(rates)
    ages, years = _bands(table, "age_from", "age_to", "age"), _bands(table, "year_from", "year_to", "calendar time")
    groups, stratum = group_positions(table, names)
    shape = (len(groups), len(ages) - 1, len(years) - 1)
    age = np.searchsorted(ages, table["age_from"])
    year = np.searchsorted(years, table["year_from"])
    cell = np.ravel_multi_index((stratum, age, year), shape)
    count = np.bincount(cell, minlength=int(np.prod(shape)))
    if (count != 1).any():
        place, row, column = (int(part[0]) for part in np.nonzero(count.reshape(shape) != 1))
        problem = "is missing from" if count.reshape(shape)[place, row, column] == 0 else "occurs more than once in"
        period = f", {years[column]:g}" if np.isfinite(years[column]) else ""
        raise DataError(
            f"{int((count != 1).sum())} cells are missing from {NAME} or double; the first, "
            f"{groups.iloc[place].to_dict()} age {ages[row]:g}{period}, {problem} it. Give every stratum, age band and "
            "year one rate, or name more columns in `strata`."
        )
    values = np.zeros(int(np.prod(shape)))
    values[cell] = table["rate"].to_numpy(dtype=float)
    return RateTable(names, groups, ages, years, values.reshape(shape))
