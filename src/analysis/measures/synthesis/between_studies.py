"""Variance between the studies of many meta-analyses at once: seven estimators and the Q-profile interval."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import chi2

from analysis.errors import DataError
from analysis.measures.shared.checks import FloatArray, check_choice, check_values
from analysis.measures.shared.levels import one_level

IntArray = NDArray[np.intp]

TAU_METHODS = {
    "fixed": "fixed effect",
    "DerSimonian-Laird": "random effects (DerSimonian-Laird)",
    "REML": "random effects (restricted maximum likelihood)",
    "ML": "random effects (maximum likelihood)",
    "Paule-Mandel": "random effects (Paule-Mandel)",
    "empirical Bayes": "random effects (empirical Bayes)",
    "Sidik-Jonkman": "random effects (Sidik-Jonkman)",
}
SHORT_FORMS = {
    "FE": "fixed",
    "EE": "fixed",
    "DL": "DerSimonian-Laird",
    "restricted maximum likelihood": "REML",
    "maximum likelihood": "ML",
    "PM": "Paule-Mandel",
    "EB": "empirical Bayes",
    "SJ": "Sidik-Jonkman",
}
# Points at which the likelihood is looked at before the search: a second, lower top is then not mistaken for the first.
GRID_POINTS = 60
MOST_STEPS = 200


def tau_method(method: str) -> str:
    """Full name of a method for the variance between studies.

    Parameters
    ----------
    method
        Name or usual short form, for example ``DL``.

    Returns
    -------
    str
        The name as in `TAU_METHODS`.

    Raises
    ------
    MethodError
        When there is no such method.

    Examples
    --------
    >>> tau_method("DL"), tau_method("REML")
    ('DerSimonian-Laird', 'REML')
    """
    return check_choice(SHORT_FORMS.get(str(method), method), TAU_METHODS)


@dataclass(frozen=True)
class StudyGroups:
    """Effects of studies, one group per meta-analysis, the groups one behind the other.

    Parameters
    ----------
    effects
        One effect per study, less the plain mean of its group so that large effects cost no digits.
    variances
        Squared standard errors.
    starts
        Where each group begins.
    sizes
        Studies per group.
    centres
        The plain mean of each group.
    """

    effects: FloatArray
    variances: FloatArray
    starts: IntArray
    sizes: IntArray
    centres: FloatArray

    def sums(self, values: FloatArray) -> FloatArray:
        """Sum per group.

        Parameters
        ----------
        values
            One number per study.

        Returns
        -------
        numpy.ndarray
            One number per group.
        """
        return np.asarray(np.add.reduceat(values, self.starts), dtype=float)

    def spread(self, values: FloatArray) -> FloatArray:
        """A number of the group beside each of its studies.

        Parameters
        ----------
        values
            One number per group.

        Returns
        -------
        numpy.ndarray
            One number per study.
        """
        return np.repeat(values, self.sizes)

    def weights(self, tau_squared: FloatArray) -> FloatArray:
        """Inverse of the variance of each study, that between studies included.

        Parameters
        ----------
        tau_squared
            Variance between studies, one number per group.

        Returns
        -------
        numpy.ndarray
            One weight per study.
        """
        return np.asarray(1 / (self.variances + self.spread(tau_squared)))

    def residuals(self, weights: FloatArray) -> FloatArray:
        """Effects less the weighted mean of their group.

        Parameters
        ----------
        weights
            One weight per study.

        Returns
        -------
        numpy.ndarray
            One number per study.
        """
        means = self.sums(weights * self.effects) / self.sums(weights)
        return np.asarray(self.effects - self.spread(means))

    def cross_products(self, weights: FloatArray) -> FloatArray:
        """Squared sum of the weights less the sum of their squares, for every group.

        It is taken apart around the largest weight, so that nothing is lost when one study weighs far more.

        Parameters
        ----------
        weights
            One weight per study.

        Returns
        -------
        numpy.ndarray
            One number per group, above 0 with two studies or more.
        """
        group = np.repeat(np.arange(self.sizes.size), self.sizes)
        largest = np.lexsort((weights, group))[self.starts + self.sizes - 1]
        others = weights.copy()
        others[largest] = 0.0
        rest = self.sums(others)
        return np.asarray(2 * weights[largest] * rest + np.maximum(rest**2 - self.sums(others**2), 0.0))


def study_groups(effects: ArrayLike, standard_errors: ArrayLike, group: ArrayLike | None = None) -> StudyGroups:
    """Checked effects and variances, in the order of their groups.

    Parameters
    ----------
    effects
        One effect per study, on a scale where errors are normal.
    standard_errors
        Their standard errors, above 0.
    group
        Number of the meta-analysis of each study, from 0 without gaps; one meta-analysis when absent.

    Returns
    -------
    StudyGroups
        The studies.

    Raises
    ------
    DataError
        When there are no studies, a number is missing, a standard error is not above 0, or the arrays differ in length.
    """
    values = np.ravel(check_values(effects, what="The effect of the studies"))
    errors = np.ravel(check_values(standard_errors, what="The standard error of the studies", above=0))
    number = np.zeros(values.size, dtype=np.intp) if group is None else np.asarray(group, dtype=np.intp)
    if values.size == 0:
        raise DataError("There are no studies. Check the selection that was made before this step.")
    if not values.size == errors.size == number.size:
        raise DataError(
            f"There are {values.size} effects, {errors.size} standard errors and {number.size} names of groups. "
            "Give one of each per study."
        )
    order = np.argsort(number, kind="stable")
    sizes = np.bincount(number)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.intp)
    sorted_values = values[order]
    centres = np.add.reduceat(sorted_values, starts) / sizes
    away, spread = sorted_values - np.repeat(centres, sizes), errors[order]
    # Distances far below the errors say nothing, and their squares would be too small for a number. The rounding of
    # equal effects is no distance either.
    largest = np.maximum.reduceat(np.abs(sorted_values), starts)
    equal = np.maximum.reduceat(np.abs(away), starts) <= 4 * np.finfo(float).eps * largest
    away = np.where((np.abs(away) < 1e-15 * spread) | np.repeat(equal, sizes), 0.0, away)
    return StudyGroups(away, spread**2, starts, sizes.astype(np.intp), centres)


def cochran_q(studies: StudyGroups, tau_squared: FloatArray) -> FloatArray:
    """Weighted sum of squared distances to the mean, at a variance between studies.

    Parameters
    ----------
    studies
        The studies.
    tau_squared
        Variance between studies, one number per group; zeros give Cochran's Q.

    Returns
    -------
    numpy.ndarray
        One number per group.
    """
    weights = studies.weights(tau_squared)
    return studies.sums(weights * studies.residuals(weights) ** 2)


def _none(studies: StudyGroups) -> FloatArray:
    return np.zeros(studies.sizes.size)


def _moments(studies: StudyGroups) -> FloatArray:
    weights = 1 / studies.variances
    total = studies.sums(weights)
    excess = cochran_q(studies, _none(studies)) - (studies.sizes - 1)
    room = studies.cross_products(weights) / total
    return np.asarray(np.where(studies.sizes > 1, np.maximum(excess, 0) / np.where(studies.sizes > 1, room, 1), 0.0))


def _where_q_is(studies: StudyGroups, target: FloatArray) -> FloatArray:
    """Variance at which Q falls to a target; 0 where it starts below.

    Q is convex and falls with the variance, so Newton's steps from 0 approach from the left and never pass the root.
    """
    tau = _none(studies)
    for _ in range(MOST_STEPS):
        weights = studies.weights(tau)
        squares = (weights * studies.residuals(weights)) ** 2
        distance = studies.sums(squares / weights) - target
        slope = studies.sums(squares)
        step = np.where(distance > 0, distance / np.where(slope > 0, slope, 1.0), 0.0)
        # A target of zero lies at infinity; steps then grow for ever, and the limit is left at a very large number.
        tau = tau + step
        if np.all(step <= 1e-15 * tau):
            break
    return tau


def _paule_mandel(studies: StudyGroups) -> FloatArray:
    return np.where(studies.sizes > 1, _where_q_is(studies, np.asarray(studies.sizes - 1, dtype=float)), 0.0)


def _sidik_jonkman(studies: StudyGroups) -> FloatArray:
    first = studies.sums(studies.effects**2) / studies.sizes
    known = first > 0
    weights = 1 / (studies.variances / studies.spread(np.where(known, first, 1.0)) + 1)
    scatter = studies.sums(weights * studies.residuals(weights) ** 2)
    return np.where(known, scatter / np.maximum(studies.sizes - 1, 1), 0.0)


def _log_likelihood(studies: StudyGroups, tau: FloatArray, restricted: bool) -> FloatArray:
    weights = studies.weights(tau)
    value = studies.sums(np.log(weights) - weights * studies.residuals(weights) ** 2)
    return np.asarray(value - np.log(studies.sums(weights)) if restricted else value)


def _score(studies: StudyGroups, tau: FloatArray, restricted: bool) -> tuple[FloatArray, FloatArray]:
    """Twice the slope of the log likelihood, and how that changes."""
    weights = studies.weights(tau)
    away = studies.residuals(weights)
    one, two, three = (studies.sums(weights**power) for power in (1, 2, 3))
    slope = studies.sums((weights * away) ** 2) - one
    change = two - 2 * studies.sums(weights**3 * away**2) + 2 * studies.sums(weights**2 * away) ** 2 / one
    if restricted:
        slope, change = slope + two / one, change - 2 * three / one + (two / one) ** 2
    return slope, change


def _highest_bracket(studies: StudyGroups, restricted: bool) -> tuple[FloatArray, FloatArray]:
    """Two neighbouring variances with the top of the likelihood between them."""
    smallest = np.minimum.reduceat(studies.variances, studies.starts)
    largest = np.maximum.reduceat(studies.variances, studies.starts)
    span = np.maximum.reduceat(studies.effects, studies.starts) - np.minimum.reduceat(studies.effects, studies.starts)
    # Beyond this the slope is negative whatever the studies: weights are below 1/tau2, residuals below the span.
    limit = span**2 + 10 * largest
    grid = np.concatenate([[0.0 * limit], np.geomspace(smallest / 1000, limit, GRID_POINTS)])
    heights = np.stack([_log_likelihood(studies, tau, restricted) for tau in grid])
    top, column = heights.argmax(axis=0), np.arange(limit.size)
    rising = _score(studies, grid[top, column], restricted)[0] > 0
    low, high = np.where(rising, top, top - 1), np.where(rising, top + 1, top)
    return grid[np.clip(low, 0, GRID_POINTS), column], grid[np.clip(high, 0, GRID_POINTS), column]


def _likelihood(studies: StudyGroups, restricted: bool) -> FloatArray:
    """Top of the likelihood: Newton's steps, halving the bracket wherever a step would leave it."""
    low, high = _highest_bracket(studies, restricted)
    at_zero = high == 0
    tau = (low + high) / 2
    for _ in range(MOST_STEPS):
        slope, change = _score(studies, tau, restricted)
        low, high = np.where(slope > 0, tau, low), np.where(slope > 0, high, tau)
        proposed = tau - slope / np.where(change < 0, change, -np.inf)
        inside = (change < 0) & (proposed > low) & (proposed < high)
        moved = np.where(inside, proposed, np.where(slope == 0, tau, (low + high) / 2))
        done = np.abs(moved - tau) <= 1e-14 * np.maximum(moved, np.finfo(float).tiny)
        tau = moved
        if np.all(done | at_zero):
            break
    return np.where(at_zero | (studies.sizes < 2), 0.0, tau)


