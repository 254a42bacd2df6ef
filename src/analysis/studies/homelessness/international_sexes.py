"""Women and men of the same cohort by two measures: a mortality ratio and years of life expectancy lost."""

from collections.abc import Sequence

import pandas as pd

from analysis.estimates import ESTIMATE_COLUMNS
from analysis.measures.life_tables.life_expectancy import life_expectancy
from analysis.measures.shared.levels import PRINTED_LEVEL
from analysis.measures.shared.ratios import ratio_of_ratios
from analysis.measures.synthesis.contrasts import difference_of_estimates
from analysis.studies.homelessness.international_evidence import ratios


def both_scales(
    studies: pd.DataFrame, rotterdam: pd.DataFrame, *, include_doubtful: bool = False, level: float = 0.95
) -> pd.DataFrame:
    """Women against men within each cohort, as a ratio of ratios and in years of life expectancy lost.

    Parameters
    ----------
    studies
        Data set `homeless_cohort_studies`.
    rotterdam
        Data set `rotterdam_cohort`: the life expectancy gaps at 30 of that cohort.
    include_doubtful
        Add Copenhagen 2003 as printed.
    level
        Coverage of the intervals.

    Returns
    -------
    pandas.DataFrame
        Two kinds of rows by `scale`, for each cohort with both sexes: "ratio" (`women` and `men`, the estimate is the
        one over the other) and "years" lost from `age` (the estimate is women minus men), where these were published.
        Columns `study`, `scale`, `age`, `women`, `men`, `p_value` and the estimate columns.
    """
    printed = ratios(studies, include_doubtful=include_doubtful)
    women = printed.loc[printed["sex"].eq("female"), "study"]
    pairs = printed[printed["study"].isin(women) & printed["sex"].ne("total")]
    relative = ratio_of_ratios(pairs, group="sex", numerator="female", denominator="male", by="study", level=level)
    absolute = difference_of_estimates(
        _years_lost(studies, rotterdam),
        group="sex",
        first="female",
        second="male",
        by=["study", "age"],
        level=level,
        input_level=PRINTED_LEVEL,
    )
    rows = [
        relative.rename(columns={"ratio_numerator": "women", "ratio_denominator": "men"}).assign(scale="ratio", age=""),
        absolute.rename(columns={"first": "women", "second": "men"}).assign(scale="years"),
    ]
    columns = ["study", "scale", "age", "women", "men", "p_value", *ESTIMATE_COLUMNS]
    both = pd.concat([table[columns] for table in rows])
    return both.sort_values(["study", "scale"], ignore_index=True)


def _years_lost(studies: pd.DataFrame, rotterdam: pd.DataFrame) -> pd.DataFrame:
    """Published life expectancy gaps against the population as years lost, of men and women."""
    here = rotterdam["comparator"].eq("general population Rotterdam") & rotterdam["age_from"].eq(30)
    gaps = pd.concat(
        [
            rotterdam[here & rotterdam["measure"].eq("life_expectancy_gap")].assign(study="rotterdam_2013", age="30"),
            studies[studies["measure"].eq("life_expectancy_gap")].assign(age=lambda table: table["age_band"]),
        ]
    )
    return pd.DataFrame(
        {
            "study": gaps["study"],
            "age": gaps["age"],
            "sex": gaps["sex"],
            "estimate": -gaps["value"],
            "lower": -gaps["upper"],
            "upper": -gaps["lower"],
            "unit": "years",
        }
    ).reset_index(drop=True)


def years_lost_at_ratio(
    population: pd.DataFrame, ratio: float, *, at: float, until: Sequence[float] = (float("inf"),)
) -> pd.DataFrame:
    """Years of life expectancy that the same mortality ratio at every age costs women and men.

    Parameters
    ----------
    population
        Deaths and person-years of a population by `sex` and age (`age_from`, `age_to`), such as the data set
        `nl_deaths_person_years_2001_2010`; the last age is open.
    ratio
        How many times as often people die as this population, above 0.
    at
        Age from which years count, in years; a band begins there.
    until
        Ages up to which the ratio holds; afterwards people die as often as the population. Infinite is lifelong.

    Returns
    -------
    pandas.DataFrame
        One row per `until` and `sex`: `until`, `sex` and `years_lost`, the remaining life expectancy of the population
        at that age minus that with the ratio.

    Notes
    -----
    Interpretation: arithmetic on a life table, no estimate for any cohort and without interval. Years lost are about
    the same for women and men when the ratio holds for life, for the ratio then works on the ages at which most of
    each sex die. They are fewer for women when it holds at young ages only, at which women seldom die.
    """
    rates = population.assign(rate=population["deaths"] / population["person_years"])
    usual = life_expectancy(rates, rate="rate", by="sex", at=at).set_index("sex")["estimate"]
    rows = []
    for end in until:
        raised = rates["rate"].where(rates["age_from"] >= end, rates["rate"] * ratio)
        left = life_expectancy(rates.assign(rate=raised), rate="rate", by="sex", at=at).set_index("sex")["estimate"]
        rows.append((usual - left).rename("years_lost").reset_index().assign(until=end))
    return pd.concat(rows, ignore_index=True)[["until", "sex", "years_lost"]]
