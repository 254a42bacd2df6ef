"""Size of a population from lists that overlap: one chosen model, or all log-linear models side by side."""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.errors import MethodError, did_you_mean
from analysis.estimates import with_estimates
from analysis.measures.hidden_populations.histories import CaptureHistories, capture_histories
from analysis.measures.hidden_populations.loglinear import (
    LogLinearFit,
    Terms,
    fit_loglinear,
    hierarchical_models,
    profile_interval,
    term_names,
)
from analysis.measures.hidden_populations.two_lists import (
    TWO_LIST_INTERVALS,
    TWO_LIST_METHODS,
    log_normal_interval,
    two_list_rows,
)
from analysis.measures.shared import notes
from analysis.measures.shared.checks import check_choice, check_whole, column_names
from analysis.measures.shared.levels import Levels, one_level, several_levels

METHODS = ("log-linear", *TWO_LIST_METHODS)
INTERVALS = ("profile", "log-normal")
MOST_MODELS = 2000


def _terms(interactions: Sequence[str | Sequence[str]] | str, lists: list[str]) -> Terms:
    """Interactions as positions, with everything that lies within them."""
    if isinstance(interactions, str):
        check_choice(interactions, ["independence", "all pairs"], option="interactions")
        pairs = itertools.combinations(range(len(lists)), 2)
        return tuple(pairs) if interactions == "all pairs" and len(lists) > 2 else ()
    found: set[tuple[int, ...]] = set()
    for interaction in interactions:
        names = column_names(interaction.split(":") if isinstance(interaction, str) else interaction)
        unknown = [name for name in names if name not in lists]
        if unknown:
            raise MethodError(f"{unknown[0]!r} is in `interactions` but no list. {did_you_mean(unknown[0], lists)}")
        if not 2 <= len(names) < len(lists):
            raise MethodError(
                f"An interaction of {len(names)} lists ({names}) cannot be estimated from {len(lists)} lists: it takes "
                "two lists or more, and that of all lists is what the method assumes to be absent."
            )
        places = sorted(lists.index(name) for name in names)
        for size in range(2, len(places) + 1):
            found.update(itertools.combinations(places, size))
    return tuple(sorted(found, key=lambda term: (len(term), term)))


def _row(fit: LogLinearFit, observed: float, *, interval: str, level: float) -> dict[str, Any]:
    if not np.isfinite(fit.unobserved):
        limits, note = (np.nan, np.nan), notes.TOO_LITTLE_OVERLAP
    elif interval == "profile":
        low, high = profile_interval(fit, level)
        limits, note = (observed + low, observed + high), "" if np.isfinite(high) else notes.NO_UPPER_LIMIT
    else:
        low, high = (float(limit) for limit in log_normal_interval(observed, fit.unobserved, fit.standard_error, level))
        limits, note = (low, high), ""
    return {
        "observed": observed,
        "unobserved": fit.unobserved,
        "standard_error": fit.standard_error,
        "deviance": fit.deviance,
        "df": fit.freedom,
        "aic": fit.deviance - 2 * fit.freedom,
        "bic": fit.deviance - np.log(observed) * fit.freedom,
        "estimate": observed + fit.unobserved,
        "lower": limits[0],
        "upper": limits[1],
        "note": note,
    }


def _fitted(data: CaptureHistories, models: Sequence[Terms], *, interval: str, level: float) -> pd.DataFrame:
    """One row per population and model, all but the shape of results."""
    check_choice(interval, INTERVALS, option="interval")
    rows = []
    for population, counts in enumerate(data.counts):
        for terms in models:
            fit = fit_loglinear(data.histories, counts, terms)
            row = _row(fit, float(counts.sum()), interval=interval, level=level)
            rows.append({"population": population, "model": term_names(terms, data.lists), **row})
    return pd.DataFrame(rows)


