"""Concentration indices on data of persons: seven kinds, ties averaged, with the variance of the survey design."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.errors import DataError
from analysis.estimates import with_estimates
from analysis.measures.inequality.concentration_kinds import KINDS, check_kinds, rank_scores, scale_of_kind
from analysis.measures.inequality.fractional_ranks import FractionalRanks, fractional_ranks, positions
from analysis.measures.shared import notes
from analysis.measures.shared.checks import FloatArray, check_choice, column_names, require_columns, require_numbers
from analysis.measures.shared.levels import Levels, one_level, several_levels
from analysis.measures.surveys.design import SurveyDesign
from analysis.measures.surveys.precision import domains, precision, t_quantile

VARIANCES = {
    "linearised": "linearised variance, ranks and mean estimated",
    "convenient": "convenient regression, ranks and mean taken as known",
}


def index_and_contributions(
    health: FloatArray,
    ladder: FractionalRanks,
    kind: str,
    *,
    limits: tuple[float, float] = (0.0, 1.0),
    weighting: float = 2.0,
    variance: str = "linearised",
) -> tuple[float, FloatArray]:
    """A concentration index of persons, and what each of them contributes to it to first order.

    Parameters
    ----------
    health
        Value of each person.
    ladder
        Ranks and weights of the same persons.
    kind
        Kind of index, one of `KINDS`.
    limits
        Smallest and largest possible value of health.
    weighting
        Parameter of the extended and the symmetric index.
    variance
        ``linearised`` or ``convenient``.

    Returns
    -------
    tuple
        Index (NaN when undefined) and contributions, weights included; these sum to zero.

    Examples
    --------
    >>> index, parts = index_and_contributions(np.array([1.0, 3.0]), fractional_ranks([1, 2]), "standard")
    >>> index, parts.round(6).tolist()
    (0.25, [0.0625, -0.0625])
    """
    shares = ladder.weights / ladder.weights.sum()
    mean = float(shares @ health)
    score, derivative = rank_scores(kind, ladder.ranks, weighting)
    deviation, centred = health - mean, score - float(shares @ score)
    covariance = float(shares @ (deviation * centred))
    factor, change = scale_of_kind(kind, mean, limits)
    if variance == "convenient":
        spread = float(shares @ centred**2)
        slope = covariance / spread if spread > 0 else 0.0
        return covariance * factor, shares * factor * centred * (deviation - slope * centred)
    parts = deviation * centred - covariance + ladder.pull(deviation * derivative)
    return covariance * factor, shares * (factor * parts + covariance * change * deviation)


@several_levels
def concentration_indices(
    table: pd.DataFrame,
    *,
    position: str,
    value: str = "value",
    kinds: str | Sequence[str] = "standard",
    design: SurveyDesign | None = None,
    limits: tuple[float, float] = (0.0, 1.0),
    weighting: float = 2.0,
    by: str | Sequence[str] = (),
    level: Levels = 0.95,
    variance: str = "linearised",
) -> pd.DataFrame:
    """How far health is concentrated among the better-off, from persons.

    Parameters
    ----------
    table
        One row per person: `position`, `value` and the columns of the design.
    position
        Column that orders the persons from worst-off to best-off: numbers or an ordered categorical. Persons at the
        same place share the mean of their ranks.
    value
        Column with the health of each person.
    kinds
        One or more of ``standard`` (relative), ``absolute`` (generalised), ``modified`` (Kjellsson and Gerdtham, for a
        variable with a lowest value), ``wagstaff`` and ``erreygers`` (for a bounded variable), ``extended`` and
        ``symmetric`` (with `weighting`).
    design
        Weights, strata, clusters and finite population; a simple random sample when not given.
    limits
        Smallest and largest possible value, for ``modified`` (the first), ``wagstaff`` and ``erreygers`` (both).
    weighting
        For ``extended`` the aversion to inequality v: the higher, the more the worst-off count. For ``symmetric`` the
        sensitivity to the extremes beta. Above 1; at 2 both are the standard index.
    by
        Columns that define groups to report, each with its own ladder.
    level
        Coverage of the interval, between 0 and 1, or several.
    variance
        ``linearised``: ranks and mean are estimates too. ``convenient``: they are taken as known, as in the
        convenient regression that most programs run.

    Returns
    -------
    pandas.DataFrame
        One row per group and kind: `population` (sum of weights), `observations`, `clusters`, `degrees_of_freedom`,
        `mean`, `standard_error` and the estimate columns. An undefined index has a `note`.

    Raises
    ------
    DataError
        When a column is missing, has gaps or text, a value is outside the limits, or the design cannot be right.
    MethodError
        When an option is unknown or does not fit.

    Notes
    -----
    Interpretation: above 0 the better-off have more of it. The indices disagree on what equal inequality is at
    different means: ``standard`` keeps relative differences, ``erreygers`` absolute ones and has the mirror property
    (health and ill-health give the same number with the other sign). Choose before looking. The extended index weighs
    by the covariance with -v (1 - R)^(v - 1), so that equality gives exactly zero in small samples too.

    References
    ----------
    Kakwani N, Wagstaff A, van Doorslaer E. J Econom 1997;77:87-103.
    Wagstaff A. The bounds of the concentration index when the variable is binary. Health Econ 2005;14:429-432.
    Erreygers G. Correcting the concentration index. J Health Econ 2009;28:504-515.
    Erreygers G, Clarke P, Van Ourti T. "Mirror, mirror, on the wall, who in this land is fairest of all?" J Health Econ
    2012;31:257-270.
    Kjellsson G, Gerdtham UG. On correcting the concentration index for binary variables. J Health Econ 2013;32:659-670.
    Langel M, Tillé Y. Variance estimation of the Gini index. J R Stat Soc A 2013;176:521-540.

    Examples
    --------
    >>> persons = pd.DataFrame({"income": [9, 14, 20, 31], "value": [0, 1, 0, 1]})
    >>> result = concentration_indices(persons, position="income", kinds=["standard", "erreygers"])
    >>> result["measure"].tolist(), result["estimate"].tolist()
    (['concentration_index', 'erreygers_index'], [0.25, 0.5])
    """
    size, design = one_level(level), design or SurveyDesign()
    check_choice(variance, VARIANCES, option="variance")
    require_columns(table, [position, value, *column_names(by)])
    checked = require_numbers(table[[value]], [value])[value]
    names_of_kinds = check_kinds(kinds, limits, checked)
    order, health, sample = positions(table[position]), checked.to_numpy(), design.sample(table)
    rows: list[dict[str, Any]] = []
    for names, members in domains(table, by):
        weights = sample.weights[members]
        if weights.sum() == 0:
            raise DataError(f"The weights of the group {names} sum to zero. Leave that group out, and say so.")
        ladder = fractional_ranks(order[members], weights)
        mean = float(weights @ health[members] / weights.sum())
        for kind in names_of_kinds:
            index, parts = index_and_contributions(
                health[members], ladder, kind, limits=limits, weighting=weighting, variance=variance
            )
            largest = mean if kind == "absolute" else 1.0
            known = precision(sample, members, parts, largest) if np.isfinite(index) else _undefined(len(members))
            if len(ladder.shares) == 1 and known["note"] == notes.NO_VARIATION:
                known["note"] = notes.SAME_POSITION
            shared = {"measure": KINDS[kind], "population": weights.sum(), "mean": mean, "estimate": index}
            rows.append(names | shared | known)
    results = pd.DataFrame(rows)
    half = results["standard_error"] * [t_quantile(size, freedom) for freedom in results["degrees_of_freedom"]]
    return with_estimates(
        results.drop(columns=["measure", "estimate", "note"]),
        measure=results["measure"].tolist(),
        estimate=results["estimate"],
        lower=results["estimate"] - half,
        upper=results["estimate"] + half,
        level=size,
        unit="index",
        method=f"covariance with fractional ranks, {VARIANCES[variance]}, t interval",
        note=results["note"].tolist(),
    )


def _undefined(observations: int) -> dict[str, Any]:
    return {
        "observations": observations,
        "clusters": 0,
        "degrees_of_freedom": 0,
        "standard_error": np.nan,
        "note": notes.INDEX_UNDEFINED,
    }
