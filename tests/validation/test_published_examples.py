"""Worked examples that others printed with their data, and what R makes of public data (r/published_examples.R).

A printed figure is met to half a unit of its last digit, a value of R to eight digits. Each test says where both stand.
"""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.estimates import pick
from analysis.measures.attribution.fractions import attributable_fraction, potential_impact_fraction
from analysis.measures.cohorts.survival import hazard_ratio, kaplan_meier, log_rank
from analysis.measures.decomposition.kitagawa import kitagawa_decomposition
from analysis.measures.effects.e_value import e_value
from analysis.measures.effects.interrupted_series import interrupted_series
from analysis.measures.inequality.attributable import attributable_to_inequality
from analysis.measures.inequality.dispersion import dispersion_between_groups
from analysis.measures.inequality.group_concentration import group_concentration_indices
from analysis.measures.life_tables.healthy_life_expectancy import variance_of_healthy_expectancy
from analysis.measures.life_tables.life_expectancy import life_expectancy
from analysis.measures.life_tables.tables import life_table_of_rates, sum_over_remaining_life, years_per_entrant
from analysis.measures.rates.crude import poisson_interval, rate_ratio
from analysis.measures.rates.direct_standardisation import directly_standardised_rate
from analysis.measures.rates.funnel import funnel_limits, funnel_points, over_dispersion
from analysis.measures.rates.means import group_means
from analysis.measures.rates.years_lost import years_of_life_lost
from analysis.measures.small_areas.shrinkage import shrunken_rates

HERE = Path(__file__).parent
R = pd.read_csv(HERE / "r/published_examples_expected.csv").set_index("name")["value"]
LIP_CANCER = pd.read_csv(HERE / "data/scottish_lip_cancer.csv")
SICILY = pd.read_csv(HERE / "data/sicily_2002_2006.csv")


def r_values(name, labels):
    return np.array([R[f"{name} {label}"] for label in labels])


# --- Life expectancy with its interval --------------------------------------------------------------------------------

# Public Health England, life expectancy calculator (Chiang, with Silcocks for the open band), as stored in the tests of
# PHEindicatormethods: github.com/ukhsa-collaboration/PHEindicatormethods, tests/testthat/testLifeExpectancy.R, `df1`
# and `answer1`. Five-year bands to 90 and over, deaths halfway, 0.1 year lived by those who die before age 1.
PHE_AGES = [0, 1, *range(5, 95, 5)]
PHE_PEOPLE = [7060, 35059, 46974, 48489, 43219, 38561, 46009, 57208, 61435, 55601, 50209, 56416, 46411, 39820]
PHE_PEOPLE += [37978, 37039, 33288, 23306, 11936, 11936]
PHE_DEATHS = [17, 9, 4, 8, 20, 15, 24, 33, 50, 71, 100, 163, 263, 304, 536, 872, 1390, 1605, 1936, 1937]
PHE_PRINTED = [
    (80.16960813, 79.88268548, 80.45653078),
    (79.36245674, 79.0898816, 79.63503188),
    (75.44193645, 75.17407307, 75.70979983),
    (70.47299936, 70.20675732, 70.7392414),
    (65.52909542, 65.26548673, 65.79270412),
    (60.67510088, 60.41876577, 60.931436),
    (55.78835987, 55.53801579, 56.03870395),
    (50.92752727, 50.68279939, 51.17225516),
    (46.06740425, 45.82666794, 46.30814055),
    (41.24505636, 41.00842831, 41.48168441),
    (36.49322717, 36.26223216, 36.72422219),
    (31.83343842, 31.60996318, 32.05691365),
    (27.26027992, 27.04337271, 27.47718713),
    (22.9719144, 22.76653134, 23.17729746),
    (18.76856852, 18.57570352, 18.96143352),
    (14.95858336, 14.77985004, 15.13731667),
    (11.51684445, 11.34831778, 11.68537112),
    (8.618849241, 8.451134045, 8.786564437),
    (6.163942934, 5.978358351, 6.349527517),
    (6.16210635, 5.887683386, 6.436529314),
]


def phe_bands(deaths, people):
    ends = [*PHE_AGES[1:], None]
    return pd.DataFrame({"age_from": PHE_AGES, "age_to": ends, "deaths": deaths, "person_years": people})


