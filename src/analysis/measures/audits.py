"""Audits of published figures: an interval against its count, estimate and p-value, and parts against their whole."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm

from analysis.errors import DataError
from analysis.measures.shared.checks import (
    FloatArray,
    check_values,
    normal_quantile,
    require_columns,
    require_no_more_than,
    require_numbers,
)
from analysis.measures.shared.entry import checked_tables
from analysis.measures.shared.levels import one_level
from analysis.measures.shared.ratios import divide

FINDINGS = {
    "estimate outside its interval": "estimate_beyond_a_limit",
    "too narrow": "implied_events_exceed_those_available",
    "off centre": "estimate_not_between_the_centres",
    "p-value does not fit": "p_value_is_not_that_of_the_interval",
    "too wide": "implied_events_far_below_the_count",
    "consistent": "nothing_found",
}


def implied_events(lower: ArrayLike, upper: ArrayLike, level: float = 0.95) -> FloatArray:
    """Number of events that a printed interval of a ratio implies.

    Parameters
    ----------
    lower, upper
        Limits of the ratio, above 0.
    level
        Coverage of the printed interval, between 0 and 1: one, the level at which it was printed.

    Returns
    -------
    numpy.ndarray
        Events; infinite when the limits coincide.

    Raises
    ------
    DataError
        When a limit is missing or not above 0, or a lower limit exceeds its upper limit.

    Notes
    -----
    A Poisson count D has standard error 1 / sqrt(D) on the log scale, so D = (2 z / ln(upper / lower))^2. That is the
    count of a cohort compared with a population known without error. When two groups with a and b events are compared
    it is 1 / (1/a + 1/b), less than either: no interval can honestly imply more events than there were.

    References
    ----------
    Breslow NE, Day NE. Statistical methods in cancer research, volume II. Lyon: IARC, 1987.

    Examples
    --------
    >>> implied_events([6.87, 1.41], [8.56, 1.88]).round().tolist()
    [318.0, 186.0]
    """
    low = check_values(lower, what="The lower limit of a ratio", above=0)
    high = check_values(upper, what="The upper limit of a ratio", above=0)
    if np.any(high < low):
        first = int(np.flatnonzero(np.ravel(high < low))[0])
        raise DataError(
            f"A lower limit exceeds its upper limit, the first in row {first}. Check whether they were swapped."
        )
    return divide(2 * normal_quantile(level), np.log(high / low)) ** 2


def geometric_centre(lower: ArrayLike, upper: ArrayLike) -> FloatArray:
    """Middle of an interval on the log scale, where the estimate of most ratios lies.

    Parameters
    ----------
    lower, upper
        Limits of the ratio, above 0.

    Returns
    -------
    numpy.ndarray
        The square root of lower times upper.

    Raises
    ------
    DataError
        When a limit is missing or not above 0.

    Examples
    --------
    >>> round(float(geometric_centre(0.79, 1.28)), 3)
    1.006
    """
    low = check_values(lower, what="The lower limit of a ratio", above=0)
    high = check_values(upper, what="The upper limit of a ratio", above=0)
    return np.asarray(np.sqrt(low * high))


def _rounding(table: pd.DataFrame, columns: list[str], decimals: int | str | None) -> FloatArray:
    """Half a unit of the last printed decimal, per row; with no decimals given, of the most that the row shows."""
    if decimals is None:
        figures = table[columns].to_numpy(dtype=float)
        shown = [np.isclose(figures, np.round(figures, places), rtol=0, atol=1e-9).all(axis=1) for places in range(7)]
        places = np.argmax([*shown, np.full(len(table), True)], axis=0)
    elif isinstance(decimals, str):
        places = require_numbers(table, [decimals], minimum=0)[decimals].to_numpy()
    else:
        places = np.full(len(table), check_values(decimals, what="The number of decimals", minimum=0))
    return np.asarray(0.5 * 10.0**-places)


def _rounding_of_parts(table: pd.DataFrame, column: str, decimals: int | str | None) -> FloatArray:
    """As for ratios, but figures without decimals are counts unless 0 decimals are asked for."""
    half = _rounding(table, [column], decimals)
    return np.where(half == 0.5, 0.0, half) if decimals is None else half


def _implied_range(low: FloatArray, high: FloatArray, half: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
    """Fewest and most events before rounding: from the widest and the narrowest interval that print the same."""
    widest = np.log(divide(high + half, np.maximum(low - half, 0)))
    narrowest = np.log(np.maximum(divide(high - half, low + half), 1.0))
    z = normal_quantile(level)
    return divide(2 * z, widest) ** 2, divide(2 * z, narrowest) ** 2


def _p_range(
    value: FloatArray, low: FloatArray, high: FloatArray, half: FloatArray, level: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Wald p-value as printed, and the smallest and largest one that rounding of the three figures allows."""
    z = normal_quantile(level)
    widest = np.log(divide(high + half, np.maximum(low - half, 0))) / (2 * z)
    narrowest = np.log(np.maximum(divide(high - half, low + half), 1.0)) / (2 * z)
    ends = np.abs(np.log(np.stack([np.maximum(value - half, 1e-12), value + half])))
    nearest = np.where((value - half <= 1) & (value + half >= 1), 0.0, ends.min(axis=0))
    printed = 2 * norm.sf(divide(np.abs(np.log(value)), np.log(high / low) / (2 * z)))
    smallest = np.where(narrowest > 0, 2 * norm.sf(ends.max(axis=0) / np.where(narrowest > 0, narrowest, 1)), 0.0)
    return printed, smallest, np.asarray(2 * norm.sf(nearest / widest))


