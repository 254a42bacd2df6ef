"""Facts that must hold in the published figures: sums, orders, and flags that are complete."""

import numpy as np
import pandas as pd
import pytest

from analysis.estimates import pick
from analysis.locations import project_root
from analysis.sources.catalogue import list_cards, load_card
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


@pytest.fixture(scope="module")
def national() -> pd.DataFrame:
    return read_dataset("nl_deaths_person_years")


@pytest.fixture(scope="module")
def homeless_estimates() -> pd.DataFrame:
    return read_dataset("nl_homeless_estimates")


@pytest.fixture(scope="module")
def homeless_deaths() -> pd.DataFrame:
    return read_dataset("ew_homeless_deaths")


@pytest.fixture(scope="module")
def studies() -> pd.DataFrame:
    return read_dataset("homeless_cohort_studies")


@pytest.fixture(scope="module")
def access() -> pd.DataFrame:
    return read_dataset("rotterdam_access")


def published_by_statistics_netherlands() -> pd.DataFrame:
    return pd.read_csv(
        project_root() / "tests" / "validation" / "data" / "nl_reference_published.csv",
        dtype={"period": str, "age": str},
    )


def whole_country(estimates: pd.DataFrame, measure: str = "estimate") -> pd.DataFrame:
    everybody = (estimates["origin"] == "") & (estimates["region"] == "Netherlands")
    return estimates[everybody & (estimates["measure"] == measure)]


def all_ages(estimates: pd.DataFrame) -> pd.DataFrame:
    return estimates[(estimates["age_from"] == 18) & (estimates["age_to"] == 65)]


def test_national_deaths_equal_those_of_statistics_netherlands_in_every_year(national):
    published = published_by_statistics_netherlands().query("measure == 'deaths' and age == 'total'")
    ours = national.groupby("year")["deaths"].sum()
    theirs = published.astype({"period": int}).set_index("period")["value"]
    assert set(ours.index) == set(range(2001, 2020)) <= set(theirs.index)
    both = theirs[theirs.index.isin(ours.index)]
    assert (both == ours.reindex(both.index)).all()


def test_age_groups_of_statistics_netherlands_add_up_to_their_total():
    deaths = published_by_statistics_netherlands().query("measure == 'deaths'")
    weekly = deaths[deaths["source"].str.contains("per week")].pivot_table(
        index="period", columns="age", values="value"
    )
    assert len(weekly) == 19
    assert (weekly[["0-64", "65-79", "80+"]].sum(axis=1) == weekly["total"]).all()


def test_national_age_bands_join_and_are_the_same_for_every_year_and_sex(national):
    for _, bands in national.groupby(["year", "sex"]):
        assert bands["age_from"].tolist() == [0, 1, *range(5, 100, 5)]
        assert bands["age_to"].tolist()[:-1] == bands["age_from"].tolist()[1:]
        assert bands["age_to"].isna().sum() == 1
    assert len(national) == 19 * 2 * 21


def test_ten_years_of_bands_equal_the_pooled_single_ages(national):
    single = read_dataset("nl_deaths_person_years_2001_2010")
    first = single["age_from"].where(single["age_from"] < 95, 95) // 5 * 5
    single["age_from"] = first.where((first > 0) | (single["age_from"] == 0), 1)
    counts = ["deaths", "person_years"]
    pooled = single.groupby(["sex", "age_from"])[counts].sum()
    banded = national[national["year"] <= 2010].groupby(["sex", "age_from"])[counts].sum()
    pd.testing.assert_frame_equal(pooled, banded, check_dtype=False, check_exact=False, rtol=1e-12)


def test_homeless_men_and_women_add_up_to_all_within_rounding(homeless_estimates):
    by_sex = all_ages(whole_country(homeless_estimates)).pivot_table(index="year", columns="sex", values="value")
    known = by_sex.dropna()
    assert known.index.tolist() == [*range(2009, 2019), 2020, 2021]
    off = (known["female"] + known["male"] - known["total"]).abs()
    assert (off <= 100).all()
    assert off[off > 0].index.tolist() == [2013]


