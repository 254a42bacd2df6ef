"""The choices of the topic on the number of homeless people: breaks of method, assumed margins, scenarios."""

import itertools

import numpy as np
import pandas as pd
import pytest

from analysis.claims import VERDICTS
from analysis.errors import DataError, MethodError
from analysis.estimates import check_estimates, pick
from analysis.measures.hidden_populations.two_lists import unobserved_by_two_lists
from analysis.sources.reading import read_dataset
from analysis.studies.homelessness import population_size, population_size_models, population_size_trends


@pytest.fixture(scope="module")
def estimates():
    return read_dataset("nl_homeless_estimates")


@pytest.fixture(scope="module")
def examples():
    return read_dataset("capture_recapture_examples")


@pytest.fixture(scope="module")
def series(estimates):
    return population_size.group_series(estimates)


@pytest.fixture(scope="module")
def margin(estimates):
    return population_size.relative_margin(estimates)


def test_results_have_the_shape_of_estimates(series, margin):
    for table in (
        population_size.changes(series, margin),
        population_size.claimed_growth(series, margin),
        population_size_trends.trends(series, margin, groups=("total", "female")),
    ):
        check_estimates(table)


def test_every_year_has_one_total_and_none_is_of_the_rival(series):
    total = series[series["group"].eq("total")]
    assert sorted(total["year"]) == [*range(2009, 2019), *range(2020, 2025)]
    assert not series["regime"].eq("rival").any()
    assert not series[["group", "year"]].duplicated().any()


def test_shares_become_persons_and_women_are_what_men_leave(series):
    men, women = (pick(series, group=group, year=2024) for group in ("male", "female"))
    assert (men["estimate"], women["estimate"]) == pytest.approx((0.83 * 33000, 0.17 * 33000))
    assert men["derived"]
    assert women["derived"]


def test_a_printed_number_goes_before_a_share(series):
    men = pick(series, group="male", year=2018)
    assert (men["estimate"], men["derived"]) == (33000, False)


def test_no_change_crosses_a_break_of_method(series, margin):
    method = series[series["group"].eq("total")].set_index("year")["regime"]
    table = population_size.changes(series, margin)
    assert (method.loc[table["first_year"]].to_numpy() == method.loc[table["last_year"]].to_numpy()).all()
    assert not table["regime"].eq("A1").any()


def test_the_margin_widens_with_level_and_factor_and_keeps_its_width(estimates, margin):
    assert margin["upper"] / margin["lower"] == pytest.approx(21000 / 15500)
    wider = population_size.relative_margin(estimates, margin_factor=2)
    assert wider["upper"] == pytest.approx(margin["upper"] ** 2)
    assert population_size.relative_margin(estimates, level=0.99)["upper"] > margin["upper"]


def test_a_second_published_margin_is_not_overlooked(estimates):
    more = estimates.copy()
    more.loc[more["year"].eq(2018), ["lower", "upper"]] = [35000.0, 44000.0]
    with pytest.raises(DataError, match="have a published margin"):
        population_size.relative_margin(more)


def test_the_interval_of_a_growth_combines_two_independent_margins(series, margin):
    row = pick(population_size.changes(series, margin, groups=("total",)), regime="A2")
    assert np.log(row["upper"] / row["estimate"]) == pytest.approx(np.sqrt(2) * np.log(21000 / 15500) / 2)


def test_printed_growth_is_growth_within_methods_times_what_happens_at_the_breaks(series, margin):
    for last in (2018, 2020, 2024):
        row = population_size.claimed_growth(series, margin, last_year=last).iloc[0]
        assert row["printed"] == pytest.approx(row["estimate"] * row["at_breaks_printed"])
        assert row["estimate"] * row["at_breaks_needed"] == pytest.approx(2)
        assert row["breaks"] == (1 if last == 2018 else 2)


@pytest.mark.parametrize(
    ("first", "last", "breaks"),
    [(2009, 2018, [(2009, 2010)]), (2009, 2024, [(2009, 2010), (2018, 2020)]), (2010, 2018, [])],
)
def test_breaks_of_method_are_named_by_the_years_on_either_side(series, margin, first, last, breaks):
    assert population_size.breaks_of_method(series, first_year=first, last_year=last) == breaks
    growth = population_size.claimed_growth(series, margin, first_year=first, last_year=last).iloc[0]
    assert growth["breaks"] == len(breaks)


