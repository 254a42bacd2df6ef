"""How many years of life expectancy homeless people lose: a cohort against national rates, or those of Rotterdam.

The cohort may be the reconstruction of the Rotterdam cohort or a table of one's own. A cohort has few deaths in narrow
age bands; within broad age groups it is therefore taken to die a constant number of times as often as the reference.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.estimates import with_estimates
from analysis.measures.life_tables.expectancy_gap import (
    contribution_draws,
    drawn_ratio_rates,
    gap_draws,
    life_expectancy_gap,
)
from analysis.measures.life_tables.tables import life_table_of_rates
from analysis.measures.shared.checks import FloatArray

YEARS_HOMELESS = (5.0, 10.0, 20.0, np.inf)
"""Years of homelessness in the scenarios; infinite is lifelong."""


@dataclass(frozen=True)
class Simulation:
    """How intervals are made: the broad age groups, the number of draws, their seed and the coverage.

    Attributes
    ----------
    groups
        Ages at which the groups of constant ratio begin.
    draws, seed
        Number of draws and start of the random numbers.
    level
        Coverage of the intervals.
    """

    groups: tuple[float, ...]
    draws: int = 10_000
    seed: int = 1
    level: float = 0.95


def years_lost(table: pd.DataFrame, ages: Sequence[float], simulation: Simulation) -> pd.DataFrame:
    """Years of life expectancy that the cohort lacks against the reference.

    Parameters
    ----------
    table
        From `life_expectancy_gap_tables.on_reference_bands`.
    ages
        Ages at which to compare.
    simulation
        How intervals are made.

    Returns
    -------
    pandas.DataFrame
        One row per sex and age: `expectancy_exposed`, `expectancy_reference` (years) and the estimate columns, with
        `measure` "years_lost": positive when the cohort has fewer years left.
    """
    gap = life_expectancy_gap(
        table,
        table,
        rate="rate",
        at=ages,
        by="sex",
        ratio_groups=simulation.groups,
        draws=simulation.draws,
        seed=simulation.seed,
        level=simulation.level,
    )
    lost = {"estimate": -gap["estimate"], "lower": -gap["upper"], "upper": -gap["lower"]}
    return gap.assign(**lost, measure="years_lost").drop(columns=["deaths", "person_years"])


def by_age_group(table: pd.DataFrame, at: float, simulation: Simulation) -> pd.DataFrame:
    """What each age group takes of the years lost, with its deaths and how many were expected.

    Parameters
    ----------
    table
        From `life_expectancy_gap_tables.on_reference_bands`.
    at
        Age at which the years lost are explained; a group that began earlier counts from there.
    simulation
        How intervals are made.

    Returns
    -------
    pandas.DataFrame
        One row per sex and age group: `age_from`, `age_to` (missing for the last), `deaths`, `person_years`,
        `expected`, `ratio`, `ratio_lower`, `ratio_upper` (of the whole group) and the estimate columns with `measure`
        "contribution" (years lost; of groups before `at` missing).
    """
    rows: list[dict[str, Any]] = []
    for one in _drawn(table, simulation):
        first = int(np.flatnonzero(one.start == at)[0])
        parts = -contribution_draws(one.exposed, one.reference, one.start, one.width, band=first)
        ends = [*simulation.groups[1:], np.nan]
        for place, (begin, end) in enumerate(zip(simulation.groups, ends, strict=True)):
            inside = (one.start >= begin) & ~(one.start >= end)
            numbers = {name: one.bands.loc[inside, name].sum() for name in ("deaths", "person_years")}
            expected = float((one.bands["person_years"] * one.bands["rate"])[inside].sum())
            ratio = _interval(one.exposed[:, inside][:, 0] / one.reference[0, inside][0], simulation.level)
            taken = parts[:, inside[first:]].sum(axis=1) if inside[first:].any() else np.full(len(parts), np.nan)
            rows.append(
                {
                    "sex": one.sex,
                    "age_from": max(begin, at) if inside[first:].any() else begin,
                    "age_to": end,
                    "group": place,
                    **numbers,
                    "expected": expected,
                    "ratio": ratio["estimate"],
                    "ratio_lower": ratio["lower"],
                    "ratio_upper": ratio["upper"],
                    **_interval(taken, simulation.level),
                }
            )
    return _estimates(rows, "contribution", simulation)


def by_years_homeless(
    table: pd.DataFrame, at: float, years: Sequence[float], remaining: Sequence[float], simulation: Simulation
) -> pd.DataFrame:
    """Scenario: years lost when homelessness ends after some years, and the excess of deaths with it.

    Parameters
    ----------
    table
        From `life_expectancy_gap_tables.on_reference_bands`, with a break at each `at` plus years.
    at
        Age from which years count, at which all are homeless.
    years
        Years of homelessness from that age; infinite is lifelong.
    remaining
        Shares of the excess of the death rate that remain afterwards, between 0 and 1.
    simulation
        How intervals are made.

    Returns
    -------
    pandas.DataFrame
        One row per sex, share and number of years: `sex`, `remaining`, `years`, and the estimate columns with `measure`
        "years_lost".
    """
    rows: list[dict[str, Any]] = []
    for one in _drawn(table, simulation):
        first = int(np.flatnonzero(one.start == at)[0])
        for share in remaining:
            for span in years:
                later = one.reference + share * (one.exposed - one.reference)
                rates = np.where(one.start < at + span, one.exposed, later)
                gaps = -gap_draws(rates, one.reference, one.start, one.width)[:, first]
                rows.append({"sex": one.sex, "remaining": share, "years": span, **_interval(gaps, simulation.level)})
    return _estimates(rows, "years_lost", simulation)


def scenario_rows(scenarios: pd.DataFrame) -> pd.DataFrame:
    """Scenarios with one row per number of years, and columns for each sex and remaining share.

    Parameters
    ----------
    scenarios
        From `by_years_homeless`.

    Returns
    -------
    pandas.DataFrame
        One row per number of years: `years`, and `<sex>_<place>_estimate`, `..._lower`, `..._upper`, where place counts
        the shares from 0.
    """
    rows: dict[float, dict[str, Any]] = {}
    shares = sorted(set(scenarios["remaining"]))
    for row in scenarios.to_dict("records"):
        prefix = f"{row['sex']}_{shares.index(row['remaining'])}_"
        found = {f"{prefix}{name}": row[name] for name in ("estimate", "lower", "upper")}
        rows.setdefault(row["years"], {"years": row["years"]}).update(found)
    return pd.DataFrame([rows[years] for years in sorted(rows)])


def survivors(table: pd.DataFrame, at: float, simulation: Simulation, *, last: float = 90) -> pd.DataFrame:
    """How many of 100 people of an age reach each later age, in the cohort and in the reference.

    Parameters
    ----------
    table
        From `life_expectancy_gap_tables.on_reference_bands`.
    at
        Age at which all are alive.
    simulation
        How intervals are made.
    last
        Age at which the curves end.

    Returns
    -------
    pandas.DataFrame
        Columns `sex`, `series` ("cohort", "reference"), `age`, `estimate`, `lower`, `upper` (proportions).
    """
    rows: list[dict[str, Any]] = []
    for one in _drawn(table, simulation):
        shown = (one.start >= at) & (one.start <= last)
        for series, rates in (("cohort", one.exposed), ("reference", one.reference)):
            alive = life_table_of_rates(
                rates[:, one.start >= at], one.start[one.start >= at], one.width[one.start >= at]
            )
            for place, age in enumerate(one.start[shown]):
                found = _interval(alive.survivors[:, place], simulation.level)
                rows.append({"sex": one.sex, "series": series, "age": age, **found})
    return _estimates(rows, "survivors", simulation, unit="proportion")


def women_against_men(table: pd.DataFrame, at: float, simulation: Simulation) -> pd.DataFrame:
    """How many more years women lose than men.

    Parameters
    ----------
    table
        From `life_expectancy_gap_tables.on_reference_bands`.
    at
        Age at which to compare.
    simulation
        How intervals are made.

    Returns
    -------
    pandas.DataFrame
        One row with the estimate columns, `measure` "difference"; none unless the cohort has both sexes.
    """
    lost = {
        one.sex: -gap_draws(one.exposed, one.reference, one.start, one.width)[
            :, int(np.flatnonzero(one.start == at)[0])
        ]
        for one in _drawn(table, simulation)
    }
    both = {"female", "male"} <= set(lost)
    rows = [_interval(lost["female"] - lost["male"], simulation.level)] if both else []
    return _estimates(rows, "difference", simulation)


@dataclass(frozen=True)
class _Drawn:
    """One sex: rates as observed in the first row and as drawn in the others."""

    sex: str
    bands: pd.DataFrame
    start: FloatArray
    width: FloatArray
    exposed: FloatArray
    reference: FloatArray


def _drawn(table: pd.DataFrame, simulation: Simulation) -> Iterator[_Drawn]:
    """The draws of `life_expectancy_gap`: the same seed, sexes in the same order."""
    sexes = sorted(table["sex"].unique())
    for sex, random in zip(sexes, np.random.default_rng(simulation.seed).spawn(len(sexes)), strict=True):
        bands = table[table["sex"] == sex].sort_values("age_from").reset_index(drop=True)
        start, reference = bands["age_from"].to_numpy(dtype=float), bands["rate"].to_numpy(dtype=float)[None]
        begins = np.searchsorted(start, simulation.groups).tolist()
        exposed = drawn_ratio_rates(
            bands["deaths"].to_numpy(dtype=float),
            bands["person_years"].to_numpy(dtype=float),
            reference,
            begins,
            draws=simulation.draws,
            random=random,
        )
        yield _Drawn(str(sex), bands, start, np.append(np.diff(start), np.inf), exposed, reference)


def _interval(values: FloatArray, level: float) -> dict[str, float]:
    """The first value, with the percentiles of the others, moved where they would leave it out."""
    estimate = float(values[0])
    if len(values) == 1 or not np.isfinite(estimate):
        return {"estimate": estimate, "lower": estimate, "upper": estimate}
    lower, upper = np.quantile(values[1:], [(1 - level) / 2, (1 + level) / 2])
    return {"estimate": estimate, "lower": min(float(lower), estimate), "upper": max(float(upper), estimate)}


def _estimates(rows: list[dict[str, Any]], measure: str, simulation: Simulation, unit: str = "years") -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=None if rows else ["estimate", "lower", "upper"])
    limits: Mapping[str, Any] = {name: table[name] for name in ("estimate", "lower", "upper")}
    return with_estimates(
        table.drop(columns=list(limits)),
        measure=measure,
        **limits,
        level=simulation.level,
        unit=unit,
        method=f"period life table, ratio constant by age group; {simulation.draws:,} Gamma draws of deaths + 0.5",
    )
