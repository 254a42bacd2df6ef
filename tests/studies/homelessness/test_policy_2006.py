"""The choices of the topic on the Action Plan of 2006."""

import numpy as np
import pandas as pd
import pytest

from analysis.errors import DataError, MethodError
from analysis.estimates import check_estimates, pick
from analysis.sources.reading import read_dataset
from analysis.studies.homelessness import policy_2006, policy_2006_setting
from analysis.studies.homelessness import policy_2006_cohorts as cohorts
from analysis.studies.homelessness import policy_2006_simulation as simulation


@pytest.fixture(scope="module")
def periods():
    return read_dataset("rotterdam_periods")


@pytest.fixture(scope="module")
def cohort():
    return read_dataset("rotterdam_cohort")


@pytest.fixture(scope="module")
def population():
    return read_dataset("nl_deaths_person_years")


@pytest.fixture(scope="module")
def found(periods):
    return dict(policy_2006.change(periods).iloc[0])


@pytest.fixture(scope="module")
def reconstruction():
    return read_dataset("rotterdam_reconstruction")


@pytest.fixture(scope="module")
def base(cohort, population, reconstruction):
    return policy_2006_setting.setting(cohort, population, reconstruction=reconstruction)


@pytest.fixture(scope="module")
def outcomes(base):
    chosen = cohorts.scenarios()
    return simulation.outcomes(chosen, base, simulation.simulate(chosen, base, simulations=600, seed=1), found=1.0)


def test_results_have_the_shape_of_estimates(periods, outcomes):
    for table in (policy_2006.published(periods), policy_2006.change(periods), outcomes):
        check_estimates(table)
    assert set(outcomes["note"]) == {"simulation"}


def test_a_lower_level_narrows_every_interval_around_the_same_middle(periods):
    wide, narrow = (policy_2006.published(periods, level=level) for level in (0.95, 0.8))
    assert ((narrow["lower"] > wide["lower"]) & (narrow["upper"] < wide["upper"])).all()
    assert np.sqrt(narrow["lower"] * narrow["upper"]).to_numpy() == pytest.approx(wide["centre"].to_numpy())


def test_only_the_contrast_of_the_halves_is_off_its_middle(periods):
    audit = policy_2006.audit(periods)
    assert list(audit.loc[audit["finding"] != "consistent", "series"]) == ["halves"]


def test_the_estimate_used_is_the_middle_not_the_misprint(found):
    assert found["printed"] == 1.05
    assert found["estimate"] < 1.02
    assert found["note"]


def test_deaths_are_recovered_from_the_intervals_they_would_give():
    deaths = np.array([15.0, 30.0, 25.0, 60.0])
    spread = np.exp(1.959963984540054 * np.sqrt(1 / deaths[1:] + 1 / deaths[0]))
    ratios = pd.DataFrame({"period": ["a", "b", "c"], "lower": 1 / spread, "upper": spread})
    table = policy_2006.implied_deaths(ratios, deaths.sum())
    assert list(table["period"]) == ["reference", "a", "b", "c"]
    assert table["deaths"].to_numpy() == pytest.approx(deaths)


def test_a_total_that_no_division_fits_is_refused():
    ratios = pd.DataFrame({"period": ["a"], "lower": [0.8], "upper": [1.25]})
    with pytest.raises(DataError, match="No division of 50 deaths"):
        policy_2006.implied_deaths(ratios, 50)


def test_both_series_imply_the_same_deaths_in_2001_and_2002(periods, cohort):
    table = policy_2006.published(periods)
    total = policy_2006.of_cohort(cohort, "deaths", "total")
    three, years = (policy_2006.implied_deaths(table[table["series"] == name], total) for name in ("three", "years"))
    assert three["deaths"].iloc[0] == pytest.approx(years["deaths"].iloc[:2].sum(), rel=0.05)
    assert three["deaths"].sum() == pytest.approx(total)


def test_power_rises_with_the_effect_and_starts_at_chance(found):
    power = policy_2006.power_of_reductions(found, [0, 0.1, 0.2, 0.4])["power"]
    assert power.is_monotonic_increasing
    assert power.iloc[0] == pytest.approx(0.05)


def test_the_smallest_detectable_fall_has_the_power_asked_for(found):
    fall = -pick(policy_2006.detectable(found, power=0.9), direction="decrease")["change"]
    assert policy_2006.power_of_reductions(found, fall)["power"].iloc[0] == pytest.approx(0.9)


