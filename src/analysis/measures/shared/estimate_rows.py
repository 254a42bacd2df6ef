"""Rows of different measures as one table of estimates."""

from typing import Any

import pandas as pd

from analysis.estimates import with_estimates


def estimates_table(rows: list[dict[str, Any]], level: float) -> pd.DataFrame:
    """Rows of different measures as one table of estimates.

    Parameters
    ----------
    rows
        One mapping per row, with all estimate columns but the level.
    level
        Coverage of the intervals.

    Returns
    -------
    pandas.DataFrame
        Group columns and ingredients first, then the estimate columns.
    """
    results = pd.DataFrame(rows)
    last = ["measure", "estimate", "lower", "upper", "unit", "method", "note"]
    shown = with_estimates(
        results.drop(columns=last),
        measure=results["measure"].tolist(),
        estimate=results["estimate"],
        lower=results["lower"],
        upper=results["upper"],
        level=level,
        unit="",
        method="",
        note=results["note"].tolist(),
    )
    return shown.assign(unit=results["unit"].tolist(), method=results["method"].tolist())
