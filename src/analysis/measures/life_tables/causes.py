"""Causes of death in the life table: deaths by cause and age, years gained without a cause, lifetime risk."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.errors import DataError
from analysis.estimates import with_estimates
from analysis.measures.life_tables.age_bands import BandedPopulations, banded_populations, in_order
from analysis.measures.life_tables.life_expectancy import bands_until
from analysis.measures.life_tables.tables import (
    LifeTable,
    check_rates,
    life_table_of_rates,
    sum_over_remaining_life,
    years_per_entrant,
)
from analysis.measures.shared import notes
from analysis.measures.shared.checks import FloatArray, column_names, normal_quantile
from analysis.measures.shared.levels import Levels, one_level, several_levels


@dataclass(frozen=True)
class DeathsByCause:
    """Deaths of populations with the same bands and causes.

    Attributes
    ----------
    populations
        Populations with their bands; one row each.
    causes
        Names of the causes, in order.
    deaths
        Array of populations by causes by bands.
    person_years
        Array of populations by bands.
    """

    populations: BandedPopulations
    causes: list[object]
    deaths: FloatArray
    person_years: FloatArray

    @property
    def rates(self) -> FloatArray:
        """Deaths per person-year by population, cause and band.

        Returns
        -------
        numpy.ndarray
            Rates.
        """
        return np.asarray(self.deaths / self.person_years[:, None, :])


def deaths_by_cause(
    table: pd.DataFrame,
    *,
    cause: str = "cause",
    age_from: str = "age_from",
    age_to: str = "age_to",
    deaths: str = "deaths",
    person_years: str = "person_years",
    by: str | Sequence[str] = (),
) -> list[DeathsByCause]:
    """Arrange deaths by cause and age into arrays, one for all populations with the same bands.

    Parameters
    ----------
    table
        One row per age band and cause, and per population when `by` is given. The causes together are all deaths.
    cause
        Column that names the cause.
    age_from, age_to
        Columns with the ages at which a band begins and ends (exclusive); empty for the open last band.
    deaths
        Column with deaths of that cause, 0 or more.
    person_years
        Column with years at risk; the same for every cause.
    by
        Columns that tell populations apart.

    Returns
    -------
    list of DeathsByCause
        One per set of bands.

    Raises
    ------
    DataError
        When a population lacks a cause or a band, person-years differ between causes, a band has none, or its death
        rate is impossible.
    """
    keys = column_names(by)
    found = []
    for rows in banded_populations(table, [deaths, person_years], age_from=age_from, age_to=age_to, by=[*keys, cause]):
        names = rows.groups[cause].drop_duplicates().tolist()
        count, bands = len(rows.groups) // len(names), len(rows.start)
        complete = len(rows.groups) == count * len(names)
        if not complete or rows.groups[cause].tolist() != names * count:
            raise DataError(
                f"Not every population has all causes with the same age bands; there are {len(names)} causes "
                f"({', '.join(str(name) for name in names[:6])}). Add rows with zero deaths for a cause that nobody "
                "died of, with the person-years of the band."
            )
        time = rows.numbers[person_years].reshape(count, len(names), bands)
        _check_time(time, rows, names)
        populations = BandedPopulations(
            groups=rows.groups[keys].iloc[:: len(names)].reset_index(drop=True),
            place=rows.place[:: len(names)],
            start=rows.start,
            end=rows.end,
            numbers={},
        )
        counts = rows.numbers[deaths].reshape(count, len(names), bands)
        check_rates(populations, counts.sum(axis=1) / time[:, 0])
        found.append(DeathsByCause(populations, names, counts, time[:, 0]))
    return found


def _check_time(time: FloatArray, rows: BandedPopulations, causes: list[object]) -> None:
    differs = ~np.isclose(time, time[:, :1], rtol=1e-9, atol=0)
    if differs.any():
        _, cause, band = np.argwhere(differs)[0]
        raise DataError(
            f"The person-years differ between causes in {int(differs.sum())} rows, the first for {causes[cause]!r} in "
            f"the band from {rows.start[band]:g}. Person-years belong to the band: repeat the same number for each "
            "cause."
        )
    if (time <= 0).any():
        band = int(np.argwhere(time <= 0)[0][-1])
        raise DataError(
            f"There are no person-years in the band from {rows.start[band]:g}, so there is no rate. "
            "Join the band with its neighbour, for all causes."
        )


@dataclass(frozen=True)
class _Deletion:
    """What is lived in each band, and the chance of surviving it, once a cause is gone."""

    lives: LifeTable
    within: FloatArray
    survive: FloatArray


def _without(other: FloatArray, cause: FloatArray, start: FloatArray, width: FloatArray, ax: str) -> _Deletion:
    """Chiang's proportional hazards: survival of the band to the power of the share of other causes."""
    lives = life_table_of_rates(other + cause, start, width, ax=ax)
    total = other + cause
    share = np.where(total > 0, other / np.where(total > 0, total, 1.0), 1.0)
    closed = np.isfinite(width)
    survive = np.where(closed, (1 - lives.risk) ** share, 0.0)
    alone = life_table_of_rates(other, start, width, ax=ax)
    within = years_per_entrant(width, alone.years_of_dying, 1 - survive)
    return _Deletion(lives, within, survive)


