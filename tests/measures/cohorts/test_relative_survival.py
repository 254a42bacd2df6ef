import math
import warnings

import numpy as np
import pandas as pd
import pytest

from analysis.errors import DataError, MethodError
from analysis.estimates import check_estimates
from analysis.measures.cohorts.relative_survival import relative_survival

METHODS = ["ederer2", "pohar-perme"]
FLAT = pd.DataFrame({"age_from": [0], "rate": [0.5]})
BY_AGE = pd.DataFrame({"age_from": range(0, 120)})
BY_AGE["rate"] = 5e-5 * np.exp(0.095 * BY_AGE["age_from"])
YEARLY = np.arange(6)


def simulated(size, excess, seed, *, by_age=True):
    """Persons of 55 to 85 who die of the population's causes (a line by line rate) or of an excess hazard."""
    rng = np.random.default_rng(seed)
    age, entry = rng.uniform(55, 85, size), rng.uniform(2000, 2001, size)
    population = BY_AGE["rate"].to_numpy() if by_age else np.full(120, 0.5)
    whole = np.floor(age).astype(int)
    threshold, natural = rng.exponential(size=size), np.full(size, np.inf)
    hazard, time = np.zeros(size), np.zeros(size)
    for step in range(12):
        rate = population[np.minimum(whole + step, 119)]
        length = np.where(step == 0, whole + 1 - age, 1.0)
        reached = np.isinf(natural) & (hazard + rate * length >= threshold)
        natural[reached] = (time + (threshold - hazard) / rate)[reached]
        hazard, time = hazard + rate * length, time + length
    death = np.minimum(natural, rng.exponential(1 / np.where(age > 70, 2 * excess, excess)))
    end = rng.uniform(3, 8, size)
    follow_up = np.minimum(death, end)
    columns = {"birth": entry - age, "entry": entry, "exit": entry + follow_up, "event": (death <= end).astype(int)}
    return pd.DataFrame(columns), float(np.mean(np.exp(-5 * np.where(age > 70, 2 * excess, excess))))


def test_two_persons_by_hand():
    """One dies after 0.6 year, one lives through the year, both at a population rate of 0.5."""
    cohort = pd.DataFrame({"birth": [1950.0] * 2, "entry": [2000.0] * 2, "exit": [2000.6, 2001.0], "event": [1, 0]})
    relative = relative_survival(cohort, FLAT, breaks=[0, 1], strata=(), method="ederer2").loc[0]
    assert relative["estimate"] == pytest.approx(math.exp(-(1 - 0.8) / 1.6))
    assert relative["standard_error"] == pytest.approx(1 / 1.6)
    net = relative_survival(cohort, FLAT, breaks=[0, 1], strata=(), method="pohar-perme").loc[0]
    years = (math.exp(0.3) - 1) / 0.5 + (math.exp(0.5) - 1) / 0.5
    assert net["estimate"] == pytest.approx(math.exp(-(math.exp(0.3) - 0.5 * years) / years))
    assert net["standard_error"] == pytest.approx(math.exp(0.3) / years)


@pytest.mark.parametrize("method", METHODS)
def test_a_cohort_that_dies_as_the_population_has_survival_of_about_one(method):
    cohort, _ = simulated(20_000, 1e-9, 1)
    result = check_estimates(relative_survival(cohort, BY_AGE, breaks=YEARLY, strata=(), method=method))
    assert result["estimate"].to_numpy() == pytest.approx(np.ones(5), abs=0.015)


def test_pohar_perme_finds_the_net_survival_where_ederer2_is_biased():
    cohort, truth = simulated(60_000, 0.1, 2)
    monthly = np.arange(61) / 12
    net = relative_survival(cohort, BY_AGE, breaks=monthly, strata=()).iloc[-1]
    relative = relative_survival(cohort, BY_AGE, breaks=monthly, strata=(), method="ederer2").iloc[-1]
    assert net["lower"] < truth < net["upper"]
    assert relative["lower"] > truth


@pytest.mark.parametrize("method", METHODS)
def test_without_population_mortality_it_is_the_cumulative_hazard_of_the_cohort(method):
    cohort, _ = simulated(500, 0.1, 3)
    result = relative_survival(cohort, FLAT.assign(rate=0.0), breaks=YEARLY, strata=(), method=method)
    assert result["cumulative_excess"].to_numpy() == pytest.approx(np.cumsum(result["deaths"] / result["at_risk"]))


@pytest.mark.parametrize("method", METHODS)
def test_order_of_persons_and_finer_rate_bands_change_nothing(method):
    cohort, _ = simulated(300, 0.1, 4)
    coarse = pd.DataFrame({"age_from": [0, 60, 75], "rate": [0.01, 0.02, 0.06]})
    fine = pd.DataFrame({"age_from": np.arange(0, 120, 0.5)})
    fine["rate"] = np.select([fine["age_from"] < 60, fine["age_from"] < 75], [0.01, 0.02], 0.06)
    one = relative_survival(cohort, coarse, breaks=YEARLY, strata=(), method=method)
    two = relative_survival(cohort.sample(frac=1, random_state=1), fine, breaks=YEARLY, strata=(), method=method)
    np.testing.assert_allclose(one[["estimate", "lower"]], two[["estimate", "lower"]], rtol=1e-10)


