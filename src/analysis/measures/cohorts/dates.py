"""Moments in decimal years: calendar dates turned into numbers by a stated convention."""

import contextlib
from datetime import date
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from analysis.errors import DataError
from analysis.measures.shared.checks import FloatArray, check_choice, check_values, numbers_as_numbers

CONVENTIONS = {
    "day_of_year": "year + (day of the year - 1) / days in that year",
    "365.25": "1970 + days since 1 January 1970 / 365.25",
}
WIDE = 1_000_000
"""Days between the first and last date above which no table of all days is made."""


def _years_of_days(days: np.ndarray) -> FloatArray:
    year = days.astype("datetime64[D]").astype("datetime64[Y]")
    first = year.astype("datetime64[D]").astype(np.int64)
    after = (year + 1).astype("datetime64[D]").astype(np.int64)
    return np.asarray(1970 + year.astype(np.int64) + (days - first) / (after - first))


def _no_moments(moments: pd.Series, label: Any) -> DataError:
    """What to say of a column that is neither dates nor numbers."""
    texts = moments.map(lambda value: isinstance(value, str)).to_numpy(dtype=bool)
    usable = moments.isna() | moments.map(lambda value: isinstance(value, Real | date) and not isinstance(value, bool))
    wrong = texts if texts.any() else ~usable.to_numpy(dtype=bool)
    if not wrong.any():
        return DataError(
            f"Column `{label}` mixes dates and numbers, or has dates that cannot be read. "
            "Make all of them dates with `pandas.to_datetime`, or all of them decimal years such as 2001.5."
        )
    first = int(np.flatnonzero(wrong)[0])
    return DataError(
        f"Column `{label}` has {int(wrong.sum())} {'texts' if texts.any() else 'values'} where numbers or dates "
        f"belong, the first in row {moments.index[first]} ({moments.iloc[first]!r}). "
        "Convert the column with `pandas.to_datetime`, or give decimal years such as 2001.5."
    )


def decimal_years(moments: pd.Series, convention: str = "day_of_year") -> FloatArray:
    """Moments as decimal years.

    Parameters
    ----------
    moments
        Dates, or numbers that are decimal years already and stay as they are.
    convention
        ``day_of_year``: every calendar year has length 1, so that 1 January is a whole number. ``365.25``: every day
        has length 1 / 365.25, so that all years of age are equally long but 1 January is only about a whole number.

    Returns
    -------
    numpy.ndarray
        Decimal years; not a number where the moment is missing.

    Raises
    ------
    DataError
        When the values are neither dates nor numbers.
    MethodError
        When the convention is unknown.

    Notes
    -----
    The conventions differ by at most a day at any moment. A moment is the start of its day in both. Times of day are
    left out.

    Examples
    --------
    >>> dates = pd.Series(pd.to_datetime(["2001-01-01", "2000-07-01"]))
    >>> decimal_years(dates).round(4).tolist(), decimal_years(dates, "365.25").round(4).tolist()
    ([2001.0, 2000.4973], [2001.0007, 2000.4969])
    """
    check_choice(convention, CONVENTIONS, option="convention")
    label = moments.name
    moments = numbers_as_numbers(moments.to_frame("moment"))["moment"]
    if pd.api.types.is_numeric_dtype(moments) and not pd.api.types.is_bool_dtype(moments):
        years = moments.to_numpy(dtype=float, na_value=np.nan)
        known = ~np.isnan(years)
        check_values(years[known], what=f"Column `{label}`", labels=moments.index[known])
        return years
    if isinstance(moments.dtype, pd.ArrowDtype) and moments.dtype.kind in "MO":
        moments = moments.astype(object).where(moments.notna(), None)
    # A number among dates would be read as so many nanoseconds after 1970.
    if (
        moments.dtype == object
        and not (moments.map(lambda value: isinstance(value, str | Real)) & moments.notna()).any()
    ):
        with contextlib.suppress(TypeError, ValueError):
            moments = pd.to_datetime(moments)
    if not pd.api.types.is_datetime64_any_dtype(moments):
        raise _no_moments(moments, label)
    naive = moments if moments.dt.tz is None else moments.dt.tz_localize(None)
    dates = naive.to_numpy().astype("datetime64[D]")
    missing = np.isnat(dates)
    days = np.where(missing, 0, dates.astype(np.int64))
    if convention == "365.25":
        years = 1970 + days / 365.25
    else:
        low, high = (int(days.min()), int(days.max())) if len(days) else (0, 0)
        # Dates repeat: looking a day up in a table of all days is several times faster than the calendar.
        all_days = np.arange(low, high + 1) if high - low < min(WIDE, 10 * len(days) + 1000) else None
        years = _years_of_days(days) if all_days is None else _years_of_days(all_days)[days - low]
    return np.where(missing, np.nan, years)
