"""Do homeless people die that much more often elsewhere too? Published cohorts, selected, compared and pooled."""

from typing import Literal

import numpy as np
import pandas as pd

from analysis.errors import DataError
from analysis.measures.shared.levels import PRINTED_LEVEL
from analysis.measures.shared.ratios import log_estimates, log_interval
from analysis.measures.synthesis.meta_analysis import leave_one_out, meta_analysis

TauMethod = Literal["REML", "DL", "PM"]
DOUBTFUL = "copenhagen_2003"
"""The study that is pooled only on request: its intervals take more deaths than is plausible."""
AGAINST = {"smr": "population", "rate_ratio": "population", "hazard_ratio": "matched"}
POOLS = ("men", "women", "both", "matched", "men mixed", "all mixed")
"""By sex and together against the population, against matched people, and two that mix the measures."""
WIDEST_DRAWN = 20
"""An interval is drawn when its upper limit is at most so many times its lower one."""
WIDEST_SHOWN = 1000
"""Beyond this the limits of an interval say nothing and are not written out."""
FEWEST_DRAWN = 3
"""With fewer cohorts in a pool they are shown apart: the variance between two is hardly known."""
REASONS = {
    "no interval printed; inverse-variance pooling of the sex rows gives 3.53": "by sex instead",
    "interval takes more deaths than is plausible; sensitivity analysis only": "doubtful",
    "from the study with intervals that are too narrow; sensitivity analysis only": "doubtful",
    "interval does not fit the deaths; convalescence care only": "doubtful",
    "not a ratio": "no ratio",
    "unit error; absolute rate": "no ratio",
    "adjusted for illness, which can be cause and consequence; same register as denmark_2011": "adjusted, overlap",
    "adjusted for illness, which can be cause and consequence": "adjusted",
    "homelessness alone; comparator is not the general population": "adjusted, without exposures",
    "homelessness plus other exposures": "adjusted, without exposures",
    "ratio with interval, for one age group": "one age group",
    "youth; no interval published": "one age group",
    "cause of death, not all causes": "cause of death",
    "range only": "range only",
    "no interval": "no interval",
    "no interval seen": "no interval",
    "no interval in the abstract": "no interval",
    "no interval; selected clinical subgroup": "no interval",
    "the article of 2004 on the same cohort is used; no interval": "overlap",
    "compared with other homeless people": "other homeless people",
    "a pooled value of four groups, text only": "pooled by others",
}
"""Code of each reason of the data set, for the table of what is left out."""


def ratios(studies: pd.DataFrame, *, include_doubtful: bool = False) -> pd.DataFrame:
    """Ratios for all causes and all ages of a study that may be pooled, as printed and on the log scale.

    Parameters
    ----------
    studies
        Data set `homeless_cohort_studies`.
    include_doubtful
        Add the figures of Copenhagen 2003 as printed.

    Returns
    -------
    pandas.DataFrame
        One row per study and sex: `study`, `country`, `sex`, `measure`, `against` ("population" or "matched"),
        `estimate`, `lower`, `upper` as printed with their `level`, `log_estimate` and `log_standard_error`.
    """
    wanted = studies["pool"].eq("yes")
    if include_doubtful:
        wanted |= _doubtful(studies) & studies["study"].eq(DOUBTFUL)
    return _on_log_scale(studies[wanted])


def doubtful_ratios(studies: pd.DataFrame) -> pd.DataFrame:
    """Ratios for all causes whose interval cannot be right or is not plausible, as printed.

    Parameters
    ----------
    studies
        Data set `homeless_cohort_studies`.

    Returns
    -------
    pandas.DataFrame
        As from `ratios`.
    """
    return _on_log_scale(studies[_doubtful(studies)])


def _doubtful(studies: pd.DataFrame) -> pd.Series:
    return studies["pool"].eq("caution") & studies["outcome"].eq("all-cause")


def _on_log_scale(rows: pd.DataFrame) -> pd.DataFrame:
    columns = ["study", "country", "sex", "measure", "estimate", "lower", "upper"]
    printed = rows.rename(columns={"value": "estimate"})[columns].assign(level=PRINTED_LEVEL)
    return log_estimates(printed.assign(against=printed["measure"].map(AGAINST))).reset_index(drop=True)


