"""Published figures on the number of homeless people that the topic must meet (data/homelessness_targets.csv)."""

from pathlib import Path

import pandas as pd
import pytest

from analysis.estimates import pick
from analysis.measures import difference_of_estimates
from analysis.measures.hidden_populations.capture_recapture import population_size_models as log_linear_models
from analysis.measures.hidden_populations.histories import possible_histories
from analysis.sources.reading import read_dataset
from analysis.studies.homelessness import population_size, population_size_models

TARGETS = pd.read_csv(Path(__file__).parent / "data" / "homelessness_targets.csv").set_index("target")


@pytest.fixture(scope="module")
def series():
    return population_size.group_series(read_dataset("nl_homeless_estimates"))


def tolerance(name):
    return float(TARGETS.loc[name, "tolerance"])


def test_growth_from_2009_to_2018_is_the_more_than_doubling_that_was_reported(series):
    name = "CBS 2009 to 2018 growth factor"
    margin = population_size.relative_margin(read_dataset("nl_homeless_estimates"))
    found = population_size.claimed_growth(series, margin).iloc[0]
    assert found["printed"] == pytest.approx(float(TARGETS.loc[name, "expected"]), abs=tolerance(name))


def test_men_and_women_add_up_to_the_total_every_year(series):
    thousands = series[~series["derived"]].pivot_table(index="year", columns="group", values="estimate") / 1000
    gap = (thousands["female"] + thousands["male"] - thousands["total"]).dropna().abs()
    assert len(gap) == 12
    assert (gap <= tolerance("CBS men + women = total, every year")).all()
    assert gap.idxmax() == 2013


def test_deaths_of_2021_and_2020_are_statistically_similar_as_printed():
    name = "ONS 2021 v 2020 z statistic"
    deaths = population_size.deaths_by_year(read_dataset("ew_homeless_deaths")).query("year >= 2020")
    found = difference_of_estimates(deaths, group="year", first=2021, second=2020).iloc[0]
    z = found["estimate"] / ((found["upper"] - found["lower"]) / 2 / 1.959963984540054)
    assert z == pytest.approx(float(TARGETS.loc[name, "expected"]), abs=tolerance(name))
    assert found["lower"] < 0 < found["upper"]


def test_share_of_men_in_2018_is_the_84_percent_of_the_release(series):
    men, total = (pick(series, group=group, year=2018)["estimate"] for group in ("male", "total"))
    assert round(100 * men / total) == 84


def test_seven_in_ten_people_of_2024_are_in_no_register_as_reported():
    row = population_size_models.dependence_scenario(read_dataset("nl_homeless_estimates"), [1.0]).iloc[0]
    assert row["estimate"] == 33000
    assert round(10 * row["share_unobserved"]) == 7


def test_the_rise_of_2023_lies_within_the_assumed_margins_as_it_did_within_the_published(series):
    """Statistics Netherlands called 30,600 after 26,600 no increase, because of the margins of the estimates."""
    margin = population_size.relative_margin(read_dataset("nl_homeless_estimates"))
    row = population_size.changes(series, margin, groups=("total",), first_year=2022, last_year=2023).iloc[0]
    assert row["lower"] < 1 < row["upper"]


def test_the_rival_estimate_is_six_times_lower_as_its_report_says():
    assert round(population_size.rival_estimate(read_dataset("nl_homeless_estimates"))["ratio"]) == 6


def test_most_models_underestimate_the_known_deaths_as_their_authors_found():
    """Cormack, Chang and Smith 2000, abstract: most models seriously underestimate the 237 deaths."""
    examples = read_dataset("capture_recapture_examples")
    people = population_size_models.example(examples, "maryland")
    rows = population_size_models.models(people)
    assert (rows["upper"] < population_size_models.known_total(examples, "maryland")).sum() > len(rows) / 2
    assert people["count"].sum() == rows["observed"].iloc[0]


def test_with_all_four_lists_no_model_of_pairs_reaches_the_known_deaths():
    """The same paper, table 3a; counts as in the examples of the R package Rcapture."""
    counts = [72, 5, 29, 53, 24, 3, 12, 14, 0, 0, 0, 1, 0, 0, 2]
    people = pd.DataFrame(possible_histories(4), columns=list("ABCD")).assign(count=counts)
    assert sum(counts) == population_size_models.ON_FOUR_LISTS
    three = people.groupby(["B", "C", "D"], as_index=False)["count"].sum().query("B + C + D > 0")
    example = population_size_models.example(read_dataset("capture_recapture_examples"), "maryland")
    assert three["count"].tolist()[::-1] == example["count"].tolist()
    rows = log_linear_models(people, lists=list("ABCD")).dropna(subset="estimate")
    assert len(rows) > 1
    assert (rows["upper"] < 237).all()
