"""What the topic on the Action Plan must reproduce: published figures between periods, each with its place."""

import pytest

from analysis.estimates import pick
from analysis.sources.reading import read_dataset
from analysis.studies.homelessness import policy_2006, policy_2006_setting
from analysis.studies.homelessness import policy_2006_cohorts as cohorts


@pytest.fixture(scope="module")
def periods():
    return read_dataset("rotterdam_periods")


@pytest.fixture(scope="module")
def cohort():
    return read_dataset("rotterdam_cohort")


def test_the_printed_p_value_is_that_of_the_middle_of_the_interval(periods):
    # Slockers 2015, table 2: 1.05 (0.79-1.28), P 0.97. By hand: sqrt(0.79 * 1.28) = 1.006; Wald P of 1.05 is 0.69.
    row = policy_2006.audit(periods).iloc[0]
    assert row["geometric_centre"] == pytest.approx(1.006, abs=0.0005)
    assert row["p_value_of_centre"] == pytest.approx(0.97, abs=0.01)
    assert row["p_value_implied"] == pytest.approx(0.69, abs=0.005)


def test_the_interval_implies_about_half_of_the_deaths_in_each_period(periods, cohort):
    # By hand: 2 * (3.92 / ln(1.28 / 0.79))^2 = 132 in each half; Slockers 2015 counted 265 in all.
    each = policy_2006.change(periods)["deaths_each"].iloc[0]
    assert each == pytest.approx(132, abs=0.5)
    assert 2 * each == pytest.approx(policy_2006.of_cohort(cohort, "deaths", "total"), rel=0.01)


@pytest.mark.parametrize(("series", "printed"), [("three", 0.71), ("years", 0.61)])
def test_the_p_values_of_the_series_fit_the_table_not_the_text(periods, cohort, series, printed):
    # Slockers 2015, table 2: P 0.71 for three periods (0.07 in the text of the same page), 0.61 for ten years.
    row = pick(policy_2006.joint_tests(periods, cohort), series=series)
    assert row["p_printed"] == printed
    assert row["p_value"] == pytest.approx(printed, abs=0.03)


@pytest.mark.parametrize("by_age", [True, False])
def test_the_simulated_cohort_lives_as_long_as_the_real_one(cohort, by_age):
    # Slockers 2015, table 1: 17,909 person-years, mean age at entry 40.3, 2,130 people. None of these is an input but
    # the number of people, and the person-years to the rate of leaving, which takes away 1.4 percent a year.
    pattern = read_dataset("rotterdam_reconstruction") if by_age else None
    base = policy_2006_setting.setting(cohort, read_dataset("nl_deaths_person_years"), reconstruction=pattern)
    assert cohorts.expected(cohorts.AGEING, base).person_years.sum() == pytest.approx(17909, rel=0.01)
    assert base.people["persons"].sum() == 2130
    assert (base.people["persons"] * (base.people["age"] + 0.5)).sum() / 2130 == pytest.approx(40.3, abs=0.2)
