"""Separate results per group, for estimators that work on the rows of one group."""

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
import pandas as pd

from analysis.errors import AnalysisError
from analysis.measures.shared.checks import column_names
from analysis.measures.shared.entry import refuse_names_of_results
from analysis.measures.shared.strata import group_positions

Estimator = TypeVar("Estimator", bound=Callable[..., pd.DataFrame])


def each_group(estimator: Estimator) -> Estimator:
    """Let an estimator with a keyword `by` be done for every group of rows by itself.

    Parameters
    ----------
    estimator
        Function of a table, with a keyword `by` that it leaves to this wrapper, that returns a table of estimates.

    Returns
    -------
    callable
        The same function. With `by`, the group columns come first and the groups in their order, missing names last;
        without, it is untouched. An error within a group says in which.

    Raises
    ------
    DataError
        When a group column is missing, or a group has data that cannot be right.
    MethodError
        When a group column has the name of a result, or the method does not fit a group.
    """

    @functools.wraps(estimator)
    def wrapped(table: pd.DataFrame, *args: Any, **kwargs: Any) -> pd.DataFrame:
        keys = column_names(kwargs.pop("by", ()))
        if not keys:
            return estimator(table, *args, **kwargs)
        groups, positions = group_positions(table, keys)
        rows = np.split(np.argsort(positions, kind="stable"), np.cumsum(np.bincount(positions))[:-1])
        results = []
        for place, own in enumerate(rows):
            try:
                results.append(estimator(_only_used_categories(table.iloc[own]), *args, **kwargs))
            except AnalysisError as problem:
                raise type(problem)(f"In the group {groups.iloc[place].to_dict()}: {problem}") from problem
        names = groups.iloc[np.repeat(np.arange(len(rows)), [len(result) for result in results])]
        return _side_by_side(names.reset_index(drop=True), pd.concat(results, ignore_index=True))

    return cast(Estimator, wrapped)


def _only_used_categories(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of one group without the categories that only other groups have."""
    named = [name for name, kind in rows.dtypes.items() if isinstance(kind, pd.CategoricalDtype)]
    return rows.assign(**{str(name): rows[name].cat.remove_unused_categories() for name in named})


def _side_by_side(names: pd.DataFrame, results: pd.DataFrame) -> pd.DataFrame:
    refuse_names_of_results(names.columns, results.columns)
    return pd.concat([names, results], axis=1)
