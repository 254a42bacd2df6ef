"""Life expectancy, its decomposition and lifespan inequality for 100, 1,000 and 10,000 areas of twenty age bands."""

import numpy as np
import pandas as pd
import pytest

from analysis.measures.life_tables.causes import cause_deleted_life_expectancy
from analysis.measures.life_tables.healthy_life_expectancy import healthy_life_expectancy
from analysis.measures.life_tables.life_expectancy import life_expectancy
from analysis.measures.life_tables.lifespan_inequality import lifespan_inequality

SIZES = [100, 1_000, 10_000]


def areas(count):
    rng = np.random.default_rng(1)
    start = np.array([0, 1, *range(5, 95, 5)])
    rates = np.where(start == 0, 0.004, 2e-4 * np.exp(0.08 * start))
    table = pd.DataFrame(
        {
            "area": np.repeat([f"E{number:07d}" for number in range(count)], 20),
            "age_from": np.tile(start, count),
            "age_to": np.tile([*start[1:], np.nan], count),
            "person_years": 5000.0,
            "sample": 100,
        }
    )
    table["deaths"] = rng.poisson(np.tile(rates, count) * 5000) + 1
    return table.assign(proportion=rng.binomial(100, 0.7, len(table)) / 100)


@pytest.mark.parametrize("count", SIZES)
def test_life_expectancy(measured, count):
    table = areas(count)
    assert len(measured(lambda: life_expectancy(table, by="area"))) == count


@pytest.mark.parametrize("count", SIZES)
def test_healthy_life_expectancy(measured, count):
    table = areas(count)
    assert len(measured(lambda: healthy_life_expectancy(table, by="area"))) == count


@pytest.mark.parametrize("count", SIZES)
def test_cause_deleted_life_expectancy(measured, count):
    both = pd.concat([areas(count).assign(cause="a"), areas(count).assign(cause="b")], ignore_index=True)
    assert len(measured(lambda: cause_deleted_life_expectancy(both, by="area"))) == 2 * count


@pytest.mark.parametrize("count", SIZES)
def test_lifespan_inequality(measured, count):
    table = areas(count)
    found = measured(lambda: lifespan_inequality(table, by="area", measures=["e_dagger", "gini"]))
    assert len(found) == 2 * count
