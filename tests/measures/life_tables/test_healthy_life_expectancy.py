import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.errors import DataError, MethodError
from analysis.estimates import check_estimates
from analysis.measures.life_tables.healthy_life_expectancy import healthy_life_expectancy
from analysis.measures.life_tables.life_expectancy import life_expectancy

BANDS = pd.DataFrame(
    {
        "age_from": [0, 20, 65, 85],
        "age_to": [20, 65, 85, None],
        "deaths": [20, 120, 600, 300],
        "person_years": [20000.0, 45000.0, 15000.0, 1500.0],
        "proportion": [0.95, 0.85, 0.6, 0.4],
        "sample": [300, 900, 400, 80],
    }
)
COLUMNS = ["estimate", "lower", "upper", "standard_error"]


def test_everybody_healthy_gives_life_expectancy_with_its_interval():
    healthy = check_estimates(healthy_life_expectancy(BANDS.assign(proportion=1.0), at=(0, 65, 85)))
    np.testing.assert_allclose(healthy[COLUMNS], life_expectancy(BANDS, at=(0, 65, 85))[COLUMNS], rtol=1e-12)
    assert healthy["share"].tolist() == [1, 1, 1]
    assert healthy["note"].str.startswith("everybody or nobody healthy").all()


@settings(deadline=None, max_examples=40)
@given(st.floats(0.01, 0.99))
def test_a_constant_proportion_scales_life_expectancy(proportion):
    healthy = healthy_life_expectancy(BANDS.assign(proportion=proportion)).loc[0]
    assert healthy["estimate"] == pytest.approx(proportion * healthy["life_expectancy"])


def test_healthy_and_unhealthy_years_add_up():
    healthy = healthy_life_expectancy(BANDS, at=(0, 20))
    unhealthy = healthy_life_expectancy(BANDS.assign(proportion=1 - BANDS["proportion"]), at=(0, 20))
    np.testing.assert_allclose(healthy["estimate"] + unhealthy["estimate"], healthy["life_expectancy"])


@pytest.mark.parametrize("mortality", [True, False])
@pytest.mark.parametrize("ax", ["constant hazard", "midpoint"])
def test_standard_error_agrees_with_draws(mortality, ax):
    rng = np.random.default_rng(11)
    result = healthy_life_expectancy(BANDS, mortality=mortality, ax=ax).loc[0]
    draws = BANDS.loc[np.tile(BANDS.index, 4000)].reset_index(drop=True)
    draws["draw"] = np.repeat(np.arange(4000), 4)
    draws["proportion"] = rng.binomial(draws["sample"], draws["proportion"]) / draws["sample"]
    if mortality:
        draws["deaths"] = rng.poisson(draws["deaths"])
    spread = healthy_life_expectancy(draws, by="draw", ax=ax)["estimate"].std()
    assert result["standard_error"] == pytest.approx(spread, rel=0.06)


def test_prevalence_part_is_jaggers_formula_by_hand():
    result = healthy_life_expectancy(BANDS, mortality=False).loc[0]
    rates = (BANDS["deaths"] / BANDS["person_years"]).to_numpy()
    width = np.array([20, 45, 20])
    survivors = np.concatenate([[1], np.cumprod(np.exp(-rates[:3] * width))])
    years = (survivors - np.append(survivors[1:], 0)) / rates
    spread = BANDS["proportion"] * (1 - BANDS["proportion"]) / BANDS["sample"]
    assert result["estimate"] == pytest.approx(years @ BANDS["proportion"])
    assert result["standard_error"] == pytest.approx((years**2 @ spread) ** 0.5)


def test_standard_errors_of_a_survey_design_take_the_place_of_the_sample():
    errors = (BANDS["proportion"] * (1 - BANDS["proportion"]) / BANDS["sample"]) ** 0.5
    design = healthy_life_expectancy(BANDS.drop(columns="sample").assign(se=errors), standard_error="se")
    np.testing.assert_allclose(design[COLUMNS], healthy_life_expectancy(BANDS)[COLUMNS])
    known = healthy_life_expectancy(BANDS, sample=None).loc[0]
    assert known["note"] == "proportions in good health taken as known"
    assert known["standard_error"] < design.loc[0, "standard_error"]


def test_no_deaths_in_the_last_band_leave_it_undefined_with_a_note():
    result = healthy_life_expectancy(BANDS.assign(deaths=[20, 120, 600, 0])).loc[0]
    assert np.isnan(result["estimate"])
    assert result["note"].startswith("no deaths in the open last band")
    assert healthy_life_expectancy(BANDS.assign(deaths=[20, 120, 600, 0]), until=85).loc[0, "estimate"] > 40


def test_populations_levels_and_order():
    both = pd.concat([BANDS.assign(sex="male"), BANDS.assign(sex="female")]).sample(frac=1, random_state=2)
    result = healthy_life_expectancy(both, by="sex", at=(0, 65), level=(0.9, 0.95))
    assert result["sex"].tolist() == ["female", "female", "male", "male"] * 2
    alone = healthy_life_expectancy(BANDS, at=(0, 65), level=0.95)
    np.testing.assert_allclose(result[COLUMNS][4:6], alone[COLUMNS])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"proportion": [95.0, 85, 60, 40]}, r"4 values above 1, the first in row 0 \(95\)"),
        ({"sample": [0, 1, 1, 1]}, r"1 values that are not above zero"),
        ({"proportion": [np.nan, 0.5, 0.5, 0.5]}, r"1 missing values"),
    ],
)
def test_impossible_proportions_are_errors(change, message):
    with pytest.raises(DataError, match=message):
        healthy_life_expectancy(BANDS.assign(**change))
    with pytest.raises(MethodError, match=r"No age band begins at 30"):
        healthy_life_expectancy(BANDS, at=30)
