"""The age pattern of the Rotterdam cohort, reconstructed from published results: a model, never data.

Deaths and person-years by age and sex were published but are not at hand. What is at hand pins them down: life
expectancy at 20 and 30 of the cohort and of Rotterdam, and what each age group contributes to the gap. Within an age
group the cohort is taken to die a constant number of times as often as the population of Rotterdam. An earlier version,
with one death rate per age group, gave about 280 deaths of men and 43 of women against 232 and 33 counted; this form
was chosen after that was seen. That it gives the number of deaths is therefore support, not a blind test.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.optimize import brentq, root

from analysis.errors import DataError
from analysis.measures.life_tables.decomposition import arriaga_contributions
from analysis.measures.life_tables.scaled_reference import reference_scaled_to
from analysis.measures.life_tables.tables import life_table_of_rates
from analysis.measures.shared.checks import FloatArray
from analysis.measures.shared.strata import IntArray

GROUPS = (20, 30, 45, 60)
"""Ages at which the groups of the published decomposition begin; the last is open."""
BANDS = (*range(20, 90, 5),)
"""Ages at which the bands of the result begin; the last is open."""
POPULATION = "general population Rotterdam"
OLDEST_ENTRY = 80
MEAN_TIME_AT_RISK = 9.5
"""Years from entry, spread over 2001, to the end of 2010."""
STEP = 1 / 12


def rotterdam_rates(cohort: pd.DataFrame, population: pd.DataFrame) -> pd.DataFrame:
    """Death rates of Rotterdam: those of the Netherlands times one factor that gives the published life expectancy.

    Parameters
    ----------
    cohort
        Data set `rotterdam_cohort`.
    population
        Data set `nl_deaths_person_years_2001_2010`: deaths and person-years by single age and sex.

    Returns
    -------
    pandas.DataFrame
        One row per sex and single age: `sex`, `age_from`, `age_to`, `rate` (national), `factor`, `scaled_rate` (deaths
        per person-year) and `life_expectancy` at 20, as published.
    """
    published = _published(cohort, "life_expectancy_remaining", population=POPULATION, age_from=20)
    goals = published.rename(columns={"value": "life_expectancy"})[["sex", "life_expectancy"]]
    return reference_scaled_to(population, goals, at=20, by="sex")


def ratios_by_age(cohort: pd.DataFrame, rates: pd.DataFrame) -> pd.DataFrame:
    """How many times as often the cohort died in each age group, solved from its published life expectancy.

    Parameters
    ----------
    cohort
        Data set `rotterdam_cohort`.
    rates
        From `rotterdam_rates`.

    Returns
    -------
    pandas.DataFrame
        One row per sex and age group: `sex`, `age_from`, `ratio` (0 where no deaths were counted) and `contribution`
        (years of the gap at 30 that the group was made to explain; missing at 20-29).

    Raises
    ------
    DataError
        When no ratios give the published figures.
    """
    rows = []
    for sex in ("female", "male"):
        reference = rates.loc[rates["sex"] == sex].sort_values("age_from")["scaled_rate"].to_numpy(dtype=float)
        years = _contributions(cohort, sex)
        older = _solved(reference, years)
        youngest = 0.0 if _no_deaths_in_the_twenties(cohort, sex) else _youngest(cohort, sex, reference, older)
        found = zip(GROUPS, (youngest, *older), (np.nan, *years), strict=True)
        rows += [{"sex": sex, "age_from": age, "ratio": ratio, "contribution": part} for age, ratio, part in found]
    return pd.DataFrame(rows)


def reconstructed_cohort(cohort: pd.DataFrame, rates: pd.DataFrame, ratios: pd.DataFrame) -> pd.DataFrame:
    """Deaths and person-years by sex and five-year band that agree with the published results.

    Parameters
    ----------
    cohort
        Data set `rotterdam_cohort`: ages at entry, persons by sex and total person-years.
    rates
        From `rotterdam_rates`.
    ratios
        From `ratios_by_age`.

    Returns
    -------
    pandas.DataFrame
        One row per sex and band: `sex`, `age_from`, `age_to` (missing for 85 and over), `deaths` (expected by the
        model, not whole), `person_years`.

    Notes
    -----
    Persons of 20 and over at entry are followed for 9.5 years, the mean for entries spread over 2001, in steps of a
    month. They leave by death, at the reconstructed rates, and by moving abroad, at one yearly rate chosen so that all
    person-years are those published. Men and women are taken to have entered at the same ages.
    """
    hazards = {sex: _hazard(rates, ratios, sex) for sex in ("female", "male")}
    entries = {sex: _entries(cohort, sex) for sex in hazards}
    goal = float(_published(cohort, "person_years")["value"].iloc[0])

    def surplus(leaving: float) -> float:
        return sum(float(_time_at_age(entries[sex], hazards[sex], leaving).sum()) for sex in hazards) - goal

    if not surplus(0.0) >= 0 >= surplus(0.2):
        raise DataError(f"No yearly share of leavers up to 20% gives {goal:,.0f} person-years. Check the entry ages.")
    leaving = float(brentq(surplus, 0.0, 0.2, xtol=1e-12))
    return pd.concat(
        [_in_bands(_time_at_age(entries[sex], hazards[sex], leaving), hazards[sex], sex) for sex in hazards],
        ignore_index=True,
    )


def _published(cohort: pd.DataFrame, measure: str, **where: object) -> pd.DataFrame:
    """Rows of the cohort of 20 and over with this measure; men and women where the figure is by sex."""
    chosen = (cohort["measure"] == measure) & (cohort["cohort"] == "rotterdam_20plus")
    for column, value in where.items():
        chosen &= cohort[column] == value
    rows = cohort[chosen]
    if rows.empty:
        raise DataError(f"The cohort has no {measure!r} for {where}. The reconstruction needs it.")
    return rows


def _contributions(cohort: pd.DataFrame, sex: str) -> FloatArray:
    """Years lost at 30 by group; what the printed contributions leave of the gap (women: 0.9 year) goes to the last."""
    gap = float(_published(cohort, "life_expectancy_gap", sex=sex, age_from=30, comparator=POPULATION)["value"].iloc[0])
    rows = _published(cohort, "arriaga_contribution_to_gap_at_30", sex=sex).sort_values("age_from")
    young = rows["value"].to_numpy(dtype=float)[:2]
    if np.allclose(rows["value"], rows["value"].iloc[0]):
        return np.full(3, -gap / 3)
    return np.array([*-young, -gap + young.sum()])


def _group_of_age(count: int) -> IntArray:
    return np.searchsorted(GROUPS, np.arange(count), side="right") - 1


def _spread(ratios: FloatArray, reference: FloatArray) -> FloatArray:
    """Rates of the cohort by single age from 0: the reference times the ratio of its group, below 20 the reference."""
    group = _group_of_age(len(reference))
    return np.where(group < 0, reference, reference * np.asarray(ratios)[np.maximum(group, 0)])


def _parts(ratios: FloatArray, reference: FloatArray, first: int) -> FloatArray:
    """Years that each group from age `first` takes off the life expectancy at that age."""
    exposed, start = _spread(ratios, reference)[first:], np.arange(first, len(reference), dtype=float)
    width = np.append(np.ones(len(start) - 1), np.inf)
    single = -arriaga_contributions(reference[None, first:], exposed[None], start, width, "constant hazard")[0]
    group = _group_of_age(len(reference))[first:]
    return np.array([single[group == place].sum() for place in range(group.min(), len(GROUPS))])


def _solved(reference: FloatArray, years: FloatArray) -> FloatArray:
    """Ratios at 30-44, 45-59 and from 60 that take the given years off the life expectancy at 30."""

    def miss(logs: FloatArray) -> FloatArray:
        return _parts(np.array([1.0, *np.exp(logs)]), reference, 30) - years

    found = root(miss, np.log([8.0, 4.0, 2.0]), tol=1e-12)
    if not found.success or np.abs(found.fun).max() > 1e-8:
        raise DataError(f"No ratios give the contributions {years.round(2).tolist()}: {found.message}")
    return np.exp(found.x)


def _youngest(cohort: pd.DataFrame, sex: str, reference: FloatArray, older: FloatArray) -> float:
    """Ratio at 20-29 that gives the published life expectancy at 20."""
    goal = float(
        _published(cohort, "life_expectancy_remaining", sex=sex, age_from=20, population="homeless")["value"].iloc[0]
    )

    def surplus(log_ratio: float) -> float:
        rates = _spread(np.array([np.exp(log_ratio), *older]), reference)[None, 20:]
        width = np.append(np.ones(rates.shape[1] - 1), np.inf)
        lives = life_table_of_rates(rates, np.arange(20.0, len(reference)), width, ax="constant hazard")
        return float(lives.expectancy[0, 0]) - goal

    return float(np.exp(brentq(surplus, -4, 5, xtol=1e-12)))


def _no_deaths_in_the_twenties(cohort: pd.DataFrame, sex: str) -> bool:
    counted = cohort[(cohort["measure"] == "deaths") & (cohort["sex"] == sex) & (cohort["age_from"] == 20)]
    return bool((counted["value"] == 0).any())


def _hazard(rates: pd.DataFrame, ratios: pd.DataFrame, sex: str) -> FloatArray:
    reference = rates.loc[rates["sex"] == sex].sort_values("age_from")["scaled_rate"].to_numpy(dtype=float)
    return _spread(ratios.loc[ratios["sex"] == sex, "ratio"].to_numpy(dtype=float), reference)


def _entries(cohort: pd.DataFrame, sex: str) -> Mapping[str, FloatArray]:
    """Ages at entry by month, and how many persons of this sex began at each."""
    rows = cohort[(cohort["measure"] == "persons_by_age_at_entry") & (cohort["age_from"] >= 20)]
    persons = float(_published(cohort, "persons", sex=sex)["value"].iloc[0])
    ages, weights = [], []
    for row in rows.to_dict("records"):
        end = OLDEST_ENTRY if pd.isna(row["age_to"]) else float(row["age_to"])
        months = np.arange(row["age_from"] + STEP / 2, end, STEP)
        ages.append(months)
        weights.append(np.full(len(months), row["value"] / len(months)))
    weight = np.concatenate(weights)
    return {"age": np.concatenate(ages), "persons": weight * persons / weight.sum()}


def _time_at_age(entries: Mapping[str, FloatArray], hazard: FloatArray, leaving: float) -> FloatArray:
    """Person-years lived at each single age by the persons who entered."""
    steps = np.arange(STEP / 2, MEAN_TIME_AT_RISK, STEP)
    age = np.floor(entries["age"][:, None] + steps).astype(int).clip(max=len(hazard) - 1)
    risk = (hazard[age] + leaving) * STEP
    present = entries["persons"][:, None] * np.exp(-(np.cumsum(risk, axis=1) - risk / 2))
    return np.asarray(np.bincount(age.ravel(), (present * STEP).ravel(), len(hazard)), dtype=float)


def _in_bands(time: FloatArray, hazard: FloatArray, sex: str) -> pd.DataFrame:
    band = np.searchsorted(BANDS, np.arange(len(time)), side="right") - 1
    known = band >= 0
    sums = {
        name: np.bincount(band[known], weights=values[known], minlength=len(BANDS))
        for name, values in (("deaths", time * hazard), ("person_years", time))
    }
    ends = [*BANDS[1:], np.nan]
    return pd.DataFrame({"sex": sex, "age_from": BANDS, "age_to": ends, **sums})
