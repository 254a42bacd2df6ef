"""Time and memory of standardised rates and funnels for many areas."""

import numpy as np
import pandas as pd
import pytest

from analysis.measures.rates.direct_standardisation import directly_standardised_rate
from analysis.measures.rates.funnel import funnel_points
from analysis.measures.rates.indirect_standardisation import standardised_mortality_ratio

BANDS = [f"{5 * band}-{5 * band + 4}" for band in range(19)]
STANDARD = pd.DataFrame({"age_band": BANDS, "weight": np.linspace(3, 1, 19), "rate": np.geomspace(1e-4, 0.15, 19)})


def areas(number):
    rng = np.random.default_rng(1)
    years = rng.uniform(100, 1000, number * 19)
    columns = {"area": np.repeat([f"E{code:06d}" for code in range(number)], 19), "age_band": BANDS * number}
    deaths = rng.poisson(years * np.tile(STANDARD["rate"], number))
    return pd.DataFrame(columns).assign(deaths=deaths, person_years=years)


@pytest.mark.parametrize("number", [100, 1_000, 10_000])
@pytest.mark.parametrize("method", ["dobson", "gamma"])
def test_directly_standardised_rate_of_areas(measured, number, method):
    table = areas(number)
    result = measured(lambda: directly_standardised_rate(table, STANDARD, by="area", method=method))
    assert len(result) == number


@pytest.mark.parametrize("number", [100, 1_000, 10_000])
def test_standardised_mortality_ratio_of_areas(measured, number):
    table = areas(number)
    result = measured(lambda: standardised_mortality_ratio(table, STANDARD, strata="age_band", by="area"))
    assert len(result) == number


@pytest.mark.parametrize("number", [100, 1_000, 10_000])
def test_funnel_with_over_dispersion(measured, number):
    rng = np.random.default_rng(2)
    expected = rng.uniform(5, 500, number)
    table = pd.DataFrame({"deaths": rng.poisson(expected * rng.normal(1, 0.1, number).clip(0.5)), "expected": expected})
    result = measured(lambda: funnel_points(table, kind="smr", overdispersion="additive"))
    assert len(result) == 2 * number
