"""Years of life lost: deaths times the years that were still expected, or that remained to an age limit."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.errors import MethodError
from analysis.estimates import with_estimates
from analysis.measures.rates.crude import check_events_and_time
from analysis.measures.rates.weighted_poisson import WEIGHTED_METHODS, WeightedSum, weighted_poisson_interval
from analysis.measures.shared import notes
from analysis.measures.shared.checks import FloatArray, require_columns, require_numbers
from analysis.measures.shared.levels import Levels, one_level, several_levels
from analysis.measures.shared.ratios import divide
from analysis.measures.shared.strata import group_positions, match_strata

Columns = str | Sequence[str]


def _age_at_death(table: pd.DataFrame, age: str | None, limit: float) -> FloatArray:
    """Age given in a column, or the middle of the band; an open band must start at or above the limit."""
    if age is not None:
        return require_numbers(table, [age], minimum=0)[age].to_numpy()
    low = require_numbers(table, ["age_from"], minimum=0)["age_from"].to_numpy()
    require_columns(table, ["age_to"])
    high = pd.to_numeric(table["age_to"]).fillna(np.inf).to_numpy(dtype=float)
    unknown = np.isinf(high) & (low < limit)
    if unknown.any():
        raise MethodError(
            f"The open band from age {low[unknown][0]:g} begins below the age limit of {limit:g}, so the years lost in "
            "it are unknown. Split it at the limit, or name a column with the mean age at death as `age`."
        )
    straddling = (low < limit) & (high > limit)
    if straddling.any():
        raise MethodError(
            f"The band from age {low[straddling][0]:g} to {high[straddling][0]:g} lies on both sides of the age limit "
            f"of {limit:g}. Split it at the limit, or choose the limit at a bound."
        )
    return np.where(np.isinf(high), limit, (low + np.where(np.isinf(high), low, high)) / 2)


def _years_per_death(
    table: pd.DataFrame, expected: pd.DataFrame | None, strata: Columns, age_limit: float | None, age: str | None
) -> tuple[FloatArray, str]:
    if age_limit is not None and expected is None:
        return np.maximum(age_limit - _age_at_death(table, age, age_limit), 0), f"up to age {age_limit:g}"
    if expected is None or age_limit is not None:
        raise MethodError("Give either a table of expected remaining years or an `age_limit`, and not both.")
    name = "the table of expected years"
    years = require_numbers(expected, ["expected_years"], minimum=0, name=name)["expected_years"].to_numpy()
    return years[match_strata(table, expected, strata, name=name)], "standard remaining life expectancy"


def _sums(weight: FloatArray, count: FloatArray, group: np.ndarray, size: int) -> WeightedSum:
    """Weighted counts added up per group, of any number of rows."""

    def add(values: FloatArray) -> FloatArray:
        return np.asarray(np.bincount(group, weights=values, minlength=size))

    largest = np.zeros(size)
    np.maximum.at(largest, group, weight)
    rows = add(np.ones(len(count)))
    return WeightedSum(
        add(weight * count), add(weight**2 * count), add(count), largest, add(weight) / rows, add(weight**2) / rows
    )


@several_levels
def years_of_life_lost(
    table: pd.DataFrame,
    expected: pd.DataFrame | None = None,
    *,
    strata: Columns = ("sex", "age_band"),
    by: Columns = (),
    events: str = "deaths",
    person_years: str | None = None,
    age_limit: float | None = None,
    age: str | None = None,
    level: Levels = 0.95,
    method: str = "dobson",
    poisson: str = "exact",
) -> pd.DataFrame:
    """Years lost to deaths, in total and, when person-years are given, per person-year.

    Parameters
    ----------
    table
        One row per stratum, and per group when `by` is given, with counts of deaths.
    expected
        One row per stratum: `expected_years`, the remaining years that a standard population has at that age.
    strata
        Columns that link a row to its expected years. Rows are matched by value, never by position.
    by
        Columns that define the groups to report; none gives one row.
    events
        Column with counts of deaths, 0 or more.
    person_years
        Column with years at risk; none gives totals only.
    age_limit
        Age up to which years count, instead of `expected`.
    age
        Column with the mean age at death of a row; by default the middle of `age_from` and `age_to`.
    level
        Coverage of the interval, between 0 and 1; several give the rows of each.
    method, poisson
        See `weighted_poisson_interval`.

    Returns
    -------
    pandas.DataFrame
        One row per group with `measure` "years_of_life_lost" in years and, when person-years are given, a second one
        with `measure` "years_of_life_lost_rate" per person-year: the group columns, deaths, person-years,
        `years_per_death` and the estimate columns.

    Raises
    ------
    DataError
        When a column is missing, numbers are impossible or a stratum has no expected years.
    MethodError
        When neither or both of `expected` and `age_limit` are given, or a band lies on both sides of the limit.

    Notes
    -----
    Interpretation: deaths at young ages count more. Years up to a limit ignore all deaths above it; years by a
    standard life table do not. No discounting, no weighting of ages. The interval holds the expected years as known
    and the counts of deaths as Poisson, so that its variance is the sum of deaths times squared years.

    References
    ----------
    Gardner JW, Sanborn JS. Years of potential life lost: what does it measure? Epidemiology 1990;1:322-329.
    Dobson AJ, Kuulasmaa K, Eberle E, Scherer J. Confidence intervals for weighted sums of Poisson parameters.
    Stat Med 1991;10:457-462.

    Examples
    --------
    >>> deaths = pd.DataFrame({"age_from": [20, 60, 75], "age_to": [30, 70, None], "deaths": [2, 10, 50]})
    >>> years_of_life_lost(deaths, age_limit=75).loc[0, "estimate"]  # 2 x 50 + 10 x 10
    np.float64(200.0)
    """
    coverage = one_level(level)
    wanted = [events] if person_years is None else [events, person_years]
    checked = require_numbers(table, wanted, minimum=0)
    if person_years is not None:
        checked = check_events_and_time(table, events, person_years)
    weight, what = _years_per_death(checked, expected, strata, age_limit, age)
    groups, group = group_positions(checked, by)
    found = _sums(weight, checked[events].to_numpy(), group, len(groups))
    lower, upper = weighted_poisson_interval(found, coverage, method=method, poisson=poisson)
    shown = groups.assign(**{events: found.events, "years_per_death": divide(found.total, found.events)})
    remark = np.where(found.events == 0, notes.NO_EVENTS, "").tolist()
    name = f"{what}, {WEIGHTED_METHODS[method]} interval"
    totals = with_estimates(
        shown,
        measure="years_of_life_lost",
        estimate=found.total,
        lower=lower,
        upper=upper,
        unit="years",
        note=remark,
        level=coverage,
        method=name,
    )
    if person_years is None:
        return totals
    time = np.bincount(group, weights=checked[person_years].to_numpy(), minlength=len(groups))
    per_year = np.where(time > 0, time, np.nan)
    rates = with_estimates(
        shown.assign(**{person_years: time}),
        measure="years_of_life_lost_rate",
        estimate=found.total / per_year,
        lower=lower / per_year,
        upper=upper / per_year,
        unit="years per person-year",
        note=np.where(time > 0, remark, notes.NO_PERSON_YEARS).tolist(),
        level=coverage,
        method=name,
    )
    return pd.concat([totals.assign(**{person_years: time})[rates.columns], rates], ignore_index=True)