def test_homeless_people_by_age_and_origin_and_region_add_up_to_all(homeless_estimates):
    latest = homeless_estimates[(homeless_estimates["year"] == 2021) & (homeless_estimates["measure"] == "estimate")]
    total = value(all_ages(whole_country(latest)), sex="total")
    by_age = whole_country(latest).query("age_to - age_from < 47")
    background = latest.set_index("origin")["value"]
    assert by_age["value"].sum() == total == 32_000
    assert latest[latest["region"] != "Netherlands"]["value"].sum() == total
    assert background["Dutch background"] + background["migration background"] == total
    western, other = background["western migration background"], background["non-western migration background"]
    assert western + other == background["migration background"]


def test_observed_and_not_observed_homeless_people_make_the_estimate(homeless_estimates):
    parts = homeless_estimates[homeless_estimates["year"] == 2024]
    total = value(parts, measure="estimate")
    assert value(parts, measure="observed") + value(parts, measure="not_observed") == total
    first = homeless_estimates[homeless_estimates["year"] == 2009]
    rounded = value(all_ages(whole_country(first)), sex="total")
    assert round(value(first, measure="estimate_not_rounded"), -2) == rounded


@pytest.mark.parametrize("year", [2022, 2023])
def test_shares_of_homeless_people_by_age_add_up_to_100(homeless_estimates, year):
    shares = whole_country(homeless_estimates, "share").query("year == @year and sex == 'total'")
    assert len(shares) == 3
    assert shares["value"].sum() == 100


def test_shares_of_homeless_people_by_country_of_birth_add_up_to_100(homeless_estimates):
    shares = homeless_estimates.query("year == 2024 and measure == 'share' and origin != ''")
    assert len(shares) == 4
    assert shares["value"].sum() == 100


def test_every_year_of_homeless_estimates_has_one_method(homeless_estimates):
    ours = homeless_estimates[homeless_estimates["regime"] != "rival"]
    expected = (
        {2009: {"A1"}} | {year: {"A2"} for year in range(2010, 2019)} | {year: {"B"} for year in range(2020, 2025)}
    )
    assert ours.groupby("year")["regime"].agg(set).to_dict() == expected
    rival = pick(homeless_estimates, regime="rival")
    assert (rival["value"], rival["flag"]) == (2100, "other definition")


def test_groups_of_homeless_deaths_stay_below_the_total_of_their_year(homeless_deaths):
    deaths = homeless_deaths[homeless_deaths["measure"] == "deaths"]
    whole = deaths.query("sex == 'total' and cause == 'all causes' and region == 'England and Wales'")
    totals = whole.set_index("year")["value"]
    assert totals.index.is_unique
    assert set(totals.index) == {2013, 2014, *range(2017, 2022)}
    parts = deaths[~deaths["fact"].isin(whole["fact"])]
    assert (parts["value"] < parts["year"].map(totals)).all()


def test_intervals_of_homeless_deaths_in_two_years_overlap_and_2020_is_flagged(homeless_deaths):
    known = homeless_deaths.dropna(subset=["lower"]).set_index("year")
    assert sorted(known.index) == [2020, 2021]
    assert known.loc[2021, "lower"] < known.loc[2020, "upper"]
    flagged = homeless_deaths[homeless_deaths["flag"] == "identification changed"]
    assert set(flagged["fact"]) == set(homeless_deaths[homeless_deaths["year"] == 2020]["fact"])


def test_studies_for_pooling_have_an_interval_for_all_causes_and_no_flag(studies):
    pooled = studies[studies["pool"] == "yes"]
    assert (pooled["interval"] == "confidence").all()
    assert (pooled["outcome"] == "all-cause").all()
    assert set(pooled["design"]) == {"general population", "matched"}
    assert (pooled["flag"] == "").all()
    assert not pooled.duplicated(["study", "sex"]).any()
    assert len(pooled) == 7


def test_studies_have_limits_exactly_where_the_kind_of_interval_is_named(studies):
    assert (studies["interval"] != "").eq(studies["lower"].notna()).all()
    assert studies.loc[studies["interval"] == "interquartile range", "measure"].tolist() == ["median_age_at_death"]


