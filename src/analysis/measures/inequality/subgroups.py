"""Groups of one population as estimators need them: checked, in order, with shares and standard errors."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from analysis.errors import DataError, MethodError, did_you_mean
from analysis.measures.inequality.fractional_ranks import positions
from analysis.measures.shared.checks import (
    FloatArray,
    column_names,
    require_columns,
    require_no_more_than,
    require_numbers,
)
from analysis.measures.shared.levels import PRINTED_LEVEL
from analysis.measures.surveys.precision import domains

UNIT_OF_VALUES = "unit of the values"
"""Unit of results in the unit of values that do not say theirs."""


@dataclass(frozen=True)
class Columns:
    """Names of the columns of a table of groups.

    Parameters
    ----------
    value
        Column with the value of each group.
    population
        Column with the number of persons in each group, above 0; None when all groups count alike.
    position
        Column that orders the groups from worst-off to best-off; None when they have no order.
    group
        Column with the names of the groups; needed for a reference.
    reference
        Name of the group that the others are compared with.
    by
        Columns that define populations.
    """

    value: str = "estimate"
    population: str | None = "population"
    position: str | None = None
    group: str | None = None
    reference: Any = None
    by: str | Sequence[str] = ()


@dataclass(frozen=True)
class Subgroups:
    """The groups of one population, from worst-off to best-off when they have an order.

    Attributes
    ----------
    names
        Values of the columns that define the population.
    labels
        Name of each group, or its number.
    health
        Value of each group.
    errors
        Standard error of each value; None when unknown.
    sizes
        Number of persons in each group.
    ordered
        Whether the groups have an order.
    reference
        Number of the reference group; None when there is none.
    favourable
        Whether more is better; None when not said.
    unit
        Unit of the values, from the column `unit` when the population has one there.
    """

    names: dict[str, Any]
    labels: list[Any]
    health: FloatArray
    errors: FloatArray | None
    sizes: FloatArray
    ordered: bool
    reference: int | None
    favourable: bool | None
    unit: str

    @property
    def shares(self) -> FloatArray:
        """Share of the population in each group."""
        return np.asarray(self.sizes / self.sizes.sum())

    @property
    def mean(self) -> float:
        """Mean over the population."""
        return float(self.shares @ self.health)

    @property
    def mid_ranks(self) -> FloatArray:
        """Middle of the share of each group on the ladder from 0 to 1."""
        return np.asarray(np.cumsum(self.shares) - self.shares / 2)

    def need(self, count: int, purpose: str, remedy: str = "Check whether `by` cuts too finely.") -> None:
        """Refuse too few groups.

        Parameters
        ----------
        count
            Fewest groups.
        purpose
            What they are for.
        remedy
            What to do about it.

        Raises
        ------
        MethodError
            When there are fewer.
        """
        if len(self.health) < count:
            raise MethodError(
                f"A population has {len(self.health)} groups, and {purpose} needs at least {count}. {remedy}"
            )

    def need_order(self) -> None:
        """Refuse groups without an order.

        Raises
        ------
        MethodError
            When no position was given.
        """
        if not self.ordered:
            raise MethodError("These groups have no order. Name the column that orders them: position=...")

    def need_direction(self) -> bool:
        """Whether more is better.

        Returns
        -------
        bool
            The direction.

        Raises
        ------
        MethodError
            When it was not said.
        """
        if self.favourable is None:
            raise MethodError(
                "It is not known whether more is better. Say so: favourable=True (or False, for illness)."
            )
        return self.favourable

    def best(self) -> int:
        """Number of the group with the best value.

        Returns
        -------
        int
            The first such group.
        """
        return int(np.argmax(self.health) if self.need_direction() else np.argmin(self.health))


def read_subgroups(
    table: pd.DataFrame,
    columns: Columns,
    *,
    favourable: bool | None = None,
    minimum: float | None = None,
    maximum: float | None = None,
) -> Iterator[Subgroups]:
    """Check a table of groups and cut it into populations.

    Parameters
    ----------
    table
        One row per group; the standard error of its value as `standard_error`, or from `lower`, `upper` and `level`
        (0.95 when that column is not there, whatever the level of the result).
    columns
        Names of the columns.
    favourable
        Whether more is better; taken from the column `favourable` when not given and that column exists.
    minimum, maximum
        Smallest and largest possible value.

    Yields
    ------
    Subgroups
        One per population.

    Raises
    ------
    DataError
        When a column is missing, a value, standard error or population is impossible, or a group occurs twice.
    """
    keys = column_names(columns.by)
    optional = [name for name in (columns.position, columns.group, columns.population) if name is not None]
    require_columns(table, [*keys, columns.value, *optional])
    checked = require_numbers(table, [columns.value], minimum=minimum, maximum=maximum)
    if columns.population is not None:
        checked = require_numbers(checked, [columns.population], above=0)
    order = positions(checked[columns.position]) if columns.position is not None else None
    for name in (columns.position, columns.group):
        _check_once(checked, keys, name)
    errors = _standard_errors(checked, columns.value)
    values = checked[columns.value].to_numpy()
    sizes = np.ones(len(checked)) if columns.population is None else checked[columns.population].to_numpy()
    names_of_groups = list(range(len(checked))) if columns.group is None else checked[columns.group].tolist()
    for names, members in domains(checked, keys):
        rows = members if order is None else members[np.argsort(order[members], kind="stable")]
        labels = [names_of_groups[row] for row in rows]
        yield Subgroups(
            names=names,
            labels=labels,
            health=values[rows],
            errors=None if errors is None else errors[rows],
            sizes=sizes[rows],
            ordered=order is not None,
            reference=_reference(labels, columns),
            favourable=_direction(checked, rows, favourable),
            unit=_unit(checked, rows),
        )


def _check_once(table: pd.DataFrame, keys: list[str], name: str | None) -> None:
    if name is None:
        return
    twice = table.duplicated([*keys, name]).to_numpy()
    if twice.any():
        first = table.iloc[int(np.flatnonzero(twice)[0])]
        raise DataError(
            f"Column `{name}` repeats a group in {int(twice.sum())} rows, first in row {first.name} ({first[name]}). "
            "Name the columns that tell populations apart in `by`, or add the rows up beforehand."
        )


def _standard_errors(table: pd.DataFrame, value: str) -> FloatArray | None:
    """Standard errors of the groups, as given or from the width of their intervals."""
    if "standard_error" in table and table["standard_error"].notna().any():
        return require_numbers(table, ["standard_error"], minimum=0)["standard_error"].to_numpy()
    limits = [column for column in ("lower", "upper") if column in table]
    if not limits or table[limits].isna().all(axis=None):
        return None
    checked = require_numbers(table, ["lower", "upper"])
    require_no_more_than(checked, "lower", value)
    require_no_more_than(checked, value, "upper")
    levels = (
        require_numbers(checked, ["level"], above=0, maximum=1 - 1e-9)["level"] if "level" in checked else PRINTED_LEVEL
    )
    return np.asarray((checked["upper"] - checked["lower"]) / (2 * norm.ppf((1 + levels) / 2)), dtype=float)


def _reference(labels: list[Any], columns: Columns) -> int | None:
    if columns.reference is None:
        return None
    if columns.group is None:
        raise MethodError("A reference group needs the column with the names of the groups: group=...")
    if columns.reference not in labels:
        hint = did_you_mean(str(columns.reference), [str(label) for label in labels])
        raise DataError(f"Column `{columns.group}` has no group {columns.reference!r}. {hint}")
    return labels.index(columns.reference)


def _unit(table: pd.DataFrame, rows: Any) -> str:
    units = table["unit"].iloc[rows].dropna().unique().tolist() if "unit" in table else []
    return str(units[0]) if len(units) == 1 else UNIT_OF_VALUES


def _direction(table: pd.DataFrame, rows: Any, favourable: bool | None) -> bool | None:
    if favourable is not None or "favourable" not in table:
        return favourable
    said = table["favourable"].iloc[rows].dropna().unique().tolist()
    if len(said) > 1:
        raise DataError(
            f"Column `favourable` has different values within one population, the first rows are {said[:2]}. "
            "Name the columns that tell indicators apart in `by`."
        )
    return bool(said[0]) if said else None
