"""Care without a home: diagnoses at the street doctor's, uninsured patients, and the four building blocks of care."""

import bisect
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import pandas as pd

from analysis.claims import Verdict
from analysis.errors import MethodError, did_you_mean
from analysis.estimates import pick
from analysis.measures.effects.two_by_two import risk_difference, risk_ratio
from analysis.studies.homelessness.printed_patients import fitting_totals, misfits, printed_table

EARLIER, LATER = "2006-2009", "2014-2017"
LIMIT = 1_000_000
"""Above this number of patients a difference counts as not to be told from chance."""
NO_NUMBER_IS_ENOUGH = "no number of patients in the first period tells the two shares apart"
BLOCKS = {
    "financing": "part of a package",
    "case_manager": "part of a package",
    "peer_workers": "none",
    "on_site": "as a package",
}
"""The four building blocks, and whether the project has a measured effect of each; of none it is apart from others."""


def differences(
    printed: pd.DataFrame, *, gp_patients: Literal["fitting", "printed"] = "fitting", level: float = 0.95
) -> pd.DataFrame:
    """Share of patients with a diagnosis, street doctor minus general practice.

    Parameters
    ----------
    printed
        From `printed_table`.
    gp_patients
        Number of patients of the general practice: ``fitting`` (see `fitting_totals`) or as ``printed``. For the street
        doctor the printed number is below one of its counts and cannot be used.
    level
        Coverage of the intervals, between 0 and 1.

    Returns
    -------
    pandas.DataFrame
        One row per `diagnosis`, from lowest to highest; a diagnosis whose count and percentage do not fit comes last
        and twice, by `reading` ("count", "percentage"; empty for the others). Columns `share_street`, `share_gp`
        (proportions), the counts, and the estimate columns with `measure` "risk_difference" (Newcombe).

    Raises
    ------
    MethodError
        For another choice of patients.

    Notes
    -----
    Crude: not adjusted for age and sex. A diagnosis takes a visit, so that a lower share can mean less illness, or
    illness that was not found.
    """
    counts = _counts(printed, gp_patients)
    by = ["diagnosis", "reading"]
    result = risk_difference(counts, group="group", exposed="street", reference="gp", by=by, level=level)
    shares = {
        f"share_{group}": result[f"events_{side}"] / result[f"total_{side}"]
        for group, side in (("street", "exposed"), ("gp", "reference"))
    }
    result = result.assign(**shares)
    return result.sort_values(["reading", "estimate"], ignore_index=True)


def _counts(printed: pd.DataFrame, gp_patients: str) -> pd.DataFrame:
    """Patients with each diagnosis and all patients; a row that does not fit by both of its readings."""
    choices = ("fitting", "printed")
    if gp_patients not in choices:
        raise MethodError(f"There is no choice {gp_patients!r} of patients. {did_you_mean(gp_patients, choices)}")
    totals = fitting_totals(printed)
    used = {
        "street": pick(totals, group="street")["fitting_total"],
        "gp": pick(totals, group="gp")[f"{gp_patients}_total"],
    }
    rows = printed.assign(total=printed["group"].map(used), events=printed["count"], reading="")
    doubtful = rows["diagnosis"].isin(misfits(printed))
    by_percentage = (rows["percent"] / 100 * rows["total"]).round()
    readings = [
        rows[~doubtful],
        rows[doubtful].assign(reading="count"),
        rows[doubtful].assign(reading="percentage", events=by_percentage[doubtful]),
    ]
    return pd.concat(readings, ignore_index=True)


def known_if_equal(
    printed: pd.DataFrame, diagnosis: str, *, gp_patients: str, level: float = 0.95
) -> Mapping[str, Any]:
    """The share of a disease that the street doctor knows of, if it were as common there as in the general practice.

    Parameters
    ----------
    printed
        From `printed_table`.
    diagnosis
        Diagnosis, as in the data.
    gp_patients
        As in `differences`.
    level
        Coverage of the interval.

    Returns
    -------
    Mapping
        Estimate columns of the ratio of the two shares: 0.25 means that one patient in four would be known. A thought
        experiment: that the disease is as common is an assumption, not a finding.
    """
    counts = _counts(printed, gp_patients)
    rows = counts[(counts["diagnosis"] == diagnosis) & (counts["reading"] == "")]
    return dict(risk_ratio(rows, group="group", exposed="street", reference="gp", level=level).iloc[0])


def not_by_chance(printed: pd.DataFrame, *, gp_patients: Literal["fitting", "printed"], level: float) -> list[str]:
    """Diagnoses whose difference excludes zero with an interval widened for the number of comparisons (Bonferroni).

    Parameters
    ----------
    printed
        From `printed_table`.
    gp_patients
        As in `differences`.
    level
        Coverage that all intervals together should have at least.

    Returns
    -------
    list of str
        The diagnoses; one with two readings only when both exclude zero.
    """
    tests = printed["diagnosis"].nunique()
    wide = differences(printed, gp_patients=gp_patients, level=1 - (1 - level) / tests)
    apart = (wide["lower"] > 0) | (wide["upper"] < 0)
    return [str(name) for name, kept in apart.groupby(wide["diagnosis"], sort=False).all().items() if kept]


