"""A closed cohort: people age, leave, die and differ in frailty."""

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.stats import chi2

from analysis.errors import DataError, MethodError
from analysis.measures.cohorts.closed_cohort import (
    expected_closed_cohort,
    mantel_haenszel_rate_ratios,
    simulate_closed_cohorts,
)

HAZARDS = np.array([[0.02, 0.03, 0.05], [0.20, 0.25, 0.30]])
WIDTHS = np.array([0.5, 1.0, 1.0])


def test_without_frailty_and_leaving_survival_is_exponential():
    deaths = expected_closed_cohort([100, 100], HAZARDS, WIDTHS).deaths[0]
    survivors = 100 * np.exp(-(HAZARDS * WIDTHS).sum(axis=1))
    assert 100 - deaths.sum(axis=1) == pytest.approx(survivors)


def test_survival_with_gamma_frailty_is_that_of_vaupel():
    deaths = expected_closed_cohort([100, 100], HAZARDS, WIDTHS, frailty_variance=0.7).deaths[0]
    survivors = 100 * (1 + 0.7 * (HAZARDS * WIDTHS).sum(axis=1)) ** (-1 / 0.7)
    assert 100 - deaths.sum(axis=1) == pytest.approx(survivors)


def test_a_small_variance_is_nearly_no_variance():
    with_little, without = (
        expected_closed_cohort([1000], [[0.1, 0.2]], [1, 1], frailty_variance=variance).deaths
        for variance in (1e-9, 0.0)
    )
    assert with_little == pytest.approx(without)


def test_frailty_lowers_the_rate_as_time_goes_by():
    cohort = expected_closed_cohort([1000], [[0.1] * 10], [1] * 10, frailty_variance=1.0)
    rates = (cohort.deaths / cohort.person_years)[0, 0]
    assert (np.diff(rates) < 0).all()
    assert rates[0] == pytest.approx(0.1, rel=0.06)


def test_everybody_dies_leaves_or_stays():
    cohort = expected_closed_cohort([100], [[0.1, 0.1]], [1, 1], leaving=0.05)
    staying = 100 * np.exp(-2 * 0.15)
    assert cohort.deaths.sum() == pytest.approx((100 - staying) * 0.1 / 0.15)


def test_simulated_people_one_by_one_give_the_same_deaths_and_years():
    # Persons drawn apart: own frailty, own time of death by inverting the cumulative hazard, own time of leaving.
    random = np.random.default_rng(7)
    persons, variance, leaving = 200_000, 0.8, 0.04
    frailty = random.gamma(1 / variance, variance, persons)
    ends, cumulative = np.cumsum(WIDTHS), np.cumsum(HAZARDS[1] * WIDTHS)
    needed = random.exponential(size=persons) / frailty
    death = np.interp(needed, [0, *cumulative], [0, *ends], right=np.inf)
    gone = random.exponential(1 / leaving, persons)
    died = death < gone
    counted = np.histogram(death[died], bins=[0, *ends])[0]
    lived = [
        np.clip(np.minimum(death, gone), start, end).sum() - start * persons
        for start, end in zip([0, *ends[:-1]], ends, strict=True)
    ]
    expected = expected_closed_cohort([persons], HAZARDS[1:], WIDTHS, leaving=leaving, frailty_variance=variance)
    assert counted == pytest.approx(expected.deaths[0, 0], rel=0.015)
    assert np.array(lived) == pytest.approx(expected.person_years[0, 0], rel=0.003)


def test_simulated_cohorts_vary_as_multinomials_around_what_is_expected():
    options = {"leaving": 0.02, "frailty_variance": 0.5}
    drawn = simulate_closed_cohorts([500, 300], HAZARDS, WIDTHS, simulations=4000, seed=3, **options)
    expected = expected_closed_cohort([500, 300], HAZARDS, WIDTHS, **options)
    share = expected.deaths[0] / np.array([[500], [300]])
    spread = np.sqrt(expected.deaths[0] * (1 - share))
    assert np.abs((drawn.deaths.mean(axis=0) - expected.deaths[0]) / spread).max() * np.sqrt(4000) < 4
    assert drawn.deaths.std(axis=0) == pytest.approx(spread, rel=0.05)
    assert drawn.person_years.mean(axis=0) == pytest.approx(expected.person_years[0], rel=0.002)


