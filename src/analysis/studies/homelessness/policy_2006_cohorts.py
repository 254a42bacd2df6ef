"""Simulated cohorts like that of Rotterdam, 2001-2010: what before and after show without any effect."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from analysis.estimates import pick, with_estimates
from analysis.measures.cohorts.closed_cohort import (
    ClosedCohorts,
    expected_closed_cohort,
    mantel_haenszel_rate_ratios,
    simulate_closed_cohorts,
)
from analysis.measures.shared.checks import FloatArray
from analysis.measures.shared.levels import PRINTED_LEVEL
from analysis.measures.shared.ratios import log_interval
from analysis.studies.homelessness.policy_2006 import COHORT, of_cohort

YEARS = np.arange(2001, 2011)
LATE = YEARS >= 2006
WIDTHS = np.array([0.5, *[1.0] * 9])
"""Years of follow-up per calendar year: people entered in the course of 2001, here all of them half-way."""
OLDEST_AT_ENTRY = 80
"""End of the open age group at entry."""
OLDEST_BAND = 95


@dataclass(frozen=True)
class Scenario:
    """What happens to a simulated cohort.

    Attributes
    ----------
    name
        ``ageing``, ``national``, ``frailty`` or ``effect``.
    trend
        Whether national death rates change from year to year as they did; else they are those of 2001-2010 together.
    frailty_variance
        Variance of a gamma frailty at entry; 0 when all people of one age and sex run the same risk.
    effect
        Relative reduction of mortality from 2006; 0 for none.
    """

    name: str
    trend: bool = False
    frailty_variance: float = 0.0
    effect: float = 0.0


def scenarios(*, frailty_variance: float = 0.5, effect: float = 0.2) -> tuple[Scenario, ...]:
    """The four scenarios; in the first three nothing has any effect.

    Parameters
    ----------
    frailty_variance
        Variance of the gamma frailty in "frailty", 0 or more.
    effect
        Relative reduction from 2006 in "effect", between 0 and 1.

    Returns
    -------
    tuple of Scenario
        "ageing" (people grow older, rates at each age stay the same), "national" (national mortality falls as well),
        "frailty" (as national, and the frail die first), "effect" (as ageing, with a real effect from 2006).
    """
    return (
        Scenario("ageing"),
        Scenario("national", trend=True),
        Scenario("frailty", trend=True, frailty_variance=frailty_variance),
        Scenario("effect", effect=effect),
    )


def entry(cohort: pd.DataFrame) -> pd.DataFrame:
    """People at entry by single year of age and sex: spread evenly within the published age groups.

    Parameters
    ----------
    cohort
        Data set `rotterdam_cohort`.

    Returns
    -------
    pandas.DataFrame
        One row per `age` (completed years) and `sex`: `persons`, whole numbers that add up to the published totals of
        each age group and of each sex. The even spread, the same share of women at every age and 80 as the end of the
        open group are assumptions.
    """
    groups = cohort[(cohort["cohort"] == COHORT) & (cohort["measure"] == "persons_by_age_at_entry")]
    last = groups["age_to"].fillna(OLDEST_AT_ENTRY)
    ages = [np.arange(first, end) for first, end in zip(groups["age_from"], last, strict=True)]
    persons = [_whole(np.full(len(a), n / len(a))) for a, n in zip(ages, groups["value"], strict=True)]
    both = np.concatenate(persons)
    women = _whole(both * of_cohort(cohort, "persons", "female") / of_cohort(cohort, "persons", "total"))
    by_sex = [
        pd.DataFrame({"age": np.concatenate(ages).astype(int), "sex": sex, "persons": number})
        for sex, number in (("female", women), ("male", both - women))
    ]
    return pd.concat(by_sex, ignore_index=True)


def published_ratios(cohort: pd.DataFrame) -> dict[str, float]:
    """Published ratios of the cohort's death rates to those of the residents of Rotterdam, by sex.

    Parameters
    ----------
    cohort
        Data set `rotterdam_cohort`.

    Returns
    -------
    dict
        Sex to ratio.
    """
    rows = cohort[
        cohort["measure"].eq("rate_ratio")
        & cohort["comparator"].eq("general population Rotterdam")
        & cohort["age_from"].eq(20)
        & cohort["age_to"].isna()
    ]
    return {sex: float(pick(rows, sex=sex)["value"]) for sex in ("female", "male")}


def leaving_rate(cohort: pd.DataFrame) -> float:
    """Rate of leaving the cohort alive: registered emigrations over person-years.

    Parameters
    ----------
    cohort
        Data set `rotterdam_cohort`.

    Returns
    -------
    float
        Per person-year.
    """
    gone = float(pick(cohort, measure="persons_registered_as_emigrated")["value"])
    return gone / of_cohort(cohort, "person_years", "total")


def national_rates(people: pd.DataFrame, population: pd.DataFrame, *, trend: bool) -> FloatArray:
    """National death rates at the age that each group of people reaches in each year.

    Parameters
    ----------
    people
        From `entry`.
    population
        Data set `nl_deaths_person_years`.
    trend
        Whether the rates are those of the year itself; else those of 2001-2010 together.

    Returns
    -------
    numpy.ndarray
        Per person-year: one row per row of `people`, one column per year 2001-2010.
    """
    keys = ["sex", "age_from", *(["year"] if trend else [])]
    sums = population[population["year"].isin(YEARS)].groupby(keys)[["deaths", "person_years"]].sum()
    rates = (sums["deaths"] / sums["person_years"]).rename("rate").reset_index()
    wanted = pd.DataFrame(
        {
            "sex": np.repeat(people["sex"].to_numpy(), len(YEARS)),
            "age_from": _age_band(people).ravel(),
            "year": np.tile(YEARS, len(people)),
        }
    )
    matched = wanted.merge(rates, on=keys, how="left", validate="many_to_one")["rate"]
    return np.asarray(matched.to_numpy(dtype=float)).reshape(len(people), len(YEARS))


def scenario_rates(
    scenario: Scenario, cohort: pd.DataFrame, population: pd.DataFrame, *, mortality_ratio: float = 0.0
) -> FloatArray:
    """Death rates in a scenario for people of mean frailty: national rates times a ratio that never changes.

    Parameters
    ----------
    scenario
        From `scenarios`.
    cohort
        Data set `rotterdam_cohort`.
    population
        Data set `nl_deaths_person_years`.
    mortality_ratio
        The ratio for both sexes; 0 takes the published ratios of women and men, both multiplied by the factor with
        which the scenario, before any effect, leads to as many deaths as were counted (see `factor_to_counted`).

    Returns
    -------
    numpy.ndarray
        Per person-year: one row per row of `entry`, one column per year.
    """
    people = entry(cohort)
    national = national_rates(people, population, trend=scenario.trend)
    if mortality_ratio:
        rates = mortality_ratio * national
    else:
        rates = people["sex"].map(published_ratios(cohort)).to_numpy(dtype=float)[:, None] * national
        rates = rates * factor_to_counted(cohort, rates, frailty_variance=scenario.frailty_variance)
    return np.asarray(rates * np.where(LATE, 1 - scenario.effect, 1.0))


def factor_to_counted(cohort: pd.DataFrame, rates: FloatArray, *, frailty_variance: float = 0.0) -> float:
    """The factor by which death rates must be multiplied to expect as many deaths as were counted.

    Parameters
    ----------
    cohort
        Data set `rotterdam_cohort`.
    rates
        Per person-year: one row per row of `entry`, one column per year.
    frailty_variance
        Variance of the gamma frailty at entry.

    Returns
    -------
    float
        The factor. It is not 1, because mortality in Rotterdam is above the national one, the ratio is not the same
        at all ages, and frailty lowers mortality as time goes by.
    """
    counted = of_cohort(cohort, "deaths", "total")

    def surplus(logarithm: float) -> float:
        deaths = expected(cohort, np.exp(logarithm) * rates, frailty_variance=frailty_variance)["deaths"]
        return float(deaths.sum()) - counted

    return float(np.exp(brentq(surplus, -5, 5, xtol=1e-6)))


def expected(cohort: pd.DataFrame, rates: FloatArray, *, frailty_variance: float = 0.0) -> pd.DataFrame:
    """What death rates lead one to expect of the whole cohort, without chance.

    Parameters
    ----------
    cohort
        Data set `rotterdam_cohort`.
    rates
        From `scenario_rates`.
    frailty_variance
        Variance of the gamma frailty at entry; 0 for none.

    Returns
    -------
    pandas.DataFrame
        One row per `year`: `deaths`, `person_years`, `rate` (crude, per person-year).
    """
    outcome = expected_closed_cohort(
        entry(cohort)["persons"], rates, WIDTHS, leaving=leaving_rate(cohort), frailty_variance=frailty_variance
    )
    deaths, time = outcome.deaths[0].sum(axis=0), outcome.person_years[0].sum(axis=0)
    return pd.DataFrame({"year": YEARS, "deaths": deaths, "person_years": time, "rate": deaths / time})


def expected_rises(
    cohort: pd.DataFrame, population: pd.DataFrame, chosen: Sequence[Scenario], *, mortality_ratio: float = 0.0
) -> dict[str, float]:
    """Relative change of the expected crude death rate from 2002, the first full year, to 2010.

    Parameters
    ----------
    cohort
        Data set `rotterdam_cohort`.
    population
        Data set `nl_deaths_person_years`.
    chosen
        From `scenarios`.
    mortality_ratio
        As in `scenario_rates`.

    Returns
    -------
    dict
        Name of the scenario to change; 0.5 is a rise by half.
    """
    rises = {}
    for scenario in chosen:
        rates = scenario_rates(scenario, cohort, population, mortality_ratio=mortality_ratio)
        course = expected(cohort, rates, frailty_variance=scenario.frailty_variance).set_index("year")["rate"]
        rises[scenario.name] = float(course[2010] / course[2002] - 1)
    return rises


def simulate(
    cohort: pd.DataFrame,
    population: pd.DataFrame,
    chosen: Sequence[Scenario],
    *,
    mortality_ratio: float = 0.0,
    simulations: int = 500,
    seed: int = 2006,
) -> dict[str, ClosedCohorts]:
    """Cohorts with the entry ages of Rotterdam, simulated in each scenario.

    Parameters
    ----------
    cohort
        Data set `rotterdam_cohort`.
    population
        Data set `nl_deaths_person_years`.
    chosen
        From `scenarios`.
    mortality_ratio
        As in `scenario_rates`.
    simulations
        Cohorts per scenario, at least 1.
    seed
        Start of the random numbers, 0 or more; each scenario has its own.

    Returns
    -------
    dict
        Name of the scenario to its cohorts. Simulation, not data.
    """
    persons, leaving = entry(cohort)["persons"], leaving_rate(cohort)
    return {
        scenario.name: simulate_closed_cohorts(
            persons,
            scenario_rates(scenario, cohort, population, mortality_ratio=mortality_ratio),
            WIDTHS,
            leaving=leaving,
            frailty_variance=scenario.frailty_variance,
            simulations=simulations,
            seed=seed + 1_000_003 * place,
        )
        for place, scenario in enumerate(chosen)
    }


def outcomes(
    cohort: pd.DataFrame, simulated: Mapping[str, ClosedCohorts], *, level: float = PRINTED_LEVEL
) -> pd.DataFrame:
    """Mortality in 2006-2010 over that in 2001-2005 in simulated cohorts, and how often it looks like a change.

    Parameters
    ----------
    cohort
        Data set `rotterdam_cohort`.
    simulated
        From `simulate`.
    level
        Coverage of each cohort's interval, and of the range over cohorts.

    Returns
    -------
    pandas.DataFrame
        One row per `scenario`: `cohorts`, `deaths` (mean), `crude_estimate`, `crude_lower` and `crude_upper` (median
        and range of the crude ratio), `shown_lower` and `shown_higher` (share of cohorts whose age-adjusted interval
        lies wholly below or above 1) and the estimate columns of the age-adjusted ratio: its median and the range
        that holds `level` of the cohorts. A cohort without deaths in a period shows nothing and is not in the range.
    """
    rows = [
        {
            "scenario": scenario,
            "cohorts": len(cohorts.deaths),
            "deaths": float(cohorts.deaths.sum(axis=(1, 2)).mean()),
            **_outcome(cohort, cohorts, level),
        }
        for scenario, cohorts in simulated.items()
    ]
    table = pd.DataFrame(rows)
    return with_estimates(
        table.drop(columns=["estimate", "lower", "upper"]),
        measure="rate_ratio",
        estimate=table["estimate"],
        lower=table["lower"],
        upper=table["upper"],
        level=level,
        unit="ratio",
        method="median and percentiles of simulated cohorts, Mantel-Haenszel over attained age and sex",
        note="simulation",
    )


def adjusted(cohort: pd.DataFrame, cohorts: ClosedCohorts) -> tuple[FloatArray, FloatArray]:
    """Rate ratio of 2006-2010 against 2001-2005 of each simulated cohort, at the same attained age and sex.

    Parameters
    ----------
    cohort
        Data set `rotterdam_cohort`.
    cohorts
        Simulated cohorts.

    Returns
    -------
    tuple of numpy.ndarray
        Ratio and standard error of its logarithm, per cohort; missing where a period has no deaths.
    """
    people = entry(cohort)
    stratum = 2 * _age_band(people) + people["sex"].eq("male").to_numpy(dtype=int)[:, None]
    strata = np.unique(stratum)
    sides = []
    for when in (LATE, ~LATE):
        belongs = (stratum[:, when].reshape(-1, 1) == strata).astype(float)
        for array in (cohorts.deaths, cohorts.person_years):
            sides.append(array[:, :, when].reshape(len(array), -1) @ belongs)
    return mantel_haenszel_rate_ratios(*sides)


def yearly_rates(simulated: Mapping[str, ClosedCohorts], *, level: float = PRINTED_LEVEL) -> pd.DataFrame:
    """Crude death rate by year in simulated cohorts: median and the range that holds most of them.

    Parameters
    ----------
    simulated
        From `simulate`.
    level
        Share of the cohorts within the range.

    Returns
    -------
    pandas.DataFrame
        One row per `scenario` and `year`: `estimate`, `lower`, `upper`, per person-year.
    """
    rows = []
    for scenario, cohorts in simulated.items():
        rates = cohorts.deaths.sum(axis=1) / cohorts.person_years.sum(axis=1)
        for place, year in enumerate(YEARS):
            rows.append({"scenario": scenario, "year": year, **_range(rates[:, place], level)})
    return pd.DataFrame(rows)


def _outcome(cohort: pd.DataFrame, cohorts: ClosedCohorts, level: float) -> dict[str, float]:
    ratio, error = adjusted(cohort, cohorts)
    lower, upper = log_interval(ratio, error, level)
    crude = {f"crude_{name}": value for name, value in _range(_crude(cohorts), level).items()}
    shown = {"shown_lower": float(np.mean(upper < 1)), "shown_higher": float(np.mean(lower > 1))}
    return crude | shown | _range(ratio, level)


def _crude(cohorts: ClosedCohorts) -> FloatArray:
    late, early = (
        cohorts.deaths[:, :, when].sum(axis=(1, 2)) / cohorts.person_years[:, :, when].sum(axis=(1, 2))
        for when in (LATE, ~LATE)
    )
    known = (late > 0) & (early > 0)
    return np.where(known, late / np.where(known, early, 1.0), np.nan)


def _range(values: FloatArray, level: float) -> dict[str, float]:
    """Median and percentiles over simulated cohorts."""
    shares = [0.5, (1 - level) / 2, (1 + level) / 2]
    return dict(zip(("estimate", "lower", "upper"), np.quantile(values[np.isfinite(values)], shares), strict=True))


def _age_band(people: pd.DataFrame) -> FloatArray:
    """First age of the band that people reach on average in each year, as they enter half-way through 2001."""
    reached = people["age"].to_numpy()[:, None] + (YEARS - YEARS[0])
    return np.asarray(5 * (np.minimum(reached, OLDEST_BAND) // 5))


def _whole(exact: FloatArray) -> FloatArray:
    """Whole numbers with the same total: the largest remainders are rounded up."""
    floor = np.floor(exact)
    short = round(float(exact.sum() - floor.sum()))
    floor[np.argsort(floor - exact, kind="stable")[:short]] += 1
    return floor
