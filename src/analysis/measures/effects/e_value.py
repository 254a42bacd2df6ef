"""How strong an unmeasured confounder would have to be to explain a ratio away."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis.errors import DataError
from analysis.estimates import with_estimates
from analysis.measures.shared import notes
from analysis.measures.shared.checks import FloatArray, check_choice, check_values, require_numbers
from analysis.measures.shared.entry import checked_tables

KINDS = {
    "risk_ratio": "risk ratio, or odds or hazard ratio of a rare outcome",
    "odds_ratio": "odds ratio of a common outcome, by its square root",
    "hazard_ratio": "hazard ratio of a common outcome, by the approximation of VanderWeele",
}


def e_value_of_ratio(risk_ratio: ArrayLike) -> FloatArray:
    """E-value of risk ratios: the risk ratio that confounder, exposure and outcome would need.

    Parameters
    ----------
    risk_ratio
        Risk ratios above 0; those below 1 are turned over.

    Returns
    -------
    numpy.ndarray
        Numbers from 1.

    Raises
    ------
    DataError
        When a ratio is missing or not above 0.

    Examples
    --------
    >>> round(float(e_value_of_ratio(3.9)), 2)
    7.26
    """
    ratio = check_values(risk_ratio, what="The risk ratio", above=0)
    away = np.where(ratio < 1, 1 / ratio, ratio)
    return np.asarray(away + np.sqrt(away * (away - 1)))


def _as_risk_ratio(ratio: FloatArray, kind: str) -> FloatArray:
    if kind == "odds_ratio":
        return np.asarray(np.sqrt(ratio))
    if kind == "hazard_ratio":
        return np.asarray((1 - 0.5 ** np.sqrt(ratio)) / (1 - 0.5 ** np.sqrt(1 / ratio)))
    return ratio


@checked_tables
def e_value(table: pd.DataFrame, *, kind: str = "risk_ratio") -> pd.DataFrame:
    """E-values of ratios and of their limits.

    Parameters
    ----------
    table
        One row per ratio: `estimate`, `lower`, `upper` (above 0) and `level`, 0.95 when absent; other columns are kept.
    kind
        ``risk_ratio`` (also for odds and hazard ratios of a rare outcome), ``odds_ratio`` or ``hazard_ratio`` of an
        outcome that more than 15 percent have.

    Returns
    -------
    pandas.DataFrame
        One row per ratio: the other columns of the table, `ratio`, `ratio_lower`, `ratio_upper` (as given), and the
        estimate columns with `measure` "e_value". `lower` belongs to the limit nearest to 1 and is 1 when the interval
        includes 1; `upper` belongs to the limit furthest from 1 on the side of the estimate.

    Raises
    ------
    DataError
        When a column is missing, a ratio is not above 0, or an estimate lies outside its interval.
    MethodError
        When the kind is unknown.

    Notes
    -----
    Interpretation: 7.26 means that an unmeasured confounder must be 7.26 times as common among the exposed and make
    the outcome 7.26 times as likely, beyond what was adjusted for, to explain the ratio away; weaker could not.
    It says nothing on whether such a confounder exists, and nothing on selection, measurement or chance. Compare it
    with the ratios of the confounders that were measured.

    References
    ----------
    VanderWeele TJ, Ding P. Sensitivity analysis in observational research: introducing the E-value. Ann Intern Med
    2017;167:268-274.

    Examples
    --------
    >>> ratios = pd.DataFrame({"estimate": [3.9], "lower": [1.8], "upper": [8.7]})
    >>> e_value(ratios)[["estimate", "lower"]].round(2).to_numpy().tolist()
    [[7.26, 3.0]]
    """
    check_choice(kind, KINDS, option="kind")
    columns = ["estimate", "lower", "upper"]
    checked = require_numbers(table, columns, above=0)
    outside = ((checked["lower"] > checked["estimate"]) | (checked["upper"] < checked["estimate"])).to_numpy()
    if outside.any():
        row = checked.iloc[int(np.flatnonzero(outside)[0])]
        raise DataError(
            f"{int(outside.sum())} ratios lie outside their own interval, the first is row {row.name} "
            f"({row['estimate']:g}, {row['lower']:g} to {row['upper']:g}). Check whether limits were swapped."
        )
    ratio, lower, upper = (_as_risk_ratio(checked[column].to_numpy(), kind) for column in columns)
    nearest = np.where(ratio < 1, np.minimum(upper, 1.0), np.maximum(lower, 1.0))
    others = [column for column in checked if column not in (*columns, "measure", "level", "unit", "method", "note")]
    levels = checked["level"].unique() if "level" in checked else np.array([0.95])
    if len(levels) > 1:
        raise DataError(
            f"Column `level` has {len(levels)} different values. Ask for the E-values of one level at a time."
        )
    return with_estimates(
        checked[others].assign(
            **{f"ratio{end}": checked[column] for end, column in zip(("", "_lower", "_upper"), columns, strict=True)}
        ),
        measure="e_value",
        estimate=e_value_of_ratio(ratio),
        lower=e_value_of_ratio(nearest),
        upper=e_value_of_ratio(np.where(ratio < 1, lower, upper)),
        level=float(levels[0]),
        unit="risk ratio",
        method=f"E-value, {KINDS[kind]}",
        note=np.where(nearest == 1, notes.INTERVAL_INCLUDES_ONE, "").tolist(),
    )
