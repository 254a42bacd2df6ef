import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from analysis.errors import MethodError
from analysis.estimates import check_estimates
from analysis.measures.life_tables.lifespan_inequality import (
    INDICES,
    lifespan_inequality,
    lifespan_inequality_between_groups,
)
from analysis.measures.life_tables.tables import life_table

AGES = np.arange(101)
RATES = np.where(AGES == 0, 0.004, 2e-5 * np.exp(0.1 * AGES))
SINGLE = pd.DataFrame(
    {"age_from": AGES, "age_to": [*AGES[1:], None], "deaths": RATES * 1e5, "person_years": np.full(101, 1e5)}
)


def value(table, name, **options):
    return lifespan_inequality(table, measures=name, **options).loc[0, "estimate"]


def test_all_measures_have_the_shape_of_results():
    result = check_estimates(lifespan_inequality(SINGLE).fillna({"lower": -1, "upper": 1e9}))
    assert result["measure"].tolist() == list(INDICES)
    assert len(result["mean"].unique()) == 1


def test_measures_equal_those_of_all_pairs_of_persons():
    lives = life_table(SINGLE)
    ages, share = (lives["age_from"] + lives["years_of_dying"]).to_numpy(), lives["dying"].to_numpy()
    mean = share @ ages
    pairs = np.abs(ages[:, None] - ages) * share[:, None] * share
    assert value(SINGLE, "aid") == pytest.approx(pairs.sum() / 2, rel=1e-12)
    assert value(SINGLE, "gini") == pytest.approx(pairs.sum() / 2 / mean, rel=1e-12)
    assert value(SINGLE, "variance") == pytest.approx(share @ (ages - mean) ** 2, rel=1e-12)
    assert value(SINGLE, "theil") == pytest.approx(share @ (ages / mean * np.log(ages / mean)), rel=1e-10)
    assert value(SINGLE, "mld") == pytest.approx(-share @ np.log(ages / mean), rel=1e-10)


def test_gini_is_shkolnikovs_life_table_function():
    """Shkolnikov, Andreev and Begun 2003: one minus the sum of squared survivors over life expectancy."""
    lives = life_table(SINGLE)
    reach = lives["survivors"].to_numpy()
    later = np.append(reach[1:], 0)
    width = np.append(np.ones(100), 0)
    squares = width * later**2 + lives["years_of_dying"] * (reach**2 - later**2)
    assert value(SINGLE, "gini") == pytest.approx(1 - squares.sum() / lives.loc[0, "life_expectancy"], rel=1e-10)


def test_single_years_are_close_to_the_integrals_of_the_survival_curve():
    cumulative = np.concatenate([[0], np.cumsum(RATES[:-1])])

    def survive(age):
        place = min(int(age), 100)
        return np.exp(-cumulative[place] - RATES[place] * (age - place))

    def integral(function):
        return sum(quad(function, age, age + 1)[0] for age in range(130))

    mean = integral(survive)
    assert value(SINGLE, "e_dagger") == pytest.approx(
        integral(lambda age: -survive(age) * np.log(survive(age))), rel=2e-3
    )
    assert value(SINGLE, "gini") == pytest.approx(1 - integral(lambda age: survive(age) ** 2) / mean, rel=2e-3)
    variance = 2 * integral(lambda age: age * survive(age)) - mean**2
    assert value(SINGLE, "variance") == pytest.approx(variance, rel=2e-3)


def test_an_exponential_lifespan_has_the_indices_of_the_textbook():
    """Constant hazard: e-dagger equals the mean, Gini one half, Theil 1 minus Euler's constant, MLD that constant."""
    ages = np.concatenate([np.arange(100) / 1e3, np.arange(100) / 50 + 0.1, np.arange(300) / 3 + 2.1])
    table = pd.DataFrame({"age_from": ages, "age_to": [*ages[1:], None], "deaths": 50.0, "person_years": 500.0})
    assert value(table, "e_dagger") == pytest.approx(10, rel=1e-3)
    assert value(table, "gini") == pytest.approx(0.5, rel=1e-3)
    assert value(table, "variance") == pytest.approx(100, rel=1e-3)
    assert value(table, "theil") == pytest.approx(1 - np.euler_gamma, rel=5e-3)
    assert value(table, "mld") == pytest.approx(np.euler_gamma, rel=5e-3)


def test_modal_age_of_a_gompertz_population_and_its_spread():
    """Gompertz with rate a exp(b x): mode ln(b / a) / b, here a holds at the middle of each year."""
    mode = np.log(0.1 / (2e-5 * np.exp(-0.05))) / 0.1
    assert value(SINGLE, "modal_age") == pytest.approx(mode, abs=0.3)
    result = lifespan_inequality(SINGLE, measures=["modal_age", "sd_above_mode"])
    assert result.loc[1, "estimate"] == pytest.approx(6, abs=1.5)
    assert result["note"].unique().tolist() == ["no interval: this method gives none here"]


