import numpy as np
import pandas as pd
import pytest

from analysis.errors import DataError
from analysis.sources.catalogue import load_card
from analysis.sources.schema import check_table


@pytest.fixture
def card(catalogue):
    return load_card("deaths")


def table(**columns) -> pd.DataFrame:
    base = {
        "sex": ["female", "male", "male"],
        "age": [20, 20, 21],
        "person_years": [1.0, 2.0, 3.0],
        "note": ["", "", ""],
    }
    return pd.DataFrame(base | columns)


def complaint(card, **columns) -> str:
    with pytest.raises(DataError) as caught:
        check_table(table(**columns), card)
    return str(caught.value)


def test_a_good_table_comes_back_in_the_order_of_the_card(card):
    checked = check_table(table()[["note", "age", "sex", "person_years"]], card)
    assert list(checked.columns) == ["sex", "age", "person_years", "note"]


def test_a_value_below_the_minimum_names_column_count_row_value_and_remedy(card):
    assert complaint(card, person_years=[1.0, -0.4, -2.0]) == (
        "Column `person_years` of `deaths` has 2 values below zero, the first in row 2 (-0.4). Check exit dates."
    )


def test_one_wrong_value_is_told_in_the_singular(card):
    assert "has 1 value above 110, in row 3 (130)." in complaint(card, age=[20, 20, 130])


def test_text_among_numbers_is_refused_in_quotes(card):
    message = complaint(card, person_years=["1.5", "1,5 year", "2"])
    assert (
        "`person_years` of `deaths` has 1 value other than numbers, in row 2 ('1,5 year'). Check exit dates." in message
    )


def test_a_fraction_in_a_column_of_whole_numbers_is_refused(card):
    assert "in row 1 (20.5)" in complaint(card, age=[20.5, 20, 21])


def test_infinity_is_no_number(card):
    assert "in row 3 (inf)" in complaint(card, person_years=[1.0, 2.0, np.inf])


def test_a_missing_required_value_is_refused(card):
    assert "Column `sex` of `deaths` has 1 value missing, in row 1 (empty)." in complaint(
        card, sex=["", "male", "male"]
    )
    assert "in row 2 (empty)" in complaint(card, age=[20, None, 21])


def test_a_value_outside_the_allowed_ones_is_refused(card):
    message = complaint(card, sex=["female", "men", "men"])
    assert "has 2 values outside ['female', 'male'], the first in row 2 ('men'). Check the spelling" in message


def test_a_repeated_key_is_refused_with_its_cells(card):
    message = complaint(card, age=[20, 20, 20])
    assert (
        "The key of `deaths` has 1 row that repeats an earlier one, the first is row 3 (sex male, age 20)." in message
    )


def test_a_missing_and_an_undescribed_column_are_both_reported(card):
    with pytest.raises(DataError) as caught:
        check_table(table().rename(columns={"person_years": "years"}), card)
    first, second = str(caught.value).splitlines()
    assert first.startswith(
        "Column `person_years` of `deaths` is missing; the table has ['sex', 'age', 'years', 'note']."
    )
    assert second.startswith("Column `years` of `deaths` is not described in its card.")


def test_all_problems_come_in_one_error_the_most_important_first(card):
    message = complaint(card, sex=["men", "male", "male"], age=[-1, 20, 20], person_years=["x", 1, None])
    kinds = [line.split("`")[1] for line in message.splitlines()]
    assert kinds == ["person_years", "deaths", "age", "sex"]


def test_rows_are_counted_from_one_whatever_the_index(card):
    with pytest.raises(DataError, match="in row 3"):
        check_table(table(age=[20, 20, -1]).set_axis([7, 8, 9]), card)
