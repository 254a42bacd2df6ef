import numpy as np
import pandas as pd
import pytest

from analysis.errors import DataError, MethodError
from analysis.estimates import with_estimates
from analysis.measures.shared.each_group import each_group
from analysis.measures.shared.levels import Levels, one_level, several_levels


@several_levels
@each_group
def centre(table, *, value="value", by=(), level: Levels = 0.95):
    """Mean and number of different kinds, as an estimator."""
    if table[value].isna().any():
        raise DataError(f"Column `{value}` has a gap in row {table.index[table[value].isna()][0]}.")
    kinds = table["kind"].cat.categories.size if "kind" in table else 0
    rows = pd.DataFrame({"half": ["first", "second"], "kinds": kinds})
    mean = table[value].mean()
    options = {"level": one_level(level), "unit": "", "method": "mean"}
    return with_estimates(rows, measure="mean", estimate=mean, lower=mean, upper=mean, **options)


ROWS = pd.DataFrame(
    {"place": ["south", "north", None, "south"], "year": [2, 1, 1, 1], "value": [1.0, 2.0, 3.0, 5.0]},
    index=[7, 8, 9, 10],
)


def test_groups_stand_first_in_their_order_with_missing_names_last():
    found = centre(ROWS, by="place")
    assert found.columns[:3].tolist() == ["place", "half", "kinds"]
    assert found["place"].fillna("?").tolist() == ["north", "north", "south", "south", "?", "?"]
    assert found["estimate"].tolist() == [2, 2, 3, 3, 3, 3]
    assert found.index.tolist() == list(range(6))


def test_several_columns_name_the_group_and_none_changes_nothing():
    found = centre(ROWS, by=["year", "place"])
    assert found[["year", "estimate"]].drop_duplicates().to_numpy().tolist() == [[1, 2], [1, 5], [1, 3], [2, 1]]
    pd.testing.assert_frame_equal(centre(ROWS, by=()), centre(ROWS))
    assert "place" not in centre(ROWS)


def test_order_of_rows_and_labels_do_not_matter_and_the_table_stays_as_it_was():
    before = ROWS.copy(deep=True)
    pd.testing.assert_frame_equal(centre(ROWS.iloc[::-1], by="place"), centre(ROWS, by="place"))
    pd.testing.assert_frame_equal(centre(ROWS.set_axis([0] * 4), by="place"), centre(ROWS, by="place"))
    pd.testing.assert_frame_equal(ROWS, before)


def test_levels_go_outside_groups():
    found = centre(ROWS, by="year", level=(0.8, 0.95))
    assert found["level"].tolist() == [0.8] * 4 + [0.95] * 4
    assert found["year"].tolist() == [1, 1, 2, 2] * 2


def test_a_group_has_only_its_own_categories():
    kinds = pd.Categorical(["a", "b", "b", "c"], ["a", "b", "c", "spare"])
    assert centre(ROWS.assign(kind=kinds), by="year")["kinds"].tolist() == [2, 2, 1, 1]
    found = centre(ROWS.assign(kind=kinds), by="kind")
    assert found["kind"].drop_duplicates().tolist() == ["a", "b", "c"]


def test_an_error_keeps_its_kind_and_names_the_group_and_the_row():
    with pytest.raises(DataError, match=r"In the group \{'place': 'south'\}: Column `value` has a gap in row 10"):
        centre(ROWS.assign(value=[1.0, 2.0, 3.0, np.nan]), by="place")


def test_group_columns_must_exist_and_differ_from_results():
    with pytest.raises(DataError, match=r"`region` is missing"):
        centre(ROWS, by="region")
    for taken in ("estimate", "half"):
        with pytest.raises(MethodError, match=rf"\['{taken}'\] of `by` are names of results"):
            centre(ROWS.assign(half=1, estimate=2), by=["year", taken])
    with pytest.raises(DataError, match=r"no rows"):
        centre(ROWS.head(0), by="place")
