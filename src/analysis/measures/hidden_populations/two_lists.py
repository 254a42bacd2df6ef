"""Two lists: Lincoln-Petersen and Chapman, for any dependence between the lists that one assumes."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis.errors import MethodError
from analysis.estimates import with_estimates
from analysis.measures.hidden_populations.histories import CaptureHistories, capture_histories
from analysis.measures.shared import notes
from analysis.measures.shared.checks import FloatArray, check_choice, check_values, normal_quantile
from analysis.measures.shared.levels import Levels, one_level, several_levels
from analysis.measures.shared.ratios import divide

TWO_LIST_METHODS = ("chapman", "lincoln-petersen")
TWO_LIST_INTERVALS = ("transformed logit", "log-normal")


def unobserved_by_two_lists(
    both: ArrayLike, first: ArrayLike, second: ArrayLike, odds_ratio: ArrayLike = 1.0, *, method: str = "chapman"
) -> tuple[FloatArray, FloatArray]:
    """People on neither of two lists, and the standard error of that number.

    Parameters
    ----------
    both, first, second
        Persons on both lists, on the first only and on the second only.
    odds_ratio
        Odds ratio between the lists that is assumed: 1 for independence.
    method
        ``lincoln-petersen``, or ``chapman`` (one added to those on both lists).

    Returns
    -------
    tuple of numpy.ndarray
        Numbers of people and standard errors; infinite for Lincoln-Petersen with nobody on both lists.

    Notes
    -----
    The odds ratio is (both x neither) / (first x second), so that neither = odds ratio x first x second / both.
    For another odds ratio than 1 Seber's variance of Chapman's estimate is multiplied as that of the maximum
    likelihood estimate is: the squared part by its square and the rest by itself.

    References
    ----------
    Chapman DG. Some properties of the hypergeometric distribution with applications to zoological sample censuses.
    Univ Calif Publ Stat 1951;1:131-160.
    Seber GAF. The effects of trap response on tag recapture estimates. Biometrics 1970;26:13-22 (variance).

    Examples
    --------
    >>> neither, error = unobserved_by_two_lists(5, 5, 10)
    >>> round(float(neither), 2), round(float(error), 2)
    (8.33, 5.91)
    """
    m, b, c = (np.asarray(part, dtype=float) for part in (both, first, second))
    theta = np.asarray(odds_ratio, dtype=float)
    added = 1.0 if method == "chapman" else 0.0
    neither = np.where(b * c > 0, theta * divide(b * c, m + added), 0.0)
    if method == "chapman":
        variance = divide((m + b + 1) * (m + c + 1) * b * c, (m + 1) ** 2 * (m + 2))
    else:
        variance = divide((m + b) * (m + c) * b * c, m**3)
    rest = neither / theta  # what the variance has besides the square: a Poisson count of those on neither list
    squared = np.where(np.isfinite(rest), np.maximum(variance - np.where(np.isfinite(rest), rest, 0.0), 0.0), np.inf)
    spread = np.where(b * c > 0, np.sqrt(theta**2 * squared + neither), 0.0)
    return np.asarray(neither), np.asarray(spread)


def _transformed_logit(
    m: FloatArray, b: FloatArray, c: FloatArray, theta: FloatArray, level: float
) -> tuple[FloatArray, FloatArray]:
    """Sadinle's interval: 0.5 added to each of the four cells, normal on the scale of the logit of coverage."""
    cells = [m + 0.5, b + 0.5, c + 0.5]
    neither = theta * cells[1] * cells[2] / cells[0]
    error = np.sqrt(sum(1 / cell for cell in cells) + 1 / neither)
    factor = np.exp(np.minimum(normal_quantile(level) * error, 300.0))
    observed = m + b + c
    return np.maximum(observed - 0.5 + neither / factor, observed), np.asarray(observed - 0.5 + neither * factor)


def _log_normal(
    observed: FloatArray, neither: FloatArray, error: FloatArray, level: float
) -> tuple[FloatArray, FloatArray]:
    relative = np.where(np.isfinite(neither) & (neither > 0), divide(error, neither), 0.0)
    factor = np.exp(normal_quantile(level) * np.sqrt(np.log1p(np.where(np.isfinite(relative), relative, 0.0) ** 2)))
    return np.asarray(observed + neither / factor), np.asarray(observed + neither * factor)


def log_normal_interval(
    observed: ArrayLike, neither: ArrayLike, error: ArrayLike, level: float = 0.95
) -> tuple[FloatArray, FloatArray]:
    """Interval for a population that is never below the number observed.

    Parameters
    ----------
    observed
        Persons on at least one list.
    neither
        Estimate of the persons on none.
    error
        Standard error of that estimate.
    level
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    tuple of numpy.ndarray
        Lower and upper limits of the population.

    References
    ----------
    Chao A. Estimating the population size for capture-recapture data with unequal catchability. Biometrics
    1987;43:783-791.

    Examples
    --------
    >>> lower, upper = log_normal_interval(20, 10, 6)
    >>> round(float(lower), 1), round(float(upper), 1)
    (23.4, 49.6)
    """
    numbers = [np.asarray(part, dtype=float) for part in (observed, neither, error)]
    return _log_normal(numbers[0], numbers[1], numbers[2], level)


