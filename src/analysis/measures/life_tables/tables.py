"""Period life tables of one or many populations, from deaths and person-years or from rates, over any age bands."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis.errors import DataError, MethodError
from analysis.measures.life_tables.age_bands import BandedPopulations, banded_populations, in_order
from analysis.measures.shared.checks import FloatArray, check_choice, check_values
from analysis.measures.shared.entry import checked_tables
from analysis.measures.shared.ratios import divide

RULES = ("constant hazard", "midpoint")
HIGHEST_RATE, LOWEST_OPEN_RATE = 1e6, 1e-6
"""Deaths per person-year: more is a life of less than a minute, less in the open band one of over a million years."""
INFANT_RULE = "andreev-kingkade"
# Andreev and Kingkade 2015, by sex: rate below which each line holds, intercept and slope of a_0 on the death rate.
INFANT_LINES = {
    "male": ((0.0230, 0.14929, -1.99545), (0.08307, 0.02832, 3.26021), (np.inf, 0.29915, 0.0)),
    "female": ((0.01724, 0.14903, -2.05527), (0.06891, 0.04667, 3.88089), (np.inf, 0.31411, 0.0)),
}


@dataclass(frozen=True)
class LifeTable:
    """Life tables over the same age bands, for one newborn: arrays whose last axis is the band.

    Attributes
    ----------
    start
        Age at which each band begins, in years.
    width
        Width of each band in years; infinite for an open last band.
    rate
        Deaths per person-year (m_x).
    years_of_dying
        Mean years lived in the band by those who die in it (a_x).
    risk
        Probability of dying in the band for who reaches it (q_x).
    survivors
        Probability of reaching the band from the first one (l_x).
    expectancy
        Mean years still to live at the beginning of the band (e_x), until the end of the last band.
    capped
        Whether a rate was so high that everybody dies within the band.
    """

    start: FloatArray
    width: FloatArray
    rate: FloatArray
    years_of_dying: FloatArray
    risk: FloatArray
    survivors: FloatArray
    expectancy: FloatArray
    capped: NDArray[np.bool_]

    @property
    def dying(self) -> FloatArray:
        """Probability of dying in each band, seen from the first one (d_x).

        Returns
        -------
        numpy.ndarray
            Probabilities that add up to 1 when the last band is open.
        """
        return np.asarray(self.survivors * self.risk)

    @property
    def years_lived(self) -> FloatArray:
        """Years lived in each band by one newborn (L_x).

        Returns
        -------
        numpy.ndarray
            Years.
        """
        return np.asarray(self.survivors * years_per_entrant(self.width, self.years_of_dying, self.risk))

    @property
    def years_remaining(self) -> FloatArray:
        """Years lived from each age on by one newborn (T_x).

        Returns
        -------
        numpy.ndarray
            Years.
        """
        return np.asarray(np.cumsum(self.years_lived[..., ::-1], axis=-1)[..., ::-1])


def years_per_entrant(width: FloatArray, years_of_dying: FloatArray, risk: FloatArray) -> FloatArray:
    """Years lived in each band by a person who reaches it.

    Parameters
    ----------
    width
        Width of the bands in years; infinite for an open one.
    years_of_dying
        Mean years lived in the band by those who die in it.
    risk
        Probability of dying in the band.

    Returns
    -------
    numpy.ndarray
        Years; infinite for an open band without deaths.
    """
    closed = np.isfinite(width)
    span = np.where(closed, width, 0.0)
    within = span - risk * (span - np.where(closed, years_of_dying, 0.0))
    return np.where(closed, within, years_of_dying)


def _constant_hazard(rate: FloatArray, width: FloatArray) -> FloatArray:
    """Mean years lived by those who die when the hazard is constant in the band, also for a rate near zero."""
    hazard = rate * width
    small = hazard < 1e-4  # below this the series is exact to 13 digits and the quotient is not
    safe = np.where(small, 1.0, hazard)
    with np.errstate(over="ignore"):
        fraction = 1 / safe - 1 / np.expm1(safe)
    return np.asarray(width * np.where(small, 0.5 - hazard / 12, fraction))


def infant_years(rate: ArrayLike, sex: str) -> FloatArray:
    """Mean years lived by infants who die in their first year (a_0), from the death rate in that year.

    Parameters
    ----------
    rate
        Deaths per person-year at age 0.
    sex
        ``female`` or ``male``.

    Returns
    -------
    numpy.ndarray
        Years, between 0 and 1.

    Raises
    ------
    MethodError
        When the sex is another word.

    References
    ----------
    Andreev EM, Kingkade WW. Average age at death in infancy and infant mortality level: reconsidering the Coale-Demeny
    formulas at current levels of low mortality. Demogr Res 2015;33:363-390.

    Examples
    --------
    >>> round(float(infant_years(0.00355, "male")), 2)
    0.14
    """
    rates = check_values(rate, what="The death rate at age 0", minimum=0)
    lines = INFANT_LINES[check_choice(sex, INFANT_LINES, option="sex")]
    conditions = [rates < bound for bound, _, _ in lines]
    return np.asarray(np.select(conditions, [intercept + slope * rates for _, intercept, slope in lines]))


def life_table_of_rates(
    rates: ArrayLike,
    start: ArrayLike,
    width: ArrayLike,
    *,
    ax: str | ArrayLike = "constant hazard",
    infant: float | ArrayLike | None = None,
) -> LifeTable:
    """Life tables from death rates; the last axis holds the age bands.

    Parameters
    ----------
    rates
        Deaths per person-year, 0 or more.
    start
        Age at which each band begins.
    width
        Width of each band in years; infinite for an open last band.
    ax
        ``constant hazard`` within each band, ``midpoint`` (deaths halfway), or numbers: mean years lived in each
        band by those who die in it.
    infant
        Mean years lived in the first year of life by those who die in it (0.1 is usual); only for a band from 0 to 1.
        None applies `ax` there too.

    Returns
    -------
    LifeTable
        Arrays of the shape of `rates`.

    Raises
    ------
    DataError
        When a rate is missing or negative.
    MethodError
        When the rule is unknown, or numbers for `ax` are not one per band.

    References
    ----------
    Preston SH, Heuveline P, Guillot M. Demography: measuring and modeling population processes. Oxford: Blackwell,
    2001, chapter 3.

    Examples
    --------
    >>> table = life_table_of_rates([0.01, 0.1], start=[0, 65], width=[65, float("inf")])
    >>> table.expectancy.round(3).tolist()
    [53.016, 10.0]
    """
    rate = check_values(rates, what="The death rate", minimum=0)
    first, step = np.asarray(start, dtype=float), np.asarray(width, dtype=float)
    closed = np.isfinite(step)
    span = np.where(closed, step, 0.0)
    mean = _mean_years(rate, span, ax)
    if infant is not None and first[0] == 0 and step[0] == 1:
        mean[..., 0] = infant
    uncapped = span * rate / (1 + (span - mean) * rate)
    capped = closed & (uncapped > 1 + 1e-12)
    risk = np.where(closed, np.minimum(uncapped, 1.0), 1.0)
    mean = np.where(closed, mean, divide(1.0, rate))
    survivors = np.concatenate([np.ones((*rate.shape[:-1], 1)), np.cumprod(1 - risk, axis=-1)[..., :-1]], axis=-1)
    within = years_per_entrant(step, mean, risk)
    return LifeTable(first, step, rate, mean, risk, survivors, sum_over_remaining_life(within, 1 - risk), capped)


def _mean_years(rate: FloatArray, span: FloatArray, ax: str | ArrayLike) -> FloatArray:
    if not isinstance(ax, str):
        given = check_values(ax, what="The option `ax`, years lived by those who die,", minimum=0)
        if given.shape not in ((), rate.shape[-1:], rate.shape):
            raise MethodError(
                f"The option `ax` has the shape {given.shape} for {rate.shape[-1]} age bands. Give one number per "
                f"band, or a rule: {' or '.join(RULES)}."
            )
        return np.broadcast_to(given, rate.shape).copy()
    if check_choice(ax, RULES, option="ax") == "midpoint":
        return np.broadcast_to(span / 2, rate.shape).copy()
    return _constant_hazard(rate, span)


def sum_over_remaining_life(within: FloatArray, survive: FloatArray) -> FloatArray:
    """Add up what is lived in each band over the rest of life, for who begins the band.

    Parameters
    ----------
    within
        What a person who reaches the band gets in it, for example years.
    survive
        Probability of surviving the band, or its square for a variance.

    Returns
    -------
    numpy.ndarray
        Sums over this band and those after it. Worked backwards, so ages that nobody reaches have one too.
    """
    sums = np.empty(np.broadcast_shapes(within.shape, survive.shape))
    beyond = np.zeros_like(sums[..., 0])
    for band in reversed(range(within.shape[-1])):
        chance = np.broadcast_to(survive[..., band], beyond.shape)
        beyond = within[..., band] + np.multiply(chance, beyond, where=chance > 0, out=np.zeros_like(beyond))
        sums[..., band] = beyond
    return sums


def death_rates(populations: BandedPopulations, deaths: str, person_years: str) -> FloatArray:
    """Deaths over person-years by population and band, after checking that there are person-years.

    Parameters
    ----------
    populations
        Populations with both columns among their numbers.
    deaths, person_years
        Names of the columns.

    Returns
    -------
    numpy.ndarray
        Deaths per person-year.

    Raises
    ------
    DataError
        When a band has no person-years, and the message says whether it has deaths; or the rate is impossible.
    """
    count, time = populations.numbers[deaths], populations.numbers[person_years]
    empty = time <= 0
    if empty.any():
        impossible = empty & (count > 0)
        row, band = np.argwhere(impossible if impossible.any() else empty)[0]
        names = populations.groups.iloc[row].to_dict()
        where = f"in the band from {populations.start[band]:g}" + (f" of {names}" if names else "")
        if impossible.any():
            raise DataError(
                f"Column `{deaths}` counts deaths in {int(impossible.sum())} age bands without person-years, the first "
                f"{where} ({count[row, band]:g} deaths). Add the person-years, or join the band with its neighbour."
            )
        raise DataError(
            f"Column `{person_years}` is zero in {int(empty.sum())} age bands, the first {where}: there is no death "
            "rate. Join the band with its neighbour, in all populations that are compared."
        )
    return check_rates(populations, np.asarray(count / time))


def check_rates(populations: BandedPopulations, rates: FloatArray) -> FloatArray:
    """Return death rates that people can have.

    Parameters
    ----------
    populations
        Populations with their bands.
    rates
        Deaths per person-year from all causes, by population and band.

    Returns
    -------
    numpy.ndarray
        The same rates.

    Raises
    ------
    DataError
        When people would live for less than a minute in a band, or for more than a million years in the open last one.
    """
    rare = (rates > 0) & (rates < LOWEST_OPEN_RATE) & np.isinf(populations.end)
    for bad, problem in ((rates > HIGHEST_RATE, "less than a minute"), (rare, "more than a million years")):
        if bad.any():
            row, band = np.argwhere(bad)[0]
            names = populations.groups.iloc[row].to_dict()
            raise DataError(
                f"The death rate is impossible in {int(bad.sum())} age bands, the first in the band from "
                f"{populations.start[band]:g}{f' of {names}' if names else ''} ({rates[row, band]:g} per person-year): "
                f"people would live for {problem} there. Are deaths counted in persons, and person-years in years?"
            )
    return rates


def infant_rule(populations: BandedPopulations, rates: FloatArray, infant: float | str | None) -> FloatArray | None:
    """Mean years lived in the first year of life by those who die in it, per population.

    Parameters
    ----------
    populations
        Populations; `andreev-kingkade` needs their `sex`.
    rates
        Deaths per person-year by population and band.
    infant
        Years, or `andreev-kingkade`, or None for no rule of its own.

    Returns
    -------
    numpy.ndarray or None
        Years per population, or None.

    Raises
    ------
    MethodError
        When the rule is unknown, is no single number, or needs the sex and the groups do not tell.
    """
    if infant is None:
        return None
    if not isinstance(infant, str):
        given = check_values(infant, what="The option `infant`", minimum=0, maximum=1)
        if given.ndim:
            raise MethodError(f"The option `infant` is {infant!r}; it must be one number of years, such as 0.1.")
        return np.full(len(populations.groups), given)
    check_choice(infant, [INFANT_RULE], option="infant")
    if "sex" not in populations.groups:
        raise MethodError(
            f'infant="{INFANT_RULE}" differs by sex, and `sex` is not among the groups. Name it in `by`, with the '
            "values female and male, or give years: infant=0.1."
        )
    years = np.empty(len(populations.groups))
    for sex in populations.groups["sex"].unique():
        rows = (populations.groups["sex"] == sex).to_numpy()
        years[rows] = infant_years(rates[rows, 0], str(sex))
    return years


@checked_tables
def life_table(
    table: pd.DataFrame,
    *,
    age_from: str = "age_from",
    age_to: str = "age_to",
    deaths: str = "deaths",
    person_years: str = "person_years",
    rate: str | None = None,
    by: str | Sequence[str] = (),
    ax: str = "constant hazard",
    infant: float | str | None = None,
) -> pd.DataFrame:
    """Period life table of each population, one row per age band.

    Parameters
    ----------
    table
        One row per age band, and per population when `by` is given, in any order.
    age_from, age_to
        Columns with the ages at which a band begins and ends (exclusive); empty or infinite for the open last band.
    deaths, person_years
        Columns with counts of deaths and years at risk.
    rate
        Column with deaths per person-year, to be used instead of deaths and person-years.
    by
        Columns that tell populations apart; none is one population.
    ax
        ``constant hazard`` within each band, or ``midpoint`` (deaths halfway).
    infant
        Mean years lived in the first year of life by those who die in it: a number (0.1 is usual),
        ``andreev-kingkade`` (needs `sex` in `by`), or None to apply `ax`.

    Returns
    -------
    pandas.DataFrame
        Group columns, `age_from`, `age_to`, `rate` (m_x), `years_of_dying` (a_x), `risk` (q_x), `survivors` (l_x, for
        one newborn), `dying` (d_x), `years_lived` (L_x), `years_remaining` (T_x) and `life_expectancy` (e_x).

    Raises
    ------
    DataError
        When bands overlap, leave a gap or are repeated, or deaths or person-years are impossible.
    MethodError
        When a rule does not exist.

    Notes
    -----
    Interpretation: the life of people who would meet the death rates of this period at every age. It describes the
    period; nobody living now will meet exactly these rates. For an interval use `life_expectancy`.

    References
    ----------
    Preston SH, Heuveline P, Guillot M. Demography. Oxford: Blackwell, 2001, chapter 3.

    Examples
    --------
    >>> bands = pd.DataFrame({"age_from": [0, 65], "age_to": [65, None], "deaths": [10, 30]})
    >>> bands["person_years"] = [1000, 300]
    >>> life_table(bands)["life_expectancy"].round(3).tolist()
    [53.016, 10.0]
    """
    values = [rate] if rate else [deaths, person_years]
    parts, places = [], []
    for populations in banded_populations(table, values, age_from=age_from, age_to=age_to, by=by):
        given = check_rates(populations, populations.numbers[rate]) if rate else None
        rates = death_rates(populations, deaths, person_years) if given is None else given
        lives = life_table_of_rates(
            rates, populations.start, populations.width, ax=ax, infant=infant_rule(populations, rates, infant)
        )
        count, bands = rates.shape
        rows = populations.groups.loc[populations.groups.index.repeat(bands)].reset_index(drop=True)
        columns = {
            "age_from": np.tile(populations.start, count),
            "age_to": np.tile(populations.end, count),
            "rate": lives.rate,
            "years_of_dying": lives.years_of_dying,
            "risk": lives.risk,
            "survivors": lives.survivors,
            "dying": lives.dying,
            "years_lived": lives.years_lived,
            "years_remaining": lives.years_remaining,
            "life_expectancy": lives.expectancy,
        }
        parts.append(rows.assign(**{name: array.ravel() for name, array in columns.items()}))
        places.append(np.repeat(populations.place, bands))
    return in_order(parts, places)
