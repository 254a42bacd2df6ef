import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.oaxaca import OaxacaBlinder

from analysis.errors import DataError, MethodError
from analysis.estimates import check_estimates
from analysis.measures.decomposition.oaxaca import oaxaca_decomposition

OPTIONS = {
    "outcome": "health",
    "regressors": ["income", "school"],
    "group": "who",
    "exposed": "low",
    "reference": "high",
}


def people(rng, low=150, high=200):
    who = np.repeat(["low", "high"], [low, high])
    better = who == "high"
    income = rng.normal(2 + better, 1)
    school = rng.normal(10 + 2 * better, 2)
    health = np.where(better, 1 + 0.5 * income + 0.3 * school, 0.5 + 0.7 * income + 0.2 * school)
    return pd.DataFrame(
        {"who": who, "income": income, "school": school, "health": health + rng.normal(size=len(who))}
    ).assign(weight=rng.uniform(0.5, 2, len(who)))


PEOPLE = people(np.random.default_rng(21))
CHOICES = [{"slopes": s} for s in ("reference", "exposed", "pooled", "weighted")] + [{"fold": 3}]


@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize("weight", [None, "weight"])
def test_components_and_regressors_add_up_to_the_difference_of_means(choice, weight):
    result = check_estimates(oaxaca_decomposition(PEOPLE, **OPTIONS, **choice, weight=weight))
    weights = PEOPLE["weight"] if weight else np.ones(len(PEOPLE))
    means = [
        np.average(PEOPLE.loc[PEOPLE["who"] == who, "health"], weights=weights[PEOPLE["who"] == who])
        for who in ("low", "high")
    ]
    values = result.set_index("component")["estimate"]
    assert values["total"] == pytest.approx(means[0] - means[1], abs=1e-9)
    assert values.drop("total").sum() == pytest.approx(values["total"], abs=1e-9)
    detail = oaxaca_decomposition(PEOPLE, **OPTIONS, **choice, weight=weight, detail=True)
    np.testing.assert_allclose(detail.groupby("component")["estimate"].sum()[values.index], values, atol=1e-9)


def test_estimates_are_those_of_statsmodels():
    design = PEOPLE[["income", "school"]].assign(who=(PEOPLE["who"] == "low").astype(float))
    peer = OaxacaBlinder(PEOPLE["health"].to_numpy(), design.to_numpy(), 2, hasconst=False, swap=False)
    three = oaxaca_decomposition(PEOPLE, **OPTIONS, fold=3).set_index("component")["estimate"]
    endowments, coefficients, interaction, gap = peer.three_fold().params
    other = oaxaca_decomposition(PEOPLE, **{**OPTIONS, "exposed": "high", "reference": "low"}, fold=3)
    both = [three, other.set_index("component")["estimate"]]
    match = min(both, key=lambda found: abs(found["total"] - gap))
    assert match["total"] == pytest.approx(gap, rel=1e-10)
    assert (match["endowments"], match["coefficients"], match["interaction"]) == pytest.approx(
        (endowments, coefficients, interaction), rel=1e-8
    )


@pytest.mark.parametrize("choice", CHOICES)
def test_standard_errors_agree_with_new_samples(choice):
    rng = np.random.default_rng(1)
    found = [
        oaxaca_decomposition(people(rng), **OPTIONS, **choice)[["estimate", "standard_error"]].to_numpy()
        for _ in range(120)
    ]
    spread = np.std([each[:, 0] for each in found], axis=0)
    error = np.sqrt(np.mean([each[:, 1] ** 2 for each in found], axis=0))
    np.testing.assert_allclose(error, spread, rtol=0.25)


def test_equal_weights_give_the_unweighted_parts():
    equal = oaxaca_decomposition(PEOPLE.assign(weight=3.0), **OPTIONS, weight="weight")["estimate"]
    np.testing.assert_allclose(equal, oaxaca_decomposition(PEOPLE, **OPTIONS)["estimate"], rtol=1e-9)


def test_problems_are_errors_with_a_remedy():
    with pytest.raises(MethodError, match=r"determine each other"):
        oaxaca_decomposition(PEOPLE.assign(school=2 * PEOPLE["income"]), **OPTIONS)
    with pytest.raises(DataError, match=r"no rows with 'middle'"):
        oaxaca_decomposition(PEOPLE, **{**OPTIONS, "exposed": "middle"})
    with pytest.raises(MethodError, match=r"`slopes` is 'own'"):
        oaxaca_decomposition(PEOPLE, **OPTIONS, slopes="own")
    with pytest.raises(MethodError, match=r"too few persons"):
        oaxaca_decomposition(PEOPLE.groupby("who").head(3), **OPTIONS)


def test_a_decomposition_per_group_is_that_of_the_group():
    both = pd.concat([PEOPLE.assign(year=2020), people(np.random.default_rng(5)).assign(year=2010)])
    found = check_estimates(oaxaca_decomposition(both, **OPTIONS, by="year"))
    assert found["year"].tolist() == [2010] * 3 + [2020] * 3
    np.testing.assert_allclose(found["estimate"][3:], oaxaca_decomposition(PEOPLE, **OPTIONS)["estimate"], rtol=1e-12)
    lonely = pd.concat([PEOPLE.assign(year=2020), PEOPLE[PEOPLE["who"] == "low"].assign(year=2010)])
    with pytest.raises(DataError, match=r"In the group \{'year': 2010\}: Column `who` has no rows with 'high'"):
        oaxaca_decomposition(lonely, **OPTIONS, by="year")
