"""How often 95 percent intervals cover a known truth, in simulations with a fixed seed."""

import numpy as np
import pandas as pd
import pytest

from analysis.measures.effects.score_intervals import score_interval
from analysis.measures.synthesis.meta_analysis import meta_analysis

REPEATS = 4000


@pytest.mark.slow
@pytest.mark.parametrize(("studies", "tau_squared"), [(5, 0.05), (10, 0.05), (20, 0.2)])
def test_hartung_knapp_with_reml_covers_the_mean(studies, tau_squared):
    random = np.random.default_rng(11)
    errors = random.uniform(0.1, 0.4, studies * REPEATS)
    table = pd.DataFrame(
        {
            "group": np.repeat(np.arange(REPEATS), studies),
            "effect": random.normal(0.3, np.sqrt(errors**2 + tau_squared)),
            "standard_error": errors,
        }
    )
    found = meta_analysis(table, by="group", interval="hartung-knapp")
    covered = np.mean((found["lower"] < 0.3) & (found["upper"] > 0.3))
    assert 0.93 < covered < 0.97


@pytest.mark.slow
@pytest.mark.parametrize("measure", ["risk_difference", "risk_ratio", "odds_ratio"])
@pytest.mark.parametrize(
    ("size", "risks"), [((40, 40), (0.3, 0.2)), ((100, 60), (0.1, 0.3)), ((300, 300), (0.05, 0.04))]
)
def test_miettinen_nurminen_covers_the_truth(measure, size, risks):
    random = np.random.default_rng(12)
    first, second = (random.binomial(n, p, REPEATS) for n, p in zip(size, risks, strict=True))
    lower, upper = score_interval(first, size[0], second, size[1], measure=measure)
    p1, p0 = risks
    truth = {"risk_difference": p1 - p0, "risk_ratio": p1 / p0, "odds_ratio": p1 / (1 - p1) / (p0 / (1 - p0))}
    covered = np.mean((lower <= truth[measure]) & (truth[measure] <= upper))
    assert 0.93 < covered < 0.97
