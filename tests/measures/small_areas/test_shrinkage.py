import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.stats import betabinom, nbinom

from analysis.errors import DataError, MethodError
from analysis.estimates import check_estimates
from analysis.measures.small_areas.shrinkage import MODELS, shrunken_proportions, shrunken_rates

AREAS = st.lists(st.tuples(st.integers(0, 40), st.floats(1, 500)), min_size=3, max_size=12)


def areas(rows):
    return pd.DataFrame(rows, columns=["deaths", "person_years"])


@settings(deadline=None, max_examples=50)
@given(AREAS, st.sampled_from(list(MODELS)))
def test_estimates_lie_between_the_own_and_the_common_rate(rows, method):
    found = check_estimates(shrunken_rates(areas(rows), method=method))
    low, high = found[["crude", "mean"]].min(axis=1), found[["crude", "mean"]].max(axis=1)
    assert (found["estimate"] >= low - 1e-9).all()
    assert (found["estimate"] <= high + 1e-9).all()
    own = found["reliability"] * found["crude"] + (1 - found["reliability"]) * found["mean"]
    np.testing.assert_allclose(found["estimate"], own, rtol=1e-8, atol=1e-12)


@settings(deadline=None, max_examples=30)
@given(AREAS, st.sampled_from(list(MODELS)), st.floats(0.01, 100))
def test_order_and_unit_of_time_carry_over(rows, method, unit):
    table = areas(rows)
    one = shrunken_rates(table, method=method)
    turned = shrunken_rates(table.iloc[::-1], method=method).iloc[::-1]
    scaled = shrunken_rates(table.assign(person_years=table["person_years"] * unit), method=method)
    np.testing.assert_allclose(turned["estimate"], one["estimate"], rtol=1e-3)
    np.testing.assert_allclose(scaled["estimate"] * unit, one["estimate"], rtol=1e-3)


def test_the_fits_are_the_tops_of_the_negative_binomial_and_beta_binomial_likelihoods():
    random = np.random.default_rng(5)
    size = random.uniform(50, 900, 80)
    table = pd.DataFrame({"deaths": random.poisson(random.gamma(6, 0.01, 80) * size), "person_years": size})
    found = shrunken_rates(table).loc[0]
    shape = found["mean"] ** 2 / found["between_variance"]

    def rates(values):
        mean, size_of = np.exp(values)
        return -nbinom.logpmf(table["deaths"], size_of, size_of / (size_of + mean * size)).sum()

    best = minimize(rates, [np.log(0.05), 1.0], method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-10})
    assert (np.log(found["mean"]), np.log(shape)) == pytest.approx(tuple(best.x), rel=1e-5)
    total = random.integers(20, 300, 80)
    binary = pd.DataFrame({"events": random.binomial(total, random.beta(3, 9, 80)), "total": total})
    found = shrunken_proportions(binary).loc[0]
    precision = found["mean"] * (1 - found["mean"]) / found["between_variance"] - 1

    def shares(values):
        one, other = np.exp(values)
        return -betabinom.logpmf(binary["events"], total, one, other).sum()

    best = np.exp(minimize(shares, [1.0, 2.0], method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-10}).x)
    assert (found["mean"], precision) == pytest.approx((best[0] / best.sum(), best.sum()), rel=1e-5)


@pytest.mark.parametrize("method", MODELS)
def test_intervals_cover_the_true_rates_of_many_areas(method):
    random = np.random.default_rng(8)
    size, rate = random.uniform(100, 5000, 4000), random.gamma(20, 0.0005, 4000)
    table = pd.DataFrame({"deaths": random.poisson(rate * size), "person_years": size})
    found = shrunken_rates(table, method=method)
    assert 0.93 < np.mean((found["lower"] < rate) & (rate < found["upper"])) < 0.97
    share = random.beta(4, 12, 4000)
    total = random.integers(20, 900, 4000)
    binary = pd.DataFrame({"events": random.binomial(total, share), "total": total})
    found = shrunken_proportions(binary, method=method)
    assert 0.93 < np.mean((found["lower"] < share) & (share < found["upper"])) < 0.97


def test_areas_without_people_events_or_company_say_so():
    table = areas([(3, 100.0), (30, 200.0), (0, 0.0), (9, 400.0)])
    found = shrunken_rates(table)
    assert found.loc[2, "estimate"] == pytest.approx(found.loc[2, "mean"])
    assert "nobody observed" in found.loc[2, "note"]
    assert found.loc[0, "note"] == ""
    assert "no events" in shrunken_rates(areas([(0, 5.0), (0, 9.0)])).loc[0, "note"]
    assert "one area" in shrunken_rates(areas([(4, 5.0)])).loc[0, "note"]
    assert "no observations" in shrunken_rates(areas([(0, 0.0)])).loc[0, "note"]
    alike = shrunken_rates(areas([(10, 100.0)] * 5))
    assert alike["estimate"].tolist() == pytest.approx([0.1] * 5)
    assert "by chance" in alike.loc[0, "note"]


def test_sets_are_apart_and_levels_together():
    table = pd.concat([areas([(3, 100.0), (30, 200.0)]).assign(sex="f"), areas([(9, 400.0), (1, 9.0)]).assign(sex="m")])
    found = shrunken_rates(table, by="sex", level=(0.8, 0.95))
    assert len(found) == 8
    assert found["mean"].nunique() == 2


def test_bad_input_is_an_error():
    with pytest.raises(DataError, match=r"below zero"):
        shrunken_rates(areas([(-1, 100.0)]))
    with pytest.raises(DataError, match=r"exceeds `total`"):
        shrunken_proportions(pd.DataFrame({"events": [3], "total": [2]}))
    with pytest.raises(MethodError, match=r"Did you mean 'moments'"):
        shrunken_rates(areas([(1, 100.0)]), method="moment")


def test_the_mean_of_a_very_skewed_posterior_stays_inside_its_interval():
    found = check_estimates(shrunken_rates(areas([(0, 1.0), (0, 184.0), (2, 1.0)]), method="moments"))
    assert (found["upper"] >= found["estimate"]).all()
