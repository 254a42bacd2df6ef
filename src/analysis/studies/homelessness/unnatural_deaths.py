"""Scenario of the topic on causes of death: years of life won if nobody in the cohort died of an unnatural cause."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from analysis.errors import MethodError
from analysis.estimates import pick, with_estimates
from analysis.measures.effects.proportions import proportion_interval
from analysis.measures.life_tables.causes import cause_deleted_life_expectancy
from analysis.measures.shared.checks import FloatArray, require_numbers


def years_without_unnatural_deaths(
    reconstruction: pd.DataFrame, *, deaths: float, share: float = 0.26, at: float = 20, level: float = 0.95
) -> pd.DataFrame:
    """Scenario: years of life won if nobody died of an unnatural cause, for three patterns over age.

    Parameters
    ----------
    reconstruction
        Data set `rotterdam_reconstruction`: `sex`, `age_from`, `age_to` (exclusive, empty for the last), `deaths` and
        `person_years` of the cohort. Reconstructed, not published.
    deaths
        Deaths with a known cause, on which the share rests.
    share
        Unnatural deaths among all deaths from age `at` on, between 0 and 1; the same for women and men.
    at
        Age from which on life is counted, in years.
    level
        Coverage of the interval of the share.

    Returns
    -------
    pandas.DataFrame
        Per `sex` and `pattern` one row: `share`, `share_lower`, `share_upper` (Wilson), `life_expectancy`,
        `life_expectancy_without` (years) and the estimate columns, with `measure` "years_gained". Patterns: "equal
        share" (the share at every age), "equal rate" (as many per person-year at every age, as far as there are
        deaths) and "youngest first" (all early deaths unnatural until the share is used up).

    Raises
    ------
    MethodError
        When the share is not between 0 and 1.

    Notes
    -----
    Interpretation: the limits are the years won with the share at its limits. The reconstruction is taken as it is: its
    deaths were not counted, so that an interval from their number would have no meaning.
    """
    if not 0 < share < 1:
        raise MethodError(f"The share of unnatural deaths is {share}; it must lie between 0 and 1, such as 0.26.")
    lower, upper = (float(limit) for limit in proportion_interval(share * deaths, deaths, level))
    least, middle, most = (_years_won(reconstruction, one, at) for one in (lower, share, upper))
    kept = ["sex", "pattern", "life_expectancy", "life_expectancy_without"]
    return with_estimates(
        middle[kept].assign(share=share, share_lower=lower, share_upper=upper),
        measure="years_gained",
        estimate=middle["estimate"],
        lower=least["estimate"],
        upper=most["estimate"],
        level=level,
        unit="years",
        method="cause-deleted life table (Chiang), the share at its Wilson limits",
        note="scenario on a reconstruction: the ages of unnatural deaths are not in the sources used",
    )


def _years_won(reconstruction: pd.DataFrame, share: float, at: float) -> pd.DataFrame:
    checked = require_numbers(reconstruction, ["age_from", "deaths", "person_years"], minimum=0)
    lived = checked[checked["age_from"] >= at].sort_values(["sex", "age_from"], ignore_index=True)
    split = [
        _by_cause(rows, divide(rows, share)).assign(sex=sex, pattern=pattern)
        for sex, rows in lived.groupby("sex")
        for pattern, divide in PATTERNS.items()
    ]
    gained = cause_deleted_life_expectancy(pd.concat(split), by=["sex", "pattern"], at=at)
    return gained[gained["cause"] == "unnatural"].reset_index(drop=True)


def published_gaps(cohort: pd.DataFrame, *, at: float = 20) -> dict[str, float]:
    """Published years of life that homeless women and men lose from an age on.

    Parameters
    ----------
    cohort
        Data set `rotterdam_cohort`.
    at
        Age, 20 or 30 years.

    Returns
    -------
    dict
        Years lost, above 0, by sex.
    """
    gaps = cohort[(cohort["measure"] == "life_expectancy_gap") & (cohort["age_from"] == at)]
    against = gaps[gaps["comparator"] == "general population Rotterdam"]
    return {sex: -float(pick(against, sex=sex)["value"]) for sex in ("female", "male")}


def _by_cause(rows: pd.DataFrame, unnatural: FloatArray) -> pd.DataFrame:
    bands = rows[["age_from", "age_to", "person_years"]]
    other = np.maximum(rows["deaths"].to_numpy(dtype=float) - unnatural, 0.0)
    return pd.concat([bands.assign(cause="unnatural", deaths=unnatural), bands.assign(cause="other", deaths=other)])


def _equal_share(rows: pd.DataFrame, share: float) -> FloatArray:
    return np.asarray(share * rows["deaths"].to_numpy(dtype=float))


def _equal_rate(rows: pd.DataFrame, share: float) -> FloatArray:
    """One rate at all ages, never more than all deaths of an age; the total is piecewise linear in that rate."""
    deaths, time = (rows[name].to_numpy(dtype=float) for name in ("deaths", "person_years"))
    rates = np.concatenate([[0.0], np.sort(deaths / time)])
    totals = np.minimum(deaths, rates[:, None] * time).sum(axis=1)
    return np.asarray(np.minimum(deaths, np.interp(share * deaths.sum(), totals, rates) * time))


def _youngest_first(rows: pd.DataFrame, share: float) -> FloatArray:
    deaths = rows["deaths"].to_numpy(dtype=float)
    left = share * deaths.sum() - (deaths.cumsum() - deaths)
    return np.asarray(np.clip(left, 0.0, deaths))


PATTERNS: dict[str, Callable[[pd.DataFrame, float], FloatArray]] = {
    "equal share": _equal_share,
    "equal rate": _equal_rate,
    "youngest first": _youngest_first,
}
"""Ways to spread the unnatural deaths over ages, from age `at` on."""
