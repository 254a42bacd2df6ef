"""How much more often do homeless people die? The Rotterdam cohort of 2001-2010, from its published figures."""

import functools
import itertools
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from analysis.claims import Verdict, verdict_on_direction
from analysis.estimates import pick, with_estimates
from analysis.measures.audits import audit_intervals, audit_parts, implied_events
from analysis.measures.rates.crude import crude_rate, rate_ratio
from analysis.measures.shared.checks import normal_quantile
from analysis.measures.shared.levels import PRINTED_LEVEL
from analysis.measures.shared.ratios import interval_from_events, log_estimates, ratio_of_ratios
from analysis.measures.synthesis.contrasts import difference_of_estimates
from analysis.measures.synthesis.meta_analysis import meta_analysis

COHORT = "rotterdam_20plus"
POPULATION = "general population Rotterdam"
AGE_GROUPS = ("20-44", "60+")


def cohort_rate(cohort: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
    """Crude death rate of the whole cohort with its exact interval.

    Parameters
    ----------
    cohort
        Data set `rotterdam_cohort`.
    level
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    pandas.DataFrame
        One row: `persons`, `deaths`, `person_years`, `mean_follow_up` (years) and the estimate columns; the rate is
        per person-year.
    """
    counts = {measure: _count(cohort, measure, "total") for measure in ("persons", "deaths", "person_years")}
    rate = crude_rate(pd.DataFrame([counts]), level=level)
    rate.insert(0, "persons", counts["persons"])
    rate.insert(3, "mean_follow_up", counts["person_years"] / counts["persons"])
    return rate


def rate_ratios(cohort: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
    """Rate ratios against the population of Rotterdam, by sex and pooled, with intervals from the counted deaths.

    Parameters
    ----------
    cohort
        Data set `rotterdam_cohort`.
    level
        Coverage of the intervals, between 0 and 1.

    Returns
    -------
    pandas.DataFrame
        Three rows (`sex` female, male, total): `deaths`, `printed_lower`, `printed_upper` (95 percent, as published)
        and the estimate columns. The point estimates by sex are the published ones, adjusted for age; their intervals
        are computed here from the number of deaths. The total is the two pooled with fixed weights on the log scale.
    """
    printed = _against_population(cohort)
    by_sex = printed[printed["age_to"].isna() & (printed["age_from"] == 20) & printed["sex"].isin(["female", "male"])]
    by_sex = by_sex.sort_values("sex").reset_index(drop=True)
    deaths = np.array([_count(cohort, "deaths", sex) for sex in by_sex["sex"]])
    lower, upper = interval_from_events(by_sex["value"].to_numpy(), deaths, level)
    ratios = with_estimates(
        pd.DataFrame(
            {
                "sex": by_sex["sex"],
                "deaths": deaths,
                "printed_lower": by_sex["lower"],
                "printed_upper": by_sex["upper"],
            }
        ),
        measure="rate_ratio",
        estimate=by_sex["value"],
        lower=lower,
        upper=upper,
        level=level,
        unit="ratio",
        method="published ratio adjusted for age, interval from counted deaths",
    )
    pooled = meta_analysis(
        log_estimates(ratios),
        effect="log_estimate",
        standard_error="log_standard_error",
        method="fixed",
        level=level,
        exponentiate=True,
    )
    total = ratios.iloc[:1].assign(
        sex="total",
        deaths=deaths.sum(),
        printed_lower=np.nan,
        printed_upper=np.nan,
        measure="rate_ratio",
        estimate=pooled["estimate"].iloc[0],
        lower=pooled["lower"].iloc[0],
        upper=pooled["upper"].iloc[0],
        method="fixed effect, inverse variance on the log scale",
    )
    return pd.concat([ratios, total], ignore_index=True)


def women_against_men(ratios: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
    """How many times larger the ratio of women is than that of men.

    Parameters
    ----------
    ratios
        From `rate_ratios`.
    level
        Coverage of the interval.

    Returns
    -------
    pandas.DataFrame
        One row: `z`, `p_value` and the estimate columns, with `measure` "ratio_of_ratios".
    """
    return ratio_of_ratios(ratios, group="sex", numerator="female", denominator="male", level=level)


def lost_years_women_against_men(cohort: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
    """How many more years of life expectancy at 30 homeless women lose than homeless men.

    Parameters
    ----------
    cohort
        Data set `rotterdam_cohort`.
    level
        Coverage of the interval.

    Returns
    -------
    pandas.DataFrame
        One row: `first` (women) and `second` (men), years lost, `p_value` and the estimate columns in years.
    """
    gaps = cohort[
        (cohort["measure"] == "life_expectancy_gap")
        & (cohort["age_from"] == 30)
        & (cohort["comparator"] == POPULATION)
        & cohort["sex"].isin(["female", "male"])
    ]
    lost = pd.DataFrame(
        {"sex": gaps["sex"], "estimate": -gaps["value"], "lower": -gaps["upper"], "upper": -gaps["lower"]}
    ).assign(unit="years")
    return difference_of_estimates(
        lost, group="sex", first="female", second="male", level=level, input_level=PRINTED_LEVEL
    )


def audit(cohort: pd.DataFrame) -> pd.DataFrame:
    """Every published rate ratio with its interval: how many deaths does that interval take, and were there so many?

    Parameters
    ----------
    cohort
        Data set `rotterdam_cohort`.

    Returns
    -------
    pandas.DataFrame
        One row per published ratio: `group` (code), `estimate`, `lower`, `upper`, `counted_events`, and what
        `audit_intervals` adds: `implied_events`, `geometric_centre`, `finding` and more. An interval that passes alone
        but not together with that of the other age group has the finding "impossible together".
    """
    printed = _against_population(cohort).dropna(subset=["lower", "upper"])
    within = cohort[
        (cohort["measure"] == "rate_ratio") & (cohort["population"] == "homeless men") & cohort["lower"].notna()
    ]
    rows = pd.concat([printed, within]).assign(group=lambda table: [_group(row) for row in table.to_dict("records")])
    counted = {"female": _count(cohort, "deaths", "female"), "male": _count(cohort, "deaths", "male")}
    table = pd.DataFrame(
        {
            "group": rows["group"],
            "estimate": rows["value"],
            "lower": rows["lower"],
            "upper": rows["upper"],
            "p_value": rows["p_value"],
            "counted": [counted.get(group, np.nan) for group in rows["group"]],
        }
    ).reset_index(drop=True)
    total = _count(cohort, "deaths", "total")
    audited = audit_intervals(table, level=PRINTED_LEVEL, events="counted", events_ceiling=total, decimals=2)
    together = ages_together(cohort)["finding"].iloc[0] != "consistent"
    joined = audited["group"].isin(AGE_GROUPS) & (audited["finding"] == "consistent") & together
    return audited.assign(finding=audited["finding"].mask(joined, "impossible together"))


def ages_together(cohort: pd.DataFrame) -> pd.DataFrame:
    """Deaths that the intervals of the two age groups imply together, against all deaths of the cohort.

    Parameters
    ----------
    cohort
        Data set `rotterdam_cohort`.

    Returns
    -------
    pandas.DataFrame
        One row from `audit_parts`: `total` implied, its range from rounding, `whole` counted, `finding`.
    """
    return audit_parts(
        age_ratios(cohort).drop(columns="implied_events"), decimals=2, whole=_count(cohort, "deaths", "total")
    )


def audit_life_expectancy(cohort: pd.DataFrame) -> pd.DataFrame:
    """Every published life expectancy and gap with its interval: is the estimate in the middle?

    Parameters
    ----------
    cohort
        Data set `rotterdam_cohort`.

    Returns
    -------
    pandas.DataFrame
        One row per published figure: `what`, `population`, `sex`, `age`, `estimate`, `lower`, `upper`, `centre` (middle
        of the interval) and `finding`: "consistent" or "off centre" (more than rounding to 0.1 year allows).
    """
    wanted = cohort["measure"].isin(["life_expectancy_remaining", "life_expectancy_gap"]) & cohort["lower"].notna()
    rows = cohort[wanted]
    centre = (rows["lower"] + rows["upper"]) / 2
    off = (rows["value"] - centre).abs() > 0.1 + 1e-9
    return pd.DataFrame(
        {
            "what": rows["measure"],
            "population": rows["population"],
            "sex": rows["sex"],
            "age": rows["age_from"],
            "estimate": rows["value"],
            "lower": rows["lower"],
            "upper": rows["upper"],
            "centre": centre.round(2),
            "finding": np.where(off, "off centre", "consistent"),
        }
    ).reset_index(drop=True)


def age_ratios(cohort: pd.DataFrame) -> pd.DataFrame:
    """The published ratios at 20-44 and from 60, with the deaths their intervals imply.

    Parameters
    ----------
    cohort
        Data set `rotterdam_cohort`.

    Returns
    -------
    pandas.DataFrame
        Two rows (`group` "20-44", "60+"): `estimate`, `lower`, `upper` as published, `implied_events`.
    """
    rows = _against_population(cohort)
    rows = rows[rows["sex"].eq("total") & (rows["age_to"].eq(45) | rows["age_from"].eq(60))].sort_values("age_from")
    return pd.DataFrame(
        {
            "group": list(AGE_GROUPS),
            "estimate": rows["value"].to_numpy(),
            "lower": rows["lower"].to_numpy(),
            "upper": rows["upper"].to_numpy(),
            "implied_events": implied_events(rows["lower"], rows["upper"], PRINTED_LEVEL),
        }
    )


def young_against_old(cohort: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
    """The ratio at 20-44 over that from 60, under two assumptions about the unpublished numbers of deaths.

    Parameters
    ----------
    cohort
        Data set `rotterdam_cohort`.
    level
        Coverage of the intervals.

    Returns
    -------
    pandas.DataFrame
        Two rows by `scenario`: "all deaths" splits every death of the cohort evenly over the two groups, the
        narrowest interval that can exist; "fewest deaths" has just as many in each group as are needed to tell the
        groups apart. Columns `deaths_each` and the estimate columns, with `measure` "ratio_of_ratios".

    Notes
    -----
    The variance of the logarithm of the contrast is 1/D1 + 1/D2, smallest when all deaths fall in the two groups and
    are split evenly. So a narrower interval than that of "all deaths" is impossible, whatever the true split.
    """
    young, old = age_ratios(cohort)["estimate"]
    half = _count(cohort, "deaths", "total") / 2
    spread = math.exp(normal_quantile(level) * math.sqrt(2 / half))
    fewest = _fewest_deaths(young / old, level)
    return with_estimates(
        pd.DataFrame({"scenario": ["all deaths", "fewest deaths"], "deaths_each": [half, fewest["deaths_exposed"]]}),
        measure="ratio_of_ratios",
        estimate=young / old,
        lower=[young / old / spread, fewest["lower"]],
        upper=[young / old * spread, fewest["upper"]],
        level=level,
        unit="ratio",
        method=["normal on the log scale, variance 2/D for assumed deaths D", "exact, for assumed deaths"],
        note="scenario: deaths by age were not published",
    )


def _fewest_deaths(contrast: float, level: float) -> Mapping[str, Any]:
    """The exact interval of the contrast with just as many deaths in each group as bring its lower limit above 1."""
    groups = pd.DataFrame({"age": ["young", "old"], "person_years": [1 / contrast, 1.0]})
    exact = functools.partial(rate_ratio, group="age", exposed="young", reference="old", level=level, method="exact")
    rows = (exact(groups.assign(deaths=deaths)).iloc[0] for deaths in itertools.count(1))
    return dict(next(row for row in rows if row["lower"] > 1))


def excess_by_age(cohort: pd.DataFrame, population: pd.DataFrame, *, oldest_age: int = 80) -> pd.DataFrame:
    """The age pattern on both scales: the published ratio, and the extra deaths per person-year it would mean.

    Parameters
    ----------
    cohort
        Data set `rotterdam_cohort`.
    population
        Data set `nl_deaths_person_years_2001_2010`: deaths and person-years by single age and sex.
    oldest_age
        Upper age of the older group in the reference (exclusive): few homeless people grow older.

    Returns
    -------
    pandas.DataFrame
        Two rows (`group` "20-44", "60+"): `ratio` (published), `reference_rate` (national, per person-year),
        `implied_rate` and `excess_rate` = reference rate times ratio minus one. A scenario, without interval: it puts
        national rates, men and women weighted as in the cohort, in the place of the unpublished rates of the
        people of Rotterdam of the cohort's ages.
    """
    men = _count(cohort, "persons", "male") / _count(cohort, "persons", "total")
    rates = [_national_rate(population, *ages, share_of_men=men) for ages in ((20, 45), (60, oldest_age))]
    ratios = age_ratios(cohort)
    table = pd.DataFrame({"group": ratios["group"], "ratio": ratios["estimate"], "reference_rate": rates})
    implied = table["ratio"] * table["reference_rate"]
    return table.assign(implied_rate=implied, excess_rate=implied - table["reference_rate"])


def figure_rows(ratios: pd.DataFrame, audited: pd.DataFrame) -> pd.DataFrame:
    """Rows of the figure: what is computed here, and below it the published ratios with impossible intervals.

    Parameters
    ----------
    ratios
        From `rate_ratios`.
    audited
        From `audit`.

    Returns
    -------
    pandas.DataFrame
        Columns `group`, `estimate`, `lower`, `upper`, `level`, `kind` and `section`, in the order drawn.
    """
    kinds = {"female": "estimate", "male": "estimate", "total": "summary"}
    computed = ratios.assign(group=ratios["sex"], kind=ratios["sex"].map(kinds), section=0)
    ages = audited[audited["group"].isin(AGE_GROUPS)].assign(kind="published", section=1, level=PRINTED_LEVEL)
    columns = ["group", "estimate", "lower", "upper", "level", "kind", "section"]
    return pd.concat([computed[columns], ages[columns]], ignore_index=True)


def verdict_on_age(audited: pd.DataFrame, narrowest: Mapping[str, Any]) -> Verdict:
    """Verdict on "larger in the young": corrected as long as the published intervals are impossible.

    Parameters
    ----------
    audited
        From `audit`.
    narrowest
        The contrast with the narrowest possible interval, from `young_against_old`.

    Returns
    -------
    str
        A verdict.
    """
    ages = audited[audited["group"].isin(AGE_GROUPS)]
    if (ages["finding"] != "consistent").any():
        return "corrected"
    return verdict_on_direction(narrowest, 1)


def _national_rate(population: pd.DataFrame, age_from: int, age_to: int, *, share_of_men: float) -> float:
    band = population[(population["age_from"] >= age_from) & (population["age_from"] < age_to)]
    by_sex = band.groupby("sex")[["deaths", "person_years"]].sum()
    rates = by_sex["deaths"] / by_sex["person_years"]
    return float(share_of_men * rates["male"] + (1 - share_of_men) * rates["female"])


def _against_population(cohort: pd.DataFrame) -> pd.DataFrame:
    wanted = (cohort["cohort"] == COHORT) & (cohort["measure"] == "rate_ratio") & (cohort["comparator"] == POPULATION)
    return cohort[wanted]


def _count(cohort: pd.DataFrame, measure: str, sex: str) -> float:
    rows = cohort[
        (cohort["cohort"] == COHORT)
        & (cohort["age_from"] == 20)
        & cohort["age_to"].isna()
        & (cohort["population"] == "homeless")
    ]
    return float(pick(rows, measure=measure, sex=sex)["value"])


def _group(row: Mapping[Any, Any]) -> str:
    if row["population"] == "homeless men":
        return "male v female"
    if row["sex"] != "total":
        return str(row["sex"])
    return AGE_GROUPS[0] if row["age_to"] == 45 else AGE_GROUPS[1]
