"""Reference rates scaled by one factor until they give a published life expectancy."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from analysis.errors import DataError, MethodError
from analysis.measures.life_tables.age_bands import BandedPopulations, banded_populations, check_age, in_order
from analysis.measures.life_tables.life_expectancy import bands_until
from analysis.measures.life_tables.tables import check_rates, death_rates, life_table_of_rates
from analysis.measures.shared.checks import FloatArray, check_values, column_names, require_numbers, require_unique
from analysis.measures.shared.entry import checked_tables
from analysis.measures.shared.strata import IntArray, match_strata


def expectancy_at(rates: FloatArray, populations: BandedPopulations, at: float, ax: str) -> FloatArray:
    """Remaining life expectancy at an age, from rates whose last axis holds the bands.

    Parameters
    ----------
    rates
        Deaths per person-year.
    populations
        Populations with their bands; the last is open.
    at
        Age at which a band begins.
    ax
        ``constant hazard`` within each band, or ``midpoint``.

    Returns
    -------
    numpy.ndarray
        Years.
    """
    lives = life_table_of_rates(rates, populations.start, populations.width, ax=ax)
    return np.asarray(lives.expectancy[..., populations.position(at)])


@checked_tables
def reference_scaled_to(
    table: pd.DataFrame,
    expectancies: pd.DataFrame,
    *,
    at: float,
    expectancy: str = "life_expectancy",
    rate: str | None = None,
    deaths: str = "deaths",
    person_years: str = "person_years",
    age_from: str = "age_from",
    age_to: str = "age_to",
    by: str | Sequence[str] = (),
    limits: tuple[float, float] = (0.2, 5.0),
    ax: str = "constant hazard",
) -> pd.DataFrame:
    """Multiply all rates of each group by one factor, so that remaining life expectancy at an age is a given number.

    Parameters
    ----------
    table
        Rates of the reference: one row per age band and group, in any order; the last band open.
    expectancies
        One row per group: the columns of `by` and the life expectancy to be met.
    at
        Age of these life expectancies, in years; a band must begin there.
    expectancy
        Column of `expectancies` with remaining years at `at`, above 0.
    rate
        Column with deaths per person-year; None takes `deaths` and `person_years`.
    deaths, person_years
        Columns with counts of deaths and years at risk.
    age_from, age_to
        Columns with the ages at which a band begins and ends (exclusive); empty or infinite for the open last band.
    by
        Columns that tell groups apart, such as sex; none is one group.
    limits
        Smallest and largest factor that is still believed.
    ax
        ``constant hazard`` within each band, or ``midpoint``.

    Returns
    -------
    pandas.DataFrame
        One row per age band and group: the columns of `by`, `age_from`, `age_to`, `rate`, `factor`, `scaled_rate`
        (factor times rate) and `life_expectancy`, what the scaled rates give at `at`.

    Raises
    ------
    DataError
        When groups do not match, bands or numbers are impossible, or no factor within `limits` gives the expectancy.
    MethodError
        When no band begins at `at`, or `limits` are out of order.

    Notes
    -----
    Interpretation: a factor of 1.064 means that the comparison group of a publication died 6.4% more, at every age,
    than the population whose rates are at hand. One factor for all ages is an assumption: the shape over age comes
    from the table, only the level from the published number. Rates below `at` are scaled as well, though the published
    number says nothing about them. Use it to reconstruct a reference of which only life expectancy was published.

    References
    ----------
    Brass W. On the scale of mortality. In: Brass W, editor. Biological aspects of demography. London: Taylor and
    Francis, 1971 (one life table as the shape of others).

    Examples
    --------
    >>> bands = pd.DataFrame({"age_from": [20, 65], "age_to": [65, None], "rate": [0.004, 0.08]})
    >>> published = pd.DataFrame({"life_expectancy": [50.0]})
    >>> scaled = reference_scaled_to(bands, published, at=20, rate="rate")
    >>> scaled[["factor", "scaled_rate", "life_expectancy"]].round(4).to_numpy().tolist()
    [[1.1108, 0.0044, 50.0], [1.1108, 0.0889, 50.0]]
    """
    keys = column_names(by)
    goals = require_numbers(require_unique(expectancies, keys, name="the expectancies"), [expectancy], above=0)
    span = check_values(limits, what="The option `limits`", above=0)
    if span.shape != (2,) or span[0] >= span[1]:
        raise MethodError(f"The option `limits` is {limits!r}; give the smallest and the largest factor: (0.2, 5).")
    check_age(at, option="at")
    parts, places = [], []
    for populations in banded_populations(
        table, [rate] if rate else [deaths, person_years], age_from=age_from, age_to=age_to, by=keys
    ):
        bands_until(populations, None)
        given = check_rates(populations, populations.numbers[rate]) if rate else None
        rates = death_rates(populations, deaths, person_years) if given is None else given
        goal = goals[expectancy].to_numpy(dtype=float)[_rows_of(populations, goals, keys)]
        factors = np.array(
            [
                _factor(one, target, populations, row, at=at, limits=(float(span[0]), float(span[1])), ax=ax)
                for row, (one, target) in enumerate(zip(rates, goal, strict=True))
            ]
        )
        scaled = rates * factors[:, None]
        count, bands = rates.shape
        rows = populations.groups.loc[populations.groups.index.repeat(bands)].reset_index(drop=True)
        columns = {
            "age_from": np.tile(populations.start, count),
            "age_to": np.tile(populations.end, count),
            "rate": rates.ravel(),
            "factor": np.repeat(factors, bands),
            "scaled_rate": scaled.ravel(),
            "life_expectancy": np.repeat(expectancy_at(scaled, populations, at, ax), bands),
        }
        parts.append(rows.assign(**columns))
        places.append(np.repeat(populations.place, bands))
    return in_order(parts, places)


def _rows_of(populations: BandedPopulations, goals: pd.DataFrame, keys: list[str]) -> IntArray:
    """Row of the expectancies that belongs to each population."""
    if not keys:
        return np.zeros(1, dtype=np.intp)
    return match_strata(populations.groups, goals, keys, name="the expectancies")


def _factor(
    rates: FloatArray,
    goal: float,
    populations: BandedPopulations,
    row: int,
    *,
    at: float,
    limits: tuple[float, float],
    ax: str,
) -> float:
    """Factor within the limits at which the expectancy is the goal; a higher factor is always a shorter life."""

    def excess(factor: float) -> float:
        return float(expectancy_at(rates * factor, populations, at, ax)) - goal

    longest, shortest = excess(limits[0]), excess(limits[1])
    if not (np.isfinite(longest) and longest >= 0 >= shortest):
        group = populations.groups.iloc[row].to_dict()
        why = (
            "The open last band has no deaths, so life expectancy has no value; join it with the band below."
            if not np.isfinite(longest)
            else "Check the age, the sex and the years of both; or widen `limits` if such a factor can be right."
        )
        raise DataError(
            f"No factor between {limits[0]:g} and {limits[1]:g} gives {goal:g} years at {at:g}"
            f"{f' for {group}' if group else ''}: the rates give {longest + goal:.4g} to {shortest + goal:.4g} years "
            f"there. {why}"
        )
    return float(brentq(excess, limits[0], limits[1], xtol=1e-14, rtol=1e-14))
