"""Years lost by a cohort: what is compared, how few deaths are handled, scenarios, and cohorts of one's own."""

import numpy as np
import pandas as pd
import pytest

from analysis.errors import DataError
from analysis.estimates import check_estimates, pick
from analysis.measures import life_expectancy
from analysis.sources.reading import read_dataset
from analysis.studies.homelessness import life_expectancy_gap as gap
from analysis.studies.homelessness import life_expectancy_gap_published as printed
from analysis.studies.homelessness import life_expectancy_gap_tables as bands

AGES = (20.0, 30.0)
SIMULATION = gap.Simulation((20.0, 30.0, 45.0, 60.0), draws=2000)


@pytest.fixture(scope="module")
def published():
    return read_dataset("rotterdam_cohort")


@pytest.fixture(scope="module")
def by_year():
    return read_dataset("nl_deaths_person_years")


@pytest.fixture(scope="module")
def national(by_year):
    return bands.pooled_years(by_year, 2001, 2010)


@pytest.fixture(scope="module")
def rates(national, published):
    return bands.reference_rates(national, published)


@pytest.fixture(scope="module")
def people():
    return bands.check_deaths(read_dataset("rotterdam_reconstruction"), name="x", counted=False)


@pytest.fixture(scope="module")
def table(people, rates):
    return bands.on_reference_bands(people, rates, [30, 35, 40, 50])


@pytest.fixture(scope="module")
def lost(table):
    return gap.years_lost(table, AGES, SIMULATION)


def cohort(*rows):
    return pd.DataFrame(rows, columns=["sex", "age_from", "age_to", "deaths", "person_years"])


MEN = cohort(
    ("male", 18, 25, 3, 900.0),
    ("male", 25, 35, 9, 1500.0),
    ("male", 35, 45, 20, 1500.0),
    ("male", 45, 65, 40, 1500.0),
    ("male", 65, None, 9, 200.0),
)


def test_ten_years_together_are_the_pooled_table_by_single_age(national):
    single = read_dataset("nl_deaths_person_years_2001_2010")
    for column in ("deaths", "person_years"):
        assert national.groupby("sex")[column].sum().to_dict() == single.groupby("sex")[column].sum().to_dict()


def test_five_year_bands_lose_about_a_tenth_of_a_year_against_single_ages(people, published, lost):
    single = read_dataset("nl_deaths_person_years_2001_2010").astype({"age_to": float})
    fine = bands.on_reference_bands(people, bands.reference_rates(single, published))
    other = gap.years_lost(fine, AGES, SIMULATION)
    for column, most in (("estimate", 0.16), ("lower", 0.2), ("upper", 0.25), ("expectancy_reference", 0.002)):
        assert np.abs(other[column] - lost[column]).max() < most


def test_years_that_are_not_there_are_refused(by_year):
    for years in ((2000, 2010), (2010, 2001), (2001, 2020)):
        with pytest.raises(DataError, match="the table has 2001 to 2019"):
            bands.pooled_years(by_year, *years)


def test_national_rates_are_left_alone_unless_scaled(national, rates):
    plain = bands.reference_rates(national)
    assert (plain["factor"] == 1).all()
    assert plain["rate"].tolist() == (national["deaths"] / national["person_years"]).tolist()
    assert (rates.groupby("sex")["factor"].first() > 1.02).all()


def test_spreading_over_narrow_bands_keeps_deaths_person_years_and_expected_deaths(national):
    plain = bands.reference_rates(national)
    narrow = bands.on_reference_bands(MEN, plain, [30])
    assert narrow["deaths"].sum() == pytest.approx(81)
    assert narrow["person_years"].sum() == pytest.approx(5600)
    assert {18.0, 20.0, 25.0, 30.0, 65.0, 95.0} <= set(narrow["age_from"])
    country = national[(national["sex"] == "male") & national["age_from"].between(45, 60)]
    mean_rate = country["deaths"].sum() / country["person_years"].sum()
    inside = narrow[narrow["age_from"].between(45, 60)]
    assert (inside["person_years"] * inside["rate"]).sum() == pytest.approx(1500 * mean_rate)


