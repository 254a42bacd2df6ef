"""Age bands of many populations: from rows to arrays, checked for gaps, overlap and repeats."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import DataError, MethodError
from analysis.measures.shared.checks import FloatArray, column_names, require_columns, require_numbers


def check_age(age: Any, *, option: str) -> float:
    """Return an age that an option asks for.

    Parameters
    ----------
    age
        Age in years.
    option
        Name of the option, for the message.

    Returns
    -------
    float
        The same age.

    Raises
    ------
    MethodError
        When it is no number.

    Examples
    --------
    >>> check_age(65, option="at")
    65.0
    """
    if isinstance(age, bool) or not isinstance(age, Real) or not np.isfinite(float(age)):
        raise MethodError(f"The option `{option}` is {age!r}; it must be an age in years, for example {option}=65.")
    return float(age)


def ages_to_report(at: Any) -> list[float]:
    """Ages that the option `at` asks for, one or several.

    Parameters
    ----------
    at
        One age in years, or several.

    Returns
    -------
    list of float
        The ages.

    Raises
    ------
    MethodError
        When there is none, or one is no number.

    Examples
    --------
    >>> ages_to_report((0, 65))
    [0, 65]
    """
    ages = list(at) if isinstance(at, Iterable) and not isinstance(at, str) else [at]
    if not ages:
        raise MethodError("The option `at` names no age to report at. Give one, or several: at=(0, 65).")
    for age in ages:
        check_age(age, option="at")
    return ages


@dataclass(frozen=True)
class BandedPopulations:
    """Populations with the same age bands: numbers in arrays of one row per population and one column per band.

    Attributes
    ----------
    groups
        Group columns, one row per population.
    place
        Place of each population among all populations of the table, in the order of the group columns.
    start
        Age at which each band begins, in years.
    end
        Age at which each band ends (exclusive); infinite for an open last band.
    numbers
        Column name to array of populations by bands.
    """

    groups: pd.DataFrame
    place: NDArray[np.intp]
    start: FloatArray
    end: FloatArray
    numbers: Mapping[str, FloatArray]

    @property
    def width(self) -> FloatArray:
        """Width of the bands in years, infinite for an open one.

        Returns
        -------
        numpy.ndarray
            One number per band.
        """
        return np.asarray(self.end - self.start)

    def position(self, age: float) -> int:
        """Place of the band that begins at an age.

        Parameters
        ----------
        age
            Age in years.

        Returns
        -------
        int
            Position, counted from 0.

        Raises
        ------
        MethodError
            When it is no age, or no band begins there.
        """
        found = np.flatnonzero(self.start == check_age(age, option="at"))
        if not found.size:
            bounds = ", ".join(f"{start:g}" for start in self.start[:25])
            raise MethodError(
                f"No age band begins at {age:g}, so nothing can be said from that age on; bands begin at {bounds}. "
                "Choose one of these ages, or split the band beforehand."
            )
        return int(found[0])


def _group_codes(table: pd.DataFrame, keys: list[str]) -> tuple[NDArray[np.intp], pd.DataFrame]:
    if not keys:
        return np.zeros(len(table), dtype=np.intp), pd.DataFrame(index=[0])
    codes = table.groupby(keys, dropna=False, observed=True).ngroup().to_numpy()
    first = np.empty(codes.max() + 1, dtype=np.intp)
    first[codes[::-1]] = np.arange(len(codes))[::-1]
    return codes.astype(np.intp), table[keys].iloc[first].reset_index(drop=True)


def _place(group: pd.DataFrame, row: int) -> str:
    return f" of {group.iloc[row].to_dict()}" if len(group.columns) else ""


def _check_bands(start: FloatArray, end: FloatArray, where: str) -> None:
    """One band must begin where the one before ends."""
    if np.any(end <= start):
        first = int(np.flatnonzero(end <= start)[0])
        raise DataError(
            f"The age band {start[first]:g} to {end[first]:g}{where} ends before it begins. "
            "Check whether the two columns were swapped; the end is exclusive, so age 0 runs from 0 to 1."
        )
    step = start[1:] - end[:-1]
    if np.any(step != 0):
        first = int(np.flatnonzero(step != 0)[0])
        problem, remedy = (
            ("overlap", "Keep one set of bands; totals over all ages are not a band")
            if step[first] < 0
            else ("leave a gap", "Add the missing band, with zero deaths if nobody died; ends are exclusive")
        )
        raise DataError(
            f"The age bands {start[first]:g} to {end[first]:g} and {start[first + 1]:g} to {end[first + 1]:g}{where} "
            f"{problem}. {remedy}."
        )


def _ends(table: pd.DataFrame, age_to: str) -> FloatArray:
    """Ends of the bands; an empty end is an open band."""
    filled = table[[age_to]].assign(**{age_to: table[age_to].where(table[age_to].notna(), 1e9)})
    ends = require_numbers(filled.replace({age_to: {np.inf: 1e9}}), [age_to], minimum=0)[age_to].to_numpy(dtype=float)
    return np.where(ends >= 1e9, np.inf, ends)


def _patterns(ends: FloatArray) -> Iterator[NDArray[np.intp]]:
    """Populations with the same bands, as positions."""
    if (ends == ends[0]).all():
        yield np.arange(len(ends))
        return
    _, pattern = np.unique(ends, axis=0, return_inverse=True)
    for code in range(int(pattern.max()) + 1):
        yield np.flatnonzero(pattern.ravel() == code)


def banded_populations(
    table: pd.DataFrame,
    values: Sequence[str],
    *,
    age_from: str = "age_from",
    age_to: str = "age_to",
    by: str | Sequence[str] = (),
    minimum: float = 0,
    maximum: float | None = None,
) -> list[BandedPopulations]:
    """Arrange numbers by age band into arrays, one for all populations with the same bands.

    Parameters
    ----------
    table
        One row per age band, and per population when `by` is given, in any order.
    values
        Columns with numbers.
    age_from, age_to
        Columns with the ages at which a band begins and ends (exclusive); empty or infinite for an open last band.
    by
        Columns that tell populations apart; none is one population.
    minimum, maximum
        Smallest and largest value allowed.

    Returns
    -------
    list of BandedPopulations
        One per set of bands; one only when all populations have the same bands.

    Raises
    ------
    DataError
        When bands overlap, leave a gap, end before they begin or are repeated, or numbers are impossible.
    """
    keys = column_names(by)
    require_columns(table, [*keys, age_from, age_to])
    checked = require_numbers(table, [age_from, *values], minimum=minimum)
    if maximum is not None:
        require_numbers(checked, values, maximum=maximum)
    ends = _ends(table, age_to)
    codes, groups = _group_codes(checked, keys)
    band, starts = pd.factorize(checked[age_from].to_numpy(), sort=True)
    cell = codes * len(starts) + band
    if np.bincount(cell).max() > 1:
        first = int(np.flatnonzero(pd.Series(cell).duplicated())[0])
        raise DataError(
            f"The age band from {starts[band[first]]:g}{_place(groups, codes[first])} occurs more than once, again in "
            f"row {checked.index[first]}. Name the columns that tell populations apart in `by`, or add the rows up."
        )
    shape = (len(groups), len(starts))
    until = np.full(shape, -1.0)
    until.flat[cell] = ends
    arrays: dict[str, FloatArray] = {}
    for column in values:
        arrays[column] = np.zeros(shape)
        arrays[column].flat[cell] = checked[column].to_numpy(dtype=float)
    found = []
    for rows in _patterns(until):
        there = until[rows[0]] >= 0
        start, end = np.asarray(starts, dtype=float)[there], until[rows[0]][there]
        _check_bands(start, end, _place(groups, int(rows[0])))
        chosen: dict[str, FloatArray] = {name: array[np.ix_(rows, there)] for name, array in arrays.items()}
        found.append(BandedPopulations(groups.iloc[rows].reset_index(drop=True), rows, start, end, chosen))
    return found


def in_order(parts: Sequence[pd.DataFrame], places: Sequence[NDArray[Any]]) -> pd.DataFrame:
    """Put results of several sets of bands together again in the order of the group columns.

    Parameters
    ----------
    parts
        Results, with any number of rows per population.
    places
        For each part, the place of the population of each row among all populations.

    Returns
    -------
    pandas.DataFrame
        All rows, those of one population together.
    """
    if len(parts) == 1:
        return parts[0]
    together = pd.concat(parts, ignore_index=True)
    order = np.argsort(np.concatenate(places), kind="stable")
    return together.iloc[order].reset_index(drop=True)
