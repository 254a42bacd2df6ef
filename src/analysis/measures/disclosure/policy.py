"""Disclosure control: hide and round what could give away individual people, and say what was done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis.errors import DataError, MethodError
from analysis.measures.disclosure.secondary_suppression import IntArray, Mask, check_additive, protect, table_equations
from analysis.measures.shared import notes
from analysis.measures.shared.checks import (
    FloatArray,
    check_choice,
    check_whole,
    column_names,
    require_columns,
    require_numbers,
)
from analysis.measures.shared.entry import checked_tables, refuse_names_of_results


@dataclass(frozen=True)
class DisclosurePolicy:
    """Rules on what a table may show of the people behind it.

    Parameters
    ----------
    name
        Name of the policy, for the report.
    minimum_count
        Smallest number of persons that may be shown; 0 hides nothing. It holds for the rest of a group as well.
    rounding_base
        Counts are rounded to a multiple of this; 1 leaves them as they are.
    hide_zero
        Whether 0 is hidden too, as "nobody" says something of everybody.
    dominance
        How many of the largest contributors may together make up at most which share of an amount; none when absent.
    secondary
        Whether further cells are hidden so that a hidden one cannot be worked out from the totals.
    minimum_deaths_rate
        Fewest deaths for an adjusted rate, or another figure that is made of deaths.
    minimum_deaths_crude_rate
        Fewest deaths for a crude rate.
    flag_deaths
        Figures on fewer deaths than this get a note.
    source
        Where the rules were read, and what is not sure of them.
    """

    name: str
    minimum_count: int = 10
    rounding_base: int = 5
    hide_zero: bool = False
    dominance: tuple[int, float] | None = None
    secondary: bool = True
    minimum_deaths_rate: int = 10
    minimum_deaths_crude_rate: int = 3
    flag_deaths: int = 20
    source: str = ""

    def __post_init__(self) -> None:
        """Check that the rules make sense."""
        smallest = min(self.minimum_count, self.minimum_deaths_rate, self.minimum_deaths_crude_rate, self.flag_deaths)
        if smallest < 0 or self.rounding_base < 1:
            raise MethodError(
                f"The policy {self.name!r} has a minimum below 0 or a rounding base below 1. "
                "Use minimum_count=0 to hide nothing and rounding_base=1 to round nothing."
            )
        if self.dominance is not None and not (self.dominance[0] >= 1 and 0 < self.dominance[1] <= 1):
            raise MethodError(
                f"The dominance rule of {self.name!r} is {self.dominance}; it needs a number of contributors from 1 "
                "and a share up to 1, for example (2, 0.9)."
            )


POLICIES = {
    policy.name: policy
    for policy in (
        DisclosurePolicy(
            "cbs_ra",
            dominance=(1, 0.5),
            source="As commonly described, not verified: at least 10 persons per cell, and at most half of an amount "
            "from one contributor. CBS checks every export against output guidelines that could not be read here "
            "(cbs.nl, How to request output or other files for export); its checkers decide.",
        ),
        DisclosurePolicy(
            "opensafely",
            minimum_count=8,
            hide_zero=True,
            minimum_deaths_rate=8,
            minimum_deaths_crude_rate=8,
            source="OpenSAFELY documentation, statistical disclosure control, August 2026: 7 or fewer redacted, then "
            "rounded to 5.",
        ),
        DisclosurePolicy(
            "ons",
            minimum_count=0,
            rounding_base=1,
            secondary=False,
            source="ONS, FOI/2021/3301: no crude rate under 3 deaths, no age-standardised rate under 10, rates on fewer"
            " than 20 marked as unreliable.",
        ),
        DisclosurePolicy(
            "acro",
            hide_zero=True,
            dominance=(2, 0.9),
            source="ACRO default settings, August 2026 (research data centres of the United Kingdom).",
        ),
        DisclosurePolicy(
            "public",
            minimum_count=0,
            rounding_base=1,
            secondary=False,
            minimum_deaths_rate=0,
            minimum_deaths_crude_rate=0,
            flag_deaths=0,
            source="For data that are public already: nothing is hidden or rounded.",
        ),
    )
}


@dataclass(frozen=True)
class DisclosureResult:
    """A table that may be shown, and what was done to it.

    Parameters
    ----------
    table
        The table with hidden cells missing and shown counts rounded; `suppressed` tells in which rows a cell is
        hidden, `note` says so in words, `disclosure_policy` names the rules.
    report
        One row per hidden cell and per rounded column: the columns that name the cell, `column`, `rule` and `value`.
        It holds the true values: for whoever checks the output, never to be published.
    """

    table: pd.DataFrame
    report: pd.DataFrame


def disclosure_policy(name: str) -> DisclosurePolicy:
    """A policy by its name.

    Parameters
    ----------
    name
        One of ``cbs_ra``, ``opensafely``, ``ons``, ``acro`` and ``public``.

    Returns
    -------
    DisclosurePolicy
        The rules; change one with `dataclasses.replace`. `source` says where they were read. Those of ``cbs_ra`` are
        as commonly described and not verified: the output guidelines of CBS decide. The other numbers of that preset
        (rounding to 5, the minimum of deaths) are choices of this project, no rules of CBS.

    Raises
    ------
    MethodError
        When there is no such policy.

    Examples
    --------
    >>> disclosure_policy("opensafely").minimum_count
    8
    """
    return POLICIES[check_choice(name, POLICIES, option="policy")]


def round_to_base(counts: ArrayLike, base: int) -> FloatArray:
    """Counts rounded to the nearest multiple of a base, halves upwards.

    Parameters
    ----------
    counts
        Counts of 0 or more; missing ones stay missing.
    base
        For example 5.

    Returns
    -------
    numpy.ndarray
        The same counts always give the same result: repeating the table does not wear the protection down.

    Examples
    --------
    >>> round_to_base([0, 2, 3, 12, 13], 5).tolist()
    [0.0, 0.0, 5.0, 10.0, 15.0]
    """
    return np.asarray(np.floor(np.asarray(counts, dtype=float) / base + 0.5) * base)


@checked_tables
def share_of_largest(
    table: pd.DataFrame, *, value: str, contributors: int, by: str | Sequence[str] = ()
) -> pd.DataFrame:
    """Share of an amount that comes from the few largest contributors, for the rule on dominance.

    Parameters
    ----------
    table
        One row per contributor (person, practice, firm).
    value
        Column with the amount, 0 or more.
    contributors
        How many of the largest are taken together.
    by
        Columns that define the cells; none gives one.

    Returns
    -------
    pandas.DataFrame
        One row per cell: `contributors`, the sum of the amount, and `share_of_largest`, 0 when there is no amount.

    Raises
    ------
    DataError
        When a column is missing or an amount is missing or negative.
    MethodError
        When there are no largest contributors, or a column of `by` has the name of a result.
    """
    check_whole(contributors, option="contributors", minimum=1)
    keys = column_names(by)
    refuse_names_of_results(keys, ["contributors", value, "share_of_largest"])
    checked = require_numbers(require_columns(table, keys), [value], minimum=0)
    grouped = checked.groupby(keys, dropna=False, observed=True) if keys else checked.groupby(lambda _: 0)
    total = grouped[value].sum()
    largest = grouped[value].apply(lambda amounts: float(amounts.nlargest(contributors).sum()))
    share = (largest / total.where(total > 0)).fillna(0.0)
    rows = pd.DataFrame({"contributors": grouped.size(), value: total, "share_of_largest": share})
    return rows.reset_index(drop=not keys)


def _hidden_counts(
    checked: pd.DataFrame, column: str, whole: str | None, policy: DisclosurePolicy
) -> tuple[Mask, Mask]:
    """Cells that are too small themselves, and those of which the rest of the group is."""
    values = checked[column].to_numpy(dtype=float)
    small = (values < policy.minimum_count) & (policy.hide_zero | (values > 0))
    if whole is None:
        return small, np.zeros(values.size, dtype=bool)
    rest = checked[whole].to_numpy(dtype=float) - values
    return small, ~small & (rest < policy.minimum_count) & (policy.hide_zero | (rest > 0)) & (policy.minimum_count > 0)


class _Ledger:
    """Which cells are hidden, and why."""

    def __init__(self, table: pd.DataFrame, names: list[str]) -> None:
        self.table, self.names = table, names
        self.hidden: dict[str, Mask] = {}
        self.rows: list[pd.DataFrame] = []

    def hide(self, column: str, cells: Mask, rule: str) -> None:
        """Hide cells of a column; those that were hidden before keep their first reason."""
        before = self.hidden.get(column, np.zeros(len(self.table), dtype=bool))
        new = cells & ~before
        self.hidden[column] = before | cells
        entry = self.table.loc[new, self.names].assign(column=column, rule=rule, value=self.table.loc[new, column])
        self.rows.append(entry)

    def rounded(self, column: str, base: int) -> None:
        """Note that the shown values of a column are rounded."""
        entry = pd.DataFrame({"column": [column], "rule": [f"all shown values rounded to {base}"], "value": [np.nan]})
        self.rows.append(entry)

    def report(self) -> pd.DataFrame:
        """One row per hidden cell and rounded column."""
        parts = [rows.astype(object) for rows in self.rows if len(rows)]
        empty = pd.DataFrame(columns=[*self.names, "column", "rule", "value"])
        return pd.concat(parts, ignore_index=True).reindex(columns=empty.columns) if parts else empty


def _hide_rates(ledger: _Ledger, rates: Mapping[str, str], minimum: int, policy: DisclosurePolicy) -> Mask:
    """Hide figures that rest on too few deaths, or give a hidden count back; returns the rows to be marked."""
    few = np.zeros(len(ledger.table), dtype=bool)
    for rate, deaths in rates.items():
        count = ledger.table[deaths].to_numpy(dtype=float)
        ledger.hide(rate, count < minimum, f"fewer than {minimum} deaths")
        ledger.hide(rate, ledger.hidden.get(deaths, np.zeros(count.size, dtype=bool)), f"would give `{deaths}` back")
        few |= (count < policy.flag_deaths) & ~ledger.hidden[rate]
    return few


def _check_cells(table: pd.DataFrame, names: list[str], totals: Mapping[str, Any]) -> None:
    require_columns(table, [*names, *totals])
    outside = [column for column in totals if column not in names]
    if outside:
        raise MethodError(f"The columns {outside} of `totals` are not among `by`. Name them in `by` too.")
    twice = table.duplicated(names) if names else np.zeros(len(table), dtype=bool)
    if names and twice.any():
        first = table.loc[twice, names].iloc[0].to_dict()
        raise DataError(
            f"{int(twice.sum())} cells of the table occur more than once, the first is {first}. Add them up, or name "
            "every column that tells cells apart in `by`."
        )
    for column, label in totals.items():
        if not (table[column] == label).any():
            raise DataError(f"Column `{column}` has no row {label!r} for its total. Correct the name in `totals`.")


@checked_tables
def apply_policy(
    table: pd.DataFrame,
    policy: DisclosurePolicy | str,
    *,
    counts: str | Sequence[str],
    by: str | Sequence[str] = (),
    totals: Mapping[str, Any] | None = None,
    parts_of: Mapping[str, str] | None = None,
    rates: Mapping[str, str] | None = None,
    crude_rates: Mapping[str, str] | None = None,
    largest_shares: Mapping[str, str] | None = None,
) -> DisclosureResult:
    """Hide and round the cells of a table by a policy.

    Parameters
    ----------
    table
        One row per cell, with true and unweighted counts.
    policy
        The rules, or the name of a preset.
    counts
        Columns with counts of persons.
    by
        Columns that together name a cell.
    totals
        Column of `by` to the name of its total, for example ``{"sex": "total"}``: rows that are sums of others.
    parts_of
        Column with a count to the column with the group it is a part of, for example ``{"deaths": "population"}``;
        the part is hidden as well when the rest of its group is too small.
    rates
        Column with an adjusted rate, a ratio or a life expectancy to the column with the deaths behind it.
    crude_rates
        Column with a crude rate or percentage to the column with the events behind it.
    largest_shares
        Column with an amount to the column with the share of its largest contributors, see `share_of_largest`.

    Returns
    -------
    DisclosureResult
        `table` and `report`. A table to which the same policy was applied before is returned as it is.

    Raises
    ------
    DataError
        When a column is missing, a count is impossible, a cell occurs twice or parts do not add up to their total.
    MethodError
        When the policy is unknown, or another policy was applied before.

    Notes
    -----
    Interpretation: what is left does not show fewer persons than the policy allows, also not by subtraction: a hidden
    cell may have a range of values at least as wide as the minimum count. Rounding comes last, so that totals can
    differ from the sum of their parts. Two tables of the same people, or two releases, can still give something away
    by subtraction: compare them. Figures and regression output have rules of their own.

    References
    ----------
    Hundepool A, et al. Statistical disclosure control. Chichester: Wiley, 2012.

    Examples
    --------
    >>> rows = {"place": ["a", "b", "c", "all"], "deaths": [3, 12, 31, 46]}
    >>> result = apply_policy(pd.DataFrame(rows), "cbs_ra", counts="deaths", by="place", totals={"place": "all"})
    >>> result.table["deaths"].tolist(), result.report["rule"].tolist()[:2]
    ([nan, nan, 30.0, 45.0], ['fewer than 10', 'would give another cell back'])
    """
    rules = policy if isinstance(policy, DisclosurePolicy) else disclosure_policy(policy)
    columns, names, sums = column_names(counts), column_names(by), dict(totals or {})
    parts = dict(parts_of or {})
    if "disclosure_policy" in table:
        return _applied_before(table, names, rules)
    _check_cells(table, names, sums)
    checked = require_numbers(table, [*columns, *parts.values()], minimum=0).reset_index(drop=True)
    ledger = _Ledger(checked, names)
    equations = table_equations(checked, names, sums) if rules.secondary else []
    for column in columns:
        small, rest = _hidden_counts(checked, column, parts.get(column), rules)
        ledger.hide(column, small, f"fewer than {rules.minimum_count}")
        ledger.hide(column, rest, f"fewer than {rules.minimum_count} in the rest of the group")
        _hide_secondary(ledger, column, equations, rules)
    _hide_dominated(ledger, dict(largest_shares or {}), equations, rules)
    few = _hide_rates(ledger, rates or {}, rules.minimum_deaths_rate, rules)
    few |= _hide_rates(ledger, crude_rates or {}, rules.minimum_deaths_crude_rate, rules)
    return DisclosureResult(_shown(ledger, columns, few, rules), ledger.report())


def _applied_before(table: pd.DataFrame, names: list[str], policy: DisclosurePolicy) -> DisclosureResult:
    other = table.loc[table["disclosure_policy"] != policy.name, "disclosure_policy"]
    if len(other):
        raise MethodError(
            f"The policy {other.iloc[0]!r} was applied to {len(other)} rows of this table before. "
            f"Apply {policy.name!r} to the table with the true counts instead."
        )
    return DisclosureResult(table.copy(), _Ledger(table, names).report())


def _hide_secondary(ledger: _Ledger, column: str, equations: list[IntArray], policy: DisclosurePolicy) -> None:
    sensitive = ledger.hidden[column]
    if equations and sensitive.any():
        values = ledger.table[column].to_numpy(dtype=float)
        check_additive(values, equations, column=column)
        hidden = protect(values, sensitive, equations, width=float(max(policy.minimum_count, 1)))
        ledger.hide(column, hidden, "would give another cell back")


def _hide_dominated(
    ledger: _Ledger, shares: dict[str, str], equations: list[IntArray], policy: DisclosurePolicy
) -> None:
    if policy.dominance is None:
        return
    contributors, most = policy.dominance
    for column, share in shares.items():
        checked = require_numbers(ledger.table, [column, share], minimum=0)
        dominated = (checked[share] > most).to_numpy()
        ledger.hide(column, dominated, f"more than {most:g} from the {contributors} largest")
        _hide_secondary(ledger, column, equations, policy)


def _shown(ledger: _Ledger, columns: list[str], few: Mask, policy: DisclosurePolicy) -> pd.DataFrame:
    shown = ledger.table.copy()
    for column in columns:
        if policy.rounding_base > 1:
            shown[column] = round_to_base(shown[column], policy.rounding_base)
            ledger.rounded(column, policy.rounding_base)
    suppressed = np.zeros(len(shown), dtype=bool)
    for column, cells in ledger.hidden.items():
        shown[column] = shown[column].where(~cells)
        suppressed |= cells
    before = shown["note"].fillna("").tolist() if "note" in shown else [""] * len(shown)
    remarks = [
        notes.combine_notes(note, notes.SUPPRESSED if hidden else "", notes.FEW_DEATHS if flag else "")
        for note, hidden, flag in zip(before, suppressed, few, strict=True)
    ]
    return shown.assign(suppressed=suppressed, note=remarks, disclosure_policy=policy.name)
