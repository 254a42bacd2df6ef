"""Wagstaff decomposition: what each determinant contributes to the concentration index of health."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import DataError, MethodError
from analysis.estimates import with_estimates
from analysis.measures.shared import notes
from analysis.measures.shared.checks import FloatArray, check_whole, column_names, require_numbers
from analysis.measures.shared.each_group import each_group
from analysis.measures.shared.levels import Levels, one_level, several_levels
from analysis.measures.shared.simulation import row_order


def _decompose(design: FloatArray, outcome: FloatArray, place: NDArray[np.intp], weights: FloatArray) -> FloatArray:
    """Rows: coefficient, mean, elasticity, concentration index, contribution; columns: regressors, residual, total."""
    share = weights / weights.sum()
    sizes = np.bincount(place, share)
    rank = (np.cumsum(sizes) - sizes / 2)[place]
    centred = share * (rank - share @ rank)
    full = np.column_stack([np.ones(len(outcome)), design])
    root = np.sqrt(share)
    slope = np.linalg.lstsq(full * root[:, None], outcome * root, rcond=None)[0][1:]
    mean, level = share @ design, share @ outcome
    slopes_on_rank = 2 * (centred @ design)
    index = np.divide(slopes_on_rank, mean, out=np.zeros_like(mean), where=mean != 0)
    contribution = slope * slopes_on_rank / level
    total = 2 * (centred @ outcome) / level
    residual = total - contribution.sum()
    rows = np.full((5, len(slope) + 2), np.nan)
    rows[:4, :-2] = slope, mean, slope * mean / level, index
    rows[4] = [*contribution, residual, total]
    rows[3, -1] = total
    return rows


@several_levels
@each_group
def concentration_index_decomposition(
    table: pd.DataFrame,
    *,
    outcome: str,
    regressors: Sequence[str],
    rank: str,
    weight: str | None = None,
    draws: int = 500,
    seed: int = 1,
    by: str | Sequence[str] = (),
    level: Levels = 0.95,
) -> pd.DataFrame:
    """Contribution of each determinant to the concentration index of an outcome.

    Parameters
    ----------
    table
        One row per person.
    outcome
        Column with the outcome, with a mean that is not zero.
    regressors
        Columns with determinants, numbers; categories as indicators without one of them.
    rank
        Column that orders persons from worst-off to best-off, for example income; equals share a rank.
    weight
        Column with survey weights, above 0; None counts every person once.
    draws
        Number of bootstrap samples of persons.
    seed
        Start of the random numbers, so that the interval can be had again.
    by
        Columns that define groups, each decomposed by itself; none gives one.
    level
        Coverage of the interval, between 0 and 1; or several.

    Returns
    -------
    pandas.DataFrame
        Per group one row per regressor, then ``residual`` and ``total``: `coefficient`, `mean`, `elasticity`,
        `concentration_index`, `share` (of the total) and the estimate columns; contributions add up to the total.

    Raises
    ------
    DataError
        When a column is missing or not a number, or the outcome has mean zero.
    MethodError
        When regressors determine each other or do not vary.

    Notes
    -----
    Interpretation: a determinant contributes when it matters for health and is unequally spread by rank; the product of
    its elasticity and its own index. It is an accounting of associations, not of causes. For a binary outcome the
    linear model is an approximation.

    References
    ----------
    Wagstaff A, van Doorslaer E, Watanabe N. On decomposing the causes of health sector inequalities.
    J Econom 2003;112:207-223.
    O'Donnell O, van Doorslaer E, Wagstaff A, Lindelow M. Analyzing health equity using household survey data.
    Washington: World Bank, 2008, chapter 13.

    Examples
    --------
    >>> people = pd.DataFrame({"income": range(1, 9), "school": [0, 0, 1, 0, 1, 1, 0, 1]})
    >>> people["health"] = 1 + people["school"] + 0.5 * people["income"]
    >>> found = concentration_index_decomposition(
    ...     people, outcome="health", regressors=["school", "income"], rank="income", draws=50
    ... )
    >>> found.loc[[0, 1, 3], ["regressor", "estimate"]].round(3).to_numpy().tolist()
    [['school', 0.033], ['income', 0.175], ['total', 0.208]]
    """
    names, tail = column_names(regressors), (1 - one_level(level)) / 2
    checked = require_numbers(table, [outcome, rank, *names])
    weights = np.ones(len(checked))
    if weight:
        weights = require_numbers(checked, [weight], above=0)[weight].to_numpy(dtype=float)
    design, health = checked[names].to_numpy(dtype=float), checked[outcome].to_numpy(dtype=float)
    if abs(np.average(health, weights=weights)) < 1e-12 * max(1.0, float(np.abs(health).max())):
        raise DataError(f"Column `{outcome}` has mean zero, so it has no concentration index. Use a positive measure.")
    if np.linalg.matrix_rank(design - design.mean(axis=0)) < len(names):
        raise MethodError("The regressors determine each other or do not vary. Leave out what the others already tell.")
    order = row_order(design, health, checked[rank].to_numpy(), weights)
    design, health, weights = design[order], health[order], weights[order]
    _, place = np.unique(checked[rank].to_numpy()[order], return_inverse=True)
    found = _decompose(design, health, place, weights)
    check_whole(draws, option="draws", minimum=2)
    check_whole(seed, option="seed", minimum=0)
    rng = np.random.default_rng(seed)
    sampled = np.array(
        [
            _decompose(
                design, health, place, weights * rng.multinomial(len(health), np.full(len(health), 1 / len(health)))
            )[4]
            for _ in range(draws)
        ]
    )
    lower, upper = np.quantile(sampled, [tail, 1 - tail], axis=0)
    rows = pd.DataFrame({"regressor": [*names, "residual", "total"]})
    for place_of, name in enumerate(("coefficient", "mean", "elasticity", "concentration_index")):
        rows[name] = found[place_of]
    rows["share"] = found[4] / found[4, -1] if found[4, -1] != 0 else np.nan
    return with_estimates(
        rows,
        measure="contribution",
        estimate=found[4],
        lower=np.minimum(lower, found[4]),
        upper=np.maximum(upper, found[4]),
        level=one_level(level),
        unit="index",
        method=f"Wagstaff decomposition, linear regression; bootstrap of persons, {draws} draws, seed {seed}",
        note="" if found[4, -1] != 0 else notes.NO_INEQUALITY,
    )