def test_the_order_of_rows_does_not_matter(people, rates, table):
    shuffled = bands.on_reference_bands(people.sample(frac=1, random_state=3), rates, [30, 35, 40, 50])
    pd.testing.assert_frame_equal(shuffled, table)


@pytest.mark.parametrize(
    ("rows", "ages", "groups"),
    [
        (MEN, (18.0, 30.0), (18.0, 35.0, 45.0, 65.0)),
        (MEN.iloc[1:], (25.0, 30.0), (25.0, 35.0, 45.0, 65.0)),
        (MEN.iloc[3:], (45.0,), (45.0, 65.0)),
        (MEN.assign(deaths=[3, 9, 20, 40, 0]), (18.0, 30.0), (18.0, 35.0, 45.0)),
        (
            MEN.assign(deaths=[3, 9, 0, 40, 9], person_years=[900.0, 1500, 0, 1500, 200]),
            (18.0, 30.0),
            (18.0, 45.0, 65.0),
        ),
        (cohort(("male", 20, None, 5, 900.0)), (20.0, 30.0), (20.0,)),
    ],
)
def test_ages_and_groups_follow_the_bands_of_the_cohort(rows, ages, groups):
    assert bands.ages_to_report(rows) == ages
    assert bands.age_groups(rows) == groups


def test_groups_hold_for_both_sexes():
    women = cohort(("female", 18, 45, 4, 900.0), ("female", 45, 60, 3, 300.0), ("female", 60, None, 0, 40.0))
    assert bands.age_groups(pd.concat([MEN, women])) == (18.0, 45.0)


@pytest.mark.parametrize(
    "rows",
    [
        MEN,
        MEN.iloc[1:],
        MEN.assign(deaths=[0, 0, 20, 40, 9]),
        MEN.assign(deaths=[3, 9, 20, 40, 0]),
        cohort(
            ("female", 25, 45, 3, 900.0),
            ("female", 45, 65, 9, 500.0),
            ("female", 65, 75, 0, 90.0),
            ("female", 75, None, 1, 9.0),
        ),
        cohort(
            ("female", 20, 40, 3, 900.0),
            ("female", 40, None, 9, 500.0),
            ("male", 20, 35, 9, 900.0),
            ("male", 35, None, 9, 900.0),
        ),
    ],
)
def test_a_cohort_of_ones_own_gives_complete_results(rows, national):
    checked = bands.check_deaths(rows, name="mine")
    ages = bands.ages_to_report(checked)
    simulation = gap.Simulation(bands.age_groups(checked), draws=500)
    narrow = bands.on_reference_bands(checked, bands.reference_rates(national), [*ages, ages[-1] + 10])
    for found in (
        gap.years_lost(narrow, ages, simulation),
        gap.by_age_group(narrow, ages[0], simulation),
        gap.by_years_homeless(narrow, ages[-1], (10.0, np.inf), (0.0, 0.3), simulation),
        gap.survivors(narrow, ages[-1], simulation),
    ):
        assert check_estimates(found)[["estimate", "lower", "upper"]].notna().all(axis=None)
    assert len(gap.women_against_men(narrow, ages[-1], simulation)) == (checked["sex"].nunique() == 2)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (MEN.assign(sex="total"), r"Column `sex` of `mine` has \['total'\]"),
        (MEN.assign(deaths=2.5), "5 values that are no whole number, the first in row 1"),
        (MEN.assign(person_years=[900.0, 1500, 1500, 1500, 0]), "above zero without person-years, the first in row 5"),
        (MEN.assign(deaths=0), "Nobody of sex male died"),
        (MEN.iloc[:4], "last age band of `mine` ends at 65"),
        (MEN.drop(index=2), "leave a gap"),
        (MEN.assign(age_to=[26, 35, 45, 65, None]), "overlap"),
        (MEN.drop(columns="deaths"), "Column `deaths` is missing"),
        (pd.concat([MEN, MEN.iloc[1:].assign(sex="female")]), "begin at different ages"),
    ],
)
def test_what_cannot_be_computed_is_named(rows, message):
    with pytest.raises(DataError, match=message):
        bands.check_deaths(rows, name="mine")


