import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.errors import DataError, MethodError
from analysis.estimates import check_estimates
from analysis.measures.life_tables.healthy_life_expectancy import healthy_life_expectancy
from analysis.measures.life_tables.life_expectancy import life_expectancy, suppress_imprecise

BANDS = pd.DataFrame(
    {
        "age_from": [0, 1, 20, 65, 85],
        "age_to": [1, 20, 65, 85, None],
        "deaths": [4, 3, 120, 600, 300],
        "person_years": [1000.0, 19000.0, 45000.0, 15000.0, 1500.0],
    }
)
COLUMNS = ["estimate", "lower", "upper"]


def test_result_has_the_shape_of_results_for_every_population_age_and_level():
    areas = pd.concat([BANDS.assign(area=name) for name in ("b", "a")])
    result = check_estimates(life_expectancy(areas, by="area", at=(0, 65), level=(0.95, 0.998)))
    assert result["area"].tolist() == ["a", "a", "b", "b"] * 2
    assert result["age"].tolist() == [0, 65] * 4
    assert result["level"].tolist() == [0.95] * 4 + [0.998] * 4
    assert result["deaths"].unique().tolist() == [1027]
    assert (result["note"] == "").all()


def test_many_populations_in_one_call_equal_one_by_one():
    rng = np.random.default_rng(8)
    areas = pd.concat(
        [BANDS.assign(area=name, deaths=rng.poisson(BANDS["deaths"])) for name in range(20)], ignore_index=True
    )
    together = life_expectancy(areas, by="area", at=(0, 20, 85))
    alone = pd.concat([life_expectancy(areas[areas["area"] == name], at=(0, 20, 85)) for name in range(20)])
    np.testing.assert_allclose(together[COLUMNS], alone[COLUMNS], rtol=1e-13)


@settings(deadline=None, max_examples=30)
@given(st.permutations(range(5)), st.integers(2, 30))
def test_order_does_not_matter_and_more_data_narrow_the_interval(order, times):
    one = life_expectancy(BANDS).loc[0]
    same = life_expectancy(BANDS.iloc[order]).loc[0]
    more = life_expectancy(BANDS.assign(deaths=BANDS["deaths"] * times, person_years=BANDS["person_years"] * times))
    assert same[COLUMNS].tolist() == one[COLUMNS].tolist()
    assert more.loc[0, "estimate"] == pytest.approx(one["estimate"])
    assert more.loc[0, "standard_error"] == pytest.approx(one["standard_error"] / times**0.5)


@pytest.mark.parametrize("ax", ["constant hazard", "midpoint"])
@pytest.mark.parametrize("age", [0, 65, 85])
def test_variance_equals_the_delta_method_by_finite_differences(ax, age):
    """Chiang: var(q) = q^2 (1 - q) / D; in rates that is var(m) = (q / (dq/dm))^2 (1 - q) / D."""
    result = life_expectancy(BANDS, at=age, ax=ax).loc[0]
    rates = (BANDS["deaths"] / BANDS["person_years"]).to_numpy()
    width = np.array([1, 19, 45, 20, np.inf])
    width[-1] = 1e3  # open: not used
    mean = width / 2 if ax == "midpoint" else 1 / rates - width / np.expm1(rates * width)
    risk = width * rates / (1 + (width - mean) * rates)

    def expectancy(q, last):
        beyond = 1 / last
        for band in range(3, -1, -1):
            beyond = width[band] - q[band] * (width[band] - mean[band]) + (1 - q[band]) * beyond
            if BANDS["age_from"][band] == age:
                break
        return beyond

    variance, step = 0.0, 1e-6
    for band in range(4):
        moved = risk.copy()
        moved[band] += step
        slope = (expectancy(moved, rates[-1]) - expectancy(risk, rates[-1])) / step
        variance += slope**2 * risk[band] ** 2 * (1 - risk[band]) / BANDS["deaths"][band] if age < 85 else 0.0
    slope = (
        (expectancy(risk, rates[-1] + step) - expectancy(risk, rates[-1])) / step if age < 85 else -(rates[-1] ** -2)
    )
    variance += slope**2 * rates[-1] ** 2 / 300
    assert result["standard_error"] == pytest.approx(variance**0.5, rel=1e-4)


