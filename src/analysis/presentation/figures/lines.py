"""Lines over age, calendar time or a size: with band or intervals, names at the lines, and visible breaks."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.errors import DataError
from analysis.presentation.figures.axes import Axis, colours, time_tick, upright_values
from analysis.presentation.theme import INK, MUTE, figure_style, new_figure, settled

ROOM_FOR_A_NAME = 0.075
"""Smallest distance between two names at the lines, as a part of the height of the panel."""
DASH = (0, (4, 2))


def line_plot(
    lines: pd.DataFrame,
    axis: Axis,
    language: str,
    *,
    names: Sequence[tuple[str, str]],
    x_title: str,
    x_ticks: Sequence[float],
    panels: Sequence[tuple[str, str]] = (),
    marks: Sequence[tuple[float, str]] = (),
    reference: float | None = None,
    dots: bool = False,
    name_at: float | None = None,
    height: float = 2.9,
) -> Figure:
    """Series over a horizontal scale, each named where it ends.

    Parameters
    ----------
    lines
        Columns `series`, `x`, `estimate`; optionally `lower` and `upper` (missing limits are not drawn), `segment`
        (a series is not joined where it changes: a break of method), `assumed` (true for a reconstruction, scenario
        or simulation: dashed, and hollow where there are dots), and `panel` when there are panels.
    axis
        The value axis, drawn vertically; from zero, unless its ticks begin elsewhere.
    language
        ``nl`` or ``en``.
    names
        Series in the order drawn: key and the word at its line; an empty word writes none.
    x_title
        Name and unit of the horizontal scale.
    x_ticks
        Places of its ticks; the scale runs from the first to the last.
    panels
        Panels from left to right: key in `panel` and its title; none for a single panel.
    marks
        Places on the horizontal scale to point out, each with its word: a dotted line.
    reference
        Value of no difference, drawn as a line across: 1 for ratios, 0 for differences.
    dots
        Whether every value is a dot with an interval; else the interval is a band.
    name_at
        Place on the horizontal scale where the names are written, above the lines; at their ends when None.
    height
        Height in inches.

    Returns
    -------
    matplotlib.figure.Figure
        The figure.

    Raises
    ------
    DataError
        When a column is missing.
    """
    drawn = _prepared(lines, axis, panels)
    shown = list(panels) or [("", "")]
    ink = colours([key for key, _ in names])
    with figure_style():
        figure, axes = new_figure(height, len(shown))
        for panel, (key, title) in zip(axes, shown, strict=True):
            panel.set_title(title)
            rows = drawn[drawn["panel"] == key]
            for series, _ in names:
                for _, part in rows[rows["series"] == series].groupby(["segment", "assumed"], sort=False):
                    _draw_line(panel, part.sort_values("x"), ink[series], dots)
            _dress(panel, drawn, axis, language, x_ticks, dots)
            panel.set_xlabel(x_title)
            if name_at is None:
                _name_ends(panel, rows, names, ink)
            else:
                _name_above(panel, rows, names, ink, name_at)
            _point_out(panel, marks)
            if reference is not None:
                panel.axhline(reference, color=INK, linewidth=0.9, zorder=1)
        axes[0].set_ylabel(axis.title)
        return settled(figure)


def _prepared(lines: pd.DataFrame, axis: Axis, panels: Sequence[tuple[str, str]]) -> pd.DataFrame:
    missing = [name for name in ("series", "x", "estimate", *(["panel"] if panels else [])) if name not in lines]
    if missing:
        raise DataError(f"A line plot needs the columns {missing} too. Give each point a series and a place.")
    absent: Mapping[str, Any] = {"lower": np.nan, "upper": np.nan, "segment": 0, "assumed": False}
    filled = lines.assign(**{name: value for name, value in absent.items() if name not in lines})
    filled = filled.assign(**{name: filled[name] * axis.scale for name in ("estimate", "lower", "upper")})
    return filled if panels else filled.assign(panel="")


def _draw_line(panel: Axes, part: pd.DataFrame, colour: str, dots: bool) -> None:
    assumed = bool(part["assumed"].iloc[0])
    look: dict[str, Any] = {"color": colour, "linestyle": DASH if assumed else "-", "linewidth": 1.6, "zorder": 3}
    bounded = part.dropna(subset=["lower", "upper"])
    if dots:
        panel.vlines(bounded["x"], bounded["lower"], bounded["upper"], color=colour, linewidth=1.4, alpha=0.75)
        look |= {"marker": "o", "markersize": 4.5, "markerfacecolor": "white" if assumed else colour, "linewidth": 1.1}
    else:
        panel.fill_between(bounded["x"], bounded["lower"], bounded["upper"], color=colour, alpha=0.15, linewidth=0)
    panel.plot(part["x"], part["estimate"], **look)


def _dress(panel: Axes, drawn: pd.DataFrame, axis: Axis, language: str, ticks: Sequence[float], dots: bool) -> None:
    highest = float(drawn[["estimate", "upper"]].max().max())
    lowest = float(drawn[["estimate", "lower"]].min().min())
    if axis.log:
        panel.set_yscale("log")
        panel.minorticks_off()
        panel.set_ylim(min(lowest, *axis.ticks) / 1.05, max(highest, *axis.ticks) * 1.05)
    else:
        panel.set_ylim(*((axis.ticks[0], axis.ticks[-1]) if axis.ticks else (min(0.0, lowest), highest * 1.08)))
    upright_values(panel, axis, language)
    panel.set_xticks(list(ticks), [time_tick(tick, language) for tick in ticks])
    room = 0.03 * (ticks[-1] - ticks[0]) if dots else 0.0
    panel.set_xlim(ticks[0] - room, ticks[-1] + room)


def _name_above(
    panel: Axes, rows: pd.DataFrame, names: Sequence[tuple[str, str]], ink: Mapping[str, str], x: float
) -> None:
    for key, word in names:
        series = rows[rows["series"] == key].sort_values("x")
        if word and not series.empty:
            place = (x, float(np.interp(x, series["x"], series["estimate"])))
            panel.annotate(word, place, (5, 5), textcoords="offset points", color=ink[key], fontsize=8, zorder=5)


def _name_ends(panel: Axes, rows: pd.DataFrame, names: Sequence[tuple[str, str]], ink: Mapping[str, str]) -> None:
    """Each name at the last point of its line, moved up or down where two would overlap."""
    within = panel.transLimits if panel.get_yscale() == "linear" else panel.transScale + panel.transLimits
    ends = {}
    for key, word in names:
        series = rows[rows["series"] == key].sort_values("x")
        if word and not series.empty:
            ends[key] = float(within.transform((series["x"].iloc[-1], series["estimate"].iloc[-1]))[1])
    words = dict(names)
    for key, place in zip(ends, _apart(list(ends.values()), [words[key].count("\n") + 1 for key in ends]), strict=True):
        panel.annotate(
            words[key],
            (1.02, place),
            xycoords="axes fraction",
            va="center",
            color=ink[key],
            fontsize=8,
            annotation_clip=False,
        )


def _apart(places: Sequence[float], heights: Sequence[int]) -> list[float]:
    """The places with enough room between them, moved as little as keeps their order."""
    order = np.argsort(places, kind="stable")
    moved = list(places)
    for below, above in itertools.pairwise(order):
        room = ROOM_FOR_A_NAME * (heights[below] + heights[above]) / 2
        moved[above] = max(moved[above], moved[below] + room)
    shift = np.mean(np.array(moved) - np.array(places)) if len(places) else 0.0
    return [place - float(shift) for place in moved]


def _point_out(panel: Axes, marks: Sequence[tuple[float, str]]) -> None:
    for place, word in marks:
        panel.axvline(place, color=MUTE, linewidth=0.9, linestyle=(0, (1, 2)), zorder=1)
        panel.annotate(
            f" {word}",
            (place, 1.0),
            xycoords=("data", "axes fraction"),
            va="top",
            ha="left",
            color=MUTE,
            fontsize=8,
        )