def at_level(printed: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
    """Printed ratios with intervals of another level; at the printed level they stay as printed.

    Parameters
    ----------
    printed
        From `ratios` or `doubtful_ratios`.
    level
        Coverage of the intervals, between 0 and 1.

    Returns
    -------
    pandas.DataFrame
        The table with `lower`, `upper` and `level` replaced; the width on the log scale follows the level.
    """
    if np.isclose(level, PRINTED_LEVEL):
        return printed
    lower, upper = log_interval(printed["estimate"], printed["log_standard_error"], level)
    return printed.assign(lower=lower, upper=upper, level=level)


def one_per_cohort(printed: pd.DataFrame) -> pd.DataFrame:
    """One ratio per cohort: the printed one of both sexes, or men and women pooled with fixed weights.

    Parameters
    ----------
    printed
        From `ratios`.

    Returns
    -------
    pandas.DataFrame
        One row per cohort: `study`, `against`, `log_estimate`, `log_standard_error`. A cohort of men only stays one
        of men.
    """
    has_total = printed["study"].isin(printed.loc[printed["sex"].eq("total"), "study"])
    kept = printed[printed["sex"].eq("total") | ~has_total]
    pooled = meta_analysis(
        kept,
        effect="log_estimate",
        standard_error="log_standard_error",
        by=["study", "against"],
        method="fixed",
    )
    return pooled.rename(columns={"estimate": "log_estimate", "standard_error": "log_standard_error"})[
        ["study", "against", "log_estimate", "log_standard_error"]
    ]


def members(printed: pd.DataFrame) -> pd.DataFrame:
    """Which ratios go into each pool; a cohort comes once in each.

    Parameters
    ----------
    printed
        From `ratios`.

    Returns
    -------
    pandas.DataFrame
        One row per pool and cohort: `pool` (one of `POOLS`), `study`, `log_estimate`, `log_standard_error`.
    """
    each = one_per_cohort(printed)
    population = printed["against"].eq("population")
    chosen = {
        "men": printed[population & printed["sex"].eq("male")],
        "women": printed[population & printed["sex"].eq("female")],
        "both": each[each["against"].eq("population")],
        "matched": each[each["against"].eq("matched")],
        "men mixed": printed[printed["sex"].eq("male")],
        "all mixed": each,
    }
    columns = ["pool", "study", "log_estimate", "log_standard_error"]
    return pd.concat([rows.assign(pool=pool)[columns] for pool, rows in chosen.items()], ignore_index=True)


def pools(printed: pd.DataFrame, *, method: TauMethod = "REML", level: float = 0.95) -> pd.DataFrame:
    """Random-effects means of each pool: with the Hartung-Knapp interval, and as is common beside it.

    Parameters
    ----------
    printed
        From `ratios`.
    method
        Method for the variance between cohorts: ``REML``, ``DL`` or ``PM``.
    level
        Coverage of the intervals, between 0 and 1.

    Returns
    -------
    pandas.DataFrame
        One row per pool in the order of `POOLS`: the columns of `meta_analysis` (with `prediction_lower` and
        `prediction_upper`, missing for two cohorts) and `common_estimate`, `common_lower`, `common_upper`,
        `common_i_squared`: DerSimonian-Laird with the Wald interval, whatever the `method`.

    Notes
    -----
    Interpretation: with two or three cohorts the variance between them is hardly known. The Hartung-Knapp interval
    has k - 1 degrees of freedom and is honestly wide, the Wald interval takes the variance as known and is too narrow.
    Where cohorts agree by chance the former would shrink to nothing, so its scatter is never taken below that expected.
    The pools "men mixed" and "all mixed" put hazard ratios beside SMRs and are an exploration.

    References
    ----------
    Hartung J, Knapp G. Stat Med 2001;20:3875-3889. DerSimonian R, Laird N. Control Clin Trials 1986;7:177-188.
    """
    table = members(printed)
    careful, common = (
        meta_analysis(
            table,
            effect="log_estimate",
            standard_error="log_standard_error",
            by="pool",
            method=tau,
            interval=interval,
            level=level,
            exponentiate=True,
        )
        .set_index("pool")
        .loc[list(POOLS)]
        for tau, interval in ((method, "hartung-knapp-ad-hoc"), ("DL", "wald"))
    )
    beside = {f"common_{name}": common[name] for name in ("estimate", "lower", "upper", "i_squared")}
    return careful.assign(**beside).reset_index()


def without_each(printed: pd.DataFrame, *, method: TauMethod = "REML", level: float = 0.95) -> pd.DataFrame:
    """Random-effects mean of each pool of three cohorts or more, without each cohort in turn.

    Parameters
    ----------
    printed
        From `ratios`.
    method
        Method for the variance between cohorts.
    level
        Coverage of the Hartung-Knapp intervals.

    Returns
    -------
    pandas.DataFrame
        Per pool and cohort left out (`without`): the columns of `meta_analysis`.
    """
    table = members(printed)
    large = table[table.groupby("pool")["study"].transform("size") > 2]
    return leave_one_out(
        large,
        effect="log_estimate",
        standard_error="log_standard_error",
        by="pool",
        method=method,
        interval="hartung-knapp-ad-hoc",
        level=level,
        exponentiate=True,
    )


def left_out(studies: pd.DataFrame, *, include_doubtful: bool = False) -> pd.DataFrame:
    """What was not pooled and why, per study.

    Parameters
    ----------
    studies
        Data set `homeless_cohort_studies`.
    include_doubtful
        Copenhagen 2003 was pooled.

    Returns
    -------
    pandas.DataFrame
        One row per study and reason in the order of the data set: `study`, `reason` (a code of `REASONS`), `figures`
        left out. With the figures pooled they add up to the data set.

    Raises
    ------
    DataError
        When a reason of the data set has no code.
    """
    pooled = studies["pool"].eq("yes")
    if include_doubtful:
        pooled |= _doubtful(studies) & studies["study"].eq(DOUBTFUL)
    rest = studies[~pooled]
    unknown = rest.loc[~rest["reason"].isin(REASONS), "reason"]
    if not unknown.empty:
        raise DataError(
            f"Column `reason` of `homeless_cohort_studies` has {len(unknown)} reasons without a code, the first is "
            f"{unknown.iloc[0]!r}. Add it to `REASONS`, with its words in the notebook."
        )
    coded = rest.assign(reason=rest["reason"].map(REASONS))
    return coded.groupby(["study", "reason"], sort=False).size().rename("figures").reset_index()


def without_interval(studies: pd.DataFrame) -> pd.DataFrame:
    """Ratios for all causes and all ages against the population that were left out for want of an interval.

    Parameters
    ----------
    studies
        Data set `homeless_cohort_studies`.

    Returns
    -------
    pandas.DataFrame
        `study`, `sex` and `estimate`, from low to high. Without young people only, figures for one age group, and
        studies of which a figure with interval is pooled.
    """
    bare = studies["unit"].eq("ratio") & studies["value"].notna() & studies["lower"].isna()
    like = studies["outcome"].eq("all-cause") & studies["design"].eq("general population")
    ages = studies["age_band"].fillna("").eq("") & ~studies["population"].str.contains("youth")
    pooled = studies["study"].isin(studies.loc[studies["pool"].eq("yes"), "study"])
    rows = studies[bare & like & ages & ~pooled].rename(columns={"value": "estimate"})
    return rows.sort_values("estimate", kind="stable")[["study", "sex", "estimate"]].reset_index(drop=True)


def figure_rows(studies: pd.DataFrame, pooled: pd.DataFrame) -> pd.DataFrame:
    """Rows of the figure: cohorts by measure and sex, below them the pooled mean, last where a next cohort may lie.

    Parameters
    ----------
    studies
        Data set `homeless_cohort_studies`.
    pooled
        From `pools`; its level is that of all intervals.

    Returns
    -------
    pandas.DataFrame
        Columns `role` ("cohort", "pooled", "prediction"), `study`, `sex`, `measure`, `cohorts`, `estimate`, `lower`,
        `upper`, `level`, `kind` and `section` (a pool), in the order drawn. Doubtful figures, of both sexes together
        only without those by sex, are of kind "published". Pools of fewer than `FEWEST_DRAWN` cohorts, or wider than
        `WIDEST_DRAWN`, are left to the table.
    """
    level = float(pooled["level"].iloc[0])
    doubtful = doubtful_ratios(studies)
    doubtful = doubtful[doubtful["sex"].ne("total") | ~doubtful["study"].duplicated(keep=False)]
    cohorts = pd.concat([ratios(studies).assign(kind="estimate"), doubtful.assign(kind="published")])
    cohorts = at_level(cohorts, level=level).assign(role="cohort", cohorts=1)
    by_sex = cohorts["sex"].map({"male": "men", "female": "women", "total": "both"})
    cohorts = cohorts.assign(section=by_sex.where(cohorts["against"].eq("population"), "matched"))
    cohorts = cohorts.sort_values(["kind", "estimate"], ascending=[True, False])
    pooled = pooled.rename(columns={"studies": "cohorts"}).assign(section=pooled["pool"])
    means = pooled[pooled["pool"].isin(POOLS[:4])].assign(role="pooled", kind="summary")
    last = pooled[pooled["pool"].eq("all mixed")].assign(role="prediction", kind="scenario")
    last = last.assign(lower=last["prediction_lower"], upper=last["prediction_upper"])
    rows = pd.concat([cohorts, _drawable(means), _drawable(last)])
    rows = rows.assign(place=rows["section"].map(POOLS.index)).sort_values("place", kind="stable")
    columns = ["role", "study", "sex", "measure", "cohorts", "estimate", "lower", "upper", "level", "kind", "section"]
    return rows[columns].reset_index(drop=True)


def _drawable(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[(rows["cohorts"] >= FEWEST_DRAWN) & (rows["upper"] <= WIDEST_DRAWN * rows["lower"])]
