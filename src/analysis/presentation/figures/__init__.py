"""Figures of estimates: always with the interval; published and assumed values look different from computed ones."""

from analysis.presentation.figures.axes import KINDS, Axis
from analysis.presentation.figures.bars import bar_plot
from analysis.presentation.figures.events import event_curves
from analysis.presentation.figures.forest import forest_plot
from analysis.presentation.figures.gradient import gradient_plot
from analysis.presentation.figures.lines import line_plot
from analysis.presentation.figures.trend import trend_plot

__all__ = [
    "KINDS",
    "Axis",
    "bar_plot",
    "event_curves",
    "forest_plot",
    "gradient_plot",
    "line_plot",
    "trend_plot",
]
