"""Standardised rates against figures that others published or R computed; inputs, script and values are in `r/`."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.estimates import pick
from analysis.measures.cohorts.poisson_models import poisson_rate_model
from analysis.measures.rates.crude import poisson_interval
from analysis.measures.rates.direct_standardisation import directly_standardised_rate
from analysis.measures.rates.indirect_standardisation import (
    indirectly_standardised_rate,
    observed_to_expected,
    standardised_mortality_ratio,
)
from analysis.measures.rates.standardised_contrasts import standardised_rate_ratio

R = Path(__file__).parent / "r"
TABLE = pd.read_csv(R / "standardisation_input.csv")
STANDARD = pd.read_csv(R / "standardisation_standard.csv")
EXPECTED = pd.read_csv(R / "standardisation_expected.csv").set_index("name")["value"]
REGIONS = ["north", "south", "east"]


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("level", [0.95, 0.998])
def test_gamma_interval_of_a_directly_standardised_rate_is_that_of_epitools(region, level):
    """epitools 0.5-10.1, ageadjust.direct (Fay and Feuer 1997)."""
    rates = directly_standardised_rate(TABLE, STANDARD, by="region", method="gamma", level=(0.95, 0.998))
    found = pick(rates, region=region, level=level)
    columns = {"estimate": "adj.rate", "lower": "lci", "upper": "uci"}
    for column, name in columns.items():
        assert found[column] == pytest.approx(EXPECTED[f"{region} {level:g} dsr {name}"], rel=1e-10)


@pytest.mark.parametrize("region", REGIONS)
def test_standard_error_is_that_of_popepi(region):
    """popEpi 0.4.10, rate(adjust=)."""
    found = pick(directly_standardised_rate(TABLE, STANDARD, by="region"), region=region)
    assert found["estimate"] == pytest.approx(EXPECTED[f"{region} popEpi rate.adj"], rel=1e-10)
    assert found["standard_error"] == pytest.approx(EXPECTED[f"{region} popEpi SE.rate.adj"], rel=1e-10)


def test_ratio_of_standardised_rates_follows_from_the_standard_errors_of_popepi():
    found = standardised_rate_ratio(TABLE, STANDARD, group="region", exposed="south", reference="north").loc[0]
    rate = {g: EXPECTED[f"{g} popEpi rate.adj"] for g in REGIONS}
    error = math.hypot(*(EXPECTED[f"{g} popEpi SE.rate.adj"] / rate[g] for g in ("south", "north")))
    ratio = rate["south"] / rate["north"]
    assert found["estimate"] == pytest.approx(ratio, rel=1e-10)
    assert found["lower"] == pytest.approx(ratio * math.exp(-1.959963984540054 * error), rel=1e-10)


@pytest.mark.parametrize("region", REGIONS)
def test_observed_expected_and_indirect_rate_are_those_of_epitools(region):
    """epitools 0.5-10.1, ageadjust.indirect."""
    ratio = pick(standardised_mortality_ratio(TABLE, STANDARD, strata="age_band", by="region"), region=region)
    rate = pick(indirectly_standardised_rate(TABLE, STANDARD, by="region"), region=region)
    assert ratio["observed"] == EXPECTED[f"{region} 0.95 sir observed"]
    assert ratio["expected"] == pytest.approx(EXPECTED[f"{region} 0.95 sir exp"], rel=1e-12)
    assert ratio["estimate"] == pytest.approx(EXPECTED[f"{region} 0.95 sir sir"], rel=1e-12)
    assert rate["estimate"] == pytest.approx(EXPECTED[f"{region} 0.95 rate adj.rate"], rel=1e-12)


@pytest.mark.parametrize("count", [0, 1, 7, 12, 68, 250])
def test_exact_limits_are_those_of_poisson_test(count):
    """R 4.2.2, poisson.test."""
    lower, upper = poisson_interval(count)
    assert float(lower) == pytest.approx(EXPECTED[f"count {count} exact lower"], rel=1e-10)
    assert float(upper) == pytest.approx(EXPECTED[f"count {count} exact upper"], rel=1e-10)


def test_exact_limits_without_events_exist_at_every_level():
    """The root finder of epitools::pois.exact fails for no events at 0.998; the limit is -log(0.001)."""
    assert "pois.exact 0 at 0.998 upper" not in EXPECTED
    assert float(poisson_interval(0, 0.998)[1]) == pytest.approx(-math.log(0.001), rel=1e-12)


# Fay MP, Feuer EJ. Stat Med 1997;16:791-801, table 1, per 100,000 births; the help page of epitools::ageadjust.direct
# gives the data (Fleiss 1981, p. 249: Down syndrome in Michigan by age of mother and order of birth) and recreates it.
MOTHERS = ["-19", "20-24", "25-29", "30-34", "35-39", "40+"]
ALL_BIRTHS = [319933, 931318, 786511, 488235, 237863, 61313]
DOWN_SYNDROME = [
    ("first", [230061, 329449, 114920, 39487, 14208, 3052], [107, 141, 60, 40, 39, 25], (92.3, 80.4, 105.8)),
    ("fifth", [327, 30666, 123419, 149919, 104088, 34392], [0, 8, 63, 112, 262, 295], (75.5, 67.7, 188.3)),
]


@pytest.mark.parametrize(("order", "births", "cases", "printed"), DOWN_SYNDROME)
def test_gamma_interval_of_down_syndrome_is_that_of_fay_and_feuer(order, births, cases, printed):
    table = pd.DataFrame({"mother": MOTHERS, "deaths": cases, "person_years": births})
    standard = pd.DataFrame({"mother": MOTHERS, "weight": ALL_BIRTHS})
    found = directly_standardised_rate(table, standard, strata="mother", method="gamma").loc[0]
    limits = [found[column] * 1e5 for column in ("estimate", "lower", "upper")]
    np.testing.assert_allclose(limits, printed, atol=0.051, err_msg=order)


def test_vandenbroucke_limits_follow_his_formula():
    """Vandenbroucke 1982: the root of a Poisson count has standard error one half. Worked by hand for 4 over 3.3."""
    found = observed_to_expected(pd.DataFrame({"deaths": [4], "expected": [3.3]}), method="vandenbroucke").loc[0]
    assert (found["lower"], found["upper"]) == pytest.approx((1.02002**2 / 3.3, 2.97998**2 / 3.3), rel=1e-5)


# Ratio, deaths, printed limits, tolerance, source and place.
PUBLISHED_SMR = [
    (10.0, 12, (5.2, 17.5), 0.05, "Slockers 2018, Eur J Public Health 28:248, abstract: infectious diseases"),
    (7.7, 12, (4.0, 13.5), 0.06, "Slockers 2018, Eur J Public Health 28:248, abstract: psychiatric disorders"),
    (14.8, 68, (11.5, 18.7), 0.1, "Slockers 2018, Eur J Public Health 28:248, abstract: unnatural death"),
    (10.6, 11, (5.3, 18.9), 0.15, "Auerswald 2016, PeerJ 4:e1909, abstract: San Francisco, all"),
]


@pytest.mark.parametrize(("value", "deaths", "printed", "tolerance", "source"), PUBLISHED_SMR)
def test_smr_from_observed_and_expected_has_the_published_interval(value, deaths, printed, tolerance, source):
    found = observed_to_expected(pd.DataFrame({"deaths": [deaths], "expected": [deaths / value]})).loc[0]
    assert (found["lower"], found["upper"]) == pytest.approx(printed, abs=tolerance), source


def test_poisson_model_is_that_of_glm():
    """R 4.2.2, glm(family = poisson) with log person-years as offset; no deaths in two strata of two regions."""
    found = poisson_rate_model(TABLE, terms=["region", "age_band"], reference={"region": "north"})
    for row in found.itertuples():
        assert row.coefficient == pytest.approx(EXPECTED[f"glm {row.term}{row.category} coefficient"], rel=1e-8)
        assert row.standard_error == pytest.approx(EXPECTED[f"glm {row.term}{row.category} se"], rel=1e-8)
    assert found.loc[0, "deviance"] == pytest.approx(EXPECTED["glm deviance"], rel=1e-8)


def test_smr_of_no_deaths_has_limits_and_is_not_rounded():
    """popEpi::sir 0.4.13 gives no upper limit for none observed and rounds to four decimals."""
    found = observed_to_expected(pd.DataFrame({"deaths": [0], "expected": [123456.0]})).loc[0]
    assert found["upper"] == pytest.approx(-math.log(0.025) / 123456, rel=1e-12)
