"""Survey estimates against the R package survey: r/survey.R made r/survey_expected.csv from r/survey_input.csv."""

from pathlib import Path

import pandas as pd
import pytest

from analysis.measures.surveys.design import SurveyDesign
from analysis.measures.surveys.estimators import (
    survey_mean,
    survey_proportion,
    survey_ratio,
    survey_regression,
    survey_total,
)

HERE = Path(__file__).parent / "r"
PERSONS = pd.read_csv(HERE / "survey_input.csv")
EXPECTED = pd.read_csv(HERE / "survey_expected.csv").set_index(["name", "statistic"])["value"]
DESIGNS = {
    "simple": SurveyDesign(),
    "weights": SurveyDesign(weights="weight"),
    "strata": SurveyDesign(weights="weight", strata="region"),
    "clusters": SurveyDesign(weights="weight", clusters="town"),
    "full": SurveyDesign(weights="weight", strata="region", clusters="town"),
    "fpc": SurveyDesign(weights="weight", strata="region", clusters="town", fpc="towns"),
}


def agrees(row, name, *statistics):
    for statistic in statistics:
        assert row[statistic] == pytest.approx(EXPECTED[name, statistic], rel=1e-8), (name, statistic)


@pytest.mark.parametrize("name", DESIGNS)
def test_means_ratios_proportions_and_their_intervals_are_those_of_r(name):
    design = DESIGNS[name]
    mean = survey_mean(PERSONS, value="visits", design=design, level=(0.95, 0.9))
    agrees(mean.loc[0], f"{name} mean", "estimate", "standard_error")
    agrees(mean.loc[1], f"{name} mean 90", "lower", "upper")
    ratio = survey_ratio(PERSONS, numerator="visits", denominator="years", design=design)
    agrees(ratio.loc[0], f"{name} ratio", "estimate", "standard_error")
    for method, word in (("logit", "logit"), ("exact", "beta")):
        proportion = survey_proportion(PERSONS, value="smokes", design=design, method=method).loc[0]
        agrees(proportion, f"{name} proportion", "estimate", "standard_error", "degrees_of_freedom")
        agrees(proportion, f"{name} proportion {word}", "lower", "upper")


@pytest.mark.parametrize("name", [name for name in DESIGNS if name != "simple"])
def test_totals_and_regressions_are_those_of_r(name):
    design = DESIGNS[name]
    agrees(survey_total(PERSONS, value="visits", design=design).loc[0], f"{name} total", "estimate", "standard_error")
    for link, outcome in (("linear", "visits"), ("logit", "smokes"), ("poisson", "smokes")):
        slopes = survey_regression(PERSONS, outcome=outcome, covariates=["age", "income"], design=design, link=link)
        rows = slopes.set_index("term")
        agrees(rows.loc["intercept"], f"{name} {link} (Intercept)", "estimate")
        for term in ("age", "income"):
            agrees(rows.loc[term], f"{name} {link} {term}", "estimate", "standard_error")


@pytest.mark.parametrize("name", ["weights", "full", "fpc"])
def test_a_domain_is_part_of_the_whole_sample(name):
    """R: subset(design, sex == "female"), which keeps the clusters without women."""
    by_sex = survey_mean(PERSONS, value="visits", design=DESIGNS[name], by="sex").set_index("sex")
    agrees(by_sex.loc["female"], f"{name} women mean", "estimate", "standard_error", "degrees_of_freedom")
    totals = survey_total(PERSONS, value="visits", design=DESIGNS[name], by="sex").set_index("sex")
    agrees(totals.loc["female"], f"{name} women total", "estimate", "standard_error")


@pytest.mark.parametrize("lonely", ["adjust", "certainty", "remove", "average"])
def test_lonely_clusters_follow_the_four_rules_of_r(lonely):
    few = PERSONS[~PERSONS["region"].isin(["north", "west"]) | (PERSONS["town"] == 1)]
    design = SurveyDesign(weights="weight", strata="region", clusters="town", lonely=lonely)
    mean = survey_mean(few, value="visits", design=design).loc[0]
    agrees(mean, f"lonely {lonely} mean", "estimate", "standard_error")
    assert "single cluster" in mean["note"]
    agrees(
        survey_total(few, value="visits", design=design).loc[0], f"lonely {lonely} total", "estimate", "standard_error"
    )
