"""Attributable fractions from prevalence and relative risk: Levin, Miettinen, several categories, impact fraction."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.errors import DataError
from analysis.estimates import with_estimates
from analysis.measures.shared import notes
from analysis.measures.shared.checks import (
    LARGEST,
    FloatArray,
    check_choice,
    column_names,
    normal_quantile,
    require_numbers,
)
from analysis.measures.shared.grouping import sum_by
from analysis.measures.shared.levels import Levels, one_level, several_levels


def _checked(
    table: pd.DataFrame, columns: dict[str, str], by: list[str], sample: str | None
) -> tuple[pd.DataFrame, bool]:
    """Shares below 1 in total, ratios above 0, and whether the ratios have intervals."""
    checked = require_numbers(table, [columns["prevalence"]], minimum=0, maximum=1)
    checked = require_numbers(checked, [columns["relative_risk"]], above=0)
    limits = [columns["lower"], columns["upper"]]
    known = all(column in checked for column in limits)
    if known:
        checked = require_numbers(checked, limits, above=0)
    if sample:
        # Below zero and below one are different mistakes.
        checked = require_numbers(require_numbers(checked, [sample], above=0), [sample], minimum=1)
    total = sum_by(checked, [columns["prevalence"]], by)[columns["prevalence"]]
    if (total > 1 + 1e-9).any():
        raise DataError(
            f"The prevalences of the exposed categories add up to {total.max():g}, more than 1. Leave out the "
            "unexposed category and totals, and name the columns that tell populations apart in `by`."
        )
    return checked, known


def _one_minus(
    shares: FloatArray, ratios: FloatArray, log_variance: FloatArray, sample: float | None, method: str
) -> tuple[float, float]:
    """One minus the fraction, and the variance of its logarithm."""
    unexposed = max(1 - float(shares.sum()), 0.0)  # apart, so that nothing is lost when all are exposed
    if method == "levin":
        excess = ratios - 1
        rest = 1 / (unexposed + shares @ ratios)
        of_ratios = (shares * ratios * rest) ** 2 @ log_variance
        of_shares = (shares @ excess**2 - (shares @ excess) ** 2) * rest**2
    else:
        excess = 1 - 1 / ratios
        rest = unexposed + shares @ (1 / ratios)
        of_ratios = (shares / ratios / rest) ** 2 @ log_variance
        of_shares = (shares @ excess**2 - (shares @ excess) ** 2) / rest**2
    return float(rest), float(of_ratios + (of_shares / sample if sample else 0.0))


def _limits(rest: FloatArray, half: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Limits of a fraction from one minus it and the half width of its logarithm; endless when too wide to compute."""
    factor = np.exp(np.minimum(half, np.log(LARGEST)))
    return np.where(half > np.log(LARGEST), -np.inf, 1 - rest * factor), 1 - rest / factor


