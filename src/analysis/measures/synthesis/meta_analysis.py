"""Meta-analysis: effects of several studies pooled, with how much the studies differ and where a next one may lie."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import chi2, norm, t

from analysis.errors import MethodError
from analysis.estimates import with_estimates
from analysis.measures.shared import notes
from analysis.measures.shared.checks import (
    FloatArray,
    check_choice,
    column_names,
    normal_quantile,
    require_columns,
    require_complete,
    require_numbers,
)
from analysis.measures.shared.each_group import each_group
from analysis.measures.shared.levels import Levels, one_level, several_levels
from analysis.measures.synthesis.between_studies import (
    TAU_METHODS,
    StudyGroups,
    cochran_q,
    limits_of_variance_between,
    study_groups,
    tau_method,
    variance_between,
)

INTERVALS = {
    "wald": "Wald interval",
    "t": "t interval",
    "hartung-knapp": "Hartung-Knapp interval",
    "hartung-knapp-ad-hoc": "Hartung-Knapp interval, never narrower than Wald",
}
INTERVAL_SHORT_FORMS = {"z": "wald", "knha": "hartung-knapp", "HKSJ": "hartung-knapp", "adhoc": "hartung-knapp-ad-hoc"}
RESULTS = ("studies", "q", "i_squared", "tau_squared", "standard_error", "estimate", "lower", "upper", "note")


def read_studies(
    table: pd.DataFrame, effect: str, standard_error: str, by: str | Sequence[str]
) -> tuple[pd.DataFrame, StudyGroups, pd.DataFrame]:
    """Studies of a table with the names of their groups.

    Parameters
    ----------
    table
        One row per study.
    effect, standard_error
        Columns with the effect and its standard error.
    by
        Columns that define separate meta-analyses; none gives one.

    Returns
    -------
    tuple
        One row of names per group, the studies, and the checked rows in the same order as the studies.

    Raises
    ------
    DataError
        When a column is missing, or a number is missing or impossible.
    MethodError
        When a column of `by` has the name of a result.
    """
    keys = column_names(by)
    clash = sorted(set(keys) & set(RESULTS))
    if clash:
        raise MethodError(f"The columns {clash} of `by` are names of results. Rename them beforehand.")
    checked = require_numbers(require_columns(table, keys), [effect])
    checked = require_numbers(checked, [standard_error], above=0)
    if not keys:
        return pd.DataFrame(index=[0]), study_groups(checked[effect], checked[standard_error]), checked
    number = checked.groupby(keys, dropna=False, observed=True).ngroup()
    checked = checked.iloc[np.argsort(number.to_numpy(), kind="stable")]
    number = number.loc[checked.index] if checked.index.is_unique else number.sort_values(kind="stable")
    names = checked.loc[(~number.duplicated()).to_numpy(), keys].reset_index(drop=True)
    return names, study_groups(checked[effect], checked[standard_error], number.to_numpy()), checked


def pooled(studies: StudyGroups, *, method: str, interval: str, level: float) -> dict[str, Any]:
    """Pooled effects of all groups at once, on the scale of the effects.

    Parameters
    ----------
    studies
        The studies.
    method
        Full name of the method for the variance between studies.
    interval
        One of `INTERVALS`.
    level
        Coverage of the intervals.

    Returns
    -------
    dict
        Arrays with one number per group, named as the columns of `meta_analysis`.
    """
    many = studies.sizes > 1
    freedom = np.maximum(studies.sizes - 1, 1)
    tau = variance_between(studies, method)
    weights = studies.weights(tau)
    total = studies.sums(weights)
    centre = studies.sums(weights * studies.effects) / total
    plain, quantile = total**-0.5, np.full(total.size, normal_quantile(level))
    error = plain
    if interval != "wald":
        quantile = np.where(many, t.ppf((1 + level) / 2, freedom), quantile)
    if interval.startswith("hartung-knapp"):
        scatter = studies.sums(weights * studies.residuals(weights) ** 2) / freedom
        scatter = np.maximum(scatter, 1.0) if interval == "hartung-knapp-ad-hoc" else scatter
        error = np.where(many, plain * np.sqrt(scatter), plain)
    predicted = (method != "fixed") & (studies.sizes > 2)
    reach = np.where(predicted, t.ppf((1 + level) / 2, np.maximum(studies.sizes - 2, 1)), np.nan)
    reach = reach * np.sqrt(tau + plain**2)
    estimate = centre + studies.centres
    return {
        "tau_squared": tau,
        "standard_error": error,
        "estimate": estimate,
        "lower": estimate - quantile * error,
        "upper": estimate + quantile * error,
        "prediction_lower": estimate - reach,
        "prediction_upper": estimate + reach,
    }


def differences_between_studies(
    studies: StudyGroups, tau: FloatArray, *, method: str, level: float
) -> dict[str, FloatArray]:
    """How much the studies of each group differ beyond chance.

    Parameters
    ----------
    studies
        The studies.
    tau
        Variance between studies, one number per group.
    method
        Full name of the method that gave it.
    level
        Coverage of the interval of the variance between studies.

    Returns
    -------
    dict
        `q`, `q_p_value`, `i_squared`, `h_squared`, `tau_squared_lower` and `tau_squared_upper`.
    """
    freedom = studies.sizes - 1
    q = np.where(freedom > 0, cochran_q(studies, np.zeros(freedom.size)), 0.0)
    weights = 1 / studies.variances
    total = studies.sums(weights)
    if method == "fixed":
        h_squared = np.where(freedom > 0, q / np.maximum(freedom, 1), 1.0)
        i_squared = np.where(q > freedom, 1 - freedom / np.where(q > freedom, q, 1.0), 0.0)
    else:
        room = np.where(freedom > 0, studies.cross_products(weights), 1.0)
        typical = np.maximum(freedom, 1) * total / room
        h_squared, i_squared = tau / typical + 1, tau / (tau + typical)
    lower, upper = limits_of_variance_between(studies, level)
    return {
        "q": q,
        "q_p_value": np.where(freedom > 0, chi2.sf(q, np.maximum(freedom, 1)), 1.0),
        "i_squared": i_squared,
        "h_squared": h_squared,
        "tau_squared_lower": lower,
        "tau_squared_upper": upper,
    }


def _p_value(found: dict[str, Any], interval: str, sizes: FloatArray) -> FloatArray:
    error = found["standard_error"]
    distance = np.abs(found["estimate"]) / np.where(error > 0, error, 1.0)
    by_t = (interval != "wald") & (sizes > 1)
    value = np.where(by_t, 2 * t.sf(distance, np.maximum(sizes - 1, 1)), 2 * norm.sf(distance))
    return np.where(error > 0, value, np.where(found["estimate"] == 0, 1.0, 0.0))


def _remarks(studies: StudyGroups, found: dict[str, Any], method: str) -> list[str]:
    random = method != "fixed"
    return [
        notes.ONE_STUDY
        if size == 1
        else notes.combine_notes(
            notes.FEW_STUDIES if random and size < 5 else "",
            notes.NO_PREDICTION if random and size < 3 else "",
            notes.NO_SCATTER if error == 0 else "",
            notes.AGREE_BEYOND_CHANCE if upper == 0 else "",
        )
        for size, error, upper in zip(studies.sizes, found["standard_error"], found["tau_squared_upper"], strict=True)
    ]


@several_levels
def meta_analysis(
    table: pd.DataFrame,
    *,
    effect: str = "effect",
    standard_error: str = "standard_error",
    by: str | Sequence[str] = (),
    method: str = "REML",
    interval: str = "wald",
    level: Levels = 0.95,
    exponentiate: bool = False,
) -> pd.DataFrame:
    """Pooled effect of several studies, with the variance between them and where a next study is expected.

    Parameters
    ----------
    table
        One row per study.
    effect
        Column with the effect, on a scale where errors are normal (the logarithm of a ratio, a difference).
    standard_error
        Column with its standard error, above 0.
    by
        Columns that define separate meta-analyses, done all at once; none gives one.
    method
        ``fixed``, ``REML``, ``DerSimonian-Laird`` (``DL``), ``Paule-Mandel`` (``PM``), ``empirical Bayes`` (``EB``),
        ``Sidik-Jonkman`` (``SJ``) or ``ML``.
    interval
        ``wald``, ``t`` (k - 1 degrees of freedom), ``hartung-knapp`` or ``hartung-knapp-ad-hoc`` (the same, never
        narrower than with the weights taken as they are).
    level
        Coverage of the intervals, between 0 and 1, or several.
    exponentiate
        Show estimate, interval and prediction interval as ratios, where the effects are logarithms. `standard_error`
        and the variances stay on the log scale.

    Returns
    -------
    pandas.DataFrame
        One row per meta-analysis: `studies`, `q`, `q_p_value`, `i_squared` (0 to 1), `h_squared`, `tau_squared` with
        `tau_squared_lower` and `tau_squared_upper` (Q-profile), `standard_error`, `p_value`, `prediction_lower`,
        `prediction_upper` (missing for ``fixed`` and below three studies) and the estimate columns, with `measure`
        "pooled_effect" or "pooled_ratio". One study is shown as it is, with a `note`.

    Raises
    ------
    DataError
        When a column is missing, or a number is missing or impossible.
    MethodError
        When the method or interval is unknown.

    Notes
    -----
    Interpretation: the mean of the effects of all studies, the more precise weighing more; with random effects it is
    the centre of a range of true effects, and the prediction interval (Student's t with k - 2 degrees of freedom)
    says how wide that range is. `i_squared` is relative to the precision of the studies, so look at `tau_squared` and
    the prediction interval first.
    Printed ratios with their intervals become effects by `analysis.measures.shared.ratios.log_estimates`. Parts of one
    study, such as men and women of one cohort, are pooled with ``fixed``.
    Use REML with ``hartung-knapp`` for studies from different places. With two or three studies the variance between
    them is hardly known: show them apart. Do not pool overlapping cohorts, or adjusted with crude ratios. For 2x2
    tables with rare events use the Mantel-Haenszel estimators.

    References
    ----------
    Viechtbauer W. Bias and efficiency of meta-analytic variance estimators in the random-effects model.
    J Educ Behav Stat 2005;30:261-293.
    Hartung J, Knapp G. A refined method for the meta-analysis of controlled clinical trials with binary outcome.
    Stat Med 2001;20:3875-3889.
    Higgins JPT, Thompson SG. Quantifying heterogeneity in a meta-analysis. Stat Med 2002;21:1539-1558.
    Higgins JPT, Thompson SG, Spiegelhalter DJ. A re-evaluation of random-effects meta-analysis.
    J R Stat Soc A 2009;172:137-159.

    Examples
    --------
    >>> studies = pd.DataFrame({"effect": [0.1, 0.5, 0.9], "standard_error": [0.1, 0.2, 0.1]})
    >>> meta_analysis(studies, method="DL")[["estimate", "lower", "upper"]].round(3).to_numpy().tolist()
    [[0.5, -0.059, 1.059]]
    """
    covered, name = one_level(level), tau_method(method)
    limits = check_choice(INTERVAL_SHORT_FORMS.get(str(interval), interval), INTERVALS, option="interval")
    names, studies, _ = read_studies(table, effect, standard_error, by)
    found = pooled(studies, method=name, interval=limits, level=covered)
    found |= differences_between_studies(studies, found["tau_squared"], method=name, level=covered)
    remarks = _remarks(studies, found, name)
    p_value = _p_value(found, limits, studies.sizes.astype(float))
    if exponentiate:
        for column in ("estimate", "lower", "upper", "prediction_lower", "prediction_upper"):
            found[column] = np.exp(found[column])
    ingredients = ("q", "q_p_value", "i_squared", "h_squared", "tau_squared", "tau_squared_lower", "tau_squared_upper")
    rows = names.assign(
        studies=studies.sizes,
        **{column: found[column] for column in (*ingredients, "standard_error")},
        p_value=p_value,
        prediction_lower=found["prediction_lower"],
        prediction_upper=found["prediction_upper"],
    )
    return with_estimates(
        rows,
        measure="pooled_ratio" if exponentiate else "pooled_effect",
        estimate=found["estimate"],
        lower=found["lower"],
        upper=found["upper"],
        level=covered,
        unit="ratio" if exponentiate else "unit of the effects",
        method=f"inverse variance, {TAU_METHODS[name]}, {INTERVALS[limits]}",
        note=remarks,
    )


@several_levels
@each_group
def leave_one_out(
    table: pd.DataFrame,
    *,
    study: str = "study",
    effect: str = "effect",
    standard_error: str = "standard_error",
    by: str | Sequence[str] = (),
    method: str = "REML",
    interval: str = "wald",
    level: Levels = 0.95,
    exponentiate: bool = False,
) -> pd.DataFrame:
    """Pooled effect without each study in turn.

    Parameters
    ----------
    table
        One row per study, two studies or more.
    study
        Column that names the study, each once within its group.
    effect, standard_error
        Columns as in `meta_analysis`.
    by
        Columns that define separate meta-analyses; none gives one.
    method, interval
        Method and interval as in `meta_analysis`.
    level
        Coverage of the intervals, between 0 and 1, or several.
    exponentiate
        Show the results as ratios, where the effects are logarithms.

    Returns
    -------
    pandas.DataFrame
        One row per study left out, within its group in the order of the table, named in the column `without`; the other
        columns as in `meta_analysis`.

    Raises
    ------
    DataError
        When a column is missing, or a number is missing or impossible.
    MethodError
        When there is one study only, or a name occurs twice.

    Notes
    -----
    Interpretation: when one row differs much from the others, the result rests on that study. It is a search for
    such studies and not a reason to leave them out.

    References
    ----------
    Viechtbauer W, Cheung MWL. Outlier and influence diagnostics for meta-analysis. Res Synth Methods 2010;1:112-125.

    Examples
    --------
    >>> studies = pd.DataFrame({"study": list("abc"), "effect": [0.1, 0.1, 0.9], "standard_error": [0.1, 0.1, 0.1]})
    >>> leave_one_out(studies, method="fixed")[["without", "estimate"]].round(3).to_numpy().tolist()
    [['a', 0.5], ['b', 0.5], ['c', 0.1]]
    """
    checked = require_numbers(require_numbers(table, [effect]), [standard_error], above=0)
    names = require_complete(checked, [study])[study]
    if len(table) < 2 or names.duplicated().any():
        raise MethodError(
            f"Leaving out one of {len(table)} studies needs two or more, each with its own name in `{study}`. "
            "Give every study a name of its own."
        )
    rows = np.arange(len(table))
    kept = np.concatenate([np.delete(rows, row) for row in rows])
    copies = table.iloc[kept][[effect, standard_error]].assign(without=np.repeat(rows, len(table) - 1))
    result = meta_analysis(
        copies,
        effect=effect,
        standard_error=standard_error,
        by="without",
        method=method,
        interval=interval,
        level=one_level(level),
        exponentiate=exponentiate,
    )
    return result.assign(without=names.to_numpy()[result["without"].to_numpy()])