def test_any_bands_will_do_where_a_peer_needs_exactly_twenty():
    """The English health agency's function refuses nineteen bands and gives nothing under 5,000 persons."""
    start = np.array([0, 1, *range(5, 90, 5)])
    rates = np.where(start == 0, 0.004, 1e-4 * np.exp(0.09 * start))
    nineteen = pd.DataFrame(
        {"age_from": start, "age_to": [*start[1:], None], "deaths": rates * 1e6, "person_years": 1e6}
    )
    fine = pd.DataFrame({"age_from": range(86), "age_to": [*range(1, 86), None], "person_years": 1e6})
    fine["deaths"] = [rates[np.searchsorted(start, age, side="right") - 1] * 1e6 for age in range(86)]
    assert len(nineteen) == 19
    assert life_expectancy(nineteen).loc[0, "estimate"] == pytest.approx(life_expectancy(fine).loc[0, "estimate"])
    small = life_expectancy(nineteen.assign(deaths=nineteen["deaths"] / 1e4, person_years=100)).loc[0]
    assert small["person_years"] < 5000
    assert small["lower"] < small["estimate"] < small["upper"]


def test_suppression_is_asked_for_and_says_so():
    result = life_expectancy(BANDS)
    assert suppress_imprecise(result).equals(result)
    few = suppress_imprecise(result, minimum_person_years=1e6)
    assert few[COLUMNS].isna().all(axis=None)
    assert few["note"].tolist() == ["not shown: too few person-years"]
    both = suppress_imprecise(result, minimum_person_years=1e6, maximum_width=0.1)
    assert both["note"].tolist() == ["not shown: too few person-years; not shown: interval too wide"]
    assert suppress_imprecise(result, minimum_person_years=5000, maximum_width=20).equals(result)


def test_a_band_without_deaths_counts_as_survival_and_is_noted():
    result = life_expectancy(BANDS.assign(deaths=[4, 0, 120, 600, 300]), at=(0, 20))
    assert result["note"].tolist() == ["no deaths in some age bands: they add nothing to the width of the interval", ""]
    assert result.loc[0, "estimate"] > life_expectancy(BANDS).loc[0, "estimate"]
    assert result.loc[0, "lower"] < result.loc[0, "estimate"]


def test_no_deaths_in_the_last_band_leave_life_expectancy_undefined_with_a_note():
    areas = pd.concat([BANDS.assign(area="a", deaths=[4, 3, 120, 600, 0]), BANDS.assign(area="b")])
    result = life_expectancy(areas, by="area", at=(0, 85))
    assert result[COLUMNS].isna().all(axis=1).tolist() == [True, True, False, False]
    assert result["note"].str.startswith("no deaths in the open last band").tolist() == [True, True, False, False]
    until = life_expectancy(areas, by="area", until=85)
    assert until["estimate"].notna().all()


def test_years_until_an_age_are_the_difference_of_two_remainders():
    result = life_expectancy(BANDS, at=(0, 20), until=65)
    whole = life_expectancy(BANDS, at=(0, 20, 65))["estimate"]
    rates = BANDS["deaths"] / BANDS["person_years"]
    survive = np.exp(-np.array([rates[0] + 19 * rates[1] + 45 * rates[2], 45 * rates[2]]))
    np.testing.assert_allclose(result["estimate"], whole[:2] - survive * whole[2], rtol=1e-12)


def test_a_closed_last_band_is_an_error_unless_counting_stops_there():
    closed = BANDS.fillna({"age_to": 100})
    with pytest.raises(DataError, match=r"The last age band ends at 100, .* until=100"):
        life_expectancy(closed)
    assert life_expectancy(closed, until=100).loc[0, "estimate"] > 60
    with pytest.raises(MethodError, match=r"No age band ends at until=70"):
        life_expectancy(BANDS, until=70)
    with pytest.raises(MethodError, match=r"cannot be counted from 65"):
        life_expectancy(BANDS, at=65, until=65)


def test_an_age_within_a_band_is_an_error():
    with pytest.raises(MethodError, match=r"No age band begins at 30, .* bands begin at 0, 1, 20, 65, 85"):
        life_expectancy(BANDS, at=30)


