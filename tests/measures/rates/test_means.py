import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_1samp

from analysis.errors import DataError
from analysis.estimates import check_estimates
from analysis.measures.rates.means import group_means, means_of_summaries


@given(
    st.lists(st.floats(-1e3, 1e3).map(lambda value: round(value, 6)), min_size=2, max_size=30),
    st.sampled_from([0.8, 0.95, 0.99]),
)
def test_interval_is_that_of_the_t_test(values, level):
    result = group_means(pd.DataFrame({"x": values}), value="x", level=level).loc[0]
    if np.std(values) > 1e-6:
        interval = ttest_1samp(values, 0).confidence_interval(level)
        assert (result["lower"], result["upper"]) == pytest.approx((interval.low, interval.high), abs=1e-6)


def test_summaries_give_the_same_as_persons():
    persons = pd.DataFrame({"arm": ["a", "a", "a", "b", "b"], "x": [1.0, 2, 6, 4, 5]})
    one = check_estimates(group_means(persons, value="x", by="arm"))
    summary = one[["arm", "observations", "standard_deviation"]].assign(mean=one["estimate"])
    two = means_of_summaries(summary)
    columns = ["estimate", "lower", "upper"]
    pd.testing.assert_frame_equal(one[columns], two[columns])


def test_one_observation_has_a_note_and_no_interval():
    result = group_means(pd.DataFrame({"x": [3.0]}), value="x", level=(0.9, 0.95))
    assert result["estimate"].tolist() == [3.0, 3.0]
    assert math.isnan(result["lower"][0])
    assert result["note"][0] == "one observation: the mean has no interval"


def test_missing_and_text_values_are_errors():
    with pytest.raises(DataError, match=r"1 missing values"):
        group_means(pd.DataFrame({"x": [1.0, None]}), value="x")
    with pytest.raises(DataError, match=r"texts"):
        group_means(pd.DataFrame({"x": ["a"]}), value="x")
    with pytest.raises(DataError, match=r"not whole"):
        means_of_summaries(pd.DataFrame({"mean": [1.0], "standard_deviation": [1.0], "observations": [2.5]}))
