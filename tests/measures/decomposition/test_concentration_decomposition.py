import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.stats import rankdata

from analysis.errors import DataError, MethodError
from analysis.estimates import check_estimates
from analysis.measures.decomposition.concentration_decomposition import concentration_index_decomposition

RNG = np.random.default_rng(12)
N = 400
INCOME = np.round(RNG.gamma(2, 10, N))
PEOPLE = pd.DataFrame(
    {"income": INCOME, "school": RNG.binomial(1, INCOME / (INCOME + 20)), "age": RNG.normal(50, 9, N)}
)
PEOPLE["health"] = 20 + 0.1 * INCOME + 3 * PEOPLE["school"] - 0.1 * PEOPLE["age"] + RNG.normal(size=N)
PEOPLE["weight"] = RNG.integers(1, 4, N)
OPTIONS = {"outcome": "health", "regressors": ["income", "school", "age"], "rank": "income", "draws": 100}


def index_by_hand(values):
    ranks = (rankdata(PEOPLE["income"]) - 0.5) / N
    return 2 * np.cov(values, ranks, ddof=0)[0, 1] / np.mean(values)


def test_contributions_are_elasticity_times_index_and_add_up_to_the_index():
    result = check_estimates(concentration_index_decomposition(PEOPLE, **OPTIONS)).set_index("regressor")
    fit = sm.OLS(PEOPLE["health"], sm.add_constant(PEOPLE[["income", "school", "age"]])).fit()
    for name in ("income", "school", "age"):
        elasticity = fit.params[name] * PEOPLE[name].mean() / PEOPLE["health"].mean()
        assert result.loc[name, "elasticity"] == pytest.approx(elasticity, rel=1e-9)
        assert result.loc[name, "concentration_index"] == pytest.approx(index_by_hand(PEOPLE[name]), rel=1e-9)
        assert result.loc[name, "estimate"] == pytest.approx(elasticity * index_by_hand(PEOPLE[name]), rel=1e-9)
    assert result.loc["total", "estimate"] == pytest.approx(index_by_hand(PEOPLE["health"]), rel=1e-9)
    parts = result["estimate"].drop("total").sum()
    assert parts == pytest.approx(result.loc["total", "estimate"], abs=1e-12)
    assert result.loc["residual", "estimate"] == pytest.approx(
        2 * np.cov(fit.resid, (rankdata(INCOME) - 0.5) / N, ddof=0)[0, 1] / PEOPLE["health"].mean(), abs=1e-10
    )


def test_whole_weights_count_persons_more_than_once():
    often = PEOPLE.loc[PEOPLE.index.repeat(PEOPLE["weight"])]
    one = concentration_index_decomposition(PEOPLE, **OPTIONS, weight="weight")["estimate"]
    np.testing.assert_allclose(
        one, concentration_index_decomposition(often, **OPTIONS)["estimate"], rtol=1e-8, atol=1e-10
    )


def test_the_seed_fixes_the_interval_and_units_do_not_matter():
    one, same = (concentration_index_decomposition(PEOPLE, **OPTIONS, seed=3) for _ in range(2))
    pd.testing.assert_frame_equal(one, same)
    scaled = concentration_index_decomposition(
        PEOPLE.assign(health=PEOPLE["health"] * 7, age=PEOPLE["age"] / 10), **OPTIONS, seed=3
    )
    np.testing.assert_allclose(scaled[["estimate", "lower", "upper"]], one[["estimate", "lower", "upper"]], atol=1e-10)


def test_problems_are_errors():
    with pytest.raises(MethodError, match=r"determine each other"):
        concentration_index_decomposition(PEOPLE.assign(age=2 * PEOPLE["income"]), **OPTIONS)
    with pytest.raises(DataError, match=r"mean zero"):
        concentration_index_decomposition(PEOPLE.assign(health=0.0), **OPTIONS)


def test_a_decomposition_per_group_is_that_of_the_group():
    both = pd.concat([PEOPLE.assign(year=2), PEOPLE.head(150).assign(year=1)])
    options = OPTIONS | {"draws": 5}
    found = check_estimates(concentration_index_decomposition(both, **options, by="year"))
    assert found["year"].tolist() == [1] * 5 + [2] * 5
    alone = concentration_index_decomposition(PEOPLE.head(150), **options)
    np.testing.assert_allclose(found["estimate"][:5], alone["estimate"])