def patients_needed(first: float, second: float, *, level: float = 0.95, second_total: float | None = None) -> float:
    """Fewest patients with which two shares of this size can be told apart.

    Parameters
    ----------
    first, second
        Shares, between 0 and 1.
    level
        Coverage of the Newcombe interval that has to exclude zero.
    second_total
        Patients behind the second share where known; otherwise as many as behind the first.

    Returns
    -------
    float
        Patients behind the first share (and the second), or missing when not even a million are enough. With just so
        many, a true difference of this size is found about every other time: a study needs more.

    Examples
    --------
    >>> patients_needed(0.25, 0.5)
    29.0
    """

    def told_apart(total: int) -> bool:
        totals = np.array([total, total if second_total is None else second_total], dtype=float)
        rows = pd.DataFrame({"time": ["first", "second"], "events": totals * [first, second], "total": totals})
        row = risk_difference(rows, group="time", exposed="second", reference="first", level=level).iloc[0]
        return bool(row["lower"] > 0 or row["upper"] < 0)

    found = bisect.bisect_left(range(1, LIMIT + 1), True, key=told_apart) + 1
    return float(found) if found <= LIMIT else float("nan")


def changes(access: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
    """Patients of the street doctor then and later: published shares, without numbers of patients for the first period.

    Parameters
    ----------
    access
        Data set `rotterdam_access`.
    level
        Coverage of the interval on which `patients_needed` rests.

    Returns
    -------
    pandas.DataFrame
        One row per `subgroup` (groups of patients, then diagnoses): `first` and `second` (shares, 0 to 1),
        `difference` and `patients_needed` in the first period, missing when no number would do (the `note` says so).
        No interval: the numbers of patients of the first period were not published.
    """
    rows = access[access["measure"].isin(["share_of_patients", "share_with_problem_over_time"])]
    totals = fitting_totals(printed_table(access))
    later = float(pick(totals, group="street")["fitting_total"])
    return _two_times(rows, EARLIER, LATER, level=level, second_total=later)


def _two_times(rows: pd.DataFrame, first: str, second: str, **options: Any) -> pd.DataFrame:
    shares = rows.assign(share=rows["value"] / 100).set_index(["subgroup", "period"])["share"]
    table = pd.DataFrame(
        [
            {"subgroup": name, "first": shares[name, first], "second": shares[name, second]}
            for name in dict.fromkeys(rows["subgroup"])
        ]
    )
    needed = [patients_needed(a, b, **options) for a, b in zip(table["first"], table["second"], strict=True)]
    note = ["" if number == number else NO_NUMBER_IS_ENOUGH for number in needed]
    return table.assign(difference=table["second"] - table["first"], patients_needed=needed, note=note)


def uninsured(
    access: pd.DataFrame, *, unregistered: tuple[float, float] = (0.5, 1.0), level: float = 0.95
) -> pd.DataFrame:
    """Share of uninsured patients in two years, per practice, and what it would take to explain the change.

    Parameters
    ----------
    access
        Data set `rotterdam_access`.
    unregistered
        Assumption: lowest and highest share uninsured of those who lose their registration, between 0 and 1.
    level
        Coverage of the interval on which `patients_needed` rests.

    Returns
    -------
    pandas.DataFrame
        One row per `practice`: `first_period`, `second_period`, `first`, `second` (shares, 0 to 1), `difference`,
        `patients_needed` per year, and `losing_lowest`, `losing_highest`: the share of patients that would have had to
        lose their registration between the two years, if that alone explains the change; at most 1.
    """
    rows = access[access["measure"] == "share_uninsured"].sort_values("fact")
    parts = []
    for name, practice in rows.groupby("subgroup", sort=False):
        first, second = practice["period"]
        periods = {"practice": str(name).split(" ")[0].lower(), "first_period": first, "second_period": second}
        parts.append(_two_times(practice, first, second, level=level).assign(**periods))
    table = pd.concat(parts, ignore_index=True)
    return table.assign(
        losing_lowest=_share_losing(table["first"], table["second"], max(unregistered)),
        losing_highest=_share_losing(table["first"], table["second"], min(unregistered)),
    )


def _share_losing(first: pd.Series, second: pd.Series, unregistered: float) -> pd.Series:
    """Solves second = first + losing x (unregistered - first) for the share losing registration."""
    return ((second - first) / (unregistered - first)).clip(0, 1)


def checklist(names: Mapping[str, str], *, measured: Mapping[str, str], missing: Mapping[str, str]) -> pd.DataFrame:
    """The four building blocks in their order, each with what was measured of it and which study is missing.

    Parameters
    ----------
    names, measured, missing
        Words by block; every block of `BLOCKS` has one in each.

    Returns
    -------
    pandas.DataFrame
        One row per `block`: `name`, `status` (of `BLOCKS`), `measured`, `missing`.
    """
    return pd.DataFrame(
        {
            "block": list(BLOCKS),
            "name": [names[block] for block in BLOCKS],
            "status": list(BLOCKS.values()),
            "measured": [measured[block] for block in BLOCKS],
            "missing": [missing[block] for block in BLOCKS],
        }
    )


def verdict_on_registration(shares: pd.DataFrame) -> Verdict:
    """Verdict on "no registration, no insurance, no care": at most consistent, for nobody counted registrations.

    Parameters
    ----------
    shares
        From `uninsured`.

    Returns
    -------
    str
        ``consistent`` when the share of uninsured patients rose in every practice, else ``not_testable``.
    """
    return "consistent" if (shares["difference"] > 0).all() else "not_testable"


def verdict_on_blocks(clinic: Mapping[str, Any], blocks: Mapping[str, str] = BLOCKS) -> Verdict:
    """Verdict on "care rests on four building blocks".

    Parameters
    ----------
    clinic
        Difference in reaching care with a clinic on site, the only effect measured.
    blocks
        What was measured of each block: "none", or how.

    Returns
    -------
    str
        ``contradicted`` when the measured effect is negative, ``not_testable`` as long as a block has no measured
        effect or the effect is not shown, else ``consistent``.
    """
    if clinic["upper"] < 0:
        return "contradicted"
    measured = all(how != "none" for how in blocks.values())
    return "consistent" if measured and clinic["lower"] > 0 else "not_testable"