_ESTIMATORS: dict[str, Callable[[StudyGroups], FloatArray]] = {
    "fixed": _none,
    "DerSimonian-Laird": _moments,
    "REML": lambda studies: _likelihood(studies, restricted=True),
    "ML": lambda studies: _likelihood(studies, restricted=False),
    "Paule-Mandel": _paule_mandel,
    # The empirical Bayes equation has the same root: sum of w r^2 equal to the number of studies less one.
    "empirical Bayes": _paule_mandel,
    "Sidik-Jonkman": _sidik_jonkman,
}


def variance_between(studies: StudyGroups, method: str = "REML") -> FloatArray:
    """Variance between studies, for every group.

    Parameters
    ----------
    studies
        The studies, see `study_groups`.
    method
        One of `TAU_METHODS`, or a short form.

    Returns
    -------
    numpy.ndarray
        One variance per group, 0 or more. One study gives 0.

    Raises
    ------
    MethodError
        When there is no such method.
    """
    return _ESTIMATORS[tau_method(method)](studies)


def limits_of_variance_between(studies: StudyGroups, level: float) -> tuple[FloatArray, FloatArray]:
    """Q-profile interval of the variance between studies, for every group.

    Parameters
    ----------
    studies
        The studies, see `study_groups`.
    level
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    tuple of numpy.ndarray
        Lower and upper limits; missing for one study.
    """
    freedom, tail = np.maximum(studies.sizes - 1, 1), (1 - level) / 2
    alone = studies.sizes < 2
    lower, upper = (
        np.where(alone, np.nan, _where_q_is(studies, np.asarray(chi2.ppf(share, freedom), dtype=float)))
        for share in (1 - tail, tail)
    )
    return lower, upper


