"""The choices of the topic on cohorts of several countries."""

import numpy as np
import pandas as pd
import pytest

from analysis.errors import DataError
from analysis.estimates import check_estimates, pick
from analysis.sources.reading import read_dataset
from analysis.studies.homelessness import international_ages, international_audit, international_sexes
from analysis.studies.homelessness import international_evidence as topic


@pytest.fixture(scope="module")
def studies():
    return read_dataset("homeless_cohort_studies")


@pytest.fixture(scope="module")
def rotterdam():
    return read_dataset("rotterdam_cohort")


@pytest.fixture(scope="module")
def audit(studies):
    return international_audit.audit(studies)


def test_results_have_the_shape_of_estimates(studies, rotterdam):
    printed = topic.ratios(studies)
    for table in (
        topic.pools(printed),
        topic.without_each(printed),
        international_sexes.both_scales(studies, rotterdam),
        international_ages.youngest_against_oldest(studies),
    ):
        check_estimates(table)


def test_every_cohort_fit_for_pooling_lies_above_one_at_the_highest_level(studies):
    # The answer says that homeless people die more often in every cohort, whatever the level and with Copenhagen.
    rows = topic.at_level(topic.ratios(studies, include_doubtful=True), level=0.999)
    assert (rows["lower"] > 1).all()


def test_each_pool_holds_a_cohort_once_and_ratios_of_one_kind(studies):
    printed = topic.ratios(studies, include_doubtful=True)
    members = topic.members(printed)
    assert not members.duplicated(["pool", "study"]).any()
    against = printed.drop_duplicates("study").set_index("study")["against"]
    pure = members[members["pool"].isin(["men", "women", "both", "matched"])]
    assert (pure.groupby("pool")["study"].agg(lambda names: against.loc[names].nunique()) == 1).all()


def test_adjusted_and_overlapping_studies_are_never_pooled(studies):
    used = set(topic.ratios(studies, include_doubtful=True)["study"])
    assert not used & {"denmark_2018", "denmark_2014", "glasgow_2022", "boston_2013", "amsterdam_2009"}
    glasgow = topic.ratios(studies)
    assert list(glasgow.loc[glasgow["study"].eq("glasgow_2009"), "estimate"]) == [4.4]


def test_copenhagen_is_pooled_only_on_request(studies):
    assert topic.DOUBTFUL not in set(topic.ratios(studies)["study"])
    added = topic.ratios(studies, include_doubtful=True)
    assert sorted(added.loc[added["study"].eq(topic.DOUBTFUL), "estimate"]) == [2.8, 3.8, 5.6]


def test_a_printed_figure_of_both_sexes_goes_before_pooling_them(studies):
    each = topic.one_per_cohort(topic.ratios(studies, include_doubtful=True)).set_index("study")["log_estimate"]
    assert np.exp(each["copenhagen_2003"]) == pytest.approx(3.8)
    assert 5.6 < np.exp(each["denmark_2011"]) < 6.7


def test_with_two_cohorts_there_is_no_prediction_interval_and_with_three_hardly_one(studies):
    pools = topic.pools(topic.ratios(studies))
    two = pools["studies"].eq(2)
    assert pools.loc[two, "prediction_lower"].isna().all()
    three = pools[pools["studies"].eq(3)]
    assert ((three["prediction_upper"] / three["prediction_lower"]) > topic.WIDEST_SHOWN).all()


@pytest.mark.parametrize("method", ["REML", "DL", "PM"])
@pytest.mark.parametrize("include_doubtful", [False, True])
def test_the_cautious_interval_is_wider_than_the_common_one(studies, method, include_doubtful):
    printed = topic.ratios(studies, include_doubtful=include_doubtful)
    pools = topic.pools(printed, method=method)
    few = pools[pools["studies"] < 5]
    assert ((few["upper"] / few["lower"]) > (few["common_upper"] / few["common_lower"])).all()
    assert pick(pools, pool="all mixed")["q_p_value"] < 0.001


@pytest.mark.parametrize("method", ["REML", "DL", "PM"])
@pytest.mark.parametrize("include_doubtful", [False, True])
def test_no_cohort_alone_decides_the_mean_of_all(studies, method, include_doubtful):
    rows = topic.without_each(topic.ratios(studies, include_doubtful=include_doubtful), method=method)
    rows = rows[rows["pool"].eq("all mixed")]
    assert len(rows) == 5 + include_doubtful
    assert rows["estimate"].max() / rows["estimate"].min() < 1.3


def test_only_copenhagen_and_amsterdam_have_intervals_that_stand_out(audit):
    found = audit[audit["finding"].ne("consistent")]
    assert set(zip(found["study"], found["finding"], strict=True)) == {
        ("copenhagen_2003", "implausible"),
        ("amsterdam_2009", "too wide"),
    }
    assert len(audit) == 32


def test_without_persons_or_deaths_an_interval_cannot_be_called_implausible(audit):
    assert set(audit.loc[audit["study"].eq("glasgow_2022"), "finding"]) == {"consistent"}


def test_a_hazard_ratio_is_audited_against_the_deaths_of_both_groups(audit):
    row = audit[audit["study"].eq("glasgow_2009")].iloc[0]
    assert row["counted_events"] == pytest.approx(1 / (1 / 457 + 1 / 209))


def test_an_interval_narrower_than_the_deaths_of_the_row_allow_is_found(studies):
    narrow = studies.copy()
    narrow.loc[narrow["fact"].eq("homeless_cohort_studies-041"), ["lower", "upper"]] = [3.3, 3.7]
    audited = international_audit.audit(narrow)
    assert pick(audited, study="philadelphia_1994")["finding"] == "too narrow"


