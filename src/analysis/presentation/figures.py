"""Figures of estimates: always with the interval; published and assumed values look different from computed ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from analysis.errors import DataError, MethodError
from analysis.presentation import wording
from analysis.presentation.labels import label
from analysis.presentation.theme import ACCENT, CONTRAST, INK, MUTE, SEX_COLOURS, figure_style, new_figure, settled

KINDS: dict[str, dict[str, Any]] = {
    "estimate": {"color": ACCENT, "marker": "o", "face": ACCENT, "line": "-", "width": 2.2},
    "summary": {"color": INK, "marker": "o", "face": INK, "line": "-", "width": 2.2},
    "published": {"color": CONTRAST, "marker": "D", "face": "white", "line": (0, (2, 1.6)), "width": 1.4},
    "scenario": {"color": MUTE, "marker": "s", "face": "white", "line": (0, (4, 2)), "width": 1.4},
}
"""How each kind of value is drawn: filled dot for what is computed here, hollow for what is taken over or assumed."""


@dataclass(frozen=True)
class Axis:
    """The value axis of a figure.

    Attributes
    ----------
    title
        Name and unit of what is measured.
    decimals
        Digits of the values written beside the marks.
    scale
        What values are multiplied by before they are drawn, for example 100 for percentage points.
    log
        Whether the axis is logarithmic, as it is for ratios.
    ticks
        Places of the ticks; chosen from the data when empty.
    """

    title: str
    decimals: int = 1
    scale: float = 1.0
    log: bool = False
    ticks: tuple[float, ...] = ()


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
    low, high = float(drawn["lower"].min()), float(drawn["upper"].max())
    if axis.log:
        panel.set_xscale("log")
        panel.xaxis.set_minor_locator(NullLocator())
        panel.set_xlim(min(low / 1.15, 0.9), high * 1.12)
    if axis.ticks:
        panel.set_xticks(axis.ticks)
        if not axis.log:
            panel.set_xlim(min(low, axis.ticks[0]), max(high, axis.ticks[-1]))
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _tick(value, language)))
    panel.grid(axis="x")
    panel.set_xlabel(axis.title)


def _tick(value: float, language: str) -> str:
    decimals = 0 if np.isclose(value, round(value)) else 1 if np.isclose(value * 10, round(value * 10)) else 2
    return wording.number(value, decimals, language)


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
        panels[0].yaxis.set_major_formatter(FuncFormatter(lambda value, _: _tick(value, language)))
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
        drawn[0].yaxis.set_major_formatter(FuncFormatter(lambda value, _: _tick(value, language)))
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
        panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _tick(value, language)))
        panel.grid(axis="y")
        panel.set_xlabel(time_title)
        panel.set_ylabel(axis.title)
        return settled(figure)


def _until(curve: pd.DataFrame, last: float) -> pd.DataFrame:
    """The curve up to a time, carried on level to that time."""
    kept = curve[curve["time"] <= last]
    return pd.concat([kept, kept.iloc[[-1]].assign(time=last)], ignore_index=True)
