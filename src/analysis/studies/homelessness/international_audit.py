"""Are the published intervals right? How many deaths each takes, beside the deaths and persons of the study."""

import pandas as pd

from analysis.measures.audits import audit_intervals
from analysis.measures.shared.levels import PRINTED_LEVEL
from analysis.studies.homelessness.international_evidence import DOUBTFUL


def audit(studies: pd.DataFrame) -> pd.DataFrame:
    """Every printed interval of a ratio: how many deaths does it take, and can there have been so many?

    Parameters
    ----------
    studies
        Data set `homeless_cohort_studies`.

    Returns
    -------
    pandas.DataFrame
        One row per interval with what `audit_intervals` adds, and `share_of_persons`: the fewest deaths that the
        interval takes over the persons of the study. Counted deaths are those of the row; against a matched sample
        1 / (1/a + 1/b). Where the deaths were not printed and more than half of the persons must have died, the
        finding is "implausible": not proved impossible.
    """
    printed = studies[studies["interval"].eq("confidence") & studies["unit"].eq("ratio")]
    own = printed["deaths"].where(printed["counts_of"].eq("row"))
    harmonic = 1 / (1 / own + 1 / printed["comparator_deaths"])
    table = printed.rename(columns={"value": "estimate"}).assign(
        counted=harmonic.fillna(own), most=printed["deaths"].fillna(printed["persons"])
    )
    parts = [
        audit_intervals(rows, level=PRINTED_LEVEL, events="counted", events_ceiling=_ceiling(rows["most"]))
        for _, rows in table.groupby("most", dropna=False)
    ]
    audited = pd.concat(parts).sort_values("fact", ignore_index=True)
    share = (audited["implied_lowest"] / audited["persons"]).astype(float)
    implausible = audited["deaths"].isna() & (share > 0.5) & audited["finding"].eq("consistent")
    return audited.assign(share_of_persons=share, finding=audited["finding"].mask(implausible, "implausible"))


def _ceiling(most: pd.Series) -> float | None:
    """Most deaths that rows can have: those of the study, else its persons; none when neither was printed."""
    return None if most.isna().all() else float(most.iloc[0])


def ratio_of_implied_deaths(audited: pd.DataFrame, *, study: str = DOUBTFUL) -> float:
    """Ratio of both sexes together that fits the deaths which the intervals of men and of women take.

    Parameters
    ----------
    audited
        From `audit`.
    study
        Name of the study.

    Returns
    -------
    float
        All implied deaths over all implied expected deaths.
    """
    by_sex = audited[audited["study"].eq(study) & audited["outcome"].eq("all-cause") & audited["sex"].ne("total")]
    implied = by_sex["implied_events"]
    return float(implied.sum() / (implied / by_sex["estimate"]).sum())