def _known_numbers(table: pd.DataFrame, column: str, maximum: float | None = None) -> FloatArray:
    """Numbers of a column that may have gaps, checked where they are filled in."""
    filled = require_columns(table, [column])[column].notna().to_numpy()
    numbers = np.full(len(table), np.nan)
    if filled.any():
        checked = require_numbers(table[filled], [column], minimum=0, maximum=maximum)
        numbers[filled] = checked[column].to_numpy()
    return numbers


@checked_tables
def audit_intervals(
    table: pd.DataFrame,
    *,
    level: float = 0.95,
    events: str | None = None,
    events_ceiling: float | None = None,
    decimals: int | str | None = None,
    p_value: str = "p_value",
    p_decimals: int | str | None = None,
    p_tolerance: float = 0.05,
    tolerance: float = 0.05,
) -> pd.DataFrame:
    """Check printed ratios: whether interval, count of events, estimate and p-value can belong together.

    Parameters
    ----------
    table
        One row per printed ratio: `estimate`, `lower`, `upper` (above 0), and when printed a p-value.
    level
        Coverage of the printed intervals, between 0 and 1: one, the level at which they were printed.
    events
        Column with the events counted in the row's group; missing where not printed.
    events_ceiling
        Most events that any row can have, such as all deaths of the cohort.
    decimals
        Decimals of the printed ratios: a number, or the column that gives it per row. By default the most that a row
        shows; a table of numbers has lost the zeros at the end, so that this allows for too much rounding, not too
        little.
    p_value
        Column with the printed p-value of the ratio, missing where not printed; need not exist. Leave out a p-value
        that tests several categories together.
    p_decimals
        Decimals of the printed p-values, in the same way.
    p_tolerance
        Share by which the test statistic behind the printed p-value may differ from Wald's beyond rounding, 0 or more;
        likelihood ratio and score tests differ by about this much. 0 asks for Wald's exactly.
    tolerance
        Share by which the implied events may exceed those available before that counts, 0 or more.

    Returns
    -------
    pandas.DataFrame
        The table with, for each row, `implied_events` and its range by rounding (`implied_lowest`, `implied_highest`),
        `counted_events`, `geometric_centre`, `off_centre` (estimate over centre), `centre_lowest`, `centre_highest`,
        `p_value_implied` with its range (`p_value_lowest`, `p_value_highest`), `p_value_of_centre`, `p_value_printed`,
        `finding` (the gravest one) and `explanation` (codes of all findings, separated by semicolons).

    Raises
    ------
    DataError
        When a column is missing, a ratio or limit is not above 0, or a lower limit exceeds its upper limit.

    Notes
    -----
    Every comparison uses the whole range of figures that would be printed the same, so rounding never causes a finding.
    "too narrow": even the widest such interval implies more events than there were. The row cannot be used as a weight.
    "off centre": the estimate lies neither at the geometric nor at the arithmetic centre, nor between them; intervals
    on the log and linear scale, exact Poisson and profile intervals all lie there.
    "p-value does not fit": no test of such figures comes near to the printed value.
    "too wide": less than half of the counted events. That is no error by itself: a comparison of two samples, clusters
    or a subset do the same.
    "consistent" says only that nothing was found.

    References
    ----------
    Altman DG, Bland JM. How to obtain the P value from a confidence interval. BMJ 2011;343:d2304.

    Examples
    --------
    >>> rows = pd.DataFrame({"estimate": [7.67, 3.31], "lower": [6.87, 2.91], "upper": [8.56, 3.77]})
    >>> audit_intervals(rows, events_ceiling=265)["finding"].tolist()
    ['too narrow', 'consistent']
    """
    checked = require_numbers(table, ["estimate", "lower", "upper"], above=0)
    require_no_more_than(checked, "lower", "upper")
    slack = 1 + float(check_values(tolerance, what="The tolerance", minimum=0))
    value, low, high = (checked[column].to_numpy() for column in ("estimate", "lower", "upper"))
    half = _rounding(checked, ["estimate", "lower", "upper"], decimals) + 1e-12
    counted = np.full(len(checked), np.nan) if events is None else _known_numbers(checked, events)
    ceiling = (
        np.inf if events_ceiling is None else check_values(events_ceiling, what="The ceiling of events", minimum=0)
    )
    fewest, most = _implied_range(low, high, half, level)
    centre_lowest = np.sqrt(np.maximum(low - half, 0) * (high - half))
    centre_highest = (low + high) / 2 + half
    implied_p, p_lowest, p_highest = _p_range(value, low, high, half, level)
    printed_p, p_half = np.full(len(checked), np.nan), np.zeros(len(checked))
    if p_value in checked:
        printed_p, p_half = (
            _known_numbers(checked, p_value, maximum=1),
            _rounding(checked.fillna({p_value: 1.0}), [p_value], p_decimals) + 1e-12,
        )
    found = {
        "estimate outside its interval": (value + half < low - half) | (value - half > high + half),
        "too narrow": fewest > np.fmin(counted, ceiling) * slack,
        "off centre": (value + half < centre_lowest) | (value - half > centre_highest),
        "p-value does not fit": _p_value_misfits(printed_p, p_half, p_lowest, p_highest, p_tolerance),
        "too wide": most < counted / 2,
    }
    centre = geometric_centre(low, high)
    return checked.assign(
        implied_events=implied_events(low, high, level),
        implied_lowest=fewest,
        implied_highest=most,
        counted_events=counted,
        geometric_centre=centre,
        off_centre=value / centre,
        centre_lowest=centre_lowest,
        centre_highest=centre_highest,
        p_value_implied=implied_p,
        p_value_lowest=p_lowest,
        p_value_highest=p_highest,
        p_value_of_centre=_p_range(centre, low, high, half, level)[0],
        p_value_printed=printed_p,
        finding=np.select(list(found.values()), list(found), default="consistent").tolist(),
        explanation=_codes(found),
    )


