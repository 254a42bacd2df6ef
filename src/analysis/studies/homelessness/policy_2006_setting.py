"""The cohort of Rotterdam as a simulation starts it: people at entry, who leaves, and how often people die by age."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from analysis.errors import MethodError
from analysis.estimates import pick
from analysis.measures.shared.checks import FloatArray
from analysis.studies.homelessness.policy_2006 import COHORT, of_cohort
from analysis.studies.homelessness.reconstruction import GROUPS

YEARS = np.arange(2001, 2011)
OLDEST_AT_ENTRY = 80
"""End of the open age group at entry."""
OLDEST_BAND = 95
Age = Literal["attained", "entry"]


@dataclass(frozen=True)
class Setting:
    """What all scenarios share.

    Attributes
    ----------
    people
        From `entry`.
    leaving
        Rate of leaving the cohort alive, per person-year.
    population
        National deaths and person-years, data set `nl_deaths_person_years`.
    ratios
        How many times as often people die as the national population: one row per row of `people`, a column per year.
    deaths
        Deaths that every scenario must lead to before any effect; missing when the ratios are taken as they are.
    """

    people: pd.DataFrame
    leaving: float
    population: pd.DataFrame
    ratios: FloatArray
    deaths: float | None


def setting(
    cohort: pd.DataFrame,
    population: pd.DataFrame,
    *,
    reconstruction: pd.DataFrame | None = None,
    mortality_ratio: float = 0.0,
) -> Setting:
    """The cohort of Rotterdam at entry, and how its mortality relates to the national one.

    Parameters
    ----------
    cohort
        Data set `rotterdam_cohort`.
    population
        Data set `nl_deaths_person_years`.
    reconstruction
        Data set `rotterdam_reconstruction`: the ratio differs by age group as in there. When None it is the published
        ratio of each sex at all ages.
    mortality_ratio
        One ratio for both sexes and all ages, not fitted to the deaths counted; 0 for none.

    Returns
    -------
    Setting
        Ratios by age or by sex are multiplied later by the factor that leads to the deaths counted: mortality in
        Rotterdam is not the national one, and frailty lowers mortality as time goes by.
    """
    people = entry(cohort)
    deaths = None if mortality_ratio else of_cohort(cohort, "deaths", "total")
    if mortality_ratio:
        ratios = np.full((len(people), len(YEARS)), mortality_ratio)
    elif reconstruction is None:
        by_sex = people["sex"].map(published_ratios(cohort)).to_numpy(dtype=float)
        ratios = np.repeat(by_sex[:, None], len(YEARS), axis=1)
    else:
        ratios = _at_age(people, ratios_by_age(reconstruction, population))
    return Setting(people, leaving_rate(cohort), population, ratios, deaths)


def entry(cohort: pd.DataFrame) -> pd.DataFrame:
    """People at entry by single year of age and sex: spread evenly within the published age groups.

    Parameters
    ----------
    cohort
        Data set `rotterdam_cohort`.

    Returns
    -------
    pandas.DataFrame
        One row per `age` (completed years) and `sex`: `persons`, whole numbers that add up to the published totals of
        each age group and of each sex. The even spread, the same share of women at every age and 80 as the end of the
        open group are assumptions.
    """
    groups = cohort[(cohort["cohort"] == COHORT) & (cohort["measure"] == "persons_by_age_at_entry")]
    last = groups["age_to"].fillna(OLDEST_AT_ENTRY)
    ages = [np.arange(first, end) for first, end in zip(groups["age_from"], last, strict=True)]
    persons = [_whole(np.full(len(a), n / len(a))) for a, n in zip(ages, groups["value"], strict=True)]
    both = np.concatenate(persons)
    women = _whole(both * of_cohort(cohort, "persons", "female") / of_cohort(cohort, "persons", "total"))
    by_sex = [
        pd.DataFrame({"age": np.concatenate(ages).astype(int), "sex": sex, "persons": number})
        for sex, number in (("female", women), ("male", both - women))
    ]
    return pd.concat(by_sex, ignore_index=True)


def published_ratios(cohort: pd.DataFrame) -> dict[str, float]:
    """Published ratios of the cohort's death rates to those of the residents of Rotterdam, by sex.

    Parameters
    ----------
    cohort
        Data set `rotterdam_cohort`.

    Returns
    -------
    dict
        Sex to ratio.
    """
    rows = cohort[
        cohort["measure"].eq("rate_ratio")
        & cohort["comparator"].eq("general population Rotterdam")
        & cohort["age_from"].eq(20)
        & cohort["age_to"].isna()
    ]
    return {sex: float(pick(rows, sex=sex)["value"]) for sex in ("female", "male")}


def ratios_by_age(reconstruction: pd.DataFrame, population: pd.DataFrame) -> pd.DataFrame:
    """Deaths in the reconstruction over those expected at national death rates, by age group and sex.

    Parameters
    ----------
    reconstruction
        Data set `rotterdam_reconstruction`.
    population
        Data set `nl_deaths_person_years`.

    Returns
    -------
    pandas.DataFrame
        One row per `sex` and `age_from` (20, 30, 45 and 60 years, the groups of the reconstruction): `ratio`. A model,
        not data; 0 for women in their twenties, of whom none died.
    """
    rates = _rates(population, ["sex", "age_from"])
    matched = reconstruction.merge(rates, on=["sex", "age_from"], how="left", validate="one_to_one")
    group = np.array(GROUPS)[np.searchsorted(GROUPS, matched["age_from"], side="right") - 1]
    expected_deaths = matched["person_years"] * matched["rate"]
    sums = matched.assign(age_from=group, expected=expected_deaths).groupby(["sex", "age_from"])
    totals = sums[["deaths", "expected"]].sum().reset_index()
    return totals.assign(ratio=totals["deaths"] / totals["expected"])[["sex", "age_from", "ratio"]]


def leaving_rate(cohort: pd.DataFrame) -> float:
    """Rate of leaving the cohort alive: registered emigrations over person-years.

    Parameters
    ----------
    cohort
        Data set `rotterdam_cohort`.

    Returns
    -------
    float
        Per person-year.
    """
    gone = float(pick(cohort, measure="persons_registered_as_emigrated")["value"])
    return gone / of_cohort(cohort, "person_years", "total")


def national_rates(people: pd.DataFrame, population: pd.DataFrame, *, trend: bool) -> FloatArray:
    """National death rates at the age that each group of people reaches in each year.

    Parameters
    ----------
    people
        From `entry`.
    population
        Data set `nl_deaths_person_years`.
    trend
        Whether the rates are those of the year itself; else those of 2001-2010 together.

    Returns
    -------
    numpy.ndarray
        Per person-year: one row per row of `people`, one column per year 2001-2010.
    """
    keys = ["sex", "age_from", *(["year"] if trend else [])]
    wanted = pd.DataFrame(
        {
            "sex": np.repeat(people["sex"].to_numpy(), len(YEARS)),
            "age_from": age_bands(people, "attained", 5).ravel(),
            "year": np.tile(YEARS, len(people)),
        }
    )
    matched = wanted.merge(_rates(population, keys), on=keys, how="left", validate="many_to_one")["rate"]
    return np.asarray(matched.to_numpy(dtype=float)).reshape(len(people), len(YEARS))


def age_bands(people: pd.DataFrame, age: Age, width: int) -> FloatArray:
    """First age of the band of each group of people in each year, as they reach it entering half-way through 2001.

    Parameters
    ----------
    people
        From `entry`.
    age
        ``attained``, or that at ``entry`` in every year.
    width
        Years per band, whole.

    Returns
    -------
    numpy.ndarray
        Years: one row per row of `people`, one column per year 2001-2010.

    Raises
    ------
    MethodError
        When `age` is neither of the two.
    """
    if age not in ("attained", "entry"):
        raise MethodError(f"There is no age {age!r}. Choose 'attained' or 'entry'.")
    older = YEARS - YEARS[0] if age == "attained" else np.zeros(len(YEARS), dtype=int)
    reached = people["age"].to_numpy()[:, None] + older
    return np.asarray(width * (np.minimum(reached, OLDEST_BAND) // width))


def _rates(population: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    sums = population[population["year"].isin(YEARS)].groupby([*keys])[["deaths", "person_years"]].sum()
    return (sums["deaths"] / sums["person_years"]).rename("rate").reset_index()


def _at_age(people: pd.DataFrame, ratios: pd.DataFrame) -> FloatArray:
    """The ratio of the group in which the age attained falls; below the first group the national rate itself."""
    group = np.searchsorted(GROUPS, age_bands(people, "attained", 5), side="right") - 1
    by_sex = {sex: rows.sort_values("age_from")["ratio"].to_numpy() for sex, rows in ratios.groupby("sex")}
    values = np.stack([by_sex[sex][place] for sex, place in zip(people["sex"], group, strict=True)])
    return np.where(group < 0, 1.0, values)


def _whole(exact: FloatArray) -> FloatArray:
    """Whole numbers with the same total: the largest remainders are rounded up."""
    floor = np.floor(exact)
    short = round(float(exact.sum() - floor.sum()))
    floor[np.argsort(floor - exact, kind="stable")[:short]] += 1
    return floor
