"""How many homeless people the Netherlands has: change within one method of counting, never across a break."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.claims import Verdict, verdict_on_value
from analysis.errors import DataError
from analysis.estimates import pick, with_estimates
from analysis.measures.shared.levels import PRINTED_LEVEL
from analysis.measures.shared.ratios import log_interval, standard_error_from_interval

ADULTS = (18, 65)
ASSUMED = "assumption: the relative margin of 2009, independent between years"
GROUPS = (
    "total",
    "female",
    "male",
    "18-29",
    "30-49",
    "18-26",
    "27-49",
    "50-64",
    "born in another European country",
    "four large cities",
)
"""Groups that have two years of one method, in the order shown."""


def group_series(estimates: pd.DataFrame) -> pd.DataFrame:
    """Every estimate of Statistics Netherlands in persons, by group, year and method.

    Parameters
    ----------
    estimates
        Data set `nl_homeless_estimates`.

    Returns
    -------
    pandas.DataFrame
        One row per group and year: `group` ("total", a sex, an age such as "18-29", an origin or a region), `year`,
        `regime`, `estimate` (persons), `lower` and `upper` (published margin, only for the total of 2009), `derived`
        (true where a printed percentage was multiplied by the total, or men taken off it) and `flag`.

    Notes
    -----
    A printed number goes before a derived one. Percentages are printed in whole numbers, so a derived estimate is
    exact to half a percent of the total.
    """
    ours = estimates[estimates["measure"].isin(["estimate", "share"]) & estimates["regime"].ne("rival")]
    rows = ours.assign(group=_group_names(ours), derived=ours["measure"].eq("share"))
    totals = rows[rows["group"].eq("total") & ~rows["derived"]].set_index("year")["value"]
    persons = rows["value"].where(~rows["derived"], rows["value"] / 100 * rows["year"].map(totals))
    table = rows.assign(estimate=persons)[["group", "year", "regime", "estimate", "lower", "upper", "derived", "flag"]]
    men = table[table["group"].eq("male") & table["derived"]]
    women = men.assign(group="female", estimate=men["year"].map(totals) - men["estimate"])
    both = pd.concat([table, women]).sort_values("derived", kind="stable").drop_duplicates(["group", "year"])
    return both.sort_values(["group", "year"], kind="stable").reset_index(drop=True)


def _group_names(rows: pd.DataFrame) -> pd.Series:
    last_age = (rows["age_to"] - 1).astype("Int64").astype(str)
    ages = rows["age_from"].astype("Int64").astype(str) + "-" + last_age
    everyone = rows["age_from"].eq(ADULTS[0]) & rows["age_to"].eq(ADULTS[1])
    names = ages.mask(everyone, rows["origin"].where(rows["origin"].ne(""), rows["sex"]))
    return names.mask(rows["region"].ne("Netherlands"), rows["region"])


def relative_margin(estimates: pd.DataFrame, *, margin_factor: float = 1.0, level: float = 0.95) -> dict[str, float]:
    """The only published margin, that of 2009, as a relative one at the level asked for.

    Parameters
    ----------
    estimates
        Data set `nl_homeless_estimates`.
    margin_factor
        How many times as wide as in 2009 the margin is taken to be on the log scale, above 0.
    level
        Coverage asked for; the published margin is taken to be one of 95%, which the source does not say.

    Returns
    -------
    dict
        `estimate` 1, `lower` and `upper` (proportion of an estimate), `standard_error` (of its logarithm), `level`.
    """
    printed = estimates.dropna(subset=["lower", "upper"])
    if len(printed) != 1:
        raise DataError(f"{len(printed)} estimates have a published margin, where only that of 2009 was expected.")
    error = float(standard_error_from_interval(printed["lower"], printed["upper"], PRINTED_LEVEL)[0]) * margin_factor
    lower, upper = (float(limit) for limit in log_interval(1.0, error, level))
    return {"estimate": 1.0, "lower": lower, "upper": upper, "standard_error": error, "level": level}


def changes(
    series: pd.DataFrame,
    margin: Mapping[str, float],
    *,
    groups: Sequence[str] = GROUPS,
    first_year: int = 2009,
    last_year: int = 2024,
) -> pd.DataFrame:
    """How each group grew between the first and the last year of each method.

    Parameters
    ----------
    series
        From `group_series`.
    margin
        From `relative_margin`.
    groups
        Groups asked for.
    first_year, last_year
        Years outside this period are left out.

    Returns
    -------
    pandas.DataFrame
        One row per group and method with two years or more: `group`, `regime`, `first_year`, `last_year`, `first`,
        `last` (persons), `derived`, and the estimate columns with `measure` "growth" (last over first). The interval
        rests on an assumption, and the `note` says so; for part of the population it is too narrow.
    """
    inside = series[series["year"].between(first_year, last_year)].sort_values("year")
    parts = [(group, inside[inside["group"].eq(group)].groupby("regime")) for group in groups]
    pairs = [(group, part.iloc[0], part.iloc[-1]) for group, by in parts for _, part in by if len(part) > 1]
    rows = pd.DataFrame(
        {
            "group": [group for group, _, _ in pairs],
            "regime": [first["regime"] for _, first, _ in pairs],
            "first_year": [first["year"] for _, first, _ in pairs],
            "last_year": [last["year"] for _, _, last in pairs],
            "first": [first["estimate"] for _, first, _ in pairs],
            "last": [last["estimate"] for _, _, last in pairs],
            "derived": [bool(first["derived"] or last["derived"]) for _, first, last in pairs],
        }
    )
    ratio = (rows["last"] / rows["first"]).to_numpy(dtype=float)
    lower, upper = log_interval(ratio, margin["standard_error"] * np.sqrt(2), margin["level"])
    return with_estimates(
        rows,
        measure="growth",
        estimate=ratio,
        lower=lower,
        upper=upper,
        level=margin["level"],
        unit="ratio",
        method="last year over first year of one method; log-normal",
        note=ASSUMED,
    )


def claimed_growth(
    series: pd.DataFrame, margin: Mapping[str, float], *, first_year: int = 2009, last_year: int = 2018
) -> pd.DataFrame:
    """Growth between two years by the printed numbers, and the part of it that one method shows.

    Parameters
    ----------
    series
        From `group_series`.
    margin
        From `relative_margin`.
    first_year, last_year
        Years of the claim; both must have an estimate.

    Returns
    -------
    pandas.DataFrame
        One row: `first`, `last` (persons), `printed` (their ratio), `breaks` (of method between them),
        `at_breaks_printed` (what the printed numbers do between methods), `at_breaks_needed` (what people would have
        to do there for a doubling), and the estimate columns: the growth within methods, multiplied.

    Raises
    ------
    DataError
        When a year has no estimate.
    """
    total = series[series["group"].eq("total") & series["year"].between(first_year, last_year)]
    first, last = (float(pick(total, year=year)["estimate"]) for year in (first_year, last_year))
    within = changes(series, margin, groups=("total",), first_year=first_year, last_year=last_year)
    grown = float(np.prod(within["estimate"].to_numpy(dtype=float)))
    error = margin["standard_error"] * np.sqrt(2 * len(within))
    lower, upper = log_interval(grown, error, margin["level"])
    row = {
        "first": first,
        "last": last,
        "printed": last / first,
        "breaks": total["regime"].nunique() - 1,
        "at_breaks_printed": last / first / grown,
        "at_breaks_needed": 2 / grown,
    }
    return with_estimates(
        pd.DataFrame([row]),
        measure="growth_within_methods",
        estimate=grown,
        lower=lower,
        upper=upper,
        level=margin["level"],
        unit="ratio",
        method="growth within each method, multiplied; log-normal",
        note=ASSUMED,
    )


def breaks_of_method(series: pd.DataFrame, *, first_year: int = 2009, last_year: int = 2018) -> list[tuple[int, int]]:
    """Breaks of method between two years.

    Parameters
    ----------
    series
        From `group_series`.
    first_year, last_year
        Years outside this period are left out.

    Returns
    -------
    list of (int, int)
        Per break the last year of the one method and the first of the next.
    """
    total = series[series["group"].eq("total") & series["year"].between(first_year, last_year)].sort_values("year")
    pairs = itertools.pairwise(zip(total["year"], total["regime"], strict=True))
    return [(int(one), int(other)) for (one, before), (other, after) in pairs if before != after]


def verdict_on_doubling(growth: Mapping[str, Any]) -> Verdict:
    """Verdict on "doubled": no test across a break of method; within one, by the ratio and its assumed interval.

    Parameters
    ----------
    growth
        The row of `claimed_growth`.

    Returns
    -------
    str
        ``not_testable`` when a break lies between the years; else that of `verdict_on_value` on 2.0.
    """
    return "not_testable" if growth["breaks"] else verdict_on_value(growth, 2.0, 1)


def rival_estimate(estimates: pd.DataFrame) -> dict[str, float]:
    """Two estimates for the four large cities a year apart, by different methods and definitions.

    Parameters
    ----------
    estimates
        Data set `nl_homeless_estimates`.

    Returns
    -------
    dict
        `ours` (Statistics Netherlands, 2012), `rival` (people who sleep rough or in night shelters, 2013), both in
        persons, and their `ratio`.
    """
    cities = estimates[estimates["region"].eq("four large cities") & estimates["measure"].eq("estimate")]
    rival = float(pick(cities, regime="rival")["value"])
    ours = float(pick(cities, year=2012)["value"])
    return {"ours": ours, "rival": rival, "ratio": ours / rival}


def deaths_by_year(deaths: pd.DataFrame) -> pd.DataFrame:
    """Estimated deaths of homeless people in England and Wales, by year of registration.

    Parameters
    ----------
    deaths
        Data set `ew_homeless_deaths`.

    Returns
    -------
    pandas.DataFrame
        Columns `year`, `estimate`, `lower`, `upper` (published 95% interval, from 2020), `segment` (number that
        changes where years are missing or identification changed) and `flag`.
    """
    chosen = {"measure": "deaths", "population": "homeless", "sex": "total", "cause": "all causes"}
    wanted = deaths["region"].eq("England and Wales")
    for column, value in chosen.items():
        wanted &= deaths[column].eq(value)
    rows = deaths[wanted].sort_values("year").rename(columns={"value": "estimate"})
    breaks = rows["year"].diff().gt(1) | rows["flag"].eq("identification changed")
    return rows.assign(segment=breaks.cumsum())[["year", "estimate", "lower", "upper", "segment", "flag"]].reset_index(
        drop=True
    )
