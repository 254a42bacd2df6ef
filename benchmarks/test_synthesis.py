"""Time and peak memory of synthesis and small areas, on made-up data of three sizes."""

import numpy as np
import pandas as pd
import pytest

from analysis.measures.small_areas.shrinkage import shrunken_rates
from analysis.measures.synthesis.meta_analysis import meta_analysis


def studies(groups, size):
    random = np.random.default_rng(1)
    errors = random.uniform(0.05, 0.6, groups * size)
    effects = random.normal(0.2, np.sqrt(errors**2 + 0.04))
    return pd.DataFrame({"group": np.repeat(np.arange(groups), size), "effect": effects, "standard_error": errors})


@pytest.mark.parametrize("groups", [10, 100, 1000])
def test_reml_of_20_studies(measured, groups):
    table = studies(groups, 20)
    run = lambda: meta_analysis(table, by="group", method="REML", interval="hartung-knapp")  # noqa: E731
    measured(run)


@pytest.mark.parametrize("size", [50, 500, 5000])
def test_dersimonian_laird_of_one(measured, size):
    table = studies(1, size)
    measured(lambda: meta_analysis(table, method="DL"))


@pytest.mark.parametrize("areas", [100, 1000, 10_000])
def test_shrinkage_of_areas(measured, areas):
    random = np.random.default_rng(2)
    size = random.uniform(100, 20_000, areas)
    table = pd.DataFrame({"deaths": random.poisson(random.gamma(20, 0.0005, areas) * size), "person_years": size})
    measured(lambda: shrunken_rates(table))
