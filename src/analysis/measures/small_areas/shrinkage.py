"""Small areas: rates and proportions drawn towards the mean of all areas, the more so the fewer people they rest on."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import betaincinv, betaln, digamma, gammaincinv, gammaln

from analysis.estimates import with_estimates
from analysis.measures.shared import notes
from analysis.measures.shared.checks import (
    FloatArray,
    check_choice,
    column_names,
    require_columns,
    require_no_more_than,
    require_numbers,
)
from analysis.measures.shared.levels import Levels, one_level, several_levels
from analysis.measures.shared.ratios import divide

MODELS = {"moments": "method of moments (Marshall)", "likelihood": "maximum likelihood"}
# A between-area variance this much smaller than chance cannot be told from none.
LARGEST_SIZE = 1e8


def _gamma_moments(count: FloatArray, size: FloatArray) -> tuple[float, float]:
    """Mean and variance between areas (Marshall 1991)."""
    mean = float(count.sum() / size.sum())
    scatter = float(np.sum(size * (count / size - mean) ** 2) / size.sum())
    return mean, max(scatter - mean * size.size / float(size.sum()), 0.0)


def _gamma_likelihood(count: FloatArray, size: FloatArray) -> tuple[float, float]:
    """Mean and variance between areas that make the counts likeliest (negative binomial)."""
    start, spread = _gamma_moments(count, size)
    # The slope of the likelihood where areas do not differ: not upwards means that this is the top.
    if np.sum((count - start * size) ** 2 - count) <= 0:
        return start, 0.0

    def minus_log(values: FloatArray) -> tuple[float, FloatArray]:
        mean, shape = np.exp(values)
        expected = mean * size
        total = shape + expected
        value = (
            gammaln(shape + count) - gammaln(shape) + shape * np.log(shape / total) + count * np.log(expected / total)
        )
        by_mean = count - (shape + count) * expected / total
        by_shape = digamma(shape + count) - digamma(shape) + np.log(shape / total) + 1 - (shape + count) / total
        return -float(value.sum()), -np.array([by_mean.sum(), shape * by_shape.sum()])

    shape = start**2 / spread if spread > 0 else 100.0
    mean, shape = _climb(minus_log, [np.log(start), np.log(shape)])
    return mean, mean**2 / shape if shape < LARGEST_SIZE else 0.0


def _beta_moments(count: FloatArray, size: FloatArray) -> tuple[float, float]:
    """Mean and variance between areas (Kleinman 1973, weights the persons)."""
    mean = float(count.sum() / size.sum())
    scatter = float(np.sum(size * (count / size - mean) ** 2))
    room = float(size.sum() - np.sum(size**2) / size.sum())
    chance = mean * (1 - mean) * (size.size - 1)
    denominator = room - (size.size - 1)
    return mean, max((scatter - chance) / denominator, 0.0) if denominator > 0 else 0.0


def _beta_likelihood(count: FloatArray, size: FloatArray) -> tuple[float, float]:
    """Mean and variance between areas that make the counts likeliest (beta-binomial)."""
    start, spread = _beta_moments(count, size)
    others = size - count
    if np.sum(count * (count - 1) / start + others * (others - 1) / (1 - start) - size * (size - 1)) <= 0:
        return start, 0.0

    def minus_log(values: FloatArray) -> tuple[float, FloatArray]:
        one, other = np.exp(values)
        both = one + other
        value = betaln(count + one, size - count + other) - betaln(one, other)
        common = digamma(both) - digamma(size + both)
        by_one = one * (digamma(count + one) - digamma(one) + common)
        by_other = other * (digamma(size - count + other) - digamma(other) + common)
        return -float(value.sum()), -np.array([by_one.sum(), by_other.sum()])

    precision = min(max(start * (1 - start) / spread - 1, 0.1), 1e4) if spread > 0 else 1e4
    one, other = _climb(minus_log, [np.log(start * precision), np.log((1 - start) * precision)])
    mean, precision = one / (one + other), one + other
    return mean, mean * (1 - mean) / (precision + 1) if precision < LARGEST_SIZE else 0.0


def _climb(minus_log: Callable[[FloatArray], tuple[float, FloatArray]], start: list[float]) -> tuple[float, float]:
    """Exponents of the two values at which a function is lowest; the bounds keep it finite where there is no top."""
    bounds = [(-30.0, 25.0)] * 2
    # The scale of the log likelihood grows with the areas; dividing by its size makes the stopping rule the same.
    scale = max(abs(minus_log(np.asarray(start))[0]), 1.0)

    def scaled(values: FloatArray) -> tuple[float, FloatArray]:
        value, slope = minus_log(values)
        return value / scale, slope / scale

    options = {"ftol": 1e-15, "gtol": 1e-11, "maxiter": 500}
    first_guess = np.asarray(start, dtype=float)
    found = minimize(scaled, first_guess, args=(), jac=True, method="L-BFGS-B", bounds=bounds, options=options)  # type: ignore[call-overload]
    first, second = (float(value) for value in np.exp(found.x))
    return first, second


def _posterior(
    kind: str, count: FloatArray, size: FloatArray, mean: float, variance: float, level: float
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Estimate, limits and reliability of each area."""
    tail = (1 - level) / 2
    if variance == 0:
        common = np.full(count.shape, mean)
        return common, common, common, np.zeros(count.shape)
    if kind == "rate":
        shape, scale = mean**2 / variance + count, mean / variance + size
        lower, upper = (np.asarray(gammaincinv(shape, q), dtype=float) / scale for q in (tail, 1 - tail))
        return shape / scale, lower, upper, size / scale
    precision = max(mean * (1 - mean) / variance - 1, 1e-6)
    one, other = mean * precision + count, (1 - mean) * precision + size - count
    lower, upper = (np.asarray(betaincinv(one, other, q), dtype=float) for q in (tail, 1 - tail))
    return one / (one + other), lower, upper, size / (size + precision)