def _as_estimates(data: CaptureHistories, rows: pd.DataFrame, *, interval: str, level: float) -> pd.DataFrame:
    groups = data.groups.iloc[rows["population"]].reset_index(drop=True)
    limits = ["estimate", "lower", "upper", "note", "population"]
    return with_estimates(
        pd.concat([groups, rows.drop(columns=limits).reset_index(drop=True)], axis=1),
        measure="population_size",
        estimate=rows["estimate"],
        lower=rows["lower"],
        upper=rows["upper"],
        level=level,
        unit="persons",
        method=f"log-linear model of {len(data.lists)} lists; {interval} interval",
        note=rows["note"].tolist(),
    )


@several_levels
def population_size(
    table: pd.DataFrame,
    *,
    lists: Sequence[str],
    count: str = "count",
    by: str | Sequence[str] = (),
    method: str = "log-linear",
    interactions: Sequence[str | Sequence[str]] | str = "independence",
    interval: str | None = None,
    level: Levels = 0.95,
) -> pd.DataFrame:
    """Size of a population from the overlap of two or more lists, by one chosen model.

    Parameters
    ----------
    table
        One row per capture history, and per population when `by` is given; rows of the same history are added up and
        histories that are not there count nobody.
    lists
        Columns of the lists: 1 or true for those on it, 0 or false for others.
    count
        Column with numbers of persons, 0 or more.
    by
        Columns that define separate populations; none gives one.
    method
        ``log-linear`` for any number of lists; for two also ``chapman`` and ``lincoln-petersen``.
    interactions
        Lists that depend on each other, such as ``["police:shelter"]`` or ``[("police", "shelter")]``; or
        ``independence``, or ``all pairs``. Everything within an interaction is added.
    interval
        ``profile`` (likelihood) or ``log-normal`` for log-linear models, ``transformed logit`` or ``log-normal`` for
        the others; None takes the first.
    level
        Coverage of the interval, between 0 and 1; several give the rows of each.

    Returns
    -------
    pandas.DataFrame
        One row per population: `model`, `observed`, `unobserved` and its `standard_error`, `deviance`, `df`, `aic`,
        `bic` (odds_ratio 1 instead for two-list methods) and the estimate columns, with `measure` "population_size" and
        `unit` "persons". A model for which the lists overlap too little has no estimate, and a `note` says so.

    Raises
    ------
    DataError
        When a column is missing, a list holds anything but 0 and 1, or nobody is on any list.
    MethodError
        When an option does not exist, or an interaction is of unknown lists or of all lists.

    Notes
    -----
    Interpretation: 744 persons, of whom 390 are on a list. It holds when nobody comes or goes while the lists are made,
    records of one person are linked without error, everybody could have been on each list, and lists depend on each
    other only as the model says. None of the four can be seen from the counts: use `population_size_models` and
    `population_size_by_dependence` to show what they matter. Do not use it for lists of different periods or towns.
    `aic` and `bic` are the deviance minus 2, or the logarithm of the persons observed, times `df`: lower is better.

    References
    ----------
    Fienberg SE. Biometrika 1972;59:591-603.
    Bishop YMM, Fienberg SE, Holland PW. Discrete multivariate analysis. Cambridge: MIT Press, 1975, chapter 6.
    Cormack RM. Biometrics 1992;48:567-576 (profile interval).
    Sadinle M. Commun Stat Simul Comput 2009;38:1909-1924 (transformed logit interval).

    Examples
    --------
    >>> people = pd.DataFrame({"night shelter": [1, 1, 0], "police": [1, 0, 1], "count": [60, 240, 90]})
    >>> size = population_size(people, lists=["night shelter", "police"], method="chapman")
    >>> size[["observed", "estimate", "lower", "upper"]].round(0).to_numpy().tolist()
    [[390.0, 744.0, 639.0, 907.0]]
    """
    data = capture_histories(table, lists=lists, count=count, by=by)
    terms = _terms(interactions, data.lists)
    if check_choice(method, METHODS) == "log-linear":
        chosen = INTERVALS[0] if interval is None else interval
        rows = _fitted(data, [terms], interval=chosen, level=one_level(level))
        return _as_estimates(data, rows, interval=chosen, level=one_level(level))
    if len(data.lists) != 2:
        raise MethodError(
            f'method="{method}" takes two lists, not {len(data.lists)}. Join lists, or use method="log-linear".'
        )
    shown = TWO_LIST_INTERVALS[0] if interval is None else interval
    return two_list_rows(data, np.array([1.0]), method=method, interval=shown, level=one_level(level))


