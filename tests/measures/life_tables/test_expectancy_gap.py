import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.errors import DataError, MethodError
from analysis.estimates import check_estimates, pick
from analysis.measures.life_tables.decomposition import life_expectancy_decomposition
from analysis.measures.life_tables.expectancy_gap import (
    contribution_draws,
    drawn_rates,
    drawn_ratio_rates,
    gap_draws,
    life_expectancy_gap,
    life_expectancy_gap_by_age,
)
from analysis.measures.life_tables.life_expectancy import life_expectancy
from analysis.measures.shared import notes

BANDS = pd.DataFrame({"age_from": [20, 30, 45, 60, 75], "age_to": [30, 45, 60, 75, np.nan]})
RATES = np.array([0.0006, 0.0012, 0.005, 0.02, 0.1])
YEARS = np.array([4000.0, 6000.0, 4000.0, 1000.0, 200.0])
COUNTRY = BANDS.assign(rate=RATES)
GROUP = BANDS.assign(deaths=[8, 24, 60, 50, 30], person_years=YEARS)
AT = {"rate": "rate", "at": 20}


def test_the_estimate_is_the_difference_of_two_life_tables():
    gap = check_estimates(life_expectancy_gap(GROUP, COUNTRY, rate="rate", at=(20, 45)))
    for age in (20, 45):
        ours = life_expectancy(GROUP, at=age)["estimate"][0]
        theirs = life_expectancy(COUNTRY, rate="rate", at=age)["estimate"][0]
        row = pick(gap, age=age)
        assert row["expectancy_exposed"] == pytest.approx(ours)
        assert row["expectancy_reference"] == pytest.approx(theirs)
        assert row["estimate"] == pytest.approx(ours - theirs)
    assert gap["deaths"].tolist() == [172, 140]


@given(
    st.lists(st.integers(0, 40), min_size=5, max_size=5),
    st.integers(0, 4),
    st.sampled_from(["constant hazard", "midpoint"]),
    st.booleans(),
)
@settings(deadline=None, max_examples=40)
def test_contributions_add_up_to_the_gap_in_every_draw(deaths, band, ax, both):
    random, start = np.random.default_rng(3), BANDS["age_from"].to_numpy(dtype=float)
    width = np.array([10, 15, 15, 15, np.inf])
    exposed = drawn_rates(np.array(deaths, dtype=float), YEARS, draws=200, random=random)[1:]
    exposed = exposed[exposed[:, -1] > 1e-3]  # a life of thousands of years has no digits left for 1e-9
    reference = RATES[None, :] * (random.uniform(0.5, 2, (len(exposed), 5)) if both else 1)
    gaps = gap_draws(exposed, reference, start, width, ax)[:, band]
    parts = contribution_draws(exposed, reference, start, width, band=band, ax=ax)
    assert np.abs(parts.sum(axis=1) - gaps).max() < 1e-9


def test_estimates_by_age_are_those_of_the_decomposition_and_add_up():
    ages = life_expectancy_gap_by_age(GROUP, COUNTRY, **AT)
    both = pd.concat([GROUP.assign(who="group"), COUNTRY.assign(who="country", person_years=1e6, deaths=RATES * 1e6)])
    other = life_expectancy_decomposition(both, group="who", exposed="group", reference="country", at=20)
    assert ages["estimate"].tolist() == pytest.approx(other["estimate"].tolist())
    assert ages["estimate"].sum() == pytest.approx(life_expectancy_gap(GROUP, COUNTRY, **AT)["estimate"][0])


def test_with_many_deaths_the_interval_is_that_of_the_delta_method():
    many = GROUP.assign(deaths=GROUP["deaths"] * 100, person_years=YEARS * 100)
    gap = life_expectancy_gap(many, COUNTRY, **AT, draws=40_000).loc[0]
    both = pd.concat([many.assign(who="group"), COUNTRY.assign(who="country", person_years=1e12, deaths=RATES * 1e12)])
    pair = {"group": "who", "exposed": "group", "reference": "country"}
    delta = life_expectancy_decomposition(both, **pair, at=20, summed_over="age").loc[0]
    assert [gap["lower"], gap["upper"]] == pytest.approx([delta["lower"], delta["upper"]], abs=0.006)
    ages = life_expectancy_gap_by_age(many, COUNTRY, **AT, draws=40_000)
    by_age = life_expectancy_decomposition(both, **pair, at=20)
    assert ages["upper"].tolist() == pytest.approx(by_age["upper"].tolist(), abs=0.006)