def test_copenhagen_by_sex_does_not_fit_its_printed_total(audit):
    # 497 deaths at 2.8 and 69 at 5.6: (497 + 69) / (497/2.8 + 69/5.6).
    assert international_audit.ratio_of_implied_deaths(audit) == pytest.approx(566 / (497 / 2.8 + 69 / 5.6), abs=0.01)


def test_the_ratio_is_larger_in_women_everywhere_and_the_years_only_in_rotterdam(studies, rotterdam):
    table = international_sexes.both_scales(studies, rotterdam, include_doubtful=True)
    assert (table.loc[table["scale"].eq("ratio"), "estimate"] > 1).all()
    years = table[table["scale"].eq("years")].set_index("study")["estimate"]
    assert years["denmark_2011"] == pytest.approx(-4.2)
    assert years["rotterdam_2013"] == pytest.approx(4.9)


def test_within_each_cohort_the_ratio_falls_with_age(studies, rotterdam):
    rows = international_ages.age_ratios(studies, rotterdam)
    several = rows[rows.groupby("study")["study"].transform("size") > 1]
    assert several["study"].nunique() == 3
    assert several.groupby("study", sort=False)["estimate"].apply(lambda ratios: ratios.is_monotonic_decreasing).all()


def test_age_intervals_stay_as_printed_and_narrow_with_a_lower_level(studies, rotterdam):
    usual, lower = (international_ages.age_ratios(studies, rotterdam, level=level) for level in (0.95, 0.8))
    assert pick(usual, study="sanfrancisco_youth_2016")["upper"] == 18.9
    computed = usual["kind"].eq("estimate")
    assert (lower.loc[computed, "upper"] < usual.loc[computed, "upper"]).all()
    assert (lower.loc[computed, "lower"] > usual.loc[computed, "lower"]).all()
    assert not usual.loc[computed, ["lower", "upper"]].isna().any(axis=None)


@pytest.mark.parametrize("include_doubtful", [False, True])
def test_pooled_and_left_out_figures_add_up_to_the_data_set(studies, include_doubtful):
    pooled = len(topic.ratios(studies, include_doubtful=include_doubtful))
    assert pooled + topic.left_out(studies, include_doubtful=include_doubtful)["figures"].sum() == len(studies)


def test_a_reason_without_a_code_is_refused(studies):
    changed = studies.copy()
    changed.loc[0, "reason"] = "another reason"
    with pytest.raises(DataError, match="1 reasons without a code, the first is 'another reason'"):
        topic.left_out(changed)


def test_the_figure_shows_doubtful_ratios_hollow_and_leaves_wide_pools_to_the_table(studies):
    rows = topic.figure_rows(studies, topic.pools(topic.ratios(studies)))
    hollow = rows[rows["kind"].eq("published")]
    assert set(hollow["study"]) == {"copenhagen_2003", "amsterdam_2009"}
    assert list(rows.loc[rows["role"].eq("pooled"), "section"]) == ["both"]
    assert list(rows.loc[rows["role"].eq("prediction"), "section"]) == ["all mixed"]
    wide = topic.figure_rows(studies, topic.pools(topic.ratios(studies), level=0.999))
    assert set(wide["role"]) == {"cohort"}


def test_at_the_printed_level_intervals_stay_as_printed(studies):
    printed = topic.ratios(studies)
    assert topic.at_level(printed, level=0.95).equals(printed)
    half = topic.at_level(printed, level=0.5)
    assert ((half["upper"] < printed["upper"]) & (half["lower"] > printed["lower"])).all()


def test_ratios_without_interval_range_wider_than_those_pooled(studies):
    bare = topic.without_interval(studies)
    assert list(bare["estimate"]) == [2.5, 3.0, 3.1, 4.7, 7.0, 10.0, 13.0]
    ends = bare.iloc[[0, -1]]
    assert list(zip(ends["study"], ends["sex"], strict=True)) == [
        ("stockholm_2011", "female"),
        ("amsterdam_outreach_2010", "female"),
    ]
    pooled = topic.ratios(studies, include_doubtful=True)["estimate"]
    assert bare["estimate"].min() < pooled.min()
    assert bare["estimate"].max() > pooled.max()


@pytest.fixture(scope="module")
def population():
    return read_dataset("nl_deaths_person_years_2001_2010")


@pytest.mark.parametrize("ratio", [3.31, 5.56])
def test_the_same_ratio_costs_women_and_men_about_as_much_for_life_and_women_less_when_young(population, ratio):
    table = international_sexes.years_lost_at_ratio(population, ratio, at=30, until=(45, np.inf))
    lost = table.set_index(["until", "sex"])["years_lost"]
    assert abs(lost[np.inf, "female"] - lost[np.inf, "male"]) < 0.5
    assert lost[45, "female"] < 0.85 * lost[45, "male"]


def test_both_lose_the_same_whole_number_of_years_at_the_ratio_of_men_in_rotterdam(population):
    table = international_sexes.years_lost_at_ratio(population, 3.31, at=30)
    assert set(table["years_lost"].round()) == {11.0}


def test_years_lost_at_a_ratio_by_hand():
    # Constant rates: life expectancy is one over the rate, 50 and 25 years; with twice the rate half of that.
    rates = pd.DataFrame(
        {
            "sex": ["female", "female", "male", "male"],
            "age_from": [0, 30, 0, 30],
            "age_to": [30, None, 30, None],
            "deaths": [20, 20, 40, 40],
            "person_years": 1000,
        }
    )
    table = international_sexes.years_lost_at_ratio(rates, 2.0, at=30, until=(30, np.inf))
    lost = table.set_index(["until", "sex"])["years_lost"]
    assert lost[np.inf, "female"] == pytest.approx(25)
    assert lost[np.inf, "male"] == pytest.approx(12.5)
    assert lost[30].to_numpy() == pytest.approx([0, 0])
