import numpy as np
import pandas as pd
import pytest

from analysis.errors import DataError, MethodError
from analysis.measures.shared.checks import (
    LARGEST,
    SMALLEST,
    check_choice,
    check_values,
    normal_quantile,
    require_complete,
    require_no_more_than,
    require_numbers,
)
from analysis.measures.shared.grouping import exposed_and_reference, sum_by


def test_a_negative_value_is_reported_with_column_count_row_and_value():
    table = pd.DataFrame({"person_years": [1.0, -0.4, -3.0]}, index=[15, 17, 19])
    message = r"`person_years` of the table has 2 values below zero, the first in row 17 \(-0\.4\)"
    with pytest.raises(DataError, match=message):
        require_numbers(table, ["person_years"], minimum=0)


def test_text_in_a_number_column_is_reported_with_the_text():
    with pytest.raises(DataError, match=r"`deaths` of the table has 1 texts .* row 1 \('five'\)"):
        require_numbers(pd.DataFrame({"deaths": [4, "five"]}), ["deaths"])


@pytest.mark.parametrize("gap", [np.nan, None, pd.NA])
def test_a_missing_value_is_reported_whatever_its_kind(gap):
    with pytest.raises(DataError, match=r"1 missing values, the first in row 1"):
        require_numbers(pd.DataFrame({"deaths": [4, gap]}), ["deaths"])


def test_an_infinite_value_is_reported():
    with pytest.raises(DataError, match=r"1 infinite values"):
        require_numbers(pd.DataFrame({"deaths": [np.inf]}), ["deaths"])


def test_nullable_integers_are_numbers():
    table = pd.DataFrame({"deaths": pd.array([1, 2], dtype="Int64")})
    assert require_numbers(table, ["deaths"])["deaths"].tolist() == [1.0, 2.0]


def test_a_misspelt_column_brings_the_nearest_one():
    with pytest.raises(DataError, match=r"`deaths` is missing from the table. Did you mean 'death'"):
        require_numbers(pd.DataFrame({"death": [1], "year": [2]}), ["deaths"])


def test_an_empty_table_is_an_error_not_an_empty_result():
    with pytest.raises(DataError, match=r"no rows in the table"):
        require_numbers(pd.DataFrame({"deaths": []}), ["deaths"])


def test_the_table_that_was_checked_is_left_as_it_was():
    table = pd.DataFrame({"deaths": [1, 2]})
    require_numbers(table, ["deaths"])
    assert table["deaths"].dtype == "int64"


def test_missing_values_are_counted_with_the_remedy():
    with pytest.raises(DataError, match=r"2 missing values among 3 rows, the first in row 0. Drop those rows"):
        require_complete(pd.DataFrame({"sex": [None, None, "male"]}), ["sex"])


def test_a_part_above_its_whole_is_reported():
    with pytest.raises(
        DataError, match=r"`events` of the table exceeds `total` in 1 rows, the first is row 1 \(5 of 4\)"
    ):
        require_no_more_than(pd.DataFrame({"events": [1, 5], "total": [4, 4]}), "events", "total")


def test_an_unknown_choice_brings_the_nearest_one():
    with pytest.raises(MethodError, match=r"Did you mean 'wilson'"):
        check_choice("wilsn", ("wilson", "exact"))


def test_a_level_in_percent_is_an_error():
    with pytest.raises(MethodError, match=r"level=0\.95"):
        normal_quantile(95)


def test_groups_with_a_missing_name_are_kept():
    table = pd.DataFrame({"sex": ["male", None], "deaths": [1, 2]})
    assert sum_by(table, ["deaths"], ["sex"])["deaths"].tolist() == [1, 2]


def test_a_name_as_plain_text_is_one_group_column():
    table = pd.DataFrame({"sex": ["male", "male"], "deaths": [1, 2]})
    assert sum_by(table, ["deaths"], "sex")["deaths"].tolist() == [3]


def test_a_comparison_that_lacks_a_group_is_an_error():
    table = pd.DataFrame({"year": [1, 1, 2], "arm": ["a", "b", "a"], "deaths": [1, 2, 3]})
    with pytest.raises(DataError, match=r"1 of 2 comparisons lack one of the two groups.*without 'b'"):
        exposed_and_reference(table, ["deaths"], group="arm", exposed="a", reference="b", by="year")


def test_an_absent_group_brings_the_nearest_one():
    table = pd.DataFrame({"arm": ["new", "usual"], "deaths": [1, 2]})
    with pytest.raises(DataError, match=r"no rows with 'usua'. Did you mean 'usual'"):
        exposed_and_reference(table, ["deaths"], group="arm", exposed="new", reference="usua")


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (1e31, r"too large to compute with \(beyond 1e\+30\)"),
        (-1e31, r"too large"),
        (1e-31, r"too close to zero to compute with \(within 1e-30\)"),
        (-1e-31, r"too close to zero"),
    ],
)
def test_a_size_that_cannot_be_computed_with_is_reported_with_column_count_row_and_remedy(value, problem):
    table = pd.DataFrame({"income": [1.0, value, value]}, index=[4, 5, 6])
    with pytest.raises(DataError, match=rf"`income` of the table has 2 values {problem}.* in row 5 .*Are the units"):
        require_numbers(table, ["income"])


def test_zero_and_the_bounds_themselves_can_be_computed_with():
    values = [0.0, -0.0, LARGEST, -LARGEST, SMALLEST, -SMALLEST]
    assert check_values(values, what="The value").tolist() == values
    assert np.isfinite(np.prod([LARGEST] * 10))
    assert np.prod([SMALLEST] * 10) > np.finfo(float).tiny


def test_the_first_problem_of_a_column_is_the_one_that_is_told():
    with pytest.raises(DataError, match=r"1 missing values, the first in row 2"):
        check_values([1e99, -1.0, np.nan], what="The value", minimum=0)
