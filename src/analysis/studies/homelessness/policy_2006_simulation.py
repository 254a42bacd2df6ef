"""Simulated cohorts like that of Rotterdam, 2001-2010: how often before and after look like a change by chance."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.errors import DataError
from analysis.estimates import with_estimates
from analysis.measures.cohorts.closed_cohort import ClosedCohorts, simulate_closed_cohorts
from analysis.measures.shared.checks import FloatArray
from analysis.measures.shared.levels import PRINTED_LEVEL
from analysis.measures.shared.ratios import log_interval
from analysis.studies.homelessness.policy_2006_cohorts import (
    LATE,
    WIDTHS,
    Scenario,
    adjusted,
    expected,
    scenario_rates,
)
from analysis.studies.homelessness.policy_2006_setting import YEARS, Setting


def simulate(
    chosen: Sequence[Scenario], base: Setting, *, simulations: int = 5000, seed: int = 2006
) -> dict[str, pd.DataFrame]:
    """What each simulated cohort shows, in each scenario.

    Parameters
    ----------
    chosen
        From `scenarios`.
    base
        From `setting`.
    simulations
        Cohorts per scenario, at least 1.
    seed
        Start of the random numbers, 0 or more; each scenario has its own.

    Returns
    -------
    dict
        Name of the scenario to a table with one row per cohort: `deaths`, `crude` (rate ratio of 2006-2010 against
        2001-2005), `adjusted` (at the same attained age and sex), `standard_error` of its logarithm, and the crude
        death rate per person-year in each year (columns 2001 to 2010). Ratios are missing where a period has no
        deaths. Simulation, not data.
    """
    return {
        scenario.name: _shown(
            base,
            simulate_closed_cohorts(
                base.people["persons"],
                scenario_rates(scenario, base),
                WIDTHS,
                leaving=base.leaving,
                frailty_variance=scenario.frailty_variance,
                simulations=simulations,
                seed=seed + 1_000_003 * place,
            ),
        )
        for place, scenario in enumerate(chosen)
    }


def outcomes(
    chosen: Sequence[Scenario],
    base: Setting,
    simulated: dict[str, pd.DataFrame],
    *,
    found: float,
    level: float = PRINTED_LEVEL,
) -> pd.DataFrame:
    """Mortality in 2006-2010 over that in 2001-2005 by scenario: expected, and how often it looks like a change.

    Parameters
    ----------
    chosen
        From `scenarios`.
    base
        From `setting`.
    simulated
        From `simulate`.
    found
        The ratio that the study found, to compare with.
    level
        Coverage of each cohort's interval, and of the range over cohorts.

    Returns
    -------
    pandas.DataFrame
        One row per `scenario`: `cohorts`, `deaths` (mean), `expected` and `crude_expected` (ratio at the same age and
        crude ratio, without chance), `crude_lower` and `crude_upper` (range of the crude ratio), `shown_lower` and
        `shown_higher` (share of cohorts whose age-adjusted interval lies wholly below or above 1), `as_found` (share
        whose age-adjusted ratio is `found` or more) and the estimate columns of the age-adjusted ratio: its median and
        the range that holds `level` of the cohorts. A cohort without deaths in a period shows nothing and is not in
        the range.

    Raises
    ------
    DataError
        When no cohort of a scenario has deaths in both periods.
    """
    table = pd.DataFrame([_outcome(one, base, simulated[one.name], found, level) for one in chosen])
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


def yearly_rates(simulated: dict[str, pd.DataFrame], *, level: float = PRINTED_LEVEL) -> pd.DataFrame:
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
    return pd.DataFrame(
        [
            {"scenario": scenario, "year": year, **_range(cohorts[year].to_numpy(), level)}
            for scenario, cohorts in simulated.items()
            for year in YEARS
        ]
    )


def _shown(base: Setting, cohorts: ClosedCohorts) -> pd.DataFrame:
    ratio, error = adjusted(base, cohorts)
    deaths = cohorts.deaths.sum(axis=1)
    rates = pd.DataFrame(deaths / cohorts.person_years.sum(axis=1), columns=YEARS)
    totals = {"deaths": deaths.sum(axis=1), "crude": _crude(cohorts), "adjusted": ratio, "standard_error": error}
    return pd.concat([pd.DataFrame(totals), rates], axis=1)


def _outcome(
    scenario: Scenario, base: Setting, cohorts: pd.DataFrame, found: float, level: float
) -> dict[str, str | float]:
    if cohorts["adjusted"].isna().all():
        raise DataError(
            f"None of {len(cohorts)} cohorts of the scenario {scenario.name!r} has deaths in both periods. "
            "Take a larger ratio to national death rates, or more simulations."
        )
    lower, upper = log_interval(cohorts["adjusted"], cohorts["standard_error"], level)
    crude = _range(cohorts["crude"].to_numpy(), level)
    without_chance = expected(scenario, base)
    return {
        "scenario": scenario.name,
        "cohorts": len(cohorts),
        "deaths": float(cohorts["deaths"].mean()),
        "expected": float(adjusted(base, without_chance)[0][0]),
        "crude_expected": float(_crude(without_chance)[0]),
        "crude_lower": crude["lower"],
        "crude_upper": crude["upper"],
        "shown_lower": float(np.mean(upper < 1)),
        "shown_higher": float(np.mean(lower > 1)),
        "as_found": float(np.mean(cohorts["adjusted"] >= found)),
        **_range(cohorts["adjusted"].to_numpy(), level),
    }


def _crude(cohorts: ClosedCohorts) -> FloatArray:
    late, early = (
        cohorts.deaths[:, :, when].sum(axis=(1, 2)) / cohorts.person_years[:, :, when].sum(axis=(1, 2))
        for when in (LATE, ~LATE)
    )
    known = (late > 0) & (early > 0)
    return np.where(known, late / np.where(known, early, 1.0), np.nan)


def _range(values: FloatArray, level: float) -> dict[str, float]:
    """Median and percentiles over the simulated cohorts that have a value."""
    shares = [0.5, (1 - level) / 2, (1 + level) / 2]
    return dict(zip(("estimate", "lower", "upper"), np.quantile(values[np.isfinite(values)], shares), strict=True))
