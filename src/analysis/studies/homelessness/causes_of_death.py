"""What do homeless people die of, and did suicides halve? Causes of death in the Rotterdam cohort, 2001-2010."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.claims import Verdict
from analysis.errors import DataError
from analysis.estimates import pick, with_estimates
from analysis.measures.audits import audit_intervals, geometric_centre, implied_events
from analysis.measures.effects.proportions import proportion
from analysis.measures.rates.crude import poisson_interval
from analysis.measures.rates.indirect_standardisation import observed_to_expected
from analysis.measures.rates.power import power_of_rate_ratio
from analysis.measures.shared.checks import FloatArray
from analysis.measures.shared.levels import PRINTED_LEVEL
from analysis.measures.shared.multiplicity import adjusted_p_values, findings_by_chance
from analysis.measures.shared.ratios import log_interval, p_value_from_interval, standard_error_from_interval

UNNATURAL = ("unnatural death", "accidental poisoning", "other accidents", "intentional injury", "suicide")
"""Unnatural death and its parts; suicide is a part of intentional injury, so these overlap."""
COPIED = "repeats another row"
HALVED = 0.5
OTHER_LIMIT = 0.97
"""Upper limit of intentional injury in the abstract of Slockers 2018; the data set has that of the thesis, 0.98."""
INFERRED = "deaths inferred from published interval or share, not in the sources used"


def inferred_deaths(causes: pd.DataFrame) -> pd.DataFrame:
    """Deaths by cause that the published SMR intervals and shares leave possible.

    Parameters
    ----------
    causes
        Data set `rotterdam_causes`.

    Returns
    -------
    pandas.DataFrame
        One row per cause with an SMR or a share: `deaths` (the most likely count), `fewest` and `most` (counts that
        print the same) and `basis` ("smr", "share" or "smr and share").

    Raises
    ------
    DataError
        When no count fits what was published on a cause.

    Notes
    -----
    The counts are not in the sources used. An exact Poisson interval fits few counts only, and a share of 261
    deaths, rounded to whole percents, two or three. Where both are known a count must fit both, and the share, the
    nearer of the two, decides within that range.
    """
    total = _linked_deaths(causes)
    counts = np.arange(1.0, total + 1)
    rows = []
    printed = causes[causes["measure"].isin(["smr", "share_of_deaths"]) & causes["population"].eq("homeless")]
    for cause, published in printed.groupby("subgroup", sort=False):
        fits, distance, basis = np.full(len(counts), True), np.zeros(len(counts)), []
        for row in published.sort_values("measure", ascending=False).to_dict("records"):
            possible, distance = (
                _fit_of_smr(row, counts) if row["measure"] == "smr" else _fit_of_share(row, counts, total)
            )
            fits &= possible
            basis.append("smr" if row["measure"] == "smr" else "share")
        if not fits.any():
            raise DataError(
                f"No number of deaths from {cause} fits the published figures ({' and '.join(basis)}) among "
                f"{total:.0f} deaths. Check the rows of `rotterdam_causes` against the source."
            )
        likeliest = counts[fits][np.argmin(distance[fits])]
        rows.append((cause, likeliest, counts[fits].min(), counts[fits].max(), " and ".join(basis)))
    return pd.DataFrame(rows, columns=["cause", "deaths", "fewest", "most", "basis"])


def _fit_of_smr(printed: Mapping[Any, Any], counts: FloatArray) -> tuple[NDArray[np.bool_], FloatArray]:
    """Whether some SMR that prints the same gives, with each count, limits that print the same; and how far off."""
    limits = [np.asarray(limit) / counts for limit in poisson_interval(counts, PRINTED_LEVEL)]
    least, most = (
        np.stack(
            [
                np.full(len(counts), printed["value"] + half),
                *((printed[end] + half) / limit for end, limit in zip(("lower", "upper"), limits, strict=True)),
            ]
        )
        for half in (-0.05, 0.05)
    )
    off = [
        np.abs(np.log(printed["value"] * limit / printed[end]))
        for end, limit in zip(("lower", "upper"), limits, strict=True)
    ]
    return least.max(axis=0) <= most.min(axis=0) + 1e-9, np.maximum(*off)


def _fit_of_share(printed: Mapping[Any, Any], counts: FloatArray, total: float) -> tuple[NDArray[np.bool_], FloatArray]:
    """Whether each count, as a share in whole percents, prints the same; and how far off it is."""
    return np.floor(100 * counts / total + 0.5) == printed["value"], np.abs(counts - printed["value"] / 100 * total)


def smr_by_cause(causes: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
    """Standardised mortality ratios by cause against Rotterdam, with exact intervals from the inferred deaths.

    Parameters
    ----------
    causes
        Data set `rotterdam_causes`.
    level
        Coverage of the intervals, between 0 and 1.

    Returns
    -------
    pandas.DataFrame
        One row per cause, highest first: `cause`, `observed` (inferred), `expected` (observed over published SMR),
        `printed_lower`, `printed_upper` (95 percent) and the estimate columns, with `measure` "smr".
    """
    printed = causes[causes["measure"] == "smr"].rename(columns={"subgroup": "cause"})
    counted = printed.merge(inferred_deaths(causes), on="cause", validate="one_to_one")
    counted["expected"] = counted["deaths"] / counted["value"]
    result = observed_to_expected(counted, by="cause", level=level).assign(note=INFERRED)
    limits = counted.set_index("cause")[["lower", "upper"]].add_prefix("printed_")
    return result.join(limits, on="cause").sort_values("estimate", ascending=False, ignore_index=True)


def as_published(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of `smr_by_cause` with the published interval, where it has the level of publication.

    Parameters
    ----------
    row
        One row of `smr_by_cause`.

    Returns
    -------
    dict
        The row; `lower` and `upper` are those printed at 95 percent, else those recomputed from inferred deaths.
        `recomputed` says which.
    """
    recomputed = row["level"] != PRINTED_LEVEL
    limits = {} if recomputed else {end: row[f"printed_{end}"] for end in ("lower", "upper")}
    return {**row, **limits, "recomputed": recomputed}


