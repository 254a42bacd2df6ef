"""What figures share: the value axis, and how each kind of value is drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from analysis.presentation import wording
from analysis.presentation.theme import ACCENT, CONTRAST, INK, MUTE, SEX_COLOURS

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


def value_tick(value: float, language: str) -> str:
    """A value at an axis with as many decimals as it needs, at most two.

    Parameters
    ----------
    value
        Place of the tick.
    language
        ``nl`` or ``en``.

    Returns
    -------
    str
        For example ``0,5``.
    """
    decimals = 0 if np.isclose(value, round(value)) else 1 if np.isclose(value * 10, round(value * 10)) else 2
    return wording.number(value, decimals, language)


def time_tick(value: float, language: str) -> str:
    """An age or a calendar year at an axis: without a sign for thousands.

    Parameters
    ----------
    value
        Place of the tick.
    language
        ``nl`` or ``en``.

    Returns
    -------
    str
        For example ``2010``.
    """
    return str(round(value)) if np.isclose(value, round(value)) else value_tick(value, language)


def upright_values(panel: Axes, axis: Axis, language: str) -> None:
    """Dress the vertical axis: ticks, numbers in the language, a light horizontal grid.

    Parameters
    ----------
    panel
        The panel.
    axis
        The value axis.
    language
        ``nl`` or ``en``.
    """
    if axis.ticks:
        panel.set_yticks(axis.ticks)
    panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: value_tick(value, language)))
    panel.grid(axis="y")


def colours(keys: Sequence[str]) -> dict[str, str]:
    """A colour for each series: women and men always their own, others from accent to grey.

    Parameters
    ----------
    keys
        Series in the order drawn.

    Returns
    -------
    dict
        Colour by key.
    """
    others = iter((ACCENT, CONTRAST, INK, MUTE) * (len(keys) // 4 + 1))
    return {key: SEX_COLOURS[key] if key in SEX_COLOURS else next(others) for key in keys}