def test_the_scatter_since_2020_is_more_than_the_assumed_error_and_before_2018_less(series, margin):
    rows = population_size_trends.trends(series, margin, groups=("total",)).set_index("regime")["scatter"]
    assert rows["A2"] < margin["standard_error"] < rows["B"]


def test_a_year_without_estimate_is_refused(series, margin):
    with pytest.raises(DataError, match="0 rows fit"):
        population_size.claimed_growth(series, margin, last_year=2019)


def test_doubling_is_not_testable_across_a_break_whatever_the_ratio(series, margin):
    for last in (2018, 2021, 2022, 2024):
        row = population_size.claimed_growth(series, margin, last_year=last).iloc[0]
        assert population_size.verdict_on_doubling(row) == "not_testable"


@pytest.mark.parametrize(
    ("estimate", "lower", "upper", "verdict"),
    [(2.0, 1.6, 2.4, "reproduced"), (1.7, 1.4, 2.1, "consistent"), (1.5, 1.2, 1.9, "contradicted")],
)
def test_within_one_method_doubling_is_judged_by_the_ratio(estimate, lower, upper, verdict):
    row = {"breaks": 0, "estimate": estimate, "lower": lower, "upper": upper}
    assert population_size.verdict_on_doubling(row) == verdict


def test_a_recalculated_series_would_make_the_claim_testable(series, margin):
    joined = series.assign(regime=series["regime"].replace("A1", "A2"))
    row = population_size.claimed_growth(joined, margin).iloc[0]
    assert (row["breaks"], row["estimate"]) == (0, pytest.approx(39300 / 17800))
    assert population_size.verdict_on_doubling(row) == "consistent"


def test_steady_growth_is_found_exactly_and_one_odd_year_counts_less_than_at_the_ends():
    years = np.arange(2010, 2019)
    steady = pd.DataFrame({"group": "total", "year": years, "regime": "A2", "estimate": 1000 * 1.05 ** (years - 2010)})
    steady = steady.assign(derived=False)
    wobble = np.where(years % 2 == 0, 1.01, 0.99)
    margin = {"standard_error": 0.05, "level": 0.95}
    row = population_size_trends.trends(steady.assign(estimate=steady["estimate"] * wobble), margin, groups=("total",))
    assert row["estimate"].iloc[0] == pytest.approx(1.05**8, rel=0.01)
    odd = steady.assign(estimate=steady["estimate"] * np.where(years == 2010, 1.3, wobble))
    moved = population_size_trends.trends(odd, margin, groups=("total",)).iloc[0]["estimate"] / 1.05**8
    assert 1 / 1.3 < moved < 1


def test_too_few_years_for_a_line_are_refused(series, margin):
    with pytest.raises(DataError, match="Begin earlier"):
        population_size_trends.trends(series, margin, groups=("female",), first_year=2016)


def test_share_and_number_of_women_are_those_of_the_table(series, margin):
    rows = population_size_trends.women(series, margin).set_index("regime")
    assert list(rows.index) == ["A2", "B"]
    assert rows.loc["A2", "share_first"] == pytest.approx(5700 / 23300)
    assert rows.loc["A2", "share_last"] == pytest.approx(6300 / 39300)
    assert (rows.loc["B", "first_year"], rows.loc["B", "last_year"]) == (2020, 2021)
    assert rows["along_line"].tolist() == [True, False]
    two_years = (5300 / 5800) / (26700 / 30600)
    assert rows.loc["B", "against_men"] == pytest.approx(two_years)


def by_method(number, against_men):
    columns = ["lower", "upper", "against_men_lower", "against_men_upper"]
    return pd.DataFrame([[*one, *other] for one, other in zip(number, against_men, strict=True)], columns=columns)


OPEN, UP, DOWN = (0.8, 1.2), (1.1, 1.5), (0.5, 0.9)


@pytest.mark.parametrize(
    ("number", "against_men", "verdict"),
    [
        ([UP, UP], [OPEN, OPEN], "reproduced"),
        ([DOWN, DOWN], [OPEN, OPEN], "contradicted"),
        ([UP, OPEN], [DOWN, OPEN], "consistent"),
        ([UP, DOWN], [OPEN, OPEN], "not_testable"),
        ([OPEN, OPEN], [DOWN, OPEN], "corrected"),
        ([OPEN, OPEN], [DOWN, UP], "not_testable"),
        ([OPEN, OPEN], [OPEN, OPEN], "not_testable"),
    ],
)
def test_verdict_on_women_follows_number_and_growth_against_men(number, against_men, verdict):
    assert population_size_trends.verdict_by_method(by_method(number, against_men)) == verdict
    assert verdict in VERDICTS


