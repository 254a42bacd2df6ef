"""Values by social position."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from analysis.presentation import wording
from analysis.presentation.figures.axes import Axis, value_tick
from analysis.presentation.labels import label
from analysis.presentation.theme import MUTE, SEX_COLOURS, figure_style, new_figure, settled


def gradient_plot(
    points: pd.DataFrame,
    axis: Axis,
    language: str,
    *,
    position_title: str,
    positions: Sequence[str],
    lines: Sequence[tuple[str, str]],
) -> Figure:
    """Values by social position, one panel per sex, with the fitted line through each series.

    Parameters
    ----------
    points
        Columns `sex`, `series`, `rank` (mid-rank, 0-1), `estimate`, `lower`, `upper`, and `fitted` (the line).
    axis
        The value axis, drawn vertically.
    language
        ``nl`` or ``en``.
    position_title
        Name of the horizontal axis.
    positions
        Word at each rank, from worst off to best off.
    lines
        Series in the order drawn: key and the word written at its line.

    Returns
    -------
    matplotlib.figure.Figure
        The figure.
    """
    sexes = [sex for sex in ("male", "female") if sex in set(points["sex"])]
    with figure_style():
        figure, panels = new_figure(3.3, len(sexes))
        for panel, sex in zip(panels, sexes, strict=True):
            panel.set_title(label("sex", sex, language).capitalize())
            for order, (series, name) in enumerate(lines):
                shown = points[(points["sex"] == sex) & (points["series"] == series)].sort_values("rank")
                _draw_gradient(panel, shown, SEX_COLOURS[sex], filled=order == 0)
                _name_line(panel, shown, name, axis, language, above=order == len(lines) - 1)
            panel.set_xticks(sorted(points["rank"].unique()), positions)
            panel.set_xlim(0, 1.0)
            panel.grid(axis="y")
            panel.tick_params(axis="x", labelsize=8)
        panels[0].set_ylabel(axis.title)
        if axis.ticks:
            panels[0].set_yticks(axis.ticks)
            panels[0].set_ylim(axis.ticks[0], axis.ticks[-1])
        panels[0].yaxis.set_major_formatter(FuncFormatter(lambda value, _: value_tick(value, language)))
        figure.supxlabel(position_title, color=MUTE, fontsize=8.5)
        return settled(figure)


def _draw_gradient(panel: Axes, shown: pd.DataFrame, colour: str, *, filled: bool) -> None:
    panel.plot(shown["rank"], shown["fitted"], color=colour, linewidth=1.2, linestyle="-" if filled else (0, (4, 2)))
    panel.vlines(shown["rank"], shown["lower"], shown["upper"], color=colour, linewidth=2.2)
    panel.plot(
        shown["rank"],
        shown["estimate"],
        "o" if filled else "s",
        color=colour,
        markerfacecolor=colour if filled else "white",
        markersize=5.5 if filled else 5,
    )


def _name_line(panel: Axes, shown: pd.DataFrame, name: str, axis: Axis, language: str, *, above: bool) -> None:
    """Values at both ends and the name in the middle, on the side of the line where nothing else is drawn."""
    edge, side = ("upper", 1) if above else ("lower", -1)
    for end in (0, -1):
        row = shown.iloc[end]
        text = wording.number(row["estimate"], axis.decimals, language)
        panel.annotate(
            text, (row["rank"], row[edge]), (0, 11 * side), textcoords="offset points", ha="center", va="center"
        )
    middle = shown.iloc[len(shown) // 2]
    panel.annotate(
        name,
        (middle["rank"], middle[edge]),
        (0 if above else 38, 16 * side if above else -22),
        textcoords="offset points",
        ha="center",
        va="center",
        color=MUTE,
        fontsize=8,
    )
