"""One effect from several 2x2 tables: Mantel-Haenszel risk difference, risk ratio and odds ratio."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import chi2

from analysis.estimates import with_estimates
from analysis.measures.shared import notes
from analysis.measures.shared.checks import (
    FloatArray,
    check_choice,
    column_names,
    normal_quantile,
    require_columns,
    require_no_more_than,
    require_numbers,
)
from analysis.measures.shared.entry import refuse_names_of_results
from analysis.measures.shared.grouping import exposed_and_reference
from analysis.measures.shared.levels import Levels, one_level, several_levels
from analysis.measures.shared.ratios import divide, log_interval

MEASURES = {
    "risk_difference": "Mantel-Haenszel, variance of Sato",
    "risk_ratio": "Mantel-Haenszel, variance of Greenland and Robins",
    "odds_ratio": "Mantel-Haenszel, variance of Robins, Breslow and Greenland",
}
HOMOGENEITY = {
    "risk_difference": "inverse-variance Q",
    "risk_ratio": "inverse-variance Q on the log scale",
    "odds_ratio": "Breslow-Day, Tarone",
}
Counts = tuple[FloatArray, FloatArray, FloatArray, FloatArray]


def _difference(counts: Counts) -> tuple[float, float]:
    a, n1, c, n0 = counts
    n = n1 + n0
    weight = float(np.sum(n1 * n0 / n))
    estimate = float(np.sum((a * n0 - c * n1) / n)) / weight
    p = np.sum((n1**2 * c - n0**2 * a + n1 * n0 * (n0 - n1) / 2) / n**2)
    q = np.sum((a * (n0 - c) + c * (n1 - a)) / (2 * n))
    return estimate, float(np.sqrt(max(float(estimate * p + q), 0.0))) / weight


def _risk_ratio(counts: Counts) -> tuple[float, float]:
    a, n1, c, n0 = counts
    n = n1 + n0
    top, bottom = float(np.sum(a * n0 / n)), float(np.sum(c * n1 / n))
    scatter = float(np.sum((n1 * n0 * (a + c) - a * c * n) / n**2))
    return float(divide(top, bottom)), np.sqrt(scatter / (top * bottom)) if top * bottom > 0 else np.nan


def _odds_ratio(counts: Counts) -> tuple[float, float]:
    a, n1, c, n0 = counts
    b, d, n = n1 - a, n0 - c, n1 + n0
    p, q, r, s = (a + d) / n, (b + c) / n, a * d / n, b * c / n
    top, bottom = float(r.sum()), float(s.sum())
    if top * bottom == 0:
        return float(divide(top, bottom)), np.nan
    variance = np.sum(p * r) / (2 * top**2) + np.sum(p * s + q * r) / (2 * top * bottom)
    return top / bottom, float(np.sqrt(variance + np.sum(q * s) / (2 * bottom**2)))


def _breslow_day(counts: Counts, odds_ratio: float) -> tuple[float, int]:
    """Breslow-Day statistic with Tarone's correction; strata without events or without others tell nothing."""
    a, n1, c, n0 = counts
    events, n = a + c, n1 + n0
    tells = (events > 0) & (events < n) & (n1 > 0) & (n0 > 0)
    a, n1, n0, events, n = a[tells], n1[tells], n0[tells], events[tells], n[tells]
    if tells.sum() < 2 or not 0 < odds_ratio < np.inf:
        return np.nan, int(max(tells.sum() - 1, 0))
    # Events expected among the exposed at the common odds ratio: root of a quadratic, each way where it keeps digits.
    linear = n0 - events + odds_ratio * (n1 + events)
    root = np.sqrt(np.maximum(linear**2 - 4 * (odds_ratio - 1) * odds_ratio * events * n1, 0))
    expected = np.where(
        linear > 0,
        2 * odds_ratio * events * n1 / np.where(linear > 0, linear + root, 1.0),
        (root - linear) / (2 * (1 - odds_ratio) if odds_ratio < 1 else 1.0),
    )
    cells = np.stack([expected, n1 - expected, events - expected, n0 - events + expected])
    cells = np.maximum(cells, 1e-12 * n)
    variance = 1 / (1 / cells).sum(axis=0)
    away = a - expected
    return float(np.sum(away**2 / variance) - away.sum() ** 2 / variance.sum()), int(tells.sum() - 1)


