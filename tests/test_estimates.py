"""The one shape of results."""

import pandas as pd
import pytest

from analysis.errors import DataError, MethodError, did_you_mean
from analysis.estimates import ESTIMATE_COLUMNS, check_estimates, pick, with_estimates


def table(**changes):
    columns = {
        "measure": "rate",
        "estimate": [1.0],
        "lower": [0.5],
        "upper": [2.0],
        "level": 0.95,
        "unit": "",
        "method": "",
    }
    return with_estimates(pd.DataFrame({"sex": ["female"]}), **{**columns, **changes})


def test_estimates_have_the_eight_columns_behind_the_group():
    assert list(table().columns) == ["sex", *ESTIMATE_COLUMNS]


@pytest.mark.parametrize("level", [0, 1, 95])
def test_a_level_outside_zero_and_one_is_refused(level):
    with pytest.raises(MethodError, match="For 95 percent give level=0.95"):
        table(level=level)


def test_an_estimate_outside_its_interval_is_found():
    with pytest.raises(DataError, match="1 estimates lie outside their own interval, the first in row 0"):
        check_estimates(table(upper=[0.9]))


def test_a_table_without_the_columns_is_refused():
    with pytest.raises(DataError, match="lacks the columns"):
        check_estimates(pd.DataFrame({"estimate": [1]}))


def test_pick_wants_exactly_one_row():
    with pytest.raises(DataError, match="0 rows fit"):
        pick(table(), sex="male")
    with pytest.raises(DataError, match="no column `sexe`"):
        pick(table(), sexe="male")


def test_pick_does_not_match_a_gap():
    rows = pd.DataFrame({"age": pd.array([20, None], dtype="Int64"), "value": [1, 2]})
    assert pick(rows, age=20)["value"] == 1


def test_the_nearest_choice_is_named():
    assert did_you_mean("levl", ["level", "language"]).startswith("Did you mean 'level'?")
