"""Inequality of lifespans: how much ages at death differ between the people of one population."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import pandas as pd

from analysis.errors import DataError
from analysis.estimates import with_estimates
from analysis.measures.life_tables.age_bands import banded_populations, in_order
from analysis.measures.life_tables.life_expectancy import bands_until
from analysis.measures.life_tables.tables import LifeTable, death_rates, infant_rule, life_table_of_rates
from analysis.measures.shared import notes
from analysis.measures.shared.checks import FloatArray, check_choice, column_names, normal_quantile, require_numbers
from analysis.measures.shared.entry import checked_tables
from analysis.measures.shared.levels import Levels, one_level, several_levels

YOUNGEST_MODE = 10  # deaths of infants are no old-age mode


def _ages(lives: LifeTable, lifespan: str) -> FloatArray:
    """Mean age at death in each band, or mean years lived since the first band."""
    origin = lives.start[0] if lifespan == "remaining" else 0.0
    return np.asarray(lives.start - origin + lives.years_of_dying)


def _mean(lives: LifeTable, values: FloatArray) -> FloatArray:
    return np.asarray((lives.dying * values).sum(axis=-1))


def _variance(lives: LifeTable, ages: FloatArray) -> FloatArray:
    mean = _mean(lives, ages)[..., None]
    return _mean(lives, (ages - mean) ** 2)


def _aid(lives: LifeTable, ages: FloatArray) -> FloatArray:
    """Half the mean absolute difference of two lifespans: what survival of one adds to survival of both."""
    below = np.cumsum(lives.dying, axis=-1) - lives.dying
    below_years = np.cumsum(lives.dying * ages, axis=-1) - lives.dying * ages
    return _mean(lives, ages * below - below_years)


def _theil(lives: LifeTable, ages: FloatArray) -> FloatArray:
    relative = ages / _mean(lives, ages)[..., None]
    return _mean(lives, relative * np.log(relative))


def _mld(lives: LifeTable, ages: FloatArray) -> FloatArray:
    return np.asarray(np.log(_mean(lives, ages)) - _mean(lives, np.log(ages)))


def _e_dagger(lives: LifeTable, ages: FloatArray) -> FloatArray:
    """Years lost to death: expectancy at the mean age at death, by a line between both ends of the band."""
    closed = np.isfinite(lives.width)
    share = np.where(closed, lives.years_of_dying / np.where(closed, lives.width, 1.0), 0.0)
    later = np.concatenate([lives.expectancy[..., 1:], lives.expectancy[..., -1:]], axis=-1)
    return _mean(lives, lives.expectancy + share * (later - lives.expectancy))


def _modal_age(lives: LifeTable, ages: FloatArray) -> FloatArray:
    """Kannisto's parabola through the most frequent adult age and its neighbours."""
    if len(lives.start) < 3:
        return np.full(lives.rate.shape[:-1], np.nan)
    closed = np.isfinite(lives.width)
    density = np.where(closed, lives.dying / np.where(closed, lives.width, 1.0), 0.0)
    density = np.where(lives.start >= YOUNGEST_MODE, density, -1.0)
    top = np.clip(density.argmax(axis=-1), 1, len(lives.start) - 2)[..., None]
    peak = np.take_along_axis(density, top, axis=-1)
    rise = peak - np.take_along_axis(density, top - 1, axis=-1)
    fall = peak - np.take_along_axis(density, top + 1, axis=-1)
    place = np.where(rise + fall > 0, rise / np.where(rise + fall > 0, rise + fall, 1.0), 0.5)
    return np.asarray((lives.start[top] + lives.width[top] * place)[..., 0])


def _sd_above_mode(lives: LifeTable, ages: FloatArray) -> FloatArray:
    beyond = lives.start + lives.years_of_dying - _modal_age(lives, ages)[..., None]
    weight = np.where(beyond > 0, lives.dying, 0.0)
    total = weight.sum(axis=-1)
    return np.asarray(np.sqrt((weight * beyond**2).sum(axis=-1) / np.where(total > 0, total, 1.0)))


Index = Callable[[LifeTable, FloatArray], FloatArray]
INDICES: dict[str, tuple[Index, str]] = {
    "e_dagger": (_e_dagger, "years"),
    "variance": (_variance, "years squared"),
    "standard_deviation": (lambda lives, ages: np.sqrt(_variance(lives, ages)), "years"),
    "coefficient_of_variation": (lambda lives, ages: np.sqrt(_variance(lives, ages)) / _mean(lives, ages), "ratio"),
    "gini": (lambda lives, ages: _aid(lives, ages) / _mean(lives, ages), "ratio"),
    "aid": (_aid, "years"),
    "theil": (_theil, "index"),
    "mld": (_mld, "index"),
    "modal_age": (_modal_age, "years"),
    "sd_above_mode": (_sd_above_mode, "years"),
}
WITHOUT_INTERVAL = ("modal_age", "sd_above_mode")


