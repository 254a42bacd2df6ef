"""Funnel plots: control limits around a target, over-dispersion, and which units lie outside."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import binom, norm, poisson

from analysis.errors import MethodError
from analysis.estimates import with_estimates
from analysis.measures.effects.proportions import proportion_interval
from analysis.measures.rates.crude import poisson_interval
from analysis.measures.shared import notes
from analysis.measures.shared.checks import FloatArray, check_choice, check_values, normal_quantile, require_numbers
from analysis.measures.shared.entry import checked_tables
from analysis.measures.shared.levels import Levels, listed_levels, one_level, several_levels
from analysis.measures.shared.ratios import divide

KINDS = {
    "proportion": ("events", "total", "proportion"),
    "rate": ("deaths", "person_years", "per person-year"),
    "smr": ("deaths", "expected", "ratio"),
}
"""Kind of measure: its usual columns of events and size, and its unit."""

ADJUSTMENTS = {
    "none": "no over-dispersion",
    "multiplicative": "limits times root phi",
    "additive": "variance plus tau2",
}


@dataclass(frozen=True)
class OverDispersion:
    """Variation between units beyond chance.

    Parameters
    ----------
    phi
        Mean of the squared winsorised z-scores: 1 when there is only chance.
    tau2
        Variance between units, on the scale of the z-scores.
    units
        Number of units.
    """

    phi: float
    tau2: float
    units: int


def over_dispersion(z: ArrayLike, standard_error: ArrayLike, *, winsorise: float = 0.1) -> OverDispersion:
    """Estimate how much units differ beyond chance, with the extremes pulled in.

    Parameters
    ----------
    z
        Z-scores of the units: value minus target over its standard error at the target.
    standard_error
        Standard errors at the target.
    winsorise
        Share of units at either end whose z-score is set to that of the quantile; 0 leaves all as they are.

    Returns
    -------
    OverDispersion
        The factor phi and the variance tau2, which is 0 when the units differ no more than by chance, or when one unit
        is so large that it holds all the weight.

    Raises
    ------
    DataError
        When a number is missing or a standard error is not above 0.
    MethodError
        When the share is not from 0 to below a half.

    References
    ----------
    Spiegelhalter DJ. Funnel plots for comparing institutional performance. Stat Med 2005;24:1185-1202.
    Spiegelhalter DJ. Handling over-dispersion of performance indicators. Qual Saf Health Care 2005;14:347-351.

    Examples
    --------
    >>> found = over_dispersion([-3, -1, 0, 1, 3], [0.1] * 5, winsorise=0)
    >>> found.phi, round(found.tau2, 4)
    (4.0, 0.04)
    """
    if not 0 <= winsorise < 0.5:
        raise MethodError(f"`winsorise` is {winsorise}; it must be from 0 to below 0.5. Usual is 0.1.")
    scores = check_values(z, what="The z-scores")
    weights = check_values(standard_error, what="The standard errors", above=0) ** -2
    low, high = np.quantile(scores, [winsorise, 1 - winsorise])
    units, phi = len(scores), float(np.mean(np.clip(scores, low, high) ** 2))
    scale = weights.sum() - (weights**2).sum() / weights.sum()
    excess = units * phi - (units - 1)
    # When one unit holds all the weight, nothing is left to see a variance between units with.
    several = scale > 1e-12 * weights.sum()
    return OverDispersion(phi, float(max(excess, 0) / scale) if several else 0.0, units)


def _to_scale(value: FloatArray, kind: str, scale: str) -> FloatArray:
    if scale == "identity":
        return value
    return np.asarray(np.arcsin(np.sqrt(value)) if kind == "proportion" else np.sqrt(value))


def _from_scale(value: FloatArray, kind: str, scale: str) -> FloatArray:
    if scale == "identity":
        return np.clip(value, 0, 1 if kind == "proportion" else np.inf)
    if kind == "proportion":
        return np.asarray(np.sin(np.clip(value, 0, np.pi / 2)) ** 2)
    return np.asarray(np.maximum(value, 0) ** 2)


def _standard_error(target: float, size: FloatArray, kind: str, scale: str) -> FloatArray:
    if scale == "root":
        return np.asarray(0.5 / np.sqrt(size))
    return np.asarray(np.sqrt(target * (1 - target if kind == "proportion" else 1) / size))


def _exact_limits(target: float, size: FloatArray, kind: str, level: float) -> tuple[FloatArray, FloatArray]:
    """Quantiles of the distribution at the target, interpolated so that the funnel has no steps."""
    limits = []
    for probability in ((1 - level) / 2, (1 + level) / 2):
        if kind == "proportion":
            count = binom.ppf(probability, size, target)
            below, mass = binom.cdf(count, size, target), binom.pmf(count, size, target)
        else:
            count = poisson.ppf(probability, size * target)
            below, mass = poisson.cdf(count, size * target), poisson.pmf(count, size * target)
        limits.append(np.maximum(count - (below - probability) / mass, 0) / size)
    return limits[0], limits[1]


def _control_limits(
    target: float, size: FloatArray, kind: str, level: float, scale: str, adjustment: str, spread: OverDispersion
) -> tuple[FloatArray, FloatArray]:
    if adjustment == "none" and scale == "identity":
        return _exact_limits(target, size, kind, level)
    variance = _standard_error(target, size, kind, scale) ** 2
    if adjustment == "multiplicative":
        variance = variance * max(spread.phi, 1.0)
    elif adjustment == "additive":
        variance = variance + spread.tau2
    half, middle = normal_quantile(level) * np.sqrt(variance), _to_scale(np.asarray(target), kind, scale)
    return _from_scale(middle - half, kind, scale), _from_scale(middle + half, kind, scale)


def _check_options(kind: str, scale: str, adjustment: str, target: float | None) -> None:
    check_choice(kind, KINDS, option="kind")
    check_choice(scale, ("identity", "root"), option="scale")
    check_choice(adjustment, ADJUSTMENTS, option="overdispersion")
    if target is not None and (target <= 0 or (kind == "proportion" and target >= 1)):
        raise MethodError(f"`target` is {target}; it must be above 0, and below 1 for a proportion.")


@several_levels
def funnel_limits(
    target: float,
    sizes: ArrayLike,
    *,
    kind: str = "proportion",
    level: Levels = (0.95, 0.998),
    scale: str = "identity",
    overdispersion: str = "none",
    phi: float = 1.0,
    tau2: float = 0.0,
) -> pd.DataFrame:
    """Control limits around a target for units of given sizes: the lines of a funnel plot.

    Parameters
    ----------
    target
        Value that all units are compared with.
    sizes
        Persons for a proportion, person-years for a rate, expected deaths for an SMR; above 0.
    kind
        ``proportion``, ``rate`` or ``smr``.
    level
        Share of units within the limits when only chance is at work; several give the rows of each.
    scale
        ``identity`` (exact limits when there is no over-dispersion) or ``root`` (normal on the square root, or on its
        arcsine for a proportion).
    overdispersion
        ``none``, ``multiplicative`` or ``additive``.
    phi, tau2
        What `over_dispersion` found on the same scale.

    Returns
    -------
    pandas.DataFrame
        One row per size: `size` and the estimate columns, with `measure` "funnel_limit", the target as `estimate` and
        the limits as `lower` and `upper`.

    Raises
    ------
    DataError
        When a size is missing or not above 0.
    MethodError
        When an option is unknown or the target impossible.

    Notes
    -----
    Interpretation: with 0.998, 2 of 1000 units lie outside by chance alone. Limits without over-dispersion are
    quantiles of the binomial or Poisson distribution at the target, interpolated between counts.

    References
    ----------
    Spiegelhalter DJ. Funnel plots for comparing institutional performance. Stat Med 2005;24:1185-1202.

    Examples
    --------
    >>> lines = funnel_limits(1.0, [10, 100], kind="smr", level=0.95)
    >>> lines[["lower", "upper"]].round(2).to_numpy().tolist()
    [[0.38, 1.62], [0.8, 1.2]]
    """
    coverage = one_level(level)
    _check_options(kind, scale, overdispersion, target)
    size = check_values(sizes, what="The sizes of the funnel", above=0).ravel()
    spread = OverDispersion(phi, tau2, 0)
    lower, upper = _control_limits(target, size, kind, coverage, scale, overdispersion, spread)
    return with_estimates(
        pd.DataFrame({"size": size}),
        measure="funnel_limit",
        estimate=target,
        lower=lower,
        upper=upper,
        level=coverage,
        unit=KINDS[kind][2],
        method=f"control limits, {scale} scale, {ADJUSTMENTS[overdispersion]}",
    )


def _classes(value: FloatArray, limits: list[tuple[float, FloatArray, FloatArray]]) -> list[str]:
    """Widest limits that each unit lies outside of, in words."""
    found = np.full(len(value), "within the limits", dtype=object)
    for level, lower, upper in sorted(limits, key=lambda limit: limit[0]):
        found[value > upper] = f"above the {level:.4g} limit"
        found[value < lower] = f"below the {level:.4g} limit"
    return found.tolist()


def _own_interval(count: FloatArray, size: FloatArray, kind: str, level: float) -> tuple[FloatArray, FloatArray]:
    if kind == "proportion":
        return proportion_interval(count, size, level)
    lower, upper = poisson_interval(count, level)
    return lower / size, upper / size


@checked_tables
def funnel_points(
    table: pd.DataFrame,
    *,
    kind: str = "proportion",
    events: str | None = None,
    size: str | None = None,
    target: float | None = None,
    level: Levels = (0.95, 0.998),
    scale: str = "identity",
    overdispersion: str = "none",
    winsorise: float = 0.1,
) -> pd.DataFrame:
    """Units against control limits around a target: which ones differ by more than chance.

    Parameters
    ----------
    table
        One row per unit, such as a hospital or municipality.
    kind
        ``proportion``, ``rate`` or ``smr``.
    events
        Column with counts; by default `events` for a proportion and `deaths` otherwise.
    size
        Column with persons, person-years or expected deaths; by default `total`, `person_years` or `expected`.
    target
        Value that all units are compared with; by default 1 for an SMR and otherwise that of all units together.
    level
        Share of units within the limits when only chance is at work; several give the rows of each.
    scale
        ``identity`` or ``root``, see `funnel_limits`.
    overdispersion
        ``none``, ``multiplicative`` (phi) or ``additive`` (tau2).
    winsorise
        Share of units at either end that is pulled in before over-dispersion is estimated.

    Returns
    -------
    pandas.DataFrame
        One row per unit and level: the columns of the table, `target`, `z`, `p_value` (two-sided, over-dispersion
        allowed for), `phi`, `tau2`, `control_lower`, `control_upper`, `significance` (the widest limit that the unit
        lies outside of) and the estimate columns, with the unit's own interval in `lower` and `upper`.

    Raises
    ------
    DataError
        When a column is missing, numbers are impossible or a unit has no size.
    MethodError
        When an option is unknown or the target impossible.

    Notes
    -----
    Interpretation: a unit above the 0.998 limit is worth a closer look; it is no verdict on its quality.
    Over-dispersion is the rule for large units: differences in who is served remain after any correction. Without it
    allowed for, half of the units may lie outside. The additive model says that true values differ between units,
    the multiplicative one only widens the limits.

    References
    ----------
    Spiegelhalter DJ. Funnel plots for comparing institutional performance. Stat Med 2005;24:1185-1202.

    Examples
    --------
    >>> towns = pd.DataFrame({"town": ["a", "b", "c"], "deaths": [10, 45, 98], "expected": [12.0, 28.0, 100.0]})
    >>> funnel_points(towns, kind="smr", level=0.95)["significance"].tolist()
    ['within the limits', 'above the 0.95 limit', 'within the limits']
    """
    _check_options(kind, scale, overdispersion, target)
    events, size = events or KINDS[kind][0], size or KINDS[kind][1]
    checked = require_numbers(require_numbers(table, [events], minimum=0), [size], above=0)
    count, total = checked[events].to_numpy(), checked[size].to_numpy()
    value = count / total
    middle = target if target is not None else 1.0 if kind == "smr" else float(count.sum() / total.sum())
    _check_options(kind, scale, overdispersion, middle)
    error = _standard_error(middle, total, kind, scale)
    distance = _to_scale(value, kind, scale) - _to_scale(np.asarray(middle), kind, scale)
    spread = over_dispersion(distance / error, error, winsorise=winsorise)
    widening = {"none": error**2, "multiplicative": error**2 * max(spread.phi, 1), "additive": error**2 + spread.tau2}
    z = divide(distance, np.sqrt(widening[overdispersion]))
    asked = listed_levels(level)
    levels = [one_level(one) for one in (asked if isinstance(asked, list) else [asked])]
    limits = [
        (one, *_control_limits(middle, total, kind, one, scale, overdispersion, spread)) for one in sorted(levels)
    ]
    shared = checked.assign(
        target=middle,
        z=z,
        p_value=2 * norm.sf(np.abs(z)),
        phi=spread.phi,
        tau2=spread.tau2,
        significance=_classes(value, limits),
    )
    few = notes.FEW_UNITS if overdispersion != "none" and len(checked) < 10 else ""
    rows = []
    for one, low, high in limits:
        lower, upper = _own_interval(count, total, kind, one)
        rows.append(
            with_estimates(
                shared.assign(control_lower=low, control_upper=high),
                measure=kind,
                estimate=value,
                lower=lower,
                upper=upper,
                level=one,
                unit=KINDS[kind][2],
                method=f"control limits, {scale} scale, {ADJUSTMENTS[overdispersion]}",
                note=few,
            )
        )
    return pd.concat(rows, ignore_index=True)
