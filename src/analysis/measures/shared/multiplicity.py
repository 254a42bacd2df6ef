"""Many tests at once: adjusted p-values, and how many findings chance alone brings."""

from collections.abc import Sequence
from numbers import Real

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from statsmodels.stats.multitest import multipletests

from analysis.errors import MethodError
from analysis.measures.shared.checks import check_choice, check_values, column_names, require_columns, require_numbers
from analysis.measures.shared.entry import checked_tables
from analysis.measures.shared.levels import Levels, one_level, several_levels
from analysis.measures.shared.strata import group_positions

SMALLEST = 1e-30
"""P-values below it count as this; it makes no difference to any conclusion."""
ADJUSTMENTS = {"bonferroni": "bonferroni", "holm": "holm", "benjamini-hochberg": "fdr_bh"}


@checked_tables
def adjusted_p_values(
    table: pd.DataFrame,
    *,
    p_value: str = "p_value",
    methods: str | Sequence[str] = ("bonferroni", "holm", "benjamini-hochberg"),
    by: str | Sequence[str] = (),
) -> pd.DataFrame:
    """P-values adjusted for the number of tests, through statsmodels.

    Parameters
    ----------
    table
        One row per test; all tests of one family, not only those that came out well.
    p_value
        Column with p-values, 0 to 1.
    methods
        ``bonferroni``, ``holm`` (chance of any false finding) or ``benjamini-hochberg`` (share of false findings).
    by
        Columns that define separate families of tests; none makes one family.

    Returns
    -------
    pandas.DataFrame
        The table in its own order with `tests` (size of the family) and a column per method, such as
        `p_holm` and `p_benjamini_hochberg`.

    Raises
    ------
    DataError
        When a p-value is missing or not between 0 and 1.
    MethodError
        When a method does not exist.

    Notes
    -----
    Interpretation: with all Holm values below 0.05 called findings, the chance of one or more false ones is at most 5%.
    With all Benjamini-Hochberg values below 0.05 called findings, 5% of these are expected to be false at most, if
    tests are independent or rise together. Which tests are one family is a choice: say it.

    References
    ----------
    Holm S. A simple sequentially rejective multiple test procedure. Scand J Stat 1979;6:65-70.
    Benjamini Y, Hochberg Y. Controlling the false discovery rate. J R Stat Soc B 1995;57:289-300.

    Examples
    --------
    >>> tests = pd.DataFrame({"p_value": [0.01, 0.04, 0.03]})
    >>> adjusted_p_values(tests)[["p_bonferroni", "p_holm", "p_benjamini_hochberg"]].round(2).to_numpy().tolist()
    [[0.03, 0.03, 0.03], [0.12, 0.06, 0.04], [0.09, 0.06, 0.04]]
    """
    names = column_names(methods)
    for name in names:
        check_choice(name, ADJUSTMENTS, option="methods")
    require_columns(table, [p_value])
    tiny = table[p_value].map(lambda value: isinstance(value, Real) and 0 < float(value) < SMALLEST)
    floored = table.assign(**{p_value: table[p_value].mask(tiny.astype(bool), SMALLEST)})
    values = require_numbers(floored, [p_value], minimum=0, maximum=1)[p_value].to_numpy()
    _, family = group_positions(table, by)
    columns = {"tests": np.bincount(family)[family], **{f"p_{name.replace('-', '_')}": values * 1.0 for name in names}}
    for place in range(int(family.max()) + 1):
        rows = family == place
        for name in names:
            adjusted = multipletests(values[rows], method=ADJUSTMENTS[name])[1]
            columns[f"p_{name.replace('-', '_')}"][rows] = adjusted
    return table.assign(**columns)


@several_levels
def findings_by_chance(tests: ArrayLike, *, level: Levels = 0.95) -> pd.DataFrame:
    """Findings to expect when there is nothing to find, among independent tests.

    Parameters
    ----------
    tests
        Numbers of tests, whole and 1 or more; a number or an array.
    level
        Coverage of the intervals that exclude nothing by chance, between 0 and 1; several give the rows of each.

    Returns
    -------
    pandas.DataFrame
        One row per number: `tests`, `level`, `expected` false findings and the chance of `at_least_one`.

    Raises
    ------
    DataError
        When a number is missing or below 1.
    MethodError
        When a number is not whole, or the level is not between 0 and 1.

    Notes
    -----
    Interpretation: of 20 comparisons without any difference one comes out "significant" on average, and in 64% of such
    sets at least one does. The expected number holds for dependent tests too, the chance only for independent ones.

    References
    ----------
    Bland JM, Altman DG. Multiple significance tests: the Bonferroni method. BMJ 1995;310:170.

    Examples
    --------
    >>> findings_by_chance([1, 20])[["expected", "at_least_one"]].round(2).to_numpy().tolist()
    [[0.05, 0.05], [1.0, 0.64]]
    """
    coverage = one_level(level)
    numbers = np.atleast_1d(check_values(tests, what="The number of tests", minimum=1)).ravel()
    if (numbers != np.round(numbers)).any():
        raise MethodError(f"The number of tests is {numbers[numbers != np.round(numbers)][0]:g}; it must be whole.")
    columns = {"expected": numbers * (1 - coverage), "at_least_one": -np.expm1(numbers * np.log(coverage))}
    return pd.DataFrame({"tests": numbers.astype(int), "level": coverage, **columns})
