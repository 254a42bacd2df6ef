"""Kitagawa: a difference of two crude rates, split into a part of rates and a part of composition."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.errors import DataError
from analysis.estimates import with_estimates
from analysis.measures.shared import notes
from analysis.measures.shared.checks import (
    check_choice,
    column_names,
    normal_quantile,
    require_columns,
    require_numbers,
)
from analysis.measures.shared.entry import refuse_names_of_results
from analysis.measures.shared.grouping import exposed_and_reference
from analysis.measures.shared.levels import Levels, one_level, several_levels


def _strata(
    table: pd.DataFrame,
    events: str,
    person_years: str,
    *,
    strata: list[str],
    group: str,
    exposed: Any,
    reference: Any,
    by: list[str],
) -> pd.DataFrame:
    require_columns(table, [group, *strata, *by])
    checked = require_numbers(table, [events, person_years], minimum=0)
    pairs = exposed_and_reference(
        checked, [events, person_years], group=group, exposed=exposed, reference=reference, by=[*by, *strata]
    )
    for side, name in (("exposed", exposed), ("reference", reference)):
        empty = (pairs[f"{person_years}_{side}"] <= 0).to_numpy()
        if empty.any():
            first = pairs[[*by, *strata]].iloc[int(np.flatnonzero(empty)[0])].to_dict()
            raise DataError(
                f"{int(empty.sum())} strata of {name!r} have no person-years and so no rate, the first is {first}. "
                "Join strata, in both groups."
            )
    return pairs


@several_levels
def kitagawa_decomposition(
    table: pd.DataFrame,
    *,
    group: str,
    exposed: Any,
    reference: Any,
    strata: str | Sequence[str],
    events: str = "deaths",
    person_years: str = "person_years",
    by: str | Sequence[str] = (),
    parts: int = 2,
    by_stratum: bool = False,
    level: Levels = 0.95,
) -> pd.DataFrame:
    """Difference of two crude rates as a part due to rates and a part due to composition.

    Parameters
    ----------
    table
        One row per group and stratum, and per comparison when `by` is given.
    group
        Column that names the group.
    exposed, reference
        Names of the group of interest, and of the one it is compared with.
    strata
        Columns that define the composition, for example `age_band`.
    events, person_years
        Columns with counts of events and years at risk.
    by
        Columns that define separate comparisons; none gives one.
    parts
        2 for ``rates`` and ``composition`` with mean weights, or 3 for those against the reference and ``interaction``.
    by_stratum
        Whether to report each stratum instead of their sum.
    level
        Coverage of the interval, between 0 and 1; or several.

    Returns
    -------
    pandas.DataFrame
        One row per comparison and `component` (``rates``, ``composition``, ``interaction``, ``total``), and per stratum
        when asked: the estimate columns, with `measure` "rate_difference" and `unit` "per person-year".

    Raises
    ------
    DataError
        When a stratum lacks a group or person-years.
    MethodError
        When `parts` is neither 2 nor 3.

    Notes
    -----
    Interpretation: the part of composition is what would remain if both groups had the same rates in every stratum.
    The interval takes the composition as known and the events as Poisson counts. It depends on the strata chosen, and a
    single stratum of the composition has no meaning of its own without the others.

    References
    ----------
    Kitagawa EM. Components of a difference between two rates. J Am Stat Assoc 1955;50:1168-1194.

    Examples
    --------
    >>> cells = pd.DataFrame({"who": ["a", "a", "b", "b"], "age": ["young", "old"] * 2, "deaths": [8, 40, 3, 60]})
    >>> cells["person_years"] = [800, 200, 600, 400]
    >>> split = kitagawa_decomposition(cells, group="who", exposed="a", reference="b", strata="age")
    >>> split[["component", "estimate"]].round(4).to_numpy().tolist()
    [['rates', 0.0185], ['composition', -0.0335], ['total', -0.015]]
    """
    check_choice(str(parts), ("2", "3"), option="parts")
    layers, keys = column_names(strata), column_names(by)
    refuse_names_of_results([*keys, *layers], ["component"])
    pairs = _strata(
        table, events, person_years, strata=layers, group=group, exposed=exposed, reference=reference, by=keys
    )
    time = {side: pairs[f"{person_years}_{side}"].to_numpy(dtype=float) for side in ("exposed", "reference")}
    count = {side: pairs[f"{events}_{side}"].to_numpy(dtype=float) for side in ("exposed", "reference")}
    codes = pairs.groupby(keys, dropna=False, observed=True).ngroup().to_numpy() if keys else np.zeros(len(pairs), int)
    share = {side: years / np.bincount(codes, years)[codes] for side, years in time.items()}
    rate = {side: count[side] / time[side] for side in time}
    mean_share = (share["exposed"] + share["reference"]) / 2
    two, change = parts == 2, share["exposed"] - share["reference"]
    # each component is linear in the rates of both groups: weights of exposed and of reference
    none = np.zeros(len(pairs))
    weights = {
        "rates": (mean_share, -mean_share) if two else (share["reference"], -share["reference"]),
        "composition": (change / 2, change / 2) if two else (none, change),
        "interaction": (change, -change),
        "total": (share["exposed"], -share["reference"]),
    }
    rows: list[pd.DataFrame] = []
    for name, (first, second) in weights.items():
        if name == "interaction" and two:
            continue
        value = first * rate["exposed"] + second * rate["reference"]
        variance = first**2 * rate["exposed"] / time["exposed"] + second**2 * rate["reference"] / time["reference"]
        rows.append(pairs[[*keys, *layers]].assign(component=name, _value=value, _variance=variance, _place=len(rows)))
    cells = pd.concat(rows, ignore_index=True)
    groups = [*keys, *(layers if by_stratum else []), "_place", "component"]
    found = cells.groupby(groups, dropna=False, observed=True)[["_value", "_variance"]].sum().reset_index()
    half = normal_quantile(one_level(level)) * np.sqrt(found["_variance"])
    empty = bool((count["exposed"].sum() == 0) | (count["reference"].sum() == 0))
    return with_estimates(
        found.drop(columns=["_value", "_variance", "_place"]),
        measure="rate_difference",
        estimate=found["_value"],
        lower=found["_value"] - half,
        upper=found["_value"] + half,
        level=one_level(level),
        unit="per person-year",
        method=f"Kitagawa, {'two' if two else 'three'} parts; composition taken as known, Poisson counts",
        note=notes.ZERO_VARIANCE if empty else "",
    )
