"""Synthesis and small areas against R (scripts and all digits in tests/validation/r) and against published figures."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.meta_analysis import combine_effects

from analysis.estimates import check_estimates
from analysis.measures.synthesis.meta_analysis import meta_analysis
from analysis.measures.synthesis.meta_regression import meta_regression
from analysis.measures.synthesis.publication_bias import egger_test, trim_and_fill

R = Path(__file__).parent / "r"
INPUTS = pd.read_csv(R / "meta_inputs.csv", skipinitialspace=True)
EXPECTED = pd.read_csv(R / "meta_expected.csv", skipinitialspace=True)
SETS = ["bcg", "calm", "two", "uneven", "large"]
INTERVALS = {"z": "wald", "t": "t", "knha": "hartung-knapp", "adhoc": "hartung-knapp-ad-hoc"}
ITERATIVE = {"REML", "ML", "PM", "EB"}


def studies(name):
    return INPUTS[INPUTS["set"] == name].reset_index(drop=True)


# --- Meta-analysis: metafor 3.8-1 under R 4.2.2, script r/meta_analysis.R ---------------------------------------------

CLOSED = ["q", "q_p_value"]
FITTED = ["estimate", "standard_error", "lower", "upper", "p_value", "tau_squared", "i_squared", "h_squared"]


@pytest.mark.parametrize("row", EXPECTED.to_dict("records"), ids=lambda row: f"{row['set']}-{row['method']}")
def test_meta_analysis_is_that_of_metafor(row):
    found = meta_analysis(studies(row["set"]), method=row["method"], interval=INTERVALS[row["interval"]]).loc[0]
    tolerance = 1e-6 if row["method"] in ITERATIVE else 1e-9
    assert found["studies"] == row["studies"]
    for column in CLOSED:
        assert found[column] == pytest.approx(row[column], rel=1e-9), column
    for column in FITTED:
        assert found[column] == pytest.approx(row[column], rel=tolerance, abs=1e-10), column


@pytest.mark.parametrize("name", SETS)
def test_q_profile_interval_is_that_of_metafor(name):
    expected = EXPECTED[(EXPECTED["set"] == name) & (EXPECTED["method"] == "DL")].iloc[0]
    found = meta_analysis(studies(name), method="DL").loc[0]
    for column in ("tau_squared_lower", "tau_squared_upper"):
        assert found[column] == pytest.approx(expected[column], rel=1e-8, abs=1e-8), column


def test_bcg_trials_are_those_of_the_metafor_article():
    """Viechtbauer W. J Stat Softw 2010;36(3), section 3: REML on the log risk ratios of the 13 BCG trials."""
    found = meta_analysis(studies("bcg")).loc[0]
    assert found["estimate"] == pytest.approx(-0.7145, abs=5e-5)
    assert found["standard_error"] == pytest.approx(0.1798, abs=5e-5)
    assert (found["lower"], found["upper"]) == pytest.approx((-1.0669, -0.3622), abs=5e-5)
    assert (found["tau_squared"], found["i_squared"]) == pytest.approx((0.3132, 0.9222), abs=5e-5)


def test_paule_mandel_solves_its_equation_to_the_last_digit():
    """Root finders with default settings stop at 0.31806 to 0.31809 on the BCG trials: the equation itself decides."""
    table = studies("bcg")
    found = meta_analysis(table, method="PM").loc[0, "tau_squared"]
    weights = 1 / (table["standard_error"] ** 2 + found)
    residuals = table["effect"] - np.average(table["effect"], weights=weights)
    assert np.sum(weights * residuals**2) == pytest.approx(12, rel=1e-13)
    assert found == pytest.approx(0.318068452205, abs=1e-12)


@pytest.mark.parametrize("name", SETS)
def test_dersimonian_laird_is_that_of_statsmodels_to_eight_digits(name):
    table = studies(name)
    effects, variances = table["effect"].to_numpy(), table["standard_error"].to_numpy() ** 2
    with np.errstate(invalid="ignore"):
        peer = combine_effects(effects, variances, method_re="dl")
    found = meta_analysis(table, method="DL").loc[0]
    assert found["tau_squared"] == pytest.approx(max(peer.tau2, 0), rel=1e-8)
    if peer.tau2 > 0:
        assert found["estimate"] == pytest.approx(peer.mean_effect_re, rel=1e-8)


def test_a_thousand_random_reml_meta_analyses_all_end_at_the_top_of_their_likelihood():
    """metafor 4.8 gave an error for 7 of 1,000 such data sets with its default settings (REML, 20 studies)."""
    random = np.random.default_rng(2026)
    errors = random.uniform(0.05, 0.6, 20_000)
    between = np.repeat(random.choice([0.0, 0.001, 0.02, 0.3], 1000), 20)
    table = pd.DataFrame(
        {
            "group": np.repeat(np.arange(1000), 20),
            "effect": random.normal(0, np.sqrt(between + errors**2)),
            "standard_error": errors,
        }
    )
    found = check_estimates(meta_analysis(table, by="group"))
    effects, variances = (values.to_numpy().reshape(1000, 20) for values in (table["effect"], errors_squared(table)))

    def height(tau):
        weights = 1 / (variances + tau[:, None])
        total = weights.sum(axis=1)
        mean = (weights * effects).sum(axis=1) / total
        return (np.log(weights) - weights * (effects - mean[:, None]) ** 2).sum(axis=1) - np.log(total)

    top = height(found["tau_squared"].to_numpy())
    for other in np.concatenate([[0.0], np.geomspace(1e-6, 10, 200)]):
        assert np.all(height(np.full(1000, other)) <= top + 1e-9)


def errors_squared(table):
    return table["standard_error"] ** 2


# Relative mortality of homeless people. Men: Nusselder 2013 (Rotterdam), Nielsen 2011 (Denmark), Stenius-Ayoade 2017
# (Helsinki, hazard ratio); women: the first two. Abstracts; pooled by DerSimonian-Laird on the log scale.
HOMELESS = [
    ([(3.31, 2.91, 3.77), (5.6, 5.4, 5.8), (5.38, 4.39, 6.59)], (4.64, 3.24, 6.64), 0.966),
    ([(5.56, 3.95, 7.82), (6.7, 6.2, 7.1)], (6.60, 5.97, 7.29), None),
]


@pytest.mark.parametrize(("rows", "printed", "i_squared"), HOMELESS)
def test_random_effects_pools_of_homeless_mortality(rows, printed, i_squared):
    ratios = np.log(np.array(rows))
    table = pd.DataFrame({"effect": ratios[:, 0], "standard_error": (ratios[:, 2] - ratios[:, 1]) / (2 * 1.959964)})
    found = meta_analysis(table, method="DL", exponentiate=True).loc[0]
    assert (found["estimate"], found["lower"], found["upper"]) == pytest.approx(printed, abs=0.02)
    if i_squared is not None:
        assert found["i_squared"] == pytest.approx(i_squared, abs=0.001)
        assert found["tau_squared"] == pytest.approx(0.096, abs=0.002)


# --- Meta-regression and bias: metafor 3.8-1, r/meta_analysis.R -------------------------------------------------------

REGRESSION = pd.read_csv(R / "meta_regression_expected.csv", skipinitialspace=True)
BIAS = pd.read_csv(R / "bias_expected.csv", skipinitialspace=True)


@pytest.mark.parametrize("row", REGRESSION.to_dict("records"), ids=lambda row: f"{row['set']}-{row['method']}")
def test_meta_regression_is_that_of_metafor(row):
    interval = {"z": "wald", "knha": "hartung-knapp"}[row["interval"]]
    found = meta_regression(studies(row["set"]), moderators="moderator", method=row["method"], interval=interval)
    one = found[found["term"] == row["term"]].iloc[0]
    columns = ["estimate", "standard_error", "lower", "upper", "p_value", "tau_squared", "q_residual", "q_model"]
    tolerance = 1e-6 if row["method"] in ITERATIVE else 1e-8
    for column in columns:
        assert one[column] == pytest.approx(row[column], rel=tolerance, abs=1e-9), column
    if row["method"] != "FE" and not np.isnan(row["r_squared"]):
        assert one["r_squared"] == pytest.approx(row["r_squared"], rel=1e-5, abs=1e-9)


@pytest.mark.parametrize("row", BIAS.to_dict("records"), ids=lambda row: f"{row['set']}-{row['what']}")
def test_egger_and_trim_and_fill_are_those_of_metafor(row):
    table = studies(row["set"])
    if row["what"] == "egger":
        found = egger_test(table).loc[0]
        assert found["statistic"] == pytest.approx(row["statistic"], rel=1e-8)
        assert found["p_value"] == pytest.approx(row["p_value"], rel=1e-8)
    else:
        method, estimator = row["what"].split()
        found = trim_and_fill(table, method=method, estimator=estimator, side=row["side"]).loc[0]
        assert found["missing_studies"] == row["missing"]
        assert found["estimate"] == pytest.approx(row["estimate"], rel=1e-6)
        assert found["standard_error"] == pytest.approx(row["standard_error"], rel=1e-6)