@several_levels
def attributable_fraction(
    table: pd.DataFrame,
    *,
    prevalence: str = "prevalence",
    relative_risk: str = "relative_risk",
    lower: str = "lower",
    upper: str = "upper",
    sample: str | None = None,
    by: str | Sequence[str] = (),
    method: str = "levin",
    input_level: float = 0.95,
    level: Levels = 0.95,
) -> pd.DataFrame:
    """Part of all cases that would not occur if nobody were exposed, from published figures.

    Parameters
    ----------
    table
        One row per exposed category; the unexposed category is left out and has relative risk 1.
    prevalence
        Column with the proportion in the category: of the population for ``levin``, of the cases for ``miettinen``.
    relative_risk
        Column with risk or rate ratios against the unexposed, above 0.
    lower, upper
        Columns with the limits of the ratios; without them there is no interval, and a `note` says so. For ratios that
        are known exactly make both columns equal to the ratio.
    sample
        Column with the number of persons (or cases) behind the prevalence, 1 or more; None takes prevalences as known.
    by
        Columns that tell populations apart; none is one population.
    method
        ``levin`` (prevalence in the population, crude ratios) or ``miettinen`` (among cases, also adjusted ratios).
    input_level
        Coverage of the limits in the table.
    level
        Coverage of the interval, between 0 and 1; or several.

    Returns
    -------
    pandas.DataFrame
        One row per population: `categories`, `exposed` (proportion) and the estimate columns, with `measure`
        "attributable_fraction" and `unit` "proportion".

    Raises
    ------
    DataError
        When numbers are impossible or prevalences add up to more than 1.
    MethodError
        When the method does not exist.

    Notes
    -----
    Interpretation: 0.20 means that one in five cases would not occur without the exposure, if it is a cause and nothing
    else changed. Fractions of several exposures overlap and can add up to more than 1: use
    `sequential_attributable_fractions`. Levin's formula with an adjusted ratio is biased; take Miettinen's.
    The interval is normal for the logarithm of one minus the fraction, ratios of categories taken as independent.

    References
    ----------
    Levin ML. The occurrence of lung cancer in man. Acta Unio Int Contra Cancrum 1953;9:531-541.
    Miettinen OS. Proportion of disease caused or prevented by a given exposure. Am J Epidemiol 1974;99:325-332.
    Walter SD. The estimation and interpretation of attributable risk in health research. Biometrics 1976;32:829-849.

    Examples
    --------
    >>> smoking = pd.DataFrame({"prevalence": [0.3], "relative_risk": [2.5], "lower": [2.0], "upper": [3.125]})
    >>> attributable_fraction(smoking)[["estimate", "lower", "upper"]].round(3).to_numpy().tolist()
    [[0.31, 0.226, 0.386]]
    """
    check_choice(method, ("levin", "miettinen"))
    columns = {"prevalence": prevalence, "relative_risk": relative_risk, "lower": lower, "upper": upper}
    keys, z = column_names(by), normal_quantile(one_level(level))
    checked, known = _checked(table, columns, keys, sample)
    grouped = checked.groupby(keys, dropna=False, observed=True) if keys else [((), checked)]
    found = []
    for names, rows in grouped:
        shares, ratios = rows[prevalence].to_numpy(dtype=float), rows[relative_risk].to_numpy(dtype=float)
        spread = np.zeros(len(rows))
        if known:
            width = np.log(rows[upper].to_numpy(dtype=float) / rows[lower].to_numpy(dtype=float))
            spread = (width / (2 * normal_quantile(input_level))) ** 2
        size = float(rows[sample].iloc[0]) if sample else None
        rest, variance = _one_minus(shares, ratios, spread, size, method)
        half = z * variance**0.5 if known else np.nan
        remark = notes.combine_notes(
            "" if known else notes.NO_GROUP_INTERVALS,
            notes.ONE_SIDED_FRACTION if rest > 1 else "",
        )
        found.append(
            {
                **dict(zip(keys, names, strict=True)),
                "categories": len(rows),
                "exposed": float(shares.sum()),
                "_rest": rest,
                "_half": half,
                "_note": remark,
            }
        )
    result = pd.DataFrame(found)
    low, high = _limits(result["_rest"].to_numpy(dtype=float), result["_half"].to_numpy(dtype=float))
    return with_estimates(
        result.drop(columns=["_rest", "_half", "_note"]),
        measure="attributable_fraction",
        estimate=1 - result["_rest"],
        lower=low,
        upper=high,
        level=one_level(level),
        unit="proportion",
        method=f"{method.capitalize()}; normal for log(1 - fraction)",
        note=result["_note"].tolist(),
    )


