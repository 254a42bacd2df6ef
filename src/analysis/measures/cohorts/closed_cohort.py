"""A closed cohort followed in time: expected and simulated deaths when people age, leave and differ in frailty."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analysis.errors import DataError
from analysis.measures.shared.checks import FloatArray, check_values, check_whole


@dataclass(frozen=True)
class ClosedCohorts:
    """One or more closed cohorts, each followed through the same intervals.

    Attributes
    ----------
    deaths
        Deaths by cohort, stratum and interval.
    person_years
        Years lived by cohort, stratum and interval; who dies or leaves counts the part of the interval that
        such a person lives on average.
    """

    deaths: FloatArray
    person_years: FloatArray


def expected_closed_cohort(
    persons: ArrayLike,
    hazards: ArrayLike,
    widths: ArrayLike,
    *,
    leaving: float = 0.0,
    frailty_variance: float = 0.0,
) -> ClosedCohorts:
    """Deaths and person-years that a closed cohort is expected to have.

    Parameters
    ----------
    persons
        Persons at entry in each stratum, 0 or more.
    hazards
        Death rate per person-year of a person of mean frailty: one row per stratum, one column per interval.
    widths
        Length of each interval in years, above 0.
    leaving
        Rate of leaving the cohort alive, per person-year, the same for all.
    frailty_variance
        Variance at entry of a gamma frailty with mean 1 that multiplies each person's death rate; 0 for none.

    Returns
    -------
    ClosedCohorts
        One cohort, with expected numbers.

    Raises
    ------
    DataError
        When a number is missing or out of range, or the shapes do not fit each other.

    Notes
    -----
    Interpretation: what happens without anything happening. Ageing raises the crude rate; selection lowers the rate at
    a given age, because the frail die first. A study of one cohort before and after a date sees both as change.
    With cumulative hazard H and frailty variance v the survival of a stratum is (1 + vH)^(-1/v), and exp(-H) when v is
    0. Within an interval death and leaving compete as if their rates were constant.

    References
    ----------
    Vaupel JW, Manton KG, Stallard E. The impact of heterogeneity in individual frailty on the dynamics of mortality.
    Demography 1979;16:439-454.

    Examples
    --------
    >>> cohort = expected_closed_cohort([1000], [[0.1, 0.1]], [1, 1], frailty_variance=1.0)
    >>> cohort.deaths.round(1).tolist()
    [[[90.9, 75.8]]]
    """
    size, rate, width = _design(persons, hazards, widths)
    dying, going, part = _chances(rate, width, leaving, frailty_variance)
    return _followed(size[None, :, None] * dying[None], size[None, :, None] * going[None], part, size, width)


def simulate_closed_cohorts(
    persons: ArrayLike,
    hazards: ArrayLike,
    widths: ArrayLike,
    *,
    leaving: float = 0.0,
    frailty_variance: float = 0.0,
    simulations: int = 1000,
    seed: int = 0,
) -> ClosedCohorts:
    """Draw closed cohorts: the same people and rates each time, other deaths by chance.

    Parameters
    ----------
    persons
        Persons at entry in each stratum, whole numbers.
    hazards, widths, leaving, frailty_variance
        As in `expected_closed_cohort`.
    simulations
        Number of cohorts, at least 1.
    seed
        Start of the random numbers: the same seed gives the same cohorts.

    Returns
    -------
    ClosedCohorts
        As many cohorts as asked for. The result is simulated, never data.

    Raises
    ------
    DataError
        When a number is missing or out of range, the shapes do not fit each other, or persons are not whole.
    MethodError
        When `simulations` or `seed` is not a whole number in range.

    Notes
    -----
    Each person of a stratum dies in one of the intervals, leaves in one of them, or stays; the numbers of a stratum are
    multinomial, frailty included, so that no person needs to be drawn apart.

    References
    ----------
    Vaupel JW, Manton KG, Stallard E. Demography 1979;16:439-454.

    Examples
    --------
    >>> cohorts = simulate_closed_cohorts([1000], [[0.1, 0.1]], [1, 1], simulations=3, seed=1)
    >>> cohorts.deaths.shape
    (3, 1, 2)
    """
    size, rate, width = _design(persons, hazards, widths)
    number = check_whole(simulations, option="simulations", minimum=1)
    if np.any(size != np.round(size)):
        first = int(np.flatnonzero(size != np.round(size))[0])
        raise DataError(
            f"Persons must be whole numbers to be drawn; stratum {first} has {size[first]:g}. "
            "Round them, keeping their total."
        )
    dying, going, part = _chances(rate, width, leaving, frailty_variance)
    ending = np.concatenate([dying, going], axis=1)
    # Who stays is drawn first: few people are then left to draw, which is faster.
    chances = np.concatenate([np.maximum(1 - ending.sum(axis=1, keepdims=True), 0), ending], axis=1)
    random = np.random.default_rng(check_whole(seed, option="seed", minimum=0))
    drawn = random.multinomial(size.astype(np.int64), chances, size=(number, len(size)))[..., 1:].astype(float)
    intervals = len(width)
    return _followed(drawn[..., :intervals], drawn[..., intervals:], part, size, width)


def mantel_haenszel_rate_ratios(
    deaths: ArrayLike, person_years: ArrayLike, deaths_reference: ArrayLike, person_years_reference: ArrayLike
) -> tuple[FloatArray, FloatArray]:
    """Rate ratio over strata for many data sets at once, with the standard error of its logarithm.

    Parameters
    ----------
    deaths, person_years
        Of the exposed (or later period): one row per data set, one column per stratum.
    deaths_reference, person_years_reference
        Of the reference, in the same shape.

    Returns
    -------
    tuple of numpy.ndarray
        Ratio and standard error per data set; both missing (NaN) where one of the two has no death in any stratum that
        both share.

    Raises
    ------
    DataError
        When a number is missing or below 0.

    Notes
    -----
    Interpretation: the ratio at the same age and sex, when these make the strata. Strata that only one of the two has
    tell nothing and weigh nothing. Use it where a ratio is much the same in all strata.

    References
    ----------
    Greenland S, Robins JM. Estimation of a common effect parameter from sparse follow-up data. Biometrics
    1985;41:55-68.

    Examples
    --------
    >>> ratio, error = mantel_haenszel_rate_ratios([[4, 12]], [[100, 100]], [[2, 6]], [[100, 100]])
    >>> round(float(ratio[0]), 2), round(float(error[0]), 3)
    (2.0, 0.433)
    """
    sides = [
        check_values(values, what=what, minimum=0)
        for values, what in (
            (deaths, "Deaths"),
            (person_years, "Person-years"),
            (deaths_reference, "Deaths of the reference"),
            (person_years_reference, "Person-years of the reference"),
        )
    ]
    a, t1, b, t0 = sides
    time = np.where(t1 + t0 > 0, t1 + t0, 1.0)
    shared = (t1 > 0) & (t0 > 0)
    top, bottom = (a * t0 / time).sum(axis=-1), (b * t1 / time).sum(axis=-1)
    scatter = np.where(shared, (a + b) * t1 * t0 / time**2, 0.0).sum(axis=-1)
    known = (top > 0) & (bottom > 0)
    safe_top, safe_bottom = np.where(known, top, 1.0), np.where(known, bottom, 1.0)
    ratio = np.where(known, safe_top / safe_bottom, np.nan)
    error = np.where(known, np.sqrt(scatter / (safe_top * safe_bottom)), np.nan)
    return ratio, error


def _design(persons: ArrayLike, hazards: ArrayLike, widths: ArrayLike) -> tuple[FloatArray, FloatArray, FloatArray]:
    size = np.atleast_1d(check_values(persons, what="The number of persons", minimum=0))
    rate = np.atleast_2d(check_values(hazards, what="The death rate", minimum=0))
    width = np.atleast_1d(check_values(widths, what="The width of an interval", above=0))
    if rate.shape != (len(size), len(width)):
        raise DataError(
            f"There are {len(size)} strata and {len(width)} intervals, but the death rates have the shape "
            f"{rate.shape}. Give one row per stratum and one column per interval."
        )
    return size, rate, width


def _chances(
    rate: FloatArray, width: FloatArray, leaving: float, frailty_variance: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Chance of a person at entry to die, and to leave, in each interval, and the part of it that such people live."""
    variance = float(check_values(frailty_variance, what="The frailty variance", minimum=0))
    away = float(check_values(leaving, what="The rate of leaving", minimum=0)) * width
    hazard = np.cumsum(rate * width, axis=1)
    marginal = np.log1p(variance * hazard) / variance if variance > 0 else hazard
    of_interval = np.diff(marginal, axis=1, prepend=0.0)
    total = of_interval + away
    at_start = np.exp(-(np.cumsum(total, axis=1) - total))
    leaves = at_start * -np.expm1(-total)
    share = np.where(total > 0, of_interval / np.where(total > 0, total, 1.0), 0.0)
    some = np.maximum(total, 1e-4)
    part = np.where(total > 1e-4, 1 / some - 1 / np.expm1(some), 0.5 - total / 12)
    return leaves * share, leaves * (1 - share), part


def _followed(
    deaths: FloatArray, gone: FloatArray, part: FloatArray, size: FloatArray, width: FloatArray
) -> ClosedCohorts:
    ended = deaths + gone
    at_start = size[None, :, None] - (np.cumsum(ended, axis=-1) - ended)
    return ClosedCohorts(np.asarray(deaths), np.asarray((at_start - ended * (1 - part)) * width))
