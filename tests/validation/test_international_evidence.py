"""Targets of homelessness_targets.csv for the cohorts of several countries."""

import numpy as np
import pytest

from analysis.estimates import pick
from analysis.measures.rates.crude import poisson_interval
from analysis.sources.reading import read_dataset
from analysis.studies.homelessness import international_evidence as topic


@pytest.fixture(scope="module")
def studies():
    return read_dataset("homeless_cohort_studies")


def common(studies, pool, *, include_doubtful=False):
    row = pick(topic.pools(topic.ratios(studies, include_doubtful=include_doubtful), method="DL"), pool=pool)
    return row["common_estimate"], row["common_lower"], row["common_upper"], row


def test_men_of_three_cohorts(studies):
    # Rotterdam, Denmark 2011 and Helsinki (HR), DerSimonian-Laird: 4.64 (3.24-6.64), tau2 0.096, I2 96.6%.
    *found, row = common(studies, "men mixed")
    assert found == pytest.approx([4.64, 3.24, 6.64], abs=0.02)
    assert row["studies"] == 3
    assert row["tau_squared"] == pytest.approx(0.096, abs=0.002)
    assert row["i_squared"] == pytest.approx(0.966, abs=0.002)


def test_women_of_two_cohorts(studies):
    # Rotterdam and Denmark 2011: 6.60 (5.97-7.29).
    *found, row = common(studies, "women")
    assert found == pytest.approx([6.60, 5.97, 7.29], abs=0.02)
    assert row["studies"] == 2


def test_men_with_copenhagen_as_printed(studies):
    # The same three and Copenhagen 2003: 4.08 (2.69-6.18).
    *found, row = common(studies, "men mixed", include_doubtful=True)
    assert found == pytest.approx([4.08, 2.69, 6.18], abs=0.02)
    assert row["studies"] == 4


def test_hartung_knapp_of_two_cohorts_by_hand(studies):
    # Two effects a and b with equal weights in the limit of a large variance between them: mean (a + b) / 2, standard
    # error |a - b| / 2, one degree of freedom, t = 12.7062.
    row = pick(topic.pools(topic.ratios(studies)), pool="men")
    centre, half = np.log(3.31 * 5.6) / 2, 12.7062 * np.log(5.6 / 3.31) / 2
    assert np.log([row["lower"], row["upper"]]) == pytest.approx([centre - half, centre + half], abs=0.05)


def test_exact_interval_of_the_rate_in_montreal(studies):
    # Roy 2004: 26 deaths, 921 per 100,000 person-years, printed 602-1350.
    rate = pick(studies, study="montreal_youth_2004", measure="mortality_rate")
    lower, upper = poisson_interval(rate["deaths"])
    per_death = rate["value"] / rate["deaths"]
    assert [float(lower) * per_death, float(upper) * per_death] == pytest.approx([rate["lower"], rate["upper"]], abs=1)


@pytest.mark.parametrize(("sex", "deaths"), [("total", 11), ("female", 3), ("male", 8)])
def test_exact_intervals_of_the_smrs_in_san_francisco(studies, sex, deaths):
    # Auerswald 2016: 10.6 (5.3-18.9), 16.1 (3.3-47.1), 9.4 (4.0-18.4). Deaths by sex are inferred from the intervals.
    row = pick(studies, study="sanfrancisco_youth_2016", measure="smr", sex=sex)
    limits = np.array(poisson_interval(deaths)) * row["value"] / deaths
    assert limits == pytest.approx([row["lower"], row["upper"]], abs=0.15)