@several_levels
def potential_impact_fraction(
    table: pd.DataFrame,
    *,
    prevalence: str = "prevalence",
    counterfactual: str = "counterfactual",
    relative_risk: str = "relative_risk",
    lower: str = "lower",
    upper: str = "upper",
    by: str | Sequence[str] = (),
    input_level: float = 0.95,
    level: Levels = 0.95,
) -> pd.DataFrame:
    """Part of all cases that would not occur if the exposure were spread in another way.

    Parameters
    ----------
    table
        One row per exposed category; the unexposed category is left out and has relative risk 1.
    prevalence, counterfactual
        Columns with the proportion in the category now, and as it would be.
    relative_risk
        Column with risk or rate ratios against the unexposed, above 0.
    lower, upper
        Columns with the limits of the ratios; without them there is no interval.
    by
        Columns that tell populations apart; none is one population.
    input_level
        Coverage of the limits in the table.
    level
        Coverage of the interval, between 0 and 1; or several.

    Returns
    -------
    pandas.DataFrame
        One row per population: `exposed`, `exposed_then` and the estimate columns, with `measure`
        "potential_impact_fraction".

    Raises
    ------
    DataError
        When numbers are impossible or prevalences add up to more than 1.

    Notes
    -----
    Interpretation: 0.05 means five per cent fewer cases in the end, if the exposure is a cause. When nobody would be
    exposed it is Levin's attributable fraction. Prevalences are taken as known.

    References
    ----------
    Barendregt JJ, Veerman JL. Categorical versus continuous risk factors and the calculation of potential impact
    fractions. J Epidemiol Community Health 2010;64:209-212.

    Examples
    --------
    >>> smoking = pd.DataFrame({"prevalence": [0.3], "counterfactual": [0.2], "relative_risk": [2.5]})
    >>> potential_impact_fraction(smoking)["estimate"].round(4).tolist()
    [0.1034]
    """
    columns = {"prevalence": prevalence, "relative_risk": relative_risk, "lower": lower, "upper": upper}
    keys, z = column_names(by), normal_quantile(one_level(level))
    checked, known = _checked(table, columns, keys, None)
    checked, _ = _checked(checked, {**columns, "prevalence": counterfactual}, keys, None)
    change = (checked[prevalence] - checked[counterfactual]) * (checked[relative_risk] - 1)
    now, then = (checked[share] * checked[relative_risk] for share in (prevalence, counterfactual))
    spread = pd.Series(0.0, index=checked.index)
    if known:
        width = np.log(checked[upper].to_numpy(dtype=float) / checked[lower].to_numpy(dtype=float))
        spread = pd.Series(width / (2 * normal_quantile(input_level)), index=checked.index)
    cells = checked.assign(_change=change, _now=now, _then=then, _spread=spread)
    totals = sum_by(cells, [prevalence, counterfactual, "_change", "_now", "_then"], keys)
    # Cases per person unexposed, the unexposed apart so that nothing is lost when all are exposed.
    cases = (1 - totals[prevalence]).clip(lower=0) + totals["_now"]
    rest = ((1 - totals[counterfactual]).clip(lower=0) + totals["_then"]) / cases
    value = totals["_change"] / cases
    row = np.zeros(len(cells), dtype=int) if not keys else cells.groupby(keys, dropna=False, observed=True).ngroup()
    base = cases.to_numpy()[row]
    slope = checked[relative_risk] * (
        (checked[prevalence] - checked[counterfactual]) - value.to_numpy()[row] * checked[prevalence]
    )
    variance = np.bincount(row, (slope / base * cells["_spread"]) ** 2, minlength=len(totals))
    half = z * np.sqrt(variance) / rest if known else np.full(len(totals), np.nan)
    low, high = _limits(rest.to_numpy(dtype=float), np.asarray(half, dtype=float))
    shown = totals.rename(columns={prevalence: "exposed", counterfactual: "exposed_then"})
    return with_estimates(
        shown.drop(columns=["_change", "_now", "_then"]),
        measure="potential_impact_fraction",
        estimate=value,
        lower=low,
        upper=high,
        level=one_level(level),
        unit="proportion",
        method="potential impact fraction; normal for log(1 - fraction), prevalences known",
        note="" if known else notes.NO_GROUP_INTERVALS,
    )
