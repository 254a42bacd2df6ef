"""Hide further cells of a table with totals, so that a hidden cell cannot be worked out from the others."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import linprog

from analysis.errors import DataError
from analysis.measures.shared.checks import FloatArray

Mask = NDArray[np.bool_]
IntArray = NDArray[np.intp]


def table_equations(table: pd.DataFrame, dimensions: Sequence[str], totals: Mapping[str, Any]) -> list[IntArray]:
    """Rows that add up: for every total, its own row first and then the rows of its parts.

    Parameters
    ----------
    table
        One row per cell.
    dimensions
        Columns that together name a cell.
    totals
        Column to the name of its total, for example ``{"sex": "total"}``.

    Returns
    -------
    list of numpy.ndarray
        Positions of the rows, one array per total that is present with its parts.
    """
    found = []
    for column, label in totals.items():
        others = [name for name in dimensions if name != column]
        is_total = (table[column] == label).to_numpy(dtype=bool)
        group = (
            table.groupby(others, dropna=False, observed=True).ngroup().to_numpy() if others else np.zeros(len(table))
        )
        for number in np.unique(group[is_total]):
            rows = np.flatnonzero(group == number)
            own, parts = rows[is_total[rows]], rows[~is_total[rows]]
            if parts.size:
                found.append(np.concatenate([own[:1], parts]))
    return found


def check_additive(values: FloatArray, equations: Sequence[IntArray], *, column: str) -> None:
    """Raise when a total is not the sum of its parts.

    Parameters
    ----------
    values
        One count per row.
    equations
        Rows that add up, from `table_equations`.
    column
        Name of the counts, for the message.

    Raises
    ------
    DataError
        When parts do not add up; the message shows the first.
    """
    wrong = [rows for rows in equations if abs(values[rows[1:]].sum() - values[rows[0]]) > 1e-6 * (1 + values[rows[0]])]
    if wrong:
        rows = wrong[0]
        raise DataError(
            f"{len(wrong)} totals of column `{column}` are not the sum of their parts, the first in row {rows[0]} "
            f"({values[rows[0]]:g}, the parts add up to {values[rows[1:]].sum():g}). Add the parts that are missing, "
            "or leave that total out: otherwise it cannot be said what the table gives away."
        )


def _component(start: int, hidden: Mask, equations: Sequence[IntArray]) -> tuple[IntArray, list[IntArray]]:
    """Hidden cells that are linked to one by equations, and those equations."""
    cells, used = {start}, set()
    waiting = [start]
    while waiting:
        cell = waiting.pop()
        for number, rows in enumerate(equations):
            if number not in used and cell in rows:
                used.add(number)
                new = set(rows[hidden[rows]].tolist()) - cells
                cells |= new
                waiting.extend(new)
    return np.array(sorted(cells)), [equations[number] for number in sorted(used)]


def possible_range(cell: int, values: FloatArray, hidden: Mask, equations: Sequence[IntArray]) -> tuple[float, float]:
    """Smallest and largest count that a hidden cell can have, given all that is shown.

    Parameters
    ----------
    cell
        Position of the cell.
    values
        One count per row; those of hidden cells are used only to know what the shown ones add up to.
    hidden
        Which cells are hidden.
    equations
        Rows that add up, from `table_equations`.

    Returns
    -------
    tuple of float
        The range; the upper end is infinite when nothing bounds it.

    Examples
    --------
    >>> table = pd.DataFrame({"place": ["a", "b", "c", "all"]})
    >>> rows = table_equations(table, ["place"], {"place": "all"})
    >>> possible_range(0, np.array([2.0, 6, 9, 17]), np.array([True, True, False, False]), rows)
    (0.0, 8.0)
    """
    cells, linked = _component(cell, hidden, equations)
    if not linked:
        return 0.0, np.inf
    left = np.zeros((len(linked), cells.size))
    right = np.zeros(len(linked))
    for row, rows in enumerate(linked):
        sign = np.where(np.arange(rows.size) == 0, -1.0, 1.0)
        masked = hidden[rows]
        left[row, np.searchsorted(cells, rows[masked])] = sign[masked]
        right[row] = -np.sum(sign[~masked] * values[rows[~masked]])
    goal = (cells == cell).astype(float)
    ends = []
    for direction in (1.0, -1.0):
        solved = linprog(direction * goal, A_eq=left, b_eq=right, bounds=(0, None), method="highs")
        found = -np.inf if solved.status != 0 or solved.fun is None else float(solved.fun)
        ends.append(direction * found)
    return max(ends[0], 0.0), ends[1]


def _next_cell(cell: int, values: FloatArray, hidden: Mask, equations: Sequence[IntArray]) -> int | None:
    """Cheapest cell to hide beside another: the smallest part that is not zero, totals and zeros only at need."""
    _, linked = _component(cell, hidden, equations)
    heads = {int(rows[0]) for rows in equations}
    for own in (True, False):
        pool = {int(row) for rows in linked if not own or cell in rows for row in rows if not hidden[row]}
        if pool:
            return min(pool, key=lambda row: (row in heads, values[row] == 0, values[row], row))
    return None


def protect(values: FloatArray, sensitive: Mask, equations: Sequence[IntArray], *, width: float) -> Mask:
    """Cells to hide in all, so that no sensitive cell can be known to within a width.

    Parameters
    ----------
    values
        One count per row.
    sensitive
        Cells that must be hidden for their own sake.
    equations
        Rows that add up, from `table_equations`.
    width
        Smallest range that others may be left with for a sensitive cell.

    Returns
    -------
    numpy.ndarray
        Which cells to hide, the sensitive ones included.

    Notes
    -----
    Interpretation: after it, the smallest and the largest value that fit the rest of the table differ by at least
    `width` for each sensitive cell. The cells added are the smallest that do, one by one; fewer might sometimes
    suffice.

    References
    ----------
    Hundepool A, et al. Statistical disclosure control. Chichester: Wiley, 2012, chapter 4.
    """
    hidden = sensitive.copy()
    settled = False
    while not settled:
        settled = True
        for rows in equations:
            masked = hidden[rows]
            # A lone hidden cell is the total less the others: no need to solve anything.
            if masked.sum() == 1 and sensitive[rows].any():
                extra = _next_cell(int(rows[masked][0]), values, hidden, [rows])
                if extra is not None:
                    hidden[extra], settled = True, False
        if not settled:
            continue
        for cell in np.flatnonzero(sensitive):
            low, high = possible_range(int(cell), values, hidden, equations)
            if high - low < width - 1e-6:
                extra = _next_cell(int(cell), values, hidden, equations)
                if extra is not None:
                    hidden[extra], settled = True, False
                    break
    return hidden
