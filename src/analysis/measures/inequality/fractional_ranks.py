"""Place of persons on the social ladder, with ties averaged, and how that place depends on who is in the sample."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis.errors import DataError
from analysis.measures.shared.checks import FloatArray, check_values, require_numbers


@dataclass(frozen=True)
class FractionalRanks:
    """Weighted fractional ranks: the share of the population below, plus half of the share at the same place.

    Attributes
    ----------
    ranks
        Rank of each person, between 0 and 1; their weighted mean is 0.5.
    places
        Number of the place of each person, from 0 at the foot of the ladder.
    shares
        Share of the population at each place.
    weights
        Weight of each person.
    """

    ranks: FloatArray
    places: NDArray[np.intp]
    shares: FloatArray
    weights: FloatArray

    def pull(self, sensitivity: FloatArray) -> FloatArray:
        """Effect of one unit more of each person's weight on a sum over persons, through everybody's rank.

        Parameters
        ----------
        sensitivity
            Derivative of each person's term in the sum with respect to that person's rank.

        Returns
        -------
        numpy.ndarray
            Derivative of the weighted mean of the terms; multiply by the weight over the sum of weights to add up.
        """
        total = self.weights.sum()
        at_place = np.bincount(self.places, self.weights * sensitivity, minlength=len(self.shares)) / total
        above = at_place[::-1].cumsum()[::-1] - at_place / 2
        shift = float(self.weights @ (sensitivity * self.ranks)) / total
        return np.asarray(above[self.places] - shift)


def fractional_ranks(position: ArrayLike, weights: ArrayLike | None = None) -> FractionalRanks:
    """Ranks of persons from worst-off to best-off, where persons at the same place share one rank.

    Parameters
    ----------
    position
        Numbers that order the persons from worst-off to best-off.
    weights
        Number of persons that each stands for, 0 or more; all alike when not given.

    Returns
    -------
    FractionalRanks
        Ranks, places and the shares of the places.

    Raises
    ------
    DataError
        When a number is missing, a weight is negative or all weights are zero.

    References
    ----------
    Lerman RI, Yitzhaki S. Improving the accuracy of estimates of Gini coefficients. J Econom 1989;42:43-47.

    Examples
    --------
    >>> fractional_ranks([10, 20, 20, 30]).ranks.tolist()
    [0.125, 0.5, 0.5, 0.875]
    """
    order = check_values(position, what="The position")
    sizes = np.ones(len(order)) if weights is None else check_values(weights, what="The weight", minimum=0)
    if sizes.sum() == 0:
        raise DataError("The weights sum to zero, so nobody counts. Check which weight was read.")
    places, counts = _places(order)
    shares = np.bincount(places, sizes, minlength=counts) / sizes.sum()
    middle = np.cumsum(shares) - shares / 2
    return FractionalRanks(middle[places], places, shares, sizes)


def _places(order: FloatArray) -> tuple[NDArray[np.intp], int]:
    """Number of the place of each value among the distinct values, and how many there are."""
    sorted_rows = np.argsort(order)
    values = order[sorted_rows]
    starts = np.concatenate(([0], values[1:] != values[:-1])).cumsum()
    places = np.empty(len(order), dtype=np.intp)
    places[sorted_rows] = starts
    return places, int(starts[-1]) + 1


def positions(column: pd.Series) -> FloatArray:
    """Numbers that order the rows from worst-off to best-off.

    Parameters
    ----------
    column
        Numbers, or an ordered categorical.

    Returns
    -------
    numpy.ndarray
        The numbers, or the numbers of the categories.

    Raises
    ------
    DataError
        When the column has no order or has missing values.
    """
    gaps = column.isna().to_numpy()
    if gaps.any():
        raise DataError(
            f"Column `{column.name}` has {int(gaps.sum())} missing values, the first in row "
            f"{column.index[int(np.flatnonzero(gaps)[0])]}. Drop those rows with `dropna` and report how many."
        )
    label = column.name
    if isinstance(column.dtype, pd.CategoricalDtype) and column.dtype.ordered:
        return np.asarray(column.cat.codes, dtype=float)
    if pd.api.types.is_numeric_dtype(column.dtype):
        return require_numbers(column.to_frame(label), [str(label)])[str(label)].to_numpy()
    texts = column.map(lambda value: isinstance(value, str)).to_numpy(dtype=bool)
    if texts.any():
        first = int(np.flatnonzero(texts)[0])
        raise DataError(
            f"Column `{label}` has no order from worst-off to best-off: it has {int(texts.sum())} texts where numbers "
            f"belong, the first in row {column.index[first]} ({column.iloc[first]!r}). "
            "Give numbers, or `pd.Categorical(..., categories=[worst, ..., best], ordered=True)`."
        )
    return require_numbers(column.astype(object).to_frame(label), [str(label)])[str(label)].to_numpy()
