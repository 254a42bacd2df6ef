"""Time and memory of splitting follow-up, expected deaths and relative survival."""

import numpy as np
import pandas as pd
import pytest

from analysis.measures.cohorts.expected import expected_deaths
from analysis.measures.cohorts.person_time import person_time
from analysis.measures.cohorts.relative_survival import relative_survival
from analysis.measures.rates.indirect_standardisation import observed_to_expected

OPTIONS = {"age_breaks": range(0, 100, 5), "year_breaks": range(2001, 2012), "by": "sex"}
RATES = pd.DataFrame(
    [(sex, age, year) for sex in ("female", "male") for age in range(0, 100, 5) for year in range(2001, 2012)],
    columns=["sex", "age_from", "year"],
)
RATES["rate"] = 1e-4 * np.exp(0.09 * RATES["age_from"])


def persons(number):
    rng = np.random.default_rng(3)
    first = np.datetime64("2001-01-01")
    entry = rng.integers(0, 300, number)
    follow_up = np.minimum(rng.exponential(365.25 * 15, number), 3652 - entry).astype(int)
    return pd.DataFrame(
        {
            "birth": np.datetime64("1915-01-01") + rng.integers(0, 365 * 70, number),
            "entry": first + entry,
            "exit": first + entry + follow_up,
            "event": (rng.random(number) < 0.1).astype("int8"),
            "sex": np.where(rng.random(number) < 0.5, "male", "female"),
        }
    )


def smr(cohort):
    return observed_to_expected(expected_deaths(person_time(cohort, **OPTIONS), RATES))


@pytest.mark.parametrize("number", [10_000, 100_000, 1_000_000])
def test_person_time_expected_deaths_and_smr(measured, number):
    cohort = persons(number)
    assert len(measured(lambda: smr(cohort))) == 1


@pytest.mark.parametrize("number", [10_000, 100_000, 1_000_000])
def test_person_time_of_a_parquet_file(measured, number, tmp_path):
    path = tmp_path / "cohort.parquet"
    persons(number).to_parquet(path, row_group_size=250_000)
    assert len(measured(lambda: smr(path))) == 1


@pytest.mark.parametrize("number", [1_000, 10_000, 100_000])
def test_net_survival_by_month(measured, number):
    cohort, breaks = persons(number), np.arange(61) / 12
    assert len(measured(lambda: relative_survival(cohort, RATES, breaks=breaks))) == 60
