import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata

from analysis.errors import DataError, MethodError
from analysis.estimates import check_estimates
from analysis.measures.small_areas.rank_intervals import rank_intervals, ranks_of

UNITS = st.lists(
    st.tuples(st.integers(0, 9), st.floats(0, 3).map(lambda size: round(size, 6))), min_size=1, max_size=12
)


def units(rows):
    return pd.DataFrame(rows, columns=["estimate", "standard_error"])


@settings(deadline=None, max_examples=50)
@given(UNITS)
def test_ranks_are_those_of_scipy_and_add_up(rows):
    found = check_estimates(rank_intervals(units(rows), draws=200))
    assert found["estimate"].tolist() == rankdata([value for value, _ in rows]).tolist()
    assert found["expected_rank"].sum() == pytest.approx(len(rows) * (len(rows) + 1) / 2)
    assert found["lower"].min() >= 1
    assert found["upper"].max() <= len(rows)


@settings(deadline=None, max_examples=30)
@given(UNITS, st.randoms())
def test_the_seed_decides_and_the_order_of_rows_does_not(rows, random):
    table = units(rows).drop_duplicates()
    shuffled = table.sample(frac=1, random_state=random.randint(0, 99))
    one = rank_intervals(table, draws=200, seed=4).sort_values(["value", "standard_error"])
    other = rank_intervals(shuffled, draws=200, seed=4).sort_values(["value", "standard_error"])
    np.testing.assert_array_equal(one[["estimate", "lower", "upper"]], other[["estimate", "lower", "upper"]])


def test_the_expected_rank_of_two_is_the_probability_that_one_is_above():
    found = rank_intervals(units([(0.0, 1.0), (1.0, 1.0)]), draws=200_000)
    assert found.loc[1, "expected_rank"] == pytest.approx(1 + 0.760250, abs=0.004)


def test_certain_estimates_have_certain_ranks_and_equal_ones_share():
    found = rank_intervals(units([(3, 0.0), (1, 0.0), (2, 0.0)]), draws=100)
    assert found[["estimate", "lower", "upper"]].to_numpy().tolist() == [[3, 3, 3], [1, 1, 1], [2, 2, 2]]
    assert ranks_of(np.array([5.0, 5.0, 1.0])).tolist() == [2.5, 2.5, 1.0]


def test_sets_are_ranked_apart_and_one_unit_carries_a_note():
    table = units([(3, 0.1), (1, 0.1), (2, 0.1)]).assign(kind=["a", "a", "b"])
    found = rank_intervals(table, by="kind", draws=100)
    assert found["units"].tolist() == [2, 2, 1]
    assert found.loc[2, "note"] == "one area: there is nothing to compare it with"


def test_bad_input_is_an_error():
    with pytest.raises(MethodError, match=r"10 draws"):
        rank_intervals(units([(1, 0.1)]), draws=10)
    with pytest.raises(DataError, match=r"below zero"):
        rank_intervals(units([(1, -0.1)]))
