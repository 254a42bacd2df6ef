"""Effect of an exposure that was not randomised, by inverse probability weighting and its doubly robust form."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import statsmodels.api as sm
from statsmodels.treatment.treatment_effects import TreatmentEffect

from analysis.errors import DataError, MethodError
from analysis.estimates import with_estimates
from analysis.measures.shared import notes
from analysis.measures.shared.checks import (
    FloatArray,
    check_choice,
    column_names,
    normal_quantile,
    require_complete,
    require_covariates,
    require_numbers,
)
from analysis.measures.shared.each_group import each_group
from analysis.measures.shared.levels import Levels, one_level, several_levels

WEIGHTING_METHODS = {
    "ipw": "inverse probability weighting",
    "aipw": "augmented inverse probability weighting (doubly robust)",
    "ra": "regression adjustment",
}


def _numbers(table: pd.DataFrame, adjust: Sequence[str]) -> pd.DataFrame:
    """Covariates as numbers, a column per category but the first; each on its own scale for the solver."""
    columns = pd.get_dummies(require_covariates(table, adjust), drop_first=True, dtype=float).astype(float)
    varied = columns.loc[:, columns.max() > columns.min()]
    return (varied - varied.mean()) / varied.std()


def _checked(table: pd.DataFrame, outcome: str, treated: str, names: list[str]) -> pd.DataFrame:
    """The rows as numbers, when treatment is 0 or 1 and both treatment and outcome vary."""
    checked = require_numbers(require_complete(table, names), [outcome, treated])
    given = checked[treated].to_numpy()
    other = ~np.isin(given, (0, 1))
    if other.any():
        first = int(np.flatnonzero(other)[0])
        raise DataError(
            f"Column `{treated}` must be 1 (treated) or 0 (not), and {int(other.sum())} values are neither, the first "
            f"in row {table.index[first]} ({given[first]:g}). Recode it beforehand."
        )
    if given.min() == given.max():
        raise MethodError(f"Column `{treated}` is {given.min():g} for everybody, so there is nobody to compare with.")
    if np.ptp(checked[outcome].to_numpy()) == 0:
        raise MethodError(f"Column `{outcome}` is the same for everybody, so there is no effect to estimate.")
    return checked


def _selection(given: FloatArray, design: FloatArray, names: list[str]) -> Any:
    """Logistic regression of treatment on the covariates."""
    told = f"The columns {names} tell exactly who was treated, or follow from one another. Leave some out."
    if np.linalg.matrix_rank(np.column_stack([design, given])) <= design.shape[1]:
        raise MethodError(told)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return sm.Logit(given, design).fit(disp=0, maxiter=200)
    except (np.linalg.LinAlgError, sm.tools.sm_exceptions.PerfectSeparationError, Warning) as problem:
        raise MethodError(told) from problem


def _effect(model: TreatmentEffect, method: str, target: str, advice: str) -> tuple[float, float]:
    """Effect and its standard error; `aipw` knows no effect among the treated."""
    group = {"effect_group": 1 if target == "treated" else "all"} if method != "aipw" else {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = getattr(model, method)(**group)
            return float(np.ravel(found.effect)[0]), float(np.asarray(found.results_gmm.bse)[0])
    except (np.linalg.LinAlgError, Warning) as problem:
        raise MethodError(advice) from problem


@several_levels
@each_group
def weighted_effect(
    table: pd.DataFrame,
    *,
    outcome: str,
    treated: str,
    adjust: str | Sequence[str],
    method: str = "aipw",
    target: str = "all",
    by: str | Sequence[str] = (),
    level: Levels = 0.95,
) -> pd.DataFrame:
    """Mean difference in outcome between treated and untreated, had both been alike in what is adjusted for.

    Parameters
    ----------
    table
        One row per person.
    outcome
        Column with the outcome: a number, or 0 and 1 for a risk difference.
    treated
        Column with 1 for treated (exposed) persons and 0 for others.
    adjust
        Columns that explain who was treated; text columns become categories.
    method
        ``ipw``, ``aipw`` (right when either of its two models is) or ``ra`` (regression in each group).
    target
        ``all`` (the effect if all were treated) or ``treated`` (among those who were; not for ``aipw``).
    by
        Columns that define groups, each with models of its own; none gives one.
    level
        Coverage of the interval, between 0 and 1, or several.

    Returns
    -------
    pandas.DataFrame
        One row per group: `persons`, `treated`, `smallest_probability`, `largest_probability` (of treatment),
        `standard_error` and the estimate columns, with `measure` "ate" or "att".

    Raises
    ------
    DataError
        When a column or value is missing, or the treatment is not 0 or 1.
    MethodError
        When an option is unknown, nobody or everybody is treated, or the covariates tell treatment exactly.

    Notes
    -----
    Interpretation: a difference in means, or in risks. It is an effect only if everything that steers both treatment
    and outcome is in `adjust`; see `e_value`. Probabilities near 0 or 1 mean that there is nobody to compare with: a
    note says so. The models (logistic for treatment, linear for the outcome) and the standard errors, in which the
    estimation of the weights counts, are those of statsmodels.

    References
    ----------
    Robins JM, Rotnitzky A, Zhao LP. Estimation of regression coefficients when some regressors are not always
    observed. J Am Stat Assoc 1994;89:846-866.
    Austin PC, Stuart EA. Moving towards best practice when using inverse probability of treatment weighting. Stat Med
    2015;34:3661-3679.
    """
    covered, names = one_level(level), column_names(adjust)
    check_choice(method, WEIGHTING_METHODS)
    check_choice(target, ("all", "treated"), option="target")
    if target == "treated" and method == "aipw":
        raise MethodError("The method 'aipw' gives the effect in all. For the treated take 'ipw' or 'ra'.")
    checked = _checked(table, outcome, treated, names)
    given, response = checked[treated].to_numpy(), checked[outcome].to_numpy()
    design = sm.add_constant(_numbers(checked, names).to_numpy(), has_constant="add")
    selection = _selection(given, design, names)
    model = TreatmentEffect(sm.OLS(response, design), given.astype(int), results_select=selection)
    advice = (
        f"The effect on `{outcome}` has no standard error: too few people, or too little variation in {names}. "
        "Join categories or leave a column out."
    )
    estimate, error = _effect(model, method, target, advice)
    half = normal_quantile(covered) * error
    chance = np.asarray(selection.predict())
    rows = pd.DataFrame(
        {
            "persons": [len(checked)],
            "treated": int(given.sum()),
            "smallest_probability": float(chance.min()),
            "largest_probability": float(chance.max()),
            "standard_error": error,
        }
    )
    return with_estimates(
        rows,
        measure="att" if target == "treated" else "ate",
        estimate=estimate,
        lower=estimate - half,
        upper=estimate + half,
        level=covered,
        unit="unit of the outcome",
        method=WEIGHTING_METHODS[method],
        note=notes.NO_OVERLAP if chance.min() < 0.02 or chance.max() > 0.98 else "",
    )
