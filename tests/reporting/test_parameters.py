"""The parameters cell: what it may say, and what the command line may set."""

import pytest

from analysis.errors import ReportError
from analysis.reporting.parameters import as_text, differing, read_parameters, validate

LANGUAGE = 'language: Literal["nl", "en"] = "nl"  # Language of the report\n'


@pytest.fixture
def declared(project):
    return read_parameters(project / "notebooks/homelessness/cohort_mortality.ipynb")


@pytest.fixture
def read(tmp_path, write_notebook):
    def read_cell(source):
        write_notebook(tmp_path / "topic.ipynb", [], source)
        return read_parameters(tmp_path / "topic.ipynb")

    return read_cell


def test_name_type_default_help_choices_and_range_are_read(declared):
    level, year, sex, weighted, place, language = declared
    assert (level.type, level.default, level.minimum, level.maximum) == ("float", 0.95, 0.5, 0.999)
    assert level.help == "Coverage of the intervals (between 0.5 and 0.999)"
    assert (year.type, year.default, year.minimum) == ("int", 2010, None)
    assert (sex.type, sex.choices) == ("str", ("female", "male", "total"))
    assert (weighted.type, weighted.default) == ("bool", False)
    assert (place.type, place.choices) == ("str", ())
    assert language.choices == ("nl", "en")


def test_defaults_hold_where_nothing_is_given_and_language_is_left_out(declared):
    values = validate(declared, {})
    assert values == {"level": 0.95, "year": 2010, "sex": "total", "weighted": False, "place": "Rotterdam"}
    assert differing(declared, values) == {}


def test_text_becomes_the_type_of_its_parameter(declared):
    given = {"level": "0.9", "year": "2005", "sex": "male", "weighted": "true", "place": "12"}
    values = validate(declared, given)
    assert differing(declared, values) == {"level": 0.9, "year": 2005, "sex": "male", "weighted": True, "place": "12"}


def test_whole_number_is_a_fit_value_for_a_float(read):
    values = validate(read("rate: float = 0.5  # (between 0 and 2)\n" + LANGUAGE), {"rate": 1})
    assert isinstance(values["rate"], float)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"levl": "0.9"}, "no parameter 'levl'. Did you mean 'level'"),
        ({"level": "high"}, "level=high is not a number"),
        ({"level": "0,9"}, "Write a decimal point"),
        ({"level": "nan"}, "is not a number"),
        ({"level": "1"}, "must lie between 0.5 and 0.999. The nearest allowed value is 0.999"),
        ({"level": "0.4999"}, "The nearest allowed value is 0.5"),
        ({"year": "2010.5"}, "is not a whole number"),
        ({"year": "20_10"}, "is not a whole number"),
        ({"year": True}, "is not a whole number"),
        ({"sex": "femal"}, "is not a choice. Did you mean 'female'"),
        ({"weighted": "perhaps"}, "is not true or false"),
        ({"place": 3}, "is not text"),
        ({"language": "en"}, "use --language nl or --language en"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_nearest_that_does(declared, given, message):
    with pytest.raises(ReportError, match=message):
        validate(declared, given)


@pytest.mark.parametrize("value", ["0.5", "0.999"])
def test_ends_of_a_range_are_allowed(declared, value):
    assert validate(declared, {"level": value})["level"] == float(value)


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("level = 0.95\n" + LANGUAGE, "Line 1 of the parameters cell"),
        ("years: list = []\n" + LANGUAGE, "has the type list"),
        ('level: float = "0.95"\n' + LANGUAGE, "is text, and the parameter is a float"),
        ("level: float = 2.0  # (between 0 and 1)\n" + LANGUAGE, "out of range"),
        ("level: float = 1 / 2\n" + LANGUAGE, "not a plain value"),
        ('name: str = "a"  # (between 0 and 1)\n' + LANGUAGE, "states a range"),
        ("level: float = (\n", "not valid Python"),
        ("level: float = 0.95\n", "has no language"),
    ],
)
def test_a_cell_that_cannot_be_understood_is_refused(read, cell, message):
    with pytest.raises(ReportError, match=message):
        read(cell)


def test_a_notebook_without_the_cell_is_refused(tmp_path):
    (tmp_path / "empty.ipynb").write_text('{"cells": []}')
    with pytest.raises(ReportError, match="0 cells tagged 'parameters'"):
        read_parameters(tmp_path / "empty.ipynb")


def test_a_file_that_is_no_notebook_is_refused(tmp_path):
    (tmp_path / "broken.ipynb").write_text("{")
    with pytest.raises(ReportError, match="cannot be read as a notebook"):
        read_parameters(tmp_path / "broken.ipynb")


def test_values_are_written_as_they_are_typed():
    assert [as_text(value) for value in (True, 0.9, 3, "a")] == ["true", "0.9", "3", "a"]


def test_help_and_range_are_found_where_a_formatter_wrapped_the_line(read):
    wrapped = "level: float = (\n    0.95  # Coverage (between 0.5 and 0.95)\n)\nplain: int = 1\n"
    level, plain, _ = read(wrapped + LANGUAGE)
    assert (level.help, level.maximum) == ("Coverage (between 0.5 and 0.95)", 0.95)
    assert plain.help == ""
