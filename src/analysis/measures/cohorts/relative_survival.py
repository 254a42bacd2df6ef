"""Relative and net survival: survival of a cohort against that of the population it comes from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.errors import DataError, MethodError
from analysis.estimates import with_estimates
from analysis.measures.cohorts.dates import CONVENTIONS, decimal_years
from analysis.measures.cohorts.lexis import MOMENT, check_breaks
from analysis.measures.cohorts.rate_tables import NAME, RateTable, rate_table
from analysis.measures.shared import notes
from analysis.measures.shared.checks import (
    LARGEST,
    FloatArray,
    check_choice,
    column_names,
    normal_quantile,
    require_columns,
    require_complete,
)
from analysis.measures.shared.levels import Levels, one_level, several_levels
from analysis.measures.shared.strata import IntArray, group_positions

HIGHEST_HAZARD = float(np.log(LARGEST))
"""Cumulative hazard of the population above which its survival, and one over it, cannot be computed with."""
METHODS = {"ederer2": "Ederer II", "pohar-perme": "Pohar-Perme"}
SUMS = (
    "deaths",
    "person_years",
    "expected",
    "weighted_deaths",
    "squared_deaths",
    "weighted_years",
    "weighted_expected",
)


@dataclass(frozen=True)
class _Persons:
    """Moments in decimal years, events, positions of stratum and group, and the row in the cohort."""

    birth: FloatArray
    entry: FloatArray
    exit: FloatArray
    event: FloatArray
    stratum: IntArray
    group: IntArray
    row: IntArray

    def __getitem__(self, rows: IntArray) -> "_Persons":
        times = (self.birth[rows], self.entry[rows], self.exit[rows], self.event[rows])
        return _Persons(*times, self.stratum[rows], self.group[rows], self.row[rows])


def _check_ages(persons: _Persons, table: RateTable, beyond: str, labels: pd.Index) -> None:
    checks = (
        ("ages", persons.entry - persons.birth, persons.exit - persons.birth, table.ages),
        ("calendar time", persons.entry, persons.exit, table.years),
    )
    for what, low, high, bounds in checks:
        outside = (low < bounds[0] - MOMENT) | (high > bounds[-1] + MOMENT)
        if outside.any() and beyond == "error":
            first = int(np.flatnonzero(outside)[0])
            raise DataError(
                f"{int(outside.sum())} persons were followed outside the {what} of {NAME}, which runs from "
                f"{bounds[0]:g} to {bounds[-1]:g}; the first is row {labels[first]}: {low[first]:.6g} to "
                f"{high[first]:.6g}. "
                'Extend the rates, or take the rate of the nearest band with beyond="nearest rate".'
            )


def _next_bound(position: FloatArray, bounds: FloatArray) -> tuple[IntArray, FloatArray]:
    """Band that holds a moment, the nearest one outside all, and the bound at which the next one begins."""
    band = np.searchsorted(bounds, position + MOMENT, side="right")
    following = np.append(bounds, np.inf)[band]
    return np.clip(band - 1, 0, len(bounds) - 2), following


def _check_hazard(too_high: np.ndarray, labels: pd.Index) -> None:
    if too_high.any():
        raise MethodError(
            f"The rates of {NAME} add up to more than {HIGHEST_HAZARD:.0f} over the follow-up of {int(too_high.sum())} "
            f"persons, the first in row {labels[int(np.flatnonzero(too_high)[0])]}: nobody of the population would be "
            "left to compare with. Check that rates are per person-year, or end `breaks` earlier."
        )


def _interval_sums(
    persons: _Persons, table: RateTable, breaks: FloatArray, groups: int, labels: pd.Index
) -> dict[str, FloatArray]:
    """Follow-up of everyone in steps that end at the next break, birthday of a band, new year or exit.

    Within a step the population rate h is constant, so that its integrals are exact: of h, and of the inverse of the
    population survival, which rises as exp(h t).
    """
    shape = (groups, len(breaks) - 1)
    sums = {name: np.zeros(shape[0] * shape[1]) for name in SUMS}
    time, hazard = np.zeros(len(persons.entry)), np.zeros(len(persons.entry))
    too_high = np.zeros(len(persons.entry), dtype=bool)
    while len(time):
        moment = persons.entry + time
        age, birthday = _next_bound(moment - persons.birth, table.ages)
        year, new_year = _next_bound(moment, table.years)
        interval, end = _next_bound(time, breaks)
        left = persons.exit - moment
        step = np.minimum.reduce([left, birthday - (moment - persons.birth), new_year - moment, end - time])
        done = left - step <= MOMENT
        step = np.where(done, left, step)
        rate = table.rates[persons.stratum, age, year]
        too_high[persons.row] |= hazard + rate * step > HIGHEST_HAZARD
        inverse, gain = np.exp(hazard), np.expm1(np.minimum(rate * step, HIGHEST_HAZARD))
        after = inverse * (1 + gain)
        years = np.where(rate > 0, inverse * gain / np.where(rate > 0, rate, 1), inverse * step)
        died = np.where(done, persons.event, 0.0)
        pieces = (died, step, rate * step, died * after, died * after**2, years, inverse * gain)
        cell = persons.group * shape[1] + interval
        for name, piece in zip(SUMS, pieces, strict=True):
            sums[name] += np.bincount(cell, weights=piece, minlength=len(sums[name]))
        # Follow-up after the last break is not needed.
        rest = np.flatnonzero(~done & (time + step < breaks[-1] - MOMENT) & ~too_high[persons.row])
        persons, time, hazard = persons[rest], (time + step)[rest], (hazard + rate * step)[rest]
    _check_hazard(too_high, labels)
    return {name: total.reshape(shape) for name, total in sums.items()}


def _cumulative(sums: dict[str, FloatArray], method: str, width: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Cumulative excess hazard at the end of each interval and its variance."""
    weighted = method == "pohar-perme"
    years = sums["weighted_years" if weighted else "person_years"]
    deaths = sums["weighted_deaths" if weighted else "deaths"]
    expected = sums["weighted_expected" if weighted else "expected"]
    squares = sums["squared_deaths" if weighted else "deaths"]
    share = np.where(years > 0, width / np.where(years > 0, years, 1), 0.0)
    return np.cumsum((deaths - expected) * share, axis=1), np.cumsum(squares * share**2, axis=1)


