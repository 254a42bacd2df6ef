"""Quantile groups: fifths or tenths of persons or areas, ranked within groups, with weights."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.errors import DataError
from analysis.measures.shared.checks import check_choice, check_whole, column_names, require_columns, require_numbers
from analysis.measures.shared.entry import checked_tables
from analysis.measures.shared.strata import group_positions

TIES = ("together", "in order")


@checked_tables
def quantile_groups(
    table: pd.DataFrame,
    *,
    value: str,
    groups: int = 5,
    weight: str | None = None,
    by: str | Sequence[str] = (),
    ties: str = "together",
    highest_first: bool = False,
) -> pd.Series:
    """Number of the quantile group of every row: 1 for the lowest values.

    Parameters
    ----------
    table
        One row per person or area.
    value
        Column to rank by.
    groups
        Number of groups: 5 for quintiles, 10 for deciles.
    weight
        Column with weights, such as the population of an area, so that groups have about equal weight; equal weights
        by default.
    by
        Columns within which is ranked; none ranks all rows together.
    ties
        ``together``: equal values get the same group, that of the middle of their joint rank. ``in order``: rows are
        ranked one by one in the order of the table, so that groups are as equal as can be.
    highest_first
        Give group 1 to the highest values, as with deprivation.

    Returns
    -------
    pandas.Series
        Whole numbers from 1, with the index of the table.

    Raises
    ------
    DataError
        When a column is missing, a value is missing or text, or a group has fewer different values than quantiles.
    MethodError
        When `groups` is below 2 or an option is unknown.

    Notes
    -----
    A row belongs to the group that holds the middle of its share of the ranking, from 0 to 1. With equal weights
    and without ties, n rows in g groups differ in size by at most one. A row with much weight can fill more than a
    group by itself; the groups next to it are then small or empty.

    References
    ----------
    Hyndman RJ, Fan Y. Sample quantiles in statistical packages. Am Stat 1996;50:361-365.

    Examples
    --------
    >>> areas = pd.DataFrame({"income": [30, 10, 20, 40, 40, 60]})
    >>> quantile_groups(areas, value="income", groups=3).tolist()
    [2, 1, 1, 2, 2, 3]
    """
    check_whole(groups, option="groups", minimum=2)
    check_choice(ties, TIES, option="ties")
    require_columns(table, column_names(by))
    numbers = require_numbers(table, [value])[value].to_numpy()
    mass = np.ones(len(table))
    if weight is not None:
        mass = require_numbers(table, [weight], minimum=0)[weight].to_numpy()
    names, group = group_positions(table, by)
    frame = pd.DataFrame({"group": group, "value": -numbers if highest_first else numbers, "mass": mass})
    totals = frame.groupby("group")["mass"].sum().to_numpy()
    different = frame.groupby("group")["value"].nunique().to_numpy()
    if (totals == 0).any() or (different < groups).any():
        first = int(np.flatnonzero((totals == 0) | (different < groups))[0])
        where = f" in {names.iloc[first].to_dict()}" if column_names(by) else ""
        raise DataError(
            f"Column `{value}` has {int(different[first])} different values{where} with a total weight of "
            f"{totals[first]:g}, too few for {groups} groups. Ask for fewer groups, or join small groups of `by`."
        )
    order = frame.sort_values(["group", "value"], kind="stable")
    start = np.concatenate([[0.0], np.cumsum(totals)[:-1]])
    upper = order["mass"].cumsum().to_numpy() - start[order["group"]]
    order["low"], order["high"] = upper - order["mass"], upper
    if ties == "together":
        same = order.groupby(["group", "value"])
        order["low"], order["high"] = same["low"].transform("min"), same["high"].transform("max")
    middle = ((order["low"] + order["high"]) / 2 / totals[order["group"]]).sort_index().to_numpy()
    # A middle that lies on a bound up to rounding belongs to the group below it.
    place = np.clip(np.ceil(middle * groups - 1e-9), 1, groups)
    return pd.Series(place.astype(int), index=table.index, name=f"{value}_group")