def tau_squared(
    effects: ArrayLike, standard_errors: ArrayLike, *, group: ArrayLike | None = None, method: str = "REML"
) -> FloatArray:
    """Variance between studies, from their effects and standard errors.

    Parameters
    ----------
    effects
        One effect per study, on a scale where errors are normal (the logarithm of a ratio, a difference).
    standard_errors
        Their standard errors, above 0.
    group
        Name of the meta-analysis that each study belongs to; one meta-analysis when absent.
    method
        As in `meta_analysis`: one of `TAU_METHODS`, or a short form.

    Returns
    -------
    numpy.ndarray
        One variance per meta-analysis, in the order of the sorted names: 0 or more, on the squared scale of the
        effects. One study gives 0.

    Raises
    ------
    DataError
        When there are no studies, a number is missing or impossible, or the arrays differ in length.
    MethodError
        When there is no such method.

    Notes
    -----
    Interpretation: the square of how much true effects scatter. REML and ML look for the top of the likelihood on a
    grid first, and then by Newton's steps held within a bracket: they cannot fail to converge, and end at the higher
    of two tops. Empirical Bayes and Paule-Mandel are the same estimate.

    References
    ----------
    Viechtbauer W. Bias and efficiency of meta-analytic variance estimators in the random-effects model.
    J Educ Behav Stat 2005;30:261-293.
    Paule RC, Mandel J. Consensus values and weighting factors. J Res Natl Bur Stand 1982;87:377-385.
    Sidik K, Jonkman JN. Simple heterogeneity variance estimation for meta-analysis.
    J R Stat Soc C 2005;54:367-384.
    Morris CN. Parametric empirical Bayes inference. J Am Stat Assoc 1983;78:47-55.

    Examples
    --------
    >>> [round(float(tau_squared([0.0, 0.5], [0.1, 0.1], method=name)[0]), 4) for name in ("DL", "REML", "PM", "ML")]
    [0.115, 0.115, 0.115, 0.0525]
    """
    return variance_between(_named_groups(effects, standard_errors, group), method)