def test_a_band_without_deaths_adds_to_the_width():
    none = GROUP.assign(deaths=[0, 24, 60, 50, 30])
    ages = life_expectancy_gap_by_age(none, COUNTRY, **AT)
    assert ages["upper"][0] > ages["lower"][0] + 0.1
    chiang = life_expectancy(none, at=20)["standard_error"][0]
    assert life_expectancy_gap(none, COUNTRY, **AT)["standard_error"][0] > chiang


def test_a_reference_that_is_drawn_widens_the_interval():
    counted = BANDS.assign(person_years=YEARS, deaths=RATES * YEARS)
    known, drawn = (life_expectancy_gap(GROUP, counted, at=20, draw_reference=draw).loc[0] for draw in (False, True))
    assert known["estimate"] == drawn["estimate"]
    assert drawn["standard_error"] > 1.3 * known["standard_error"]
    assert "reference drawn too" in drawn["method"]


def test_seeds_groups_rows_and_levels():
    both = pd.concat([GROUP.assign(sex="m"), GROUP.assign(sex="f", deaths=[2, 8, 20, 30, 25])])
    country = pd.concat([COUNTRY.assign(sex="f"), COUNTRY.assign(sex="m")])
    one = life_expectancy_gap(both, country, **AT, by="sex", level=(0.8, 0.95))
    again = life_expectancy_gap(both.sample(frac=1, random_state=2), country, **AT, by="sex", level=(0.8, 0.95))
    pd.testing.assert_frame_equal(one, again)
    narrow, wide = (pick(one, sex="m", level=level) for level in (0.8, 0.95))
    assert wide["lower"] < narrow["lower"] < narrow["upper"] < wide["upper"]
    other = life_expectancy_gap(both, country, **AT, by="sex", seed=1)
    assert (other["lower"] != one[one["level"] == 0.95]["lower"].to_numpy()).all()
    assert np.abs(other["lower"].to_numpy() - one[one["level"] == 0.95]["lower"].to_numpy()).max() < 0.5


def test_the_monte_carlo_error_is_that_of_the_limits_over_seeds():
    limits = [life_expectancy_gap(GROUP, COUNTRY, **AT, draws=1000, seed=seed).loc[0] for seed in range(60)]
    spread = max(np.std([row[side] for row in limits]) for side in ("lower", "upper"))
    assert np.mean([row["monte_carlo_error"] for row in limits]) == pytest.approx(spread, rel=0.5)


def test_intervals_hold_the_truth_about_95_times_in_100():
    random, rates = np.random.default_rng(7), RATES * [6, 6, 4, 2.5, 1.5]
    truth = gap_draws(rates[None], RATES[None], BANDS["age_from"].to_numpy(float), np.array([10, 15, 15, 15, np.inf]))
    held = []
    for draw in range(400):
        group = BANDS.assign(deaths=random.poisson(rates * YEARS), person_years=YEARS)
        row = life_expectancy_gap(group, COUNTRY, **AT, draws=1000, seed=draw).loc[0]
        held.append(row["lower"] <= truth[0, 0] <= row["upper"])
    assert 0.92 <= np.mean(held) <= 0.98


def test_no_deaths_in_the_open_band_has_no_gap_and_a_note():
    nobody = GROUP.assign(deaths=[8, 24, 60, 50, 0])
    for estimator in (life_expectancy_gap, life_expectancy_gap_by_age):
        found = estimator(nobody, COUNTRY, **AT)
        assert found[["estimate", "lower", "upper"]].isna().all(axis=None)
        assert (found["note"] == notes.NO_DEATHS_IN_LAST_BAND).all()


def test_an_estimate_outside_the_draws_moves_the_limit_and_says_so():
    few = BANDS.assign(deaths=[0, 0, 0, 0, 1], person_years=[20.0, 20, 20, 20, 20])
    found = check_estimates(life_expectancy_gap(few, COUNTRY, **AT, level=0.5, prior=3.0)).loc[0]
    assert found["note"] == notes.LIMIT_AT_ESTIMATE
    assert found["upper"] == found["estimate"]