@settings(max_examples=10, deadline=None)
@given(st.floats(0.2, 5))
def test_relative_measures_do_not_depend_on_the_unit_of_time_and_absolute_ones_scale(factor):
    other = SINGLE.assign(
        age_from=SINGLE["age_from"] * factor,
        age_to=SINGLE["age_to"] * factor,
        person_years=SINGLE["person_years"] * factor,
    )
    one = lifespan_inequality(SINGLE).set_index("measure")["estimate"]
    two = lifespan_inequality(other).set_index("measure")["estimate"]
    for name in ("gini", "theil", "mld", "coefficient_of_variation"):
        assert two[name] == pytest.approx(one[name], rel=1e-8)
    for name in ("e_dagger", "aid", "standard_deviation"):
        assert two[name] == pytest.approx(one[name] * factor, rel=1e-8)
    assert two["variance"] == pytest.approx(one["variance"] * factor**2, rel=1e-8)


def test_intervals_agree_with_poisson_draws():
    few = SINGLE.assign(deaths=(SINGLE["deaths"] / 10).round() + 1, person_years=1e4)
    names = [name for name in INDICES if name not in ("modal_age", "sd_above_mode")]
    result = lifespan_inequality(few, measures=names).set_index("measure")
    error = (result["upper"] - result["lower"]) / (2 * 1.959964)
    rng = np.random.default_rng(4)
    draws = few.loc[np.tile(few.index, 400)].reset_index(drop=True)
    draws["draw"] = np.repeat(np.arange(400), 101)
    draws["deaths"] = rng.poisson(draws["deaths"])
    draws.loc[draws["age_from"] == 100, "deaths"] += draws.loc[draws["age_from"] == 100, "deaths"] == 0
    spread = lifespan_inequality(draws, measures=names, by="draw").groupby("measure")["estimate"].std()
    np.testing.assert_allclose(error, spread[error.index], rtol=0.15)


def test_remaining_years_and_ages_at_death_share_the_absolute_measures():
    aged = lifespan_inequality(SINGLE, at=65).set_index("measure")["estimate"]
    left = lifespan_inequality(SINGLE, at=65, lifespan="remaining").set_index("measure")["estimate"]
    for name in ("aid", "variance", "e_dagger"):
        assert aged[name] == pytest.approx(left[name])
    assert left["gini"] > aged["gini"]


@settings(max_examples=15, deadline=None)
@given(st.floats(0.05, 0.95), st.floats(1.05, 4))
def test_between_and_within_add_up_to_the_inequality_of_the_whole_population(share, ratio):
    worse = SINGLE.assign(who="b", deaths=SINGLE["deaths"] * ratio, share=share)
    both = pd.concat([SINGLE.assign(who="a", share=1 - share), worse])
    parts = lifespan_inequality_between_groups(both, group="who", share="share").set_index("measure")["total"]
    lives = life_table(both, by="who")
    weight = lives["dying"] * np.repeat([1 - share, share], 101)
    ages = lives["age_from"] + lives["years_of_dying"]
    mean = weight @ ages
    assert parts["variance"] == pytest.approx(weight @ (ages - mean) ** 2, rel=1e-9)
    assert parts["theil"] == pytest.approx(weight @ (ages / mean * np.log(ages / mean)), rel=1e-9)
    assert parts["mld"] == pytest.approx(-weight @ np.log(ages / mean), rel=1e-9)


def test_edges_have_a_note_or_a_helpful_error():
    none = lifespan_inequality(SINGLE.assign(deaths=SINGLE["deaths"].where(AGES < 100, 0)), measures="gini").loc[0]
    assert np.isnan(none["estimate"])
    assert none["note"].startswith("no deaths in the open last band")
    with pytest.raises(MethodError, match=r"`measures` is 'ginni'"):
        lifespan_inequality(SINGLE, measures="ginni")
    two = pd.DataFrame({"age_from": [0, 65], "age_to": [65, None], "deaths": [1, 1], "person_years": [10, 10]})
    found = lifespan_inequality(two).set_index("measure")
    unknown = found.loc[["modal_age", "sd_above_mode"]]
    assert unknown[["estimate", "lower", "upper"]].isna().all(axis=None)
    assert unknown["note"].str.startswith("fewer than three age bands").all()
    others = found.drop(index=unknown.index)
    assert np.isfinite(others[["estimate", "lower", "upper"]]).all(axis=None)
    assert others["estimate"].tolist() == lifespan_inequality(two, measures=list(others.index))["estimate"].tolist()