def test_deaths_of_a_reconstruction_need_not_be_whole():
    assert bands.check_deaths(MEN.assign(deaths=2.5), name="mine", counted=False)["deaths"].sum() == 12.5


def test_a_band_within_the_open_band_of_the_reference_is_refused(national):
    old = cohort(("male", 20, 97, 5, 900.0), ("male", 97, None, 1, 3.0))
    with pytest.raises(DataError, match=r"begins at 97.*Join the bands from 95 on"):
        bands.on_reference_bands(old, bands.reference_rates(national))


def test_a_cohort_that_dies_as_the_reference_loses_nothing(people, rates):
    narrow = bands.on_reference_bands(people, rates)
    same = narrow.assign(deaths=narrow["person_years"] * narrow["rate"])
    assert np.abs(gap.years_lost(same, AGES, SIMULATION)["estimate"]).max() < 1e-9
    assert np.abs(gap.by_age_group(same, 20, SIMULATION)["estimate"]).max() < 1e-9


def test_life_expectancy_of_the_reference_is_that_of_its_life_table(lost, rates):
    other = life_expectancy(rates.drop(columns="person_years"), at=AGES, by="sex", rate="rate")
    assert lost["expectancy_reference"].tolist() == pytest.approx(other["estimate"].tolist())


def test_women_without_deaths_in_their_twenties_still_add_width(table, lost):
    young = pick(gap.by_age_group(table, 20, SIMULATION), sex="female", age_from=20)
    assert young["ratio"] == 0
    assert young["ratio_upper"] > 10
    assert young["upper"] - young["lower"] > 2
    at = {age: pick(lost, sex="female", age=age) for age in AGES}
    assert at[20]["upper"] - at[20]["lower"] > at[30]["upper"] - at[30]["lower"]


@pytest.mark.parametrize("age", AGES)
def test_contributions_of_groups_add_up_to_the_years_lost(table, lost, age):
    sums = gap.by_age_group(table, age, SIMULATION).groupby("sex")["estimate"].sum()
    for sex in ("female", "male"):
        assert sums[sex] == pytest.approx(pick(lost, sex=sex, age=age)["estimate"], abs=1e-9)


def test_lifelong_homelessness_is_the_years_lost_and_less_time_is_less_loss(table, lost):
    scenarios = gap.by_years_homeless(table, 30, gap.YEARS_HOMELESS, (0.0, 0.5, 1.0), SIMULATION)
    for sex in ("female", "male"):
        whole = pick(lost, sex=sex, age=30)
        for share in (0.0, 0.5):
            rows = scenarios[(scenarios["sex"] == sex) & (scenarios["remaining"] == share)]
            assert (np.diff(rows["estimate"]) > 0).all()
            lifelong = rows.iloc[-1]
            for column in ("estimate", "lower", "upper"):
                assert lifelong[column] == pytest.approx(whole[column], abs=1e-9)
        everything = scenarios[(scenarios["sex"] == sex) & (scenarios["remaining"] == 1)]
        assert np.ptp(everything["estimate"]) < 1e-9
    wide = gap.scenario_rows(scenarios)
    assert wide["years"].tolist() == [5, 10, 20, np.inf]
    assert wide["male_0_estimate"].iloc[1] == pick(scenarios, sex="male", remaining=0.0, years=10.0)["estimate"]


