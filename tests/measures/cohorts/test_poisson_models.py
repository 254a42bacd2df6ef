import numpy as np
import pandas as pd
import pytest

from analysis.errors import DataError, MethodError
from analysis.estimates import check_estimates
from analysis.measures.cohorts.poisson_models import poisson_rate_model
from analysis.measures.rates.crude import rate_ratio

RNG = np.random.default_rng(4)
STRATA = pd.MultiIndex.from_product([["f", "m"], [20, 40, 60], range(4)], names=["sex", "age", "year"])
TABLE = STRATA.to_frame(index=False).assign(person_years=RNG.uniform(500, 2000, 24))
RATE = 0.002 * np.exp(0.05 * (TABLE["age"] - 20)) * np.where(TABLE["sex"] == "m", 1.6, 1)
TABLE["deaths"] = RNG.poisson(TABLE["person_years"] * RATE)
COLUMNS = ["estimate", "lower", "upper"]


def test_one_term_gives_the_crude_rate_ratio_and_its_interval():
    model = check_estimates(poisson_rate_model(TABLE, terms="sex"))
    crude = rate_ratio(TABLE, group="sex", exposed="m", reference="f")
    np.testing.assert_allclose(model[COLUMNS], crude[COLUMNS], rtol=1e-8)


def test_splitting_rows_order_and_unit_of_time_change_nothing():
    half = TABLE.assign(person_years=TABLE["person_years"] / 2)
    parts = [half.assign(deaths=TABLE["deaths"] // 2), half.assign(deaths=-(-TABLE["deaths"] // 2))]
    one = poisson_rate_model(TABLE, terms=["sex", "age"])
    two = poisson_rate_model(pd.concat(parts).sample(frac=1, random_state=1), terms=["sex", "age"])
    days = poisson_rate_model(TABLE.assign(person_years=TABLE["person_years"] * 365), terms=["sex", "age"])
    np.testing.assert_allclose(one[COLUMNS], two[COLUMNS], rtol=1e-8)
    np.testing.assert_allclose(one[COLUMNS], days[COLUMNS], rtol=1e-8)


def test_the_reference_can_be_chosen_and_inverts_the_ratio():
    one = poisson_rate_model(TABLE, terms=["sex", "age"]).loc[0]
    two = poisson_rate_model(TABLE, terms=["sex", "age"], reference={"sex": "m"}).loc[0]
    assert (one["category"], one["reference"], two["category"]) == ("m", "f", "f")
    assert one["estimate"] * two["estimate"] == pytest.approx(1)


def test_a_linear_term_gives_a_ratio_per_unit():
    result = poisson_rate_model(TABLE, terms="sex", linear="age", level=(0.95, 0.99))
    age = result[result["term"] == "age"]
    assert age["estimate"].iloc[0] == pytest.approx(np.exp(0.05), rel=0.01)
    assert age["lower"].iloc[1] < age["lower"].iloc[0]


def test_robust_and_clustered_variance_widen_when_counts_are_over_dispersed():
    spread = TABLE.assign(deaths=RNG.poisson(TABLE["deaths"] * RNG.gamma(0.5, 2, 24)) + 1)
    model = poisson_rate_model(spread, terms="sex").loc[0]
    robust = poisson_rate_model(spread, terms="sex", robust=True).loc[0]
    clustered = poisson_rate_model(spread, terms="sex", cluster="age").loc[0]
    assert model["pearson_ratio"] > 3
    assert robust["standard_error"] > 1.5 * model["standard_error"]
    assert model["estimate"] == pytest.approx(robust["estimate"]) == pytest.approx(clustered["estimate"])
    assert "clustered by age" in clustered["method"]


@pytest.mark.parametrize(
    ("table", "options", "error", "message"),
    [
        (TABLE, {}, MethodError, r"nothing to compare"),
        (
            TABLE.assign(deaths=TABLE["deaths"].where(TABLE["sex"] == "m", 0)),
            {"terms": "sex"},
            MethodError,
            r"no events",
        ),
        (TABLE, {"terms": "sex", "reference": {"sex": "x"}}, DataError, r"no rows with 'x'"),
        (TABLE.assign(copy=TABLE["sex"]), {"terms": ["sex", "copy"]}, MethodError, r"determine each other"),
        (TABLE.assign(sex="m"), {"terms": "sex"}, MethodError, r"one value only"),
        (TABLE, {"terms": "region"}, DataError, r"Column `region` is missing"),
        (TABLE.assign(deaths=-1), {"terms": "sex"}, DataError, r"below zero"),
        (TABLE.groupby("sex", as_index=False).sum(), {"terms": "sex", "robust": True}, MethodError, r"2 rows for 2"),
    ],
)
def test_impossible_models_are_errors(table, options, error, message):
    with pytest.raises(error, match=message):
        poisson_rate_model(table, **options)


def test_a_model_per_group_is_the_model_of_that_group():
    found = check_estimates(poisson_rate_model(TABLE, terms="age", by="sex"))
    assert found[["sex", "category"]].to_numpy().tolist() == [["f", "40"], ["f", "60"], ["m", "40"], ["m", "60"]]
    alone = poisson_rate_model(TABLE[TABLE["sex"] == "m"], terms="age")
    assert found.loc[2:, COLUMNS].to_numpy().tolist() == alone[COLUMNS].to_numpy().tolist()
    with pytest.raises(MethodError, match=r"In the group \{'age': 20\}: Column `age` has one value only"):
        poisson_rate_model(TABLE, terms="age", by="age")