_FITS = {
    ("rate", "moments"): _gamma_moments,
    ("rate", "likelihood"): _gamma_likelihood,
    ("proportion", "moments"): _beta_moments,
    ("proportion", "likelihood"): _beta_likelihood,
}


def _shrink(
    table: pd.DataFrame, *, events: str, size: str, by: str | Sequence[str], method: str, level: float, kind: str
) -> pd.DataFrame:
    check_choice(method, MODELS)
    keys = column_names(by)
    checked = require_numbers(require_columns(table, keys), [events], minimum=0)
    checked = require_numbers(checked, [size], minimum=0).reset_index(drop=True)
    if kind == "proportion":
        require_no_more_than(checked, events, size)
    number = checked.groupby(keys, dropna=False, observed=True).ngroup().to_numpy() if keys else np.zeros(len(checked))
    columns = ("crude", "mean", "between_variance", "reliability", "estimate", "lower", "upper")
    found = np.full((len(columns), len(checked)), np.nan)
    remarks = np.full(len(checked), "", dtype=object)
    for group in np.unique(number):
        rows = np.flatnonzero(number == group)
        count, people = (checked[column].to_numpy()[rows] for column in (events, size))
        seen = people > 0
        if not seen.any():
            remarks[rows] = notes.NO_OBSERVATIONS
            continue
        certain = count.sum() == 0 or (kind == "proportion" and count.sum() == people.sum())
        mean, variance = float(count.sum() / people.sum()), 0.0
        if not certain and seen.sum() > 1:
            mean, variance = _FITS[kind, method](count[seen], people[seen])
        estimate, lower, upper, reliability = _posterior(kind, count, people, mean, variance, level)
        # The mean of a very skewed posterior can lie beyond its equal-tailed limits: widen them to hold it.
        lower, upper = np.minimum(lower, estimate), np.maximum(upper, estimate)
        values = (divide(count, people), mean, variance, reliability, estimate, lower, upper)
        for column, value in enumerate(values):
            found[column, rows] = value
        common = notes.ONE_AREA if seen.sum() == 1 else notes.NO_EVENTS if count.sum() == 0 else notes.NO_AREA_VARIANCE
        everywhere = common if variance == 0 else ""
        remarks[rows] = [notes.combine_notes(everywhere, "" if some else notes.AREA_WITHOUT_PEOPLE) for some in seen]
    return with_estimates(
        checked.assign(**dict(zip(columns[:4], found[:4], strict=True))),
        measure=f"shrunken_{kind}",
        estimate=found[4],
        lower=found[5],
        upper=found[6],
        level=level,
        unit="proportion" if kind == "proportion" else f"per unit of {size}",
        method=f"empirical Bayes, {'gamma-Poisson' if kind == 'rate' else 'beta-binomial'}, {MODELS[method]}",
        note=remarks.tolist(),
    )


