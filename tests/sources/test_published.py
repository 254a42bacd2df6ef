"""Facts that must hold in the published figures: sums, orders, and flags that are complete."""

import numpy as np
import pandas as pd
import pytest

from analysis.estimates import pick
from analysis.locations import project_root
from analysis.sources.catalogue import list_cards
from analysis.sources.reading import read_dataset

PUBLISHED = [card.id for card in list_cards() if card.files and card.files[0].path.startswith("published/")]
EXPECTANCY = ["sex", "age", "grouping", "quintile", "period"]


@pytest.fixture(scope="module")
def cohort() -> pd.DataFrame:
    return read_dataset("rotterdam_cohort")


@pytest.fixture(scope="module")
def expectancy() -> pd.DataFrame:
    return read_dataset("health_expectancy_welfare_income")


def value(table: pd.DataFrame, **where) -> float:
    return float(pick(table, **where)["value"])


def implied_deaths(row) -> float:
    return (2 * 1.96 / np.log(row["upper"] / row["lower"])) ** 2


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_published_figure_has_source_and_place(name):
    table = read_dataset(name)
    assert (table["source"] != "").all()
    assert (table["place"] != "").all()


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_flag_is_explained_in_its_note(name):
    table = read_dataset(name)
    assert (table.loc[table["flag"] != "", "note"] != "").all()


@pytest.mark.parametrize("name", [name for name in PUBLISHED if name != "health_expectancy_other"])
def test_limits_lie_around_the_figure(name):
    table = read_dataset(name)
    if "lower" in table:
        known = table.dropna(subset=["lower", "upper"])
        assert (known["lower"] <= known["value"]).all()
        assert (known["value"] <= known["upper"]).all()
        assert (table["lower"].isna() == table["upper"].isna()).all()


def test_data_files_have_unix_line_ends_and_end_with_one():
    for card in list_cards():
        for file in card.files:
            content = file.full_path.read_bytes()
            assert b"\r" not in content
            assert content.endswith(b"\n")
            assert not content.startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("name", ["rotterdam_20plus", "rotterdam_18plus"])
def test_men_and_women_add_up_to_265_deaths_in_both_cohorts(cohort, name):
    deaths = cohort[(cohort["measure"] == "deaths") & (cohort["cohort"] == name) & cohort["age_to"].isna()]
    assert value(deaths, sex="female") + value(deaths, sex="male") == value(deaths, sex="total") == 265


@pytest.mark.parametrize("name", ["rotterdam_20plus", "rotterdam_18plus"])
def test_men_and_women_add_up_to_all_persons(cohort, name):
    persons = cohort[(cohort["measure"] == "persons") & (cohort["cohort"] == name)]
    assert value(persons, sex="female") + value(persons, sex="male") == value(persons, sex="total")


@pytest.mark.parametrize("measure", ["persons_by_age_at_entry", "persons_by_service"])
def test_groups_at_entry_add_up_to_2130_persons(cohort, measure):
    assert cohort.loc[cohort["measure"] == measure, "value"].sum() == 2130


def test_ages_at_entry_join_because_the_upper_limit_is_exclusive(cohort):
    bands = cohort[cohort["measure"] == "persons_by_age_at_entry"].sort_values("age_from")
    assert bands["age_to"].tolist()[:-1] == bands["age_from"].tolist()[1:]


def test_mean_follow_up_is_person_years_per_person(cohort):
    adults = cohort[cohort["cohort"] == "rotterdam_20plus"]
    years = value(adults, measure="person_years") / value(adults, measure="persons", sex="total")
    assert round(years, 1) == value(adults, measure="mean_follow_up")


def test_gaps_in_life_expectancy_are_differences_of_the_life_expectancies(cohort):
    remaining, gaps = (cohort[cohort["measure"] == f"life_expectancy_{kind}"] for kind in ("remaining", "gap"))
    for sex in ("female", "male"):
        for age in (20, 30):
            here = remaining[(remaining["sex"] == sex) & (remaining["age_from"] == age)]
            difference = value(here, population="homeless") - value(here, population="general population Rotterdam")
            gap = value(gaps[gaps["age_from"] == age], sex=sex)
            assert difference == pytest.approx(gap, abs=0.1001)


