"""Kinds of concentration index: how ranks are scored, how the covariance is scaled, and which values each allows."""

from collections.abc import Sequence
from numbers import Real

import numpy as np
import pandas as pd

from analysis.errors import DataError, MethodError
from analysis.measures.inequality.options import check_above, check_choices
from analysis.measures.shared.checks import FloatArray

KINDS = {
    "standard": "concentration_index",
    "absolute": "absolute_concentration_index",
    "modified": "modified_concentration_index",
    "wagstaff": "wagstaff_index",
    "erreygers": "erreygers_index",
    "extended": "extended_concentration_index",
    "symmetric": "symmetric_concentration_index",
}
"""Kind of index, with its name in the column `measure`."""


def rank_scores(kind: str, ranks: FloatArray, weighting: float = 2.0) -> tuple[FloatArray, FloatArray]:
    """How much the health of a person at each rank counts, and the derivative of that with respect to the rank.

    Parameters
    ----------
    kind
        ``extended``, ``symmetric``, or any other kind for the plain score 2 R - 1.
    ranks
        Ranks between 0 and 1.
    weighting
        Inequality aversion v of the extended index, or sensitivity beta of the symmetric one; above 1, and at 2 both
        are the standard index.

    Returns
    -------
    tuple of numpy.ndarray
        Scores and their derivatives.

    Raises
    ------
    MethodError
        When `weighting` is not above 1.

    Examples
    --------
    >>> rank_scores("standard", np.array([0.25, 0.75]))[0].tolist()
    [-0.5, 0.5]
    """
    if kind in ("extended", "symmetric"):
        weighting = check_above(weighting, option="weighting", above=1, advice="At 2 the index is the standard one.")
    if kind == "extended":
        below_top = 1 - ranks
        return -weighting * below_top ** (weighting - 1), weighting * (weighting - 1) * below_top ** (weighting - 2)
    if kind == "symmetric":
        away = np.abs(ranks - 0.5)
        # Exactly in the middle the derivative may be infinite (weighting below 2); nobody's health counts there.
        safe = np.where(away > 0, away, 1.0)
        curve = np.where(away > 0, (2 * safe) ** (weighting - 2), float(weighting == 2))
        return weighting * curve * (ranks - 0.5), weighting * (weighting - 1) * curve
    return 2 * ranks - 1, np.full_like(ranks, 2.0)


def scale_of_kind(kind: str, mean: float, limits: tuple[float, float]) -> tuple[float, float]:
    """What the covariance of health and score is multiplied with, and the derivative of that to the mean.

    Parameters
    ----------
    kind
        Kind of index, one of `KINDS`.
    mean
        Mean of health.
    limits
        Smallest and largest possible value of health.

    Returns
    -------
    tuple of float
        Factor and derivative; NaN when the index is undefined at this mean.

    Examples
    --------
    >>> scale_of_kind("erreygers", 0.2, (0, 1))
    (4.0, 0.0)
    """
    low, high = limits
    if kind == "absolute":
        return 1.0, 0.0
    if kind == "erreygers":
        return 4 / (high - low), 0.0
    foot = low if kind in ("modified", "wagstaff") else 0.0
    # A mean that differs from a limit by rounding only leaves nothing to share.
    above, below = mean - foot, high - mean
    if above <= max(1e-150, 1e-12 * abs(foot)) or (kind == "wagstaff" and below <= 1e-12 * (high - low)):
        return np.nan, np.nan
    if kind == "wagstaff":
        factor = (high - low) / ((high - mean) * (mean - low))
        return factor, factor * (1 / (high - mean) - 1 / (mean - low))
    return 1 / (mean - foot), -1 / (mean - foot) ** 2


def check_kinds(kinds: str | Sequence[str], limits: tuple[float, float], values: pd.Series) -> list[str]:
    """List of kinds, when the values suit all of them.

    Parameters
    ----------
    kinds
        One kind or several.
    limits
        Smallest and largest possible value.
    values
        Values of health.

    Returns
    -------
    list of str
        The kinds.

    Raises
    ------
    MethodError
        When no kind is given, a kind is unknown, or the limits are no two numbers in order.
    DataError
        When a value lies outside the limits of an index that uses them, or is below zero.
    """
    names = check_choices(kinds, KINDS, option="kinds")
    numbers = isinstance(limits, list | tuple) and len(limits) == 2 and all(isinstance(end, Real) for end in limits)
    if not numbers or not limits[0] < limits[1]:
        raise MethodError(f"The limits are {limits}; the first must be below the second. For a proportion: (0, 1).")
    for kind in names:
        bounded = kind in ("wagstaff", "erreygers")
        low = limits[0] if bounded or kind == "modified" else 0.0
        high = limits[1] if bounded else np.inf
        outside = ((values < low) | (values > high)).to_numpy() & (kind != "absolute")
        if outside.any():
            first = int(np.flatnonzero(outside)[0])
            raise DataError(
                f"Column `{values.name}` has {int(outside.sum())} values outside {low:g} to {high:g}, the first in row "
                f"{values.index[first]} ({values.iloc[first]:g}), which the {kind} index does not allow. Give the "
                "smallest and largest possible value as `limits`, correct the values, or ask for the absolute index."
            )
    return names
