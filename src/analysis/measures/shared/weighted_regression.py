"""Regression with weights: straight line, logistic, log-binomial and Poisson, with what each row contributes."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from analysis.errors import MethodError
from analysis.measures.shared.checks import FloatArray, check_choice

MAXIMUM_STEPS = 100
TOLERANCE = 1e-13


@dataclass(frozen=True)
class Link:
    """How the linear predictor becomes a mean, and how a residual counts in the score.

    Attributes
    ----------
    mean
        Mean at a linear predictor.
    slope
        Derivative of the mean, from the mean.
    residual
        Residual as it enters the score, from outcome and mean.
    curvature
        Minus the derivative of that residual with respect to the linear predictor.
    """

    mean: Callable[[FloatArray], FloatArray]
    slope: Callable[[FloatArray], FloatArray]
    residual: Callable[[FloatArray, FloatArray], FloatArray]
    curvature: Callable[[FloatArray, FloatArray], FloatArray]


LINKS = {
    "linear": Link(
        mean=lambda predictor: predictor,
        slope=np.ones_like,
        residual=lambda outcome, mean: outcome - mean,
        curvature=lambda outcome, mean: np.ones_like(mean),
    ),
    "logit": Link(
        mean=lambda predictor: 1 / (1 + np.exp(-np.clip(predictor, -500, 500))),
        slope=lambda mean: mean * (1 - mean),
        residual=lambda outcome, mean: outcome - mean,
        curvature=lambda outcome, mean: mean * (1 - mean),
    ),
    "log": Link(
        mean=lambda predictor: np.exp(np.clip(predictor, -500, 500)),
        slope=lambda mean: mean,
        residual=lambda outcome, mean: (outcome - mean) / (1 - mean),
        curvature=lambda outcome, mean: mean * (1 - outcome) / (1 - mean) ** 2,
    ),
    "poisson": Link(
        mean=lambda predictor: np.exp(np.clip(predictor, -500, 500)),
        slope=lambda mean: mean,
        residual=lambda outcome, mean: outcome - mean,
        curvature=lambda outcome, mean: mean,
    ),
}
"""``log`` is the binomial likelihood with a log link, ``poisson`` the Poisson likelihood with that link."""


@dataclass(frozen=True)
class WeightedFit:
    """A fitted regression.

    Attributes
    ----------
    coefficients
        One per column of the design matrix.
    means
        Fitted mean of each row.
    residuals
        Residual of each row as it enters the score.
    curvature
        Minus the derivative of that residual with respect to the linear predictor.
    bread
        Inverse of the expected information: one over how fast the score changes with the coefficients.
    """

    coefficients: FloatArray
    means: FloatArray
    residuals: FloatArray
    curvature: FloatArray
    bread: FloatArray

    def contributions(self, columns: FloatArray, weights: FloatArray) -> FloatArray:
        """What each row adds to the coefficients, to first order: they sum to zero.

        Parameters
        ----------
        columns
            Design matrix.
        weights
            Weight of each row.

        Returns
        -------
        numpy.ndarray
            One row per row of data, one column per coefficient.
        """
        return np.asarray(columns * (weights * self.residuals)[:, None] @ self.bread)


def weighted_regression(
    outcome: FloatArray, columns: FloatArray, weights: FloatArray, *, link: str = "linear"
) -> WeightedFit:
    """Maximise the weighted (pseudo-)likelihood by Fisher scoring.

    Parameters
    ----------
    outcome
        Outcome of each row: any number (``linear``), 0 to 1 (``logit``, ``log``), 0 or more (``poisson``).
    columns
        Design matrix, the constant included.
    weights
        Weight of each row, 0 or more.
    link
        ``linear``, ``logit``, ``log`` (log-binomial) or ``poisson`` (log link, any outcome of 0 or more).

    Returns
    -------
    WeightedFit
        Coefficients and what is needed for their variance.

    Raises
    ------
    MethodError
        When the link is unknown, the columns depend on each other, or the fit runs to infinity.

    References
    ----------
    McCullagh P, Nelder JA. Generalized linear models. 2nd ed. London: Chapman and Hall, 1989.

    Examples
    --------
    >>> import numpy as np
    >>> columns = np.column_stack([np.ones(3), [0.0, 1.0, 2.0]])
    >>> weighted_regression(np.array([1.0, 3.0, 5.0]), columns, np.ones(3)).coefficients.round(6).tolist()
    [1.0, 2.0]
    """
    check_choice(link, LINKS, option="link")
    rule = LINKS[link]
    coefficients = np.zeros(columns.shape[1])
    coefficients[0] = _start(float(weights @ outcome / weights.sum()), link)
    for _ in range(MAXIMUM_STEPS):
        means = rule.mean(columns @ coefficients)
        residuals = rule.residual(outcome, means)
        bread = _inverse_information(columns, weights * _information(link, means))
        step = bread @ (columns.T @ (weights * residuals))
        coefficients = _inside(columns, coefficients, step, link)
        if link == "linear" or np.abs(step).max() <= TOLERANCE * max(1.0, float(np.abs(coefficients).max())):
            break
    else:
        raise MethodError(
            f"The regression with link {link!r} did not settle in {MAXIMUM_STEPS} steps: an effect runs to infinity, "
            'or a fitted proportion to 1. Look at the table of outcome by position; link="poisson" or "linear" may fit.'
        )
    means = rule.mean(columns @ coefficients)
    bread = _inverse_information(columns, weights * _information(link, means))
    return WeightedFit(coefficients, means, rule.residual(outcome, means), rule.curvature(outcome, means), bread)


def _start(average: float, link: str) -> float:
    """Constant of a fit that begins at the mean of the outcome; a straight line is there in one step from anywhere."""
    if link == "linear":
        return 0.0
    start = float(np.log(max(average, 1e-300)))
    if link == "logit":
        return start - float(np.log(max(1 - average, 1e-300)))
    return min(start, -1e-12) if link == "log" else start  # a proportion of 1 has no residual with a log link


def _information(link: str, means: FloatArray) -> FloatArray:
    """Expected curvature of the likelihood of each row."""
    return np.asarray(means / (1 - means) if link == "log" else LINKS[link].slope(means))


def _inverse_information(columns: FloatArray, information: FloatArray) -> FloatArray:
    matrix = columns.T @ (columns * information[:, None])
    size = np.sqrt(np.diag(matrix))
    if not (np.isfinite(size).all() and (size > 0).all()) or np.linalg.cond(matrix / np.outer(size, size)) > 1e13:
        raise MethodError(
            "The regression has no unique answer: a column is constant or follows from the others, or the outcome is "
            "the same for everyone. Leave that column out, or look at the table of outcome by position."
        )
    return np.asarray(np.linalg.inv(matrix))


def _inside(columns: FloatArray, coefficients: FloatArray, step: FloatArray, link: str) -> FloatArray:
    """Take the step, halved until a log-binomial model has no fitted proportion of 1 or more."""
    new = coefficients + step
    for _ in range(60):
        if link != "log" or np.exp(min(float((columns @ new).max()), 1.0)) < 1:
            return np.asarray(new)
        step = step / 2
        new = coefficients + step
    return np.asarray(coefficients)
