"""Estimates with their intervals under each other; published and assumed values look different from computed ones."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from analysis.errors import DataError, MethodError
from analysis.presentation import wording
from analysis.presentation.figures.axes import KINDS, Axis, value_tick
from analysis.presentation.theme import INK, MUTE, figure_style, new_figure, settled


def forest_plot(
    rows: pd.DataFrame,
    axis: Axis,
    language: str,
    *,
    reference: float | None = None,
    claim: tuple[float, str] | None = None,
) -> Figure:
    """Estimates with their intervals under each other, each with its numbers at the right.

    Parameters
    ----------
    rows
        In the order shown: `label`, `estimate`, `lower`, `upper`; optionally `kind` (a key of `KINDS`) and
        `section`, a number that opens a gap where it changes.
    axis
        The value axis.
    language
        ``nl`` or ``en``.
    reference
        Value of no difference, drawn as a line: 1 for ratios, 0 for differences.
    claim
        A value to compare with and the word that names it, drawn as a dotted line.

    Returns
    -------
    matplotlib.figure.Figure
        The figure.

    Raises
    ------
    DataError
        When a column is missing.
    MethodError
        When a kind is unknown.
    """
    drawn = _forest_rows(rows)
    drawn = drawn.assign(**{name: drawn[name] * axis.scale for name in ("estimate", "lower", "upper")})
    with figure_style():
        figure, (panel,) = new_figure(0.75 + 0.29 * (drawn["place"].max() + 1))
        for row in drawn.to_dict("records"):
            _draw_mark(panel, row, axis, language)
        _value_axis(panel, drawn, axis, language)
        panel.set_yticks(drawn["place"], drawn["label"])
        panel.set_ylim(drawn["place"].max() + 0.6, -0.75 if claim else -0.5)
        if reference is not None:
            panel.axvline(reference, color=INK, linewidth=0.9, zorder=1)
        if claim:
            panel.axvline(claim[0], color=MUTE, linewidth=0.9, linestyle=(0, (1, 2)), zorder=1)
            panel.text(claim[0], -0.68, f" {claim[1]}", color=MUTE, fontsize=8, va="center", ha="left")
        return settled(figure)


def _forest_rows(rows: pd.DataFrame) -> pd.DataFrame:
    missing = [name for name in ("label", "estimate", "lower", "upper") if name not in rows]
    if missing:
        raise DataError(f"A forest plot needs the columns {missing} too. Give each row a label and an interval.")
    kinds = rows["kind"] if "kind" in rows else pd.Series("estimate", index=rows.index)
    unknown = sorted(set(kinds) - set(KINDS))
    if unknown:
        raise MethodError(f"A forest plot draws the kinds {list(KINDS)}; {unknown[0]!r} is none of them.")
    section = rows["section"].to_numpy() if "section" in rows else np.zeros(len(rows))
    gaps = np.concatenate([[0], (section[1:] != section[:-1]).astype(float) * 0.6]).cumsum()
    return rows.assign(kind=kinds, place=np.arange(len(rows)) + gaps)


def _draw_mark(panel: Axes, row: Any, axis: Axis, language: str) -> None:
    look = KINDS[row["kind"]]
    panel.plot(
        [row["lower"], row["upper"]],
        [row["place"]] * 2,
        color=look["color"],
        linestyle=look["line"],
        linewidth=look["width"],
        solid_capstyle="butt",
        zorder=2,
    )
    panel.plot(
        row["estimate"],
        row["place"],
        look["marker"],
        markersize=6.5,
        markerfacecolor=look["face"],
        markeredgecolor=look["color"],
        markeredgewidth=1.4,
        zorder=3,
    )
    numbers = wording.interval(row, axis.decimals, language)
    colour = look["color"] if row["kind"] == "published" else INK
    panel.annotate(
        numbers,
        (1.02, row["place"]),
        xycoords=("axes fraction", "data"),
        va="center",
        color=colour,
        annotation_clip=False,
    )


def _value_axis(panel: Axes, drawn: pd.DataFrame, axis: Axis, language: str) -> None:
    low, high = float(drawn[["lower", "estimate"]].min().min()), float(drawn[["upper", "estimate"]].max().max())
    if axis.log:
        panel.set_xscale("log")
        panel.xaxis.set_minor_locator(NullLocator())
        panel.set_xlim(min(low / 1.15, 0.9), high * 1.12)
    if axis.ticks:
        panel.set_xticks(axis.ticks)
        if not axis.log:
            panel.set_xlim(min(low, axis.ticks[0]), max(high, axis.ticks[-1]))
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: value_tick(value, language)))
    panel.grid(axis="x")
    panel.set_xlabel(axis.title)
