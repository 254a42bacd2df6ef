import pandas as pd
import pytest

from analysis.errors import DataError
from analysis.sources.cohort import age_gaps, check_cohort


def cohort(**columns) -> pd.DataFrame:
    base = {
        "sex": ["female", "female", "male", "male"],
        "age_from": [20, 45, 20, 45],
        "age_to": [45, None, 45, None],
        "deaths": [4, 9, 11, 30],
        "person_years": [1000.0, 500.0, 2000.0, 800.0],
    }
    return pd.DataFrame(base | columns)


def test_a_good_cohort_comes_back_as_it_was():
    table = cohort()
    assert check_cohort(table) is table
    assert age_gaps(table) == []


def test_missing_columns_are_named_with_what_the_table_has():
    with pytest.raises(DataError, match=r"Table `mine` lacks the columns \['deaths'\]; it has .*'died'"):
        check_cohort(cohort().rename(columns={"deaths": "died"}), name="mine")


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"person_years": [1, -0.4, 2, 3]}, r"`person_years` of `cohort` has 1 value below zero, in row 2 \(-0.4\)"),
        ({"deaths": [1, 2, 3.5, 4.5]}, r"`deaths` .* 2 values that are no whole number, the first in row 3 \(3.5\)"),
        ({"deaths": [1, 2, 3, -4]}, r"`deaths` .* 1 value below zero, in row 4 \(-4\)"),
        ({"person_years": [0, 5, 5, 5]}, r"`deaths` .* above zero without person-years, in row 1 \(4\)"),
        ({"deaths": ["4", "nine", "1", "2"]}, r"`deaths` .* missing or not numbers, in row 2 \(nine\)"),
        ({"age_to": [45, None, 20, None]}, r"`age_to` .* not above `age_from`, in row 3 \(20.0\)"),
        ({"age_to": [50, None, 45, None]}, "overlap 1 times for sex female, the first in row 2: a band from age 45"),
        ({"age_to": [None, None, 45, None]}, "overlap 1 times for sex female, the first in row 2"),
    ],
)
def test_what_cannot_be_right_is_refused_with_place_and_remedy(columns, message):
    with pytest.raises(DataError, match=message):
        check_cohort(cohort(**columns))


def test_bands_may_share_a_limit_because_the_upper_one_is_exclusive():
    check_cohort(cohort(age_to=[45, 60, 45, 60]))


def test_gaps_between_bands_are_allowed_and_named():
    table = cohort(age_to=[30, None, 45, None])
    check_cohort(table)
    assert age_gaps(table) == ["sex female: ages 30 to 45 have no band; what happened there is left out."]


def test_a_cohort_without_groups_is_one_group():
    table = cohort().drop(columns="sex").head(2)
    check_cohort(table, by=())
    with pytest.raises(DataError, match="Age bands of `cohort` overlap 2 times, the first in row 3"):
        check_cohort(cohort().drop(columns="sex"), by=())