def _gain_variance(data: DeathsByCause, ax: str, used: slice) -> FloatArray:
    """Delta method; years and survival of a band depend on the rates of that band only, so slopes are elementwise."""
    rates, time = data.rates[..., used], data.person_years[:, None, used]
    total = rates.sum(axis=1, keepdims=True)
    others = np.maximum(total - rates, 0.0)
    start, width = data.populations.start[used], data.populations.width[used]
    base = _without(others, rates, start, width, ax)
    later = _later(sum_over_remaining_life(base.within, base.survive))
    later_all = _later(base.lives.expectancy)
    reach = _reach(base.survive)

    def change(step_other: FloatArray, step_cause: FloatArray) -> FloatArray:
        up = _without(others + step_other, rates + step_cause, start, width, ax)
        within, survive = up.within - base.within, up.survive - base.survive
        lives, old = up.lives, base.lives
        within_all = years_per_entrant(width, lives.years_of_dying, lives.risk) - years_per_entrant(
            width, old.years_of_dying, old.risk
        )
        gained = reach * (within + later * survive)
        return np.asarray(gained - old.survivors * (within_all - later_all * (lives.risk - old.risk)))

    variance = np.zeros(rates.shape)
    nothing = np.zeros(rates.shape)
    for rate, other in ((others, True), (rates, False)):
        step = 1e-6 * np.maximum(rate, 1e-6)
        with np.errstate(invalid="ignore"):
            slope = change(step, nothing) if other else change(nothing, step)
        variance += np.where(np.isfinite(slope), slope / step, 0.0) ** 2 * rate / time
    return variance


def _later(expectancy: FloatArray) -> FloatArray:
    after = np.concatenate([expectancy[..., 1:], np.zeros((*expectancy.shape[:-1], 1))], axis=-1)
    return np.where(np.isfinite(after), after, 0.0)


def _reach(survive: FloatArray) -> FloatArray:
    return np.concatenate([np.ones((*survive.shape[:-1], 1)), np.cumprod(survive, axis=-1)[..., :-1]], axis=-1)


def _lifetime_risk(lives: LifeTable, rates: FloatArray) -> FloatArray:
    total = rates.sum(axis=1, keepdims=True)
    share = rates / np.where(total > 0, total, 1.0)
    return np.asarray((lives.dying * share).sum(axis=-1))