@several_levels
def shrunken_rates(
    table: pd.DataFrame,
    *,
    events: str = "deaths",
    exposure: str = "person_years",
    by: str | Sequence[str] = (),
    method: str = "likelihood",
    level: Levels = 0.95,
) -> pd.DataFrame:
    """Rates of small areas drawn towards the rate of all areas (gamma-Poisson).

    Parameters
    ----------
    table
        One row per area.
    events
        Column with counts of events.
    exposure
        Column with person-years, or with expected events: the result is then a smoothed SMR.
    by
        Columns that define sets of areas, each with its own mean; none makes one set.
    method
        ``likelihood`` (negative binomial) or ``moments`` (Marshall's global estimator).
    level
        Coverage of the intervals, between 0 and 1, or several.

    Returns
    -------
    pandas.DataFrame
        The rows of the table with `crude` (the plain rate), `mean` and `between_variance` of the set, `reliability`
        (0 to 1: the weight of the area's own rate) and the estimate columns, with `measure` "shrunken_rate". Areas
        without exposure take the mean and its interval of a new area; a `note` says so. When areas differ no more than
        by chance, all get the mean without an interval of their own, and a `note`.

    Raises
    ------
    DataError
        When a column is missing, or a number is missing or negative.
    MethodError
        When the method is unknown.

    Notes
    -----
    Interpretation: estimate = reliability x crude + (1 - reliability) x mean. The best guess of each area's rate for
    choosing or mapping areas; extremes by chance alone disappear. The scatter of the shrunken rates is smaller than
    that of the true ones. The intervals take mean and variance between areas as known, so with few areas they are too
    narrow. Do not shrink areas that have their own rate for a known reason, such as a nursing home.

    References
    ----------
    Clayton D, Kaldor J. Empirical Bayes estimates of age-standardized relative risks for use in disease mapping.
    Biometrics 1987;43:671-681.
    Marshall RJ. Mapping disease and mortality rates using empirical Bayes estimators. Appl Stat 1991;40:283-294.

    Examples
    --------
    >>> areas = pd.DataFrame({"deaths": [0, 4, 30], "person_years": [100, 200, 1000]})
    >>> shrunken_rates(areas, method="moments")["estimate"].round(4).tolist()
    [0.0252, 0.0257, 0.0272]
    """
    covered = one_level(level)
    return _shrink(table, events=events, size=exposure, by=by, method=method, level=covered, kind="rate")


@several_levels
def shrunken_proportions(
    table: pd.DataFrame,
    *,
    events: str = "events",
    total: str = "total",
    by: str | Sequence[str] = (),
    method: str = "likelihood",
    level: Levels = 0.95,
) -> pd.DataFrame:
    """Proportions of small areas drawn towards the proportion of all areas (beta-binomial).

    Parameters
    ----------
    table
        One row per area.
    events
        Column with counts of persons with the event.
    total
        Column with counts of persons observed.
    by
        Columns that define sets of areas, each with its own mean; none makes one set.
    method
        ``likelihood`` (beta-binomial) or ``moments`` (Kleinman).
    level
        Coverage of the intervals, between 0 and 1, or several.

    Returns
    -------
    pandas.DataFrame
        As `shrunken_rates`, with `measure` "shrunken_proportion".

    Raises
    ------
    DataError
        When a column is missing, a number is impossible, or events exceed the total.
    MethodError
        When the method is unknown.

    Notes
    -----
    Interpretation and limits are those of `shrunken_rates`. For weighted surveys use effective numbers of persons.

    References
    ----------
    Kleinman JC. Proportions with extraneous variance: single and independent samples. J Am Stat Assoc 1973;68:46-54.

    Examples
    --------
    >>> areas = pd.DataFrame({"events": [1, 40, 60], "total": [10, 100, 100]})
    >>> shrunken_proportions(areas, method="moments")["reliability"].round(2).tolist()
    [0.55, 0.92, 0.92]
    """
    covered = one_level(level)
    return _shrink(table, events=events, size=total, by=by, method=method, level=covered, kind="proportion")
