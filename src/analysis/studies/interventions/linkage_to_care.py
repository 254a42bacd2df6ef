"""Does a clinic on the spot bring people into care? The HELP trial, about half of whose participants were homeless."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.claims import Verdict, verdict_on_direction
from analysis.errors import MethodError, did_you_mean
from analysis.measures.cohorts.survival import hazard_ratio, kaplan_meier, log_rank
from analysis.measures.effects.association import interaction
from analysis.measures.effects.proportions import (
    missing_outcome_bounds,
    number_needed_to_treat,
    proportion,
    risk_difference,
    risk_ratio,
)
from analysis.measures.rates.crude import rate_ratio
from analysis.measures.synthesis.contrasts import difference_of_estimates

ARMS = {"clinic": "yes", "usual": "no"}
MISSING_RULES = ("leave_out", "not_linked")


def by_arm(trial: pd.DataFrame, *, by: tuple[str, ...] = (), missing: str = "leave_out") -> pd.DataFrame:
    """People, known outcomes and linkages per arm.

    Parameters
    ----------
    trial
        Data set `help_trial`: one row per participant with `treat` (yes, no), `linkstatus` (1, 0 or missing).
    by
        Columns that define strata, for example ``("homeless",)``.
    missing
        People without a known outcome: ``leave_out`` of the total, or count as ``not_linked``.

    Returns
    -------
    pandas.DataFrame
        One row per arm (and stratum): `arm` ("clinic", "usual"), `randomised`, `missing`, `events` (linked), `total`
        (known outcome, or everybody).

    Raises
    ------
    MethodError
        For another rule.
    """
    if missing not in MISSING_RULES:
        raise MethodError(f"There is no rule {missing!r} for missing outcomes. {did_you_mean(missing, MISSING_RULES)}")
    arms = trial["treat"].map({code: arm for arm, code in ARMS.items()})
    known = trial["linkstatus"].notna()
    rows = trial.assign(arm=arms, known=known, linked=trial["linkstatus"].eq(1) & known)
    counts = rows.groupby([*by, "arm"], sort=True).agg(
        randomised=("known", "size"), known=("known", "sum"), events=("linked", "sum")
    )
    counts = counts.reset_index()
    counts["missing"] = counts["randomised"] - counts["known"]
    counts["total"] = counts["known"] if missing == "leave_out" else counts["randomised"]
    return counts.drop(columns="known")


def linked(counts: pd.DataFrame, *, by: tuple[str, ...] = (), level: float = 0.95) -> pd.DataFrame:
    """Proportion linked to primary care per arm.

    Parameters
    ----------
    counts
        From `by_arm`.
    by
        The strata given to `by_arm`.
    level
        Coverage of the intervals.

    Returns
    -------
    pandas.DataFrame
        One row per arm (and stratum) with Wilson intervals.
    """
    return proportion(counts, by=[*by, "arm"], level=level)


def effect(counts: pd.DataFrame, *, by: tuple[str, ...] = (), level: float = 0.95) -> pd.DataFrame:
    """Difference, ratio and number needed to treat, clinic against usual care.

    Parameters
    ----------
    counts
        From `by_arm`.
    by
        The strata given to `by_arm`.
    level
        Coverage of the intervals.

    Returns
    -------
    pandas.DataFrame
        Three rows (per stratum) by `measure`: "risk_difference" (proportion, Newcombe), "risk_ratio" (log), and
        "number_needed_to_treat" (persons).
    """
    arms = {"group": "arm", "exposed": "clinic", "reference": "usual"}
    results = [
        measure(counts, **arms, by=list(by), level=level)
        for measure in (risk_difference, risk_ratio, number_needed_to_treat)
    ]
    return pd.concat(results, ignore_index=True)


def missing_bounds(trial: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
    """The difference under every assumption about the people whose outcome is not known.

    Parameters
    ----------
    trial
        Data set `help_trial`.
    level
        Coverage of the intervals.

    Returns
    -------
    pandas.DataFrame
        One row per `scenario`, from complete cases to worst and best case, with the risk difference.
    """
    counts = by_arm(trial)
    return missing_outcome_bounds(counts, group="arm", exposed="clinic", reference="usual", level=level)


def worst_case_of_all(trial: pd.DataFrame, published: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
    """The worst case once more, counting also the participants who were randomised but are not in the public data.

    Parameters
    ----------
    trial
        Data set `help_trial`.
    published
        Data set `help_trial_published`, with the numbers randomised.
    level
        Coverage of the interval.

    Returns
    -------
    pandas.DataFrame
        One row with the risk difference when nobody unknown of the clinic was linked and everybody of usual care.
    """
    randomised = published[published["outcome"] == "randomised"].set_index("arm")["value"]
    counts = by_arm(trial)
    absent = counts["arm"].map(randomised) - counts["total"]
    bounds = missing_outcome_bounds(
        counts.assign(missing=absent), group="arm", exposed="clinic", reference="usual", level=level
    )
    return bounds[bounds["scenario"] == "worst case"].reset_index(drop=True)


def difference_by_housing(effects: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
    """How much larger the risk difference is in homeless than in housed people.

    Parameters
    ----------
    effects
        From `effect` with ``by=("homeless",)``.
    level
        Coverage of the interval.

    Returns
    -------
    pandas.DataFrame
        One row: `first` (homeless), `second` (housed), `p_value` and the estimate columns as a proportion.
    """
    differences = effects[effects["measure"] == "risk_difference"]
    return difference_of_estimates(
        differences,
        group="homeless",
        first="homeless",
        second="housed",
        level=level,
        input_level=float(differences["level"].iloc[0]),
    )


def with_known_time(trial: pd.DataFrame) -> pd.DataFrame:
    """Participants whose time to linkage is known, with the arm in words.

    Parameters
    ----------
    trial
        Data set `help_trial`.

    Returns
    -------
    pandas.DataFrame
        `arm`, `homeless`, `days` (days to linkage or to the end of observation), `linked` (0 or 1). The people left
        out are counted in `by_arm`.
    """
    known = trial.dropna(subset=["dayslink", "linkstatus"])
    return pd.DataFrame(
        {
            "arm": known["treat"].map({code: arm for arm, code in ARMS.items()}),
            "homeless": known["homeless"],
            "days": known["dayslink"].astype(float),
            "linked": known["linkstatus"].astype(int),
        }
    ).reset_index(drop=True)


def linkage_curves(times: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
    """Kaplan-Meier curves of not yet being linked, per arm, starting at day 0.

    Parameters
    ----------
    times
        From `with_known_time`.
    level
        Coverage of the pointwise intervals.

    Returns
    -------
    pandas.DataFrame
        Columns `series` (the arm), `time` (days), `at_risk`, `events` and the estimate columns.
    """
    curves = kaplan_meier(times, duration="days", event="linked", by="arm", level=level)
    return curves.rename(columns={"arm": "series"})


def linked_by_day(curves: pd.DataFrame, arm: str, day: float) -> float:
    """Share of an arm that was linked by a day, from its curve.

    Parameters
    ----------
    curves
        From `linkage_curves`.
    arm
        ``clinic`` or ``usual``.
    day
        Days since the start.

    Returns
    -------
    float
        Proportion between 0 and 1.
    """
    until = curves[(curves["series"] == arm) & (curves["time"] <= day)].sort_values("time")
    return 1 - float(until["estimate"].iloc[-1])


def speed_of_linkage(times: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
    """Hazard ratio of linkage, clinic against usual care, with the log-rank test beside it.

    Parameters
    ----------
    times
        From `with_known_time`.
    level
        Coverage of the interval.

    Returns
    -------
    pandas.DataFrame
        One row: `statistic` and `log_rank_p` of the log-rank test, and the estimate columns of the hazard ratio.
    """
    ratio = hazard_ratio(
        times, duration="days", event="linked", group="arm", exposed="clinic", reference="usual", level=level
    )
    test = log_rank(times, duration="days", event="linked", group="arm").iloc[0]
    ratio.insert(0, "statistic", float(test["statistic"]))
    ratio.insert(1, "log_rank_p", float(test["p_value"]))
    return ratio


def speed_by_period(times: pd.DataFrame, *, breaks: Sequence[float], level: float = 0.95) -> pd.DataFrame:
    """Ratio of the rates of linkage by time since the start: is the hazard ratio constant?

    Parameters
    ----------
    times
        From `with_known_time`.
    breaks
        Days at which a period ends and the next begins; the first starts at 0, the last is open.
    level
        Coverage of the intervals.

    Returns
    -------
    pandas.DataFrame
        One row per period (`period` is its first day): events and person-days of both arms, and the exact ratio.
    """
    edges = [0.0, *breaks, float("inf")]
    parts = []
    for start, end in itertools.pairwise(edges):
        within = times["days"].clip(start, end) - start
        linked_now = times["linked"].eq(1) & (times["days"] >= start) & (times["days"] < end)
        parts.append(times.assign(period=start, linked=linked_now.astype(int), person_days=within))
    split = pd.concat(parts).groupby(["period", "arm"], as_index=False)[["linked", "person_days"]].sum()
    return rate_ratio(
        split,
        group="arm",
        exposed="clinic",
        reference="usual",
        events="linked",
        person_years="person_days",
        by="period",
        level=level,
        method="exact",
    )


def homelessness_interaction(trial: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
    """Is the effect different in homeless people? Product term of a logistic regression.

    Parameters
    ----------
    trial
        Data set `help_trial`.
    level
        Coverage of the interval.

    Returns
    -------
    pandas.DataFrame
        One row: `p_value` and the estimate columns; the estimate is a log odds ratio, 0 means the same effect.
    """
    known = trial.dropna(subset=["linkstatus"]).reset_index(drop=True)
    known = known.assign(linkstatus=known["linkstatus"].astype(int))
    return interaction(
        known,
        outcome="linkstatus",
        group="treat",
        exposed="yes",
        modifier="homeless",
        modified="homeless",
        level=level,
    )


def figure_rows(overall: pd.DataFrame, by_homelessness: pd.DataFrame, bounds: pd.DataFrame) -> pd.DataFrame:
    """Rows of the figure of differences: everybody, by housing, and the extremes for missing outcomes.

    Parameters
    ----------
    overall
        From `effect`.
    by_homelessness
        From `effect` with ``by=("homeless",)``.
    bounds
        From `missing_bounds`.

    Returns
    -------
    pandas.DataFrame
        Columns `row` ("all", "homeless", "housed", "worst case", "best case"), `estimate`, `lower`, `upper`, `kind` and
        `section`, in the order drawn.
    """
    parts = [
        overall.assign(row="all", kind="summary", section=0),
        by_homelessness.assign(row=by_homelessness["homeless"], kind="estimate", section=1),
        bounds[bounds["scenario"].isin(["worst case", "best case"])].assign(
            row=lambda rows: rows["scenario"], kind="scenario", section=2
        ),
    ]
    rows = pd.concat(parts, ignore_index=True)
    columns = ["row", "estimate", "lower", "upper", "kind", "section"]
    return rows.loc[rows["measure"] == "risk_difference", columns].reset_index(drop=True)


def verdict_on_access(homeless: Mapping[str, Any]) -> Verdict:
    """Verdict on "a clinic on the spot brings homeless people into care", from a trial in another setting.

    Parameters
    ----------
    homeless
        The risk difference among homeless participants.

    Returns
    -------
    str
        At most ``consistent``: the trial took place in a detoxification unit abroad, not in Dutch shelters.
    """
    verdict = verdict_on_direction(homeless, 0)
    return "consistent" if verdict == "reproduced" else verdict


def share_homeless(trial: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
    """Share of the participants who were homeless at the start.

    Parameters
    ----------
    trial
        Data set `help_trial`.
    level
        Coverage of the interval.

    Returns
    -------
    pandas.DataFrame
        One row: `events`, `total` and the proportion.
    """
    homeless = int(np.sum(trial["homeless"] == "homeless"))
    return proportion(pd.DataFrame({"events": [homeless], "total": [len(trial)]}), level=level)
