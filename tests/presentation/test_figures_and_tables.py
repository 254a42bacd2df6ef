"""Figures and tables for readers."""

import pandas as pd
import pytest

from analysis.errors import DataError, MethodError
from analysis.presentation import figures, tables, theme
from analysis.presentation.figures import Axis

ROWS = pd.DataFrame(
    {
        "label": ["Vrouwen", "Mannen"],
        "estimate": [5.56, 3.31],
        "lower": [3.95, 2.91],
        "upper": [7.82, 3.77],
        "level": 0.95,
        "kind": ["estimate", "published"],
        "section": [0, 1],
    }
)
AXIS = Axis("Sterfteverhouding", log=True, ticks=(1, 2, 5, 10))


def forest(language="nl"):
    return figures.forest_plot(ROWS, AXIS, language, reference=1, claim=(3.5, "bewering: 3,5"))


def texts(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_a_forest_plot_writes_every_interval_in_the_language_of_the_reader():
    assert "5,6 (4,0–7,8)" in texts(forest())
    assert "5.6 (4.0–7.8)" in texts(forest("en"))


def test_ratios_are_drawn_on_a_log_scale_with_plain_ticks():
    axes = forest().axes[0]
    assert axes.get_xscale() == "log"
    assert [axes.xaxis.get_major_formatter()(tick, 0) for tick in axes.get_xticks()] == ["1", "2", "5", "10"]


def test_a_published_value_is_hollow_and_a_computed_one_filled():
    drawn = [line for line in forest().axes[0].lines if line.get_marker() in ("o", "D")]
    assert {line.get_marker(): line.get_markerfacecolor() for line in drawn} == {"o": theme.ACCENT, "D": "white"}


def test_a_forest_plot_without_interval_is_refused():
    with pytest.raises(DataError, match=r"needs the columns \['lower', 'upper'\]"):
        figures.forest_plot(ROWS.drop(columns=["lower", "upper"]), AXIS, "nl")


def test_an_unknown_kind_of_value_is_refused():
    with pytest.raises(MethodError, match="'guess' is none of them"):
        figures.forest_plot(ROWS.assign(kind="guess"), AXIS, "nl")


def test_the_same_figure_gives_the_same_bytes():
    assert theme.to_svg(forest()) == theme.to_svg(forest())
    assert theme.to_png(forest()) == theme.to_png(forest())


def test_a_figure_is_as_it_was_after_being_framed():
    figure = forest()
    before = theme.to_svg(figure)
    with theme.framed(figure, "Titel", "Ondertitel", "Bron") as framed:
        assert theme.to_svg(framed) != before
    assert theme.to_svg(figure) == before


def test_drawing_leaves_the_settings_of_matplotlib_alone():
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    theme.to_svg(forest())
    assert dict(mpl.rcParams) == before


def test_no_two_labels_of_a_gradient_overlap():
    points = pd.DataFrame(
        [
            {"sex": sex, "series": series, "rank": rank, "estimate": base + 20 * rank, "fitted": base + 20 * rank}
            for sex in ("male", "female")
            for series, base in (("good_health", 50), ("life_expectancy", 74))
            for rank in (0.1, 0.3, 0.5, 0.7, 0.9)
        ]
    ).assign(lower=lambda rows: rows["estimate"] - 1, upper=lambda rows: rows["estimate"] + 1)
    figure = figures.gradient_plot(
        points,
        Axis("Jaren", ticks=(40, 60, 80, 100)),
        "nl",
        position_title="ladder",
        positions=["laagste", "2", "3", "4", "hoogste"],
        lines=[("good_health", "in goede gezondheid"), ("life_expectancy", "levensverwachting")],
    )
    figure.draw_without_rendering()
    for axes in figure.axes:
        boxes = [text.get_window_extent() for text in axes.texts]
        overlapping = [(a, b) for i, a in enumerate(boxes) for b in boxes[i + 1 :] if a.overlaps(b)]
        assert not overlapping


def test_a_table_formats_each_column_in_the_language_and_keeps_all_digits_in_its_data():
    table = tables.table(
        pd.DataFrame({"sex": ["female"], "deaths": [1265.0], "estimate": [5.56], "lower": [3.95], "upper": [7.82]}),
        [
            tables.text("sex", "Geslacht", group="sex", language="nl"),
            tables.amount("deaths", "Sterfgevallen", 0, "nl"),
            tables.estimate("Verhouding", 1, "nl"),
        ],
    )
    assert table.rows == (("vrouwen", "1.265", "5,6 (4,0–7,8)"),)
    assert [column.align for column in table.columns] == ["left", "right", "right"]
    assert table.data["estimate"].iloc[0] == 5.56


def test_a_missing_number_is_said_in_words():
    column = tables.amount("counted", "Geteld", 0, "nl", missing="niet vermeld")
    assert tables.table(pd.DataFrame({"counted": [None]}), [column]).rows == (("niet vermeld",),)


def test_a_table_of_nine_columns_is_two_tables():
    columns = [tables.text("a", str(place)) for place in range(9)]
    with pytest.raises(MethodError, match="one to eight columns, not 9"):
        tables.table(pd.DataFrame({"a": ["x"]}), columns)


def test_an_unknown_column_names_the_nearest():
    with pytest.raises(MethodError, match="no column `death` to show. Did you mean 'deaths'"):
        tables.table(pd.DataFrame({"deaths": [1]}), [tables.amount("death", "", 0, "nl")])
