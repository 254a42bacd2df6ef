"""Time and memory of survey estimates with weights, strata and clusters."""

import numpy as np
import pandas as pd
import pytest

from analysis.measures.surveys.design import SurveyDesign
from analysis.measures.surveys.estimators import survey_mean, survey_regression

DESIGN = SurveyDesign(weights="weight", strata="stratum", clusters="cluster")
SIZES = [10_000, 100_000, 1_000_000]


def persons(rows):
    rng = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "value": (rng.random(rows) < 0.3).astype(float),
            "age": rng.integers(18, 90, rows),
            "region": rng.integers(0, 12, rows),
            "weight": rng.uniform(1, 3, rows),
            "stratum": rng.integers(0, 20, rows),
            "cluster": rng.integers(0, 100, rows),
        }
    )


@pytest.mark.parametrize("rows", SIZES)
def test_mean(measured, rows):
    table = persons(rows)
    assert len(measured(lambda: survey_mean(table, design=DESIGN))) == 1


@pytest.mark.parametrize("rows", SIZES)
def test_mean_of_twelve_domains(measured, rows):
    table = persons(rows)
    assert len(measured(lambda: survey_mean(table, design=DESIGN, by="region"))) == 12


@pytest.mark.parametrize("rows", SIZES)
@pytest.mark.parametrize("link", ["linear", "logit"])
def test_regression(measured, rows, link):
    table = persons(rows)
    call = {"outcome": "value", "covariates": "age", "link": link}
    assert len(measured(lambda: survey_regression(table, design=DESIGN, **call))) == 2
