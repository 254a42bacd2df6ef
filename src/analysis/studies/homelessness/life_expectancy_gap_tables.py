"""A cohort and its reference in the same age bands: checked, spread over narrow bands, and divided into age groups."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.errors import DataError
from analysis.measures.life_tables.age_bands import banded_populations
from analysis.studies.homelessness.reconstruction import GROUPS, rotterdam_rates

AGE = 30
"""Age at which the texts state the gap."""


def pooled_years(national: pd.DataFrame, first: int, last: int) -> pd.DataFrame:
    """National deaths and person-years of several calendar years together.

    Parameters
    ----------
    national
        Data set `nl_deaths_person_years`: one row per year, sex and age band.
    first, last
        First and last year that count.

    Returns
    -------
    pandas.DataFrame
        One row per sex and age band: `sex`, `age_from`, `age_to`, `deaths`, `person_years`.

    Raises
    ------
    DataError
        When the first year is after the last, or a year is not in the table.
    """
    known = national["year"].min(), national["year"].max()
    if not known[0] <= first <= last <= known[1]:
        raise DataError(
            f"National rates of {first} to {last} were asked for; the table has {known[0]} to {known[1]}. "
            "Choose years within it, the first no later than the last."
        )
    chosen = national[national["year"].between(first, last)]
    sums = chosen.groupby(["sex", "age_from", "age_to"], dropna=False)[["deaths", "person_years"]].sum()
    return sums.reset_index().astype({"age_to": float})


def reference_rates(national: pd.DataFrame, published: pd.DataFrame | None = None) -> pd.DataFrame:
    """Death rates to compare with: national, or scaled to the published life expectancy of Rotterdam.

    Parameters
    ----------
    national
        From `pooled_years`.
    published
        Data set `rotterdam_cohort`, to scale the rates by one factor per sex; None leaves them national.

    Returns
    -------
    pandas.DataFrame
        One row per sex and band: `sex`, `age_from`, `age_to`, `person_years` (national), `factor` and `rate`.
    """
    if published is None:
        return national.assign(factor=1.0, rate=national["deaths"] / national["person_years"])
    scaled = rotterdam_rates(published, national).drop(columns="rate").rename(columns={"scaled_rate": "rate"})
    keys = ["sex", "age_from"]
    both = scaled.merge(national[[*keys, "person_years"]], on=keys, validate="one_to_one")
    return both[["sex", "age_from", "age_to", "person_years", "factor", "rate"]]


def ages_to_report(cohort: pd.DataFrame) -> tuple[float, ...]:
    """Ages at which life expectancy is compared: the first age of the cohort, and 30 when it is younger.

    Parameters
    ----------
    cohort
        One row per sex and age band.

    Returns
    -------
    tuple of float
        One or two ages, the last for the headline.
    """
    first = float(cohort["age_from"].min())
    return (first, float(AGE)) if first < AGE else (first,)


def age_groups(cohort: pd.DataFrame) -> tuple[float, ...]:
    """Ages at which the broad groups begin: about 20, 30, 45 and 60, where the cohort has a band.

    Parameters
    ----------
    cohort
        One row per sex and age band.

    Returns
    -------
    tuple of float
        The first age of the cohort, and for 30, 45 and 60 the first band that begins there or later. A group without
        person-years in one of the sexes, and a last group without deaths in one of them, is joined with the one before.
    """
    shared = set.intersection(*(set(rows["age_from"]) for _, rows in cohort.groupby("sex")))
    later = (min((age for age in shared if age >= group), default=np.inf) for group in GROUPS[1:])
    found = sorted({float(min(shared)), *(float(age) for age in later if np.isfinite(age))})
    while len(found) > 1:
        empty = [
            begin
            for begin, end in zip(found, [*found[1:], np.inf], strict=True)
            if not _all_have(cohort, "person_years", begin, end)
            or not (end < np.inf or _all_have(cohort, "deaths", begin))
        ]
        if not empty:
            break
        found.remove(max(empty[0], found[1]))
    return tuple(found)


def _all_have(cohort: pd.DataFrame, column: str, begin: float, end: float = np.inf) -> bool:
    """Whether both sexes have any deaths or person-years from one age to another."""
    inside = cohort[(cohort["age_from"] >= begin) & (cohort["age_from"] < end)]
    return bool((inside.groupby("sex")[column].sum() > 0).all())


def check_deaths(cohort: pd.DataFrame, *, name: str, counted: bool = True) -> pd.DataFrame:
    """Return a cohort from which life expectancy can be computed, without its other columns.

    Parameters
    ----------
    cohort
        One row per sex and age band: `sex` (female, male), `age_from`, `age_to` (exclusive; missing for the open last
        band), `deaths`, `person_years`.
    name
        What the data set is called in messages.
    counted
        Whether deaths were counted, and are therefore whole numbers; those of a reconstruction need not be.

    Returns
    -------
    pandas.DataFrame
        The five columns, ages as decimal numbers.

    Raises
    ------
    DataError
        When a column is missing, bands overlap or leave a gap, the last band is closed, the sex is another word, deaths
        are no count, or nobody of a sex died.
    """
    banded = banded_populations(cohort, ["deaths", "person_years"], by="sex")
    table = cohort[["sex", "age_from", "age_to", "deaths", "person_years"]].reset_index(drop=True)
    table = table.astype(dict.fromkeys(table.columns[1:], float))
    odd = sorted(set(table["sex"]) - {"female", "male"})
    if odd or table.empty:
        raise DataError(
            f"Column `sex` of `{name}` has {odd or 'no rows'}; reference rates are known for female and male. Write "
            "one row per sex and age band, with these words."
        )
    problems = [
        (table["deaths"] % 1 > 0, "that are no whole number", "Give counts; a reconstruction says so on its card."),
        ((table["deaths"] > 0) & (table["person_years"] <= 0), "above zero without person-years", "Join bands."),
    ]
    for wrong, what, remedy in problems[0 if counted else 1 :]:
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            raise DataError(
                f"Column `deaths` of `{name}` has {int(wrong.sum())} values {what}, the first in row {row + 1} "
                f"({table['deaths'].iloc[row]:g}). {remedy}"
            )
    closed = [part for part in banded if np.isfinite(part.end[-1])]
    if closed:
        raise DataError(
            f"The last age band of `{name}` ends at {closed[0].end[-1]:g}, so nothing is known of the years after it. "
            f"Leave `age_to` empty where the band from {closed[0].start[-1]:g} holds everybody of that age and over."
        )
    youngest = table.groupby("sex")["age_from"].min()
    if youngest.min() < youngest.max():
        raise DataError(
            f"Men and women of `{name}` begin at different ages ({youngest.to_dict()}). Let both begin at "
            f"{youngest.max():g}, or use two data sets."
        )
    died = table.groupby("sex")["deaths"].sum()
    if (died <= 0).any():
        raise DataError(
            f"Nobody of sex {died.idxmin()} died in `{name}`: life expectancy has no value. Leave that sex out, or "
            "wait until deaths have been counted."
        )
    return table


def on_reference_bands(cohort: pd.DataFrame, rates: pd.DataFrame, breaks: Sequence[float] = ()) -> pd.DataFrame:
    """The cohort in the bands of the reference, which are split where a band of the cohort or a break begins.

    Parameters
    ----------
    cohort
        One row per sex and age band: `sex`, `age_from`, `age_to`, `deaths`, `person_years`.
    rates
        From `reference_rates`.
    breaks
        Further ages at which a band must begin.

    Returns
    -------
    pandas.DataFrame
        One row per sex and narrow band: `sex`, `age_from`, `age_to` (missing for the open band), `deaths`,
        `person_years` and `rate` of the reference.

    Raises
    ------
    DataError
        When a band begins within the open band of the reference.

    Notes
    -----
    Person-years of a broad band are spread as those of the country are, deaths as those expected. The deaths expected
    in a broad band are then those at the national mean of the reference rates within it, weighted by person-years.
    """
    last = float(rates["age_from"].max())
    if cohort["age_from"].max() > last:
        raise DataError(
            f"A band of the cohort begins at {cohort['age_from'].max():g}, within the open band of the reference from "
            f"{last:g}. Join the bands from {last:g} on."
        )
    wanted = {
        *rates["age_from"],
        *cohort["age_from"],
        *cohort["age_to"].dropna(),
        *(age for age in breaks if age < last),
    }
    parts = [_narrow(rows, rates[rates["sex"] == sex], sorted(wanted), str(sex)) for sex, rows in cohort.groupby("sex")]
    return pd.concat(parts, ignore_index=True)


def _narrow(cohort: pd.DataFrame, rates: pd.DataFrame, breaks: Sequence[float], sex: str) -> pd.DataFrame:
    """One sex of the cohort in narrow bands."""
    known, own = (table.sort_values("age_from").reset_index(drop=True) for table in (rates, cohort))
    start = np.array([age for age in breaks if age >= own["age_from"].iloc[0]], dtype=float)
    end = np.append(start[1:], np.inf)
    place = np.searchsorted(known["age_from"], start, side="right") - 1
    band = np.searchsorted(own["age_from"], start, side="right") - 1
    inside = start < own["age_to"].astype(float).fillna(np.inf).to_numpy()[band]
    span = (known["age_to"].astype(float) - known["age_from"]).to_numpy()[place]
    width = np.where(np.isfinite(span), end - start, 1.0)
    people = known["person_years"].to_numpy()[place] * width / np.where(np.isfinite(span), span, 1.0)
    table = pd.DataFrame(
        {
            "sex": sex,
            "age_from": start,
            "age_to": np.where(np.isfinite(end), end, np.nan),
            "band": band,
            "people": people,
            "rate": known["rate"].to_numpy(dtype=float)[place],
        }
    )[inside]
    expected = table["people"] * table["rate"]
    for column, weight in (("deaths", expected), ("person_years", table["people"])):
        share = weight / weight.groupby(table["band"]).transform("sum")
        table[column] = own[column].to_numpy(dtype=float)[table["band"]] * share
    return table[["sex", "age_from", "age_to", "deaths", "person_years", "rate"]]
