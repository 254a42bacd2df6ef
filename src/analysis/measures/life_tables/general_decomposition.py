"""Decomposition of a difference of any function of many rates: line integral (Horiuchi) and stepwise replacement."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from analysis.errors import DataError, MethodError
from analysis.measures.shared.checks import FloatArray, check_values

RowFunction = Callable[[FloatArray], FloatArray]
"""Takes rows of parameters and returns one value per row."""


def _pair(first: ArrayLike, second: ArrayLike) -> tuple[FloatArray, FloatArray]:
    one = check_values(first, what="The first set of rates")
    two = check_values(second, what="The second set of rates")
    if one.shape != two.shape or one.ndim != 1:
        raise DataError(
            f"The two sets of rates have shapes {one.shape} and {two.shape}; they must be two lists of equal length. "
            "Put ages and causes one behind the other."
        )
    return one, two


def line_integral_decomposition(
    function: RowFunction, first: ArrayLike, second: ArrayLike, *, steps: int = 20
) -> FloatArray:
    """Contribution of each rate to a difference when all change together in small steps (Horiuchi).

    Parameters
    ----------
    function
        Takes an array of rows of rates and returns one value per row, for example a life expectancy.
    first, second
        Rates before and after, or of the reference and of the group of interest.
    steps
        Number of steps between the two; more is more exact.

    Returns
    -------
    numpy.ndarray
        One contribution per rate; they add up to the difference but for an error that falls with the square of `steps`.

    Raises
    ------
    DataError
        When the two sets differ in length or have missing values.
    MethodError
        When there is no step.

    Notes
    -----
    Interpretation: the part of the difference that each rate brings about when all move at an even pace. It does not
    depend on which of the two is the reference, but for the sign. Use it for functions without a formula of their own,
    such as healthy life expectancy or lifespan inequality.

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
    if steps < 1:
        raise MethodError(f"The number of steps is {steps}; it must be 1 or more. Twenty is usual.")
    half = (two - one) / steps / 2
    contributions = np.zeros_like(one)
    for step in range(steps):
        middle = one + (two - one) * (step + 0.5) / steps
        contributions += function(middle + np.diag(half)) - function(middle - np.diag(half))
    return contributions


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