def _inverse_variance_q(counts: Counts, measure: str, estimate: float) -> tuple[float, int]:
    """Cochran's Q around the common effect; strata with an empty cell get half a person more in each of their cells."""
    a, n1, c, n0 = counts
    tells = (a + c > 0) & (a + c < n1 + n0)
    if tells.sum() < 2 or (measure == "risk_ratio" and not 0 < estimate < np.inf):
        return np.nan, 0
    a, n1, c, n0 = (side[tells].astype(float) for side in counts)
    half = np.where((a == 0) | (a == n1) | (c == 0) | (c == n0), 0.5, 0.0)
    a, n1, c, n0 = a + half, n1 + 2 * half, c + half, n0 + 2 * half
    if measure == "risk_ratio":
        effect, variance, centre = np.log(a * n0 / (c * n1)), 1 / a - 1 / n1 + 1 / c - 1 / n0, np.log(estimate)
    else:
        effect, centre = a / n1 - c / n0, estimate
        variance = a * (n1 - a) / n1**3 + c * (n0 - c) / n0**3
    return float(np.sum((effect - centre) ** 2 / variance)), int(tells.sum() - 1)


def _association(counts: Counts) -> float:
    """Mantel-Haenszel chi-squared without continuity correction."""
    a, n1, c, n0 = counts
    n, events = n1 + n0, a + c
    variance = float(np.sum(divide(n1 * n0 * events * (n - events), n**2 * np.where(n > 1, n - 1, np.nan))[n > 1]))
    return float(np.sum(a - n1 * events / n)) ** 2 / variance if variance > 0 else np.nan


_ESTIMATORS = {"risk_difference": _difference, "risk_ratio": _risk_ratio, "odds_ratio": _odds_ratio}


def _one_pool(counts: Counts, measure: str, level: float) -> dict[str, Any]:
    some = (counts[1] > 0) & (counts[3] > 0)
    used: Counts = tuple(side[some] for side in counts)  # type: ignore[assignment]
    row: dict[str, Any] = {"strata": int(some.sum())}
    for name, side in zip(("events", "total", "events_reference", "total_reference"), used, strict=True):
        row[name] = float(side.sum())
    if not some.any():
        nothing = dict.fromkeys(
            ("standard_error", "p_value", "homogeneity", "homogeneity_p_value", "estimate", "lower", "upper"), np.nan
        )
        return row | nothing | {"note": notes.NO_OBSERVATIONS}
    estimate, error = _ESTIMATORS[measure](used)
    if measure == "risk_difference":
        half = normal_quantile(level) * error
        lower, upper = estimate - half, estimate + half
    elif np.isnan(error):
        lower, upper = 0.0, np.inf
    else:
        lower, upper = (float(limit) for limit in log_interval(estimate, error, level))
    homogeneity, freedom = (
        _breslow_day(used, estimate) if measure == "odds_ratio" else _inverse_variance_q(used, measure, estimate)
    )
    association = _association(used)
    return row | {
        "standard_error": error,
        "p_value": float(chi2.sf(association, 1)),
        "homogeneity": homogeneity,
        "homogeneity_p_value": float(chi2.sf(homogeneity, freedom)) if freedom else np.nan,
        "estimate": estimate,
        "lower": lower,
        "upper": upper,
        "note": _remark(estimate, error, association, len(used[0]), int((~some).sum()), freedom),
    }


def _remark(estimate: float, error: float, association: float, strata: int, dropped: int, freedom: int) -> str:
    undefined = np.isnan(estimate) or np.isnan(association)
    return notes.combine_notes(
        notes.NO_EVENTS_AT_ALL_STRATA if undefined else notes.ONE_SIDED if np.isnan(error) else "",
        notes.ZERO_VARIANCE if error == 0 else "",
        notes.STRATA_WITHOUT_A_GROUP if dropped else "",
        notes.ONE_STRATUM if strata == 1 else notes.NO_HOMOGENEITY if freedom < 1 else "",
    )


