import itertools

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from analysis.errors import MethodError
from analysis.estimates import check_estimates
from analysis.measures.decomposition.shapley import shapley_shares, shapley_values

RNG = np.random.default_rng(5)
PEOPLE = pd.DataFrame(RNG.normal(size=(200, 4)), columns=["a", "b", "c", "d"])
PEOPLE["b"] += PEOPLE["a"]
PEOPLE["y"] = PEOPLE["a"] + 0.5 * PEOPLE["b"] - 0.3 * PEOPLE["c"] + RNG.normal(size=200)


def r_squared(names):
    return sm.OLS(PEOPLE["y"], sm.add_constant(PEOPLE[list(names)])).fit().rsquared if names else 0.0


def test_shares_are_the_mean_over_all_orders_of_entry():
    names = ["a", "b", "c", "d"]
    gains = dict.fromkeys(names, 0.0)
    orders = list(itertools.permutations(names))
    worth = {subset: r_squared(subset) for size in range(5) for subset in itertools.combinations(names, size)}
    for order in orders:
        for place, name in enumerate(order):
            before, after = tuple(sorted(order[:place])), tuple(sorted(order[: place + 1]))
            gains[name] += (worth[after] - worth[before]) / len(orders)
    result = check_estimates(shapley_shares(PEOPLE, outcome="y", regressors=names, draws=20)).set_index("regressor")
    for name in names:
        assert result.loc[name, "estimate"] == pytest.approx(gains[name], rel=1e-9)
    assert result.loc["total", "estimate"] == pytest.approx(r_squared(names), rel=1e-9)
    assert result["share"].drop("total").sum() == pytest.approx(1)


def test_groups_enter_together_and_order_does_not_matter():
    groups = shapley_shares(PEOPLE, outcome="y", regressors={"ab": ["a", "b"], "c": ["c"]}, draws=10)
    swapped = shapley_shares(PEOPLE, outcome="y", regressors={"c": ["c"], "ab": ["b", "a"]}, draws=10)
    assert groups["estimate"][0] == pytest.approx(swapped["estimate"][1])
    assert groups["estimate"].iloc[-1] == pytest.approx(r_squared(["a", "b", "c"]))


def test_a_player_who_adds_nothing_gets_nothing():
    assert shapley_values(np.array([0.0, 3, 0, 3])).tolist() == [3, 0]


def test_twelve_regressors_are_exact_and_more_than_fourteen_are_refused():
    wide = pd.DataFrame(RNG.normal(size=(60, 15)), columns=[f"x{i}" for i in range(15)]).assign(y=RNG.normal(size=60))
    names = [f"x{i}" for i in range(12)]
    result = shapley_shares(wide, outcome="y", regressors=names, draws=1)
    fit = sm.OLS(wide["y"], sm.add_constant(wide[names])).fit()
    assert result["estimate"].iloc[-1] == pytest.approx(fit.rsquared)
    with pytest.raises(MethodError, match=r"15 regressors or groups"):
        shapley_shares(wide, outcome="y", regressors=[f"x{i}" for i in range(15)])
    with pytest.raises(MethodError, match=r"does not vary"):
        shapley_shares(wide.assign(y=1.0), outcome="y", regressors=names)


def test_shares_per_group_are_those_of_the_group():
    both = pd.concat([PEOPLE.assign(year=2), PEOPLE.head(90).assign(year=1)])
    options = {"outcome": "y", "regressors": ["a", "b"], "draws": 5}
    found = check_estimates(shapley_shares(both, **options, by="year"))
    assert found["year"].tolist() == [1] * 3 + [2] * 3
    np.testing.assert_allclose(found["estimate"][:3], shapley_shares(PEOPLE.head(90), **options)["estimate"])
