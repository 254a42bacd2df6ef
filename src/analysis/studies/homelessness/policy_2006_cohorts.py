"""Cohorts like that of Rotterdam, 2001-2010: what before and after lead one to expect, without chance."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from analysis.measures.cohorts.closed_cohort import (
    ClosedCohorts,
    expected_closed_cohort,
    mantel_haenszel_rate_ratios,
)
from analysis.measures.shared.checks import FloatArray
from analysis.studies.homelessness.policy_2006_setting import YEARS, Age, Setting, age_bands, national_rates

LATE = YEARS >= 2006
WIDTHS = np.array([0.5, *[1.0] * 9])
"""Years of follow-up per calendar year: people entered in the course of 2001, here all of them half-way."""


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


AGEING = Scenario("ageing")


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
        AGEING,
        Scenario("national", trend=True),
        Scenario("frailty", trend=True, frailty_variance=frailty_variance),
        Scenario("effect", effect=effect),
    )


def scenario_rates(scenario: Scenario, base: Setting) -> FloatArray:
    """Death rates in a scenario for people of mean frailty: national rates times a ratio that does not change in time.

    Parameters
    ----------
    scenario
        From `scenarios`.
    base
        From `setting`.

    Returns
    -------
    numpy.ndarray
        Per person-year: one row per row of `people`, one column per year.
    """
    rates = base.ratios * national_rates(base.people, base.population, trend=scenario.trend)
    if base.deaths is not None:
        rates = rates * _factor_to(base.deaths, rates, base, scenario.frailty_variance)
    return np.asarray(rates * np.where(LATE, 1 - scenario.effect, 1.0))


def expected(scenario: Scenario, base: Setting) -> ClosedCohorts:
    """What a scenario leads one to expect of the cohort, without chance.

    Parameters
    ----------
    scenario
        From `scenarios`.
    base
        From `setting`.

    Returns
    -------
    ClosedCohorts
        One cohort: expected deaths and person-years by row of `people` and year.
    """
    return _expected(scenario_rates(scenario, base), base, scenario.frailty_variance)


def expected_rises(chosen: Sequence[Scenario], base: Setting) -> dict[str, float]:
    """Relative change of the expected crude death rate from 2002, the first full year, to 2010.

    Parameters
    ----------
    chosen
        From `scenarios`.
    base
        From `setting`.

    Returns
    -------
    dict
        Name of the scenario to change; 0.5 is a rise by half.
    """
    rises = {}
    for scenario in chosen:
        cohorts = expected(scenario, base)
        rates = cohorts.deaths[0].sum(axis=0) / cohorts.person_years[0].sum(axis=0)
        rises[scenario.name] = float(rates[-1] / rates[1] - 1)
    return rises


def expected_ratio(scenario: Scenario, base: Setting, *, age: Age = "attained", width: int = 5) -> float:
    """Expected mortality in 2006-2010 over that in 2001-2005, at the same age and sex, without chance.

    Parameters
    ----------
    scenario
        From `scenarios`.
    base
        From `setting`.
    age
        Which age is the same in both periods: ``attained`` in each year, or that at ``entry``.
    width
        Years per age group, whole.

    Returns
    -------
    float
        Ratio by Mantel and Haenszel. With age at entry the years that people grow older count as a change.
    """
    return float(adjusted(base, expected(scenario, base), age=age, width=width)[0][0])


def adjusted(
    base: Setting, cohorts: ClosedCohorts, *, age: Age = "attained", width: int = 5
) -> tuple[FloatArray, FloatArray]:
    """Rate ratio of 2006-2010 against 2001-2005 of each cohort, at the same age and sex.

    Parameters
    ----------
    base
        From `setting`.
    cohorts
        Expected or simulated cohorts.
    age
        ``attained`` or ``entry``.
    width
        Years per age group, whole.

    Returns
    -------
    tuple of numpy.ndarray
        Ratio and standard error of its logarithm, per cohort; missing where a period has no deaths.

    Raises
    ------
    MethodError
        When `age` is neither of the two.
    """
    male = base.people["sex"].eq("male").to_numpy(dtype=int)
    stratum = 2 * age_bands(base.people, age, width) + male[:, None]
    strata = np.unique(stratum)
    sides = []
    for when in (LATE, ~LATE):
        belongs = (stratum[:, when].reshape(-1, 1) == strata).astype(float)
        for array in (cohorts.deaths, cohorts.person_years):
            sides.append(array[:, :, when].reshape(len(array), -1) @ belongs)
    return mantel_haenszel_rate_ratios(*sides)


def _factor_to(deaths: float, rates: FloatArray, base: Setting, frailty_variance: float) -> float:
    """The factor by which death rates must be multiplied to expect this number of deaths."""

    def surplus(logarithm: float) -> float:
        return float(_expected(np.exp(logarithm) * rates, base, frailty_variance).deaths.sum()) - deaths

    return float(np.exp(brentq(surplus, -5, 5, xtol=1e-6)))


def _expected(rates: FloatArray, base: Setting, frailty_variance: float) -> ClosedCohorts:
    persons = base.people["persons"]
    return expected_closed_cohort(persons, rates, WIDTHS, leaving=base.leaving, frailty_variance=frailty_variance)