def test_the_deaths_needed_give_the_power_asked_for(found):
    needed = policy_2006.needed_deaths(0.2)
    assert policy_2006.power_of_reductions(found | {"deaths_each": needed}, 0.2)["power"].iloc[0] == pytest.approx(
        0.8, abs=0.001
    )


@pytest.mark.parametrize(
    ("lower", "upper", "effect", "verdict"),
    [
        (0.79, 1.28, 0.2, "corrected"),
        (0.79, 1.28, 0.3, "consistent"),
        (0.85, 1.30, 0.2, "corrected"),  # an increase by the inverse factor is not excluded
        (0.70, 0.95, 0.2, "contradicted"),
        (1.05, 1.40, 0.2, "contradicted"),
    ],
)
def test_no_influence_needs_an_interval_that_excludes_one(lower, upper, effect, verdict):
    row = {"estimate": (lower * upper) ** 0.5, "lower": lower, "upper": upper, "level": 0.95}
    assert policy_2006.verdict_on_influence(row, effect) == verdict


@pytest.mark.parametrize("level", [0.5, 0.8, 0.9, 0.999])
def test_the_verdict_does_not_depend_on_the_level_shown(periods, level):
    shown = dict(policy_2006.change(periods, level=level).iloc[0])
    assert policy_2006.verdict_on_influence(shown, 0.2) == "corrected"
    assert policy_2006.equivalence(shown, 0.2)["excludes"]


def test_a_test_of_equivalence_takes_the_90_percent_interval(found):
    narrower = policy_2006.equivalence(found, 0.2)
    assert narrower["level"] == pytest.approx(0.9)
    assert (round(narrower["lower"], 2), round(narrower["upper"], 2)) == (0.82, 1.23)
    assert not policy_2006.equivalence(found, 0.15)["excludes"]


def test_people_at_entry_add_up_to_the_published_groups(cohort):
    people = policy_2006_setting.entry(cohort)
    assert people.groupby("sex")["persons"].sum().to_dict() == {"female": 260, "male": 1870}
    assert people.loc[people["age"].between(30, 39), "persons"].sum() == 711
    assert people.loc[people["age"] >= 70, "persons"].sum() == 26
    assert (people["persons"] == people["persons"].round()).all()
    assert (people["persons"] >= 0).all()


def test_national_rates_follow_the_age_reached_and_the_year(cohort, population):
    people = policy_2006_setting.entry(cohort)
    rates = policy_2006_setting.national_rates(people, population, trend=True)
    row = people.index[(people["sex"] == "male") & (people["age"] == 44)][0]
    band = pick(population, sex="male", age_from=45, year=2002)
    assert rates[row, 1] == pytest.approx(band["deaths"] / band["person_years"])
    steady = policy_2006_setting.national_rates(people, population, trend=False)
    assert (steady[row, 1:6] == steady[row, 1]).all()  # 45 to 49 years
    assert np.isfinite(rates).all()


def test_ratios_of_the_reconstruction_fall_with_age(reconstruction, population):
    ratios = policy_2006_setting.ratios_by_age(reconstruction, population)
    assert pick(ratios, sex="female", age_from=20)["ratio"] == 0
    men = ratios[ratios["sex"] == "male"].sort_values("age_from")["ratio"]
    assert men.is_monotonic_decreasing
    assert men.iloc[-1] > 1


def test_people_get_the_ratio_of_the_age_they_reach(base, reconstruction, population):
    ratios = policy_2006_setting.ratios_by_age(reconstruction, population)
    row = base.people.index[(base.people["sex"] == "male") & (base.people["age"] == 43)][0]
    younger, older = (pick(ratios, sex="male", age_from=age)["ratio"] for age in (30, 45))
    assert list(base.ratios[row]) == [younger] * 2 + [older] * 8
    assert (base.ratios[base.people["age"] == 18, 0] == 1).all()


@pytest.mark.parametrize("scenario", cohorts.scenarios()[:3], ids=lambda scenario: scenario.name)
def test_without_effect_as_many_deaths_are_expected_as_were_counted(base, scenario):
    assert cohorts.expected(scenario, base).deaths.sum() == pytest.approx(265, abs=0.01)


