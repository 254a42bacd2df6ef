import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.errors import DataError, MethodError
from analysis.estimates import check_estimates
from analysis.measures.surveys.design import SurveyDesign
from analysis.measures.surveys.estimators import (
    survey_mean,
    survey_proportion,
    survey_ratio,
    survey_regression,
    survey_total,
)

rng = np.random.default_rng(4)
PERSONS = pd.DataFrame(
    {
        "value": rng.normal(5, 2, 60).round(2),
        "ill": (rng.random(60) < 0.3).astype(int),
        "w": rng.uniform(1, 3, 60).round(2),
        "s": np.repeat(["a", "b", "c"], 20),
        "c": np.tile([1, 2, 3, 4], 15),
        "sex": np.tile(["f", "m", "m"], 20),
        "age": rng.integers(20, 80, 60),
    }
)
DESIGN = SurveyDesign(weights="w", strata="s", clusters="c")


def test_mean_proportion_and_ratio_agree_where_they_are_the_same():
    mean = survey_mean(PERSONS, value="ill", design=DESIGN).loc[0]
    proportion = survey_proportion(PERSONS, value="ill", design=DESIGN, method="wald").loc[0]
    ratio = survey_ratio(PERSONS.assign(one=1), numerator="ill", denominator="one", design=DESIGN).loc[0]
    regression = survey_regression(PERSONS, outcome="ill", covariates=[], design=DESIGN).loc[0]
    for other in (proportion, ratio, regression):
        assert other["estimate"] == pytest.approx(mean["estimate"])
        assert other["standard_error"] == pytest.approx(mean["standard_error"])
        assert other["upper"] == pytest.approx(mean["upper"])


@settings(deadline=None, max_examples=40)
@given(st.floats(0.01, 1000), st.integers(0, 100))
def test_mean_does_not_change_with_the_scale_of_weights_or_the_order_of_rows(factor, seed):
    changed = PERSONS.assign(w=PERSONS["w"] * factor).sample(frac=1, random_state=seed)
    one, other = survey_mean(PERSONS, design=DESIGN).loc[0], survey_mean(changed, design=DESIGN).loc[0]
    assert other[["estimate", "lower", "upper"]].tolist() == pytest.approx(one[["estimate", "lower", "upper"]].tolist())


def test_a_unit_scales_estimate_and_standard_error_alike():
    one, other = (
        survey_mean(table, design=DESIGN).loc[0] for table in (PERSONS, PERSONS.assign(value=PERSONS["value"] * 100))
    )
    assert other["standard_error"] == pytest.approx(one["standard_error"] * 100)


def test_groups_add_up_to_the_total_and_a_missing_name_is_a_group():
    gaps = PERSONS.assign(sex=PERSONS["sex"].where(PERSONS.index > 3))
    whole = survey_total(gaps, design=DESIGN).loc[0]
    parts = survey_total(gaps, design=DESIGN, by="sex")
    assert parts["estimate"].sum() == pytest.approx(whole["estimate"])
    assert parts["sex"].isna().sum() == 1
    assert parts["observations"].tolist() == [18, 38, 4]


def test_several_levels_come_one_below_the_other():
    result = check_estimates(survey_mean(PERSONS, design=DESIGN, by="sex", level=(0.95, 0.99)))
    assert result["level"].tolist() == [0.95, 0.95, 0.99, 0.99]
    assert (result["upper"].iloc[2:].to_numpy() > result["upper"].iloc[:2].to_numpy()).all()


def test_nobody_or_everybody_gives_an_exact_interval_with_a_note():
    for share in (0, 1):
        row = check_estimates(survey_proportion(PERSONS.assign(ill=share), value="ill", design=DESIGN)).loc[0]
        assert row["estimate"] == share
        assert 0 <= row["lower"] < row["upper"] <= 1
        assert "exact interval" in row["note"]


def test_a_zero_denominator_and_one_cluster_per_stratum_have_notes():
    ratio = survey_ratio(PERSONS.assign(none=0), numerator="value", denominator="none", design=DESIGN).loc[0]
    assert np.isnan(ratio["estimate"])
    assert "denominator of zero" in ratio["note"]
    single = survey_mean(PERSONS.assign(c=1), design=DESIGN).loc[0]
    assert np.isnan(single["lower"])
    assert "one cluster per stratum" in single["note"]
    assert "no width" in survey_mean(PERSONS.assign(value=3.0), design=DESIGN).loc[0, "note"]


def test_categories_are_compared_with_the_first():
    result = survey_regression(PERSONS, outcome="value", covariates=["age", "sex"], design=DESIGN)
    assert result["term"].tolist() == ["intercept", "age", "sex=m"]
    alone = survey_regression(PERSONS, outcome="value", covariates="sex", design=DESIGN).set_index("term")
    means = survey_mean(PERSONS, design=DESIGN, by="sex").set_index("sex")["estimate"]
    assert alone.loc["sex=m", "estimate"] == pytest.approx(means["m"] - means["f"])


@pytest.mark.parametrize("link", ["logit", "log", "poisson"])
def test_a_regression_on_a_constant_gives_back_the_proportion(link):
    row = survey_regression(PERSONS, outcome="ill", covariates=[], design=DESIGN, link=link).loc[0]
    share = survey_mean(PERSONS, value="ill", design=DESIGN).loc[0, "estimate"]
    assert row["estimate"] == pytest.approx(np.log(share / (1 - share)) if link == "logit" else np.log(share))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"value": "five"}, "60 texts where numbers belong, the first in row 0"),
        ({"value": [np.nan] * 2 + [1.0] * 58}, "2 missing values, the first in row 0"),
    ],
)
def test_values_that_cannot_be_right_are_errors(change, message):
    with pytest.raises(DataError, match=message):
        survey_mean(PERSONS.assign(**change), design=DESIGN)


def test_wrong_uses_are_explained():
    with pytest.raises(DataError, match="There are no rows"):
        survey_mean(PERSONS.head(0))
    with pytest.raises(MethodError, match="needs weights that add up"):
        survey_total(PERSONS, design=SurveyDesign())
    with pytest.raises(DataError, match="values other than 0 and 1, the first in row"):
        survey_proportion(PERSONS.assign(ill=0.5), value="ill")
    with pytest.raises(DataError, match="values above 1"):
        survey_proportion(PERSONS.assign(ill=30), value="ill")
    with pytest.raises(MethodError, match="no unique answer"):
        survey_regression(PERSONS.assign(twice=PERSONS["age"] * 2), outcome="value", covariates=["age", "twice"])
    with pytest.raises(MethodError, match="runs to infinity|no unique answer"):
        survey_regression(PERSONS.assign(ill=(PERSONS["age"] > 50) * 1), outcome="ill", covariates="age", link="logit")