@several_levels
def cause_deleted_life_expectancy(
    table: pd.DataFrame,
    *,
    cause: str = "cause",
    age_from: str = "age_from",
    age_to: str = "age_to",
    deaths: str = "deaths",
    person_years: str = "person_years",
    by: str | Sequence[str] = (),
    at: float = 0,
    until: float | None = None,
    ax: str = "constant hazard",
    level: Levels = 0.95,
) -> pd.DataFrame:
    """Years of life expectancy gained if a cause of death did not exist, for each cause.

    Parameters
    ----------
    table
        One row per age band and cause, and per population when `by` is given. The causes together are all deaths.
    cause
        Column that names the cause.
    age_from, age_to
        Columns with the ages at which a band begins and ends (exclusive); empty for the open last band.
    deaths
        Column with deaths of that cause.
    person_years
        Column with years at risk; the same for every cause.
    by
        Columns that tell populations apart; none is one population.
    at
        Age from which on life is counted; a band must begin there.
    until
        Count only years before this age; None counts the whole life.
    ax
        ``constant hazard`` within each band, or ``midpoint``.
    level
        Coverage of the interval, between 0 and 1; or several.

    Returns
    -------
    pandas.DataFrame
        One row per population and cause: `age`, `deaths` (of the cause, from that age on), `life_expectancy`,
        `life_expectancy_without`, `lifetime_risk` (probability of dying of the cause, from that age on) and the
        estimate columns, with `measure` "years_gained" and `unit` "years".

    Raises
    ------
    DataError
        When a population lacks a cause or a band, or numbers are impossible.
    MethodError
        When no band begins at `at`, or the rule does not exist.

    Notes
    -----
    Interpretation: 3.1 for heart disease means that life would last 3.1 years longer if nobody died of it and the
    other causes stayed as they are. That independence cannot be tested. The gains of several causes do not add up to
    the gain without all of them; `life_expectancy_decomposition` compares two populations by contributions that do.

    References
    ----------
    Chiang CL. Competing risks in mortality analysis. Annu Rev Public Health 1991;12:281-307.
    Preston SH, Heuveline P, Guillot M. Demography. Oxford: Blackwell, 2001, chapter 4.

    Examples
    --------
    >>> bands = pd.DataFrame({"cause": ["a", "b"] * 2, "age_from": [0, 0, 65, 65], "age_to": [65, 65, None, None]})
    >>> bands = bands.assign(deaths=[4, 6, 10, 20], person_years=[1000, 1000, 300, 300])
    >>> cause_deleted_life_expectancy(bands)[["cause", "estimate"]].round(2).to_numpy().tolist()
    [['a', 10.96], ['b', 27.35]]
    """
    z = normal_quantile(one_level(level))
    parts, places = [], []
    columns = {"age_from": age_from, "age_to": age_to, "deaths": deaths, "person_years": person_years}
    for data in deaths_by_cause(table, cause=cause, by=by, **columns):
        used = bands_until(data.populations, until)
        first = data.populations.position(at)
        used = slice(first, used.stop)
        rates = data.rates[..., used]
        others = np.maximum(rates.sum(axis=1, keepdims=True) - rates, 0.0)
        start, width = data.populations.start[used], data.populations.width[used]
        gone = _without(others, rates, start, width, ax)
        without = sum_over_remaining_life(gone.within, gone.survive)[..., 0]
        whole = gone.lives.expectancy[..., 0]
        defined = np.isfinite(without)
        gain = np.where(defined, without, np.nan) - np.where(defined, whole, 0.0)
        error = np.where(defined, np.sqrt(_gain_variance(data, ax, used).sum(axis=-1)), np.nan)
        count, causes = gain.shape
        died = data.deaths[..., used].sum(axis=-1)
        part = data.populations.groups.loc[data.populations.groups.index.repeat(causes)].reset_index(drop=True)
        ingredients = {
            "age": np.full(gain.shape, at),
            "deaths": died,
            "life_expectancy": np.broadcast_to(whole, gain.shape),
            "life_expectancy_without": np.where(defined, without, np.nan),
            "lifetime_risk": _lifetime_risk(gone.lives, rates),
        }
        part = part.assign(
            **{cause: data.causes * count}, **{name: array.ravel() for name, array in ingredients.items()}
        )
        remarks = np.select([~defined, died == 0], [notes.NO_DEATHS_IN_LAST_BAND, notes.NO_DEATHS_OF_CAUSE], default="")
        parts.append(
            with_estimates(
                part,
                measure="years_gained",
                estimate=gain.ravel(),
                lower=(gain - z * error).ravel(),
                upper=(gain + z * error).ravel(),
                level=one_level(level),
                unit="years",
                method=f"cause-deleted life table (Chiang), {ax}; delta method for Poisson counts",
                note=remarks.ravel().tolist(),
            )
        )
        places.append(np.repeat(data.populations.place, causes))
    return in_order(parts, places)
