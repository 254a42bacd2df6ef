"""The choices of the topic on the Rotterdam cohort."""

import pandas as pd
import pytest
from scipy.stats import binom

from analysis.errors import DataError
from analysis.estimates import check_estimates, pick
from analysis.sources.reading import read_dataset
from analysis.studies.homelessness import cohort_mortality


@pytest.fixture(scope="module")
def cohort():
    return read_dataset("rotterdam_cohort")


@pytest.fixture(scope="module")
def population():
    return read_dataset("nl_deaths_person_years_2001_2010")


def test_results_have_the_shape_of_estimates(cohort):
    for table in (
        cohort_mortality.cohort_rate(cohort),
        cohort_mortality.rate_ratios(cohort),
        cohort_mortality.young_against_old(cohort),
        cohort_mortality.lost_years_women_against_men(cohort),
    ):
        check_estimates(table)


def test_a_lower_level_narrows_every_interval(cohort):
    wide, narrow = (cohort_mortality.rate_ratios(cohort, level=level) for level in (0.95, 0.8))
    assert ((narrow["lower"] > wide["lower"]) & (narrow["upper"] < wide["upper"])).all()


def test_no_division_of_deaths_gives_a_narrower_contrast_than_the_even_one(cohort):
    row = pick(cohort_mortality.young_against_old(cohort), scenario="all deaths")
    width = row["upper"] / row["lower"]
    for young in range(1, 265):
        spread = 2 * 1.959963984540054 * (1 / young + 1 / (265 - young)) ** 0.5
        assert width <= 2.718281828459045**spread * (1 + 1e-9)


@pytest.mark.parametrize(("level", "fewest"), [(0.95, 5), (0.5, 2), (0.999, 12)])
def test_the_fewest_deaths_just_tell_the_age_groups_apart(cohort, level, fewest):
    # Exact binomial limit of one group's share among 2n deaths, by its definition: P(X >= n | p) = (1 - level) / 2.
    row = pick(cohort_mortality.young_against_old(cohort, level=level), scenario="fewest deaths")
    assert row["deaths_each"] == fewest
    contrast = row["estimate"]
    for deaths, told_apart in ((fewest, True), (fewest - 1, False)):
        at_no_difference = contrast**-1 / (1 + contrast**-1)
        assert (binom.sf(deaths - 1, 2 * deaths, at_no_difference) < (1 - level) / 2) == told_apart


def test_the_age_intervals_together_need_more_deaths_than_there_are(cohort):
    row = cohort_mortality.ages_together(cohort).iloc[0]
    assert row["total"] > row["whole"] == 265
    assert row["finding"] == "parts exceed the whole"


def test_with_possible_intervals_the_claim_on_age_is_judged_by_direction(cohort):
    audit = cohort_mortality.audit(cohort).assign(finding="consistent")
    narrowest = pick(cohort_mortality.young_against_old(cohort), scenario="all deaths")
    assert cohort_mortality.verdict_on_age(audit, narrowest) == "reproduced"


def test_the_ratio_is_larger_in_the_young_and_the_difference_in_the_old(cohort, population):
    table = cohort_mortality.excess_by_age(cohort, population)
    young, old = table.to_dict("records")
    assert young["ratio"] > old["ratio"]
    assert young["excess_rate"] < old["excess_rate"]


def test_an_older_limit_raises_the_reference_rate_of_the_old_only(cohort, population):
    lower, higher = (cohort_mortality.excess_by_age(cohort, population, oldest_age=age) for age in (70, 90))
    assert lower["reference_rate"].iloc[0] == higher["reference_rate"].iloc[0]
    assert lower["reference_rate"].iloc[1] < higher["reference_rate"].iloc[1]


def test_all_published_life_expectancies_lie_in_the_middle_of_their_interval(cohort):
    table = cohort_mortality.audit_life_expectancy(cohort)
    assert len(table) == 14
    assert set(table["finding"]) == {"consistent"}


def test_the_sign_error_in_print_would_be_found(cohort):
    printed = cohort.copy()
    row = (printed["measure"] == "life_expectancy_gap") & (printed["upper"] == 6.4)
    printed.loc[row, "upper"] = -6.4
    table = cohort_mortality.audit_life_expectancy(printed)
    assert list(table.loc[table["finding"] == "off centre", "estimate"]) == [0.5]


def test_a_cohort_without_its_deaths_is_refused(cohort):
    with pytest.raises(DataError, match="0 rows fit"):
        cohort_mortality.cohort_rate(cohort[cohort["measure"] != "deaths"])


def test_the_figure_shows_impossible_intervals_as_published(cohort):
    rows = cohort_mortality.figure_rows(cohort_mortality.rate_ratios(cohort), cohort_mortality.audit(cohort))
    assert dict(zip(rows["group"], rows["kind"], strict=True)) == {
        "female": "estimate",
        "male": "estimate",
        "total": "summary",
        "20-44": "published",
        "60+": "published",
    }
    assert isinstance(rows, pd.DataFrame)