def test_intervals_that_take_more_deaths_than_there_were_are_exactly_the_flagged_ones(cohort):
    ratios = cohort[(cohort["comparator"] == "general population Rotterdam") & cohort["lower"].notna()]
    ratios = ratios[ratios["measure"] == "rate_ratio"]
    by_age = ratios[ratios["sex"] == "total"]
    assert by_age.apply(implied_deaths, axis=1).sum() > 265
    assert set(by_age["flag"]) == {"interval impossible"}
    by_sex = ratios[ratios["sex"] != "total"]
    assert by_sex.apply(implied_deaths, axis=1).sum() == pytest.approx(265, abs=5)
    assert set(by_sex["flag"]) == {""}


def test_a_ratio_is_flagged_when_it_is_off_the_centre_of_its_interval():
    ratios = read_dataset("rotterdam_periods")
    off = (ratios["value"] / np.sqrt(ratios["lower"] * ratios["upper"]) - 1).abs() > 0.03
    assert ratios.loc[off, "flag"].tolist() == ["estimate off centre"]
    assert (ratios.loc[~off, "flag"] == "").all()


def test_hazard_ratios_are_told_apart_but_for_the_row_that_is_flagged():
    ratios = read_dataset("rotterdam_causes").query("measure == 'hazard_ratio'")
    repeated = ratios[ratios.duplicated(["value", "lower", "upper"])]
    assert repeated["subgroup"].tolist() == ["cancer"]
    assert repeated["flag"].tolist() == ["repeats another row"]


def test_the_table_of_health_expectancy_is_complete(expectancy):
    assert len(expectancy) == 1200
    sizes = expectancy.groupby(["grouping", "period", "measure"]).size()
    assert (sizes == 3 * 2 * 5).all()


def test_flags_on_health_expectancy_are_exactly_the_cells_that_cannot_be_right(expectancy):
    years = expectancy.set_index([*EXPECTANCY, "measure"])["value"]
    whole = years.xs("life_expectancy", level="measure").reindex(years.index.droplevel("measure")).to_numpy()
    by_sex = expectancy.pivot_table(index=[*EXPECTANCY[1:], "measure"], columns="sex", values="value")
    highest, lowest = by_sex[["female", "male"]].max(axis=1), by_sex[["female", "male"]].min(axis=1)
    outside = np.maximum(by_sex["total"] - highest, lowest - by_sex["total"]).round(1) > 0.1
    impossible = set(years.index[years > whole]) | {("total", *cell) for cell in outside[outside].index}
    flagged = expectancy[expectancy["flag"].isin(["exceeds life expectancy", "total outside men and women"])]
    assert set(flagged.set_index([*EXPECTANCY, "measure"]).index) == impossible
    assert len(impossible) == 10


def test_the_value_published_in_two_versions_is_flagged(expectancy):
    row = pick(expectancy, flag="two published values")
    assert (row["sex"], row["measure"], row["period"], row["value"]) == ("male", "good_health", "2017/2020", 49.0)


def test_health_expectancy_never_exceeds_life_expectancy_by_education():
    table = read_dataset("health_expectancy_education")
    wide = table.pivot_table(index=["series", "sex", "age", "education", "period"], columns="measure", values="value")
    known = wide.dropna(subset=["life_expectancy"])
    assert not known.gt(known["life_expectancy"], axis=0).to_numpy().any()


def test_levels_of_education_have_one_order_within_a_series():
    table = read_dataset("health_expectancy_education")
    orders = table.groupby(["series", "education"])["education_order"].nunique()
    assert (orders == 1).all()


def test_deaths_of_the_reference_equal_those_of_statistics_netherlands():
    reference = read_dataset("nl_deaths_person_years_2001_2010")
    assert reference["deaths"].sum() == 1_371_446
    for _, ages in reference.groupby("sex"):
        assert ages["age_from"].tolist() == list(range(101))
        assert ages["age_to"].isna().sum() == 1


def test_the_trial_has_the_numbers_its_documentation_gives():
    trial = read_dataset("help_trial")
    assert len(trial) == 453
    assert trial["linkstatus"].isna().sum() == 22
    assert (trial["linkstatus"] == 1).eq(trial["link"] == "yes").all()
    assert (trial["female"] == 1).eq(trial["sex"] == "female").all()


def test_no_text_of_the_data_tells_where_it_was_worked_on():
    for folder in ("catalogue", "published", "reference"):
        for path in (project_root() / "data" / folder).glob("*.*"):
            text = path.read_text(encoding="utf-8")
            assert not any(word in text for word in ("/work/", "github.com", "localhost")), path.name