@several_levels
def population_size_models(
    table: pd.DataFrame,
    *,
    lists: Sequence[str],
    count: str = "count",
    by: str | Sequence[str] = (),
    order: int = 2,
    interval: str = "profile",
    level: Levels = 0.95,
) -> pd.DataFrame:
    """Size of a population by every hierarchical log-linear model, from the best fitting to the worst.

    Parameters
    ----------
    table
        One row per capture history, and per population when `by` is given.
    lists
        Columns of the lists: 1 or true for those on it, 0 or false for others.
    count
        Column with numbers of persons, 0 or more.
    by
        Columns that define separate populations; none gives one.
    order
        Most lists in one interaction, from 1 (independence only) to one less than there are lists.
    interval
        ``profile`` (likelihood) or ``log-normal``.
    level
        Coverage of the interval, between 0 and 1; several give the rows of each.

    Returns
    -------
    pandas.DataFrame
        One row per population and model, the lowest `aic` first: the columns of `population_size`, and `weight`, the
        Akaike weight among the models that have an estimate.

    Raises
    ------
    DataError
        When a column is missing, a list holds anything but 0 and 1, or nobody is on any list.
    MethodError
        When an option does not exist, or there would be more than 2,000 models.

    Notes
    -----
    Interpretation: models with nearly the same `aic` describe those on the lists equally well and may disagree about
    those on none; their range says more than the interval of the best, which is too narrow because the model was
    chosen on the same data. The model with all pairs has no `df` left and always fits; no model sees an interaction of
    all lists, such as people who avoid every list.

    References
    ----------
    International Working Group for Disease Monitoring and Forecasting. Capture-recapture and multiple-record systems
    estimation I. Am J Epidemiol 1995;142:1047-1058.
    Burnham KP, Anderson DR. Model selection and multimodel inference. 2nd ed. New York: Springer, 2002 (weights).
    Regal RR, Hook EB. The effects of model selection on confidence intervals for the size of a closed population.
    Stat Med 1991;10:717-721.

    Examples
    --------
    >>> people = pd.DataFrame({"a": [1, 1, 1, 1, 0, 0, 0], "b": [1, 1, 0, 0, 1, 1, 0], "c": [1, 0, 1, 0, 1, 0, 1]})
    >>> models = population_size_models(people.assign(count=[72, 5, 29, 54, 24, 3, 14]), lists=["a", "b", "c"])
    >>> models[["model", "estimate", "df"]].head(2).round(0).to_numpy().tolist()
    [['b:c', 222.0, 2], ['a:b + b:c', 227.0, 1]]
    """
    data = capture_histories(table, lists=lists, count=count, by=by)
    most = check_whole(order, option="order", minimum=1)
    if most >= max(len(data.lists), 3):
        raise MethodError(
            f"The option `order` is {most}; with {len(data.lists)} lists an interaction holds at most "
            f"{len(data.lists) - 1}, because that of all lists is what the method assumes to be absent."
        )
    models = list(itertools.islice(hierarchical_models(len(data.lists), min(most, len(data.lists) - 1)), 40_000))
    if len(models) > MOST_MODELS:
        raise MethodError(
            f"{len(data.lists)} lists have more than {MOST_MODELS:,} models with interactions of {most} lists. Join "
            "lists, choose a lower `order`, or fit the models that make sense with population_size."
        )
    rows = _fitted(data, models, interval=interval, level=one_level(level))
    criterion = rows["aic"].where(rows["estimate"].notna())
    best = criterion.groupby(rows["population"]).transform("min")
    relative = np.exp(-(criterion - best) / 2).fillna(0.0)
    whole = relative.groupby(rows["population"]).transform("sum")
    weight = np.where(whole > 0, relative / whole.where(whole > 0, 1), 0)
    rows = rows.assign(weight=weight).sort_values(["population", "aic"], kind="stable")
    return _as_estimates(data, rows, interval=interval, level=one_level(level))
