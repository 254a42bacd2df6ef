"""How steep is the social gradient? Life expectancy and years in good health by welfare, income and education."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.claims import Verdict, verdict_on_direction
from analysis.errors import DataError
from analysis.estimates import ESTIMATE_COLUMNS
from analysis.measures.inequality.fractional_ranks import fractional_ranks
from analysis.measures.inequality.gaps import gaps_between_groups
from analysis.measures.inequality.group_concentration import group_concentration_indices
from analysis.measures.inequality.group_gradients import group_slope_and_relative_index
from analysis.measures.shared.levels import PRINTED_LEVEL
from analysis.measures.synthesis.contrasts import difference_of_estimates, mean_of_estimates

MEASURES = ("life_expectancy", "good_health")
SEXES = ("female", "male")
FIRST_PERIOD = "2007/2010"


def usable(expectancy: pd.DataFrame, *, measures: Sequence[str] = MEASURES) -> pd.DataFrame:
    """Values at birth of men and women, the columns that pass every check, in the shape of estimates.

    Parameters
    ----------
    expectancy
        Data set `health_expectancy_welfare_income`.
    measures
        Which measures to keep.

    Returns
    -------
    pandas.DataFrame
        Columns `grouping`, `sex`, `period`, `measured`, `quintile`, `estimate`, `lower`, `upper` (years) and `level`,
        the coverage of the printed limits: 0.95.

    Raises
    ------
    DataError
        When a stratum does not have all five quintiles.
    """
    kept = expectancy[(expectancy["age"] == 0) & expectancy["sex"].isin(SEXES) & expectancy["measure"].isin(measures)]
    columns = {"measure": "measured", "value": "estimate"}
    table = kept.rename(columns=columns)[
        ["grouping", "sex", "period", "measured", "quintile", "estimate", "lower", "upper", "unit"]
    ]
    sizes = table.groupby(["grouping", "sex", "period", "measured"])["quintile"].nunique()
    if (sizes != 5).any():
        first = tuple(sizes[sizes != 5].index[0])
        raise DataError(
            f"{int((sizes != 5).sum())} strata of health_expectancy_welfare_income lack a quintile, the first is "
            f"{first}. "
            "An index over part of the population misleads: complete the stratum or leave it out."
        )
    return table.reset_index(drop=True).assign(level=PRINTED_LEVEL)


def inequality(table: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
    """Difference, slope index, relative index and concentration index for every stratum.

    Parameters
    ----------
    table
        From `usable`.
    level
        Coverage of the intervals, between 0 and 1.

    Returns
    -------
    pandas.DataFrame
        One row per grouping, sex, period, measured quantity and index: `worst_off`, `best_off` (values of the lowest
        and highest fifth, with the difference), `foot`, `top` (fitted, with the slope), `standard_error` and the
        estimate columns; `measure` is "difference_between_extremes", "sii", "rii" or "concentration_index".

    Notes
    -----
    The five groups are fifths of the population, so each has weight one and mid-ranks 0.1, 0.3, 0.5, 0.7, 0.9.
    """
    strata = ["grouping", "sex", "period", "measured"]
    gaps = gaps_between_groups(table, position="quintile", by=strata, level=level)
    differences = gaps[gaps["measure"] == "difference"].assign(measure="difference_between_extremes")
    ladder: dict[str, Any] = {"position": "quintile", "population": None, "by": strata, "level": level}
    results = [
        differences.rename(columns={"value_reference": "worst_off", "value_compared": "best_off"}),
        group_slope_and_relative_index(table, **ladder),
        group_concentration_indices(table, kinds="standard", **ladder),
    ]
    columns = [*strata, "groups", "mean", "worst_off", "best_off", "foot", "top", "standard_error", *ESTIMATE_COLUMNS]
    joined = pd.concat(results, ignore_index=True)[columns]
    return joined.sort_values([*strata, "measure"], ignore_index=True)


def side_by_side(indices: pd.DataFrame, *, grouping: str, period: str) -> pd.DataFrame:
    """All indices of one grouping and period, one row per sex and measured quantity.

    Parameters
    ----------
    indices
        From `inequality`.
    grouping
        ``welfare`` or ``income``.
    period
        For example ``2019/2022``.

    Returns
    -------
    pandas.DataFrame
        Columns `measured`, `sex`, and for each index `<measure>_estimate`, `<measure>_lower`, `<measure>_upper`.
    """
    chosen = indices[(indices["grouping"] == grouping) & (indices["period"] == period)]
    wide = chosen.pivot_table(index=["measured", "sex"], columns="measure", values=["estimate", "lower", "upper"])
    wide.columns = wide.columns.map(lambda pair: f"{pair[1]}_{pair[0]}")
    return wide.reset_index()


def gradient_points(table: pd.DataFrame, *, grouping: str, period: str) -> pd.DataFrame:
    """What the gradient figure draws: each fifth with its interval, and the fitted line of the slope index.

    Parameters
    ----------
    table
        From `usable`.
    grouping
        ``welfare`` or ``income``.
    period
        For example ``2019/2022``.

    Returns
    -------
    pandas.DataFrame
        Columns `sex`, `series` (the measured quantity), `quintile`, `rank` (mid-rank), `estimate`, `lower`, `upper`,
        `fitted`.
    """
    chosen = table[(table["grouping"] == grouping) & (table["period"] == period)].sort_values("quintile")
    parts = []
    for (sex, measured), rows in chosen.groupby(["sex", "measured"]):
        rank = fractional_ranks(rows["quintile"]).ranks
        line = group_slope_and_relative_index(rows, position="quintile", population=None).iloc[0]
        fitted = line["foot"] + (line["top"] - line["foot"]) * rank
        parts.append(rows.assign(sex=str(sex), series=str(measured), rank=rank, fitted=fitted))
    return pd.concat(parts, ignore_index=True)[
        ["sex", "series", "quintile", "rank", "estimate", "lower", "upper", "fitted"]
    ]


def change_since_first(table: pd.DataFrame, *, grouping: str, period: str, level: float = 0.95) -> pd.DataFrame:
    """Change in years since 2007/2010: on average over the fifths, and in the lowest and highest fifth.

    Parameters
    ----------
    table
        From `usable`.
    grouping
        ``welfare`` or ``income``.
    period
        Period compared with the first one.
    level
        Coverage of the intervals.

    Returns
    -------
    pandas.DataFrame
        One row per sex, measured quantity and `part` ("mean", "lowest", "highest"): `first` (value in `period`),
        `second` (value in 2007/2010), `p_value` and the estimate columns in years; positive is gain.
    """
    chosen = table[(table["grouping"] == grouping) & table["period"].isin([FIRST_PERIOD, period])]
    strata = ["sex", "measured", "period"]
    means = mean_of_estimates(chosen, by=strata).assign(part="mean")
    ends = chosen[chosen["quintile"].isin([1, 5])].assign(
        part=lambda rows: np.where(rows["quintile"] == 1, "lowest", "highest")
    )
    columns = [*strata, "part", "estimate", "lower", "upper", "unit"]
    return difference_of_estimates(
        pd.concat([means[columns], ends[columns]], ignore_index=True),
        group="period",
        first=period,
        second=FIRST_PERIOD,
        by=["sex", "measured", "part"],
        level=level,
    )


def change_in_slope(
    indices: pd.DataFrame, *, grouping: str, period: str, since: str = FIRST_PERIOD, level: float = 0.95
) -> pd.DataFrame:
    """Change of the slope index between two periods that share no years, by sex.

    Parameters
    ----------
    indices
        From `inequality`.
    grouping
        ``welfare`` or ``income``.
    period, since
        The later and the earlier period; periods that overlap are not independent.
    level
        Coverage of the intervals.

    Returns
    -------
    pandas.DataFrame
        One row per sex and measured quantity: `first` (later), `second` (earlier), `p_value` and the estimate columns
        in years.
    """
    slopes = indices[(indices["measure"] == "sii") & (indices["grouping"] == grouping)]
    return difference_of_estimates(
        slopes[slopes["period"].isin([since, period])],
        group="period",
        first=period,
        second=since,
        by=["sex", "measured"],
        level=level,
        input_level=float(slopes["level"].iloc[0]),
    )


def education_gaps(education: pd.DataFrame) -> pd.DataFrame:
    """Difference between the highest and the lowest level of education, each published series by itself.

    Parameters
    ----------
    education
        Data set `health_expectancy_education`.

    Returns
    -------
    pandas.DataFrame
        One row per series, period, sex and measured quantity: `levels` (how many there are), `lowest`, `highest`,
        `difference` in years. Without interval: margins were not taken over. The series differ in method and number
        of levels and are never joined.
    """
    rows = education[
        (education["age"] == 0) & education["sex"].isin(SEXES) & education["measure"].isin(MEASURES)
    ].dropna(subset=["value"])
    grouped = rows.sort_values("education_order").groupby(["series", "period", "sex", "measure"], sort=True)
    gaps = grouped.agg(levels=("value", "size"), lowest=("value", "first"), highest=("value", "last")).reset_index()
    gaps = gaps[gaps["levels"] > 2].rename(columns={"measure": "measured"})
    return gaps.assign(difference=gaps["highest"] - gaps["lowest"]).reset_index(drop=True)


def men_beside_women(gaps: pd.DataFrame) -> pd.DataFrame:
    """The differences by education with men and women in one row.

    Parameters
    ----------
    gaps
        From `education_gaps`.

    Returns
    -------
    pandas.DataFrame
        Columns `series`, `period`, `measured`, `levels`, `female`, `male` (years).
    """
    keys = ["series", "period", "measured", "levels"]
    wide = gaps.pivot_table(index=keys, columns="sex", values="difference").reset_index()
    return wide.rename_axis(columns=None)


def impossible_cells(expectancy: pd.DataFrame) -> pd.DataFrame:
    """Published cells that cannot be right, or exist in two versions, with the value they clash with.

    Parameters
    ----------
    expectancy
        Data set `health_expectancy_welfare_income`.

    Returns
    -------
    pandas.DataFrame
        One row per flagged cell: `sex`, `age`, `grouping`, `quintile`, `period`, `measured`, `value`, `flag`, and
        `female`, `male`, `life_expectancy` of the same stratum.
    """
    keys = ["age", "grouping", "quintile", "period"]
    flagged = expectancy[expectancy["flag"] != ""]
    wide = expectancy.pivot_table(index=[*keys, "measure"], columns="sex", values="value").reset_index()
    whole = expectancy[expectancy["measure"] == "life_expectancy"].rename(columns={"value": "life_expectancy"})
    joined = flagged.merge(wide[[*keys, "measure", *SEXES]], on=[*keys, "measure"], how="left").merge(
        whole[[*keys, "sex", "life_expectancy"]], on=[*keys, "sex"], how="left"
    )
    columns = ["sex", *keys, "measure", "value", "flag", *SEXES, "life_expectancy"]
    return joined[columns].rename(columns={"measure": "measured"}).reset_index(drop=True)


def verdict_on_longer_than_ever(changes: pd.DataFrame) -> Verdict:
    """Verdict on "longer than ever in good health", from the change of the mean; "ever" is out of reach of the data.

    Parameters
    ----------
    changes
        From `change_since_first`.

    Returns
    -------
    str
        The verdict on the smaller of the changes of men and women, at most ``consistent``: the table starts in 2007.
    """
    means = changes[(changes["measured"] == "good_health") & (changes["part"] == "mean")]
    verdict = verdict_on_direction(dict(means.sort_values("estimate").iloc[0]), 0)
    return "consistent" if verdict == "reproduced" else verdict


def national_years(other: pd.DataFrame) -> pd.DataFrame:
    """National years in good health at birth by calendar year, men and women.

    Parameters
    ----------
    other
        Data set `health_expectancy_other`.

    Returns
    -------
    pandas.DataFrame
        One row per year: `year` (text), `female`, `male` (years), in order; published without interval.
    """
    rows = other[(other["series"] == "vzinfo") & (other["group"] == "all") & (other["measure"] == "good_health")]
    wide = rows.pivot_table(index="period", columns="sex", values="value").reset_index()
    return wide.rename(columns={"period": "year"}).rename_axis(columns=None).sort_values("year", ignore_index=True)


def two_tables(expectancy: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """The same group in two tables of the same producer: men with the lowest incomes, 2011/2014.

    Parameters
    ----------
    expectancy
        Data set `health_expectancy_welfare_income`.
    other
        Data set `health_expectancy_other`.

    Returns
    -------
    pandas.DataFrame
        One row per measured quantity: `new_table` (85445NED), `old_table` (80298ned) and `difference` in years. A
        difference of method, not of time: this is why the series are not joined.
    """
    where = {"sex": "male", "age": 0, "grouping": "income", "period": "2011/2014"}
    new = _matching(expectancy, {**where, "quintile": 1})
    old = _matching(other, {**where, "series": "cbs_80298ned", "group": "lowest"})
    joined = new.merge(old, on="measure", suffixes=("_new", "_old"))
    joined = joined[joined["measure"].isin(MEASURES)]
    table = pd.DataFrame(
        {"measured": joined["measure"], "new_table": joined["value_new"], "old_table": joined["value_old"]}
    )
    return table.assign(difference=table["old_table"] - table["new_table"]).reset_index(drop=True)


def _matching(table: pd.DataFrame, where: dict[str, object]) -> pd.DataFrame:
    fits = np.logical_and.reduce([(table[column] == value).to_numpy() for column, value in where.items()])
    return table[fits][["measure", "value"]]
