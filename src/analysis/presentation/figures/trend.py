"""Estimates by period, beside each other."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from analysis.presentation.figures.axes import Axis, value_tick
from analysis.presentation.labels import label
from analysis.presentation.theme import SEX_COLOURS, figure_style, new_figure, settled


def trend_plot(series: pd.DataFrame, axis: Axis, language: str, *, panels: Sequence[tuple[str, str]]) -> Figure:
    """Estimates by period, men and women in one panel, one panel per grouping; periods are never joined over a gap.

    Parameters
    ----------
    series
        Columns `panel`, `sex`, `period` (text, in order), `estimate`, `lower`, `upper`.
    axis
        The value axis, drawn vertically from zero.
    language
        ``nl`` or ``en``.
    panels
        Panels from left to right: key in `panel` and its title.

    Returns
    -------
    matplotlib.figure.Figure
        The figure.
    """
    periods = sorted(series["period"].unique())
    with figure_style():
        figure, drawn = new_figure(2.35, len(panels))
        for panel, (key, title) in zip(drawn, panels, strict=True):
            panel.set_title(title)
            for shift, sex in ((-0.12, "male"), (0.12, "female")):
                shown = series[(series["panel"] == key) & (series["sex"] == sex)].sort_values("period")
                _draw_trend(panel, shown, [periods.index(period) + shift for period in shown["period"]], sex, language)
            panel.set_xticks(range(len(periods)), [_short_period(period) for period in periods])
            panel.set_xlim(-0.5, len(periods) - 0.2)
            panel.grid(axis="y")
        drawn[0].set_ylim(0, float(series["upper"].max()) * 1.12)
        drawn[0].set_ylabel(axis.title)
        drawn[0].yaxis.set_major_formatter(FuncFormatter(lambda value, _: value_tick(value, language)))
        return settled(figure)


def _draw_trend(panel: Axes, shown: pd.DataFrame, places: list[float], sex: str, language: str) -> None:
    colour, filled = SEX_COLOURS[sex], sex == "male"
    panel.vlines(places, shown["lower"], shown["upper"], color=colour, linewidth=2)
    panel.plot(
        places,
        shown["estimate"],
        "o" if filled else "s",
        color=colour,
        markersize=5,
        markerfacecolor=colour if filled else "white",
    )
    above = not filled
    panel.annotate(
        label("sex", sex, language),
        (places[0], (shown["upper"] if above else shown["lower"]).iloc[0]),
        (0, 5 if above else -5),
        textcoords="offset points",
        ha="center",
        va="bottom" if above else "top",
        color=colour,
        fontsize=8,
    )


def _short_period(period: str) -> str:
    first, last = period.split("/")
    return f"{first}–\n{last}"
