"""Whether the effect of an exposure differs between two kinds of people."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy.stats import norm

from analysis.errors import DataError, MethodError
from analysis.estimates import with_estimates
from analysis.measures.shared.checks import FloatArray, normal_quantile, require_complete, require_numbers
from analysis.measures.shared.each_group import each_group
from analysis.measures.shared.grouping import rows_of_group
from analysis.measures.shared.levels import Levels, one_level, several_levels


def _indicator(table: pd.DataFrame, column: str, value: Any) -> FloatArray:
    """1 for rows with the value and 0 for those with the only other one."""
    rows_of_group(table, column, value)
    kinds = table[column].nunique()
    if kinds != 2:
        raise MethodError(
            f"Column `{column}` has {kinds} different values, and an interaction compares two. Select or join groups."
        )
    return np.asarray(table[column] == value, dtype=float)


@several_levels
@each_group
def interaction(
    table: pd.DataFrame,
    *,
    outcome: str,
    group: str,
    exposed: Any,
    modifier: str,
    modified: Any,
    by: str | Sequence[str] = (),
    level: Levels = 0.95,
) -> pd.DataFrame:
    """Logarithm of the odds ratio in one kind of people minus that in the other.

    Parameters
    ----------
    table
        One row per person.
    outcome
        Column with 1 when the event happened and 0 when not.
    group
        Column that names the exposure, with two values.
    exposed
        Value of `group` that counts as exposed.
    modifier
        Column that tells the two kinds of people apart.
    modified
        Value of `modifier` whose odds ratio is on top.
    by
        Columns that define separate comparisons; none gives one.
    level
        Coverage of the interval, between 0 and 1, or several.

    Returns
    -------
    pandas.DataFrame
        One row per comparison: `persons`, `events`, `odds_ratio_modified`, `odds_ratio_others`, `p_value` (Wald,
        two-sided) and the estimate columns, with `measure` "log_odds_interaction". Its exponent is the ratio of the two
        odds ratios.

    Raises
    ------
    DataError
        When a column, group or value is missing, or an outcome is not 0 or 1.
    MethodError
        When a column has not two values, or one of the four groups has no events or only events.

    Notes
    -----
    Interpretation: 0 means that the odds ratio is the same in both kinds of people, -0.41 that among the modified it is
    a third smaller. It is the coefficient of the product in a logistic regression.
    Use it before saying that a treatment works better for some: one significant and one non-significant subgroup do
    not show a difference. Trials seldom have the size for it. On the scale of risk differences the answer can differ.

    References
    ----------
    Altman DG, Bland JM. Interaction revisited: the difference between two estimates. BMJ 2003;326:219.
    Hosmer DW, Lemeshow S. Applied logistic regression, second edition. New York: Wiley, 2000.
    """
    level = one_level(level)
    z = normal_quantile(level)
    checked = require_numbers(require_complete(table, [outcome, group, modifier]), [outcome], minimum=0, maximum=1)
    if not checked[outcome].isin([0, 1]).all():
        raise DataError(
            f"Column `{outcome}` must be 1 (event) or 0 (no event); it has other values. Recode it beforehand."
        )
    treated, kind = _indicator(checked, group, exposed), _indicator(checked, modifier, modified)
    shares = checked.groupby([group, modifier], observed=True)[outcome].agg(["mean", "size"])
    if len(shares) < 4 or not shares["mean"].between(0, 1, inclusive="neither").all():
        raise MethodError(
            f"One of the four groups of `{group}` and `{modifier}` has no persons, no events or only events, so its "
            "odds are unknown. Show `risk_difference` by group instead."
        )
    design = sm.add_constant(np.column_stack([treated, kind, treated * kind]))
    fit = sm.GLM(checked[outcome].to_numpy(), design, family=sm.families.Binomial()).fit()
    estimate, error = float(fit.params[3]), float(fit.bse[3])
    ingredients = {
        "persons": len(checked),
        "events": int(checked[outcome].sum()),
        "odds_ratio_modified": float(np.exp(fit.params[1] + estimate)),
        "odds_ratio_others": float(np.exp(fit.params[1])),
        "p_value": float(2 * norm.sf(abs(estimate / error))),
    }
    return with_estimates(
        pd.DataFrame([ingredients]),
        measure="log_odds_interaction",
        estimate=estimate,
        lower=estimate - z * error,
        upper=estimate + z * error,
        level=level,
        unit="log odds ratio",
        method="logistic regression with product term, Wald interval",
    )
