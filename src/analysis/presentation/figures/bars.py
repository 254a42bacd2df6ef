"""Contributions as bars from zero, each with its interval and its number."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from analysis.errors import DataError
from analysis.presentation import wording
from analysis.presentation.figures.axes import Axis, colours, value_tick
from analysis.presentation.theme import INK, figure_style, new_figure, settled


def bar_plot(
    rows: pd.DataFrame, axis: Axis, language: str, *, panels: Sequence[tuple[str, str]] = (), assumed: bool = False
) -> Figure:
    """Horizontal bars from zero under each other, one panel per group.

    Parameters
    ----------
    rows
        In the order shown: `label`, `estimate`, `lower`, `upper` (missing limits are not drawn), and `panel` when
        there are panels. Every panel shows the same labels.
    axis
        The value axis.
    language
        ``nl`` or ``en``.
    panels
        Panels from left to right: key in `panel` and its title; none for a single panel.
    assumed
        Whether the values rest on a reconstruction or scenario: bars are then hatched, not filled.

    Returns
    -------
    matplotlib.figure.Figure
        The figure.

    Raises
    ------
    DataError
        When a column is missing.
    """
    needed = ["label", "estimate", "lower", "upper", *(["panel"] if panels else [])]
    missing = [name for name in needed if name not in rows]
    if missing:
        raise DataError(f"A bar plot needs the columns {missing} too. Give each bar a label and an interval.")
    scaled = rows.assign(**{name: rows[name] * axis.scale for name in ("estimate", "lower", "upper")})
    shown = list(panels) or [("", "")]
    labels = list(dict.fromkeys(scaled["label"]))
    fills = colours([key for key, _ in shown])
    with figure_style():
        figure, drawn = new_figure(0.85 + 0.33 * len(labels), len(shown))
        for panel, (key, title) in zip(drawn, shown, strict=True):
            panel.set_title(title)
            for row in scaled[scaled["panel"] == key].to_dict("records") if panels else scaled.to_dict("records"):
                _draw_bar(panel, row, labels.index(row["label"]), axis, language, fills[key], assumed)
            _dress(panel, scaled, axis, language)
        drawn[0].set_yticks(range(len(labels)), labels)
        drawn[0].set_ylim(len(labels) - 0.4, -0.6)
        return settled(figure)


def _draw_bar(panel: Axes, row: Any, place: int, axis: Axis, language: str, colour: str, assumed: bool) -> None:
    look: dict[str, Any] = {"facecolor": "white", "hatch": "/////"} if assumed else {"facecolor": colour}
    panel.barh(place, row["estimate"], height=0.58, edgecolor=colour, linewidth=1, zorder=2, **look)
    bounded = pd.notna(row["lower"]) and pd.notna(row["upper"])
    if bounded:
        panel.plot([row["lower"], row["upper"]], [place] * 2, color=INK, linewidth=1.2, zorder=3)
    number = wording.number(row["estimate"], axis.decimals, language)
    end = max(0.0, row["estimate"], row["upper"] if bounded else 0.0)
    panel.annotate(number, (end, place), (4, 0), textcoords="offset points", va="center", annotation_clip=False)


def _dress(panel: Axes, rows: pd.DataFrame, axis: Axis, language: str) -> None:
    low = min(0.0, float(rows[["estimate", "lower"]].min().min()))
    high = max(0.0, float(rows[["estimate", "upper"]].max().max()))
    panel.axvline(0, color=INK, linewidth=0.9, zorder=4)
    if axis.ticks:
        panel.set_xticks(axis.ticks)
        low, high = min(low, axis.ticks[0]), max(high, axis.ticks[-1])
    panel.set_xlim(low - 0.04 * (high - low) * (low < 0), high + 0.16 * (high - low))
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: value_tick(value, language)))
    panel.grid(axis="x")
    panel.set_xlabel(axis.title)
