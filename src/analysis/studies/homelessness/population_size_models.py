"""What an estimate from overlapping lists rests on: published lists with a known truth, scenarios, a synthetic case."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.errors import DataError, MethodError
from analysis.estimates import pick
from analysis.measures.hidden_populations.capture_recapture import population_size, population_size_models
from analysis.measures.hidden_populations.histories import possible_histories
from analysis.measures.hidden_populations.two_lists import population_size_by_dependence

LISTS = ["A", "B", "C"]
ON_FOUR_LISTS = 215
"""Deaths at work in Maryland on the four lists of the paper, of which the example has three. Cormack RM, Chang YF,
Smith GS. Int J Epidemiol 2000, table 3a; there no model with interactions of two lists has a 95% limit up to 237."""
SYNTHETIC_PEOPLE = 1000
CHANCE = 0.4
FACTOR = 0.25


def three_lists(counts: Sequence[float]) -> pd.DataFrame:
    """Counts of persons by the lists that they are on, as a table.

    Parameters
    ----------
    counts
        Seven numbers, from all three lists to the last list only.

    Returns
    -------
    pandas.DataFrame
        Columns `A`, `B`, `C` (1 for on the list) and `count`.
    """
    return pd.DataFrame(possible_histories(3), columns=LISTS).assign(count=counts)


def example(examples: pd.DataFrame, name: str) -> pd.DataFrame:
    """One published example with three lists, as a table of histories.

    Parameters
    ----------
    examples
        Data set `capture_recapture_examples`.
    name
        Name of the example: ``maryland`` or ``taiwan``.

    Returns
    -------
    pandas.DataFrame
        Columns `A`, `B`, `C` (1 for on the list) and `count`, one row per history.

    Raises
    ------
    DataError
        When no row has this name.
    """
    rows = examples[examples["example"] == name]
    if rows.empty:
        known = sorted(set(examples["example"]))
        raise DataError(f"No example is called {name!r}. Choose one of {known}.")
    columns = {"list_a": "A", "list_b": "B", "list_c": "C"}
    return rows.rename(columns=columns)[[*LISTS, "count"]].reset_index(drop=True)


def known_total(examples: pd.DataFrame, name: str) -> int:
    """Size of the population of an example, by a separate study.

    Parameters
    ----------
    examples
        Data set `capture_recapture_examples`.
    name
        Name of the example.

    Returns
    -------
    int
        Persons.

    Raises
    ------
    DataError
        When the example has no known total, or more than one.
    """
    totals = examples.loc[examples["example"] == name, "known_total"].dropna().unique()
    if len(totals) != 1:
        raise DataError(f"Example {name!r} has {len(totals)} known totals, where one was expected.")
    return int(totals[0])


def models(people: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
    """Size of a population by all eight log-linear models of three lists, from the smallest to the largest.

    Parameters
    ----------
    people
        One row per history: `A`, `B`, `C` (1 for on the list) and `count`; from `example` or `three_lists`.
    level
        Coverage of the intervals.

    Returns
    -------
    pandas.DataFrame
        The columns of `population_size_models`, and `best`: true for the model with the lowest `aic`.
    """
    rows = population_size_models(people, lists=LISTS, level=level)
    return rows.assign(best=rows["aic"].eq(rows["aic"].min())).sort_values("estimate").reset_index(drop=True)


def two_of_three(people: pd.DataFrame, odds_ratios: Sequence[float], *, level: float = 0.95) -> pd.DataFrame:
    """Size of a population from the first two lists only, for each odds ratio between them.

    Parameters
    ----------
    people
        One row per history: `A`, `B`, `C` (1 for on the list) and `count`; from `example` or `three_lists`.
    odds_ratios
        Odds ratios between the lists, above 0.
    level
        Coverage of the intervals.

    Returns
    -------
    pandas.DataFrame
        The columns of `population_size_by_dependence`.
    """
    seen = people.query("A + B > 0")
    return population_size_by_dependence(seen, lists=["A", "B"], odds_ratios=odds_ratios, level=level)


def odds_ratios_shown(least: float, most: float) -> list[float]:
    """Odds ratios for a table: the least, independence, 2 when it lies between, and the most.

    Parameters
    ----------
    least, most
        Ends of the range, with 0 < least <= 1 <= most.

    Returns
    -------
    list of float
        Without doubles, rising.

    Raises
    ------
    MethodError
        When 1 does not lie within the range.

    Examples
    --------
    >>> odds_ratios_shown(0.5, 3.0)
    [0.5, 1.0, 2.0, 3.0]
    """
    if not 0 < least <= 1 <= most:
        raise MethodError(f"Odds ratios from {least} to {most} do not hold 1, independence. Give a range around 1.")
    return sorted({float(least), 1.0, *([2.0] if most > 2 else []), float(most)})


def dependence_scenario(estimates: pd.DataFrame, odds_ratios: Sequence[float], *, year: int = 2024) -> pd.DataFrame:
    """Scenario: the published estimate when lists depend on each other more, or less, than its model has it.

    Parameters
    ----------
    estimates
        Data set `nl_homeless_estimates`.
    odds_ratios
        Factors by which the remaining dependence differs from that of the model; 1 gives the published estimate.
    year
        Year with a published split into observed and not observed.

    Returns
    -------
    pandas.DataFrame
        Per odds ratio: `odds_ratio`, `observed`, `unobserved`, `estimate` (persons) and `share_unobserved`.

    Notes
    -----
    Those on neither of two lists are odds ratio x first only x second only / both, so another odds ratio multiplies
    them; so does an interaction of all lists in a log-linear model, which no count can show. The registers of the
    estimate are three and its model is richer: a scenario, not an estimate.
    """
    rows = estimates[estimates["year"].eq(year)]
    observed, unobserved = (float(pick(rows, measure=measure)["value"]) for measure in ("observed", "not_observed"))
    ratios = np.asarray(odds_ratios, dtype=float)
    table = pd.DataFrame({"odds_ratio": ratios, "observed": observed, "unobserved": unobserved * ratios})
    size = table["observed"] + table["unobserved"]
    return table.assign(estimate=size, share_unobserved=table["unobserved"] / size)


def mimicking_dependence(growth: float, share_unobserved: float) -> float:
    """Scenario: change of the odds ratio that alone would make an estimate grow, with nobody more on the lists.

    Parameters
    ----------
    growth
        Ratio of the later estimate to the earlier.
    share_unobserved
        Part of the earlier estimate on no list, above 0 and up to 1.

    Returns
    -------
    float
        Factor of the odds ratio.

    Examples
    --------
    >>> mimicking_dependence(1.5, 0.5)
    2.0
    """
    return (growth - (1 - share_unobserved)) / share_unobserved


def avoiders(hard_to_reach: float) -> pd.DataFrame:
    """Synthetic: what two models make of a population in which some people avoid every list.

    Parameters
    ----------
    hard_to_reach
        Proportion of the thousand synthetic people whose chance of being on each list is a quarter of that of others
        (0.1 against 0.4); within each kind the lists are independent.

    Returns
    -------
    pandas.DataFrame
        Two rows (`interactions` "independence", "all pairs") with `truth` and the columns of `population_size`;
        counts are expected values, so that no chance enters.
    """
    on = possible_histories(3)
    chances = ((1 - hard_to_reach, CHANCE), (hard_to_reach, CHANCE * FACTOR))
    counts = sum(
        SYNTHETIC_PEOPLE * part * np.prod(np.where(on == 1, chance, 1 - chance), axis=1) for part, chance in chances
    )
    people = three_lists(np.asarray(counts).tolist())
    fits = [
        population_size(people, lists=LISTS, interactions=name).assign(interactions=name)
        for name in ("independence", "all pairs")
    ]
    return pd.concat(fits, ignore_index=True).assign(truth=float(SYNTHETIC_PEOPLE))
