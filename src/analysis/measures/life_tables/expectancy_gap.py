"""Gap in remaining life expectancy between a small group and a reference, with simulated intervals and ages."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

import numpy as np
import pandas as pd

from analysis.errors import DataError, MethodError
from analysis.estimates import with_estimates
from analysis.measures.life_tables.age_bands import BandedPopulations, ages_to_report, banded_populations
from analysis.measures.life_tables.decomposition import arriaga_contributions
from analysis.measures.life_tables.life_expectancy import bands_until
from analysis.measures.life_tables.tables import check_rates, death_rates, life_table_of_rates
from analysis.measures.shared import notes
from analysis.measures.shared.checks import FloatArray, check_values, check_whole, column_names
from analysis.measures.shared.levels import Levels, one_level, several_levels
from analysis.measures.shared.simulation import simulated_interval

FEWEST_DRAWS = 100


def drawn_rates(
    deaths: FloatArray, person_years: FloatArray, *, draws: int, random: np.random.Generator, prior: float = 0.5
) -> FloatArray:
    """Death rates as observed, in the first row, and drawn from their Gamma distributions, in the others.

    Parameters
    ----------
    deaths
        Deaths per band.
    person_years
        Years at risk per band.
    draws
        Number of draws.
    random
        Source of random numbers.
    prior
        Added to the deaths of each band before drawing, above 0: 0.5 is Jeffreys' prior.

    Returns
    -------
    numpy.ndarray
        Deaths per person-year: one more row than draws, one column per band.

    Examples
    --------
    >>> rates = drawn_rates(np.array([0.0, 8.0]), np.array([100.0, 200.0]), draws=2, random=np.random.default_rng(1))
    >>> rates[0].tolist(), bool((rates[1:] > 0).all())
    ([0.0, 0.04], True)
    """
    drawn = random.standard_gamma(deaths + prior, size=(draws, len(deaths))) / person_years
    return np.vstack([deaths / person_years, drawn])


def drawn_ratio_rates(
    deaths: FloatArray,
    person_years: FloatArray,
    reference: FloatArray,
    begins: Sequence[int],
    *,
    draws: int,
    random: np.random.Generator,
    prior: float = 0.5,
) -> FloatArray:
    """Death rates with a constant ratio to a reference within each age group, as observed (first row) and as drawn.

    Parameters
    ----------
    deaths, person_years
        Deaths and years at risk per band.
    reference
        Deaths per person-year of the reference: one row, or one more row than draws; one column per band.
    begins
        Positions of the bands at which the groups begin, the first 0.
    draws
        Number of draws.
    random
        Source of random numbers.
    prior
        Added to the deaths of each group before drawing, above 0: 0.5 is Jeffreys' prior.

    Returns
    -------
    numpy.ndarray
        Deaths per person-year: one more row than draws, one column per band. The ratio of a group is its deaths over
        those expected at the rates of the reference.

    Examples
    --------
    >>> reference = np.array([[0.01, 0.02, 0.1]])
    >>> rates = drawn_ratio_rates(
    ...     np.array([1.0, 7, 9]), np.full(3, 100.0), reference, [0, 2], draws=2, random=np.random.default_rng(1)
    ... )
    >>> (rates[0] / reference[0]).round(3).tolist()
    [2.667, 2.667, 0.9]
    """
    counted = np.add.reduceat(deaths, begins)
    drawn = random.standard_gamma(counted + prior, size=(draws, len(counted)))
    expected = np.add.reduceat(person_years * reference, begins, axis=1)
    ratios = np.vstack([counted, drawn]) / expected
    return np.asarray(np.repeat(ratios, np.diff([*begins, len(deaths)]), axis=1) * reference)


def gap_draws(
    exposed: FloatArray, reference: FloatArray, start: FloatArray, width: FloatArray, ax: str = "constant hazard"
) -> FloatArray:
    """Gap in remaining life expectancy at the start of every band, for all draws at once.

    Parameters
    ----------
    exposed
        Deaths per person-year of the group: draws by bands.
    reference
        Deaths per person-year of the reference: draws by bands, or one row for all draws.
    start, width
        Age at which each band begins, and its width in years; infinite for the open last band.
    ax
        ``constant hazard`` within each band, or ``midpoint``.

    Returns
    -------
    numpy.ndarray
        Years, exposed minus reference: draws by bands.

    Examples
    --------
    >>> gap_draws(np.array([[0.02, 0.2]]), np.array([[0.01, 0.1]]), [0, 65], [65, float("inf")]).round(2).tolist()
    [[-15.28, -5.0]]
    """
    lives = [life_table_of_rates(rates, start, width, ax=ax).expectancy for rates in (exposed, reference)]
    return np.asarray(lives[0] - lives[1])


def contribution_draws(
    exposed: FloatArray,
    reference: FloatArray,
    start: FloatArray,
    width: FloatArray,
    *,
    band: int = 0,
    ax: str = "constant hazard",
) -> FloatArray:
    """Contributions of the bands to the gap at the start of one of them, for all draws at once.

    Parameters
    ----------
    exposed
        Deaths per person-year of the group: draws by bands.
    reference
        Deaths per person-year of the reference: draws by bands, or one row for all draws.
    start, width
        Age at which each band begins, and its width in years; infinite for the open last band.
    band
        Position of the band at whose start the gap is explained.
    ax
        ``constant hazard`` within each band, or ``midpoint``.

    Returns
    -------
    numpy.ndarray
        Years: draws by bands from that one on; in each draw they add up to the gap.

    Examples
    --------
    >>> parts = contribution_draws(np.array([[0.02, 0.2]]), np.array([[0.01, 0.1]]), [0, 65], [65, float("inf")])
    >>> parts.round(2).tolist()
    [[-12.67, -2.61]]
    """
    return arriaga_contributions(reference[:, band:], exposed[:, band:], start[band:], width[band:], ax)


class _Drawing(TypedDict):
    """How rates are drawn."""

    draws: int
    random: np.random.Generator
    prior: float


@dataclass(frozen=True)
class _Pair:
    """A group and its reference: rates as observed in the first row, as drawn in the others."""

    populations: BandedPopulations
    place: int
    exposed: FloatArray
    reference: FloatArray
    note: str
    defined: bool

    def sums(self, columns: Sequence[str], bands: slice) -> dict[str, Any]:
        """Group columns, and numbers added up over bands."""
        numbers = {name: self.populations.numbers[name][self.place, bands].sum() for name in columns}
        group = {str(name): value for name, value in self.populations.groups.iloc[self.place].items()}
        return {**group, **numbers}


def _reference_of(
    exposed: BandedPopulations, reference: pd.DataFrame, values: list[str], keys: list[str], age_from: str, age_to: str
) -> BandedPopulations:
    """The reference with the bands of the exposed, its populations in their order."""
    found = banded_populations(reference, values, by=keys, age_from=age_from, age_to=age_to)
    same = len(found) == 1 and found[0].start.tolist() == exposed.start.tolist()
    if not same or found[0].end.tolist() != exposed.end.tolist():
        bands = ", ".join(f"{age:g}" for age in exposed.start[:25])
        raise DataError(
            f"The age bands of the reference are not those of the table, which begin at {bands}. Add deaths and "
            "person-years of the reference up to these bands; its rates cannot be averaged without person-years."
        )
    if not found[0].groups.equals(exposed.groups):
        raise DataError(
            f"The groups of the reference ({found[0].groups.to_dict('records')[:4]}) are not those of the table "
            f"({exposed.groups.to_dict('records')[:4]}). Select the same groups in both."
        )
    return found[0]


def _group_begins(exposed: BandedPopulations, ages: Sequence[float]) -> list[int]:
    """Positions of the bands at which the ratio groups begin; groups beyond the last band are left out."""
    wanted = check_values(ages, what="The option `ratio_groups`", minimum=0)
    if wanted.ndim != 1 or not wanted.size or (np.diff(wanted) <= 0).any() or wanted[0] > exposed.start[0]:
        raise MethodError(
            f"The option `ratio_groups` is {ages!r}; give the ages at which the groups begin, from low to high, the "
            f"first no higher than the first band ({exposed.start[0]:g})."
        )
    inside = wanted[(wanted > exposed.start[0]) & (wanted <= exposed.start[-1])]
    return [0, *(exposed.position(age) for age in inside)]


def _check_expected(
    exposed: BandedPopulations, deaths: str, person_years: str, known: FloatArray, begins: list[int]
) -> None:
    """Each group needs expected deaths; a band may be without person-years, unless people died in it."""
    count, time = exposed.numbers[deaths], exposed.numbers[person_years]
    if ((time <= 0) & (count > 0)).any():
        death_rates(exposed, deaths, person_years)
    none = np.add.reduceat(time * known, begins, axis=1) <= 0
    if none.any():
        row, group = np.argwhere(none)[0]
        names = exposed.groups.iloc[row].to_dict()
        where = f"from {exposed.start[begins[group]]:g}" + (f" of {names}" if names else "")
        raise DataError(
            f"No deaths are expected in {int(none.sum())} of the ratio groups, the first {where}: there is no ratio. "
            "Join it with its neighbour; a group needs person-years and a reference rate above 0."
        )


def _pairs(
    table: pd.DataFrame,
    reference: pd.DataFrame,
    *,
    deaths: str,
    person_years: str,
    rate: str | None,
    keys: list[str],
    draws: int,
    seed: int,
    prior: float,
    draw_reference: bool,
    ratio_groups: Sequence[float] | None,
    age_from: str,
    age_to: str,
) -> list[_Pair]:
    """Both sides of every comparison, drawn with random numbers of its own."""
    if check_whole(draws, option="draws", minimum=1) < FEWEST_DRAWS:
        raise MethodError(f"{draws} draws say little about an interval. Take at least 100; 10,000 take milliseconds.")
    check_whole(seed, option="seed", minimum=0)
    if check_values(prior, what="The option `prior`", above=0, maximum=10).ndim:
        raise MethodError(f"The option `prior` is {prior!r}; it must be one number, such as 0.5.")
    if rate is not None and draw_reference:
        raise MethodError(
            "Rates without deaths cannot be drawn. Give deaths and person-years, or draw_reference=False."
        )
    parts = banded_populations(table, [deaths, person_years], by=keys, age_from=age_from, age_to=age_to)
    if len(parts) != 1:
        raise DataError("The age bands differ between the groups of `by`. Compare groups with the same bands at once.")
    exposed = parts[0]
    bands_until(exposed, None)
    other = _reference_of(exposed, reference, [rate] if rate else [deaths, person_years], keys, age_from, age_to)
    given = check_rates(other, other.numbers[rate]) if rate else None
    known = death_rates(other, deaths, person_years) if given is None else given
    begins = None if ratio_groups is None else _group_begins(exposed, ratio_groups)
    if begins is None:
        death_rates(exposed, deaths, person_years)
    else:
        _check_expected(exposed, deaths, person_years, known, begins)
    pairs = []
    for place, random in enumerate(np.random.default_rng(seed).spawn(len(exposed.groups))):
        count, time = exposed.numbers[deaths][place], exposed.numbers[person_years][place]
        drawing: _Drawing = {"draws": draws, "random": random, "prior": prior}
        standard = known[place][None, :]
        if draw_reference:
            standard = drawn_rates(other.numbers[deaths][place], other.numbers[person_years][place], **drawing)
        if begins is None:
            rates = drawn_rates(count, time, **drawing)
        else:
            rates = drawn_ratio_rates(count, time, standard, begins, **drawing)
        undefined = rates[0, -1] == 0 or known[place][-1] == 0
        if undefined:
            rates[0], standard = np.where(rates[0] > 0, rates[0], 1.0), np.where(standard > 0, standard, 1.0)
        note = notes.NO_DEATHS_IN_LAST_BAND if undefined else ""
        pairs.append(_Pair(exposed, place, rates, standard, note, not undefined))
    return pairs


def _simulated(values: FloatArray, pair: _Pair, level: float) -> dict[str, Any]:
    """The value as observed with the percentiles of the draws, moved where they would leave it out."""
    if not pair.defined:
        gone = dict.fromkeys(("standard_error", "monte_carlo_error", "estimate", "lower", "upper"), np.nan)
        return {**gone, "note": pair.note}
    estimate, found = float(values[0]), simulated_interval(lambda drawn: drawn, values[1:], level)
    moved = not found.lower <= estimate <= found.upper
    return {
        "standard_error": found.standard_error,
        "monte_carlo_error": found.monte_carlo_error,
        "estimate": estimate,
        "lower": min(found.lower, estimate),
        "upper": max(found.upper, estimate),
        "note": notes.combine_notes(pair.note, notes.LIMIT_AT_ESTIMATE if moved else ""),
    }


def _results(rows: list[dict[str, Any]], *, measure: str, level: float, method: str) -> pd.DataFrame:
    table = pd.DataFrame(rows)
    return with_estimates(
        table.drop(columns=["estimate", "lower", "upper", "note"]),
        measure=measure,
        estimate=table["estimate"],
        lower=table["lower"],
        upper=table["upper"],
        level=level,
        unit="years",
        method=method,
        note=table["note"].tolist(),
    )


def _method(draws: int, prior: float, draw_reference: bool, ratio_groups: Sequence[float] | None, ax: str) -> str:
    known = "reference drawn too" if draw_reference else "reference known"
    ratio = "" if ratio_groups is None else f", ratio constant from {', '.join(f'{age:g}' for age in ratio_groups)}"
    return f"period life table, {ax}; {draws:,} Gamma draws of deaths + {prior:g}{ratio}, {known}"


@several_levels
def life_expectancy_gap(
    table: pd.DataFrame,
    reference: pd.DataFrame,
    *,
    at: float | Sequence[float] = (0,),
    by: str | Sequence[str] = (),
    age_from: str = "age_from",
    age_to: str = "age_to",
    deaths: str = "deaths",
    person_years: str = "person_years",
    rate: str | None = None,
    ratio_groups: Sequence[float] | None = None,
    draw_reference: bool = False,
    prior: float = 0.5,
    draws: int = 10_000,
    seed: int = 0,
    ax: str = "constant hazard",
    level: Levels = 0.95,
) -> pd.DataFrame:
    """Remaining life expectancy of a small group minus that of a reference, with a simulated interval.

    Parameters
    ----------
    table
        The group: one row per age band, and per comparison when `by` is given, with deaths and person-years.
    reference
        The reference with the same age bands and groups: deaths and person-years, or rates.
    at
        Ages at which to report; a band must begin there.
    by
        Columns that define separate comparisons, such as sex; none gives one.
    age_from, age_to
        Columns with the ages at which a band begins and ends (exclusive); empty or infinite for the open last band.
    deaths, person_years
        Columns with counts of deaths and years at risk.
    rate
        Column of the reference with deaths per person-year, instead of its deaths and person-years.
    ratio_groups
        Ages at which broad groups begin, within which the ratio of death rates to the reference is constant; a band
        must begin at each. None gives every band a rate of its own.
    draw_reference
        Draw the reference too, as a sample; False takes it as known without error, as a whole country is.
    prior
        Added to the deaths of each band or group before drawing, above 0: 0.5 is Jeffreys' prior for a rate.
    draws
        Number of draws, at least 100.
    seed
        Start of the random numbers: the same seed gives the same draws. Each group of `by` has draws of its own, by
        its place among the groups: on its own it has the same estimate, and limits that differ by the error of draws.
    ax
        ``constant hazard`` within each band, or ``midpoint``.
    level
        Coverage of the interval, between 0 and 1; several give the rows of each.

    Returns
    -------
    pandas.DataFrame
        One row per comparison and age: the columns of `by`, `age`, `deaths`, `person_years` (from that age on),
        `expectancy_exposed`, `expectancy_reference` (years, as observed), `standard_error`, `monte_carlo_error` (of
        the less certain limit, due to the number of draws) and the estimate columns, with `measure`
        "life_expectancy_gap" and `unit` "years". Without deaths in the open last band there is no gap, and a `note`
        says so.

    Raises
    ------
    DataError
        When bands or groups of both tables differ, the last band is closed, or numbers are impossible.
    MethodError
        When an option does not exist, or no band begins at an age of `at` or of `ratio_groups`.

    Notes
    -----
    Interpretation: -14.2 at age 30 means that members of the group who are 30 have 14.2 years less to live on average
    than the reference, if both met the death rates of this period for the rest of life. The estimate comes from the
    deaths as observed; draws are from Gamma(deaths + prior, person-years), so that a band without deaths adds to the
    width, which it does not in Chiang's variance. The prior pulls towards more deaths: with few deaths over many bands
    the interval lies lower than the estimate would suggest. Join bands until most have deaths, or keep them and give
    `ratio_groups`: half a death is then added per group, and estimate and draws are the reference times the ratio of
    the group, its deaths over those expected. Bands without person-years are then allowed.
    Do not use it as the loss of an individual: a life spent in the group from `at` on is assumed.

    References
    ----------
    Chiang CL. The life table and its applications. Malabar: Krieger, 1984.
    Brown LD, Cai TT, DasGupta A. Interval estimation in exponential families. Stat Sin 2003;13:19-49 (Jeffreys).
    Andreev EM, Shkolnikov VM. Spreadsheet for calculation of confidence limits for any life table or healthy-life
    table quantity. MPIDR technical report 2010-005 (simulation).

    Examples
    --------
    >>> bands = pd.DataFrame({"age_from": [20, 45, 65], "age_to": [45, 65, None]})
    >>> group = bands.assign(deaths=[12, 30, 8], person_years=[1500.0, 1200.0, 100.0])
    >>> country = bands.assign(rate=[0.0008, 0.005, 0.06])
    >>> gap = life_expectancy_gap(group, country, rate="rate", at=20)
    >>> gap[["expectancy_exposed", "estimate", "lower", "upper"]].round(0).to_numpy().tolist()
    [[42.0, -16.0, -22.0, -8.0]]
    """
    keys, coverage, ages = column_names(by), one_level(level), ages_to_report(at)
    columns = {"deaths": deaths, "person_years": person_years, "rate": rate, "age_from": age_from, "age_to": age_to}
    drawing = {"draws": draws, "seed": seed, "prior": prior, "draw_reference": draw_reference}
    rows = []
    for pair in _pairs(table, reference, keys=keys, ratio_groups=ratio_groups, **columns, **drawing):  # type: ignore[arg-type]
        people = pair.populations
        gaps = gap_draws(pair.exposed, pair.reference, people.start, people.width, ax)
        observed = life_table_of_rates(pair.reference[0], people.start, people.width, ax=ax).expectancy
        for age in ages:
            band = people.position(age)
            years = {
                "expectancy_exposed": observed[band] + gaps[0, band] if pair.defined else np.nan,
                "expectancy_reference": observed[band] if pair.defined else np.nan,
            }
            numbers = pair.sums([deaths, person_years], slice(band, None))
            rows.append({**numbers, "age": age, **years, **_simulated(gaps[:, band], pair, coverage)})
    return _results(
        rows,
        measure="life_expectancy_gap",
        level=coverage,
        method=_method(draws, prior, draw_reference, ratio_groups, ax),
    )


@several_levels
def life_expectancy_gap_by_age(
    table: pd.DataFrame,
    reference: pd.DataFrame,
    *,
    at: float = 0,
    by: str | Sequence[str] = (),
    age_from: str = "age_from",
    age_to: str = "age_to",
    deaths: str = "deaths",
    person_years: str = "person_years",
    rate: str | None = None,
    ratio_groups: Sequence[float] | None = None,
    draw_reference: bool = False,
    prior: float = 0.5,
    draws: int = 10_000,
    seed: int = 0,
    ax: str = "constant hazard",
    level: Levels = 0.95,
) -> pd.DataFrame:
    """What each age contributes to the gap in remaining life expectancy, from the draws of `life_expectancy_gap`.

    Parameters
    ----------
    table
        The group: one row per age band, and per comparison when `by` is given, with deaths and person-years.
    reference
        The reference with the same age bands and groups: deaths and person-years, or rates.
    at
        Age from which on the gap is explained; a band must begin there.
    by
        Columns that define separate comparisons, such as sex; none gives one.
    age_from, age_to
        Columns with the ages at which a band begins and ends (exclusive); empty or infinite for the open last band.
    deaths, person_years
        Columns with counts of deaths and years at risk.
    rate
        Column of the reference with deaths per person-year, instead of its deaths and person-years.
    ratio_groups
        Ages at which broad groups begin, within which the ratio of death rates to the reference is constant; a band
        must begin at each. None gives every band a rate of its own.
    draw_reference
        Draw the reference too; False takes it as known without error.
    prior
        Added to the deaths of each band or group before drawing, above 0.
    draws
        Number of draws, at least 100.
    seed
        Start of the random numbers; with that of `life_expectancy_gap`, and the same groups, the draws are the same.
    ax
        ``constant hazard`` within each band, or ``midpoint``.
    level
        Coverage of the interval, between 0 and 1; several give the rows of each.

    Returns
    -------
    pandas.DataFrame
        One row per comparison and age band: the columns of `by`, `age_from`, `age_to`, `deaths`, `person_years`,
        `standard_error`, `monte_carlo_error` and the estimate columns, with `measure` "contribution" and `unit`
        "years". Estimates add up to the gap, and so do the contributions of each draw; limits do not.

    Raises
    ------
    DataError
        When bands or groups of both tables differ, the last band is closed, or numbers are impossible.
    MethodError
        When an option does not exist, or no band begins at `at` or at an age of `ratio_groups`.

    Notes
    -----
    Interpretation: -4.6 at 45-64 means that the higher death rate at these ages takes 4.6 of the years of the gap.
    Survival to each age is that of the reference (Arriaga). `life_expectancy_decomposition` does the same for causes of
    death and other weights, with intervals by the delta method, in which bands without deaths have no width.

    References
    ----------
    Arriaga EE. Measuring and explaining the change in life expectancies. Demography 1984;21:83-96.

    Examples
    --------
    >>> bands = pd.DataFrame({"age_from": [20, 45, 65], "age_to": [45, 65, None]})
    >>> group = bands.assign(deaths=[12, 30, 8], person_years=[1500.0, 1200.0, 100.0])
    >>> country = bands.assign(rate=[0.0008, 0.005, 0.06])
    >>> ages = life_expectancy_gap_by_age(group, country, rate="rate", at=20)
    >>> ages["estimate"].round(1).tolist()
    [-5.9, -6.9, -3.7]
    """
    keys, coverage = column_names(by), one_level(level)
    columns = {"deaths": deaths, "person_years": person_years, "rate": rate, "age_from": age_from, "age_to": age_to}
    drawing = {"draws": draws, "seed": seed, "prior": prior, "draw_reference": draw_reference}
    rows = []
    for pair in _pairs(table, reference, keys=keys, ratio_groups=ratio_groups, **columns, **drawing):  # type: ignore[arg-type]
        people, first = pair.populations, pair.populations.position(at)
        parts = contribution_draws(pair.exposed, pair.reference, people.start, people.width, band=first, ax=ax)
        for place, band in enumerate(range(first, len(people.start))):
            numbers = pair.sums([deaths, person_years], slice(band, band + 1))
            bounds = {"age_from": people.start[band], "age_to": people.end[band]}
            rows.append({**numbers, **bounds, **_simulated(parts[:, place], pair, coverage)})
    method = f"Arriaga; {_method(draws, prior, draw_reference, ratio_groups, ax)}"
    return _results(rows, measure="contribution", level=coverage, method=method)