def test_references_of_studies_are_in_the_bibliography_and_on_the_card(studies):
    card = load_card("homeless_cohort_studies")
    assert set(studies["reference"]) - {""} == {card.reference, *card.further_references}


def deaths_an_interval_takes(rows: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Fewest and most deaths that give these limits before they were rounded as printed."""
    decimals = rows[["lower", "upper"]].map(lambda limit: len(f"{limit:g}".partition(".")[2])).max(axis=1)
    half = 0.5 / 10**decimals
    widest = np.log((rows["upper"] + half) / (rows["lower"] - half))
    narrowest = np.log((rows["upper"] - half) / (rows["lower"] + half))
    return (2 * 1.96 / widest) ** 2, (2 * 1.96 / narrowest) ** 2


def test_intervals_of_studies_that_do_not_fit_the_deaths_are_exactly_the_flagged_ones(studies):
    ratios = studies[(studies["interval"] == "confidence") & (studies["unit"] != "years")]
    fewest, most = deaths_an_interval_takes(ratios)
    # In a ratio of two samples the deaths of both count: the variance is the sum of one over each.
    deaths = 1 / (1 / ratios["deaths"] + (1 / ratios["comparator_deaths"]).fillna(0))
    known = (ratios["counts_of"] == "row") & deaths.notna()
    disagree = known & ((deaths > 1.5 * most) | (deaths < fewest / 1.5))
    too_narrow = fewest > 0.5 * ratios["persons"]
    assert known.sum() >= 10
    assert ratios.loc[disagree, "flag"].tolist() == ["interval and deaths disagree"]
    assert ratios.loc[too_narrow, "flag"].tolist() == ["interval too narrow"] * 2
    assert not ratios.loc[~disagree & ~too_narrow, "flag"].str.startswith("interval").any()


def test_the_rate_with_a_wrong_unit_is_flagged_by_its_own_numbers(studies):
    rates = studies[(studies["measure"] == "mortality_rate") & (studies["counts_of"] == "row")]
    longest = rates["persons"] * 20
    impossible = rates["deaths"] / longest > 2 * rates["value"] / 100_000
    assert rates.loc[impossible, "flag"].tolist() == ["unit error in print"]
    assert (rates.loc[~impossible, "flag"] == "").all()


def test_counts_and_shares_of_patients_fit_other_totals_than_the_printed_ones(access):
    table = access[access["place"] == "thesis p. 50, Table 2"]
    wide = table.pivot_table(index=["population", "subgroup"], columns="measure", values="value")
    printed = wide["patients"].dropna().droplevel("subgroup")
    problems = wide.dropna(subset=["share_with_problem"])
    implied = 100 * problems["patients_with_problem"] / problems["share_with_problem"]
    medians = implied.groupby("population").median()
    assert medians["street doctor patients"] == pytest.approx(2051, abs=5)
    assert medians["regular GP practice"] == pytest.approx(3272, abs=5)
    assert (printed / medians - 1).abs().min() > 0.05
    fitted = 100 * problems["patients_with_problem"] / medians.reindex(problems.index, level="population")
    off = (fitted - problems["share_with_problem"]).abs() > 0.1
    assert off[off].index.tolist() == [("street doctor patients", "traumata")]


def test_shares_of_patients_are_flagged_where_count_and_printed_total_give_another(access):
    flags = access[access["flag"] != ""].groupby(["measure", "population"])["flag"].agg(list).to_dict()
    assert flags == {
        ("patients", "regular GP practice"): ["denominator error"],
        ("patients", "street doctor patients"): ["denominator error"],
        ("share_with_problem", "regular GP practice"): ["denominator error"] * 10,
        ("share_with_problem", "street doctor patients"): ["percentage does not fit count"],
    }


def test_both_published_limits_of_intentional_injury_are_named():
    row = pick(read_dataset("rotterdam_causes"), subgroup="intentional injury")
    assert row["upper"] == 0.98
    assert "0.97" in row["note"]