def test_life_expectancy_and_error_are_those_of_the_english_calculator_at_every_age():
    """The calculator takes 1.96 where the quantile is 1.959964, so standard errors are compared and not the limits."""
    found = life_expectancy(phe_bands(PHE_DEATHS, PHE_PEOPLE), at=PHE_AGES, ax="midpoint", infant=0.1)
    expectancy, lower, upper = np.array(PHE_PRINTED).T
    np.testing.assert_allclose(found["estimate"], expectancy, rtol=0, atol=5.1e-9)
    np.testing.assert_allclose(found["standard_error"], (upper - lower) / (2 * 1.96), rtol=0, atol=5.1e-9)
    np.testing.assert_allclose(found["upper"], expectancy + 1.959963984540054 / 1.96 * (upper - expectancy), atol=2e-8)


def test_risks_of_dying_are_those_of_the_example_inside_the_english_calculator():
    """The calculator's own numbers, printed in the package smcepi of San Mateo County, article "Life expectancy
    overview" (san-mateo-county-health-epidemiology.github.io/smcepi/articles): column prob_dying, first five."""
    deaths, people = np.array([206, 37, 23, 23, 105]), np.array([50698, 215400, 280458, 258105, 282062])
    table = life_table_of_rates(deaths / people, [0, 1, 5, 10, 15], [1, 4, 5, 5, 5], ax="midpoint", infant=0.1)
    np.testing.assert_allclose(table.risk, [0.004048, 0.000687, 0.00041, 0.000445, 0.00186], rtol=0, atol=5e-7)


# Preston SH, Heuveline P, Guillot M. Demography. Blackwell, 2001, box 3.1 (p. 49): males, Austria, 1992, with more
# digits in demCore (ihmeuw-demographics.github.io/demCore/reference/austria_1992_lt.html).
AUSTRIA = [
    (0, 419, 47925, 0.068, 0.008672164),
    (1, 70, 189127, 1.626, 0.001479187),
    (5, 36, 234793, 2.500, 0.000766339),
    (10, 46, 238790, 3.143, 0.000962845),
    (15, 249, 254996, 2.724, 0.004871602),
    (20, 420, 326831, 2.520, 0.006404927),
    (25, 403, 355086, 2.481, 0.005658505),
    (30, 441, 324222, 2.601, 0.006778776),
    (35, 508, 269963, 2.701, 0.009368169),
    (40, 769, 261971, 2.663, 0.014577196),
    (45, 1154, 238011, 2.698, 0.023974985),
]


def test_risks_of_dying_of_austrian_males_have_all_the_digits_of_the_data_set():
    start, deaths, people, lived, risk = (np.array(column, dtype=float) for column in zip(*AUSTRIA, strict=True))
    table = life_table_of_rates(deaths / people, start, np.diff([*start, 50.0]), ax=lived)
    np.testing.assert_allclose(table.risk, risk, rtol=0, atol=5e-10)


# --- Healthy life expectancy ------------------------------------------------------------------------------------------

# Robine JM, Hauet E. Practical guide on health expectancy calculation: Sullivan method, 1996 (revised 1997), table 3,
# euroreves.ined.fr/methods/cookdef/node20.html: French life table of 1991, survivors, years lived, variance of the
# prevalence of disability (column 5), variance and standard error of the expectancy (columns 7 and 8); proportion in
# health and expectancy from table 1, node4.html (of 85 and over the printed 83,967 of 289,068 years). From age 65,
# where every band is printed.
FRANCE = [
    (89367, 436589, 0.804, 0.000281, 12.3, 0.0466, 0.22),
    (84968, 408793, 0.714, 0.000507, 8.8, 0.0441, 0.21),
    (78012, 364013, 0.630, 0.000675, 5.8, 0.0384, 0.20),
    (66625, 290533, 0.487, 0.000914, 3.4, 0.0325, 0.18),
    (48532, 289068, 83967 / 289068, 0.000805, 1.7, 0.0285, 0.17),
]


