"""Which ages and causes of death make two life expectancies differ: Arriaga, Horiuchi and stepwise replacement."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.errors import DataError, MethodError
from analysis.estimates import with_estimates
from analysis.measures.life_tables.causes import DeathsByCause, deaths_by_cause
from analysis.measures.life_tables.general_decomposition import line_integral_decomposition, stepwise_replacement
from analysis.measures.life_tables.life_expectancy import bands_until
from analysis.measures.life_tables.tables import life_table_of_rates, years_per_entrant
from analysis.measures.shared import notes
from analysis.measures.shared.checks import FloatArray, check_choice, column_names, normal_quantile, require_columns
from analysis.measures.shared.grouping import rows_of_group
from analysis.measures.shared.levels import Levels, one_level, several_levels

METHODS = ("arriaga", "symmetric", "horiuchi", "stepwise")
Contributions = Callable[[FloatArray, FloatArray], FloatArray]


def arriaga_contributions(
    reference: FloatArray, exposed: FloatArray, start: FloatArray, width: FloatArray, ax: str = "constant hazard"
) -> FloatArray:
    """Contribution of each age band to life expectancy of the exposed minus that of the reference.

    Parameters
    ----------
    reference, exposed
        Deaths per person-year; the last axis holds the bands.
    start, width
        Age at which each band begins, and its width in years; infinite for an open last band.
    ax
        ``constant hazard`` within each band, or ``midpoint``.

    Returns
    -------
    numpy.ndarray
        Years, of the shape of the rates; they add up to the difference exactly.

    References
    ----------
    Arriaga EE. Measuring and explaining the change in life expectancies. Demography 1984;21:83-96.

    Examples
    --------
    >>> arriaga_contributions([0.01, 0.1], [0.02, 0.2], [0, 65], [65, float("inf")]).round(2).tolist()
    [-12.67, -2.61]
    """
    lives = life_table_of_rates(reference, start, width, ax=ax)
    other = life_table_of_rates(exposed, start, width, ax=ax)
    later = np.concatenate([other.expectancy[..., 1:], np.zeros((*other.risk.shape[:-1], 1))], axis=-1)
    within = [years_per_entrant(each.width, each.years_of_dying, each.risk) for each in (lives, other)]
    return np.asarray(lives.survivors * (within[1] - within[0] + later * (lives.risk - other.risk)))


def _by_cause(total: Contributions) -> Contributions:
    """Share the contribution of a band between causes by their part in the difference of its rates."""

    def contributions(reference: FloatArray, exposed: FloatArray) -> FloatArray:
        whole, other = reference.sum(axis=-2), exposed.sum(axis=-2)
        equal = np.abs(other - whole) <= 1e-9 * np.maximum(np.abs(whole), 1e-300)
        # equal rates: the quotient has a limit, the slope, taken a small step away from equality
        moved = np.where(equal, other + 1e-6 * np.maximum(other, 1e-9), other)
        slope = total(whole, moved) / (moved - whole)
        return np.asarray(slope[..., None, :] * (exposed - reference))

    return contributions


def _contributions(method: str, start: FloatArray, width: FloatArray, ax: str) -> Contributions:
    """Years by cause and band from the rates by cause and band of both groups."""

    def arriaga(reference: FloatArray, exposed: FloatArray) -> FloatArray:
        return arriaga_contributions(reference, exposed, start, width, ax)

    def symmetric(reference: FloatArray, exposed: FloatArray) -> FloatArray:
        return (arriaga(reference, exposed) - arriaga(exposed, reference)) / 2

    def general(reference: FloatArray, exposed: FloatArray) -> FloatArray:
        def expectancy(rows: FloatArray) -> FloatArray:
            rates = rows.reshape(-1, *reference.shape).sum(axis=1)
            return np.asarray(life_table_of_rates(np.maximum(rates, 0.0), start, width, ax=ax).expectancy[:, 0])

        decompose = line_integral_decomposition if method == "horiuchi" else stepwise_replacement
        return decompose(expectancy, reference.ravel(), exposed.ravel()).reshape(reference.shape)

    if method in ("arriaga", "symmetric"):
        return _by_cause(arriaga if method == "arriaga" else symmetric)
    return general


def _slopes(contributions: Contributions, reference: FloatArray, exposed: FloatArray) -> FloatArray:
    """Slopes of all contributions on all rates of both groups, by central differences."""
    both = np.stack([reference, exposed])  # groups, causes, bands
    step = 1e-5 * np.maximum(both, 1e-7)
    moves = np.zeros((both.size, *both.shape))
    moves.reshape(both.size, both.size)[np.diag_indices(both.size)] = step.ravel()
    slopes = np.empty((both.size, *reference.shape))
    for block in np.array_split(np.arange(both.size), max(1, both.size // 200)):
        up, down = both + moves[block], np.maximum(both - moves[block], 0.0)
        change = contributions(up[:, 0], up[:, 1]) - contributions(down[:, 0], down[:, 1])
        slopes[block] = change / (up - down).reshape(len(block), -1).sum(axis=1)[:, None, None]
    return slopes


def _sum_over(array: FloatArray, axes: Sequence[int]) -> FloatArray:
    return array.sum(axis=tuple(axes), keepdims=True) if axes else array


def _rows_of_pair(data: tuple[DeathsByCause, DeathsByCause], places: tuple[int, int], **options: Any) -> dict[str, Any]:
    """Years, variance and rates of one comparison, as arrays of causes by bands."""
    used, method, ax, axes = options["used"], options["method"], options["ax"], options["axes"]
    rates = [side.rates[place][:, used] for side, place in zip(data, places, strict=True)]
    bands = data[0].populations
    contributions = _contributions(method, bands.start[used], bands.width[used], ax)
    no_last = bool(np.isinf(bands.width[-1])) and any(side[:, -1].sum() == 0 for side in rates) and used.stop is None
    zero = any((side.deaths[place][:, used].sum(axis=0) == 0).any() for side, place in zip(data, places, strict=True))
    shape = _sum_over(rates[0], axes).shape
    if no_last:
        years = variance = np.full(shape, np.nan)
    else:
        years = _sum_over(contributions(*rates), axes)
        variance = np.full(shape, np.nan)
    if method in ("arriaga", "symmetric") and not no_last:
        slopes = _sum_over(_slopes(contributions, *rates), axes)
        spread = [
            rate / side.person_years[place][None, used] for rate, side, place in zip(rates, data, places, strict=True)
        ]
        variance = np.tensordot(np.stack(spread).ravel(), slopes**2, axes=1)
    remark = notes.combine_notes(
        notes.NO_DEATHS_IN_LAST_BAND if no_last else "",
        notes.NO_DEATHS_IN_SOME_BANDS if zero and not no_last else "",
        "" if method in ("arriaga", "symmetric") else notes.NO_INTERVAL_FOR_METHOD,
    )
    return {"years": years, "variance": variance, "note": remark, "reference": rates[0], "exposed": rates[1]}


def _sides(
    table: pd.DataFrame, group: str, values: tuple[Any, Any], by: list[str], **columns: str
) -> tuple[DeathsByCause, DeathsByCause]:
    sides = [deaths_by_cause(rows_of_group(table, group, value), by=by, **columns) for value in values]
    if len(sides[0]) != 1 or len(sides[1]) != 1:
        raise DataError("The age bands differ between the comparisons of `by`. Compare those with the same bands.")
    one, two = sides[0][0], sides[1][0]
    same_bands = one.populations.start.tolist() == two.populations.start.tolist() and (
        one.populations.end.tolist() == two.populations.end.tolist()
    )
    if not same_bands or one.causes != two.causes:
        raise DataError(
            f"The age bands or causes of {values[0]!r} and {values[1]!r} are not the same. Join bands until they are, "
            "and add rows with zero deaths for causes that one of them lacks."
        )
    if not one.populations.groups.equals(two.populations.groups):
        raise DataError(f"The comparisons of `by` ({', '.join(by)}) are not all there for both groups. Select them.")
    return one, two


@several_levels
def life_expectancy_decomposition(
    table: pd.DataFrame,
    *,
    group: str,
    exposed: Any,
    reference: Any,
    cause: str | None = None,
    age_from: str = "age_from",
    age_to: str = "age_to",
    deaths: str = "deaths",
    person_years: str = "person_years",
    by: str | Sequence[str] = (),
    at: float = 0,
    until: float | None = None,
    summed_over: str | Sequence[str] = (),
    ax: str = "constant hazard",
    method: str = "arriaga",
    level: Levels = 0.95,
) -> pd.DataFrame:
    """Contribution of each age, and each cause of death, to the difference of two life expectancies.

    Parameters
    ----------
    table
        One row per group and age band, and per cause and comparison when `cause` and `by` are given.
    group
        Column that names the group.
    exposed, reference
        Names of the group of interest, and of the one it is compared with.
    cause
        Column that names the cause of death; the causes together are all deaths. None decomposes by age only.
    age_from, age_to
        Columns with the ages at which a band begins and ends (exclusive); empty for the open last band.
    deaths, person_years
        Columns with counts of deaths and years at risk; person-years are the same for every cause.
    by
        Columns that define separate comparisons; none gives one.
    at
        Age from which on life is counted; a band must begin there.
    until
        Count only years before this age; None counts the whole life.
    summed_over
        ``age``, ``cause`` or both, for contributions of causes over all ages, of ages over all causes, or the whole
        difference, each with its own interval.
    ax
        ``constant hazard`` within each band, or ``midpoint``.
    method
        ``arriaga`` (survival of the reference), ``symmetric`` (mean of both directions), ``horiuchi`` (line integral)
        or ``stepwise`` (symmetric replacement); the last two have no interval.
    level
        Coverage of the interval, between 0 and 1; or several.

    Returns
    -------
    pandas.DataFrame
        One row per comparison, cause and age band: `age_from`, `age_to`, `rate_exposed`, `rate_reference` and the
        estimate columns, with `measure` "contribution" and `unit` "years". Contributions add up to the difference.

    Raises
    ------
    DataError
        When bands, causes or comparisons of the two groups differ, or numbers are impossible.
    MethodError
        When a method does not exist, or no band begins at `at`.

    Notes
    -----
    Interpretation: -3.4 at 20-29 means that the higher death rate at these ages takes 3.4 years from the difference of
    exposed minus reference. A cause gets the part of a band's contribution that it has in the difference of the rates;
    it can be positive in one age and negative in another. It describes, it does not tell what prevention would bring.

    References
    ----------
    Arriaga EE. Measuring and explaining the change in life expectancies. Demography 1984;21:83-96.
    Arriaga EE. Changing trends in mortality decline during the last decades. In: Ruzicka L, Wunsch G, Kane P, editors.
    Differential mortality. Oxford: Clarendon, 1989 (causes).
    Horiuchi S, Wilmoth JR, Pletcher SD. Demography 2008;45:785-801.
    Andreev EM, Shkolnikov VM, Begun AZ. Demogr Res 2002;7:499-522.

    Examples
    --------
    >>> bands = pd.DataFrame({"who": ["a", "a", "b", "b"], "age_from": [0, 65] * 2, "age_to": [65, None] * 2})
    >>> bands = bands.assign(deaths=[10, 30, 20, 60], person_years=[1000, 300] * 2)
    >>> parts = life_expectancy_decomposition(bands, group="who", exposed="b", reference="a")
    >>> parts[["age_from", "estimate"]].round(2).to_numpy().tolist()
    [[0.0, -12.67], [65.0, -2.61]]
    """
    check_choice(method, METHODS)
    require_columns(table, [group, *column_names(by)])
    sums, name = column_names(summed_over), cause or "_cause"
    for axis in sums:
        check_choice(axis, ("age", "cause"), option="summed_over")
    keys = column_names(by)
    columns = {"cause": name, "age_from": age_from, "age_to": age_to, "deaths": deaths, "person_years": person_years}
    filled = table if cause else table.assign(_cause="all")
    data = _sides(filled, group, (reference, exposed), keys, **columns)
    populations = data[0].populations
    first = populations.position(at)
    used = slice(first, bands_until(populations, until).stop)
    if until is not None and until <= at:
        raise MethodError(f"Years lived until {until:g} cannot be counted from {at:g}. Choose a younger age.")
    options = {"used": used, "method": method, "ax": ax, "axes": [{"cause": -2, "age": -1}[axis] for axis in sums]}
    pairs = [_rows_of_pair(data, (place, place), **options) for place in range(len(populations.groups))]
    return _table(data[0], pairs, used=used, sums=sums, cause=cause, method=method, ax=ax, level=one_level(level))


def _table(
    data: DeathsByCause,
    pairs: list[dict[str, Any]],
    *,
    used: slice,
    sums: list[str],
    cause: str | None,
    method: str,
    ax: str,
    level: float,
) -> pd.DataFrame:
    start, end = data.populations.start[used], data.populations.end[used]
    causes, bands = pairs[0]["years"].shape
    groups = data.populations.groups
    rows = groups.loc[groups.index.repeat(causes * bands)].reset_index(drop=True)
    if cause and "cause" not in sums:
        rows[cause] = np.tile(np.repeat(np.array(data.causes, dtype=object), bands), len(pairs))
    whole = "age" in sums
    rows["age_from"] = np.tile(start[:1] if whole else start, len(pairs) * causes)
    rows["age_to"] = np.tile(end[-1:] if whole else end, len(pairs) * causes)
    if not whole:
        for side in ("exposed", "reference"):
            rates = [pair[side].sum(axis=0, keepdims=True) if "cause" in sums else pair[side] for pair in pairs]
            rows[f"rate_{side}"] = np.concatenate([rate.ravel() for rate in rates])
    years = np.concatenate([pair["years"].ravel() for pair in pairs])
    half = normal_quantile(level) * np.sqrt(np.concatenate([pair["variance"].ravel() for pair in pairs]))
    words = {
        "arriaga": "Arriaga",
        "symmetric": "Arriaga, mean of both directions",
        "horiuchi": "line integral (Horiuchi)",
    }
    interval = "; delta method for Poisson counts" if method in ("arriaga", "symmetric") else ""
    return with_estimates(
        rows,
        measure="contribution",
        estimate=years,
        lower=years - half,
        upper=years + half,
        level=level,
        unit="years",
        method=f"{words.get(method, 'stepwise replacement, mean of both directions')}, {ax}{interval}",
        note=np.repeat([pair["note"] for pair in pairs], causes * bands).tolist(),
    )
