"""Life expectancy with its interval, for one population or ten thousand, at any age."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.errors import DataError, MethodError
from analysis.estimates import with_estimates
from analysis.measures.life_tables.age_bands import (
    BandedPopulations,
    ages_to_report,
    banded_populations,
    check_age,
    in_order,
)
from analysis.measures.life_tables.tables import (
    LifeTable,
    check_rates,
    death_rates,
    infant_rule,
    life_table_of_rates,
    sum_over_remaining_life,
)
from analysis.measures.shared import notes
from analysis.measures.shared.checks import FloatArray, normal_quantile, require_columns, require_numbers
from analysis.measures.shared.entry import checked_tables
from analysis.measures.shared.levels import Levels, one_level, several_levels
from analysis.measures.shared.ratios import divide


def variance_of_expectancy(lives: LifeTable, deaths: FloatArray) -> FloatArray:
    """Variance of life expectancy at the beginning of each band, from the number of deaths.

    Parameters
    ----------
    lives
        Life tables.
    deaths
        Deaths behind each rate, of the same shape.

    Returns
    -------
    numpy.ndarray
        Variances in years squared; a band without deaths adds nothing, an open last band without deaths is infinite.

    Notes
    -----
    Chiang's variance of the probability of dying, and for the open band that of one over its rate (Silcocks).

    References
    ----------
    Chiang CL. The life table and its applications. Malabar: Krieger, 1984, chapter 8.
    Silcocks PBS, Jenner DA, Reza R. Life expectancy as a summary of mortality in a population: statistical
    considerations and suitability for use by health authorities. J Epidemiol Community Health 2001;55:38-43.
    """
    count = np.where(deaths > 0, deaths, 1.0)
    closed = np.isfinite(lives.width)
    span = np.where(closed, lives.width, 0.0)
    later = np.concatenate([lives.expectancy[..., 1:], np.zeros((*lives.risk.shape[:-1], 1))], axis=-1)
    of_risk = np.where(deaths > 0, lives.risk**2 * (1 - lives.risk) / count, 0.0)
    lost = np.where(np.isfinite(later), span - np.where(closed, lives.years_of_dying, 0.0) + later, 0.0)
    of_last = divide(1.0, count * lives.rate**2)
    return sum_over_remaining_life(np.where(closed, lost**2 * of_risk, of_last), (1 - lives.risk) ** 2)


def bands_until(populations: BandedPopulations, until: float | None) -> slice:
    """Bands that count: all, when the last is open, or those before an age.

    Parameters
    ----------
    populations
        Populations with their bands.
    until
        Age at which counting stops; None for the whole life.

    Returns
    -------
    slice
        Of the bands.

    Raises
    ------
    DataError
        When the whole life is asked for and the last band is closed.
    MethodError
        When `until` is no age, or no band ends there.
    """
    if until is None:
        if np.isfinite(populations.end[-1]):
            raise DataError(
                f"The last age band ends at {populations.end[-1]:g}, so the years lived after it are unknown. Leave "
                f"its end empty when it holds everybody of {populations.start[-1]:g} and over, or ask for the years "
                f"lived up to then: until={populations.end[-1]:g}."
            )
        return slice(None)
    found = np.flatnonzero(populations.end == check_age(until, option="until"))
    if not found.size:
        ends = ", ".join(f"{end:g}" for end in populations.end[:25])
        raise MethodError(f"No age band ends at until={until:g}; bands end at {ends}. Choose one of these ages.")
    return slice(int(found[0]) + 1)


def _remarks(lives: LifeTable, deaths: FloatArray | None, band: int) -> list[str]:
    open_ended = bool(np.isinf(lives.width[-1]))
    none_last = (lives.rate[..., -1] == 0) if open_ended else np.zeros(len(lives.rate), dtype=bool)
    some = np.zeros(len(lives.rate), dtype=bool) if deaths is None else (deaths[:, band:] == 0).any(axis=1)
    flags = [
        (none_last, notes.NO_DEATHS_IN_LAST_BAND),
        (some & ~none_last, notes.NO_DEATHS_IN_SOME_BANDS),
        (lives.capped[:, band:].any(axis=1), notes.RATE_TOO_HIGH),
        (np.full(len(some), deaths is None), notes.RATES_WITHOUT_COUNTS),
    ]
    codes = sum(flag.astype(int) << place for place, (flag, _) in enumerate(flags))
    words = [
        notes.combine_notes(*(note for place, (_, note) in enumerate(flags) if code >> place & 1))
        for code in range(2 ** len(flags))
    ]
    return [words[code] for code in codes]


@several_levels
def life_expectancy(
    table: pd.DataFrame,
    *,
    age_from: str = "age_from",
    age_to: str = "age_to",
    deaths: str = "deaths",
    person_years: str = "person_years",
    rate: str | None = None,
    by: str | Sequence[str] = (),
    at: float | Sequence[float] = (0,),
    until: float | None = None,
    ax: str = "constant hazard",
    infant: float | str | None = None,
    level: Levels = 0.95,
) -> pd.DataFrame:
    """Mean years still to live at an age, at the death rates of the period.

    Parameters
    ----------
    table
        One row per age band, and per population when `by` is given, in any order.
    age_from, age_to
        Columns with the ages at which a band begins and ends (exclusive); empty or infinite for the open last band.
    deaths, person_years
        Columns with counts of deaths and years at risk.
    rate
        Column with deaths per person-year, to be used instead of deaths and person-years; then there is no interval.
    by
        Columns that tell populations apart; none is one population. Bands may differ between populations.
    at
        Ages at which to report; a band must begin there.
    until
        Count only years before this age (temporary life expectancy); None counts the whole life.
    ax
        ``constant hazard`` within each band, or ``midpoint`` (deaths halfway).
    infant
        Mean years lived in the first year of life by those who die in it: a number (0.1 is usual),
        ``andreev-kingkade`` (needs `sex` in `by`), or None to apply `ax`.
    level
        Coverage of the interval, between 0 and 1; or several.

    Returns
    -------
    pandas.DataFrame
        One row per population and age: `age`, `deaths`, `person_years` (of all bands), `standard_error` and the
        estimate columns, with `measure` "life_expectancy" and `unit` "years".

    Raises
    ------
    DataError
        When bands overlap, leave a gap or are repeated, the last band is closed, or numbers are impossible.
    MethodError
        When a rule does not exist, or no band begins at an age of `at`.

    Notes
    -----
    Interpretation: 58.0 at age 20 means that people of 20 would live 58 more years on average if the death rates of
    this period stayed as they are. It is no forecast, and no statement about how long the dead lived.
    The interval is normal, with the variance of Chiang and, for the open band, of Silcocks. Use it above about 5,000
    person-years; `suppress_imprecise` hides what is below a limit of your choice and says so.

    References
    ----------
    Chiang CL. The life table and its applications. Malabar: Krieger, 1984.
    Silcocks PBS, Jenner DA, Reza R. J Epidemiol Community Health 2001;55:38-43.
    Eayres D, Williams ES. Evaluation of methodologies for small area life expectancy estimation.
    J Epidemiol Community Health 2004;58:243-249.

    Examples
    --------
    >>> bands = pd.DataFrame({"age_from": [0, 65], "age_to": [65, None], "deaths": [10, 30]})
    >>> bands["person_years"] = [1000, 300]
    >>> life_expectancy(bands, at=[0, 65])[["age", "estimate", "lower", "upper"]].round(1).to_numpy().tolist()
    [[0.0, 53.0, 43.0, 63.0], [65.0, 10.0, 6.4, 13.6]]
    """
    z, ages = normal_quantile(one_level(level)), ages_to_report(at)
    values = [rate] if rate else [deaths, person_years]
    parts, places = [], []
    for populations in banded_populations(table, values, age_from=age_from, age_to=age_to, by=by):
        used = bands_until(populations, until)
        every = check_rates(populations, populations.numbers[rate]) if rate else None
        rates = (death_rates(populations, deaths, person_years) if every is None else every)[:, used]
        years = infant_rule(populations, rates, infant)
        lives = life_table_of_rates(rates, populations.start[used], populations.width[used], ax=ax, infant=years)
        counts = None if rate else populations.numbers[deaths][:, used]
        variance = np.full(rates.shape, np.nan) if counts is None else variance_of_expectancy(lives, counts)
        for age in ages:
            band = populations.position(age)
            if until is not None and age >= until:
                raise MethodError(f"Years lived until {until:g} cannot be counted from {age:g}. Choose a younger age.")
            ingredients = {} if rate else {name: populations.numbers[name].sum(axis=1) for name in values}
            defined = np.isfinite(lives.expectancy[:, band])
            estimate = np.where(defined, lives.expectancy[:, band], np.nan)
            error = np.where(defined, np.sqrt(np.where(defined, variance[:, band], 0.0)), np.nan)
            part = with_estimates(
                populations.groups.assign(age=age, **ingredients, standard_error=error),
                measure="life_expectancy",
                estimate=estimate,
                lower=np.maximum(estimate - z * error, 0.0),
                upper=estimate + z * error,
                level=one_level(level),
                unit="years",
                method=f"period life table, {ax}" + ("" if rate else "; Chiang variance, Silcocks for the open band"),
                note=_remarks(lives, counts, band),
            )
            parts.append(part)
            places.append(populations.place)
    return in_order(parts, places)


@checked_tables
def suppress_imprecise(
    results: pd.DataFrame,
    *,
    minimum_person_years: float | None = None,
    maximum_width: float | None = None,
    person_years: str = "person_years",
) -> pd.DataFrame:
    """Hide estimates of populations that are too small or intervals that are too wide, and say so in `note`.

    Parameters
    ----------
    results
        Table of estimates, for example of `life_expectancy`.
    minimum_person_years
        Fewer than these are hidden; 5,000 is the rule of the English health agency. None does not look.
    maximum_width
        Intervals wider than this, in the unit of the estimate, are hidden; 20 years is the rule there. None does not
        look.
    person_years
        Column with the size of the population.

    Returns
    -------
    pandas.DataFrame
        The same rows; hidden ones have no `estimate`, `lower`, `upper` and `standard_error`, and a `note` that tells
        why.

    Raises
    ------
    DataError
        When a column is missing.

    Notes
    -----
    Interpretation: hidden is not zero and not unknown to science, it is not shown by a rule. Leave the rule out when
    the interval can speak for itself. For the protection of persons this is not enough.

    References
    ----------
    Eayres D, Williams ES. J Epidemiol Community Health 2004;58:243-249.

    Examples
    --------
    >>> bands = pd.DataFrame({"age_from": [0, 65], "age_to": [65, None], "deaths": [10, 30]})
    >>> bands["person_years"] = [1000, 300]
    >>> suppress_imprecise(life_expectancy(bands), minimum_person_years=5000)["note"].tolist()
    ['not shown: too few person-years']
    """
    require_columns(results, ["estimate", "lower", "upper", "note"])
    shown = results.copy()
    if isinstance(shown["note"].dtype, pd.CategoricalDtype):  # categories take no new remarks
        shown["note"] = shown["note"].astype(str).where(shown["note"].notna(), "")
    hidden = np.zeros(len(shown), dtype=bool)
    rules = []
    if minimum_person_years is not None:
        sizes = require_numbers(shown, [person_years], minimum=0)[person_years]
        rules.append(((sizes < minimum_person_years).to_numpy(dtype=bool), notes.FEW_PERSON_YEARS))
    if maximum_width is not None:
        width = (shown["upper"] - shown["lower"]).to_numpy(dtype=float)
        rules.append((width > maximum_width, notes.WIDE_INTERVAL))
    for flag, text in rules:
        hidden |= flag
        shown.loc[flag, "note"] = [notes.combine_notes(note, text) for note in shown.loc[flag, "note"]]
    blank = [column for column in ("estimate", "lower", "upper", "standard_error") if column in shown]
    shown.loc[hidden, blank] = np.nan
    return shown
