"""Decomposition of a difference of any function of many rates: line integral (Horiuchi) and stepwise replacement."""

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import ArrayLike
from scipy.integrate import quad_vec

from analysis.errors import DataError, MethodError
from analysis.measures.shared.checks import FloatArray, check_values

RowFunction = Callable[[FloatArray], FloatArray]
"""Takes rows of parameters and returns one value per row."""
MOST_INTERVALS = 200
"""Pieces of the way between the two sets, each with 15 places, before it is said that the rest stays too large."""


def _pair(first: ArrayLike, second: ArrayLike) -> tuple[FloatArray, FloatArray]:
    one = check_values(first, what="The first set of rates")
    two = check_values(second, what="The second set of rates")
    if one.shape != two.shape or one.ndim != 1:
        raise DataError(
            f"The two sets of rates have shapes {one.shape} and {two.shape}; they must be two lists of equal length. "
            "Put ages and causes one behind the other."
        )
    return one, two


def _in_steps(function: RowFunction, one: FloatArray, two: FloatArray, steps: int) -> FloatArray:
    """Contributions by the midpoints of steps of equal length, as Horiuchi and others print them."""
    half = (two - one) / steps / 2
    contributions = np.zeros_like(one)
    for step in range(steps):
        middle = one + (two - one) * (step + 0.5) / steps
        contributions += function(middle + np.diag(half)) - function(middle - np.diag(half))
    return contributions


def _slopes_along(function: RowFunction, one: FloatArray, change: FloatArray, place: float) -> FloatArray:
    """Slope of the function on each rate at a place between 0 and 1 of the way, times the change of that rate.

    Central differences of two widths, of which the errors cancel to the fourth order. They stay between the two sets.
    """
    moves = np.diag(change) * (2e-3 * min(place, 1 - place))
    middle = one + change * place
    wide = (function(middle + moves) - function(middle - moves)) / 2
    narrow = function(middle + moves / 2) - function(middle - moves / 2)
    return np.asarray((4 * narrow - wide) / 3 / (2e-3 * min(place, 1 - place)))


def _to_tolerance(function: RowFunction, one: FloatArray, two: FloatArray, tolerance: float) -> FloatArray:
    """Contributions by adaptive quadrature of the slopes along the way."""
    moving = np.flatnonzero(one != two)
    start, change = one[moving], two[moving] - one[moving]

    def of_moving(rows: FloatArray) -> FloatArray:
        full = np.tile(one, (len(rows), 1))
        full[:, moving] = rows
        return np.asarray(function(full), dtype=float)

    ends = np.asarray(function(np.stack([one, two])), dtype=float)
    if not np.isfinite(ends).all():
        raise MethodError(f"The function gives {ends[0]:g} and {ends[1]:g}; it must be finite. Check the rates.")
    contributions, size = np.zeros_like(one), float(np.abs(ends).max())
    if moving.size:
        contributions[moving], _ = quad_vec(
            partial(_slopes_along, of_moving, start, change),
            0,
            1,
            epsabs=tolerance / 10 * size,
            epsrel=tolerance / 10,
            norm="max",
            limit=MOST_INTERVALS,
        )
    allowed = tolerance * max(size, float(np.abs(contributions).sum()))
    return _adding_up(contributions, float(ends[1] - ends[0]), allowed)


def _adding_up(contributions: FloatArray, difference: float, allowed: float) -> FloatArray:
    """The contributions when they add up to the difference; what is not a number does not."""
    total = float(contributions.sum())
    if not abs(difference - total) <= allowed:
        raise MethodError(
            f"The contributions add up to {total:.9g} where the difference is {difference:.9g}: the function jumps, or "
            "bends too sharply between the two sets. Use `stepwise_replacement`, or accept the rest with a number of "
            "steps, such as steps=1000."
        )
    return contributions


def line_integral_decomposition(
    function: RowFunction, first: ArrayLike, second: ArrayLike, *, steps: int | None = None, tolerance: float = 1e-8
) -> FloatArray:
    """Contribution of each rate to a difference when all change together (Horiuchi).

    Parameters
    ----------
    function
        Takes an array of rows of rates and returns one value per row, for example a life expectancy.
    first, second
        Rates before and after, or of the reference and of the group of interest.
    steps
        None takes as many as it needs for the contributions to add up. A number takes that many steps of equal length,
        as in the original method, where 20 is usual; the rest then falls with the square of the number.
    tolerance
        Largest rest allowed when `steps` is None, as a share of the value of the function: 1e-8 is less than a minute
        of a life expectancy of 80 years.

    Returns
    -------
    numpy.ndarray
        One contribution per rate, in the unit of the function. They add up to the difference within the tolerance.

    Raises
    ------
    DataError
        When the two sets differ in length or have missing values.
    MethodError
        When there is no step, or the contributions do not add up within the tolerance; the message gives both sums.

    Notes
    -----
    Interpretation: the part of the difference that each rate brings about when all move at an even pace: the integral
    of the slope on that rate along the straight line between the two sets. It does not depend on which of the two is
    the reference, but for the sign. Use it for functions without a formula of their own, such as healthy life
    expectancy or lifespan inequality.

    References
    ----------
    Horiuchi S, Wilmoth JR, Pletcher SD. A decomposition method based on a model of continuous change.
    Demography 2008;45:785-801.

    Examples
    --------
    >>> line_integral_decomposition(lambda rows: rows.prod(axis=1), [2.0, 3.0], [4.0, 5.0]).round(6).tolist()
    [8.0, 6.0]
    """
    one, two = _pair(first, second)
    if steps is None:
        return _to_tolerance(function, one, two, float(check_values(tolerance, what="The tolerance", above=0)))
    if steps < 1:
        raise MethodError(f"The number of steps is {steps}; it must be 1 or more. Twenty is usual.")
    return _in_steps(function, one, two, steps)


def stepwise_replacement(
    function: RowFunction, first: ArrayLike, second: ArrayLike, *, symmetric: bool = True
) -> FloatArray:
    """Contribution of each rate to a difference when they are replaced one after another.

    Parameters
    ----------
    function
        Takes an array of rows of rates and returns one value per row, for example a life expectancy.
    first, second
        Rates before and after, or of the reference and of the group of interest.
    symmetric
        Whether to take the mean of replacing first by second and second by first, so that the choice of the reference
        changes only the sign.

    Returns
    -------
    numpy.ndarray
        One contribution per rate; they add up to the difference exactly.

    Raises
    ------
    DataError
        When the two sets differ in length or have missing values.

    Notes
    -----
    Interpretation: the step that the value makes when this rate is replaced, after those behind it. For life expectancy
    by age, from the oldest age to the youngest and without symmetry, it is Arriaga's decomposition.

    References
    ----------
    Andreev EM, Shkolnikov VM, Begun AZ. Algorithm for decomposition of differences between aggregate demographic
    measures. Demogr Res 2002;7:499-522.

    Examples
    --------
    >>> stepwise_replacement(lambda rows: rows.prod(axis=1), [2.0, 3.0], [4.0, 5.0]).tolist()
    [8.0, 6.0]
    """
    one, two = _pair(first, second)
    replaced = np.triu(np.ones((len(one) + 1, len(one)), dtype=bool))  # row k has the parameters from k on replaced

    def one_way(old: FloatArray, new: FloatArray) -> FloatArray:
        values = function(np.where(replaced, new, old))
        return np.asarray(values[:-1] - values[1:])

    contributions = one_way(one, two)
    return (contributions - one_way(two, one)) / 2 if symmetric else contributions