def two_list_rows(
    data: CaptureHistories, odds_ratios: FloatArray, *, method: str, interval: str, level: float
) -> pd.DataFrame:
    """Estimates of populations from two lists, one row per population and odds ratio.

    Parameters
    ----------
    data
        Counts by history of two lists.
    odds_ratios
        Odds ratios between the lists.
    method
        ``chapman`` or ``lincoln-petersen``.
    interval
        ``transformed logit`` or ``log-normal``.
    level
        Coverage of the interval.

    Returns
    -------
    pandas.DataFrame
        Group columns, `odds_ratio`, `observed`, `unobserved`, `standard_error` and the estimate columns.
    """
    check_choice(method, TWO_LIST_METHODS)
    check_choice(interval, TWO_LIST_INTERVALS, option="interval")
    size = len(odds_ratios)
    m, b, c = (np.repeat(data.counts[:, place], size) for place in range(3))
    theta = np.tile(odds_ratios, len(data.groups))
    neither, error = unobserved_by_two_lists(m, b, c, theta, method=method)
    observed = m + b + c
    if interval == "log-normal":
        lower, upper = _log_normal(observed, neither, error, level)
    else:
        lower, upper = _transformed_logit(m, b, c, theta, level)
    endless = ~np.isfinite(neither)
    if endless.any():
        lower = np.where(endless, _transformed_logit(m, b, c, theta, level)[0], lower)
        upper = np.where(endless, np.inf, upper)
    rows = data.groups.loc[data.groups.index.repeat(size)].reset_index(drop=True)
    named = {"chapman": "Chapman", "lincoln-petersen": "Lincoln-Petersen"}[method]
    return with_estimates(
        rows.assign(odds_ratio=theta, observed=observed, unobserved=neither, standard_error=error),
        measure="population_size",
        estimate=observed + neither,
        lower=np.minimum(lower, observed + neither),
        upper=np.maximum(upper, observed + neither),
        level=level,
        unit="persons",
        method=[f"{named}, odds ratio {ratio:g}; {interval} interval" for ratio in theta],
        note=np.select([endless, b * c == 0], [notes.NOBODY_ON_BOTH_LISTS, notes.NO_REST], default="").tolist(),
    )


@several_levels
def population_size_by_dependence(
    table: pd.DataFrame,
    *,
    lists: Sequence[str],
    odds_ratios: Sequence[float] = (0.5, 1.0, 2.0, 4.0),
    count: str = "count",
    by: str | Sequence[str] = (),
    method: str = "chapman",
    interval: str = "transformed logit",
    level: Levels = 0.95,
) -> pd.DataFrame:
    """Size of a population from two lists, for each odds ratio between the lists that one thinks possible.

    Parameters
    ----------
    table
        One row per capture history: on both lists, on the first only, on the second only.
    lists
        Two columns: 1 or true for those on the list, 0 or false for others.
    odds_ratios
        Odds ratios between the lists, above 0; 1 is independence.
    count
        Column with numbers of persons.
    by
        Columns that define separate populations; none gives one.
    method
        ``chapman`` or ``lincoln-petersen``; the latter is infinite when nobody is on both lists.
    interval
        ``transformed logit`` or ``log-normal``.
    level
        Coverage of the interval, between 0 and 1; several give the rows of each.

    Returns
    -------
    pandas.DataFrame
        One row per population and odds ratio: `odds_ratio`, `observed`, `unobserved`, `standard_error` and the
        estimate columns, with `measure` "population_size" and `unit` "persons".

    Raises
    ------
    DataError
        When a column is missing or holds impossible values, or an odds ratio is not above zero.
    MethodError
        When there are not two lists, or an option does not exist.

    Notes
    -----
    Interpretation: at an odds ratio of 2 the odds of being on the second list are twice as high for those on the first.
    Two lists cannot tell which odds ratio holds: referral from one to the other and people who avoid every list make
    it larger than 1, and independence then gives too small a population; lists that replace each other make it
    smaller. The interval holds for the odds ratio of its row; the range over the rows is the uncertainty that counts.

    References
    ----------
    Seber GAF. The estimation of animal abundance and related parameters. 2nd ed. London: Griffin, 1982.
    International Working Group for Disease Monitoring and Forecasting. Capture-recapture and multiple-record systems
    estimation I. Am J Epidemiol 1995;142:1047-1058.
    Sadinle M. Transformed logit confidence intervals for small populations in single capture-recapture estimation.
    Commun Stat Simul Comput 2009;38:1909-1924.

    Examples
    --------
    >>> people = pd.DataFrame({"night shelter": [1, 1, 0], "police": [1, 0, 1], "count": [60, 240, 90]})
    >>> sizes = population_size_by_dependence(people, lists=["night shelter", "police"], odds_ratios=[1, 2])
    >>> sizes[["odds_ratio", "estimate", "lower", "upper"]].round(0).to_numpy().tolist()
    [[1.0, 744.0, 639.0, 907.0], [2.0, 1098.0, 893.0, 1417.0]]
    """
    ratios = np.atleast_1d(check_values(odds_ratios, what="The odds ratios", above=0))
    data = capture_histories(table, lists=lists, count=count, by=by)
    if len(data.lists) != 2 or not ratios.size:
        raise MethodError(
            f"{len(data.lists)} lists and {ratios.size} odds ratios are given, where two lists and at least one odds "
            "ratio belong. With three lists or more their dependence is estimated: use population_size_models."
        )
    return two_list_rows(data, ratios, method=method, interval=interval, level=one_level(level))
