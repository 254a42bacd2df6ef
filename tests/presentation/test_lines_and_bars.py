"""Lines with visible breaks, and bars of contributions."""

import pandas as pd
import pytest

from analysis.errors import DataError
from analysis.presentation import theme
from analysis.presentation.figures import Axis, bar_plot, line_plot

SERIES = pd.DataFrame(
    {
        "series": ["cbs"] * 4 + ["rival"],
        "x": [2009, 2010, 2012, 2016, 2016],
        "estimate": [17.8, 23.3, 27.3, 30.5, 29.5],
        "lower": [15.5, None, None, None, None],
        "upper": [21.0, None, None, None, None],
        "segment": ["A1", "A2", "A2", "A2", "B"],
        "assumed": [False, False, False, False, True],
    }
)
BARS = pd.DataFrame(
    {
        "panel": ["female", "female", "male", "male"],
        "label": ["20–29 jaar", "30–44 jaar"] * 2,
        "estimate": [0.0, 6.1, 1.2, 3.4],
        "lower": [-1.0, 3.0, 0.5, None],
        "upper": [1.0, 9.0, 2.0, None],
    }
)
PANELS = (("female", "Vrouwen"), ("male", "Mannen"))


def lines(table=SERIES, **options):
    given = {"names": (("cbs", "CBS"), ("rival", "Andere schatting")), "x_title": "Jaar", "x_ticks": (2009, 2016)}
    return line_plot(table, Axis("Duizend mensen"), "nl", **(given | options))


def drawn(figure):
    return [line for line in figure.axes[0].lines if len(line.get_xdata()) and line.get_label().startswith("_child")]


def test_a_series_is_not_joined_across_a_break_of_method():
    assert [list(line.get_xdata()) for line in drawn(lines())] == [[2009], [2010, 2012, 2016], [2016]]


def test_what_is_assumed_is_dashed_and_hollow():
    *counted, assumed = drawn(lines(dots=True))
    assert all(line.get_markerfacecolor() == line.get_color() for line in counted)
    assert assumed.get_markerfacecolor() == "white"
    assert assumed.is_dashed()


def test_years_carry_no_sign_for_thousands():
    assert [tick.get_text() for tick in lines().axes[0].get_xticklabels()] == ["2009", "2016"]


def test_names_at_lines_that_end_together_do_not_overlap():
    figure = lines()
    figure.draw_without_rendering()
    names = [text for text in figure.axes[0].texts if text.get_text()]
    one, other = (text.get_window_extent() for text in names)
    assert not one.overlaps(other)


def test_a_missing_limit_is_not_drawn():
    figure = lines(dots=True)
    heights = [path.vertices[:, 1].tolist() for c in figure.axes[0].collections for path in c.get_paths()]
    assert heights == [[15.5, 21.0]]


def test_men_and_women_have_their_own_colours_in_bars():
    figure = bar_plot(BARS, Axis("Jaren"), "nl", panels=PANELS)
    found = [theme.mpl.colors.to_hex(axes.patches[0].get_facecolor()) for axes in figure.axes]
    assert found == [theme.SEX_COLOURS["female"], theme.SEX_COLOURS["male"]]


def test_bars_start_at_zero_and_carry_their_number():
    figure = bar_plot(BARS, Axis("Jaren"), "nl", panels=PANELS)
    assert [patch.get_x() for patch in figure.axes[1].patches] == [0, 0]
    assert [text.get_text() for text in figure.axes[1].texts] == ["1,2", "3,4"]


def test_bars_of_a_reconstruction_are_hatched():
    figure = bar_plot(BARS, Axis("Jaren"), "nl", panels=PANELS, assumed=True)
    assert {patch.get_hatch() for axes in figure.axes for patch in axes.patches} == {"/////"}


def test_the_same_figures_give_the_same_bytes():
    assert theme.to_svg(lines()) == theme.to_svg(lines())
    assert theme.to_svg(bar_plot(BARS, Axis("Jaren"), "en")) == theme.to_svg(bar_plot(BARS, Axis("Jaren"), "en"))


def test_a_column_that_is_not_there_is_named():
    with pytest.raises(DataError, match=r"needs the columns \['series'\]"):
        lines(SERIES.drop(columns="series"))
    with pytest.raises(DataError, match=r"needs the columns \['lower', 'panel'\]"):
        bar_plot(BARS.drop(columns=["lower", "panel"]), Axis("Jaren"), "nl", panels=PANELS)
