"""Time until an event."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from analysis.presentation import wording
from analysis.presentation.figures.axes import Axis, value_tick
from analysis.presentation.theme import ACCENT, CONTRAST, INK, figure_style, new_figure, settled


def event_curves(
    curves: pd.DataFrame,
    axis: Axis,
    language: str,
    *,
    names: Sequence[tuple[str, str]],
    time_title: str,
    time_ticks: Sequence[float],
) -> Figure:
    """Share of people with the event by time since the start, a band for the interval, the name at the line.

    Parameters
    ----------
    curves
        Columns `series`, `time`, and `estimate`, `lower`, `upper` of the share without the event.
    axis
        The value axis: the share with the event, times `scale`.
    language
        ``nl`` or ``en``.
    names
        Series in the order drawn: key and the word written at its line.
    time_title
        Name and unit of the time axis.
    time_ticks
        Places of the ticks of the time axis.

    Returns
    -------
    matplotlib.figure.Figure
        The figure.
    """
    with figure_style():
        figure, (panel,) = new_figure(3.0)
        for (series, name), colour, dash in zip(names, (ACCENT, CONTRAST, INK), ("-", (0, (5, 2)), "-"), strict=False):
            shown = _until(curves[curves["series"] == series].sort_values("time"), max(time_ticks))
            event = {key: (1 - shown[key]) * axis.scale for key in ("estimate", "lower", "upper")}
            panel.step(shown["time"], event["estimate"], where="post", color=colour, linewidth=1.8, linestyle=dash)
            panel.fill_between(
                shown["time"], event["upper"], event["lower"], step="post", color=colour, alpha=0.15, linewidth=0
            )
            end = float(event["estimate"].iloc[-1])
            text = f"{name}\n{wording.number(end, axis.decimals, language)}%"
            place = (1.02, end)
            panel.annotate(
                text, place, xycoords=("axes fraction", "data"), va="center", color=colour, annotation_clip=False
            )
        panel.set_xticks(list(time_ticks))
        panel.set_xlim(0, max(time_ticks))
        panel.set_ylim(0, None)
        panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: value_tick(value, language)))
        panel.grid(axis="y")
        panel.set_xlabel(time_title)
        panel.set_ylabel(axis.title)
        return settled(figure)


def _until(curve: pd.DataFrame, last: float) -> pd.DataFrame:
    """The curve up to a time, carried on level to that time."""
    kept = curve[curve["time"] <= last]
    return pd.concat([kept, kept.iloc[[-1]].assign(time=last)], ignore_index=True)
