"""Decompositions against base R (4.2.2, lm), stored with all digits beside their script, and against the literature."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.measures.decomposition.concentration_decomposition import concentration_index_decomposition
from analysis.measures.decomposition.oaxaca import oaxaca_decomposition
from analysis.measures.decomposition.shapley import shapley_shares
from analysis.measures.life_tables.general_decomposition import line_integral_decomposition, stepwise_replacement

HERE = Path(__file__).parent
BASE_R = pd.read_csv(HERE / "r/decomposition_attribution.csv").set_index("name")["value"]
PEOPLE = pd.read_csv(HERE / "data/decomposition_people.csv")
PAIR = {"outcome": "health", "regressors": ["income", "school"], "group": "who", "exposed": "low", "reference": "high"}


def test_threefold_oaxaca_is_that_of_base_r():
    found = oaxaca_decomposition(PEOPLE, **PAIR, fold=3).set_index("component")["estimate"]
    for name in ("endowments", "coefficients", "interaction"):
        assert found[name] == pytest.approx(BASE_R[f"oaxaca_{name}"], rel=1e-10)


@pytest.mark.parametrize(
    ("name", "options"), [("pooled", {"slopes": "pooled"}), ("weighted", {"weight": "weight", "slopes": "reference"})]
)
def test_explained_part_is_that_of_base_r(name, options):
    found = oaxaca_decomposition(PEOPLE, **PAIR, **options).set_index("component")["estimate"]
    assert found["explained"] == pytest.approx(BASE_R[f"oaxaca_{name}_explained"], rel=1e-10)


def test_wagstaff_contributions_are_those_of_base_r():
    found = concentration_index_decomposition(
        PEOPLE, outcome="health", regressors=["income", "school", "age"], rank="income", draws=10
    ).set_index("regressor")["estimate"]
    for name in ("income", "school", "age", "total"):
        assert found[name] == pytest.approx(BASE_R[f"wagstaff_{name}"], rel=1e-10)


def test_shapley_values_are_those_of_base_r():
    found = shapley_shares(PEOPLE, outcome="health", regressors=["income", "school", "age"], draws=5)
    for name, value in found.set_index("regressor")["estimate"].drop("total").items():
        assert value == pytest.approx(BASE_R[f"shapley_{name}"], rel=1e-10)


def test_a_product_is_split_by_the_logarithm_of_its_factors_when_all_change_together():
    """Line integral of a product along a straight line, by numerical integration with many steps (Horiuchi 2008)."""
    one, two = np.array([2.0, 3.0, 1.5]), np.array([4.0, 2.0, 2.5])
    place = (np.arange(200_000) + 0.5) / 200_000
    path = one + (two - one) * place[:, None]
    exact = [(path.prod(axis=1) / path[:, k]).mean() * (two[k] - one[k]) for k in range(3)]
    found = line_integral_decomposition(lambda rows: rows.prod(axis=1), one, two, steps=400)
    np.testing.assert_allclose(found, exact, rtol=1e-5)
    steps = stepwise_replacement(lambda rows: rows.prod(axis=1), one, two)
    assert steps.sum() == pytest.approx(two.prod() - one.prod(), rel=1e-12)