def _plain(hazard: FloatArray, error: FloatArray, z: float) -> tuple[FloatArray, FloatArray]:
    survival = np.exp(-hazard)
    return survival * (1 - z * error), survival * (1 + z * error)


def _log(hazard: FloatArray, error: FloatArray, z: float) -> tuple[FloatArray, FloatArray]:
    top = z * error - hazard
    upper = np.where(top > np.log(LARGEST), np.inf, np.exp(np.minimum(top, np.log(LARGEST))))
    return np.exp(-hazard - z * error), upper


INTERVALS: dict[str, Callable[[FloatArray, FloatArray, float], tuple[FloatArray, FloatArray]]] = {
    "log": _log,
    "plain": _plain,
}


def _read(
    cohort: pd.DataFrame, names: Sequence[str], event: str, convention: str, strata: list[str], by: list[str]
) -> tuple[list[FloatArray], FloatArray]:
    require_columns(cohort, [*names, event, *strata, *by], name="the cohort")
    require_complete(cohort, [*names, event, *strata], name="the cohort")
    moments = [decimal_years(cohort[name], convention) for name in names]
    for first, second, low, high in zip(names[:-1], names[1:], moments[:-1], moments[1:], strict=True):
        wrong = low > high
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            raise DataError(
                f"{int(wrong.sum())} persons have `{first}` after `{second}`, the first in row {cohort.index[row]} "
                f"({low[row]:.6g} and {high[row]:.6g}). Check whether the columns were swapped, or correct the dates "
                "at the source."
            )
    happened = cohort[event].isin([0, 1]).to_numpy()
    if not happened.all():
        raise DataError(
            f"Column `{event}` of the cohort has {int((~happened).sum())} values that are neither 0 nor 1, the first "
            f"in row {cohort.index[int(np.flatnonzero(~happened)[0])]}. Recode it: 1 for death, 0 for the end of "
            "follow-up."
        )
    return moments, cohort[event].to_numpy(dtype=float)


