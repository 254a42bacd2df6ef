"""What an estimate from overlapping lists rests on: published lists with a known truth, scenarios, a synthetic case."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.errors import MethodError
from analysis.estimates import pick
from analysis.measures.hidden_populations.capture_recapture import population_size, population_size_models
from analysis.measures.hidden_populations.histories import possible_histories
from analysis.measures.hidden_populations.two_lists import population_size_by_dependence

DEATHS_AT_WORK = (72, 5, 29, 54, 24, 3, 14)
"""Deaths at work in Maryland on three lists, from all lists to the last only. Cormack RM, Chang YF, Smith GS.
Estimating deaths from industrial injury by capture-recapture: a cautionary tale. Int J Epidemiol 2000, table 3b."""
KNOWN_DEATHS = 237
"""Deaths of that population by a separate study of medical examiners' records; abstract of the same paper."""
HEPATITIS = (28, 21, 17, 69, 18, 55, 63)
"""Cases of hepatitis A at a college in Taiwan on three lists. Chao A et al. Stat Med 2001;20:3123-3157."""
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
    return pd.DataFrame(possible_histories(3), columns=list("ABC")).assign(count=counts)


def models(counts: Sequence[float], *, level: float = 0.95) -> pd.DataFrame:
    """Size of a population by all eight log-linear models of three lists, from the smallest to the largest.

    Parameters
    ----------
    counts
        Seven numbers, from all three lists to the last list only.
    level
        Coverage of the intervals.

    Returns
    -------
    pandas.DataFrame
        The columns of `population_size_models`, and `best`: true for the model with the lowest `aic`.
    """
    rows = population_size_models(three_lists(counts), lists=["A", "B", "C"], level=level)
    return rows.assign(best=rows["aic"].eq(rows["aic"].min())).sort_values("estimate").reset_index(drop=True)


def two_of_three(counts: Sequence[float], odds_ratios: Sequence[float], *, level: float = 0.95) -> pd.DataFrame:
    """Size of a population from the first two lists only, for each odds ratio between them.

    Parameters
    ----------
    counts
        Seven numbers, from all three lists to the last list only.
    odds_ratios
        Odds ratios between the lists, above 0.
    level
        Coverage of the intervals.

    Returns
    -------
    pandas.DataFrame
        The columns of `population_size_by_dependence`.
    """
    people = three_lists(counts).query("A + B > 0")
    return population_size_by_dependence(people, lists=["A", "B"], odds_ratios=odds_ratios, level=level)


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
        population_size(people, lists=["A", "B", "C"], interactions=name).assign(interactions=name)
        for name in ("independence", "all pairs")
    ]
    return pd.concat(fits, ignore_index=True).assign(truth=float(SYNTHETIC_PEOPLE))