def test_groups_levels_and_strata():
    cohort, _ = simulated(400, 0.1, 5)
    cohort = cohort.assign(sex=np.where(np.arange(400) % 2, "male", "female"), stage=np.arange(400) % 3)
    rates = pd.concat([BY_AGE.assign(sex="male"), BY_AGE.assign(sex="female")])
    result = relative_survival(cohort, rates, breaks=YEARLY, by="stage", level=(0.95, 0.99))
    assert len(result) == 3 * 5 * 2
    alone = relative_survival(cohort[cohort["stage"] == 1], rates, breaks=YEARLY)
    both = result[(result["stage"] == 1) & (result["level"] == 0.95)]
    np.testing.assert_allclose(both["estimate"], alone["estimate"], rtol=1e-12)


def test_nobody_at_risk_keeps_the_last_value_with_a_note():
    cohort = pd.DataFrame({"birth": [1950.0] * 2, "entry": [2000.0] * 2, "exit": [2000.6, 2001.0], "event": [1, 0]})
    result = relative_survival(cohort, FLAT, breaks=[0, 1, 2], strata=())
    assert result["note"].tolist() == ["", "nobody at risk any more: the value of the interval before"]
    assert result["estimate"].iloc[0] == result["estimate"].iloc[1]


COHORT, _ = simulated(50, 0.1, 6)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (
            {"cohort": COHORT.assign(exit=1990.0)},
            DataError,
            r"50 persons have `entry` after `exit`, the first in row 0",
        ),
        ({"cohort": COHORT.assign(birth=2010.0)}, DataError, r"50 persons have `birth` after `entry`"),
        ({"cohort": COHORT.assign(event=2)}, DataError, r"50 values that are neither 0 nor 1"),
        ({"cohort": COHORT.assign(entry=np.nan)}, DataError, r"`entry` of the cohort has 50 missing values"),
        ({"cohort": COHORT.head(0)}, DataError, r"no rows"),
        ({"rates": BY_AGE[BY_AGE["age_from"] > 89]}, DataError, r"outside the ages of the rate table, .* 90 to inf"),
        ({"method": "ederer1"}, MethodError, r"Did you mean 'ederer2'"),
        ({"breaks": [0, 2, 1]}, MethodError, r"`breaks` must be"),
        ({"interval": "log-log"}, MethodError, r"`interval` is 'log-log'"),
    ],
)
def test_impossible_input_is_an_error(change, error, message):
    with pytest.raises(error, match=message):
        relative_survival(**{"cohort": COHORT, "rates": BY_AGE, "breaks": YEARLY, "strata": (), **change})


@pytest.mark.parametrize("method", METHODS)
def test_rates_at_which_nobody_is_left_are_refused_with_count_and_row(method):
    cohort = COHORT.set_axis([f"person {row}" for row in range(50)])
    dead = int((cohort["exit"] - cohort["entry"] > 0.69).sum())
    with pytest.raises(
        MethodError, match=r"add up to more than 69 .* of \d+ persons, the first in row person "
    ) as found:
        relative_survival(cohort, FLAT.assign(rate=100.0), breaks=[0, 1], strata=(), method=method)
    assert f"of {dead} persons" in str(found.value)
    few = cohort.assign(exit=cohort["entry"] + 0.6)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = relative_survival(few, FLAT.assign(rate=100.0), breaks=[0, 1], strata=(), method=method)
    assert np.isfinite(result["estimate"]).all()


@pytest.mark.parametrize("method", METHODS)
def test_a_limit_beyond_computing_is_infinite_with_a_note(method):
    alone = pd.DataFrame({"birth": [1950.0], "entry": [2000.0], "exit": [2000.0 + 1e-6], "event": [1]})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = relative_survival(alone, FLAT, breaks=[0, 1], strata=(), method=method).loc[0]
    assert (result["estimate"], result["upper"]) == (0, np.inf)
    assert "infinite" in result["note"]


def test_problems_are_told_by_the_label_of_the_row():
    cohort = COHORT.set_axis([f"person {row}" for row in range(50)])
    options = {"breaks": YEARLY, "strata": ()}
    for wrong, message in (
        (cohort.assign(exit=1990.0), r"`entry` after `exit`, the first in row person 0 "),
        (cohort.assign(event=2), r"neither 0 nor 1, the first in row person 0\."),
        (
            cohort.assign(birth=cohort["birth"].astype(object).where(cohort.index != "person 3", "x")),
            r"row person 3 \('x'\)",
        ),
    ):
        with pytest.raises(DataError, match=message):
            relative_survival(wrong, BY_AGE, **options)
    with pytest.raises(DataError, match=r"outside the ages of the rate table, .* the first is row person 0:"):
        relative_survival(cohort, BY_AGE[BY_AGE["age_from"] > 89], **options)