@several_levels
def relative_survival(
    cohort: pd.DataFrame,
    rates: pd.DataFrame,
    *,
    breaks: Sequence[float],
    birth: str = "birth",
    entry: str = "entry",
    exit: str = "exit",
    event: str = "event",
    strata: str | Sequence[str] = ("sex",),
    by: str | Sequence[str] = (),
    level: Levels = 0.95,
    method: str = "pohar-perme",
    interval: str = "log",
    convention: str = "day_of_year",
    beyond: str = "error",
) -> pd.DataFrame:
    """Survival if the population's causes of death were taken away, from persons and a table of population rates.

    Parameters
    ----------
    cohort
        One row per person, followed from `entry`.
    rates
        Rates of the population, see `analysis.measures.cohorts.rate_tables.rate_table`.
    breaks
        Bounds in years since entry, from 0: the estimate is given at each but the first. Monthly ones,
        ``[month / 12 for month in range(61)]``, come close to continuous time.
    birth, entry, exit
        Columns with dates or decimal years.
    event
        Column with 1 for death at `exit` and 0 for the end of follow-up.
    strata
        Columns that link a person to the population rates.
    by
        Columns that define groups to report; none gives one.
    level
        Coverage of the interval, between 0 and 1; several give the rows of each.
    method
        ``ederer2`` (relative survival, observed over expected of those at risk) or ``pohar-perme`` (net survival, each
        person weighted by the inverse of the population survival).
    interval
        ``log`` (normal on the log of survival) or ``plain``.
    convention
        How dates become decimal years: ``day_of_year`` or ``365.25``, as in `person_time`.
    beyond
        What to do with ages or years outside the rates: ``error`` or ``nearest rate``.

    Returns
    -------
    pandas.DataFrame
        One row per group and break: `time`, `at_risk` (person-years in the interval before), `deaths` and
        `expected` (in that interval), `cumulative_expected`, `cumulative_excess` (hazard), `standard_error` (of it)
        and the estimate columns, with `measure` "relative_survival" or "net_survival".

    Raises
    ------
    DataError
        When a column is missing, moments are out of order, or ages or years lie outside the rates.
    MethodError
        When the breaks do not rise from 0, an option is unknown, or at these rates nobody of the population would be
        left: a cumulative hazard of 69, which is a survival of one in 1e30.

    Notes
    -----
    Interval-based: within each interval the excess hazard is (deaths - expected) / person-years, survival is the
    exponent of minus its sum over intervals. The population hazard is integrated exactly over ages and years, at
    every moment of follow-up, not looked up once per interval. Variance: the sum of deaths (for Pohar-Perme squared
    weights) times (width / person-years) squared, the Greenwood-like variance of a cumulative hazard.
    Interpretation: 0.8 at 5 years means that a fifth would have died of the condition had nothing else killed.
    It can rise and can exceed 1 when the cohort dies less than the population. Pohar-Perme estimates net survival
    without bias when the condition weighs differently at different ages; with few old survivors it is unstable.
    Not for cohorts that differ from the population in more than the condition, such as in smoking or income.

    References
    ----------
    Ederer F, Heise H. Instructions to IBM 650 programmers in processing survival computations. NCI, 1959.
    Pohar Perme M, Stare J, Esteve J. On estimation in relative survival. Biometrics 2012;68:113-120.

    Examples
    --------
    >>> cohort = pd.DataFrame({"birth": [1940.0] * 4, "entry": [2000.0] * 4, "exit": [2000.5, 2001, 2001, 2001]})
    >>> cohort = cohort.assign(event=[1, 0, 0, 0])
    >>> rates = pd.DataFrame({"age_from": [0], "rate": [0.1]})
    >>> result = relative_survival(cohort, rates, breaks=[0, 1], strata=(), method="ederer2")
    >>> round(float(result.loc[0, "estimate"]), 4)  # exp(-(1 - 0.35) / 3.5)
    0.8305
    """
    coverage, names = one_level(level), column_names(strata)
    check_choice(method, METHODS)
    check_choice(interval, INTERVALS, option="interval")
    check_choice(convention, CONVENTIONS, option="convention")
    check_choice(beyond, ("error", "nearest rate"), option="beyond")
    edges = check_breaks(breaks, option="breaks", least=2)
    if edges[0] != 0:
        edges = np.concatenate([[0.0], edges])
    moments, happened = _read(cohort, [birth, entry, exit], event, convention, names, column_names(by))
    table = rate_table(rates, strata=names)
    groups, group = group_positions(cohort, by)
    persons = _Persons(
        moments[0], moments[1], moments[2], happened, table.stratum(cohort), group, np.arange(len(cohort))
    )
    _check_ages(persons, table, beyond, cohort.index)
    sums = _interval_sums(persons, table, edges, len(groups), cohort.index)
    hazard, variance = _cumulative(sums, method, np.diff(edges))
    survival, error = np.exp(-hazard), np.sqrt(variance)
    lower, upper = INTERVALS[interval](hazard, error, normal_quantile(coverage))
    rows = groups.loc[np.repeat(np.arange(len(groups)), len(edges) - 1)].reset_index(drop=True)
    columns = {
        "time": np.tile(edges[1:], len(groups)),
        "at_risk": sums["person_years"].ravel(),
        "deaths": sums["deaths"].ravel(),
        "expected": sums["expected"].ravel(),
        "cumulative_expected": np.cumsum(sums["expected"], axis=1).ravel(),
        "cumulative_excess": hazard.ravel(),
        "standard_error": error.ravel(),
    }
    return with_estimates(
        rows.assign(**columns),
        measure="net_survival" if method == "pohar-perme" else "relative_survival",
        estimate=survival.ravel(),
        lower=np.maximum(lower, 0).ravel(),
        upper=upper.ravel(),
        level=coverage,
        unit="proportion",
        method=f"{METHODS[method]}, interval-based, {interval} interval",
        note=np.where(columns["at_risk"] > 0, "", notes.NOBODY_AT_RISK).tolist(),
    )