def test_ten_thousand_draws_of_twenty_bands_take_little_time():
    random, start = np.random.default_rng(1), np.arange(0, 100, 5.0)
    width = np.append(np.full(19, 5.0), np.inf)
    deaths, years = random.poisson(5, 20) + 1.0, np.full(20, 1000.0)
    reference = np.geomspace(5e-4, 0.2, 20)[None]
    seconds = []
    for _ in range(5):
        begun = time.perf_counter()
        gap_draws(drawn_rates(deaths, years, draws=10_000, random=random), reference, start, width)
        seconds.append(time.perf_counter() - begun)
    assert min(seconds) < 0.25  # about 0.03 on a machine that does nothing else


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"draws": 50}, MethodError, "Take at least 100"),
        ({"draws": 1.5}, MethodError, "whole number"),
        ({"seed": -1}, MethodError, "whole number"),
        ({"prior": 0}, DataError, "above zero"),
        ({"draw_reference": True}, MethodError, "cannot be drawn"),
        ({"at": 21}, MethodError, "No age band begins at 21"),
        ({"ax": "guess"}, MethodError, "does not exist"),
        ({"rate": "hazard"}, DataError, "Column `hazard` is missing"),
    ],
)
def test_impossible_options_are_refused(options, error, message):
    for estimator in (life_expectancy_gap, life_expectancy_gap_by_age):
        with pytest.raises(error, match=message):
            estimator(GROUP, COUNTRY, **{**AT, **options})


def test_bands_and_groups_must_be_the_same_on_both_sides():
    with pytest.raises(DataError, match="age bands of the reference are not those"):
        life_expectancy_gap(GROUP, COUNTRY.iloc[1:], **AT)
    with pytest.raises(DataError, match="groups of the reference"):
        life_expectancy_gap(GROUP.assign(sex="m"), COUNTRY.assign(sex="f"), **AT, by="sex")
    with pytest.raises(DataError, match="last age band ends"):
        life_expectancy_gap(GROUP.iloc[:4], COUNTRY.iloc[:4], **AT)
    with pytest.raises(DataError, match="below zero"):
        life_expectancy_gap(GROUP.assign(deaths=-1), COUNTRY, **AT)


FINE = pd.DataFrame({"age_from": np.arange(20, 90, 5.0), "age_to": [*np.arange(25, 90, 5.0), np.nan]})
FINE_RATES = 0.0004 * np.exp(0.085 * (FINE["age_from"].to_numpy() - 20))
FINE_YEARS = np.array([300, 900, 1500, 1900, 2000, 1900, 1500, 900, 550, 320, 170, 80, 28, 0.0])
FINE_COUNTRY = FINE.assign(rate=FINE_RATES)
BROAD = (20, 30, 45, 60)


def test_a_group_that_dies_as_the_reference_has_no_gap_and_no_contributions():
    group = FINE.assign(person_years=FINE_YEARS, deaths=FINE_RATES * FINE_YEARS)
    gap = check_estimates(life_expectancy_gap(group, FINE_COUNTRY, rate="rate", at=(20, 45), ratio_groups=BROAD))
    assert gap["estimate"].tolist() == pytest.approx([0, 0], abs=1e-12)
    assert (gap["lower"] < -0.2).all()
    assert (gap["upper"] > 0.2).all()
    assert "ratio constant from 20, 30, 45, 60" in gap["method"][0]
    ages = life_expectancy_gap_by_age(group, FINE_COUNTRY, rate="rate", at=20, ratio_groups=BROAD)
    assert np.abs(ages["estimate"]).max() < 1e-12


@pytest.mark.parametrize("estimator", [life_expectancy_gap, life_expectancy_gap_by_age])
@pytest.mark.parametrize("both", [False, True])
def test_with_each_band_a_group_of_its_own_nothing_changes(estimator, both):
    country = BANDS.assign(person_years=1e4, deaths=RATES * 1e4)
    options = {"at": 20, "draw_reference": both, "draws": 1000}
    plain = estimator(GROUP, country, **options)
    grouped = estimator(GROUP, country, **options, ratio_groups=BANDS["age_from"].tolist())
    columns = ["estimate", "lower", "upper", "standard_error"]
    assert np.abs(plain[columns].to_numpy() - grouped[columns].to_numpy()).max() < 1e-9


