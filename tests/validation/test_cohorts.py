"""Person-time, expected deaths and relative survival against R; inputs, script and values are in `r/`."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.errors import MethodError
from analysis.measures.cohorts.dates import decimal_years
from analysis.measures.cohorts.expected import expected_deaths
from analysis.measures.cohorts.person_time import person_time
from analysis.measures.cohorts.relative_survival import relative_survival

R = Path(__file__).parent / "r"
COHORT = pd.read_csv(R / "cohort_input.csv", parse_dates=["birth", "entry", "exit"])
RATES = pd.read_csv(R / "cohort_rates.csv")
EXPECTED = pd.read_csv(R / "cohorts_expected.csv").set_index("name")["value"]
CONVENTIONS = ["day_of_year", "365.25"]


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_dates_in_decimal_years_are_those_of_popepi_and_epi(convention):
    """popEpi 0.4.10, get.yrs(year.length = "actual"); Epi 2.47, cal.yr."""
    for row in (1, 2, 57):
        for column in ("birth", "entry", "exit"):
            found = decimal_years(COHORT[column], convention)[row - 1]
            assert found == pytest.approx(EXPECTED[f"{convention} years {row} {column}"], abs=1e-11)


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_every_cell_of_the_lexis_diagram_is_that_of_epi(convention):
    """Epi 2.47: Lexis, splitLexis by age and calendar time, aggregate."""
    table = person_time(
        COHORT, age_breaks=range(20, 95, 5), year_breaks=range(2001, 2012), by="sex", convention=convention
    )
    assert len(table) == EXPECTED.index.str.startswith(f"{convention} cell py").sum()
    for row in table.itertuples():
        cell = f"{row.sex} {row.age_from:g} {row.year}"
        assert row.person_years == pytest.approx(EXPECTED[f"{convention} cell py {cell}"], abs=1e-10)
        assert row.deaths == EXPECTED[f"{convention} cell dead {cell}"]


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("width", [1, 0.5])
def test_expected_deaths_are_those_of_epi_whatever_the_width_of_the_split(convention, width):
    """Epi 2.47: pieces of one and of half a year, rates of single ages and years merged by value."""
    ages = [20 + width * step for step in range(int(81 / width))]
    table = person_time(COHORT, age_breaks=ages, year_breaks=range(2001, 2012), by="sex", convention=convention)
    found = expected_deaths(table, RATES).groupby("sex")["expected"].sum()
    for sex in ("female", "male"):
        assert found[sex] == pytest.approx(EXPECTED[f"{convention} expected {width:g} {sex}"], rel=1e-11)


def test_rates_of_single_ages_on_five_year_bands_are_refused_where_a_join_would_be_far_too_low():
    bands = person_time(COHORT, age_breaks=range(20, 105, 5), year_breaks=range(2001, 2012), by="sex")
    with pytest.raises(MethodError, match=r"finer than the person-time"):
        expected_deaths(bands, RATES)
    joined = bands.merge(RATES, on=["sex", "age_from", "year"], how="left")
    assert (joined["person_years"] * joined["rate"]).sum() < 0.85 * EXPECTED["day_of_year expected 1"]


STEPS = {"year": 1, "month": 12, "240th": 240}


def survival_at_whole_years(method, label):
    steps = STEPS[label]
    table = relative_survival(COHORT, RATES, breaks=np.arange(5 * steps + 1) / steps, method=method)
    return table.iloc[steps - 1 :: steps]


@pytest.mark.parametrize("label", ["year", "month"])
def test_ederer2_relative_survival_is_that_of_popepi(label):
    """popEpi 0.4.10, survtab(surv.method = "hazard", relsurv.method = "e2", conf.type = "log"), follow-up split by age
    and calendar year as well, so that the population rates are exact."""
    for year, row in enumerate(survival_at_whole_years("ederer2", label).itertuples(), start=1):
        expected = {name: EXPECTED[f"survtab e2 {label} {year} {name}"] for name in ("r", "lo", "hi", "se", "expected")}
        assert row.estimate == pytest.approx(expected["r"], rel=1e-12)
        assert (row.lower, row.upper) == pytest.approx((expected["lo"], expected["hi"]), rel=1e-12)
        assert row.standard_error * row.estimate == pytest.approx(expected["se"], rel=1e-11)
        assert row.cumulative_expected == pytest.approx(expected["expected"], rel=1e-11)


@pytest.mark.parametrize(("label", "tolerance"), [("year", 5e-3), ("month", 8e-4), ("240th", 5e-5)])
def test_pohar_perme_comes_as_near_to_popepi_as_its_intervals_are_short(label, tolerance):
    """popEpi 0.4.10 weights a person by the population survival about one interval before (its first weights are below
    1, where the inverse of a survival is above 1); ours is exact, so that the difference shrinks with the width."""
    for year, row in enumerate(survival_at_whole_years("pohar-perme", label).itertuples(), start=1):
        assert row.estimate == pytest.approx(EXPECTED[f"survtab pp {label} {year} r"], rel=tolerance)
        assert row.standard_error * row.estimate == pytest.approx(
            EXPECTED[f"survtab pp {label} {year} se"], rel=8 * tolerance
        )
