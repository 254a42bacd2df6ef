import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.errors import DataError, MethodError
from analysis.measures.rates.quantiles import quantile_groups

values = st.lists(st.integers(-1000, 1000), min_size=10, max_size=60, unique=True)


@given(values, st.integers(2, 10))
def test_without_ties_groups_differ_in_size_by_at_most_one_and_rise_with_the_value(numbers, groups):
    table = pd.DataFrame({"x": numbers})
    found = quantile_groups(table, value="x", groups=groups)
    sizes = np.bincount(found)[1:]
    assert len(sizes) == groups
    assert sizes.max() - sizes.min() <= 1
    assert found[table["x"].sort_values().index].is_monotonic_increasing


@given(values, st.integers(2, 10), st.randoms())
def test_order_of_rows_does_not_matter(numbers, groups, random):
    table = pd.DataFrame({"x": numbers})
    shuffled = table.sample(frac=1, random_state=random.randint(0, 1000))
    found = quantile_groups(shuffled, value="x", groups=groups).sort_index()
    pd.testing.assert_series_equal(found, quantile_groups(table, value="x", groups=groups))


@given(values, st.integers(2, 5))
def test_a_weight_counts_as_that_many_rows(numbers, groups):
    weights = np.arange(len(numbers)) % 3 + 1
    table = pd.DataFrame({"x": numbers, "w": weights})
    long = table.loc[np.repeat(table.index, weights)]
    weighted = quantile_groups(table, value="x", groups=groups, weight="w")
    repeated = quantile_groups(long, value="x", groups=groups)
    assert repeated[~repeated.index.duplicated()].tolist() == weighted.tolist()


def test_highest_first_mirrors_the_groups():
    table = pd.DataFrame({"x": range(20)})
    low, high = quantile_groups(table, value="x"), quantile_groups(table, value="x", highest_first=True)
    assert (low + high == 6).all()


def test_equal_values_stay_together_or_are_ranked_in_order():
    table = pd.DataFrame({"x": [1, 2, 2, 2, 2, 3]})
    assert quantile_groups(table, value="x", groups=3).tolist() == [1, 2, 2, 2, 2, 3]
    assert quantile_groups(table, value="x", groups=3, ties="in order").tolist() == [1, 1, 2, 2, 3, 3]


def test_ranks_are_within_groups():
    table = pd.DataFrame({"region": ["a"] * 4 + ["b"] * 4, "x": [1, 2, 3, 4, 10, 20, 30, 40]})
    assert quantile_groups(table, value="x", groups=2, by="region").tolist() == [1, 1, 2, 2] * 2


def test_too_few_values_and_wrong_options_are_errors():
    table = pd.DataFrame({"x": [1, 1, 2], "w": [0, 0, 0]})
    with pytest.raises(DataError, match=r"2 different values with a total weight of 3, too few for 5 groups"):
        quantile_groups(table, value="x")
    with pytest.raises(DataError, match=r"total weight of 0"):
        quantile_groups(table, value="x", groups=2, weight="w")
    with pytest.raises(MethodError, match=r"`groups` is 1"):
        quantile_groups(table, value="x", groups=1)
    with pytest.raises(MethodError, match=r"`ties` is 'first'"):
        quantile_groups(table, value="x", groups=2, ties="first")