@several_levels
def mantel_haenszel(
    table: pd.DataFrame,
    *,
    group: str,
    exposed: Any,
    reference: Any,
    strata: str | Sequence[str],
    events: str = "events",
    total: str = "total",
    by: str | Sequence[str] = (),
    measure: str = "risk_ratio",
    level: Levels = 0.95,
) -> pd.DataFrame:
    """Common effect of an exposure over strata, each group compared within its own stratum.

    Parameters
    ----------
    table
        One row per group and stratum; rows of the same group and stratum are added up.
    group
        Column that names the group.
    exposed, reference
        Names of the group of interest and of the one it is compared with.
    strata
        Columns that define the strata, for example age band or study.
    events
        Column with counts of persons with the event.
    total
        Column with counts of persons observed.
    by
        Columns that define separate results; none gives one.
    measure
        ``risk_ratio``, ``odds_ratio`` or ``risk_difference``.
    level
        Coverage of the interval, between 0 and 1, or several.

    Returns
    -------
    pandas.DataFrame
        One row per result: `strata` with persons in both groups, `events`, `total`, `events_reference`,
        `total_reference`, `standard_error` (of the logarithm, for ratios), `p_value` (Mantel-Haenszel test without
        correction), `homogeneity` and `homogeneity_p_value` (Breslow-Day with Tarone's correction for odds ratios,
        inverse-variance Q otherwise) and the estimate columns. What cannot be computed is missing, with a `note`.

    Raises
    ------
    DataError
        When a column is missing, numbers are impossible, or a stratum lacks a row for one group.
    MethodError
        When the measure is unknown.

    Notes
    -----
    Interpretation: the effect that the strata have in common, free from confounding by what defines them. It works with
    many small strata and with empty cells, where a logistic regression or a pool of logarithms does not.
    When the strata differ (a small `homogeneity_p_value`) show them apart: a mean of opposite effects says little.

    References
    ----------
    Mantel N, Haenszel W. Statistical aspects of the analysis of data from retrospective studies of disease.
    J Natl Cancer Inst 1959;22:719-748.
    Robins J, Breslow N, Greenland S. Estimators of the Mantel-Haenszel variance consistent in both sparse data and
    large-strata limiting models. Biometrics 1986;42:311-323.
    Greenland S, Robins JM. Estimation of a common effect parameter from sparse follow-up data. Biometrics
    1985;41:55-68.
    Sato T. On the variance estimator for the Mantel-Haenszel risk difference. Biometrics 1989;45:1323-1324.
    Tarone RE. On heterogeneity tests based on efficient scores. Biometrika 1985;72:91-95.

    Examples
    --------
    >>> rows = {"age": ["<60", "<60", "60+", "60+"], "arm": ["a", "b", "a", "b"], "events": [4, 2, 30, 20]}
    >>> table = pd.DataFrame(rows | {"total": [100, 100, 100, 100]})
    >>> result = mantel_haenszel(table, group="arm", exposed="a", reference="b", strata="age")
    >>> round(float(result.loc[0, "estimate"]), 3)
    1.545
    """
    check_choice(measure, MEASURES, option="measure")
    covered, keys = one_level(level), column_names(by)
    parts = [*keys, *column_names(strata)]
    require_columns(table, [group, *parts])
    checked = require_no_more_than(require_numbers(table, [events, total], minimum=0), events, total)
    pairs = exposed_and_reference(checked, [events, total], group=group, exposed=exposed, reference=reference, by=parts)
    columns = [f"{name}_{side}" for side in ("exposed", "reference") for name in (events, total)]
    refuse_names_of_results(keys, columns)
    grouped = pairs.groupby(keys, dropna=False, observed=True) if keys else [((), pairs)]
    rows = []
    for names, stratum in grouped:
        counts: Counts = tuple(stratum[column].to_numpy(dtype=float) for column in columns)  # type: ignore[assignment]
        pooled = _one_pool(counts, measure, covered)
        refuse_names_of_results(keys, pooled)
        rows.append(dict(zip(keys, names, strict=True)) | pooled)
    found = pd.DataFrame(rows)
    return with_estimates(
        found.drop(columns=["estimate", "lower", "upper", "note"]),
        measure=measure,
        estimate=found["estimate"],
        lower=found["lower"],
        upper=found["upper"],
        level=covered,
        unit="proportion" if measure == "risk_difference" else "ratio",
        method=f"{MEASURES[measure]}; homogeneity: {HOMOGENEITY[measure]}",
        note=found["note"].tolist(),
    )
