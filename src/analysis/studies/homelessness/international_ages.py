"""Mortality ratios by age, in cohorts elsewhere and in Rotterdam: the younger, the larger."""

from typing import Any

import numpy as np
import pandas as pd

from analysis.measures.rates.indirect_standardisation import observed_to_expected
from analysis.measures.shared.levels import PRINTED_LEVEL
from analysis.measures.shared.ratios import log_estimates, log_interval, ratio_of_ratios


def age_ratios(studies: pd.DataFrame, rotterdam: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
    """Ratios for one age group, in cohorts elsewhere and in Rotterdam, from young to old within each cohort.

    Parameters
    ----------
    studies
        Data set `homeless_cohort_studies`.
    rotterdam
        Data set `rotterdam_cohort`.
    level
        Coverage of the intervals.

    Returns
    -------
    pandas.DataFrame
        One row per cohort and age group: `study`, `sex`, `age` ("18–24", "≤50", "60+") with `age_from` and `age_to`
        (exclusive; either is missing when open), `estimate`, `lower`, `upper`, `level`, `kind` and `section`. An
        interval that was not printed is the exact one of the deaths, where these are known. Kind "published": no
        interval was seen, or (Rotterdam) the printed one cannot be right.
    """
    elsewhere = studies[studies["pool"].eq("age") & studies["fact"].isin(_one_sex_per_age(studies))]
    computed = _age_intervals(elsewhere, level).assign(kind="estimate")
    boston = studies[studies["study"].eq("boston_2013")].assign(kind="published", level=PRINTED_LEVEL)
    here = rotterdam[
        rotterdam["comparator"].eq("general population Rotterdam")
        & rotterdam["measure"].eq("rate_ratio")
        & (rotterdam["age_to"].eq(45) | rotterdam["age_from"].eq(60))
    ].assign(study="rotterdam_2013", kind="published", level=PRINTED_LEVEL)
    sections = {"toronto_men_2000": 1, "boston_2013": 2, "rotterdam_2013": 3}
    rows = pd.concat([computed, boston, here], ignore_index=True).rename(columns={"value": "estimate"})
    rows = rows.assign(age=[_age(row["age_from"], row["age_to"]) for row in rows.to_dict("records")])
    rows = rows.assign(section=rows["study"].map(sections).fillna(0))
    rows = rows.sort_values(["section", "age_to"], kind="stable")
    columns = ["study", "sex", "age", "age_from", "age_to", "estimate", "lower", "upper", "level", "kind", "section"]
    return rows[columns].reset_index(drop=True)


def _age(age_from: Any, age_to: Any) -> str:
    if pd.isna(age_from):
        return f"≤{int(age_to) - 1}"
    return f"{int(age_from)}+" if pd.isna(age_to) else f"{int(age_from)}–{int(age_to) - 1}"


def _one_sex_per_age(studies: pd.DataFrame) -> pd.Series:
    """Facts of one age group, without the parts by sex of a study that printed both sexes together."""
    total = studies.loc[studies["pool"].eq("age") & studies["sex"].eq("total"), "study"]
    return studies.loc[studies["sex"].eq("total") | ~studies["study"].isin(total), "fact"]


def _age_intervals(rows: pd.DataFrame, level: float) -> pd.DataFrame:
    """As printed at the printed level; otherwise exact where the deaths of the row are known, or by width."""
    as_printed = rows["lower"].notna() & bool(np.isclose(level, PRINTED_LEVEL))
    counted = rows["counts_of"].eq("row") & rows["deaths"].notna()
    exact = observed_to_expected(
        rows[counted].assign(expected=rows["deaths"] / rows["value"]), by="fact", level=level
    ).set_index("fact")
    widths = log_estimates(rows[~counted].rename(columns={"value": "estimate"}).assign(level=PRINTED_LEVEL))
    lower, upper = log_interval(widths["estimate"], widths["log_standard_error"], level)
    limits = pd.concat([exact[["lower", "upper"]], pd.DataFrame({"lower": lower, "upper": upper}, widths["fact"])])
    found = limits.loc[rows["fact"]].set_axis(rows.index)
    return rows.assign(
        lower=rows["lower"].where(as_printed, found["lower"]),
        upper=rows["upper"].where(as_printed, found["upper"]),
        level=level,
    )


def youngest_against_oldest(studies: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
    """The ratio of the youngest over that of the oldest men in Toronto, the cohort with intervals for several ages.

    Parameters
    ----------
    studies
        Data set `homeless_cohort_studies`.
    level
        Coverage of the interval.

    Returns
    -------
    pandas.DataFrame
        One row: `ratio_numerator` (youngest), `ratio_denominator` (oldest), `z`, `p_value` and the estimate columns.
    """
    rows = studies[studies["study"].eq("toronto_men_2000")].sort_values("age_from")
    ends = rows.iloc[[0, -1]].rename(columns={"value": "estimate"}).assign(end=["young", "old"], level=PRINTED_LEVEL)
    return ratio_of_ratios(ends, group="end", numerator="young", denominator="old", level=level)