def test_rates_within_a_group_are_the_reference_times_its_observed_ratio():
    rates = drawn_ratio_rates(
        np.array([3.0, 0, 8, 2]),
        np.array([100.0, 50, 0, 10]),
        np.array([[0.01, 0.02, 0.1, 0.2]]),
        [0, 2],
        draws=5,
        random=np.random.default_rng(2),
    )
    ratios = rates / [0.01, 0.02, 0.1, 0.2]
    assert ratios[0].tolist() == pytest.approx([1.5, 1.5, 5, 5])
    assert np.allclose(ratios[:, 0], ratios[:, 1])
    assert np.allclose(ratios[:, 2], ratios[:, 3])
    assert len(np.unique(ratios[1:, 0])) == 5


def test_a_group_without_deaths_adds_to_the_width_and_a_band_without_person_years_does_no_harm():
    deaths = np.array([0, 0, 9, 13, 19, 12, 18, 16, 7, 7, 6, 5, 3, 0])
    group = FINE.assign(person_years=FINE_YEARS, deaths=deaths)
    ages = life_expectancy_gap_by_age(group, FINE_COUNTRY, rate="rate", at=20, ratio_groups=BROAD)
    assert (ages["estimate"][:2] > 0).all()
    assert (ages["upper"][:2] - ages["lower"][:2] > 0.05).all()
    gap = life_expectancy_gap(group, FINE_COUNTRY, rate="rate", at=20, ratio_groups=BROAD).loc[0]
    assert gap["lower"] < gap["estimate"] < gap["upper"]
    assert ages["estimate"].sum() == pytest.approx(gap["estimate"])
    nobody = group.assign(deaths=np.where(FINE["age_from"] < 60, deaths, 0))
    none = life_expectancy_gap(nobody, FINE_COUNTRY, rate="rate", at=20, ratio_groups=BROAD)
    assert none["note"].tolist() == [notes.NO_DEATHS_IN_LAST_BAND]


def coverage_and_error(ratio_groups, cohorts=400):
    """Share of intervals that hold the truth, and mean error of the middle of the interval, in many narrow bands."""
    years = np.maximum(FINE_YEARS, 12.0) / 4
    random, rates = np.random.default_rng(11), FINE_RATES * np.repeat([12, 7, 4, 1.7], [2, 3, 3, 6])
    width = np.append(np.full(13, 5.0), np.inf)
    truth = gap_draws(rates[None], FINE_RATES[None], FINE["age_from"].to_numpy(), width)[0, 0]
    held, middle = [], []
    for seed in range(cohorts):
        deaths = random.poisson(rates * years)
        if ratio_groups is None and deaths[-1] == 0:
            deaths[-1] = 1  # the plain method has no value without
        group = FINE.assign(person_years=years, deaths=deaths)
        options = {"rate": "rate", "at": 20, "draws": 1000, "seed": seed, "ratio_groups": ratio_groups}
        row = life_expectancy_gap(group, FINE_COUNTRY, **options).loc[0]
        held.append(row["lower"] <= truth <= row["upper"])
        middle.append((row["lower"] + row["upper"]) / 2 - truth)
    return np.mean(held), np.mean(middle)


def test_with_few_deaths_over_many_bands_groups_keep_coverage_and_lessen_the_pull_of_the_prior():
    held, middle = coverage_and_error(BROAD)
    assert 0.92 <= held <= 0.98
    assert abs(middle) < abs(coverage_and_error(None, 100)[1]) / 2


@pytest.mark.parametrize("estimator", [life_expectancy_gap, life_expectancy_gap_by_age])
@pytest.mark.parametrize(
    ("groups", "error", "message"),
    [
        ((30, 45), MethodError, "no higher than the first band"),
        ((20, 45, 30), MethodError, "from low to high"),
        ((), MethodError, "from low to high"),
        ((20, 33), MethodError, "No age band begins at 33"),
        ((20, 85), DataError, "No deaths are expected in 1 of the ratio groups, the first from 85"),
    ],
)
def test_impossible_groups_are_refused(estimator, groups, error, message):
    group = FINE.assign(person_years=FINE_YEARS, deaths=5 * (FINE_YEARS > 0))
    with pytest.raises(error, match=message):
        estimator(group, FINE_COUNTRY, rate="rate", at=20, ratio_groups=groups)
    with pytest.raises(DataError, match="deaths in 1 age bands without person-years"):
        estimator(group.assign(deaths=1), FINE_COUNTRY, rate="rate", at=20, ratio_groups=BROAD)
    beyond = estimator(GROUP, COUNTRY, **AT, ratio_groups=(0, 45, 90))
    assert beyond["estimate"].notna().all()
