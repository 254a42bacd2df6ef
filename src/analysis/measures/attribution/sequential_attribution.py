"""Attributable fractions of several exposures together, one after the other and on average, from a regression."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

from analysis.errors import DataError, MethodError
from analysis.estimates import with_estimates
from analysis.measures.decomposition.shapley import MOST_PLAYERS, shapley_values
from analysis.measures.shared import notes
from analysis.measures.shared.checks import (
    FloatArray,
    check_choice,
    check_whole,
    column_names,
    require_complete,
    require_covariates,
    require_numbers,
)
from analysis.measures.shared.each_group import each_group
from analysis.measures.shared.levels import Levels, one_level, several_levels
from analysis.measures.shared.simulation import row_order


def fit_canonical(
    design: FloatArray, outcome: FloatArray, offset: FloatArray, weights: FloatArray, model: str
) -> FloatArray:
    """Coefficients of a logistic or Poisson regression (Newton steps).

    Parameters
    ----------
    design
        Columns of the model, with the constant.
    outcome
        Zero or one, or counts.
    offset
        Logarithm of person-years, or zeros.
    weights
        How often each row counts.
    model
        ``logistic`` or ``poisson``.

    Returns
    -------
    numpy.ndarray
        Coefficients.

    Raises
    ------
    MethodError
        When there is no finite solution.
    """
    slope = np.zeros(design.shape[1])
    mean = np.average(outcome, weights=weights)
    slope[0] = (
        np.log(mean / (1 - mean)) if model == "logistic" else np.log(mean / np.average(np.exp(offset), weights=weights))
    )
    for _ in range(40):
        fitted = _predict(design @ slope + offset, model)
        curve = weights * (fitted * (1 - fitted) if model == "logistic" else fitted)
        step, *_ = np.linalg.lstsq(
            (design * curve[:, None]).T @ design, design.T @ (weights * (outcome - fitted)), rcond=None
        )
        slope = slope + np.clip(step, -5, 5)
        if np.abs(step).max() < 1e-10:
            return np.asarray(slope)
        if np.abs(slope).max() > 25:
            break
    raise MethodError(
        f"The {model} regression has no finite solution. Look for a category in which everybody or nobody has the "
        "outcome, and join it with another."
    )


def _predict(linear: FloatArray, model: str) -> FloatArray:
    return np.asarray(expit(linear) if model == "logistic" else np.exp(np.minimum(linear, 50.0)))


def _columns(table: pd.DataFrame, name: str, unexposed: Any) -> FloatArray:
    """Indicators of the exposed categories, so that nobody exposed is all zeros."""
    values = table[name]
    if not (values == unexposed).any():
        raise DataError(f"Nobody in `{name}` has the value {unexposed!r} of the unexposed. Check its spelling or type.")
    categories = [value for value in values.drop_duplicates().tolist() if value != unexposed]
    if not categories:
        raise DataError(f"Everybody in `{name}` has the value {unexposed!r}, so there is no exposure. Leave it out.")
    return np.column_stack([(values == value).to_numpy(dtype=float) for value in categories])


@dataclass(frozen=True)
class _Population:
    """Rows of a cohort as arrays: the design of the model, and the columns of it that belong to each exposure."""

    design: FloatArray
    players: list[slice]
    outcome: FloatArray
    offset: FloatArray
    model: str

    def averted(self, weights: FloatArray) -> FloatArray:
        """Fraction of cases averted when each set of exposures is removed, rows counting by their weights."""
        slope = fit_canonical(self.design, self.outcome, self.offset, weights, self.model)
        linear = self.design @ slope + self.offset
        parts = [self.design[:, own] @ slope[own] for own in self.players]
        observed = weights @ _predict(linear, self.model)
        worth = np.zeros(2 ** len(self.players))
        for place in range(1, len(worth)):
            removed = sum(part for player, part in enumerate(parts) if place >> player & 1)
            worth[place] = 1 - weights @ _predict(linear - removed, self.model) / observed
        return worth

    def fractions(self, weights: FloatArray) -> FloatArray:
        """Rows of results, rows of the cohort counting by their weights."""
        return _fractions(self.averted(weights), len(self.players))


def _fractions(worth: FloatArray, count: int) -> FloatArray:
    """Rows of results: alone, sequential and average for each exposure, then all together."""
    alone = worth[[1 << player for player in range(count)]]
    steps = np.diff(worth[[(1 << player) - 1 for player in range(count + 1)]])
    return np.concatenate([alone, steps, shapley_values(worth), worth[-1:]])


def _cases(checked: pd.DataFrame, outcome: str, model: str) -> FloatArray:
    cases = checked[outcome].to_numpy(dtype=float)
    if cases.sum() == 0 or (model == "logistic" and cases.min() == 1):
        raise DataError(f"Column `{outcome}` has no cases, or only cases. There is nothing to attribute.")
    return cases


def _design(
    checked: pd.DataFrame, exposures: Mapping[str, Any], covariates: list[str]
) -> tuple[FloatArray, list[slice]]:
    """Constant, indicators of the exposures and covariates; and which columns belong to each exposure."""
    blocks = [_columns(checked, name, unexposed) for name, unexposed in exposures.items()]
    ends = np.cumsum([1, *(block.shape[1] for block in blocks)]).tolist()
    players = [slice(low, high) for low, high in pairwise(ends)]
    if covariates:
        others = pd.get_dummies(require_covariates(checked, covariates), drop_first=True, dtype=float)
        blocks.append(others.to_numpy(dtype=float))
    design = np.column_stack([np.ones(len(checked)), *blocks])
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise MethodError("Exposures or columns of `adjust` determine each other. Leave out what the others tell.")
    return design, players


def _population(
    table: pd.DataFrame,
    outcome: str,
    exposures: Mapping[str, Any],
    covariates: list[str],
    person_years: str | None,
    model: str,
) -> _Population:
    most = 1 if model == "logistic" else None
    complete = require_complete(table, [*exposures, *covariates])
    checked = require_numbers(complete, [outcome], minimum=0, maximum=most)
    cases, offset = _cases(checked, outcome, model), np.zeros(len(checked))
    if person_years:
        offset = np.log(require_numbers(checked, [person_years], above=0)[person_years].to_numpy(dtype=float))
    design, players = _design(checked, exposures, covariates)
    return _Population(design, players, cases, offset, model)


@several_levels
@each_group
def sequential_attributable_fractions(
    table: pd.DataFrame,
    *,
    outcome: str,
    exposures: Mapping[str, Any],
    adjust: str | Sequence[str] = (),
    person_years: str | None = None,
    model: str = "logistic",
    draws: int = 500,
    seed: int = 1,
    by: str | Sequence[str] = (),
    level: Levels = 0.95,
) -> pd.DataFrame:
    """Part of the cases due to each of several exposures: alone, one after the other, on average, and together.

    Parameters
    ----------
    table
        One row per person for ``logistic``, or per person or stratum for ``poisson``. A cohort or cross-section, not a
        case-control study.
    outcome
        Column with 1 for a case and 0 otherwise, or with counts for ``poisson``.
    exposures
        Column of each exposure with the value of the unexposed, in the order in which they are removed:
        ``{"smoking": "never", "inactive": 0}``. Other values are categories.
    adjust
        Columns to hold equal: numbers enter as a line, others as categories.
    person_years
        Column with years at risk, for ``poisson``.
    model
        ``logistic`` or ``poisson``.
    draws
        Number of bootstrap samples of rows.
    seed
        Start of the random numbers.
    by
        Columns that define groups, each with a model of its own; none gives one.
    level
        Coverage of the interval, between 0 and 1; or several.

    Returns
    -------
    pandas.DataFrame
        Per group for each exposure a row of `fraction` ``alone``, ``sequential`` and ``average``, and one row
        ``combined`` for all: the estimate columns, with `measure` "attributable_fraction". Sequential fractions and
        average ones each add up to the combined fraction.

    Raises
    ------
    DataError
        When a column or the unexposed value is missing, or an outcome is impossible.
    MethodError
        When the model does not exist or has no finite solution.

    Notes
    -----
    Interpretation: average 0.12 for smoking is its share of the cases that all exposures together explain, the mean
    over all orders in which they could be removed. ``alone`` removes only that exposure, and these do not add up.
    All take the model as causal, with no confounder left out and no exposure caused by another.

    References
    ----------
    Bruzzi P, Green SB, Byar DP, Brinton LA, Schairer C. Am J Epidemiol 1985;122:904-914.
    Eide GE, Gefeller O. Sequential and average attributable fractions as aids in the selection of preventive
    strategies. J Clin Epidemiol 1995;48:645-655.

    Examples
    --------
    >>> cells = pd.DataFrame({"smoke": [0, 0, 1, 1], "idle": [0, 1, 0, 1], "deaths": [10, 20, 20, 40]})
    >>> found = sequential_attributable_fractions(
    ...     cells, outcome="deaths", exposures={"smoke": 0, "idle": 0}, model="poisson", draws=0
    ... )
    >>> found["estimate"].round(3).tolist()
    [0.333, 0.333, 0.333, 0.222, 0.278, 0.278, 0.556]
    """
    check_choice(model, ("logistic", "poisson"), option="model")
    covariates, names = column_names(adjust), list(exposures)
    if not 0 < len(names) <= MOST_PLAYERS:
        raise MethodError(f"There are {len(names)} exposures; give 1 to {MOST_PLAYERS}, others can go into `adjust`.")
    check_whole(draws, option="draws", minimum=0)
    check_whole(seed, option="seed", minimum=0)
    people = _population(table, outcome, exposures, covariates, person_years, model)
    estimate = people.fractions(np.ones(len(people.outcome)))
    every = _bootstrap(people, draws=draws, seed=seed)
    tail = (1 - one_level(level)) / 2
    lower, upper = np.quantile(every, [tail, 1 - tail], axis=0) if len(every) else np.full((2, len(estimate)), np.nan)
    rows = pd.DataFrame(
        {
            "exposure": [*names * 3, "all"],
            "fraction": [*np.repeat(["alone", "sequential", "average"], len(names)), "combined"],
        }
    )
    return with_estimates(
        rows,
        measure="attributable_fraction",
        estimate=estimate,
        lower=np.minimum(lower, estimate),
        upper=np.maximum(upper, estimate),
        level=one_level(level),
        unit="proportion",
        method=f"{model} regression (Bruzzi; Eide and Gefeller); bootstrap of rows, {draws} draws, seed {seed}",
        note=[_remark(value, len(every), draws) for value in estimate],
    )


def _remark(fraction: float, used: int, draws: int) -> str:
    return notes.combine_notes(
        "" if used else notes.NO_INTERVAL_FOR_METHOD,
        notes.FEW_DRAWS if used < draws else "",
        notes.ONE_SIDED_FRACTION if fraction < 0 else "",
    )


def _bootstrap(people: _Population, *, draws: int, seed: int) -> FloatArray:
    """Fractions of each sample of rows, without the samples that have no solution."""
    order = row_order(people.design, people.outcome, people.offset)
    people = replace(people, design=people.design[order], outcome=people.outcome[order], offset=people.offset[order])
    rng, size, found = np.random.default_rng(seed), len(people.outcome), []
    for _ in range(draws):
        counts = rng.multinomial(size, np.full(size, 1 / size)).astype(float)
        with contextlib.suppress(MethodError):
            found.append(people.fractions(counts))
    return np.array(found)