def test_variance_of_disability_free_life_expectancy_is_that_of_the_guide():
    """To one unit of the last digit: at 85 the guide's own columns give 0.02857, and it prints 0.0285.

    Column 6 at 75, 92,223,675, is a misprint: column 7 follows from column 5 (0.000675 x 364,013 squared is 89.4
    million) and not from it.
    """
    survivors, years, healthy, spread, printed, variance, error = np.array(FRANCE, dtype=float).T
    width = np.array([5, 5, 5, 5, np.inf])
    dying = survivors - np.append(survivors[1:], 0)
    lived = np.append((years[:-1] - 5 * survivors[1:]) / dying[:-1], years[-1] / dying[-1])
    lives = life_table_of_rates(dying / years, [65, 70, 75, 80, 85], width, ax=lived)
    within = years_per_entrant(lives.width, lives.years_of_dying, lives.risk)
    np.testing.assert_allclose(sum_over_remaining_life(healthy * within, 1 - lives.risk), printed, rtol=0, atol=0.05)
    found = variance_of_healthy_expectancy(lives, healthy, spread, None)
    np.testing.assert_allclose(found, variance, rtol=0, atol=1e-4)
    np.testing.assert_allclose(np.sqrt(found), error, rtol=0, atol=0.005)


# --- Kitagawa ---------------------------------------------------------------------------------------------------------


def test_change_of_the_american_death_rate_splits_as_in_the_manual_of_das_gupta():
    """Das Gupta P. Standardization and decomposition of rates: a user's manual. US Bureau of the Census, P23-186, 1993,
    example 5.3: deaths per 1000 by race (2) and age (11), United States 1970 and 1985.

    Data and printed rates as in the tests of DasGuptR 2.1.0. Standardised rates 10.258 and 8.030 (rates differ), 8.385
    and 9.907 (age differs), 9.136 and 9.156 (race differs): two figures to three digits differ by up to 0.001.
    """
    cells = pd.read_csv(HERE / "data/das_gupta_1993_example_5_3.csv")
    cells["deaths"] = cells["population_thousands"] * cells["rate_per_thousand"]
    found = kitagawa_decomposition(
        cells,
        group="year",
        exposed=1985,
        reference=1970,
        strata=["race", "age_group"],
        person_years="population_thousands",
    ).set_index("component")["estimate"]
    assert found["rates"] == pytest.approx(8.030 - 10.258, abs=0.001)
    assert found["composition"] == pytest.approx((9.907 - 8.385) + (9.156 - 9.136), abs=0.002)
    assert found["total"] == pytest.approx(found["rates"] + found["composition"], rel=1e-12)


# --- Standardised rates, exact limits and funnels ---------------------------------------------------------------------


def test_gamma_interval_of_down_syndrome_has_the_digits_of_dsrtest():
    """Fay MP, Feuer EJ. Stat Med 1997;16:791-801, fifth birth or later; five decimals from the vignette "dsrTest -
    examples" of dsrTest 1.0.0: 75.52901 (67.70212 to 188.30017) per 100,000."""
    mothers = ["-19", "20-24", "25-29", "30-34", "35-39", "40+"]
    births, cases = [327, 30666, 123419, 149919, 104088, 34392], [0, 8, 63, 112, 262, 295]
    table = pd.DataFrame({"mother": mothers, "deaths": cases, "person_years": births})
    weights = [319933, 931318, 786511, 488235, 237863, 61313]
    standard = pd.DataFrame({"mother": mothers, "weight": weights})
    found = directly_standardised_rate(table, standard, strata="mother", method="gamma").loc[0]
    limits = np.array([found["estimate"], found["lower"], found["upper"]]) * 1e5
    np.testing.assert_allclose(limits, [75.52901, 67.70212, 188.30017], rtol=0, atol=5.1e-6)


# Public Health England, funnel plot for indirectly standardised ratios, as stored in PHEindicatormethods,
# tests/testthat/testdata_funnel_ratio_outputs.csv: for an observed count the expected counts at which it lies on the
# limit, and that limit in percent (lower_2s_exp_events, lower_2s_isr, upper_2s_exp_events; the same for 3s).
PHE_FUNNEL = [
    (1, 0.95, 5.571644585, 17.94802207, 0.025317898),
    (5, 0.95, 11.6683331, 42.85102213, 1.623486324),
    (10, 0.95, 18.39035799, 54.3763205, 4.795387629),
    (25, 0.95, 36.90492768, 67.74163118, 16.17868501),
    (100, 0.95, 121.6268111, 82.21871402, 81.36400699),
    (716, 0.95, 770.4222128, 92.93605352, 664.5083011),
    (1, 0.998, 9.233410143, 10.83023482, 0.001000547),
    (5, 0.998, 16.45474478, 30.38637225, 0.739371928),
    (10, 0.998, 24.13397235, 41.43536693, 2.960519925),
    (25, 0.998, 44.63607076, 56.00851413, 12.33695202),
    (100, 0.998, 134.9243187, 74.11562345, 71.92139974),
    (716, 0.998, 802.60414, 89.20960712, 636.1521174),
]


