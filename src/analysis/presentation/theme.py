"""The look of figures: colours that colour-blind readers can tell apart, one accent, thin lines, no box."""

import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO, StringIO
from typing import Any, cast

import matplotlib as mpl
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK = "#1f2933"
MUTE = "#5b6672"
GRID = "#d9dfe5"
ACCENT = "#0b6e6e"
CONTRAST = "#b34a0c"
SEX_COLOURS = {"female": "#8a5a00", "male": "#0b5c8c", "total": INK}
"""Women and men, the same two colours in every figure (darkened from Okabe and Ito, contrast 4.5:1 on white)."""
SEQUENCE = ("#b34a0c", "#a9762f", "#7d8a8f", "#3f8488", "#0b6e6e")
"""From worst off to best off, five steps."""
TEXT_WIDTH = 6.3
"""Width of the text column in inches (160 mm)."""

_SETTINGS = {
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "axes.labelsize": 8.5,
    "axes.titlesize": 9,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "text.color": INK,
    "axes.labelcolor": MUTE,
    "axes.edgecolor": MUTE,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.titlecolor": INK,
    "xtick.color": MUTE,
    "ytick.color": INK,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "axes.axisbelow": True,
    "svg.fonttype": "path",
    "svg.hashsalt": "analysis",
    "figure.dpi": 100,
}


@contextmanager
def figure_style() -> Iterator[None]:
    """Draw inside this context and the figure has the project's look; nothing outside it changes.

    Yields
    ------
    None
        Nothing: only the settings of matplotlib count.
    """
    with mpl.rc_context(), sns.axes_style("ticks"):
        mpl.rcParams.update(cast(Any, _SETTINGS))
        yield


def new_figure(height: float, columns: int = 1, *, share_y: bool = True) -> tuple[Figure, list[Axes]]:
    """A figure of the text's width with one or more panels side by side.

    Parameters
    ----------
    height
        Height in inches.
    columns
        Number of panels.
    share_y
        Whether the panels have one vertical scale.

    Returns
    -------
    tuple
        The figure, not registered with pyplot's window list, and its panels from left to right.
    """
    figure = Figure(figsize=(TEXT_WIDTH, height), layout="constrained")
    axes = figure.subplots(1, columns, sharey=share_y, squeeze=False)[0]
    for axis in axes:
        sns.despine(ax=axis, left=True)
        axis.tick_params(length=0)
    return figure, list(axes)


def settled(figure: Figure) -> Figure:
    """The figure with its layout worked out once and fixed, so that saving it twice gives the same bytes.

    Parameters
    ----------
    figure
        A drawn figure.

    Returns
    -------
    matplotlib.figure.Figure
        The same figure.
    """
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    return figure


def to_svg(figure: Figure) -> str:
    """The figure as SVG text that is the same at every run.

    Parameters
    ----------
    figure
        A finished figure.

    Returns
    -------
    str
        SVG without a date.
    """
    buffer = StringIO()
    with figure_style():
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return "\n".join(line.rstrip() for line in buffer.getvalue().splitlines()) + "\n"


def to_png(figure: Figure, dpi: int = 200) -> bytes:
    """The figure as PNG that is the same at every run.

    Parameters
    ----------
    figure
        A finished figure.
    dpi
        Dots per inch.

    Returns
    -------
    bytes
        PNG without software stamp.
    """
    buffer = BytesIO()
    with figure_style():
        figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None})
    return buffer.getvalue()


@contextmanager
def framed(figure: Figure, title: str, subtitle: str, source: str) -> Iterator[Figure]:
    """The figure with title, subtitle and source drawn in, to be taken along on its own; as before afterwards.

    Parameters
    ----------
    figure
        A finished figure.
    title, subtitle, source
        Texts in the language of the reader; wrapped to the width of the figure.

    Yields
    ------
    matplotlib.figure.Figure
        The same figure with texts outside its canvas: save it with a tight bounding box.
    """
    wrapped = {
        "title": textwrap.fill(title, 72),
        "subtitle": textwrap.fill(subtitle, 95),
        "source": textwrap.fill(source, 105),
    }
    inch = 1 / figure.get_size_inches()[1]
    lines = wrapped["subtitle"].count("\n") + 1
    with figure_style(), mpl.rc_context({"savefig.bbox": "tight", "savefig.pad_inches": 0.12}):
        texts = [
            figure.text(0.01, 1 + inch * 0.08, wrapped["subtitle"], va="bottom", color=MUTE),
            figure.text(
                0.01, 1 + inch * (0.14 + 0.155 * lines), wrapped["title"], va="bottom", weight="bold", size=10.5
            ),
            figure.text(0.01, -inch * 0.08, wrapped["source"], va="top", color=MUTE, size=7.5),
        ]
        try:
            yield figure
        finally:
            for text in texts:
                text.remove()
