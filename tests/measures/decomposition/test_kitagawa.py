import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.errors import DataError, MethodError
from analysis.estimates import check_estimates
from analysis.measures.decomposition.kitagawa import kitagawa_decomposition

CELLS = pd.DataFrame(
    {
        "who": ["a"] * 3 + ["b"] * 3,
        "age": ["20-44", "45-64", "65+"] * 2,
        "deaths": [8, 30, 90, 3, 20, 160],
        "person_years": [8000.0, 5000.0, 2000.0, 6000.0, 5000.0, 4000.0],
    }
)
PAIR = {"group": "who", "exposed": "a", "reference": "b", "strata": "age"}
COUNTS = st.lists(st.integers(1, 500), min_size=6, max_size=6)


@settings(deadline=None, max_examples=30)
@given(COUNTS, COUNTS, st.sampled_from([2, 3]))
def test_components_add_up_to_the_difference_of_the_crude_rates(deaths, years, parts):
    table = CELLS.assign(deaths=deaths, person_years=np.array(years) * 100.0)
    result = kitagawa_decomposition(table, **PAIR, parts=parts).set_index("component")["estimate"]
    crude = table.groupby("who")[["deaths", "person_years"]].sum()
    rates = crude["deaths"] / crude["person_years"]
    assert result["total"] == pytest.approx(rates["a"] - rates["b"], abs=1e-12)
    assert result.drop("total").sum() == pytest.approx(result["total"], abs=1e-12)


def test_two_parts_by_hand():
    shares = {"a": np.array([8, 5, 2]) / 15, "b": np.array([6, 5, 4]) / 15}
    rates = {"a": np.array([0.001, 0.006, 0.045]), "b": np.array([0.0005, 0.004, 0.04])}
    result = check_estimates(kitagawa_decomposition(CELLS, **PAIR)).set_index("component")["estimate"]
    assert result["rates"] == pytest.approx((rates["a"] - rates["b"]) @ (shares["a"] + shares["b"]) / 2)
    assert result["composition"] == pytest.approx((shares["a"] - shares["b"]) @ (rates["a"] + rates["b"]) / 2)
    three = kitagawa_decomposition(CELLS, **PAIR, parts=3).set_index("component")["estimate"]
    assert three["interaction"] == pytest.approx((shares["a"] - shares["b"]) @ (rates["a"] - rates["b"]))


def test_strata_add_up_and_exchange_of_groups_changes_the_sign():
    whole = kitagawa_decomposition(CELLS, **PAIR).set_index("component")["estimate"]
    strata = kitagawa_decomposition(CELLS, **PAIR, by_stratum=True).groupby("component")["estimate"].sum()
    np.testing.assert_allclose(strata[whole.index], whole)
    other = kitagawa_decomposition(CELLS, **{**PAIR, "exposed": "b", "reference": "a"}).set_index("component")
    np.testing.assert_allclose(other["estimate"][whole.index], -whole)


def test_same_rates_leave_only_composition_and_same_composition_only_rates():
    same = np.tile([0.001, 0.006, 0.04], 2)
    rates = CELLS.assign(deaths=CELLS["person_years"].to_numpy() * same)
    assert kitagawa_decomposition(rates, **PAIR).set_index("component").loc["rates", "estimate"] == pytest.approx(0)
    alike = CELLS.assign(person_years=[8000.0, 5000, 2000, 4000, 2500, 1000])
    assert kitagawa_decomposition(alike, **PAIR).set_index("component").loc["composition", "estimate"] == pytest.approx(
        0
    )


def test_intervals_agree_with_poisson_draws():
    result = kitagawa_decomposition(CELLS, **PAIR, parts=3).set_index("component")
    rng = np.random.default_rng(6)
    draws = CELLS.loc[np.tile(CELLS.index, 4000)].reset_index(drop=True)
    draws["draw"] = np.repeat(np.arange(4000), 6)
    draws["deaths"] = rng.poisson(draws["deaths"])
    found = kitagawa_decomposition(draws, **PAIR, parts=3, by="draw").groupby("component")["estimate"].std()
    error = (result["upper"] - result["lower"]) / (2 * 1.959964)
    np.testing.assert_allclose(error, found[error.index], rtol=0.05)


def test_empty_strata_and_wrong_parts_are_errors():
    with pytest.raises(DataError, match=r"1 strata of 'a' have no person-years .* \{'age': '65\+'\}"):
        kitagawa_decomposition(CELLS.assign(person_years=[1, 1, 0, 1, 1, 1]), **PAIR)
    with pytest.raises(DataError, match=r"lack one of the two groups"):
        kitagawa_decomposition(CELLS.drop(index=2), **PAIR)
    with pytest.raises(MethodError, match=r"`parts` is '4'"):
        kitagawa_decomposition(CELLS, **PAIR, parts=4)