def test_rates_without_counts_have_no_interval_and_say_so():
    rates = BANDS.assign(rate=BANDS["deaths"] / BANDS["person_years"])[["age_from", "age_to", "rate"]]
    result = life_expectancy(rates, rate="rate").loc[0]
    assert result["estimate"] == pytest.approx(life_expectancy(BANDS).loc[0, "estimate"])
    assert np.isnan(result["lower"])
    assert result["note"] == "no interval: rates without counts"


def test_a_capped_rate_is_noted():
    result = life_expectancy(BANDS.assign(deaths=[4, 3, 120, 1800, 300]), ax="midpoint", at=(0, 85))
    assert result["note"].str.contains("so high that everybody dies").tolist() == [True, False]


# Made-up truth: Gompertz rates in twenty bands; 4,000 populations of each size.
START = np.array([0, 1, *range(5, 95, 5)])
TRUE_RATES = np.where(START == 0, 0.004, 2e-4 * np.exp(0.08 * START))
TRUE_HEALTHY = 0.97 - 0.006 * START


def populations(person_years, draws, rng):
    table = pd.DataFrame(
        {
            "area": np.repeat(np.arange(draws), 20),
            "age_from": np.tile(START, draws),
            "age_to": np.tile([*START[1:], np.nan], draws),
        }
    )
    shares = np.array([0.2, 0.8, *[1.0] * 12, 0.9, 0.8, 0.6, 0.4, 0.25, 0.15])
    table["person_years"] = np.tile(person_years * shares / shares.sum(), draws)
    table["deaths"] = rng.poisson(np.tile(TRUE_RATES, draws) * table["person_years"])
    table["sample"] = 60
    table["proportion"] = rng.binomial(60, np.tile(TRUE_HEALTHY, draws)) / 60
    return table


@pytest.mark.slow
@pytest.mark.parametrize("person_years", [10_000, 50_000, 200_000])
def test_intervals_cover_the_truth_as_often_as_they_promise(person_years):
    table = populations(person_years, 4000, np.random.default_rng(2026))
    truth = populations(1e9, 1, np.random.default_rng(0)).assign(
        deaths=lambda t: TRUE_RATES * t["person_years"], proportion=TRUE_HEALTHY
    )
    for estimator in (life_expectancy, healthy_life_expectancy):
        expected = estimator(truth, at=(0, 65))["estimate"].to_numpy()
        found = estimator(table, by="area", at=(0, 65)).dropna(subset="estimate")
        value = np.where(found["age"] == 0, expected[0], expected[1])
        covered = ((found["lower"] <= value) & (value <= found["upper"])).groupby(found["age"]).mean()
        assert covered.between(0.93, 0.97).all(), (estimator.__name__, person_years, covered.to_dict())


@pytest.mark.parametrize("at", [None, "65", (), [0, None], np.nan, True, [0, "x"]])
def test_an_age_that_is_no_number_is_an_error(at):
    for estimator in (life_expectancy, lambda table, at: healthy_life_expectancy(table, at=at, sample=None)):
        with pytest.raises(MethodError, match=r"`at`"):
            estimator(BANDS.assign(proportion=0.5), at=at)


@pytest.mark.parametrize("until", ["x", np.nan, np.inf, (65,)])
def test_an_end_that_is_no_age_is_an_error(until):
    with pytest.raises(MethodError, match=r"`until` is"):
        life_expectancy(BANDS, until=until)


def test_ages_may_be_numbers_of_any_kind():
    plain = life_expectancy(BANDS, at=0)
    for at in (np.int64(0), 0.0, np.array([0]), range(1)):
        assert life_expectancy(BANDS, at=at)["estimate"].tolist() == plain["estimate"].tolist()


@pytest.mark.parametrize(
    ("deaths", "person_years", "life"), [(1e12, 1.0, "less than a minute"), (1.0, 1e12, "more than a million years")]
)
def test_a_life_that_nobody_can_have_is_an_error(deaths, person_years, life):
    table = BANDS.assign(
        deaths=[*BANDS["deaths"].iloc[:-1], deaths], person_years=[*BANDS["person_years"].iloc[:-1], person_years]
    )
    message = rf"impossible in 1 age bands, the first in the band from {BANDS['age_from'].iloc[-1]}.*{life}"
    with pytest.raises(DataError, match=message):
        life_expectancy(table)
    with pytest.raises(DataError, match=message):
        life_expectancy(table.assign(rate=table["deaths"] / table["person_years"]), rate="rate")
