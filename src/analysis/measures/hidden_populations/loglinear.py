"""Log-linear models of capture histories: the fit, the cell of those on no list, and the profile likelihood."""

import itertools
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import statsmodels.api as sm
from numpy.typing import NDArray
from scipy.optimize import brentq, linprog, minimize_scalar
from scipy.special import gammaln, xlogy
from scipy.stats import chi2

from analysis.measures.shared.checks import FloatArray

Terms = tuple[tuple[int, ...], ...]
ENDLESS = 1e6
"""A profile that has not ended at this many times the persons observed has no upper limit."""


@dataclass(frozen=True)
class LogLinearFit:
    """A model fitted to the histories of one population.

    Attributes
    ----------
    unobserved
        Estimate of the persons on no list; not a number when the lists overlap too little for the model.
    standard_error
        Standard error of that estimate.
    deviance
        Likelihood ratio statistic against the counts themselves.
    freedom
        Number of histories minus number of parameters.
    parameters
        Number of parameters.
    design
        Design matrix of the histories that are not fitted as zero.
    nobody
        Row of that matrix for those on no list.
    counts
        Persons per history that is not fitted as zero.
    """

    unobserved: float
    standard_error: float
    deviance: float
    freedom: int
    parameters: int
    design: FloatArray
    nobody: FloatArray
    counts: FloatArray


def hierarchical_models(lists: int, order: int) -> Iterator[Terms]:
    """All models that hold every list and, with an interaction, everything within it.

    Parameters
    ----------
    lists
        Number of lists.
    order
        Most lists in one interaction; at most one less than there are lists.

    Yields
    ------
    tuple
        Interactions as tuples of positions, the simplest model first.

    Examples
    --------
    >>> len(list(hierarchical_models(3, 2))), len(list(hierarchical_models(4, 3)))
    (8, 113)
    """

    def extend(chosen: Terms, size: int) -> Iterator[Terms]:
        yield chosen
        if size > order:
            return
        allowed = [
            term
            for term in itertools.combinations(range(lists), size)
            if size == 2 or all(part in chosen for part in itertools.combinations(term, size - 1))
        ]
        for number in range(1, len(allowed) + 1):
            for more in itertools.combinations(allowed, number):
                yield from extend(chosen + more, size + 1)

    yield from sorted(extend((), 2), key=lambda terms: (len(terms), [len(term) for term in terms]))


def design_matrix(histories: FloatArray, terms: Terms) -> FloatArray:
    """Constant, lists and interactions as columns.

    Parameters
    ----------
    histories
        One row per history, one column per list.
    terms
        Interactions as positions of lists.

    Returns
    -------
    numpy.ndarray
        One row per history; the exponent of the constant is the number of persons on no list.
    """
    products = [histories[:, list(term)].prod(axis=1) for term in terms]
    return np.column_stack([np.ones(len(histories)), histories, *products])


def fit_loglinear(histories: FloatArray, counts: FloatArray, terms: Terms) -> LogLinearFit:
    """Poisson fit of a log-linear model, and the persons on no list that it implies.

    Parameters
    ----------
    histories
        One row per history, one column per list.
    counts
        Persons per history.
    terms
        Interactions as positions of lists, with everything within them.

    Returns
    -------
    LogLinearFit
        The fit.

    Notes
    -----
    When lists overlap too little an effect runs to infinity and histories are fitted as zero. Linear programming tells
    which, instead of watching the effect diverge. Without them the number on no list may still follow from the rest; if
    it does not, there is no estimate.

    References
    ----------
    Fienberg SE. The multiple recapture census for closed populations and incomplete 2^k contingency tables. Biometrika
    1972;59:591-603.
    Fienberg SE, Rinaldo A. Maximum likelihood estimation in log-linear models. Ann Stat 2012;40:996-1023.
    Chan L, Silverman BW, Vincent K. Multiple systems estimation for sparse capture data: inferential challenges when
    there are nonoverlapping lists. J Am Stat Assoc 2021;116:1297-1306.
    """
    whole = design_matrix(histories, terms)
    parameters, freedom = whole.shape[1], len(counts) - whole.shape[1]
    possible = _not_fitted_as_zero(whole, counts)
    design, nobody, seen = whole[possible], np.eye(parameters)[0], counts[possible]
    follows = True
    if not possible.all():
        basis = _row_space(design)
        follows = bool(np.abs(nobody - basis @ (basis.T @ nobody)).max() < 1e-8)
        design, nobody = design @ basis, basis.T @ nobody
    coefficients, means, covariance = poisson_fit(design, seen)
    deviance = max(2 * float((xlogy(seen, seen) - xlogy(seen, means) - seen + means).sum()), 0.0)
    unobserved = float(np.exp(nobody @ coefficients)) if follows else np.nan
    error = float(np.sqrt(unobserved + unobserved**2 * float(nobody @ covariance @ nobody)))
    return LogLinearFit(unobserved, error, deviance, freedom, parameters, design, nobody, seen)


def _row_space(design: FloatArray) -> FloatArray:
    """Orthonormal columns that span what the rows can tell apart."""
    size, directions = np.linalg.svd(design, full_matrices=False)[1:]
    told_apart = size > 1e-9 * size.max()
    return np.asarray(directions[told_apart].T)