def test_a_verdict_on_women_that_hangs_on_the_first_year_does_not_count(series, margin):
    rows = [population_size_trends.women(series, margin, first_year=year) for year in (2009, 2011)]
    assert [population_size_trends.verdict_by_method(table) for table in rows] == ["corrected", "not_testable"]
    assert population_size_trends.verdict_on_women(series, margin) == "not_testable"


def test_a_clear_rise_among_women_would_be_seen(series, margin):
    risen = series.copy()
    women = risen["group"].eq("female") & risen["regime"].eq("A2")
    risen.loc[women, "estimate"] = 3000 * 1.1 ** (risen.loc[women, "year"] - 2010)
    wobble = np.where(risen.loc[women, "year"] % 2 == 0, 1.01, 0.99)
    risen.loc[women, "estimate"] *= wobble
    assert population_size_trends.verdict_on_women(risen, margin) == "consistent"


def test_the_scenario_is_that_of_two_lists_however_the_observed_are_divided(estimates):
    scenario = population_size_models.dependence_scenario(estimates, [0.5, 1, 3])
    assert scenario["estimate"].tolist() == [21300, 33000, 79800]
    for both, first in ((500.0, 4000.0), (1500.0, 6000.0)):
        second = 9600 - both - first
        at_one, _ = unobserved_by_two_lists(both, first, second, 1.0, method="lincoln-petersen")
        at_three, _ = unobserved_by_two_lists(both, first, second, 3.0, method="lincoln-petersen")
        assert at_three / at_one == pytest.approx(scenario["unobserved"].iloc[2] / scenario["unobserved"].iloc[1])


def test_a_change_of_dependence_alone_can_mimic_growth():
    factor = population_size_models.mimicking_dependence(1.7, 0.7)
    assert 0.3 + 0.7 * factor == pytest.approx(1.7)
    assert population_size_models.mimicking_dependence(1.0, 0.7) == pytest.approx(1.0)


def test_odds_ratios_shown_hold_independence_once():
    assert population_size_models.odds_ratios_shown(1, 1) == [1.0]
    assert population_size_models.odds_ratios_shown(0.1, 2) == [0.1, 1.0, 2.0]
    with pytest.raises(MethodError, match="independence"):
        population_size_models.odds_ratios_shown(1.5, 3)


def test_two_of_the_three_lists_give_more_people_the_more_they_depend(examples):
    rows = population_size_models.two_of_three(population_size_models.example(examples, "maryland"), [0.5, 1, 2, 3])
    assert rows["observed"].eq(187).all()
    assert all(less < more for less, more in itertools.pairwise(rows["estimate"]))


def test_an_example_is_found_by_name_and_only_one_has_a_known_total(examples):
    assert population_size_models.example(examples, "maryland")["count"].tolist() == [72, 5, 29, 54, 24, 3, 14]
    assert population_size_models.known_total(examples, "maryland") == 237
    with pytest.raises(DataError, match="0 known totals"):
        population_size_models.known_total(examples, "taiwan")
    with pytest.raises(DataError, match=r"No example is called 'texas'.*maryland"):
        population_size_models.example(examples, "texas")


def test_all_eight_models_are_shown_with_one_best(examples):
    rows = population_size_models.models(population_size_models.example(examples, "taiwan"))
    assert len(rows) == 8
    assert rows["best"].sum() == 1
    assert rows["observed"].eq(271).all()


def test_people_who_avoid_every_list_are_missed_by_both_models():
    none, some = (population_size_models.avoiders(share) for share in (0.0, 0.3))
    assert none["estimate"].tolist() == pytest.approx([1000, 1000])
    assert (some["estimate"] < 1000).all()
    simple, paired = some["estimate"]
    assert simple < paired


def test_deaths_are_not_joined_across_missing_years_or_the_change_of_2020():
    rows = population_size.deaths_by_year(read_dataset("ew_homeless_deaths")).set_index("year")
    assert rows["segment"].nunique() == 3
    assert rows.loc[2014, "segment"] != rows.loc[2017, "segment"]
    assert rows.loc[2019, "segment"] != rows.loc[2020, "segment"]
    assert rows.loc[2020, "segment"] == rows.loc[2021, "segment"]
