import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad

from analysis.errors import DataError
from analysis.estimates import check_estimates
from analysis.measures.life_tables.causes import cause_deleted_life_expectancy
from analysis.measures.life_tables.life_expectancy import life_expectancy

BANDS = pd.DataFrame(
    {
        "age_from": [0, 20, 65] * 3,
        "age_to": [20, 65, None] * 3,
        "cause": np.repeat(["cancer", "heart", "other"], 3),
        "deaths": [2, 40, 150, 1, 30, 200, 7, 50, 400],
        "person_years": [20000.0, 45000.0, 15000.0] * 3,
    }
)


def test_gain_is_the_integral_without_the_cause_minus_the_life_expectancy_with_it():
    result = check_estimates(cause_deleted_life_expectancy(BANDS)).set_index("cause")
    rates = BANDS.assign(rate=BANDS["deaths"] / BANDS["person_years"]).pivot_table(
        index="cause", columns="age_from", values="rate"
    )

    def expectancy(rate):
        def survive(age):
            lived = [min(age, 20), min(max(age - 20, 0), 45), max(age - 65, 0)]
            return np.exp(-np.dot(rate, lived))

        return sum(quad(survive, low, high, limit=200)[0] for low, high in ((0, 20), (20, 65), (65, 150), (150, 5000)))

    whole = expectancy(rates.sum().to_numpy())
    for cause in ("cancer", "heart", "other"):
        without = expectancy(rates.drop(index=cause).sum().to_numpy())
        assert result.loc[cause, "estimate"] == pytest.approx(without - whole, rel=1e-8)


def test_lifetime_risks_of_all_causes_add_up_to_one():
    for age in (0, 20, 65):
        result = cause_deleted_life_expectancy(BANDS, at=age)
        assert result["lifetime_risk"].sum() == pytest.approx(1)
    assert result["lifetime_risk"].tolist() == pytest.approx([150 / 750, 200 / 750, 400 / 750])


@pytest.mark.parametrize("ax", ["constant hazard", "midpoint"])
def test_interval_agrees_with_poisson_draws(ax):
    many = BANDS.assign(deaths=BANDS["deaths"] * 100, person_years=BANDS["person_years"] * 100)
    result = cause_deleted_life_expectancy(many, ax=ax)
    error = ((result["upper"] - result["lower"]) / (2 * 1.959964)).to_numpy()
    rng = np.random.default_rng(5)
    draws = many.loc[np.tile(many.index, 2000)].reset_index(drop=True)
    draws["draw"] = np.repeat(np.arange(2000), 9)
    draws["deaths"] = rng.poisson(draws["deaths"])
    spread = cause_deleted_life_expectancy(draws, by="draw", ax=ax).groupby("cause")["estimate"].std().to_numpy()
    np.testing.assert_allclose(error, spread, rtol=0.06)


def test_chiang_raises_survival_to_the_share_of_the_other_causes():
    result = cause_deleted_life_expectancy(BANDS, ax="midpoint", until=20).set_index("cause")
    rate = 10 / 20000
    risk = 20 * rate / (1 + 10 * rate)
    survive = (1 - risk) ** 0.8
    assert result.loc["cancer", "life_expectancy_without"] == pytest.approx(20 - (1 - survive) * 10)
    assert result.loc["cancer", "life_expectancy"] == pytest.approx(20 - risk * 10)


def test_life_expectancy_with_all_causes_is_that_of_the_life_table():
    total = BANDS.groupby(["age_from", "age_to"], dropna=False, as_index=False).agg(
        {"deaths": "sum", "person_years": "first"}
    )
    expected = life_expectancy(total, at=20).loc[0, "estimate"]
    assert cause_deleted_life_expectancy(BANDS, at=20)["life_expectancy"].unique() == pytest.approx([expected])


def test_a_cause_nobody_died_of_gains_nothing_and_is_noted():
    none = BANDS.assign(deaths=BANDS["deaths"].where(BANDS["cause"] != "heart", 0))
    result = cause_deleted_life_expectancy(none).set_index("cause")
    assert result.loc["heart", "estimate"] == pytest.approx(0, abs=1e-12)
    assert result.loc["heart", "note"] == "no deaths of this cause"


def test_the_only_cause_in_the_last_band_cannot_be_taken_away():
    last = BANDS["age_from"] == 65
    only = BANDS.assign(deaths=BANDS["deaths"].where(~last | (BANDS["cause"] == "other"), 0))
    result = cause_deleted_life_expectancy(only).set_index("cause")
    assert np.isnan(result.loc["other", "estimate"])
    assert result.loc["other", "note"].startswith("no deaths in the open last band")
    assert result.loc["heart", "estimate"] > 0


def test_order_of_rows_and_other_populations_change_nothing():
    both = pd.concat([BANDS.assign(area="b"), BANDS.assign(area="a")]).sample(frac=1, random_state=1)
    result = cause_deleted_life_expectancy(both, by="area")
    alone = cause_deleted_life_expectancy(BANDS)
    np.testing.assert_allclose(result["estimate"], np.tile(alone["estimate"], 2))
    assert result["area"].tolist() == ["a"] * 3 + ["b"] * 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop(index=4), r"leave a gap|same age bands"),
        (lambda t: t[(t["cause"] != "heart") | (t["area"] == "a")], r"Not every population has all causes"),
        (lambda t: t.assign(person_years=np.arange(len(t)) + 1.0), r"person-years differ between causes"),
        (lambda t: t.assign(person_years=0.0), r"no person-years in the band from 0"),
    ],
)
def test_bad_causes_are_errors_with_a_remedy(change, message):
    both = pd.concat([BANDS.assign(area="a"), BANDS.assign(area="b")], ignore_index=True)
    with pytest.raises(DataError, match=message):
        cause_deleted_life_expectancy(change(both), by="area")
