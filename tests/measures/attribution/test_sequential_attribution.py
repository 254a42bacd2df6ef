import itertools

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from analysis.errors import DataError, MethodError
from analysis.estimates import check_estimates
from analysis.measures.attribution.sequential_attribution import sequential_attributable_fractions

RNG = np.random.default_rng(31)
N = 1500
PEOPLE = pd.DataFrame(
    {
        "smoke": RNG.choice(["never", "former", "now"], N, p=[0.5, 0.2, 0.3]),
        "idle": RNG.binomial(1, 0.4, N),
        "poor": RNG.binomial(1, 0.25, N),
        "age": RNG.normal(50, 10, N),
    }
)
LINEAR = (
    -3.5 + 0.5 * (PEOPLE["smoke"] == "former") + PEOPLE["smoke"].eq("now") + 0.7 * PEOPLE["idle"] + 0.5 * PEOPLE["poor"]
)
PEOPLE["ill"] = RNG.binomial(1, 1 / (1 + np.exp(-LINEAR - 0.03 * (PEOPLE["age"] - 50))))
OPTIONS = {"outcome": "ill", "exposures": {"smoke": "never", "idle": 0, "poor": 0}, "adjust": "age", "draws": 60}


def test_fractions_are_those_of_predictions_by_statsmodels_over_all_orders():
    design = pd.DataFrame(
        {
            "const": 1.0,
            "former": (PEOPLE["smoke"] == "former") * 1.0,
            "now": (PEOPLE["smoke"] == "now") * 1.0,
            "idle": PEOPLE["idle"],
            "poor": PEOPLE["poor"],
            "age": PEOPLE["age"],
        }
    )
    fit = sm.Logit(PEOPLE["ill"], design).fit(disp=0, tol=1e-12)
    columns = {"smoke": ["former", "now"], "idle": ["idle"], "poor": ["poor"]}

    def averted(names):
        removed = design.assign(**{column: 0.0 for name in names for column in columns[name]})
        return 1 - fit.predict(removed).sum() / PEOPLE["ill"].sum()

    result = check_estimates(sequential_attributable_fractions(PEOPLE, **OPTIONS)).set_index(["fraction", "exposure"])
    orders = list(itertools.permutations(columns))
    for name in columns:
        steps = [averted(o[: o.index(name) + 1]) - averted(o[: o.index(name)]) for o in orders]
        assert result.loc[("average", name), "estimate"] == pytest.approx(np.mean(steps), rel=1e-7)
        assert result.loc[("alone", name), "estimate"] == pytest.approx(averted([name]), rel=1e-7)
    assert result.loc[("combined", "all"), "estimate"] == pytest.approx(averted(list(columns)), rel=1e-7)
    for kind in ("sequential", "average"):
        assert result.loc[kind, "estimate"].sum() == pytest.approx(averted(list(columns)), rel=1e-7)


def test_one_exposure_without_covariates_is_the_crude_fraction():
    result = sequential_attributable_fractions(PEOPLE, outcome="ill", exposures={"idle": 0}, draws=0)
    crude = 1 - PEOPLE.loc[PEOPLE["idle"] == 0, "ill"].mean() / PEOPLE["ill"].mean()
    assert result["estimate"].tolist() == pytest.approx([crude] * 4)
    assert result["note"].unique().tolist() == ["no interval: this method gives none here"]


def test_poisson_with_person_years_uses_rates():
    cells = pd.DataFrame({"smoke": [0, 1], "deaths": [10, 60], "years": [1000.0, 2000.0]})
    result = sequential_attributable_fractions(
        cells, outcome="deaths", exposures={"smoke": 0}, person_years="years", model="poisson", draws=0
    )
    assert result.loc[0, "estimate"] == pytest.approx(1 - 0.01 * 3000 / 70)


def test_the_order_of_exposures_changes_only_the_sequential_fractions_and_the_seed_fixes_all():
    other = {**OPTIONS, "exposures": {"poor": 0, "smoke": "never", "idle": 0}}
    one = sequential_attributable_fractions(PEOPLE, **OPTIONS).set_index(["fraction", "exposure"])["estimate"]
    two = sequential_attributable_fractions(PEOPLE, **other).set_index(["fraction", "exposure"])["estimate"]
    assert two["average"].sort_index().tolist() == pytest.approx(one["average"].sort_index().tolist())
    assert two[("sequential", "poor")] == pytest.approx(one[("alone", "poor")])
    pd.testing.assert_series_equal(
        one, sequential_attributable_fractions(PEOPLE, **OPTIONS).set_index(["fraction", "exposure"])["estimate"]
    )


def test_problems_are_errors():
    with pytest.raises(DataError, match=r"Nobody in `smoke` has the value 'nevr'"):
        sequential_attributable_fractions(PEOPLE, outcome="ill", exposures={"smoke": "nevr"})
    with pytest.raises(DataError, match=r"no cases, or only cases"):
        sequential_attributable_fractions(PEOPLE.assign(ill=0), **OPTIONS)
    with pytest.raises(MethodError, match=r"no finite solution"):
        sequential_attributable_fractions(PEOPLE.assign(ill=PEOPLE["idle"]), outcome="ill", exposures={"idle": 0})
    with pytest.raises(MethodError, match=r"determine each other"):
        sequential_attributable_fractions(PEOPLE, outcome="ill", exposures={"idle": 0}, adjust="idle")


def test_fractions_per_group_are_those_of_the_group():
    both = pd.concat([PEOPLE.assign(city="B"), PEOPLE.head(900).assign(city="A")])
    found = sequential_attributable_fractions(both, **{**OPTIONS, "draws": 5}, by="city")
    alone = sequential_attributable_fractions(PEOPLE.head(900), **{**OPTIONS, "draws": 5})
    assert found["city"].tolist() == ["A"] * 10 + ["B"] * 10
    columns = ["estimate", "lower", "upper"]
    np.testing.assert_allclose(found.loc[:9, columns], alone[columns], rtol=1e-12)