def _values(
    rates: FloatArray,
    *,
    names: list[str],
    start: FloatArray,
    width: FloatArray,
    infant: FloatArray | None,
    ax: str,
    lifespan: str,
) -> FloatArray:
    """Mean lifespan, then each measure, as rows; columns are populations."""
    lives = life_table_of_rates(rates, start, width, ax=ax, infant=infant)
    ages = _ages(lives, lifespan)
    return np.stack([_mean(lives, ages), *(INDICES[name][0](lives, ages) for name in names)])


def _standard_errors(
    values: Callable[[FloatArray], FloatArray], rates: FloatArray, person_years: FloatArray
) -> FloatArray:
    """Delta method for Poisson counts; slopes on the rate of each band by central differences."""
    bands = rates.shape[-1]
    step = 1e-4 * np.maximum(rates, 1e-7)
    variance = np.zeros_like(values(rates))
    for block in np.array_split(np.arange(bands), max(1, bands * rates.size // 200_000)):
        moves = np.zeros((len(block), *rates.shape))
        moves[np.arange(len(block)), :, block] = step[:, block].T
        apart = (step + np.minimum(step, rates))[:, block].T
        slopes = (values(rates + moves) - values(np.maximum(rates - moves, 0.0))) / apart
        variance += (slopes**2 * (rates / person_years)[:, block].T).sum(axis=-2)
    return np.asarray(np.sqrt(variance))


@several_levels
def lifespan_inequality(
    table: pd.DataFrame,
    *,
    measures: str | Sequence[str] = tuple(INDICES),
    age_from: str = "age_from",
    age_to: str = "age_to",
    deaths: str = "deaths",
    person_years: str = "person_years",
    by: str | Sequence[str] = (),
    at: float = 0,
    lifespan: str = "age at death",
    ax: str = "constant hazard",
    infant: float | str | None = None,
    level: Levels = 0.95,
) -> pd.DataFrame:
    """Inequality of the ages at which people of a life table die.

    Parameters
    ----------
    table
        One row per age band, and per population when `by` is given, in any order; single years are best.
    measures
        ``e_dagger`` (years lost to death), ``variance``, ``standard_deviation``, ``coefficient_of_variation``,
        ``gini``, ``aid`` (absolute inter-individual difference, Gini times the mean), ``theil``, ``mld`` (mean log
        deviation), ``modal_age`` and ``sd_above_mode``.
    age_from, age_to
        Columns with the ages at which a band begins and ends (exclusive); empty for the open last band.
    deaths, person_years
        Columns with counts of deaths and years at risk.
    by
        Columns that tell populations apart; none is one population.
    at
        Age from which on deaths count; a band must begin there.
    lifespan
        ``age at death`` or ``remaining`` years since `at`; it matters for measures relative to the mean.
    ax
        ``constant hazard`` within each band, or ``midpoint``.
    infant
        Mean years lived in the first year of life by those who die in it, as in `life_expectancy`.
    level
        Coverage of the interval, between 0 and 1; or several.

    Returns
    -------
    pandas.DataFrame
        One row per population and measure: `age`, `mean` (of the lifespans) and the estimate columns. With fewer than
        three bands the modal age and the spread above it are missing, and a `note` says so.

    Raises
    ------
    DataError
        When bands or numbers are impossible.
    MethodError
        When a measure or rule does not exist, or no band begins at `at`.

    Notes
    -----
    Interpretation: e-dagger of 10 means that who dies loses 10 years on average. Deaths of a band are put at its mean
    age, so five-year bands show a little less inequality than single years: compare only like with like.
    Inequality between persons is not that between groups; the latter is a small part of it.

    References
    ----------
    Shkolnikov VM, Andreev EM, Begun AZ. Gini coefficient as a life table function. Demogr Res 2003;8:305-358.
    van Raalte AA, Caswell H. Perturbation analysis of indices of lifespan variability. Demography 2013;50:1615-1640.
    Vaupel JW, Canudas-Romo V. Decomposing change in life expectancy. Demography 2003;40:201-216.
    Kannisto V. Mode and dispersion of the length of life. Population: an English selection 2001;13:159-172.

    Examples
    --------
    >>> bands = pd.DataFrame({"age_from": [0, 65], "age_to": [65, None], "deaths": [10, 30]})
    >>> bands = bands.assign(person_years=[1000, 300])
    >>> lifespan_inequality(bands, measures=["aid", "gini"])["estimate"].round(3).tolist()
    [11.477, 0.216]
    """
    names = column_names(measures)
    for name in names:
        check_choice(name, INDICES, option="measures")
    check_choice(lifespan, ("age at death", "remaining"), option="lifespan")
    z = normal_quantile(one_level(level))
    parts, places = [], []
    for populations in banded_populations(table, [deaths, person_years], age_from=age_from, age_to=age_to, by=by):
        bands_until(populations, None)
        used = slice(populations.position(at), None)
        rates = death_rates(populations, deaths, person_years)[:, used]
        years = infant_rule(populations, rates, infant)
        start, width = populations.start[used], populations.width[used]
        undefined = rates[:, -1] == 0
        safe = np.where(undefined[:, None] & (np.arange(len(start)) == len(start) - 1), 1.0, rates)

        values = partial(_values, names=names, start=start, width=width, infant=years, ax=ax, lifespan=lifespan)
        found = np.where(undefined, np.nan, values(safe))
        errors = np.where(undefined, np.nan, _standard_errors(values, safe, populations.numbers[person_years][:, used]))
        for place, name in enumerate(names, start=1):
            fixed = name in WITHOUT_INTERVAL
            half = z * np.where(fixed, np.nan, errors[place])
            without = notes.TOO_FEW_BANDS if len(start) < 3 else notes.NO_INTERVAL_FOR_METHOD
            remark = without if fixed else ""
            part = with_estimates(
                populations.groups.assign(age=at, mean=found[0]),
                measure=name,
                estimate=found[place],
                lower=found[place] - half,
                upper=found[place] + half,
                level=one_level(level),
                unit=INDICES[name][1],
                method=f"life table, {ax}, {lifespan}; delta method for Poisson counts",
                note=[notes.NO_DEATHS_IN_LAST_BAND if none else remark for none in undefined],
            )
            parts.append(part)
            places.append(populations.place)
    return in_order(parts, places)


@checked_tables
def lifespan_inequality_between_groups(
    table: pd.DataFrame,
    *,
    group: str,
    share: str,
    age_from: str = "age_from",
    age_to: str = "age_to",
    deaths: str = "deaths",
    person_years: str = "person_years",
    at: float = 0,
    ax: str = "constant hazard",
) -> pd.DataFrame:
    """Inequality of lifespans in a population of groups: the part between groups and the part within.

    Parameters
    ----------
    table
        One row per group and age band.
    group
        Column that names the group.
    share
        Column with the share of the group at age `at`, the same in all its rows; any scale.
    age_from, age_to
        Columns with the ages at which a band begins and ends (exclusive); empty for the open last band.
    deaths, person_years
        Columns with counts of deaths and years at risk.
    at
        Age from which on deaths count.
    ax
        ``constant hazard`` within each band, or ``midpoint``.

    Returns
    -------
    pandas.DataFrame
        One row for each of ``variance``, ``theil`` and ``mld``: `measure`, `between`, `within`, `total` and
        `share_between`.

    Raises
    ------
    DataError
        When bands or numbers are impossible.

    Notes
    -----
    Interpretation: a share of 0.05 between education groups means that the groups differ little compared with how
    people differ within them. Theil weighs groups by their years, the mean log deviation by their persons.

    References
    ----------
    Shorrocks AF. The class of additively decomposable inequality measures. Econometrica 1980;48:613-625.
    van Raalte AA et al. The contribution of educational inequalities to lifespan variation.
    Popul Health Metr 2012;10:3.

    Examples
    --------
    >>> bands = pd.DataFrame({"who": ["a", "a", "b", "b"], "age_from": [0, 65] * 2, "age_to": [65, None] * 2})
    >>> bands = bands.assign(deaths=[10, 30, 20, 60], person_years=[1000, 300] * 2, share=1)
    >>> lifespan_inequality_between_groups(bands, group="who", share="share")["share_between"].round(3).tolist()
    [0.113, 0.116, 0.116]
    """
    found = lifespan_inequality(
        table.assign(_share=require_numbers(table, [share], minimum=0)[share]),
        measures=("variance", "theil", "mld"),
        age_from=age_from,
        age_to=age_to,
        deaths=deaths,
        person_years=person_years,
        by=[group, "_share"],
        at=at,
        ax=ax,
    )
    each = dict(iter(found.groupby("measure")))
    weight = each["variance"]["_share"].to_numpy(dtype=float)
    names = each["variance"][group]
    twice = names[names.duplicated()]
    if len(twice):
        raise DataError(
            f"Column `{share}` has more than one value in {twice.nunique()} groups, the first is {twice.iloc[0]!r}. "
            "Give every row of a group the same share."
        )
    if not weight.sum() > 0:
        raise DataError(f"Column `{share}` is zero in all {len(weight)} groups. Give the size of each group.")
    weight = weight / weight.sum()
    mean = each["variance"]["mean"].to_numpy(dtype=float)
    ratio = mean / (weight @ mean)
    weights = {"variance": weight, "theil": weight * ratio, "mld": weight}
    between = {
        "variance": weight @ (mean - weight @ mean) ** 2,
        "theil": (weight * ratio) @ np.log(ratio),
        "mld": -weight @ np.log(ratio),
    }
    rows = pd.DataFrame({"measure": list(weights), "between": [between[name] for name in weights]})
    rows["within"] = [weights[name] @ each[name]["estimate"].to_numpy(dtype=float) for name in weights]
    rows["total"] = rows["between"] + rows["within"]
    return rows.assign(share_between=rows["between"] / rows["total"])