@pytest.mark.parametrize(("count", "level", "highest", "percent", "lowest"), PHE_FUNNEL)
def test_a_count_lies_on_the_limit_of_the_english_funnel(count, level, highest, percent, lowest):
    """Six digits: the search behind the table stops there (0.0253179 where 1 - exp(-x) = 0.025 gives 0.0253178).

    The upper line of that funnel counts an observation on the line itself, ours (Spiegelhalter) the one below it, so
    only the lower lines are the same.
    """
    lower, upper = poisson_interval(count, level)
    assert float(upper) == pytest.approx(highest, rel=5e-7)
    assert float(lower) == pytest.approx(lowest, rel=5e-7, abs=1e-7)
    limit = funnel_limits(1.0, [float(upper)], kind="smr", level=level).loc[0, "lower"]
    assert limit * 100 == pytest.approx(percent, rel=5e-7)


def test_additive_over_dispersion_is_the_variance_between_districts_of_dersimonian_and_laird():
    """metafor 3.8-1, rma(method = "DL"), on root SMRs with the pooled root as target. Spiegelhalter DJ. Stat Med
    2005;24:1185-1202 takes his estimate of tau2 from them; without pulling in extremes the two are one formula."""
    size = LIP_CANCER["expected"].to_numpy()
    error = 0.5 / np.sqrt(size)
    z = (np.sqrt(LIP_CANCER["deaths"] / size) - R["funnel centre"]) / error
    found = over_dispersion(z, error, winsorise=0)
    assert found.phi == pytest.approx(R["funnel phi"], rel=1e-8)
    assert found.tau2 == pytest.approx(R["funnel tau2"], rel=1e-8)
    target = float(R["funnel centre"]) ** 2
    options = {"kind": "smr", "target": target, "scale": "root", "overdispersion": "additive", "winsorise": 0}
    units = funnel_points(LIP_CANCER, **options, level=0.95)
    assert units["tau2"].to_numpy() == pytest.approx(R["funnel tau2"], rel=1e-8)


RATES = ["13 1500 36 2400", "0 900 7 1100", "2 40 1 55", "120 8000 95 8100"]


@pytest.mark.parametrize("row", RATES)
def test_exact_rate_ratio_is_that_of_poisson_test(row):
    """R 4.2.2, poisson.test(c(x, y), c(t, u)): second group over first."""
    first, first_years, second, second_years = (float(number) for number in row.split())
    table = pd.DataFrame({"who": ["a", "b"], "deaths": [first, second], "person_years": [first_years, second_years]})
    found = rate_ratio(table, group="who", exposed="b", reference="a", method="exact").loc[0]
    assert found["lower"] == pytest.approx(R[f"rate ratio {row} lower"], rel=1e-8)
    if math.isfinite(R[f"rate ratio {row} upper"]):
        assert found["upper"] == pytest.approx(R[f"rate ratio {row} upper"], rel=1e-8)
    else:
        assert not math.isfinite(found["upper"])


def test_years_of_life_lost_of_five_deaths_are_those_of_ontario():
    """Association of Public Health Epidemiologists in Ontario, core indicators, "Calculating potential years of life
    lost", method A (core.apheo.ca/index.php?pid=190): deaths at 0.5, 55, 15, 85 and 60, limit 75, give 169.5 years."""
    deaths = pd.DataFrame({"died_at": [0.5, 55, 15, 85, 60], "deaths": 1})
    assert years_of_life_lost(deaths, age_limit=75, age="died_at").loc[0, "estimate"] == 169.5