def test_survivors_fall_from_one_and_the_reference_has_no_width(table):
    curves = gap.survivors(table, 30, SIMULATION)
    for _, curve in curves.groupby(["sex", "series"]):
        assert curve["estimate"].iloc[0] == 1
        assert (np.diff(curve["estimate"]) < 0).all()
    reference = curves[curves["series"] == "reference"]
    assert (reference["upper"] == reference["lower"]).all()


def test_with_both_sexes_the_difference_is_that_of_the_years_lost(table, lost):
    row = gap.women_against_men(table, 30, SIMULATION).iloc[0]
    women, men = (pick(lost, sex=sex, age=30)["estimate"] for sex in ("female", "male"))
    assert row["estimate"] == pytest.approx(women - men)
    assert row["lower"] < 0 < row["upper"]


def check(published, rates, lost, table, *, scaled=True, rebuilt=True):
    return printed.against_published(published, rates, lost, table, scaled=scaled, rebuilt=rebuilt)


def test_what_was_entered_and_what_follows_from_it_is_marked(published, rates, lost, table):
    rows = check(published, rates, lost, table)
    entered = rows[rows["entered"]]
    assert set(zip(entered["what"], entered["sex"], entered["age"], strict=True)) == {
        ("reference", "male", 20), ("reference", "female", 20), ("cohort", "male", 20), ("cohort", "female", 20),
        ("cohort", "male", 30), ("cohort", "female", 30),
    }  # fmt: skip
    counted = check(published, rates, lost, table, rebuilt=False)
    assert set(counted.loc[counted["entered"], "what"]) == {"reference"}


def test_the_check_that_fails_is_not_left_out(published, rates, lost, table):
    free = check(published, rates, lost, table).query("not entered")
    far = free[~free["close"]]
    assert len(far) == 1
    row = far.iloc[0]
    assert (row["what"], row["sex"], row["age"], row["age_to"], row["printed"]) == ("ratio", "total", 20, 45, 7.67)
    assert row["ours"] == pytest.approx(10.2, abs=0.05)


def test_national_rates_have_no_figure_of_rotterdam_beside_them(published, national, lost, table):
    rows = check(published, bands.reference_rates(national), lost, table, scaled=False)
    assert set(rows["what"]) == {"cohort", "deaths"}


def test_one_sex_alone_is_compared_with_its_own_figures_only(published, rates, lost, table):
    men = [part[part["sex"] == "male"] for part in (lost, table)]
    rows = check(published, rates, *men)
    assert set(rows["sex"]) == {"male"}
    assert rows.groupby("what").size().to_dict() == {"reference": 2, "cohort": 2, "deaths": 1, "ratio": 1}


def verdict(lost, sex, claimed, *, rotterdam=True, rebuilt=False, scaled=True):
    return printed.verdict_on_gap(lost, sex, claimed, rotterdam=rotterdam, rebuilt=rebuilt, scaled=scaled)


def test_claims_about_rotterdam_are_tested_on_rotterdam_only(lost):
    assert verdict(lost, "male", 11.0) == "reproduced"
    assert verdict(lost, "male", 11.5) == "consistent"
    assert verdict(lost, "male", 20.0) == "contradicted"
    assert verdict(lost, "male", 11.0, rotterdam=False) == "not_testable"
    assert verdict(lost, "male", 11.0, scaled=False) == "not_testable"
    assert verdict(lost[lost["sex"] == "male"], "female", 15.9) == "not_testable"
    assert verdict(lost[lost["age"] == 20], "male", 11.0) == "not_testable"


@pytest.mark.parametrize(("sex", "claimed"), [("male", 11.0), ("female", 15.9)])
def test_a_reconstruction_cannot_reproduce_what_was_entered_into_it(lost, sex, claimed):
    assert verdict(lost, sex, claimed) == "reproduced"
    assert verdict(lost, sex, claimed, rebuilt=True) == "consistent"
    assert verdict(lost, sex, 30.0, rebuilt=True) == "contradicted"
