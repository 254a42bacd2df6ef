"""The choices of the topic on the Action Plan of 2006."""

import numpy as np
import pandas as pd
import pytest

from analysis.errors import DataError
from analysis.estimates import check_estimates, pick
from analysis.sources.reading import read_dataset
from analysis.studies.homelessness import policy_2006
from analysis.studies.homelessness import policy_2006_cohorts as cohorts


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
def outcomes(cohort, population):
    return cohorts.outcomes(cohort, cohorts.simulate(cohort, population, cohorts.scenarios(), simulations=600, seed=1))


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
    row = {"estimate": (lower * upper) ** 0.5, "lower": lower, "upper": upper}
    assert policy_2006.verdict_on_influence(row, effect) == verdict


def test_people_at_entry_add_up_to_the_published_groups(cohort):
    people = cohorts.entry(cohort)
    assert people.groupby("sex")["persons"].sum().to_dict() == {"female": 260, "male": 1870}
    assert people.loc[people["age"].between(30, 39), "persons"].sum() == 711
    assert people.loc[people["age"] >= 70, "persons"].sum() == 26
    assert (people["persons"] == people["persons"].round()).all()
    assert (people["persons"] >= 0).all()


def test_national_rates_follow_the_age_reached_and_the_year(cohort, population):
    people = cohorts.entry(cohort)
    rates = cohorts.national_rates(people, population, trend=True)
    row = people.index[(people["sex"] == "male") & (people["age"] == 44)][0]
    band = pick(population, sex="male", age_from=45, year=2002)
    assert rates[row, 1] == pytest.approx(band["deaths"] / band["person_years"])
    steady = cohorts.national_rates(people, population, trend=False)
    assert (steady[row, 1:6] == steady[row, 1]).all()  # 45 to 49 years
    assert np.isfinite(rates).all()


@pytest.mark.parametrize("scenario", cohorts.scenarios()[:3], ids=lambda scenario: scenario.name)
def test_without_effect_as_many_deaths_are_expected_as_were_counted(cohort, population, scenario):
    rates = cohorts.scenario_rates(scenario, cohort, population)
    table = cohorts.expected(cohort, rates, frailty_variance=scenario.frailty_variance)
    assert table["deaths"].sum() == pytest.approx(265, abs=0.01)


def test_a_ratio_of_ones_own_is_not_fitted_to_the_deaths(cohort, population):
    ageing, *_, effect = cohorts.scenarios(effect=0.4)
    double, single = (cohorts.scenario_rates(ageing, cohort, population, mortality_ratio=ratio) for ratio in (4.0, 2.0))
    assert double == pytest.approx(2 * single)
    lower = cohorts.scenario_rates(effect, cohort, population, mortality_ratio=2.0)
    assert lower[:, 5:] == pytest.approx(0.6 * single[:, 5:])
    assert (lower[:, :5] == single[:, :5]).all()


def test_ageing_raises_the_crude_rate_only(outcomes):
    row = pick(outcomes, scenario="ageing")
    assert row["crude_estimate"] > 1.15
    assert row["estimate"] == pytest.approx(1, abs=0.03)
    assert row["shown_lower"] + row["shown_higher"] == pytest.approx(0.05, abs=0.03)


def test_national_decline_and_frailty_look_like_an_effect(outcomes):
    steady, national, frailty = (pick(outcomes, scenario=name) for name in ("ageing", "national", "frailty"))
    assert steady["estimate"] > national["estimate"] + 0.05 > frailty["estimate"]
    assert frailty["shown_lower"] > national["shown_lower"] > 0.1


def test_a_real_effect_is_found_as_often_as_the_formula_says(outcomes, found):
    row = pick(outcomes, scenario="effect")
    assert row["estimate"] == pytest.approx(0.8, abs=0.03)
    assert row["shown_lower"] == pytest.approx(policy_2006.power_of_reductions(found, 0.2)["power"].iloc[0], abs=0.07)


def test_without_frailty_selection_does_nothing(cohort, population):
    rises = cohorts.expected_rises(cohort, population, cohorts.scenarios(frailty_variance=0.0))
    assert rises["frailty"] == pytest.approx(rises["national"])
    assert rises["effect"] < rises["ageing"]


def test_the_seed_decides(cohort, population):
    first, again, other = (
        cohorts.simulate(cohort, population, cohorts.scenarios()[:2], simulations=5, seed=seed) for seed in (4, 4, 5)
    )
    assert (first["ageing"].deaths == again["ageing"].deaths).all()
    assert (first["ageing"].deaths != other["ageing"].deaths).any()
    assert (first["ageing"].deaths != first["national"].deaths).any()


def test_few_deaths_give_ranges_without_gaps(cohort, population):
    simulated = cohorts.simulate(cohort, population, cohorts.scenarios(), mortality_ratio=0.1, simulations=60)
    table = cohorts.outcomes(cohort, simulated)
    assert np.isfinite(table[["estimate", "lower", "upper", "crude_lower", "crude_upper"]]).all(axis=None)
    assert len(cohorts.yearly_rates(simulated)) == 40
