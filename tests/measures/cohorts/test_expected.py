import numpy as np
import pandas as pd
import pytest

from analysis.errors import DataError, MethodError
from analysis.measures.cohorts.expected import expected_deaths
from analysis.measures.cohorts.person_time import person_time
from analysis.measures.cohorts.rate_tables import rate_table
from analysis.measures.rates.indirect_standardisation import observed_to_expected

RATES = pd.DataFrame(
    [(sex, age, year) for sex in ("female", "male") for age in range(0, 100) for year in range(2000, 2006)],
    columns=["sex", "age_from", "year"],
)
RATES["rate"] = 1e-4 * np.exp(0.09 * RATES["age_from"]) * np.where(RATES["sex"] == "male", 1.4, 1.0)
RNG = np.random.default_rng(8)
ENTRY = 2000 + RNG.random(300) * 3
COHORT = pd.DataFrame(
    {
        "birth": ENTRY - RNG.uniform(20, 85, 300),
        "entry": ENTRY,
        "exit": ENTRY + RNG.random(300) * 3,
        "event": RNG.integers(0, 2, 300),
        "sex": np.where(RNG.random(300) < 0.5, "female", "male"),
    }
)


def split(age_breaks, year_breaks=range(2000, 2007)):
    return person_time(COHORT, age_breaks=age_breaks, year_breaks=year_breaks, by="sex")


def test_single_year_rates_on_five_year_bands_are_refused_with_the_reason_and_the_remedy():
    """Joined on the lower bound they would give expected deaths that are a fifth too low."""
    with pytest.raises(MethodError, match=r"covers several rates, the first is 20 to 25 with 5 of them.*Split the"):
        expected_deaths(split(range(20, 95, 5)), RATES)
    with pytest.raises(MethodError, match=r"20 and over with 80 of them"):
        expected_deaths(split([20]), RATES)


@pytest.mark.parametrize("width", [0.5, 0.25])
def test_splitting_finer_than_the_rates_changes_nothing(width):
    """In popEpi the expected deaths change with the width of the pieces."""
    one = expected_deaths(split(np.arange(0, 100)), RATES)
    fine = split(np.arange(0, 100, width), np.arange(2000, 2006.1, width))
    assert expected_deaths(fine, RATES)["expected"].sum() == pytest.approx(one["expected"].sum(), rel=1e-12)


def test_rates_in_wider_bands_that_hold_the_split_are_used():
    wide = pd.DataFrame({"sex": ["female", "male"] * 2, "age_from": [0, 0, 50, 50], "age_to": [50, 50, None, None]})
    wide["rate"] = [0.001, 0.002, 0.01, 0.02]
    found = expected_deaths(split(range(20, 95, 5)), wide)
    old = found["age_from"] >= 50
    assert found.loc[old & (found["sex"] == "male"), "rate"].unique().tolist() == [0.02]
    assert found["expected"].tolist() == (found["person_years"] * found["rate"]).tolist()
    with pytest.raises(MethodError, match=r"several rates, the first is 40 to 60"):
        expected_deaths(split([20, 40, 60]), wide)


def test_ages_beyond_the_last_band_are_reported_or_take_the_nearest_rate_with_a_note():
    closed = RATES[RATES["age_from"] < 80].assign(age_to=lambda t: t["age_from"] + 1)
    with pytest.raises(
        DataError, match=r"outside the ages of the rate table, which runs from 0 to 80; the first is 80"
    ):
        expected_deaths(split(range(0, 90)), closed)
    found = expected_deaths(split(range(0, 90)), closed, beyond="nearest rate")
    noted = found["note"] != ""
    assert (found.loc[noted, "age_from"] >= 80).all()
    assert noted.sum() == (found["age_from"] >= 80).sum() > 0
    with pytest.raises(DataError, match=r"which runs from 0 to 80; the first is 80 and over"):
        expected_deaths(split(range(0, 81)), closed)


def test_years_outside_the_rates_and_rates_by_year_without_split_are_errors():
    with pytest.raises(DataError, match=r"outside the calendar time of the rate table"):
        expected_deaths(split(range(0, 100)), RATES[RATES["year"] < 2003])
    unsplit = person_time(COHORT, age_breaks=range(0, 100), by="sex")
    with pytest.raises(MethodError, match=r"not split by year. Give `year_breaks`"):
        expected_deaths(unsplit, RATES)


@pytest.mark.parametrize(
    ("rates", "message"),
    [
        (RATES.drop(index=77), r"1 cells are missing.*is missing from it"),
        (pd.concat([RATES, RATES.head(1)]), r"occurs more than once in it"),
        (RATES.assign(age_to=RATES["age_from"] + 2), r"Bands of age in the rate table overlap"),
        (RATES[RATES["age_from"] != 40].assign(age_to=lambda t: t["age_from"] + 1), r"leave a gap: one from 39 to 40"),
        (RATES[RATES["sex"] == "male"], r"1 strata of the table are not in the rate table"),
        (RATES.assign(rate=-1), r"Column `rate` of the rate table has 1200 values below zero"),
        (RATES.drop(columns="rate"), r"Column `rate` is missing"),
    ],
)
def test_incomplete_rate_tables_are_errors(rates, message):
    with pytest.raises(DataError, match=message):
        expected_deaths(split(range(0, 100)), rates)


def test_order_of_rows_in_the_rate_table_does_not_matter():
    one = expected_deaths(split(range(0, 100)), RATES)
    two = expected_deaths(split(range(0, 100)), RATES.sample(frac=1, random_state=2))
    pd.testing.assert_frame_equal(one, two)


def test_rates_without_strata_and_years_hold_for_everybody():
    table = rate_table(pd.DataFrame({"age_from": [0, 60], "rate": [0.001, 0.02]}), strata=())
    assert table.rates.shape == (1, 2, 1)
    found = expected_deaths(split([0, 60]), pd.DataFrame({"age_from": [0, 60], "rate": [0.001, 0.02]}), strata=())
    smr = observed_to_expected(found, by="sex")
    assert smr["expected"].sum() == pytest.approx(found["expected"].sum())


@pytest.mark.parametrize(("bound", "from_"), [("age_to", "age_from"), ("year_to", "year_from")])
@pytest.mark.parametrize("shift", [-1, -30])
def test_a_band_that_ends_before_it_begins_is_refused(bound, from_, shift):
    table = split(range(0, 100)).head(3).assign(age_to=lambda rows: rows["age_from"] + 1)
    table = table.assign(year_from=table["year"], year_to=table["year"] + 1).drop(columns="year").set_axis([7, 8, 9])
    assert len(expected_deaths(table, RATES)) == 3
    table[bound] = table[bound].astype(float)
    table.loc[8:, bound] += shift
    message = rf"`{bound}` of the person-time is not above `{from_}` in 2 rows, the first in row 8 .* before it begins"
    with pytest.raises(DataError, match=message):
        expected_deaths(table, RATES)
