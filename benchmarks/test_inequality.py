"""Time and memory of the inequality measures: persons with a survey design, groups with simulated intervals."""

import numpy as np
import pandas as pd
import pytest

from analysis.measures.inequality.concentration import concentration_indices
from analysis.measures.inequality.dispersion import dispersion_between_groups
from analysis.measures.inequality.gradients import slope_and_relative_index
from analysis.measures.inequality.profile import inequality_profile
from analysis.measures.surveys.design import SurveyDesign

DESIGN = SurveyDesign(weights="weight", strata="stratum", clusters="cluster")


def persons(rows):
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "income": rng.integers(0, 100_000, rows),
            "value": (rng.random(rows) < 0.3).astype(float),
            "weight": rng.uniform(1, 3, rows),
            "stratum": rng.integers(0, 20, rows),
            "cluster": rng.integers(0, 100, rows),
        }
    )


def groups(number):
    rng = np.random.default_rng(2)
    return pd.DataFrame(
        {
            "place": range(number),
            "estimate": rng.uniform(0.1, 0.5, number),
            "standard_error": 0.01,
            "population": rng.uniform(100, 1000, number),
        }
    )


@pytest.mark.parametrize("rows", [10_000, 100_000, 1_000_000])
def test_concentration_index_with_design(measured, rows):
    table = persons(rows)
    result = measured(lambda: concentration_indices(table, position="income", design=DESIGN))
    assert len(result) == 1


@pytest.mark.parametrize("rows", [10_000, 100_000, 1_000_000])
@pytest.mark.parametrize("link", ["linear", "logit", "poisson"])
def test_slope_and_relative_index_with_design(measured, rows, link):
    table = persons(rows)
    result = measured(lambda: slope_and_relative_index(table, position="income", design=DESIGN, link=link))
    assert len(result) == 2


@pytest.mark.parametrize("draws", [1_000, 10_000, 100_000])
def test_simulated_interval_of_34_groups(measured, draws):
    table = groups(34)
    result = measured(lambda: dispersion_between_groups(table, measures="idis", draws=draws))
    assert len(result) == 1


@pytest.mark.parametrize("number", [5, 34, 340])
def test_profile(measured, number):
    table = groups(number)
    result = measured(lambda: inequality_profile(table, position="place", favourable=False))
    assert result["measure"].is_unique
