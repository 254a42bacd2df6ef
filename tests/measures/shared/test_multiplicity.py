import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.errors import DataError, MethodError
from analysis.measures.shared.multiplicity import adjusted_p_values, findings_by_chance

P_VALUES = st.lists(st.floats(0, 1).filter(lambda p: p == 0 or p > 1e-29), min_size=1, max_size=25)


@settings(max_examples=25)
@given(P_VALUES)
def test_adjusted_values_are_those_of_the_definitions(values):
    found = adjusted_p_values(pd.DataFrame({"p_value": values}))
    p, size = np.sort(values), len(values)
    order = np.argsort(values, kind="stable")
    holm = np.minimum(np.maximum.accumulate((size - np.arange(size)) * p), 1)
    hochberg = np.minimum(np.minimum.accumulate((size / np.arange(1, size + 1) * p)[::-1])[::-1], 1)
    assert found["p_bonferroni"].to_numpy() == pytest.approx(np.minimum(np.array(values) * size, 1))
    assert found["p_holm"].to_numpy()[order] == pytest.approx(holm)
    assert found["p_benjamini_hochberg"].to_numpy()[order] == pytest.approx(hochberg)


def test_p_values_of_all_but_zero_are_taken():
    found = adjusted_p_values(pd.DataFrame({"p_value": [1e-80, 0.5]}), methods="holm")
    assert found["p_holm"].tolist() == [2e-30, 0.5]


def test_families_are_adjusted_apart_and_rows_stay_where_they_are():
    table = pd.DataFrame({"p_value": [0.01, 0.04, 0.03], "sex": ["f", "m", "f"], "age": [1, 2, 3]}, index=[7, 8, 9])
    found = adjusted_p_values(table, methods="bonferroni", by="sex")
    assert found["p_bonferroni"].tolist() == [0.02, 0.04, 0.06]
    assert found["tests"].tolist() == [2, 1, 2]
    assert found.index.tolist() == [7, 8, 9]
    assert "p_holm" not in found


def test_chance_findings_follow_the_binomial():
    found = findings_by_chance([1, 14, 20], level=(0.95, 0.99))
    assert found["at_least_one"].tolist() == pytest.approx([1 - c**k for c in (0.95, 0.99) for k in (1, 14, 20)])
    assert found["expected"].tolist() == pytest.approx([0.05, 0.7, 1, 0.01, 0.14, 0.2])


def test_a_simulated_set_of_null_tests_gives_that_many():
    values = np.random.default_rng(1).random((4000, 20))
    found = findings_by_chance(20).loc[0]
    assert (values < 0.05).any(axis=1).mean() == pytest.approx(found["at_least_one"], abs=0.02)
    assert (values < 0.05).sum(axis=1).mean() == pytest.approx(found["expected"], abs=0.05)


@pytest.mark.parametrize("bad", [[0.2, 1.2], [-0.1], [np.nan], [np.inf], [0.5, None], [1j], ["small"], [[0.1]], []])
def test_impossible_p_values_are_refused(bad):
    with pytest.raises(DataError):
        adjusted_p_values(pd.DataFrame({"p_value": bad}))


def test_unknown_methods_and_numbers_of_tests_are_refused():
    with pytest.raises(MethodError, match="does not exist"):
        adjusted_p_values(pd.DataFrame({"p_value": [0.1]}), methods=["tukey"])
    with pytest.raises(MethodError, match="must be whole"):
        findings_by_chance(2.5)
    with pytest.raises(DataError, match="below 1"):
        findings_by_chance([5, 0])
