import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.errors import DataError, MethodError
from analysis.estimates import check_estimates
from analysis.measures.attribution.fractions import attributable_fraction, potential_impact_fraction

SMOKING = pd.DataFrame(
    {
        "prevalence": [0.2, 0.15],
        "relative_risk": [1.5, 3.0],
        "lower": [1.5 / 1.2, 3.0 / 1.3],
        "upper": [1.5 * 1.2, 3.0 * 1.3],
        "counterfactual": [0.1, 0.05],
        "persons": [1000, 1000],
    }
)


def test_levin_and_miettinen_are_the_same_when_the_cases_follow_from_the_population():
    result = check_estimates(attributable_fraction(SMOKING)).loc[0, "estimate"]
    excess = 0.2 * 0.5 + 0.15 * 2
    assert result == pytest.approx(excess / (1 + excess))
    cases = SMOKING.assign(prevalence=SMOKING["prevalence"] * SMOKING["relative_risk"] / (1 + excess))
    assert attributable_fraction(cases, method="miettinen").loc[0, "estimate"] == pytest.approx(result)


@pytest.mark.parametrize("method", ["levin", "miettinen"])
@pytest.mark.parametrize("sample", [None, "persons"])
def test_interval_agrees_with_draws(method, sample):
    result = attributable_fraction(SMOKING, method=method, sample=sample).loc[0]
    rng = np.random.default_rng(3)
    error = np.log([1.2, 1.3]) / 1.959964
    ratios = np.exp(rng.normal(np.log(SMOKING["relative_risk"]), error, (40_000, 2)))
    shares = rng.multinomial(1000, [0.2, 0.15, 0.65], 40_000)[:, :2] / 1000 if sample else np.array([[0.2, 0.15]])
    if method == "levin":
        drawn = -np.log(1 + (shares * (ratios - 1)).sum(axis=1))
    else:
        drawn = np.log(1 - (shares * (1 - 1 / ratios)).sum(axis=1))
    width = np.log((1 - result["lower"]) / (1 - result["upper"])) / (2 * 1.959964)
    assert width == pytest.approx(drawn.std(), rel=0.03)


@settings(deadline=None, max_examples=40)
@given(st.floats(0.01, 0.9), st.floats(1.01, 20), st.floats(0.1, 0.9))
def test_splitting_a_category_changes_nothing_and_the_fraction_stays_below_one(share, ratio, part):
    one = pd.DataFrame({"prevalence": [share], "relative_risk": [ratio]})
    two = pd.DataFrame({"prevalence": [share * part, share * (1 - part)], "relative_risk": [ratio, ratio]})
    whole = attributable_fraction(one).loc[0]
    assert attributable_fraction(two).loc[0, "estimate"] == pytest.approx(whole["estimate"])
    assert 0 < whole["estimate"] < 1
    assert whole["note"] == "no interval: the groups have none"


def test_interval_is_on_the_scale_of_the_estimate_unlike_that_of_a_peer():
    """A peer gives the fraction in per cent with the standard error of a proportion: a hundred times too narrow."""
    result = attributable_fraction(SMOKING, sample="persons").loc[0]
    assert result["upper"] - result["lower"] > 0.05
    assert result["lower"] < result["estimate"] < result["upper"] < 1


@pytest.mark.parametrize("dropped", [["lower", "upper"], ["lower"], ["upper"]])
def test_ratios_without_limits_give_no_interval_and_known_ratios_give_that_of_the_sample(dropped):
    result = attributable_fraction(SMOKING.drop(columns=dropped), sample="persons").loc[0]
    assert result[["lower", "upper"]].isna().all()
    assert result["note"] == "no interval: the groups have none"
    exact = SMOKING.assign(lower=SMOKING["relative_risk"], upper=SMOKING["relative_risk"])
    known, whole = (attributable_fraction(table, sample="persons").loc[0] for table in (exact, SMOKING))
    assert whole["lower"] < known["lower"] < known["estimate"] < known["upper"] < whole["upper"]


def test_an_interval_too_wide_to_compute_is_endless_and_a_sample_below_one_is_refused():
    wide = pd.DataFrame({"prevalence": [0.9], "counterfactual": [0.0], "relative_risk": [3.0]})
    wide = wide.assign(lower=3e-29, upper=3e29)
    for result in (attributable_fraction(wide, level=0.99).loc[0], potential_impact_fraction(wide, level=0.99).loc[0]):
        assert result["lower"] == -np.inf
        assert result["upper"] == pytest.approx(1)
        assert "a limit of the interval is infinite" in result["note"]
    with pytest.raises(DataError, match=r"`persons` of the table has 2 values below 1, the first in row 0"):
        attributable_fraction(SMOKING.assign(persons=1e-15), sample="persons")


def test_protection_is_noted():
    result = attributable_fraction(pd.DataFrame({"prevalence": [0.4], "relative_risk": [0.5]})).loc[0]
    assert result["estimate"] == pytest.approx(-0.25)
    assert "protects" in result["note"]


def test_impact_of_removing_all_is_levins_fraction_and_of_nothing_is_zero():
    none = potential_impact_fraction(SMOKING.assign(counterfactual=0.0)).loc[0]
    levin = attributable_fraction(SMOKING).loc[0]
    for column in ("estimate", "lower", "upper"):
        assert none[column] == pytest.approx(levin[column])
    same = potential_impact_fraction(SMOKING.assign(counterfactual=SMOKING["prevalence"])).loc[0]
    assert (same["estimate"], same["lower"], same["upper"]) == pytest.approx((0, 0, 0))


def test_populations_through_by():
    both = pd.concat([SMOKING.assign(sex="male"), SMOKING.assign(sex="female", prevalence=[0.1, 0.1])])
    result = attributable_fraction(both, by="sex", level=(0.9, 0.95))
    assert result["sex"].tolist() == ["female", "male"] * 2
    assert result.loc[3, "estimate"] == pytest.approx(attributable_fraction(SMOKING).loc[0, "estimate"])
    impact = potential_impact_fraction(both, by="sex")
    assert impact.loc[1, "lower"] == pytest.approx(potential_impact_fraction(SMOKING).loc[0, "lower"])


def test_problems_are_errors():
    with pytest.raises(DataError, match=r"add up to 1\.2, more than 1"):
        attributable_fraction(SMOKING.assign(prevalence=0.6))
    with pytest.raises(DataError, match=r"1 values above 1"):
        attributable_fraction(SMOKING.assign(prevalence=[20.0, 0.2]))
    with pytest.raises(DataError, match=r"2 values that are not above zero"):
        attributable_fraction(SMOKING.assign(relative_risk=0.0))
    with pytest.raises(MethodError, match=r"Did you mean 'levin'"):
        attributable_fraction(SMOKING, method="levine")
