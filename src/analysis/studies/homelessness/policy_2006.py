"""Did the Action Plan of 2006 lower mortality? What the published periods show, and how large an effect had to be."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.optimize import brentq, minimize_scalar
from scipy.stats import chi2

from analysis.claims import Verdict
from analysis.errors import DataError
from analysis.estimates import pick, with_estimates
from analysis.measures.audits import audit_intervals, geometric_centre, implied_events
from analysis.measures.rates.power import minimal_detectable_rate_ratio, power_of_rate_ratio
from analysis.measures.shared.checks import normal_quantile
from analysis.measures.shared.levels import PRINTED_LEVEL
from analysis.measures.shared.ratios import log_interval, standard_error_from_interval

COHORT = "rotterdam_18plus"
P_IN_TEXT = 0.07
"""P-value of the three periods in the running text of the source, on the page of the table that has 0.71."""
SERIES = {"same cohort, 2001-2005": "halves", "same cohort, 2001-2002": "three", "same cohort, 2001": "years"}


def published(periods: pd.DataFrame, *, level: float = PRINTED_LEVEL) -> pd.DataFrame:
    """The twelve published rate ratios between periods, with their intervals at the level asked for.

    Parameters
    ----------
    periods
        Data set `rotterdam_periods`.
    level
        Coverage of the intervals, between 0 and 1; 0.95 gives them as printed.

    Returns
    -------
    pandas.DataFrame
        Per ratio: `series` ("halves", "three", "years": what it is compared within), `period`, `p_printed` (of the
        whole series, except in "halves"), `centre` (middle of the interval on the log scale) and the estimate columns
        with the printed estimate. An estimate that lies off the middle has a `note`.
    """
    rows = periods[periods["measure"].eq("rate_ratio")].reset_index(drop=True)
    centre = geometric_centre(rows["lower"], rows["upper"])
    lower, upper = rows["lower"].to_numpy(), rows["upper"].to_numpy()
    if level != PRINTED_LEVEL:
        lower, upper = log_interval(centre, standard_error_from_interval(lower, upper, PRINTED_LEVEL), level)
    return with_estimates(
        pd.DataFrame(
            {
                "series": rows["comparator"].map(SERIES),
                "period": rows["period"],
                "p_printed": rows["p_value"],
                "centre": centre,
            }
        ),
        measure="rate_ratio",
        estimate=rows["value"],
        lower=lower,
        upper=upper,
        level=level,
        unit="ratio",
        method="published, Poisson regression adjusted for age and sex",
        note=[str(flag) for flag in rows["flag"].fillna("")],
    )


def change(periods: pd.DataFrame, *, level: float = PRINTED_LEVEL) -> pd.DataFrame:
    """Mortality in 2006-2010 over that in 2001-2005, with the estimate in the middle of the published interval.

    Parameters
    ----------
    periods
        Data set `rotterdam_periods`.
    level
        Coverage of the interval.

    Returns
    -------
    pandas.DataFrame
        One row: `printed` (the estimate as printed), `deaths_each` (deaths in each half that the interval implies, if
        equal) and the estimate columns. The printed estimate is a misprint: it lies off the middle and contradicts its
        own p-value.
    """
    row = pick(published(periods), series="halves")
    error = standard_error_from_interval(row["lower"], row["upper"], PRINTED_LEVEL)
    lower, upper = log_interval(row["centre"], error, level)
    each = 2 * float(implied_events(row["lower"], row["upper"], PRINTED_LEVEL))
    return with_estimates(
        pd.DataFrame({"printed": [row["estimate"]], "deaths_each": [each]}),
        measure="rate_ratio",
        estimate=row["centre"],
        lower=lower,
        upper=upper,
        level=level,
        unit="ratio",
        method="middle of the published interval on the log scale",
        note="the printed estimate is off the middle of its interval",
    )


def audit(periods: pd.DataFrame) -> pd.DataFrame:
    """Every published ratio against its own interval and, where it has one, its own p-value.

    Parameters
    ----------
    periods
        Data set `rotterdam_periods`.

    Returns
    -------
    pandas.DataFrame
        One row per ratio: `series`, `period` and what `audit_intervals` adds (`geometric_centre`, `p_value_implied`,
        `p_value_of_centre`, `finding`, ...). P-values of a whole series are left out here; see `joint_tests`.
    """
    table = published(periods)
    own = table["p_printed"].where(table["series"] == "halves")
    rows = table[["series", "period", "estimate", "lower", "upper"]].assign(p_value=own)
    return audit_intervals(rows, level=PRINTED_LEVEL, decimals=2)


def implied_deaths(ratios: pd.DataFrame, total: float) -> pd.DataFrame:
    """Deaths per period that a series of ratios to one reference period implies, given their total.

    Parameters
    ----------
    ratios
        Ratios of one series: `period`, `lower`, `upper` (95 percent, above 0).
    total
        Deaths of all periods together, the reference included.

    Returns
    -------
    pandas.DataFrame
        One row per period, the reference first with `period` "reference": `deaths`. Inferred, not counted.

    Raises
    ------
    DataError
        When no division of the deaths fits the intervals.

    Notes
    -----
    A ratio of two Poisson rates has the variance 1/d + 1/r on the log scale, so each interval gives d once r, the
    deaths of the reference, is known; r follows from the total. Of the two solutions the one with the smaller reference
    is taken: the other leaves so few deaths in all other periods that ratios near 1 could not arise. Adjustment for age
    and sex widens intervals a little, so that the numbers are approximate.
    """
    variance = standard_error_from_interval(ratios["lower"], ratios["upper"], PRINTED_LEVEL) ** 2

    def surplus(reference: float) -> float:
        return reference + float(np.sum(1 / (variance - 1 / reference))) - total

    least = float(1 / variance.min()) * (1 + 1e-9)
    lowest = minimize_scalar(surplus, bounds=(least, 10 * least), method="bounded")
    if surplus(lowest.x) > 0:
        raise DataError(f"No division of {total:g} deaths fits these intervals. Check the total and the intervals.")
    reference = float(brentq(surplus, least, lowest.x))
    deaths = [reference, *(1 / (variance - 1 / reference))]
    return pd.DataFrame({"period": ["reference", *ratios["period"]], "deaths": deaths})


def joint_tests(periods: pd.DataFrame, cohort: pd.DataFrame) -> pd.DataFrame:
    """Whether mortality differs between the periods of a series at all, recomputed from its ratios and intervals.

    Parameters
    ----------
    periods
        Data set `rotterdam_periods`.
    cohort
        Data set `rotterdam_cohort`, for the total of deaths.

    Returns
    -------
    pandas.DataFrame
        Two rows (`series` "three", "years"): `p_printed` (in the table of the source), `p_value` (recomputed),
        `statistic`, `freedom` and `reference_deaths` (inferred).

    Notes
    -----
    Chi-squared test of equal rates: the logarithms of the ratios, 0 for the reference, around their mean, weighted by
    the inferred deaths. Approximate, because those deaths are inferred and adjustment is ignored.
    """
    total = of_cohort(cohort, "deaths", "total")
    table = published(periods)
    rows = []
    for series in ("three", "years"):
        ratios = table[table["series"] == series]
        deaths = implied_deaths(ratios, total)["deaths"].to_numpy()
        logs = np.array([0.0, *np.log(ratios["estimate"])])
        statistic = float(np.sum(deaths * (logs - np.average(logs, weights=deaths)) ** 2))
        freedom = len(ratios)
        row = {"series": series, "p_printed": ratios["p_printed"].iloc[0], "p_value": chi2.sf(statistic, freedom)}
        rows.append(row | {"statistic": statistic, "freedom": freedom, "reference_deaths": deaths[0]})
    return pd.DataFrame(rows)


def detectable(found: Mapping[str, Any], *, power: float = 0.8, level: float = PRINTED_LEVEL) -> pd.DataFrame:
    """The smallest change in either direction that a cohort of this size would show with the power asked for.

    Parameters
    ----------
    found
        The row of `change`.
    power
        Chance to find the change if it is there, between 0 and 1.
    level
        Coverage of the interval that has to exclude 1.

    Returns
    -------
    pandas.DataFrame
        Two rows (`direction` "decrease", "increase"), from `minimal_detectable_rate_ratio`, with `change`: the relative
        change, for example -0.3.
    """
    rows = [
        minimal_detectable_rate_ratio(events=found["deaths_each"], power=power, direction=direction, level=level)
        for direction in ("decrease", "increase")
    ]
    table = pd.concat(rows, ignore_index=True)
    return table.assign(change=table["rate_ratio"] - 1)


def power_of_reductions(
    found: Mapping[str, Any], reductions: ArrayLike, *, level: float = PRINTED_LEVEL
) -> pd.DataFrame:
    """Chance that a cohort of this size shows a reduction of mortality, if it is there.

    Parameters
    ----------
    found
        The row of `change`.
    reductions
        True relative reductions, from 0 to below 1.
    level
        Coverage of the interval that has to exclude 1.

    Returns
    -------
    pandas.DataFrame
        One row per reduction: `reduction`, `power` and `deaths_fewer`, what it would save in five years.
    """
    reduction = np.atleast_1d(np.asarray(reductions, dtype=float))
    power = power_of_rate_ratio(1 - reduction, events=found["deaths_each"], level=level)["power"]
    return pd.DataFrame({"reduction": reduction, "power": power, "deaths_fewer": reduction * found["deaths_each"]})


def needed_deaths(effect: float, *, power: float = 0.8, level: float = PRINTED_LEVEL) -> float:
    """Deaths in the earlier period that would show a reduction of this size with the power asked for.

    Parameters
    ----------
    effect
        Relative reduction, between 0 and 1.
    power
        Chance to find it, between 0 and 1.
    level
        Coverage of the interval that has to exclude 1.

    Returns
    -------
    float
        Deaths, with as many person-years in both periods; a normal approximation on the log scale.
    """
    z = normal_quantile(level) + normal_quantile(2 * power - 1)
    return float((1 + 1 / (1 - effect)) * (z / np.log(1 - effect)) ** 2)


def equivalence(found: Mapping[str, Any], effect: float) -> dict[str, Any]:
    """The interval that a test of equivalence would use, and whether it excludes a change that matters.

    Parameters
    ----------
    found
        The row of `change`, at any level.
    effect
        Relative reduction that would matter, between 0 and 1.

    Returns
    -------
    dict
        `estimate`, `lower`, `upper`, `level` (0.90: two one-sided tests at 0.05 each) and `excludes`: whether the
        interval excludes both the reduction and an increase by the inverse factor.
    """
    level = 2 * PRINTED_LEVEL - 1
    lower, upper = _interval_at(found, level)
    return {
        "estimate": found["estimate"],
        "lower": lower,
        "upper": upper,
        "level": level,
        "excludes": lower > 1 - effect and upper < 1 / (1 - effect),
    }


def verdict_on_influence(found: Mapping[str, Any], effect: float) -> Verdict:
    """Verdict on "no influence on mortality": that needs an interval without 1-effect and its mirror image.

    Parameters
    ----------
    found
        The row of `change`, at any level.
    effect
        Relative reduction that would matter, between 0 and 1.

    Returns
    -------
    str
        ``contradicted`` when the interval lies on one side of 1, ``consistent`` when it excludes both the reduction and
        an increase by the inverse factor, else ``corrected``: no change was shown, but none was excluded either.

    Notes
    -----
    The verdict rests on the 95 percent interval, whatever the level shown, so that a choice of presentation does not
    change it. A test of equivalence would use the narrower 90 percent interval (see `equivalence`). For the published
    interval and an effect of 20 percent that decides: 0.79-1.28 includes both changes, 0.82-1.23 excludes both. The
    wider one is kept, because it is the one that the source gives and that the claim was read from; say so beside it.
    """
    lower, upper = _interval_at(found, PRINTED_LEVEL)
    if lower > 1 or upper < 1:
        return "contradicted"
    excluded = lower > 1 - effect and upper < 1 / (1 - effect)
    return "consistent" if excluded else "corrected"


def _interval_at(found: Mapping[str, Any], level: float) -> tuple[float, float]:
    error = standard_error_from_interval(found["lower"], found["upper"], found["level"])
    lower, upper = log_interval(found["estimate"], error, level)
    return float(lower), float(upper)


def of_cohort(cohort: pd.DataFrame, measure: str, sex: str) -> float:
    """A count of the whole cohort of 18 years and over.

    Parameters
    ----------
    cohort
        Data set `rotterdam_cohort`.
    measure
        ``persons``, ``deaths`` or ``person_years``.
    sex
        ``female``, ``male`` or ``total``.

    Returns
    -------
    float
        As published.
    """
    rows = cohort[(cohort["cohort"] == COHORT) & (cohort["age_from"] == 18) & cohort["age_to"].isna()]
    return float(pick(rows, measure=measure, sex=sex)["value"])