def poisson_fit(design: FloatArray, counts: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Coefficients, means and covariance of a Poisson regression, through statsmodels.

    Parameters
    ----------
    design
        Design matrix.
    counts
        Numbers of persons.

    Returns
    -------
    tuple of numpy.ndarray
        Coefficients, fitted means, covariance of the coefficients.
    """
    with warnings.catch_warnings():
        # a saturated model fits perfectly, which statsmodels takes for a fault
        warnings.simplefilter("ignore")
        fitted = sm.GLM(counts, design, family=sm.families.Poisson()).fit(tol=1e-12, maxiter=200)
        return np.asarray(fitted.params), np.asarray(fitted.fittedvalues), np.asarray(fitted.cov_params())


def _not_fitted_as_zero(design: FloatArray, counts: FloatArray) -> NDArray[np.bool_]:
    """Histories that can have persons in a table with the same margins; the likelihood fits the others as zero."""
    if (counts > 0).all():
        return np.ones(len(counts), dtype=bool)
    rows, columns = design.shape
    # any multiple of the margins will do, so every history that can be above zero can be at least one
    margins = np.column_stack([design.T, -design.T @ counts / counts.sum(), np.zeros((columns, rows))])
    below = np.column_stack([-np.eye(rows), np.zeros(rows), np.eye(rows)])
    found = linprog(
        np.concatenate([np.zeros(rows + 1), -np.ones(rows)]),
        A_ub=below,
        b_ub=np.zeros(rows),
        A_eq=margins,
        b_eq=np.zeros(columns),
        bounds=[(0, None)] * (rows + 1) + [(0, 1)] * rows,
    )
    least_one = np.asarray(found.x, dtype=float)[rows + 1 :] > 0.5
    return np.asarray(least_one | (counts > 0))


def _highest_likelihood(design: FloatArray, counts: FloatArray, start: FloatArray) -> tuple[float, FloatArray]:
    """Poisson log-likelihood at its maximum, also on the edge where a mean runs to zero; Newton steps that only climb.

    The regression of statsmodels stops at that edge, and a profile has to pass it: nobody outside the lists.
    """

    def likelihood(coefficients: FloatArray) -> tuple[float, FloatArray]:
        predictor = np.clip(design @ coefficients, -300.0, 300.0)
        means = np.exp(predictor)
        return float(counts @ predictor - means.sum()), means

    coefficients, (best, means) = start, likelihood(start)
    for _ in range(200):
        weight = np.sqrt(means)
        step = np.linalg.lstsq(design * weight[:, None], (counts - means) / weight, rcond=1e-14)[0]
        for _ in range(60):
            found, new = likelihood(coefficients + step)
            if found >= best:
                break
            step = step / 2
        gain = found - best
        if gain > 0:
            coefficients, best, means = coefficients + step, found, new
        if gain < 1e-10:
            break
    return best, coefficients


def _profile(fit: LogLinearFit) -> Callable[[float], float]:
    """Multinomial log-likelihood, up to a constant, when this many persons are on no list."""
    design = np.vstack([fit.design, fit.nobody])
    start = poisson_fit(fit.design, fit.counts)[0]

    def loglikelihood(unobserved: float) -> float:
        counts = np.append(fit.counts, unobserved)
        total = float(counts.sum())
        best, _ = _highest_likelihood(design, counts, start)
        # at the maximum the means add up to the total, which turns the Poisson likelihood into the multinomial
        multinomial = best + total - xlogy(total, total)
        return float(gammaln(total + 1) - gammaln(unobserved + 1) + multinomial)

    return loglikelihood


def profile_interval(fit: LogLinearFit, level: float) -> tuple[float, float]:
    """Limits of the persons on no list from the multinomial profile likelihood.

    Parameters
    ----------
    fit
        A fit with an estimate.
    level
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    tuple of float
        Lower limit, not below zero, and upper limit, infinite when the likelihood does not fall enough.

    References
    ----------
    Cormack RM. Interval estimation for mark-recapture studies of closed populations. Biometrics 1992;48:567-576.
    """
    loglikelihood, estimate = _profile(fit), fit.unobserved
    best = minimize_scalar(
        lambda size: -loglikelihood(size), bounds=(0.0, 2 * estimate + 1), method="bounded", options={"xatol": 1e-4}
    )
    centre, drop = float(best.x), float(chi2.ppf(level, 1)) / 2

    def excess(unobserved: float) -> float:
        return -best.fun - loglikelihood(unobserved) - drop

    lower = 0.0 if excess(0.0) <= 0 else float(brentq(excess, 0.0, centre, xtol=1e-6 * (1 + centre)))
    reach, step = max(centre, 1.0), max(centre, 1.0)
    while excess(reach + step) < 0:
        reach, step = reach + step, 3 * step
        if reach > ENDLESS * fit.counts.sum():
            return min(lower, estimate), float(np.inf)
    start = centre if reach <= max(centre, 1.0) else reach
    upper = float(brentq(excess, start, reach + step, xtol=1e-6 * (1 + centre)))
    return min(lower, estimate), max(upper, estimate)


def term_names(terms: Sequence[Sequence[int]], lists: Sequence[str]) -> str:
    """Interactions of a model in words.

    Parameters
    ----------
    terms
        Interactions as positions of lists.
    lists
        Names of the lists.

    Returns
    -------
    str
        For example ``police:shelter``; ``independence`` without interactions.

    Examples
    --------
    >>> term_names([(0, 1)], ["police", "shelter", "clinic"])
    'police:shelter'
    """
    return " + ".join(":".join(lists[place] for place in term) for term in terms) or "independence"
