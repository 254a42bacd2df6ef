"""Years lost by the Rotterdam cohort as published, beside ours: what was entered, what agrees, and the verdicts."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from analysis.claims import Verdict, verdict_on_value
from analysis.measures.life_tables.life_expectancy import life_expectancy
from analysis.studies.homelessness.life_expectancy_gap_tables import AGE
from analysis.studies.homelessness.reconstruction import POPULATION

SOURCE = "nusselder2013"
"""Reference on the card of data sets about the Rotterdam cohort."""
RATIO_GROUPS = (
    ("male", 20.0, np.inf),
    ("female", 20.0, np.inf),
    ("total", 20.0, np.inf),
    ("total", 20.0, 45.0),
    ("total", 60.0, np.inf),
)
"""Groups with a published mortality ratio to the population of Rotterdam: sex, first age and age at which it ends."""
NEAR: Mapping[str, float] = {"reference": 0.15, "cohort": 0.15, "deaths": 3.0}
"""How far ours may lie from the published figure to be called close: years, or deaths."""
NEAR_RATIO = 0.1
"""Relative distance within which a mortality ratio is called close."""


def published_gaps(published: pd.DataFrame) -> pd.DataFrame:
    """Years lost as published for the Rotterdam cohort.

    Parameters
    ----------
    published
        Data set `rotterdam_cohort`.

    Returns
    -------
    pandas.DataFrame
        One row per sex and age (20, 30): `sex`, `age`, `estimate`, `lower`, `upper` (95 percent), positive for a loss.
    """
    rows = published[
        (published["measure"] == "life_expectancy_gap")
        & (published["comparator"] == POPULATION)
        & published["sex"].isin(["female", "male"])
    ]
    return pd.DataFrame(
        {
            "sex": rows["sex"],
            "age": rows["age_from"].astype(float),
            "estimate": -rows["value"],
            "lower": -rows["upper"],
            "upper": -rows["lower"],
            "level": 0.95,
        }
    ).reset_index(drop=True)


def against_published(
    published: pd.DataFrame,
    rates: pd.DataFrame,
    lost: pd.DataFrame,
    table: pd.DataFrame,
    *,
    scaled: bool,
    rebuilt: bool,
) -> pd.DataFrame:
    """Published figures of Rotterdam beside ours, whether they were entered, and whether they agree.

    Parameters
    ----------
    published
        Data set `rotterdam_cohort`.
    rates
        From `life_expectancy_gap_tables.reference_rates`.
    lost
        From `life_expectancy_gap.years_lost`, at 20 and 30.
    table
        From `life_expectancy_gap_tables.on_reference_bands`, with a band that begins at 45 and at 60.
    scaled
        Whether the rates were scaled to the life expectancy at 20. National rates have no published figure of
        Rotterdam beside them: then no row is about the population, nor a ratio to it.
    rebuilt
        Whether the cohort is the reconstruction, into which published figures were entered.

    Returns
    -------
    pandas.DataFrame
        One row per figure: `what` ("reference", "cohort", "deaths", "ratio"), `sex`, `age`, `age_to` (infinite for
        open), `printed`, `ours`, `entered`, `close` (within `NEAR` or `NEAR_RATIO`).

    Notes
    -----
    Life expectancy of the women at 20 counts as entered in a reconstruction: it is that at 30 and ten years, because
    the absence of deaths between these ages was entered too. Deaths were entered nowhere, but the form of the model
    was chosen after an earlier one gave too many: support, not a blind test.
    """
    cohort = lost.assign(ours=lost["expectancy_exposed"])
    rows = _expectancies(published, cohort, "cohort", "homeless", entered=(20.0, AGE) if rebuilt else ())
    if scaled:
        reference = life_expectancy(rates.drop(columns="person_years"), at=(20, AGE), by="sex", rate="rate")
        reference = reference[reference["sex"].isin(lost["sex"])].assign(ours=lambda found: found["estimate"])
        rows = [*_expectancies(published, reference, "reference", POPULATION, entered=(20.0,)), *rows]
    rows += _deaths(published, table)
    rows += _ratios(published, table) if scaled else []
    apart = pd.DataFrame(rows)
    distance = (apart["printed"] - apart["ours"]).abs()
    most = apart["what"].map(NEAR).fillna(apart["printed"] * NEAR_RATIO)
    return apart.assign(close=distance <= most)


def _expectancies(
    published: pd.DataFrame, ours: pd.DataFrame, what: str, population: str, *, entered: tuple[float, ...]
) -> list[dict[str, Any]]:
    """Remaining life expectancy by sex at 20 and 30."""
    known = ours[ours["age"].isin([20.0, float(AGE)])].sort_values(["age", "sex"], ascending=[True, False])
    return [
        {
            "what": what,
            "sex": row["sex"],
            "age": float(row["age"]),
            "age_to": np.inf,
            "printed": _printed(published, "life_expectancy_remaining", str(row["sex"]), population, row["age"]),
            "ours": float(row["ours"]),
            "entered": row["age"] in entered,
        }
        for row in known.to_dict("records")
    ]


def _deaths(published: pd.DataFrame, table: pd.DataFrame) -> list[dict[str, Any]]:
    adults = table[table["age_from"] >= 20]
    sums: dict[str, float] = {str(sex): float(deaths) for sex, deaths in adults.groupby("sex")["deaths"].sum().items()}
    if len(sums) > 1:
        sums["total"] = sum(sums.values())
    rest = {"what": "deaths", "age": np.nan, "age_to": np.inf, "entered": False}
    return [
        {**rest, "sex": sex, "printed": _printed(published, "deaths", sex, "homeless", 20.0), "ours": deaths}
        for sex, deaths in sorted(sums.items(), key=lambda pair: ("male", "female", "total").index(pair[0]))
    ]


def _ratios(published: pd.DataFrame, table: pd.DataFrame) -> list[dict[str, Any]]:
    """Deaths over expected deaths, for the groups with a published ratio that the cohort has."""
    rows = []
    for sex, begin, end in RATIO_GROUPS:
        inside = table["age_from"].ge(begin) & ~table["age_from"].ge(end) & table["sex"].isin(_members(sex))
        if set(_members(sex)) - set(table.loc[inside, "sex"]):
            continue
        known = table[inside]
        rows.append(
            {
                "what": "ratio",
                "sex": sex,
                "age": begin,
                "age_to": end,
                "printed": _printed(published, "rate_ratio", sex, "homeless", begin, end, comparator=POPULATION),
                "ours": float(known["deaths"].sum() / (known["person_years"] * known["rate"]).sum()),
                "entered": False,
            }
        )
    return rows


def _members(sex: str) -> tuple[str, ...]:
    return ("female", "male") if sex == "total" else (sex,)


def _printed(
    published: pd.DataFrame,
    measure: str,
    sex: str,
    population: str,
    age: float,
    end: float = np.inf,
    comparator: str = "",
) -> float:
    rows = published[
        (published["cohort"] == "rotterdam_20plus")
        & (published["measure"] == measure)
        & (published["sex"] == sex)
        & (published["population"] == population)
        & (published["age_from"] == age)
        & (published["age_to"].astype(float).fillna(np.inf) == end)
        & (published["comparator"].fillna("") == comparator)
    ]
    return float(rows["value"].iloc[0])


def verdict_on_gap(
    lost: pd.DataFrame, sex: str, claimed: float, *, rotterdam: bool, rebuilt: bool, scaled: bool
) -> Verdict:
    """Verdict on a claim about Rotterdam: not testable with another cohort or with national rates.

    Parameters
    ----------
    lost
        From `life_expectancy_gap.years_lost`.
    sex
        ``female`` or ``male``.
    claimed
        Years that the text states at 30.
    rotterdam
        Whether the cohort is that of Rotterdam.
    rebuilt
        Whether the cohort is the reconstruction, into which the claimed number was entered: no independent test.
    scaled
        Whether the comparison is with Rotterdam; with the Netherlands the claim is about something else.

    Returns
    -------
    str
        The verdict of `verdict_on_value`; with the reconstruction ``consistent`` at most.
    """
    rows = lost[(lost["sex"] == sex) & (lost["age"] == AGE) & lost["estimate"].notna()]
    if not rotterdam or not scaled or rows.empty:
        return "not_testable"
    verdict = verdict_on_value({str(key): value for key, value in rows.iloc[0].items()}, claimed, 1)
    return "consistent" if rebuilt and verdict == "reproduced" else verdict