def test_mean_and_interval_are_those_of_t_test():
    """R 4.2.2, t.test of the 36 months before the smoking ban in Sicily."""
    found = group_means(SICILY[SICILY["month"] < 37], value="admissions").loc[0]
    names = {"estimate": "mean", "lower": "lower", "upper": "upper"}
    for column, name in names.items():
        assert found[column] == pytest.approx(R[f"sicily months {name}"], rel=1e-10)


# --- Small areas ------------------------------------------------------------------------------------------------------


def test_smoothed_risks_of_lip_cancer_in_scotland_are_those_of_a_negative_binomial():
    """Clayton D, Kaldor J. Biometrics 1987;43:671-681, data of table 1 (56 districts, 536 cases). MASS 7.3-58.2,
    glm.nb with the log of the expected cases as offset; means and quantiles of the gamma distributions by qgamma."""
    found = shrunken_rates(LIP_CANCER, exposure="expected")
    np.testing.assert_allclose(found["mean"], R["lip mean"], rtol=1e-8)
    np.testing.assert_allclose(found["between_variance"], R["lip between_variance"], rtol=1e-8)
    for column in ("estimate", "lower", "upper"):
        np.testing.assert_allclose(found[column], r_values(f"lip {column}", found["district"]), rtol=1e-8)


# --- Series, survival and confounding ---------------------------------------------------------------------------------

WAVES = (("sine", np.sin), ("cosine", np.cos))


@pytest.mark.parametrize("slope", [True, False])
@pytest.mark.parametrize("label", ["plain", "season"])
def test_smoking_ban_in_sicily_is_that_of_glm(label, slope):
    """Admissions for acute coronary events, ages 0 to 69, January 2002 to November 2006, ban in January 2005: Bernal
    JL, Cummins S, Gasparrini A. Int J Epidemiol 2017;46:348-355, with its data. R 4.2.2, glm(family = quasipoisson), a
    change of level with and without one of slope (the article's own model is without), without and with two pairs of
    waves a year."""
    waves = {f"{name}{k}": function(2 * np.pi * k * SICILY["month"] / 12) for k in (1, 2) for name, function in WAVES}
    table = SICILY.assign(**waves)
    found = interrupted_series(
        table,
        outcome="admissions",
        time="month",
        start=37,
        model="quasi-poisson",
        exposure="standard_population",
        adjust=list(waves) if label == "season" else (),
        slope=slope,
    )
    assert len(found) == (4 if slope else 3)
    for row in found.itertuples():
        name = f"sicily {label}{'' if slope else ' without slope'} {row.measure}"
        assert row.estimate == pytest.approx(R[f"{name} estimate"], rel=1e-8)
        assert row.standard_error == pytest.approx(R[f"{name} se"], rel=1e-7)


# Freireich EJ et al. Blood 1963;21:699-716: weeks of remission, 1 for a relapse.
SIX_MP = [(6, 1), (6, 1), (6, 1), (6, 0), (7, 1), (9, 0), (10, 1), (10, 0), (11, 0), (13, 1), (16, 1), (17, 0), (19, 0)]
SIX_MP += [(20, 0), (22, 1), (23, 1), (25, 0), (32, 0), (32, 0), (34, 0), (35, 0)]
PLACEBO = [(week, 1) for week in (1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23)]


@pytest.fixture(scope="module")
def remission():
    rows = [(*row, "6-MP") for row in SIX_MP] + [(*row, "placebo") for row in PLACEBO]
    return pd.DataFrame(rows, columns=["weeks", "relapse", "drug"])


def test_survival_curve_and_its_interval_are_those_of_survfit(remission):
    """survival 3.5-3, survfit(conf.type = "log-log")."""
    curve = kaplan_meier(remission[remission["drug"] == "6-MP"], duration="weeks", event="relapse")
    steps = curve[curve["events"] > 0]
    for column, part in {"estimate": "surv", "lower": "lower", "upper": "upper"}.items():
        expected = r_values(f"remission {part}", [6, 7, 10, 13, 16, 22, 23])
        np.testing.assert_allclose(steps[column], expected, rtol=1e-8)