def test_a_ratio_of_ones_own_is_not_fitted_to_the_deaths(cohort, population):
    ageing, *_, effect = cohorts.scenarios(effect=0.4)
    four, two = (policy_2006_setting.setting(cohort, population, mortality_ratio=ratio) for ratio in (4.0, 2.0))
    single = cohorts.scenario_rates(ageing, two)
    assert cohorts.scenario_rates(ageing, four) == pytest.approx(2 * single)
    lower = cohorts.scenario_rates(effect, two)
    assert lower[:, 5:] == pytest.approx(0.6 * single[:, 5:])
    assert (lower[:, :5] == single[:, :5]).all()


def test_ageing_raises_the_crude_rate_only(outcomes):
    row = pick(outcomes, scenario="ageing")
    assert row["crude_expected"] > 1.15
    assert row["expected"] == pytest.approx(1)
    assert row["estimate"] == pytest.approx(1, abs=0.03)
    assert row["as_found"] == pytest.approx(0.5, abs=0.07)
    assert row["shown_lower"] + row["shown_higher"] == pytest.approx(0.05, abs=0.03)


def test_keeping_age_at_entry_the_same_leaves_ageing_in(base, cohort, population):
    constant = policy_2006_setting.setting(cohort, population)
    for one, ageing in ((base, 1.26), (constant, 1.56)):
        assert cohorts.expected_ratio(cohorts.AGEING, one, age="entry", width=10) == pytest.approx(ageing, abs=0.01)
        assert cohorts.expected_ratio(cohorts.AGEING, one, age="attained", width=10) == pytest.approx(1, abs=0.01)
        crude = cohorts.expected_ratio(cohorts.AGEING, one, age="entry", width=200)
        assert crude > cohorts.expected_ratio(cohorts.AGEING, one, age="attained", width=10) + 0.15


def test_an_unknown_age_is_refused(base):
    with pytest.raises(MethodError, match="attained"):
        cohorts.expected_ratio(cohorts.AGEING, base, age="birth")


def test_national_decline_and_frailty_look_like_an_effect(outcomes):
    steady, national, frailty = (pick(outcomes, scenario=name) for name in ("ageing", "national", "frailty"))
    assert steady["expected"] > national["expected"] + 0.1 > frailty["expected"]
    assert frailty["shown_lower"] > national["shown_lower"] > 0.1
    assert steady["as_found"] > 3 * national["as_found"] > 3 * frailty["as_found"]


def test_expected_ratios_are_those_of_many_simulated_cohorts(outcomes):
    assert outcomes["estimate"].to_numpy() == pytest.approx(outcomes["expected"].to_numpy(), abs=0.03)


def test_a_real_effect_is_found_as_often_as_the_formula_says(outcomes, found):
    row = pick(outcomes, scenario="effect")
    assert row["expected"] == pytest.approx(0.8)
    assert row["shown_lower"] == pytest.approx(policy_2006.power_of_reductions(found, 0.2)["power"].iloc[0], abs=0.07)


def test_without_frailty_selection_does_nothing(base):
    rises = cohorts.expected_rises(cohorts.scenarios(frailty_variance=0.0), base)
    assert rises["frailty"] == pytest.approx(rises["national"])
    assert rises["effect"] < rises["ageing"]


def test_the_seed_decides(base):
    first, again, other = (
        simulation.simulate(cohorts.scenarios()[:2], base, simulations=5, seed=seed) for seed in (4, 4, 5)
    )
    pd.testing.assert_frame_equal(first["ageing"], again["ageing"])
    assert (first["ageing"]["deaths"] != other["ageing"]["deaths"]).any()
    assert (first["ageing"]["deaths"] != first["national"]["deaths"]).any()


def test_few_deaths_give_ranges_without_gaps(cohort, population):
    few = policy_2006_setting.setting(cohort, population, mortality_ratio=0.1)
    simulated = simulation.simulate(cohorts.scenarios(), few, simulations=60)
    table = simulation.outcomes(cohorts.scenarios(), few, simulated, found=1.0)
    assert np.isfinite(table[["estimate", "lower", "upper", "crude_lower", "crude_upper"]]).all(axis=None)
    assert len(simulation.yearly_rates(simulated)) == 40


def test_cohorts_without_deaths_are_refused(cohort, population):
    none = policy_2006_setting.setting(cohort, population, mortality_ratio=1e-9)
    simulated = simulation.simulate(cohorts.scenarios()[:1], none, simulations=3)
    with pytest.raises(DataError, match="None of 3 cohorts of the scenario 'ageing'"):
        simulation.outcomes(cohorts.scenarios()[:1], none, simulated, found=1.0)
