"""Published figures on causes of death in the Rotterdam cohort that our methods must meet."""

import pytest

from analysis.estimates import pick
from analysis.measures.shared.ratios import p_value_from_interval
from analysis.sources.reading import read_dataset
from analysis.studies.homelessness import causes_of_death, unnatural_deaths


@pytest.fixture(scope="module")
def causes():
    return read_dataset("rotterdam_causes")


@pytest.mark.parametrize(
    ("cause", "observed", "lower", "upper", "within"),
    [
        # Slockers 2018, abstract: 10.0 (5.2-17.5), 7.7 (4.0-13.5), 14.8 (11.5-18.7). The deaths are inferred.
        ("infectious diseases", 12, 5.17, 17.47, 0.05),
        ("psychiatric disorders", 12, 3.98, 13.45, 0.05),
        ("unnatural death", 68, 11.49, 18.76, 0.1),
    ],
)
def test_exact_intervals_of_smrs_are_the_published_ones(causes, cause, observed, lower, upper, within):
    row = pick(causes_of_death.smr_by_cause(causes), cause=cause)
    assert row["observed"] == observed
    assert row["lower"] == pytest.approx(lower, abs=within)
    assert row["upper"] == pytest.approx(upper, abs=within)
    assert row["lower"] == pytest.approx(row["printed_lower"], abs=0.1)
    assert row["upper"] == pytest.approx(row["printed_upper"], abs=0.1)


@pytest.mark.parametrize(
    ("cause", "deaths", "percent", "lower", "upper"),
    [
        # Slockers 2018 (Ned Tijdschr Geneeskd), abstract: 26 (21-32), 22 (17-27), 17 (13-22) percent of 261 deaths.
        ("unnatural death", 68, 26.1, 21.1, 31.7),
        ("cardiovascular diseases", 57, 21.8, 17.3, 27.2),
        ("cancer", 44, 16.9, 12.8, 21.9),
    ],
)
def test_wilson_intervals_of_shares_are_the_published_ones(causes, cause, deaths, percent, lower, upper):
    row = pick(causes_of_death.share_of_deaths(causes), cause=cause)
    assert row["deaths"] == deaths
    assert 100 * row["estimate"] == pytest.approx(percent, abs=0.05)
    assert 100 * row["lower"] == pytest.approx(lower, abs=0.05)
    assert 100 * row["upper"] == pytest.approx(upper, abs=0.05)
    assert round(100 * row["lower"]) == round(100 * row["printed_lower"])
    assert round(100 * row["upper"]) == round(100 * row["printed_upper"])


def test_share_in_the_population_lies_far_below_the_interval(causes):
    row = pick(causes_of_death.share_of_deaths(causes), cause="unnatural death")
    assert row["population"] == 0.04 < row["lower"]


@pytest.mark.parametrize(
    ("cause", "printed"),
    [
        # Slockers 2021, table 3 of chapter 5: rows whose printed p-value is that of Wald's test up to rounding.
        ("infectious diseases", 0.28),
        ("cardiovascular diseases", 0.23),
        ("other diseases", 0.04),
    ],
)
def test_p_values_from_intervals_are_the_printed_ones(causes, cause, printed):
    row = pick(causes, measure="hazard_ratio", subgroup=cause)
    assert row["p_value"] == printed
    assert round(float(p_value_from_interval(row["value"], row["lower"], row["upper"])), 2) == printed


def test_life_expectancy_of_the_reconstruction_is_the_published_one():
    # Nusselder 2013, table 4: 43.1 years for homeless men at age 20, 46.2 for women. It was fitted to these figures.
    won = unnatural_deaths.years_without_unnatural_deaths(read_dataset("rotterdam_reconstruction"), deaths=261)
    men, women = (pick(won, sex=sex, pattern="equal share")["life_expectancy"] for sex in ("male", "female"))
    assert men == pytest.approx(43.1, abs=0.1)
    assert women == pytest.approx(46.2, abs=0.2)