def test_hazard_ratio_and_log_rank_test_are_those_of_the_package_survival(remission):
    """survival 3.5-3, coxph(ties = "efron") and survdiff."""
    names = {"duration": "weeks", "event": "relapse", "group": "drug"}
    found = hazard_ratio(remission, **names, exposed="placebo", reference="6-MP").loc[0]
    assert found["estimate"] == pytest.approx(R["remission hazard"], rel=1e-8)
    assert (found["lower"], found["upper"]) == pytest.approx(
        (R["remission hazard lower"], R["remission hazard upper"]), rel=1e-8
    )
    assert log_rank(remission, **names).loc[0, "statistic"] == pytest.approx(R["remission log-rank"], rel=1e-10)


def test_e_value_of_smoking_and_lung_cancer():
    """Hammond and Horn 1958, ratio 10.73 (8.02 to 14.36), vignette "Unmeasured confounding" of the package EValue:
    20.94777 for the ratio and 15.52336 for the limit nearest to 1."""
    found = e_value(pd.DataFrame({"estimate": [10.73], "lower": [8.02], "upper": [14.36]})).loc[0]
    assert (found["estimate"], found["lower"]) == pytest.approx((20.94777, 15.52336), abs=5.1e-6)


# --- Inequality -------------------------------------------------------------------------------------------------------


def test_mean_log_deviation_of_five_regions_is_that_of_stoermann():
    """Stoermann W. Regionaloekonomik. Oldenbourg, 2009, incomes 10, 10, 10, 20, 50: 0.2326302 in the help page of
    REAT::theil. What is called Theil's index there is the mean of ln(mean / income), here the mean log deviation."""
    regions = pd.DataFrame({"region": list("abcde"), "estimate": [10.0, 10, 10, 20, 50], "population": [1] * 5})
    found = dispersion_between_groups(regions, measures=["mld", "theil"], group="region", favourable=True)
    assert pick(found, measure="mld")["estimate"] == pytest.approx(0.2326302, abs=5.1e-8)
    assert pick(found, measure="theil")["estimate"] != pytest.approx(0.2326302, abs=1e-3)


# World Health Organization, healthequal 1.0: values that its tests expect (github.com/WHOequity/healthequal,
# tests/testthat), on groups that R draws after set.seed(123): the populations of five ordered groups, and population,
# value and standard error of 25 regions of which the 14th is the reference. Index of disparity and fractions there in
# percent, mld and Theil times 1000, their standard errors not; single precision.
LADDER = pd.DataFrame({"quintile": range(1, 6), "estimate": [0.2, 0.3, 0.4, 0.5, 0.6]})
LADDER["population"] = [78, 91, 162, 103, 105]
REGIONS = pd.DataFrame({"region": range(1, 26)})
REGIONS["population"] = [
    *(832, 931, 1468, 1021, 1039, 1515, 1138, 620, 794, 866, 1367, 1108, 1120, 1033, 833, 1536, 1149, 410, 1210, 858),
    *(680, 935, 692, 781, 812),
]
REGIONS["estimate"] = [
    *(61, 74, 58, 59, 72, 75, 74, 68, 75, 67, 73, 63, 66, 62, 60, 66, 71, 73, 71, 61, 74, 84, 55, 69, 60),
]
REGIONS["standard_error"] = [5, 3, 3, 3, 4, 9, 2, 2, 2, 5, 5, 7, 5, 6, 4, 5, 6, 6, 9, 4, 3, 4, 1, 3, 7]


@pytest.mark.parametrize(
    ("kind", "factor", "printed", "error"),
    [("standard", 1, 0.17776859, 0.0071240491), ("absolute", 100, 7.3284202, 0.29368517)],
)
def test_concentration_indices_of_five_groups_are_those_of_healthequal(kind, factor, printed, error):
    found = group_concentration_indices(LADDER, position="quintile", kinds=kind).loc[0]
    assert found["estimate"] * factor == pytest.approx(printed, rel=2e-7)
    # Errors rest on residuals that are a tenth of the values, so that single precision leaves six digits.
    assert found["standard_error"] * factor == pytest.approx(error, rel=2e-6)