def _p_value_misfits(
    printed: FloatArray, half: FloatArray, lowest: FloatArray, highest: FloatArray, tolerance: float
) -> NDArray[np.bool_]:
    """Whether the printed p-value, as a test statistic with its tolerance, lies beyond those that rounding allows."""
    share = float(check_values(tolerance, what="The tolerance of the p-value", minimum=0))
    largest = norm.isf(np.clip(printed - half, 0, 1) / 2) * (1 + share)
    smallest = norm.isf(np.clip(printed + half, 0, 1) / 2) * (1 - share)
    return np.asarray((smallest > norm.isf(lowest / 2)) | (largest < norm.isf(highest / 2)))


def _codes(found: dict[str, NDArray[np.bool_]]) -> list[str]:
    marks = [np.where(hit, FINDINGS[name] + ";", "") for name, hit in found.items()]
    joined = ["".join(parts).rstrip(";") for parts in zip(*marks, strict=True)]
    return [codes or FINDINGS["consistent"] for codes in joined]


@checked_tables
def audit_parts(
    table: pd.DataFrame,
    *,
    whole: float,
    parts: str | None = None,
    level: float = 0.95,
    decimals: int | str | None = None,
    whole_decimals: int | None = None,
    tolerance: float = 0.0,
) -> pd.DataFrame:
    """Check whether disjoint parts add up to a printed whole, or imply more than it.

    Parameters
    ----------
    table
        One row per part; the parts do not overlap. With `parts`, that column; without, `lower` and `upper` of a ratio
        (above 0), from which each part's events are implied.
    whole
        The printed total, 0 or more: for implied events the events of the whole cohort.
    parts
        Column with the printed values of the parts, 0 or more; none uses the events that the intervals imply.
    level
        Coverage of the printed intervals, between 0 and 1: one, the level at which they were printed.
    decimals
        Decimals of the printed parts or limits: a number, or the column that gives it per row. By default the most
        that a row shows, where parts without decimals are counts and exact; give 0 for rounded percentages.
    whole_decimals
        Decimals of the printed whole, in the same way.
    tolerance
        Share of the whole by which the parts may differ beyond rounding, 0 or more.

    Returns
    -------
    pandas.DataFrame
        One row: `parts`, `total` of the parts with its range by rounding (`total_lowest`, `total_highest`), `whole`,
        `finding` ("parts exceed the whole", "parts fall short of the whole" or "consistent") and `explanation`
        (a code).

    Raises
    ------
    DataError
        When a column is missing or a number is impossible.

    Notes
    -----
    Implied events that add up to more than all events of the cohort are impossible, so at least one interval is wrong.
    When they add up to less nothing follows: intervals may be wider for good reasons.

    Examples
    --------
    >>> ages = pd.DataFrame({"lower": [6.87, 1.41], "upper": [8.56, 1.88]})
    >>> audit_parts(ages, whole=265)[["total", "finding"]].round().to_numpy().tolist()
    [[503.0, 'parts exceed the whole']]
    """
    one_level(level)
    total = float(check_values(whole, what="The whole", minimum=0))
    slack = total * float(check_values(tolerance, what="The tolerance", minimum=0))
    if parts is None:
        checked = require_no_more_than(require_numbers(table, ["lower", "upper"], above=0), "lower", "upper")
        low, high = checked["lower"].to_numpy(), checked["upper"].to_numpy()
        half = _rounding(checked, ["lower", "upper"], decimals) + 1e-12
        values, (lowest, highest) = implied_events(low, high, level), _implied_range(low, high, half, level)
    else:
        checked = require_numbers(table, [parts], minimum=0)
        values, half = checked[parts].to_numpy(), _rounding_of_parts(checked, parts, decimals)
        lowest, highest = np.maximum(values - half, 0), values + half
    printed = pd.DataFrame({"whole": [total]})
    margin = slack + float(_rounding_of_parts(printed, "whole", whole_decimals)[0])
    finding, code = "consistent", "nothing_found"
    if lowest.sum() > total + margin:
        finding, code = "parts exceed the whole", "sum_of_parts_above_whole"
    elif parts is not None and highest.sum() < total - margin:
        finding, code = "parts fall short of the whole", "sum_of_parts_below_whole"
    row = {
        "parts": len(values),
        "total": float(values.sum()),
        "total_lowest": float(lowest.sum()),
        "total_highest": float(highest.sum()),
        "whole": total,
        "finding": finding,
        "explanation": code,
    }
    return pd.DataFrame([row])
