"""Direct standardisation: rates at the age structure of a standard, and the comparative mortality figure."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.errors import DataError
from analysis.estimates import with_estimates
from analysis.measures.rates.crude import POISSON_METHODS, check_events_and_time
from analysis.measures.rates.weighted_poisson import (
    WEIGHTED_METHODS,
    WeightedSum,
    weighted_poisson_interval,
    weighted_sum,
)
from analysis.measures.shared import notes
from analysis.measures.shared.checks import FloatArray, check_choice, column_names, require_columns, require_numbers
from analysis.measures.shared.levels import Levels, one_level, several_levels
from analysis.measures.shared.strata import GroupsByStrata, groups_by_strata

Columns = str | Sequence[str]


def _method_name(method: str, poisson: str) -> str:
    check_choice(method, WEIGHTED_METHODS)
    check_choice(poisson, POISSON_METHODS, option="poisson")
    return f"{WEIGHTED_METHODS[method]} interval" + (f" on {poisson} limits" if method == "dobson" else "")


def _one_per_stratum(
    table: pd.DataFrame, events: str, person_years: str, strata: list[str], non_independent: str
) -> pd.DataFrame:
    """Person-years counted once per group and stratum, where rows of one stratum differ in events per person."""
    checked = require_numbers(table, [non_independent], above=0)
    years = checked.groupby(strata, dropna=False, observed=True)[person_years]
    differs = (years.transform("max") != years.transform("min")).to_numpy()
    if differs.any():
        raise DataError(
            f"Column `{person_years}` differs between rows of one stratum, the first in row "
            f"{checked.index[int(np.flatnonzero(differs)[0])]}. With `non_independent` the rows of a stratum tell "
            "persons by their number of events apart: repeat the person-years of the whole stratum on each of them."
        )
    first = ~checked.duplicated(strata).to_numpy()
    return checked.assign(
        **{person_years: checked[person_years] * first, "squares": checked[events] * checked[non_independent]}
    )


def standardised_sums(
    table: pd.DataFrame,
    standard: pd.DataFrame,
    *,
    strata: Columns,
    by: Columns,
    events: str,
    person_years: str,
    weight: str,
    non_independent: str | None = None,
) -> tuple[GroupsByStrata, WeightedSum]:
    """Counts by group and stratum, and their sums with the weights of a standard: what all direct methods need.

    Parameters
    ----------
    table
        One row per group and stratum with events and person-years.
    standard
        One row per stratum with its weight.
    strata
        Columns that name the stratum.
    by
        Columns that define the groups.
    events
        Column with counts of events.
    person_years
        Column with years at risk.
    weight
        Column of `standard` with weights of any total.
    non_independent
        Column with the number of events per person, when one person can have several.

    Returns
    -------
    tuple of GroupsByStrata and WeightedSum
        The counts, and per group the standardised rate with its variance; not a number for a group without
        person-years in a stratum that weighs.

    Raises
    ------
    DataError
        When a column is missing, numbers are impossible or strata do not match.
    """
    checked = check_events_and_time(table, events, person_years)
    require_columns(table, [*column_names(strata), *column_names(by)])
    weights = require_numbers(standard, [weight], minimum=0, name="the standard")[weight].to_numpy()
    if weights.sum() == 0:
        raise DataError(f"The weights in column `{weight}` of the standard are all zero. Give the standard population.")
    columns = [events, person_years]
    if non_independent is not None:
        keys = [*column_names(by), *column_names(strata)]
        checked = _one_per_stratum(checked, events, person_years, keys, non_independent)
        columns.append("squares")
    counts = groups_by_strata(checked, standard, columns, strata=strata, by=by, name="the standard")
    years = counts.sums[person_years]
    unknown = ((years == 0) & (weights > 0)).any(axis=1)
    per_event = np.where(years > 0, weights / weights.sum() / np.where(years > 0, years, 1), 0.0)
    per_event[unknown] = np.nan
    return counts, weighted_sum(per_event, counts.sums[events], counts.sums.get("squares"))


def direct_interval(
    found: WeightedSum, level: float, method: str, poisson: str
) -> tuple[FloatArray, FloatArray, list[str]]:
    """Limits of standardised rates and what must be said beside them.

    Parameters
    ----------
    found
        From `standardised_sums`.
    level
        Coverage of the interval, between 0 and 1.
    method, poisson
        See `weighted_poisson_interval`.

    Returns
    -------
    tuple
        Lower limits, upper limits and notes.
    """
    known = ~np.isnan(found.total)
    filled = WeightedSum(*(np.where(known, part, 1.0) for part in vars(found).values()))
    lower, upper = weighted_poisson_interval(filled, level, method=method, poisson=poisson)
    remarks = np.select([~known, found.events == 0], [notes.NO_TIME_IN_A_STRATUM, notes.NO_EVENTS_UPPER_ONLY], "")
    return np.where(known, lower, np.nan), np.where(known, upper, np.nan), remarks.tolist()


@several_levels
def directly_standardised_rate(
    table: pd.DataFrame,
    standard: pd.DataFrame,
    *,
    strata: Columns = ("age_band",),
    by: Columns = (),
    events: str = "deaths",
    person_years: str = "person_years",
    weight: str = "weight",
    level: Levels = 0.95,
    method: str = "dobson",
    poisson: str = "byar",
    non_independent: str | None = None,
) -> pd.DataFrame:
    """Rate that a group would have with the age structure of a standard population.

    Parameters
    ----------
    table
        One row per group and stratum with events and person-years; rows of one stratum are added up.
    standard
        One row per stratum: the strata and `weight` (persons or shares, of any total).
    strata
        Columns that link a row to its weight. Rows are matched by value, never by position.
    by
        Columns that define the groups to report; none gives one row.
    events
        Column with counts of events, 0 or more.
    person_years
        Column with years at risk, 0 or more.
    weight
        Column of `standard` with the weights.
    level
        Coverage of the interval, between 0 and 1; several give the rows of each.
    method
        ``dobson``, ``gamma`` (Fay-Feuer) or ``modified gamma`` (Tiwari), see `weighted_poisson_interval`.
    poisson
        Limits of the number of events that ``dobson`` rescales: ``byar``, ``exact`` or ``mid-p``.
    non_independent
        Column with the number of events per person, when one person can have several. Rows then also differ by that
        number, `events` counts the events of those persons and the person-years of the stratum are repeated.

    Returns
    -------
    pandas.DataFrame
        One row per group: the group columns, events, person-years, `standard_error` and the estimate columns, with
        `measure` "directly_standardised_rate" and `unit` "per person-year". A group without person-years in a
        stratum that weighs has no rate, and a `note` says so.

    Raises
    ------
    DataError
        When a column is missing, numbers are impossible, a stratum has no weight or a group lacks a stratum.
    MethodError
        When a method is unknown.

    Notes
    -----
    Interpretation: 0.012 is 12 per 1000 person-years if the group were as old as the standard.
    Use it to compare groups with each other. With few events prefer ``gamma``, or the SMR against a reference.
    A standard far from the groups' own ages gives weight to strata with hardly any events.

    References
    ----------
    Dobson AJ, Kuulasmaa K, Eberle E, Scherer J. Confidence intervals for weighted sums of Poisson parameters.
    Stat Med 1991;10:457-462.
    Fay MP, Feuer EJ. Confidence intervals for directly standardized rates. Stat Med 1997;16:791-801.

    Examples
    --------
    >>> cohort = pd.DataFrame({"age_band": ["20-44", "45+"], "deaths": [4, 9], "person_years": [1000.0, 500.0]})
    >>> standard = pd.DataFrame({"age_band": ["45+", "20-44"], "weight": [1, 3]})
    >>> round(float(directly_standardised_rate(cohort, standard).loc[0, "estimate"]), 4)
    0.0075
    """
    coverage, name = one_level(level), _method_name(method, poisson)
    counts, found = standardised_sums(
        table,
        standard,
        strata=strata,
        by=by,
        events=events,
        person_years=person_years,
        weight=weight,
        non_independent=non_independent,
    )
    lower, upper, remarks = direct_interval(found, coverage, method, poisson)
    ingredients = {
        events: found.events,
        person_years: counts.sums[person_years].sum(axis=1),
        "standard_error": np.sqrt(found.variance),
    }
    return with_estimates(
        counts.groups.assign(**ingredients),
        measure="directly_standardised_rate",
        estimate=found.total,
        lower=lower,
        upper=upper,
        level=coverage,
        unit="per person-year",
        method=f"direct standardisation, {name}",
        note=remarks,
    )


@several_levels
def comparative_mortality_figure(
    table: pd.DataFrame,
    reference: pd.DataFrame,
    *,
    strata: Columns = ("age_band",),
    by: Columns = (),
    events: str = "deaths",
    person_years: str = "person_years",
    level: Levels = 0.95,
    method: str = "dobson",
    poisson: str = "byar",
) -> pd.DataFrame:
    """Deaths that the reference population would have at a group's rates, over the deaths it has.

    Parameters
    ----------
    table
        One row per group and stratum with events and person-years.
    reference
        One row per stratum: events and person-years of the reference, which is the standard too.
    strata
        Columns that link a row to the reference. Rows are matched by value, never by position.
    by
        Columns that define the groups to report; none gives one row.
    events
        Column with counts of events in both tables, 0 or more.
    person_years
        Column with years at risk in both tables, 0 or more.
    level
        Coverage of the interval, between 0 and 1; several give the rows of each.
    method, poisson
        See `directly_standardised_rate`.

    Returns
    -------
    pandas.DataFrame
        One row per group: the group columns, events, person-years, `standardised_rate`, `reference_rate` and the
        estimate columns, with `measure` "comparative_mortality_figure".

    Raises
    ------
    DataError
        When a column is missing, numbers are impossible, strata do not match or the reference has no events.
    MethodError
        When a method is unknown.

    Notes
    -----
    Interpretation: 1.2 means a fifth more deaths than the reference, at the age structure of the reference.
    Unlike SMRs, the figures of two groups have the same weights and can be compared. The reference is taken as known
    without error.

    References
    ----------
    Breslow NE, Day NE. Statistical methods in cancer research, volume II. Lyon: IARC, 1987, section 2.3.

    Examples
    --------
    >>> town = pd.DataFrame({"age_band": ["20-44", "45+"], "deaths": [4, 9], "person_years": [1000.0, 500.0]})
    >>> country = pd.DataFrame({"age_band": ["20-44", "45+"], "deaths": [300, 500], "person_years": [3e5, 1e5]})
    >>> round(float(comparative_mortality_figure(town, country).loc[0, "estimate"]), 2)
    3.75
    """
    coverage, name = one_level(level), _method_name(method, poisson)
    country = check_events_and_time(reference, events, person_years, name="the reference")
    total = float(country[events].sum())
    if total == 0:
        raise DataError(f"Column `{events}` of the reference has no events, so nothing can be compared with it.")
    reference_rate = total / float(country[person_years].sum())
    counts, found = standardised_sums(
        table, country, strata=strata, by=by, events=events, person_years=person_years, weight=person_years
    )
    lower, upper, remarks = direct_interval(found, coverage, method, poisson)
    ingredients = {
        events: found.events,
        person_years: counts.sums[person_years].sum(axis=1),
        "standardised_rate": found.total,
        "reference_rate": reference_rate,
    }
    return with_estimates(
        counts.groups.assign(**ingredients),
        measure="comparative_mortality_figure",
        estimate=found.total / reference_rate,
        lower=lower / reference_rate,
        upper=upper / reference_rate,
        level=coverage,
        unit="ratio",
        method=f"direct standardisation to the reference, {name}",
        note=remarks,
    )