def test_the_seed_decides_and_nobody_dies_twice():
    first, again, other = (
        simulate_closed_cohorts([20], [[2.0, 2.0]], [1, 1], simulations=50, seed=seed) for seed in (1, 1, 2)
    )
    assert (first.deaths == again.deaths).all()
    assert (first.deaths != other.deaths).any()
    assert first.deaths.sum(axis=(1, 2)).max() <= 20
    assert (first.person_years >= 0).all()


def test_an_empty_stratum_and_a_rate_of_zero_are_allowed():
    drawn = simulate_closed_cohorts([0, 10], [[0.1], [0.0]], [1], simulations=5)
    assert drawn.deaths.sum() == 0
    assert (drawn.person_years[:, :, 0] == [0, 10]).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"persons": [10.5]}, "whole numbers"),
        ({"persons": [-1]}, "number of persons"),
        ({"hazards": [[0.1, 0.1]]}, "shape"),
        ({"hazards": [[np.nan]]}, "death rate"),
        ({"widths": [0]}, "width"),
        ({"frailty_variance": -1}, "frailty variance"),
        ({"leaving": -0.1}, "leaving"),
    ],
)
def test_impossible_designs_are_refused(change, message):
    design = {"persons": [10], "hazards": [[0.1]], "widths": [1]} | change
    with pytest.raises(DataError, match=message):
        simulate_closed_cohorts(**design)


@pytest.mark.parametrize("option", [{"simulations": 0}, {"seed": -1}])
def test_impossible_options_are_refused(option):
    with pytest.raises(MethodError):
        simulate_closed_cohorts([10], [[0.1]], [1], **option)


def test_one_stratum_gives_the_ratio_of_two_rates_and_its_usual_error():
    ratio, error = mantel_haenszel_rate_ratios([[30]], [[1000]], [[20]], [[1500]])
    assert ratio[0] == pytest.approx((30 / 1000) / (20 / 1500))
    assert error[0] == pytest.approx(np.sqrt(1 / 30 + 1 / 20))


def test_strata_of_only_one_period_tell_nothing():
    alone = mantel_haenszel_rate_ratios([[30, 9]], [[1000, 50]], [[20, 0]], [[1500, 0]])
    without = mantel_haenszel_rate_ratios([[30]], [[1000]], [[20]], [[1500]])
    assert [float(part[0]) for part in alone] == pytest.approx([float(part[0]) for part in without])


def test_no_deaths_in_one_period_give_no_ratio_and_no_warning():
    ratio, error = mantel_haenszel_rate_ratios([[0], [3]], [[10], [10]], [[2], [0]], [[10], [10]])
    assert np.isnan(ratio).all()
    assert np.isnan(error).all()


def test_the_interval_covers_the_true_ratio_about_95_times_in_100():
    random = np.random.default_rng(11)
    time, rates = np.array([1000.0, 500.0, 200.0]), np.array([0.02, 0.05, 0.15])
    late, early = random.poisson(0.7 * rates * time, (4000, 3)), random.poisson(rates * time * 1.3, (4000, 3))
    ratio, error = mantel_haenszel_rate_ratios(late, np.tile(time, (4000, 1)), early, np.tile(1.3 * time, (4000, 1)))
    covered = (np.log(ratio / 0.7) / error) ** 2 < chi2.ppf(0.95, 1)
    assert covered.mean() == pytest.approx(0.95, abs=0.012)


def test_the_ratio_is_close_to_that_of_a_poisson_regression():
    # statsmodels: log-linear model with a term for each stratum; another estimator of the same ratio.
    late, early = np.array([12, 30, 41, 25]), np.array([15, 22, 40, 12])
    late_time, early_time = np.array([2000.0, 2500.0, 1500.0, 400.0]), np.array([3000.0, 2200.0, 1200.0, 150.0])
    exposed = np.r_[np.ones(4), np.zeros(4)]
    terms = np.column_stack([exposed, np.tile(np.eye(4), (2, 1))])
    family = sm.families.Poisson()
    model = sm.GLM(np.r_[late, early], terms, family, exposure=np.r_[late_time, early_time]).fit()
    ratio, error = mantel_haenszel_rate_ratios([late], [late_time], [early], [early_time])
    assert np.log(ratio[0]) == pytest.approx(model.params[0], abs=0.02)
    assert error[0] == pytest.approx(model.bse[0], rel=0.02)
