"""Trends within one method of counting, and whether homelessness is increasing among women."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.claims import Verdict
from analysis.errors import DataError
from analysis.estimates import pick, with_estimates
from analysis.measures.shared.ratios import ratio_of_ratios
from analysis.measures.synthesis.meta_regression import meta_regression
from analysis.studies.homelessness.population_size import changes

FEWEST_YEARS = 5


def trends(
    series: pd.DataFrame, margin: Mapping[str, float], *, groups: Sequence[str], first_year: int = 2009
) -> pd.DataFrame:
    """Growth along the line through all printed years of a method, for methods with at least five years.

    Parameters
    ----------
    series
        From `group_series`, or with further groups of the same columns; only numbers that were printed count.
    margin
        From `relative_margin`: the precision each year is taken to have at least.
    groups
        Groups asked for.
    first_year
        First year that counts.

    Returns
    -------
    pandas.DataFrame
        Per group and method: `group`, `regime`, `first_year`, `last_year`, `scatter` (relative standard deviation of
        the years around the line), `p_value` and the estimate columns, with `measure` "growth". The interval comes
        from the scatter (Student's t), not from the assumed margin.

    Notes
    -----
    Interpretation: how many times larger the group is at the end of the method's years than at the beginning, if it
    grew by the same percentage each year. One odd year counts less than in a ratio of two years.
    """
    usable = series[series["year"].ge(first_year) & ~series["derived"] & series["group"].isin(groups)]
    parts = [part.sort_values("year") for _, part in usable.groupby(["group", "regime"]) if len(part) >= FEWEST_YEARS]
    rows = pd.DataFrame([_trend(part, margin) for part in parts])
    if rows.empty:
        raise DataError(f"No method has {FEWEST_YEARS} years from {first_year} for {list(groups)}. Begin earlier.")
    limits = rows[["estimate", "lower", "upper"]]
    return with_estimates(
        rows.drop(columns=limits.columns),
        measure="growth",
        estimate=limits["estimate"],
        lower=limits["lower"],
        upper=limits["upper"],
        level=margin["level"],
        unit="ratio",
        method="log-linear regression on year; interval from the scatter around the line (Hartung-Knapp)",
    )


def _trend(part: pd.DataFrame, margin: Mapping[str, float]) -> dict[str, Any]:
    years = part["year"] - part["year"].iloc[0]
    span = float(years.iloc[-1])
    data = pd.DataFrame({"effect": np.log(part["estimate"]), "years": years})
    data = data.assign(standard_error=margin["standard_error"])
    fit = meta_regression(data, moderators="years", level=margin["level"])
    start, slope = pick(fit, term="intercept"), pick(fit, term="years")
    residuals = data["effect"] - start["estimate"] - slope["estimate"] * data["years"]
    return {
        "group": part["group"].iloc[0],
        "regime": part["regime"].iloc[0],
        "first_year": part["year"].iloc[0],
        "last_year": part["year"].iloc[-1],
        "scatter": float(np.sqrt((residuals**2).sum() / (len(part) - 2))),
        "p_value": slope["p_value"],
        **{name: float(np.exp(slope[name] * span)) for name in ("estimate", "lower", "upper")},
    }


def women(series: pd.DataFrame, margin: Mapping[str, float], *, first_year: int = 2009) -> pd.DataFrame:
    """Number of women, their share, and their growth against that of men, within each method.

    Parameters
    ----------
    series
        From `group_series`; only numbers that were printed count.
    margin
        From `relative_margin`.
    first_year
        First year that counts.

    Returns
    -------
    pandas.DataFrame
        One row per method: `regime`, `first_year`, `last_year`, `first`, `last` (women), `share_first`, `share_last`
        (proportion of women); `estimate`, `lower`, `upper` (growth of the number); `against_men`,
        `against_men_lower`, `against_men_upper` (growth of women over that of men) and `along_line`: true where both
        come from `trends`, false where too few years leave only the first and the last, with assumed margins.
    """
    printed = series[~series["derived"]]
    both = changes(printed, margin, groups=("female", "male"), first_year=first_year)
    numbers, men = (both[both["group"].eq(sex)].reset_index(drop=True) for sex in ("female", "male"))
    contrast = ratio_of_ratios(
        both, group="group", numerator="female", denominator="male", by="regime", level=margin["level"]
    )
    against = {"estimate": "against_men", "lower": "against_men_lower", "upper": "against_men_upper"}
    rows = numbers.assign(
        share_first=numbers["first"] / (numbers["first"] + men["first"]),
        share_last=numbers["last"] / (numbers["last"] + men["last"]),
        along_line=False,
    ).merge(contrast[["regime", *against]].rename(columns=against), on="regime")
    lines = trends(_with_women_per_man(printed), margin, groups=("female", "women per man"), first_year=first_year)
    for line in lines.to_dict("records"):
        place = rows["regime"].eq(line["regime"])
        names = list(against) if line["group"] == "female" else list(against.values())
        rows.loc[place, [*names, "along_line"]] = [*(line[name] for name in against), True]
    return rows.drop(columns=["method", "note"])


def _with_women_per_man(series: pd.DataFrame) -> pd.DataFrame:
    by_sex = series.pivot_table(index=["year", "regime"], columns="group", values="estimate")
    ratio = (by_sex["female"] / by_sex["male"]).dropna().rename("estimate").reset_index()
    return pd.concat([series, ratio.assign(group="women per man", derived=False)], ignore_index=True)


def verdict_on_women(series: pd.DataFrame, margin: Mapping[str, float], *, first_year: int = 2009) -> Verdict:
    """Verdict on "homelessness is increasing among women"; one that hangs on a single first year does not count.

    Parameters
    ----------
    series
        From `group_series`.
    margin
        From `relative_margin`.
    first_year
        First year that counts.

    Returns
    -------
    str
        The verdict of `verdict_by_method`, when it is the same without the first year; else ``not_testable``.
    """
    rows = women(series, margin, first_year=first_year)
    later = women(series, margin, first_year=int(rows["first_year"].min()) + 1)
    verdict = verdict_by_method(rows)
    return verdict if verdict == verdict_by_method(later) else "not_testable"


def verdict_by_method(rows: pd.DataFrame) -> Verdict:
    """Verdict on an increase among women from number and growth against men within each method.

    Parameters
    ----------
    rows
        From `women`.

    Returns
    -------
    str
        ``reproduced`` when the number rose in every method, the whole interval above 1; ``contradicted`` when it fell
        so; ``consistent`` when it rose so in one and fell so in none; ``corrected`` when no change of the number is
        shown and women fell behind men in one method and got ahead in none; else ``not_testable``.
    """
    rose, fell = rows["lower"] > 1, rows["upper"] < 1
    if rose.all() or fell.all():
        return "reproduced" if rose.all() else "contradicted"
    if rose.any() and not fell.any():
        return "consistent"
    behind, ahead = rows["against_men_upper"] < 1, rows["against_men_lower"] > 1
    unchanged = not rose.any() and not fell.any()
    return "corrected" if unchanged and behind.any() and not ahead.any() else "not_testable"
