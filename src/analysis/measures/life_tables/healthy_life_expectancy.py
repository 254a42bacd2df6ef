"""Healthy life expectancy after Sullivan, with its interval."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.errors import MethodError
from analysis.estimates import with_estimates
from analysis.measures.life_tables.age_bands import BandedPopulations, ages_to_report, banded_populations, in_order
from analysis.measures.life_tables.life_expectancy import bands_until
from analysis.measures.life_tables.tables import (
    LifeTable,
    death_rates,
    infant_rule,
    life_table_of_rates,
    sum_over_remaining_life,
    years_per_entrant,
)
from analysis.measures.shared import notes
from analysis.measures.shared.checks import FloatArray, normal_quantile, require_numbers
from analysis.measures.shared.levels import Levels, one_level, several_levels


def variance_of_healthy_expectancy(
    lives: LifeTable, proportion: FloatArray, spread: FloatArray, deaths: FloatArray | None
) -> FloatArray:
    """Variance of healthy life expectancy at the beginning of each band.

    Parameters
    ----------
    lives
        Life tables.
    proportion
        Proportion in good health in each band.
    spread
        Variance of each proportion.
    deaths
        Deaths behind each rate; None takes the death rates as known without error.

    Returns
    -------
    numpy.ndarray
        Variances in years squared.

    References
    ----------
    Jagger C, Van Oyen H, Robine JM. Health expectancy calculation by the Sullivan method: a practical guide.
    Newcastle: Institute for Ageing, 2014.
    """
    years = years_per_entrant(lives.width, lives.years_of_dying, lives.risk)
    years, survive = np.where(np.isfinite(years), years, 0.0), 1 - lives.risk
    terms = years**2 * spread
    if deaths is not None:
        healthy = sum_over_remaining_life(proportion * years, survive)
        later = np.concatenate([healthy[..., 1:], np.zeros((*healthy.shape[:-1], 1))], axis=-1)
        closed, died = np.isfinite(lives.width), np.where(deaths > 0, deaths, 1.0)
        after_death = np.where(closed, lives.width, 0.0) - np.where(closed, lives.years_of_dying, 0.0)
        lost = np.where(np.isfinite(later), proportion * after_death + later, 0.0)
        of_risk = np.where(deaths > 0, lives.risk**2 * survive / died, 0.0)
        of_last = np.where(deaths > 0, (proportion * lives.years_of_dying) ** 2 / died, 0.0)
        terms = terms + np.where(closed, lost**2 * of_risk, of_last)
    return sum_over_remaining_life(terms, survive**2)


def _spread(
    populations: BandedPopulations, proportion: str, sample: str | None, standard_error: str | None
) -> tuple[FloatArray, str]:
    """Variance of the proportions, and what to say about it."""
    shares = populations.numbers[proportion]
    if standard_error is not None:
        return populations.numbers[standard_error] ** 2, ""
    if sample is None:
        return np.zeros_like(shares), notes.PROPORTIONS_KNOWN
    return shares * (1 - shares) / populations.numbers[sample], ""


def _remarks(
    shares: FloatArray, counts: FloatArray, defined: FloatArray, known: str, mortality: bool, standard_error: str | None
) -> list[str]:
    extreme = ((shares == 0) | (shares == 1)).any(axis=1) & (standard_error is None) & (known == "")
    empty = (counts == 0).any(axis=1) & mortality
    return [
        notes.combine_notes(
            "" if fine else notes.NO_DEATHS_IN_LAST_BAND,
            notes.NO_DEATHS_IN_SOME_BANDS if none and fine else "",
            notes.ALL_OR_NONE_HEALTHY if edge else "",
            known,
        )
        for fine, none, edge in zip(defined, empty, extreme, strict=True)
    ]


@several_levels
def healthy_life_expectancy(
    table: pd.DataFrame,
    *,
    proportion: str = "proportion",
    sample: str | None = "sample",
    standard_error: str | None = None,
    age_from: str = "age_from",
    age_to: str = "age_to",
    deaths: str = "deaths",
    person_years: str = "person_years",
    by: str | Sequence[str] = (),
    at: float | Sequence[float] = (0,),
    until: float | None = None,
    ax: str = "constant hazard",
    infant: float | str | None = None,
    mortality: bool = True,
    level: Levels = 0.95,
) -> pd.DataFrame:
    """Mean years still to live in good health at an age, from death rates and the proportion in good health (Sullivan).

    Parameters
    ----------
    table
        One row per age band, and per population when `by` is given, in any order.
    proportion
        Column with the proportion in good health in the band, between 0 and 1.
    sample
        Column with the number of persons asked, for the variance of the proportion; None when they are known.
    standard_error
        Column with the standard error of the proportion, for surveys with a design; used instead of `sample`.
    age_from, age_to
        Columns with the ages at which a band begins and ends (exclusive); empty for the open last band.
    deaths, person_years
        Columns with counts of deaths and years at risk.
    by
        Columns that tell populations apart; none is one population.
    at
        Ages at which to report; a band must begin there.
    until
        Count only years before this age; None counts the whole life.
    ax
        ``constant hazard`` within each band, or ``midpoint``.
    infant
        Mean years lived in the first year of life by those who die in it, as in `life_expectancy`.
    mortality
        Whether the interval holds the chance in the deaths too. Without, death rates are taken as known, as is usual
        for a country.
    level
        Coverage of the interval, between 0 and 1; or several.

    Returns
    -------
    pandas.DataFrame
        One row per population and age: `age`, `life_expectancy`, `share` (healthy years over all years),
        `standard_error` and the estimate columns, with `measure` "healthy_life_expectancy" and `unit` "years".

    Raises
    ------
    DataError
        When bands or numbers are impossible, or a proportion is above 1.
    MethodError
        When no band begins at an age of `at`, or a rule does not exist.

    Notes
    -----
    Interpretation: 62.4 at birth means 62.4 years in good health, if both death rates and health by age stayed as they
    are. It mixes deaths of this year with health that was built up over a lifetime, so it reacts slowly to change.
    People in institutions count only when the survey reached them.

    References
    ----------
    Sullivan DF. A single index of mortality and morbidity. HSMHA Health Rep 1971;86:347-354.
    Jagger C, Van Oyen H, Robine JM. Health expectancy calculation by the Sullivan method. Newcastle, 2014.

    Examples
    --------
    >>> bands = pd.DataFrame({"age_from": [0, 65], "age_to": [65, None], "deaths": [10, 30]})
    >>> bands = bands.assign(person_years=[1000, 300], proportion=[0.9, 0.5], sample=[400, 100])
    >>> healthy_life_expectancy(bands)[["estimate", "lower", "upper"]].round(1).to_numpy().tolist()
    [[45.6, 37.4, 53.8]]
    """
    z, ages = normal_quantile(one_level(level)), ages_to_report(at)
    extra = [standard_error] if standard_error else [sample] if sample else []
    checked = require_numbers(require_numbers(table, [proportion], minimum=0, maximum=1), extra, minimum=0)
    if extra == [sample]:
        require_numbers(checked, extra, above=0)
    columns = [deaths, person_years, proportion, *extra]
    parts, places = [], []
    for populations in banded_populations(checked, columns, age_from=age_from, age_to=age_to, by=by):
        used = bands_until(populations, until)
        rates = death_rates(populations, deaths, person_years)[:, used]
        years = infant_rule(populations, rates, infant)
        lives = life_table_of_rates(rates, populations.start[used], populations.width[used], ax=ax, infant=years)
        shares, counts = populations.numbers[proportion][:, used], populations.numbers[deaths][:, used]
        spread, known = _spread(populations, proportion, sample, standard_error)
        within = years_per_entrant(lives.width, lives.years_of_dying, lives.risk)
        healthy = sum_over_remaining_life(shares * within, 1 - lives.risk)
        variance = variance_of_healthy_expectancy(lives, shares, spread[:, used], counts if mortality else None)
        for age in ages:
            band = populations.position(age)
            if until is not None and age >= until:
                raise MethodError(f"Years lived until {until:g} cannot be counted from {age:g}. Choose a younger age.")
            defined = np.isfinite(healthy[:, band])
            error = np.where(defined, np.sqrt(np.where(defined, variance[:, band], 0.0)), np.nan)
            estimate = np.where(defined, healthy[:, band], np.nan)
            whole = np.where(defined, lives.expectancy[:, band], np.nan)
            remarks = _remarks(shares[:, band:], counts[:, band:], defined, known, mortality, standard_error)
            part = with_estimates(
                populations.groups.assign(age=age, life_expectancy=whole, share=estimate / whole, standard_error=error),
                measure="healthy_life_expectancy",
                estimate=estimate,
                lower=np.maximum(estimate - z * error, 0.0),
                upper=estimate + z * error,
                level=one_level(level),
                unit="years",
                method=f"Sullivan, {ax}; variance of proportions{' and deaths' if mortality else ''} (Jagger)",
                note=remarks,
            )
            parts.append(part)
            places.append(populations.place)
    return in_order(parts, places)
