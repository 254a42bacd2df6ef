"""Shapley shares: how much of the explained variance belongs to each regressor, whatever the order of entry."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from analysis.errors import MethodError
from analysis.estimates import with_estimates
from analysis.measures.shared import notes
from analysis.measures.shared.checks import FloatArray, check_whole, require_numbers
from analysis.measures.shared.each_group import each_group
from analysis.measures.shared.levels import Levels, one_level, several_levels
from analysis.measures.shared.simulation import row_order

MOST_PLAYERS = 14


def shapley_values(worth: FloatArray) -> FloatArray:
    """Shapley value of each player from the worth of every coalition.

    Parameters
    ----------
    worth
        Worth of the coalitions along the last axis, 2 to the power of the number of players; the bits of the place say
        who takes part, so place 0 is nobody and the last one everybody.

    Returns
    -------
    numpy.ndarray
        One value per player along the last axis; they add up to the worth of everybody minus that of nobody.

    References
    ----------
    Shapley LS. A value for n-person games. In: Contributions to the theory of games II. Princeton, 1953:307-317.

    Examples
    --------
    >>> shapley_values(np.array([0.0, 1.0, 2.0, 4.0])).tolist()
    [1.5, 2.5]
    """
    count = int(worth.shape[-1]).bit_length() - 1
    places = np.arange(2**count)
    sizes = np.array([int(place).bit_count() for place in places])
    values = []
    for player in range(count):
        without = places[(places >> player) & 1 == 0]
        weight = np.array(
            [
                math.factorial(int(s)) * math.factorial(count - int(s) - 1) / math.factorial(count)
                for s in sizes[without]
            ]
        )
        values.append((worth[..., without + (1 << player)] - worth[..., without]) @ weight)
    return np.stack(values, axis=-1)


def _explained(design: FloatArray, outcome: FloatArray, weights: FloatArray, columns: list[list[int]]) -> FloatArray:
    """Explained variance (R squared) of every set of players."""
    share = weights / weights.sum()
    centred, response = design - share @ design, outcome - share @ outcome
    gram, cross = (centred * share[:, None]).T @ centred, (centred * share[:, None]).T @ response
    whole = float(share @ response**2)
    worth = np.zeros(2 ** len(columns))
    for place in range(1, len(worth)):
        used = [column for player, own in enumerate(columns) if place >> player & 1 for column in own]
        slope = np.linalg.lstsq(gram[np.ix_(used, used)], cross[used], rcond=None)[0]
        worth[place] = slope @ cross[used] / whole
    return worth


def _bootstrap(
    design: FloatArray,
    outcome: FloatArray,
    weights: FloatArray,
    columns: list[list[int]],
    *,
    draws: int,
    seed: int,
) -> FloatArray:
    """Shares and their sum in each sample of persons in which the outcome varies."""
    order = row_order(design, outcome, weights)
    design, outcome, weights = design[order], outcome[order], weights[order]
    rng, size = np.random.default_rng(seed), len(outcome)
    sampled = []
    for _ in range(draws):
        counts = weights * rng.multinomial(size, np.full(size, 1 / size))
        if np.ptp(outcome[counts > 0]) > 0:
            sampled.append(shapley_values(_explained(design, outcome, counts, columns)))
    every = np.array(sampled)
    return np.column_stack([every, every.sum(axis=1)])


@several_levels
@each_group
def shapley_shares(
    table: pd.DataFrame,
    *,
    outcome: str,
    regressors: Sequence[str] | Mapping[str, Sequence[str]],
    weight: str | None = None,
    draws: int = 200,
    seed: int = 1,
    by: str | Sequence[str] = (),
    level: Levels = 0.95,
) -> pd.DataFrame:
    """Part of the explained variance (R squared) that belongs to each regressor or group of regressors.

    Parameters
    ----------
    table
        One row per person.
    outcome
        Column with the outcome, a number.
    regressors
        Columns with regressors, or groups of them that enter together, for example the indicators of one category:
        ``{"education": ["low", "middle"], "age": ["age"]}``. At most 14.
    weight
        Column with weights, above 0; None counts every person once.
    draws
        Number of bootstrap samples of persons.
    seed
        Start of the random numbers.
    by
        Columns that define groups, each with shares of its own; none gives one.
    level
        Coverage of the interval, between 0 and 1; or several.

    Returns
    -------
    pandas.DataFrame
        Per group of `by` one row per regressor or group, then ``total``: `share` (of R squared) and the estimate
        columns, with `measure` "explained_variance". Rows add up to R squared of the whole model.

    Raises
    ------
    DataError
        When a column is missing or not a number.
    MethodError
        When there are more than 14 regressors or groups, or the outcome does not vary.

    Notes
    -----
    Interpretation: 0.06 is six per cent of the variance, the mean over all orders in which regressors can enter. Unlike
    a coefficient it says nothing about direction, and unlike a cause it is shared between regressors that go together.

    References
    ----------
    Shorrocks AF. Decomposition procedures for distributional analysis. J Econ Inequal 2013;11:99-126.

    Examples
    --------
    >>> people = pd.DataFrame({"a": [0, 0, 1, 1], "b": [0, 1, 0, 1], "y": [0.0, 1.0, 2.0, 3.0]})
    >>> shapley_shares(people, outcome="y", regressors=["a", "b"], draws=20)["estimate"].round(3).tolist()
    [0.8, 0.2, 1.0]
    """
    groups = (
        {str(k): list(v) for k, v in regressors.items()}
        if isinstance(regressors, Mapping)
        else {str(name): [str(name)] for name in regressors}
    )
    if not 0 < len(groups) <= MOST_PLAYERS:
        raise MethodError(
            f"There are {len(groups)} regressors or groups, and all orders of at most {MOST_PLAYERS} can be counted. "
            'Join regressors that belong together: regressors={"education": ["low", "middle"]}.'
        )
    names = [name for own in groups.values() for name in own]
    checked = require_numbers(table, [outcome, *names])
    weights = np.ones(len(checked))
    if weight:
        weights = require_numbers(checked, [weight], above=0)[weight].to_numpy(dtype=float)
    design, response = checked[names].to_numpy(dtype=float), checked[outcome].to_numpy(dtype=float)
    if np.ptp(response) == 0:
        raise MethodError(f"Column `{outcome}` does not vary, so there is no variance to explain.")
    check_whole(draws, option="draws", minimum=1)
    check_whole(seed, option="seed", minimum=0)
    starts = np.cumsum([0, *(len(own) for own in groups.values())])
    columns = [list(range(low, high)) for low, high in pairwise(starts.tolist())]
    values = shapley_values(_explained(design, response, weights, columns))
    every = _bootstrap(design, response, weights, columns, draws=draws, seed=seed)
    estimate = np.array([*values, values.sum()])
    tail = (1 - one_level(level)) / 2
    lower, upper = np.quantile(every, [tail, 1 - tail], axis=0)
    explained = estimate[-1] != 0
    return with_estimates(
        pd.DataFrame({"regressor": [*groups, "total"], "share": estimate / estimate[-1] if explained else np.nan}),
        measure="explained_variance",
        estimate=estimate,
        lower=np.minimum(lower, estimate),
        upper=np.maximum(upper, estimate),
        level=one_level(level),
        unit="proportion of the variance",
        method=f"Shapley value of R squared; bootstrap of persons, {draws} draws, seed {seed}",
        note="" if explained else notes.NO_VALUE_IN_DENOMINATOR,
    )