# Values in single precision: seven digits. Those of mld and Theil are sums of logarithms around 0, in which the
# rounding of the mean (6e-8) stays whole: 1e-7 of the index, 1e-4 in thousandths. With the mean rounded to single
# precision the Theil index is the printed one to its last digit.
OF_REGIONS = [
    ("bgv", 1, 46.198326),
    ("bgsd", 1, 6.7969351),
    ("mld", 1000, 5.0524006),
    ("theil", 1000, 5.0359201),
    ("mdm", 1, 5.891726),
    ("mdm_weighted", 1, 5.8348689),
    ("mdb", 1, 16.360001),
    ("mdb_weighted", 1, 16.293156),
    ("mdr", 1, 7.2399998),
    ("mdr_weighted", 1, 7.2228465),
    ("idis", 100, 8.7018175),
    ("idis_weighted", 100, 8.6178417),
]


@pytest.mark.parametrize(("measure", "factor", "printed"), OF_REGIONS)
def test_dispersion_of_25_regions_is_that_of_healthequal(measure, factor, printed):
    options = {"group": "region", "reference": 14, "favourable": True, "draws": 100}
    found = dispersion_between_groups(REGIONS, measures=measure, **options).loc[0]
    assert found["estimate"] * factor == pytest.approx(printed, rel=2e-7, abs=1e-4 if factor == 1000 else 0)


# The formulae are those of HD*Calc (Ahn), in the tests of healthequal; mld and Theil are printed to seven decimals.
ERRORS_OF_REGIONS = [("bgv", 17.134647, 2e-7), ("mld", 0.0014242, 4e-5), ("theil", 0.0014201, 4e-5)]


@pytest.mark.parametrize(("measure", "printed", "tolerance"), ERRORS_OF_REGIONS)
def test_analytic_standard_errors_of_dispersion_are_those_of_healthequal(measure, printed, tolerance):
    found = dispersion_between_groups(REGIONS, measures=measure, interval="analytic").loc[0]
    assert found["standard_error"] == pytest.approx(printed, rel=tolerance)


@pytest.mark.parametrize(
    ("groups", "risk", "fraction", "error"),
    [("ladder", 0.18775509, 0.45544548, 0.10689361), ("regions", 0.16293152, 0.2406426, 0.01771526)],
)
def test_what_inequality_costs_and_walters_error_are_those_of_healthequal(groups, risk, fraction, error):
    """paf 45.544548 with error 0.10689361 and 24.06426 with 0.01771526; par 18.775509 and 16.293152 (percent)."""
    if groups == "ladder":
        rows = attributable_to_inequality(LADDER, position="quintile", favourable=True, interval="walter")
    else:
        regions = REGIONS.drop(columns="standard_error").assign(estimate=REGIONS["estimate"] / 100)
        rows = attributable_to_inequality(regions, group="region", favourable=True, interval="walter")
    found = rows.set_index("measure")
    assert found.loc["par", "estimate"] == pytest.approx(risk, rel=3e-7)
    assert found.loc["paf", "estimate"] == pytest.approx(fraction, rel=3e-7)
    assert found.loc["paf", "standard_error"] == pytest.approx(error, rel=3e-7)


# --- Attribution ------------------------------------------------------------------------------------------------------


def test_dementia_due_to_smoking_is_that_of_deltapif():
    """Lee M et al. JAMA Netw Open 2022;5:e2219672: 8.5 percent smoke, log ratio 0.4637 with variance 0.02766639. README
    of deltapif (github.com/RodrigoZepeda/deltapif): fraction 4.775 percent (0.695 to 8.688); with 15 percent fewer
    smokers 0.716 percent (0.115 to 1.314)."""
    half = 1.959963984540054 * math.sqrt(0.02766639)
    ratios = {
        "relative_risk": [math.exp(0.4637)],
        "lower": [math.exp(0.4637 - half)],
        "upper": [math.exp(0.4637 + half)],
    }
    smoking = pd.DataFrame(ratios | {"prevalence": [0.085], "counterfactual": [0.07225]})
    columns = ["estimate", "lower", "upper"]
    fraction = attributable_fraction(smoking).loc[0, columns].to_numpy(dtype=float)
    np.testing.assert_allclose(fraction * 100, [4.775, 0.695, 8.688], rtol=0, atol=5.1e-4)
    impact = potential_impact_fraction(smoking).loc[0, columns].to_numpy(dtype=float)
    np.testing.assert_allclose(impact * 100, [0.716, 0.115, 1.314], rtol=0, atol=5.1e-4)