def share_of_deaths(causes: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
    """Share of all deaths by cause with Wilson intervals, and the share in the population where published.

    Parameters
    ----------
    causes
        Data set `rotterdam_causes`.
    level
        Coverage of the intervals, between 0 and 1.

    Returns
    -------
    pandas.DataFrame
        One row per cause with a published share, highest first: `cause`, `deaths` (inferred), `total`,
        `printed_lower`, `printed_upper` (proportions), `population` (share in Rotterdam, missing where not published)
        and the estimate columns, with `measure` "proportion".
    """
    shares = causes[causes["measure"] == "share_of_deaths"].rename(columns={"subgroup": "cause"})
    printed = shares[shares["population"] == "homeless"]
    counted = printed.merge(inferred_deaths(causes), on="cause", validate="one_to_one")
    result = proportion(
        counted.assign(total=_linked_deaths(causes)), events="deaths", by="cause", level=level, method="wilson"
    ).assign(note=INFERRED)
    limits = counted.set_index("cause")[["lower", "upper"]].add_prefix("printed_") / 100
    elsewhere = shares[shares["population"] != "homeless"].set_index("cause")["value"] / 100
    joined = result.join(limits, on="cause").join(elsewhere.rename("population"), on="cause")
    return joined.sort_values("estimate", ascending=False, ignore_index=True)


def hazard_ratios(causes: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
    """The twelve hazard ratios of 2006-2010 against 2001-2005, with their intervals at another level if asked.

    Parameters
    ----------
    causes
        Data set `rotterdam_causes`.
    level
        Coverage of the intervals, between 0 and 1; at 0.95 they are the published ones.

    Returns
    -------
    pandas.DataFrame
        One row per cause: `cause`, `flag`, `excludes_one` (whether the interval excludes no change) and the estimate
        columns, with `measure` "hazard_ratio".
    """
    printed = _printed_hazard_ratios(causes)
    error = standard_error_from_interval(printed["lower"], printed["upper"], PRINTED_LEVEL)
    # Around the middle of the printed limits, not around the rounded ratio: at 95 percent they come out as printed.
    lower, upper = log_interval(geometric_centre(printed["lower"], printed["upper"]), error, level)
    return with_estimates(
        printed[["cause", "flag"]].assign(excludes_one=(lower > 1) | (upper < 1)),
        measure="hazard_ratio",
        estimate=printed["estimate"],
        lower=lower,
        upper=upper,
        level=level,
        unit="ratio",
        method="published (Cox, adjusted for age and sex), limits rescaled on the log scale",
        note=[
            "copied row: the hazard ratio of this cause is unknown" if flag == COPIED else ""
            for flag in printed["flag"]
        ],
    )


def audit(causes: pd.DataFrame) -> pd.DataFrame:
    """Every printed hazard ratio against its own interval, its p-value and the deaths there are.

    Parameters
    ----------
    causes
        Data set `rotterdam_causes`.

    Returns
    -------
    pandas.DataFrame
        One row per cause from `audit_intervals` (`geometric_centre`, `p_value_implied` with its range,
        `p_value_printed`), with `fewest_deaths` that the interval needs over both periods, `deaths` inferred from
        other figures (missing for most) and `finding`: "copied row", "p-value does not fit", "another test" (outside
        what rounding allows for Wald's test, but near enough for another one), "too few deaths implied" or
        "consistent".

    Notes
    -----
    The variance of a log hazard ratio is at least 1/a + 1/b for a and b deaths in the two periods, least when these
    are equal. So the interval needs four times the implied events in all, or more.
    """
    audited = audit_intervals(_printed_hazard_ratios(causes), level=PRINTED_LEVEL, decimals=2, p_decimals=2)
    known = inferred_deaths(causes).set_index("cause")["deaths"]
    within = (audited["p_value_printed"] >= audited["p_value_lowest"] - 0.005 - 1e-9) & (
        audited["p_value_printed"] <= audited["p_value_highest"] + 0.005 + 1e-9
    )
    finding = audited["finding"].mask((audited["finding"] == "consistent") & ~within, "another test")
    return audited.assign(
        fewest_deaths=4 * implied_events(audited["lower"], audited["upper"], PRINTED_LEVEL),
        deaths=audited["cause"].map(known),
        finding=finding.mask(audited["flag"] == COPIED, "copied row"),
    )


def fewest_deaths_together(audited: pd.DataFrame) -> float:
    """Deaths that the printed intervals of causes that exclude each other need together, without the copied row.

    Parameters
    ----------
    audited
        From `audit`.

    Returns
    -------
    float
        Deaths; parts of unnatural death are not counted twice.
    """
    exclusive = ~audited["cause"].isin(UNNATURAL[1:]) & (audited["flag"] != COPIED)
    return float(audited.loc[exclusive, "fewest_deaths"].sum())


def many_tests(causes: pd.DataFrame, *, correction: str = "holm") -> pd.DataFrame:
    """P-values of the twelve tests, corrected for their number.

    Parameters
    ----------
    causes
        Data set `rotterdam_causes`.
    correction
        ``holm``, ``benjamini-hochberg`` or ``bonferroni``.

    Returns
    -------
    pandas.DataFrame
        One row per cause: `cause`, `p_value` (recomputed from the interval; of the copied row the printed one, as its
        interval is of another cause), `p_printed`, `p_corrected` and `p_printed_corrected`.

    Raises
    ------
    MethodError
        When the correction is unknown.
    """
    column = f"p_{correction.replace('-', '_')}"
    audited = audit(causes)
    copied = audited["flag"] == COPIED
    tests = pd.DataFrame(
        {
            "cause": audited["cause"],
            "p_value": audited["p_value_implied"].mask(copied, audited["p_value_printed"]),
            "p_printed": audited["p_value_printed"],
        }
    )
    return tests.assign(
        p_corrected=adjusted_p_values(tests, methods=correction)[column],
        p_printed_corrected=adjusted_p_values(tests, p_value="p_printed", methods=correction)[column],
    )


def by_chance(ratios: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
    """How many of the tests would come out "significant" when nothing had changed.

    Parameters
    ----------
    ratios
        From `hazard_ratios`.
    level
        Coverage of the intervals.

    Returns
    -------
    pandas.DataFrame
        One row: `tests` (without the copied row, of which nothing is known), `expected`, `at_least_one` (if the tests
        were independent) and `found`.
    """
    usable = ratios[ratios["flag"] != COPIED]
    return findings_by_chance(len(usable), level=level).assign(found=int(usable["excludes_one"].sum()))


def chance_to_see_halving(causes: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
    """Chance that this cohort would show a true halving of suicides, at the most suicides there can have been.

    Parameters
    ----------
    causes
        Data set `rotterdam_causes`.
    level
        Coverage of the interval that would have to exclude 1.

    Returns
    -------
    pandas.DataFrame
        One row from `power_of_rate_ratio`, with `deaths`: all suicides and homicides together, inferred.

    Notes
    -----
    A scenario: equal person-years in both periods, and every intentional death a suicide. With fewer suicides, or
    adjustment for age, the chance is smaller.
    """
    share = float(pick(causes, measure="share_of_unnatural_deaths")["value"]) / 100
    deaths = share * float(pick(inferred_deaths(causes), cause="unnatural death")["deaths"])
    return power_of_rate_ratio(HALVED, events=deaths / (1 + HALVED), level=level).assign(deaths=deaths)


def two_published_limits(causes: pd.DataFrame) -> pd.DataFrame:
    """The fall in intentional injury with each of its two published upper limits, and the p-value of each.

    Parameters
    ----------
    causes
        Data set `rotterdam_causes`.

    Returns
    -------
    pandas.DataFrame
        Two rows, highest limit first: `estimate`, `lower`, `upper` (95 percent) and `p_value` from the interval.
    """
    printed = pick(_printed_hazard_ratios(causes), cause="intentional injury")
    rows = pd.DataFrame([printed, {**printed, "upper": OTHER_LIMIT}])[["estimate", "lower", "upper"]]
    p_values = p_value_from_interval(rows["estimate"], rows["lower"], rows["upper"], PRINTED_LEVEL)
    return rows.assign(p_value=p_values)


def figure_rows(ratios: pd.DataFrame) -> pd.DataFrame:
    """Rows of the forest plot: diseases, unnatural deaths, and apart the row that was copied.

    Parameters
    ----------
    ratios
        From `hazard_ratios`.

    Returns
    -------
    pandas.DataFrame
        The rows with `kind` and `section`, each section ordered by its ratio.
    """
    copied = ratios["flag"] == COPIED
    section = np.select([copied, ratios["cause"].isin(UNNATURAL)], [2, 1], default=0)
    kind = np.where(copied, "published", np.where(ratios["cause"] == "suicide", "summary", "estimate"))
    return ratios.assign(section=section, kind=kind).sort_values(["section", "estimate"], ignore_index=True)


def verdict_on_suicides(suicide: Mapping[str, Any]) -> Verdict:
    """Verdict on "suicides halved": corrected when the 95 percent interval of the hazard ratio includes no change.

    Parameters
    ----------
    suicide
        The row of suicide from `hazard_ratios`, at any level.

    Returns
    -------
    str
        ``corrected``, ``consistent`` (a fall, and a halving within the interval; without a control group it proves
        nothing) or ``contradicted``.

    Notes
    -----
    The verdict rests on the interval as published, whatever the level shown: a choice of presentation does not turn
    one of twelve outcomes into a finding.
    """
    middle = geometric_centre(suicide["lower"], suicide["upper"])
    error = standard_error_from_interval(suicide["lower"], suicide["upper"], suicide["level"])
    lower, upper = log_interval(middle, error, PRINTED_LEVEL)
    if lower <= 1 <= upper:
        return "corrected"
    return "consistent" if lower <= HALVED <= upper else "contradicted"


def _printed_hazard_ratios(causes: pd.DataFrame) -> pd.DataFrame:
    rows = causes[causes["measure"] == "hazard_ratio"].rename(columns={"subgroup": "cause", "value": "estimate"})
    return rows[["cause", "estimate", "lower", "upper", "p_value", "flag"]].reset_index(drop=True)


def _linked_deaths(causes: pd.DataFrame) -> float:
    return float(pick(causes, measure="deaths_linked_to_cause_register")["value"])
