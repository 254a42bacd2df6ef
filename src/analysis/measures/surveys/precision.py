"""Groups of a sample as domains, and the precision that a survey design gives to an estimate in each."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import t

from analysis.measures.shared import notes
from analysis.measures.shared.checks import FloatArray, column_names, require_columns
from analysis.measures.surveys.design import IntArray, Sample


def domains(table: pd.DataFrame, by: str | Sequence[str]) -> Iterator[tuple[dict[str, Any], IntArray]]:
    """Groups to report on as rows of the whole sample, groups with a missing name included.

    Parameters
    ----------
    table
        One row per sampled person.
    by
        Columns that define the groups; none gives one.

    Yields
    ------
    tuple
        Names of the group, and numbers of its rows.
    """
    keys = column_names(by)
    if not keys:
        yield {}, np.arange(len(table))
        return
    codes = require_columns(table, keys).groupby(keys, dropna=False, observed=True).ngroup().to_numpy()
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    for rows in np.split(order, starts[1:]):
        names = table[keys].iloc[rows[0]]
        yield {str(key): names[key] for key in keys}, rows


def precision(sample: Sample, rows: IntArray, contributions: FloatArray, size: float | None = 0.0) -> dict[str, Any]:
    """Standard error of one estimate with its degrees of freedom, and the notes that belong to them.

    Parameters
    ----------
    sample
        The whole sample.
    rows
        Rows of the domain.
    contributions
        What each of these rows contributes to the estimate, weights included.
    size
        Size of the estimate: a standard error that is nothing beside it, is rounding. None: nothing is said of that.

    Returns
    -------
    dict
        `observations`, `clusters`, `degrees_of_freedom`, `standard_error` and `note`.
    """
    freedom = sample.degrees_of_freedom(rows)
    error = float(np.sqrt(sample.covariance(contributions, rows)[0, 0])) if freedom > 0 else np.nan
    return {
        "observations": len(rows),
        "clusters": len(sample.clusters_of(rows)),
        "degrees_of_freedom": freedom,
        "standard_error": error,
        "note": notes.combine_notes(
            notes.NO_DEGREES_OF_FREEDOM if freedom <= 0 else "",
            notes.LONELY_CLUSTERS if sample.lonely_strata() else "",
            notes.FEW_FREEDOM if 0 < freedom < 10 else "",
            notes.NO_VARIATION if size is not None and error <= 1e-13 * abs(size) else "",
        ),
    }


def t_quantile(level: float, degrees_of_freedom: int) -> float:
    """Number of standard errors on either side, by Student's t.

    Parameters
    ----------
    level
        Coverage of the interval.
    degrees_of_freedom
        Clusters minus strata; NaN is returned when there are none.

    Returns
    -------
    float
        The quantile.

    Examples
    --------
    >>> round(t_quantile(0.95, 10), 3)
    2.228
    """
    return float(t.ppf((1 + level) / 2, degrees_of_freedom)) if degrees_of_freedom > 0 else np.nan
