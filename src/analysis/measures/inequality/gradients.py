"""Slope and relative index of inequality on data of persons, with the variance of the survey design."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.errors import DataError, MethodError
from analysis.estimates import with_estimates
from analysis.measures.inequality.fractional_ranks import FractionalRanks, fractional_ranks, positions
from analysis.measures.inequality.subgroups import UNIT_OF_VALUES
from analysis.measures.shared import notes
from analysis.measures.shared.checks import FloatArray, check_choice, column_names, require_columns, require_numbers
from analysis.measures.shared.levels import Levels, one_level, several_levels
from analysis.measures.shared.weighted_regression import LINKS, weighted_regression
from analysis.measures.surveys.design import IntArray, Sample, SurveyDesign
from analysis.measures.surveys.precision import domains, precision, t_quantile

VARIANCES = {"linearised": "ranks estimated", "convenient": "ranks taken as known"}
LINK_WORDS = {
    "linear": "linear regression",
    "logit": "logistic regression",
    "log": "log-binomial regression",
    "poisson": "Poisson regression",
}
OUTCOME_LIMITS: dict[str, tuple[float | None, float | None]] = {
    "linear": (None, None),
    "logit": (0.0, 1.0),
    "log": (0.0, 1.0),
    "poisson": (0.0, None),
}


@dataclass(frozen=True)
class EndsOfTheLadder:
    """What a model says at the very foot and the very top of the ladder.

    Attributes
    ----------
    foot, top
        Fitted values at rank 0 and rank 1.
    foot_parts, top_parts
        Derivatives of these: what each row contributes, to first order.
    """

    foot: float
    top: float
    foot_parts: FloatArray
    top_parts: FloatArray

    @property
    def ratio(self) -> float:
        """Top over foot; NaN when either is not above zero."""
        return self.top / self.foot if min(self.foot, self.top) > 0 else np.nan

    @property
    def log_ratio_parts(self) -> FloatArray:
        """Contributions to the logarithm of the ratio."""
        return self.top_parts / self.top - self.foot_parts / self.foot


def ends_of_the_ladder(
    health: FloatArray, ladder: FractionalRanks, *, link: str = "linear", variance: str = "linearised"
) -> EndsOfTheLadder:
    """Fit health on rank, and read the model at ranks 0 and 1.

    Parameters
    ----------
    health
        Value of each person.
    ladder
        Ranks and weights of the same persons.
    link
        ``linear``, ``logit``, ``log`` or ``poisson``.
    variance
        ``linearised`` counts that ranks are estimated, ``convenient`` takes them as known.

    Returns
    -------
    EndsOfTheLadder
        Fitted values at both ends with the contributions of each person, weights included.

    Raises
    ------
    MethodError
        When everybody is at the same place, or the fit runs to infinity.

    Examples
    --------
    >>> ends = ends_of_the_ladder(np.array([1.0, 2.0, 3.0]), fractional_ranks([1, 2, 3]))
    >>> round(ends.foot, 6), round(ends.top, 6)
    (0.5, 3.5)
    """
    if np.count_nonzero(ladder.shares) < 2:
        raise MethodError(
            "Everybody is at the same place, so there is no ladder. Check the column of the position, or `by`."
        )
    if health.min() == health.max():
        flat = np.zeros(len(health))
        return EndsOfTheLadder(float(health[0]), float(health[0]), flat, flat)
    columns = np.column_stack([np.ones(len(health)), ladder.ranks])
    fit = weighted_regression(health, columns, ladder.weights, link=link)
    if variance == "convenient":
        parts = fit.contributions(columns, ladder.weights)
    else:
        # Each person also moves the ranks of the others: the score changes by its derivative with respect to the rank.
        bend = fit.curvature * fit.coefficients[1]
        pull = [ladder.pull(-bend), ladder.pull(fit.residuals - bend * ladder.ranks)]
        scores = columns * fit.residuals[:, None] + np.column_stack(pull)
        information = columns.T @ (columns * (ladder.weights * fit.curvature)[:, None])
        parts = (scores * ladder.weights[:, None]) @ np.linalg.inv(information)
    rule = LINKS[link]
    foot, top = rule.mean(np.array([fit.coefficients[0], fit.coefficients.sum()]))
    slopes = rule.slope(np.array([foot, top]))
    return EndsOfTheLadder(float(foot), float(top), slopes[0] * parts[:, 0], slopes[1] * parts.sum(axis=1))


def _rows_of_domain(
    sample: Sample, members: IntArray, ends: EndsOfTheLadder, mean: float, level: float
) -> list[dict[str, Any]]:
    shared = {"population": sample.weights[members].sum(), "mean": mean, "foot": ends.foot, "top": ends.top}
    slope = shared | precision(sample, members, ends.top_parts - ends.foot_parts, ends.foot)
    estimate = ends.top - ends.foot
    half = slope["standard_error"] * t_quantile(level, slope["degrees_of_freedom"])
    slope |= {"measure": "sii", "unit": UNIT_OF_VALUES}
    slope |= {"estimate": estimate, "lower": estimate - half, "upper": estimate + half}
    relative: dict[str, Any] = slope | {"measure": "rii", "unit": "ratio"}
    if np.isnan(ends.ratio):
        undefined = dict.fromkeys(("estimate", "lower", "upper", "standard_error"), np.nan)
        return [slope, relative | undefined | {"note": notes.LINE_BELOW_ZERO}]
    relative |= precision(sample, members, ends.log_ratio_parts, 1.0)
    error = relative["standard_error"]
    factor = np.exp(error * t_quantile(level, relative["degrees_of_freedom"]))
    relative |= {"estimate": ends.ratio, "lower": ends.ratio / factor, "upper": ends.ratio * factor}
    return [slope, relative | {"standard_error": error * ends.ratio}]


@several_levels
def slope_and_relative_index(
    table: pd.DataFrame,
    *,
    position: str,
    value: str = "value",
    link: str = "linear",
    design: SurveyDesign | None = None,
    by: str | Sequence[str] = (),
    level: Levels = 0.95,
    variance: str = "linearised",
) -> pd.DataFrame:
    """Inequality over the whole ladder, absolute and relative, from persons.

    Parameters
    ----------
    table
        One row per person: `position`, `value` and the columns of the design.
    position
        Column that orders the persons from worst-off to best-off: numbers or an ordered categorical. Persons at the
        same place share the mean of their ranks.
    value
        Column with the health of each person: any number (``linear``), 0 to 1 (``logit``, ``log``), 0 or more
        (``poisson``).
    link
        ``linear`` straight line, ``logit`` logistic, ``log`` log-binomial, ``poisson`` log link with robust variance.
    design
        Weights, strata, clusters and finite population; a simple random sample when not given.
    by
        Columns that define groups to report, each with its own ladder.
    level
        Coverage of the interval, between 0 and 1, or several.
    variance
        ``linearised``: the ranks are estimates too. ``convenient``: they are taken as known, as programs do that put
        a column of ranks in a regression.

    Returns
    -------
    pandas.DataFrame
        Two rows per group, `measure` "sii" (top minus foot) and "rii" (top over foot): `population`, `observations`,
        `clusters`, `degrees_of_freedom`, `mean`, `foot`, `top`, `standard_error` on the scale of the estimate, and the
        estimate columns. A line that is not above zero at both ends gives no ratio, with a `note`.

    Raises
    ------
    DataError
        When a column is missing, has gaps or text, a value does not suit the link, or the design cannot be right.
    MethodError
        When an option is unknown, everybody is at the same place, or the fit runs to infinity.

    Notes
    -----
    Interpretation: with `value` 1 for a disease, an SII of -0.2 means that the very best-off have it 20 percentage
    points less often than the very worst-off; an RII of 0.5 half as often. The interval of the ratio is made on the
    log scale. With ``logit`` both are read from the fitted proportions, not from the odds.

    References
    ----------
    Mackenbach JP, Kunst AE. Soc Sci Med 1997;44:757-771.
    Moreno-Betancur M, Latouche A, Menvielle G, Kunst AE, Rey G. Relative index of inequality and slope index of
    inequality: a structured regression framework for estimation. Epidemiology 2015;26:518-527.
    Binder DA. Int Stat Rev 1983;51:279-292.

    Examples
    --------
    >>> persons = pd.DataFrame({"income": [9, 14, 20, 31], "value": [4.0, 3.0, 3.0, 2.0]})
    >>> slope_and_relative_index(persons, position="income")[["measure", "estimate"]].round(3).values.tolist()
    [['sii', -2.4], ['rii', 0.429]]
    """
    size, design = one_level(level), design or SurveyDesign()
    check_choice(link, LINKS, option="link")
    check_choice(variance, VARIANCES, option="variance")
    require_columns(table, [position, value, *column_names(by)])
    low, high = OUTCOME_LIMITS[link]
    health = require_numbers(table[[value]], [value], minimum=low, maximum=high)[value].to_numpy()
    order, sample = positions(table[position]), design.sample(table)
    rows: list[dict[str, Any]] = []
    for names, members in domains(table, by):
        weights = sample.weights[members]
        if weights.sum() == 0:
            raise DataError(f"The weights of the group {names} sum to zero. Leave that group out, and say so.")
        ladder = fractional_ranks(order[members], weights)
        ends = ends_of_the_ladder(health[members], ladder, link=link, variance=variance)
        mean = float(weights @ health[members] / weights.sum())
        rows += [names | row for row in _rows_of_domain(sample, members, ends, mean, size)]
    results = pd.DataFrame(rows)
    shown = with_estimates(
        results.drop(columns=["measure", "estimate", "lower", "upper", "unit", "note"]),
        measure=results["measure"].tolist(),
        estimate=results["estimate"],
        lower=results["lower"],
        upper=results["upper"],
        level=size,
        unit="",
        method=f"{LINK_WORDS[link]} on fractional ranks, linearised variance, {VARIANCES[variance]}, t interval",
        note=results["note"].tolist(),
    )
    return shown.assign(unit=results["unit"].tolist())
