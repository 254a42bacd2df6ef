import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.errors import DataError, MethodError
from analysis.estimates import check_estimates
from analysis.measures.shared.ratios import log_interval
from analysis.measures.synthesis.pooling import pool_ratios

METHODS = ["fixed", "DerSimonian-Laird", "Hartung-Knapp"]
STUDIES = st.lists(st.tuples(st.floats(0.1, 10), st.floats(0.02, 1)), min_size=2, max_size=8)
COLUMNS = ["estimate", "lower", "upper"]


def studies(rows):
    ratio, error = (np.array(column) for column in zip(*rows, strict=True))
    lower, upper = log_interval(ratio, error)
    return pd.DataFrame({"estimate": ratio, "lower": lower, "upper": upper})


@given(STUDIES, st.sampled_from(METHODS), st.randoms())
def test_pool_lies_between_the_studies_and_does_not_depend_on_their_order(rows, method, random):
    pooled = check_estimates(pool_ratios(studies(rows), method=method))
    ratios = [ratio for ratio, _ in rows]
    assert min(ratios) * (1 - 1e-9) <= pooled.loc[0, "estimate"] <= max(ratios) * (1 + 1e-9)
    random.shuffle(rows)
    np.testing.assert_allclose(pool_ratios(studies(rows), method=method)[COLUMNS], pooled[COLUMNS], rtol=1e-7)


@given(st.floats(0.1, 10), st.floats(0.02, 1), st.integers(2, 9))
def test_equal_studies_are_a_larger_study(ratio, error, count):
    pooled = pool_ratios(studies([(ratio, error)] * count)).loc[0]
    lower, upper = log_interval(ratio, error / count**0.5)
    assert (pooled["estimate"], pooled["lower"], pooled["upper"]) == pytest.approx((ratio, float(lower), float(upper)))
    assert pooled["q"] == pytest.approx(0, abs=1e-9)


@given(STUDIES)
def test_random_effects_are_never_more_certain_than_fixed_effects(rows):
    pools = {method: pool_ratios(studies(rows), method=method).loc[0] for method in METHODS}
    width = {method: np.log(pool["upper"] / pool["lower"]) for method, pool in pools.items()}
    assert width["fixed"] <= width["DerSimonian-Laird"] * (1 + 1e-9)
    assert width["DerSimonian-Laird"] <= width["Hartung-Knapp"] * (1 + 1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_one_study_is_shown_as_it_is_with_a_note(method):
    table = studies([(2.0, 0.3)])
    pooled = pool_ratios(table, method=method)
    np.testing.assert_allclose(pooled[COLUMNS], table[COLUMNS])
    assert pooled.loc[0, "note"] == "one study: shown as it is"


def test_few_studies_with_random_effects_carry_a_note_and_three_have_a_prediction_interval():
    pooled = pool_ratios(studies([(2.0, 0.1), (4.0, 0.1), (8.0, 0.1)]), method="DerSimonian-Laird").loc[0]
    assert "fewer than five studies" in pooled["note"]
    assert pooled["prediction_lower"] < pooled["lower"]
    assert pooled["prediction_upper"] > pooled["upper"]


def test_groups_are_pooled_apart():
    table = pd.concat([studies([(2.0, 0.1), (3.0, 0.1)]).assign(sex="f"), studies([(5.0, 0.1)]).assign(sex="m")])
    pooled = pool_ratios(table, by="sex")
    assert pooled["studies"].tolist() == [2, 1]
    assert pooled["estimate"].tolist() == pytest.approx([6**0.5, 5.0])


def test_intervals_of_another_level_weigh_the_same_once_their_level_is_told():
    at_95, errors = studies([(2.0, 0.1), (3.0, 0.4)]), np.array([0.1, 0.4])
    lower, upper = log_interval(np.array([2.0, 3.0]), errors, 0.8)
    at_80 = pd.DataFrame({"estimate": [2.0, 3.0], "lower": lower, "upper": upper, "level": 0.8})
    np.testing.assert_allclose(pool_ratios(at_80)[COLUMNS], pool_ratios(at_95)[COLUMNS])


def test_bad_input_is_an_error():
    table = studies([(2.0, 0.1), (3.0, 0.1)])
    with pytest.raises(MethodError, match=r"Did you mean 'DerSimonian-Laird'"):
        pool_ratios(table, method="dersimonian-laird")
    with pytest.raises(DataError, match=r"`upper` is missing"):
        pool_ratios(table.drop(columns="upper"))
    with pytest.raises(DataError, match=r"`lower` of the table has 2 values that are not above zero"):
        pool_ratios(table.assign(lower=-1.0))
    with pytest.raises(DataError, match=r"log_standard_error"):
        pool_ratios(table.assign(lower=table["estimate"], upper=table["estimate"]))
