"""Indirect standardisation: observed over expected deaths, at the rates of a reference population."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.errors import DataError
from analysis.estimates import with_estimates
from analysis.measures.rates.crude import check_events_and_time, poisson_interval
from analysis.measures.shared import notes
from analysis.measures.shared.checks import column_names, require_columns, require_numbers
from analysis.measures.shared.entry import refuse_names_of_results
from analysis.measures.shared.grouping import sum_by
from analysis.measures.shared.levels import Levels, one_level, several_levels
from analysis.measures.shared.ratios import divide
from analysis.measures.shared.strata import match_strata

Columns = str | Sequence[str]


@several_levels
def observed_to_expected(
    table: pd.DataFrame,
    *,
    observed: str = "deaths",
    expected: str = "expected",
    by: Columns = (),
    level: Levels = 0.95,
    method: str = "exact",
) -> pd.DataFrame:
    """Observed over expected deaths, when the expected ones are already known.

    Parameters
    ----------
    table
        One row per stratum with both numbers, for example from `expected_deaths`.
    observed
        Column with counts of deaths, 0 or more.
    expected
        Column with expected deaths, 0 or more.
    by
        Columns that define the groups to report; none gives one row.
    level
        Coverage of the interval, between 0 and 1; several give the rows of each.
    method
        ``exact``, ``byar``, ``mid-p`` or ``vandenbroucke``, see `poisson_interval`.

    Returns
    -------
    pandas.DataFrame
        One row per group: the group columns, `observed`, `expected` and the estimate columns, with `measure` "smr".

    Raises
    ------
    DataError
        When a column is missing or numbers are impossible.
    MethodError
        When the method is unknown.

    Notes
    -----
    Interpretation: 1 means as many deaths as expected, 3.5 means three and a half times as many. With no deaths the
    estimate is 0 and the upper limit informs.

    References
    ----------
    Breslow NE, Day NE. Statistical methods in cancer research, volume II. Lyon: IARC, 1987, section 2.3.

    Examples
    --------
    >>> result = observed_to_expected(pd.DataFrame({"deaths": [13], "expected": [4.0]}))
    >>> result[["estimate", "lower", "upper"]].round(2).to_numpy().tolist()
    [[3.25, 1.73, 5.56]]
    """
    coverage = one_level(level)
    checked = require_numbers(table, [observed, expected], minimum=0)
    refuse_names_of_results(column_names(by), ["observed", "expected"])
    totals = sum_by(checked, [observed, expected], by).rename(columns={observed: "observed", expected: "expected"})
    lower, upper = poisson_interval(totals["observed"], coverage, method=method)
    against = totals["expected"].where(totals["expected"] > 0).to_numpy(dtype=float)
    remarks = np.select([np.isnan(against), totals["observed"] == 0], [notes.NO_EXPECTED, notes.NO_EVENTS], default="")
    return with_estimates(
        totals,
        measure="smr",
        estimate=totals["observed"] / against,
        lower=lower / against,
        upper=upper / against,
        level=coverage,
        unit="ratio",
        method=f"indirect standardisation, {method} Poisson interval",
        note=remarks.tolist(),
    )


def _with_expected(
    cohort: pd.DataFrame, reference: pd.DataFrame, *, strata: Columns, by: Columns, events: str, person_years: str
) -> pd.DataFrame:
    """Cohort with the deaths expected at the reference rates, given as `rate` or as events and person-years."""
    checked = check_events_and_time(cohort, events, person_years, timeless=True)
    require_columns(checked, [*column_names(strata), *column_names(by)])
    require_columns(reference, column_names(strata), name="the reference")
    if "rate" not in reference and not {events, person_years} <= set(reference.columns):
        raise DataError(
            f"Column `rate` is missing from the reference, and so are the counts to make it of. Give `rate`, or both "
            f"`{events}` and `{person_years}`, for every stratum."
        )
    if "rate" in reference:
        rates = require_numbers(reference, ["rate"], minimum=0, name="the reference")["rate"].to_numpy()
    else:
        country = check_events_and_time(reference, events, person_years, name="the reference")
        rates = divide(country[events], country[person_years])
    rate = rates[match_strata(checked, reference, strata)]
    unknown = np.isnan(rate)
    if unknown.any():
        first = checked.loc[unknown, column_names(strata)].iloc[0].to_dict()
        raise DataError(
            f"{int(unknown.sum())} rows belong to a stratum without person-years in the reference, the first is "
            f"{first}. Join that stratum with its neighbour in both tables."
        )
    return checked.assign(expected=checked[person_years] * rate)


@several_levels
def standardised_mortality_ratio(
    cohort: pd.DataFrame,
    reference: pd.DataFrame,
    *,
    strata: Columns = ("sex", "age_band"),
    by: Columns = (),
    events: str = "deaths",
    person_years: str = "person_years",
    level: Levels = 0.95,
    method: str = "exact",
) -> pd.DataFrame:
    """Observed deaths in a cohort over those expected at the rates of a reference population.

    Parameters
    ----------
    cohort
        One row per stratum, and per group when `by` is given: events (count) and person-years (years).
    reference
        One row per stratum: `rate` (deaths per person-year), or events and person-years.
    strata
        Columns that link a cohort row to its reference rate. Rows are matched by value, never by position.
    by
        Columns that define the groups to report; none gives one row for the whole cohort.
    events
        Column with counts of events, 0 or more.
    person_years
        Column with years at risk, 0 or more.
    level
        Coverage of the interval, between 0 and 1; several give the rows of each.
    method
        ``exact``, ``byar``, ``mid-p`` or ``vandenbroucke``, see `poisson_interval`.

    Returns
    -------
    pandas.DataFrame
        One row per group: `observed`, `expected` and the estimate columns, with `measure` "smr".

    Raises
    ------
    DataError
        When a column is missing, numbers are impossible or a stratum of the cohort has no reference rate.
    MethodError
        When the method is unknown.

    Notes
    -----
    Interpretation: 1 means as many deaths as expected, 3.5 means three and a half times as many.
    Use it when the cohort is small: only its total of deaths counts, the rates by age come from the reference.
    Two cohorts of different ages are not comparable by SMR. The reference rates are taken as known without error.
    For ages that need matching by band instead of by value, use `person_time` and `expected_deaths`.

    References
    ----------
    Breslow NE, Day NE. Statistical methods in cancer research, volume II. Lyon: IARC, 1987, section 2.3.

    Examples
    --------
    >>> cohort = pd.DataFrame({"age_band": ["20-44", "45-64"], "deaths": [4, 9], "person_years": [1000.0, 500.0]})
    >>> reference = pd.DataFrame({"age_band": ["45-64", "20-44"], "rate": [0.006, 0.001]})
    >>> result = standardised_mortality_ratio(cohort, reference, strata=["age_band"])
    >>> result[["observed", "expected", "estimate"]].to_numpy().tolist()
    [[13.0, 4.0, 3.25]]
    """
    matched = _with_expected(cohort, reference, strata=strata, by=by, events=events, person_years=person_years)
    return observed_to_expected(matched, observed=events, by=by, level=level, method=method)


@several_levels
def indirectly_standardised_rate(
    cohort: pd.DataFrame,
    reference: pd.DataFrame,
    *,
    strata: Columns = ("age_band",),
    by: Columns = (),
    events: str = "deaths",
    person_years: str = "person_years",
    level: Levels = 0.95,
    method: str = "exact",
) -> pd.DataFrame:
    """Crude rate of the reference times the ratio of observed to expected events of a group.

    Parameters
    ----------
    cohort
        One row per group and stratum: events and person-years.
    reference
        One row per stratum: events and person-years of the reference population.
    strata
        Columns that link a row to its reference rate. Rows are matched by value, never by position.
    by
        Columns that define the groups to report; none gives one row.
    events
        Column with counts of events in both tables, 0 or more.
    person_years
        Column with years at risk in both tables, 0 or more.
    level
        Coverage of the interval, between 0 and 1; several give the rows of each.
    method
        ``exact``, ``byar``, ``mid-p`` or ``vandenbroucke``, see `poisson_interval`.

    Returns
    -------
    pandas.DataFrame
        One row per group: `observed`, `expected`, `reference_rate` and the estimate columns, with `measure`
        "indirectly_standardised_rate" and `unit` "per person-year".

    Raises
    ------
    DataError
        When a column is missing, numbers are impossible or strata do not match.
    MethodError
        When the method is unknown.

    Notes
    -----
    Interpretation: the rate of the reference, raised or lowered as much as the group differs from it at its own ages.
    It has the limits of the SMR: two groups of different ages cannot be compared by it.

    References
    ----------
    Breslow NE, Day NE. Statistical methods in cancer research, volume II. Lyon: IARC, 1987, section 2.3.

    Examples
    --------
    >>> town = pd.DataFrame({"age_band": ["20-44", "45+"], "deaths": [4, 9], "person_years": [1000.0, 500.0]})
    >>> country = pd.DataFrame({"age_band": ["20-44", "45+"], "deaths": [300, 500], "person_years": [3e5, 1e5]})
    >>> round(float(indirectly_standardised_rate(town, country).loc[0, "estimate"]), 4)
    0.0074
    """
    country = check_events_and_time(reference, events, person_years, name="the reference")
    crude = float(country[events].sum() / country[person_years].sum())
    counts = country.drop(columns="rate", errors="ignore")
    matched = _with_expected(cohort, counts, strata=strata, by=by, events=events, person_years=person_years)
    ratio = observed_to_expected(matched, observed=events, by=by, level=level, method=method)
    return with_estimates(
        ratio[[*column_names(by), "observed", "expected"]].assign(reference_rate=crude),
        measure="indirectly_standardised_rate",
        estimate=ratio["estimate"] * crude,
        lower=ratio["lower"] * crude,
        upper=ratio["upper"] * crude,
        level=one_level(level),
        unit="per person-year",
        method=str(ratio["method"].iloc[0]),
        note=ratio["note"].tolist(),
    )