def q_profile_interval(
    effects: ArrayLike, standard_errors: ArrayLike, level: float = 0.95, *, group: ArrayLike | None = None
) -> tuple[FloatArray, FloatArray]:
    """Interval for the variance between studies: the values at which Q is not surprising.

    Parameters
    ----------
    effects
        One effect per study, on a scale where errors are normal.
    standard_errors
        Their standard errors, above 0.
    level
        Coverage of the interval, between 0 and 1; one at a time, as the result is two arrays. `meta_analysis` gives
        the same limits in a table and takes several.
    group
        Name of the meta-analysis that each study belongs to; one meta-analysis when absent.

    Returns
    -------
    tuple of numpy.ndarray
        Lower and upper limits per meta-analysis, in the order of the sorted names: 0 or more; missing for one study.
        Both are 0 when the studies agree better than chance would let them.

    Raises
    ------
    DataError
        When there are no studies, a number is missing or impossible, or the arrays differ in length.
    MethodError
        When the level is not one number between 0 and 1.

    References
    ----------
    Viechtbauer W. Confidence intervals for the amount of heterogeneity in meta-analysis. Stat Med 2007;26:37-52.

    Examples
    --------
    >>> lower, upper = q_profile_interval([0.0, 0.5, 0.1], [0.1, 0.1, 0.1])
    >>> round(float(lower[0]), 4), round(float(upper[0]), 4)
    (0.009, 2.7549)
    """
    return limits_of_variance_between(_named_groups(effects, standard_errors, group), one_level(level))


def _named_groups(effects: ArrayLike, standard_errors: ArrayLike, group: ArrayLike | None) -> StudyGroups:
    if group is None:
        return study_groups(effects, standard_errors)
    names = pd.Series(np.ravel(np.asarray(group)))
    if names.isna().any():
        first = int(np.flatnonzero(names.isna())[0])
        raise DataError(f"{int(names.isna().sum())} studies have no group, the first is number {first}. Name it.")
    return study_groups(effects, standard_errors, pd.factorize(names, sort=True)[0])
