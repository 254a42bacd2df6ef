"""How often intervals of rates hold the truth in simulated data; the table is in `docs/methods/standardisation.md`."""

import numpy as np
import pandas as pd
import pytest

from analysis.measures.rates.crude import rate_ratio
from analysis.measures.rates.direct_standardisation import directly_standardised_rate
from analysis.measures.rates.indirect_standardisation import observed_to_expected
from analysis.measures.rates.standardised_contrasts import standardised_rate_ratio

DRAWS = 4000
BANDS = ["0-39", "40-64", "65-79", "80+"]
RATES = np.array([0.001, 0.005, 0.025, 0.1])
YEARS = np.array([9000.0, 6000.0, 2500.0, 600.0])
STANDARD = pd.DataFrame({"age_band": BANDS, "weight": [50, 30, 15, 5]})


def share_covered(table, truth):
    return float(((table["lower"] <= truth) & (table["upper"] >= truth)).mean())


def simulated(seed, ratio=1.0):
    deaths = np.random.default_rng(seed).poisson(np.tile(YEARS * RATES * ratio, DRAWS))
    columns = {"draw": np.repeat(np.arange(DRAWS), 4), "age_band": BANDS * DRAWS, "deaths": deaths}
    return pd.DataFrame(columns).assign(person_years=np.tile(YEARS, DRAWS))


def directly(method):
    truth = float((STANDARD["weight"] / 100 * RATES).sum())
    return share_covered(directly_standardised_rate(simulated(21), STANDARD, by="draw", method=method), truth)


def mortality_ratio(method):
    deaths = np.random.default_rng(22).poisson(120.5, DRAWS)
    table = pd.DataFrame({"draw": range(DRAWS), "deaths": deaths, "expected": 100.0})
    return share_covered(observed_to_expected(table, by="draw", method=method), 1.205)


def ratio_of_rates(standardised):
    both = pd.concat([simulated(23, 1.5).assign(arm="a"), simulated(24).assign(arm="b")])
    pair = {"group": "arm", "exposed": "a", "reference": "b", "by": "draw"}
    return share_covered(
        standardised_rate_ratio(both, STANDARD, **pair) if standardised else rate_ratio(both, **pair), 1.5
    )


CASES = {
    "directly standardised rate, gamma": (directly, "gamma"),
    "directly standardised rate, modified gamma": (directly, "modified gamma"),
    "directly standardised rate, Dobson": (directly, "dobson"),
    "SMR, exact": (mortality_ratio, "exact"),
    "SMR, mid-P": (mortality_ratio, "mid-p"),
    "rate ratio, log": (ratio_of_rates, False),
    "standardised rate ratio, log": (ratio_of_rates, True),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_intervals_hold_the_truth_about_95_times_in_100(name):
    measure, option = CASES[name]
    assert 0.93 <= measure(option) <= 0.97
