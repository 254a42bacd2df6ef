"""Expected deaths: person-time times the rates of a reference population, joined by band."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.errors import DataError, MethodError
from analysis.measures.cohorts.lexis import MOMENT
from analysis.measures.cohorts.rate_tables import NAME, RateTable, rate_table
from analysis.measures.shared import notes
from analysis.measures.shared.checks import FloatArray, check_choice, require_columns, require_numbers
from analysis.measures.shared.entry import checked_tables
from analysis.measures.shared.strata import IntArray


def _describe(low: float, high: float) -> str:
    return f"{low:g} and over" if np.isinf(high) else f"{low:g} to {high:g}"


def _band_positions(
    low: FloatArray, high: FloatArray, bounds: FloatArray, what: str, beyond: str
) -> tuple[IntArray, np.ndarray]:
    """Band of the rates that holds each band of the person-time, and whether it lies beyond the last one."""
    place = np.searchsorted(bounds, low + MOMENT, side="right") - 1
    outside = (
        (place < 0) | (place >= len(bounds) - 1) | (np.isinf(high) & (low >= bounds[-2]) & np.isfinite(bounds[-1]))
    )
    if outside.any() and beyond == "error":
        first = int(np.flatnonzero(outside)[0])
        raise DataError(
            f"{int(outside.sum())} rows of the person-time lie outside the {what} of {NAME}, which runs from "
            f"{_describe(bounds[0], bounds[-1])}; the first is {_describe(low[first], high[first])}. Extend the rates, "
            'or take the rate of the nearest band with beyond="nearest rate".'
        )
    place = np.clip(place, 0, len(bounds) - 2)
    wider = (high > bounds[place + 1] + MOMENT) & ~outside
    if wider.any():
        first = int(np.flatnonzero(wider)[0])
        inside = bounds[(bounds >= low[first] - MOMENT) & (bounds < high[first] - MOMENT)]
        raise MethodError(
            f"{NAME[0].upper()}{NAME[1:]} is finer than the person-time: {int(wider.sum())} rows have a band of {what} "
            f"that covers several rates, the first is {_describe(low[first], high[first])} with {len(inside)} of them. "
            "Taking the rate at the lower bound can make the expected deaths a fifth too low without a warning. Split "
            "the person-time at the bounds of the rates, or average the rates to its bands beforehand."
        )
    return np.asarray(place, dtype=np.intp), outside


def _periods(table: pd.DataFrame, rates: RateTable) -> tuple[FloatArray, FloatArray]:
    """Bounds of the calendar period of each row of the person-time."""
    if np.isinf(rates.years).all():
        return np.zeros(len(table)), np.ones(len(table))
    if "year" in table:
        year = require_numbers(table, ["year"], name="the person-time")["year"].to_numpy()
        return year, year + 1
    if "year_from" not in table:
        raise MethodError(
            f"{NAME[0].upper()}{NAME[1:]} has rates by calendar year, and the person-time is not split by year. Give "
            "`year_breaks` to `person_time`, or average the rates over the years beforehand."
        )
    checked = require_numbers(table, ["year_from", "year_to"], name="the person-time")
    low, high = checked["year_from"].to_numpy(), checked["year_to"].to_numpy()
    _check_order(low, high, ("year_from", "year_to"), table.index)
    return low, high


def _check_order(low: FloatArray, high: FloatArray, names: tuple[str, str], labels: pd.Index) -> None:
    """Refuse bands without any width: their rate would be looked up at one end without a sign of it."""
    wrong = high <= low
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        raise DataError(
            f"Column `{names[1]}` of the person-time is not above `{names[0]}` in {int(wrong.sum())} rows, the first "
            f"in row {labels[first]} ({low[first]:g} to {high[first]:g}): that band ends before it begins. "
            "The upper bound is exclusive (20-24 is 20, 25)."
        )


@checked_tables
def expected_deaths(
    person_time: pd.DataFrame,
    rates: pd.DataFrame,
    *,
    strata: str | Sequence[str] = ("sex",),
    person_years: str = "person_years",
    beyond: str = "error",
) -> pd.DataFrame:
    """Deaths that a cohort would have at the rates of a reference population.

    Parameters
    ----------
    person_time
        One row per cell, as `person_time` gives: the strata, `age_from`, `age_to` (missing for an open band), person-
        years and, when the rates go by calendar time, `year` or `year_from` and `year_to`.
    rates
        Rates of the reference, see `analysis.measures.cohorts.rate_tables.rate_table`.
    strata
        Columns that link a row to its rates. Rows are matched by value, never by position.
    person_years
        Column of the person-time with years at risk.
    beyond
        What to do with ages or years outside the rates: ``error``, or ``nearest rate`` with a `note` in those rows.

    Returns
    -------
    pandas.DataFrame
        The person-time with `rate`, `expected` and `note`. Add the rows up with `observed_to_expected` for an SMR.

    Raises
    ------
    DataError
        When a column is missing, a band ends before it begins, a stratum has no rates, or ages or years lie outside
        them.
    MethodError
        When a band of the person-time covers several rates, or rates go by year and the person-time does not.

    Notes
    -----
    Interpretation: what would have happened to people of the same ages in the same years elsewhere. Bands of the rates
    may be wider than those of the person-time, never narrower: a rate of age 20 is not that of 20-24. Within a cell
    the rate is constant, so splitting the person-time further changes nothing.

    References
    ----------
    Breslow NE, Day NE. Statistical methods in cancer research, volume II. Lyon: IARC, 1987, section 2.1.

    Examples
    --------
    >>> time = pd.DataFrame({"sex": "male", "age_from": [40, 45], "age_to": [45, 50], "person_years": [10.0, 20.0]})
    >>> rates = pd.DataFrame({"sex": "male", "age_from": [40, 50], "rate": [0.002, 0.005]})
    >>> expected_deaths(time, rates)["expected"].tolist()
    [0.02, 0.04]
    """
    check_choice(beyond, ("error", "nearest rate"), option="beyond")
    table = rate_table(rates, strata=strata)
    require_columns(person_time, ["age_from", "age_to"], name="the person-time")
    checked = require_numbers(person_time, [person_years], minimum=0, name="the person-time")
    low = require_numbers(person_time, ["age_from"], name="the person-time")["age_from"].to_numpy()
    closed = person_time["age_to"].notna()
    high = np.full(len(person_time), np.inf)
    if closed.any():
        high[closed.to_numpy()] = require_numbers(person_time[closed], ["age_to"], name="the person-time")["age_to"]
    _check_order(low, high, ("age_from", "age_to"), person_time.index)
    age, too_old = _band_positions(low, high, table.ages, "ages", beyond)
    year, too_late = _band_positions(*_periods(person_time, table), table.years, "calendar time", beyond)
    rate = table.rates[table.stratum(person_time), age, year]
    before = checked["note"].astype(str) if "note" in checked else pd.Series("", index=checked.index)
    remarks = [
        notes.combine_notes(note, notes.NEAREST_RATE if outside else "")
        for note, outside in zip(before, too_old | too_late, strict=True)
    ]
    return checked.assign(rate=rate, expected=checked[person_years] * rate, note=remarks)
