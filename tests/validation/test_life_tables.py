"""Life tables against figures that others published; each names its source and place."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.measures.life_tables.decomposition import life_expectancy_decomposition
from analysis.measures.life_tables.life_expectancy import life_expectancy
from analysis.measures.life_tables.tables import life_table_of_rates, sum_over_remaining_life

ROOT = Path(__file__).resolve().parents[2]

# Preston SH, Heuveline P, Guillot M. Demography. Blackwell, 2001, box 3.1: males, Austria, 1992.
AUSTRIA_START = [0, 1, *range(5, 90, 5)]
AUSTRIA_WIDTH = [1, 4, *[5] * 16, np.inf]
AUSTRIA_DEATHS = [
    *(419, 70, 36, 46, 249, 420, 403, 441, 508, 769, 1154, 1866, 2043, 3496, 4366, 4337, 5279, 6460, 6146),
]
AUSTRIA_PERSON_YEARS = [
    *(47925, 189127, 234793, 238790, 254996, 326831, 355086, 324222, 269963, 261971, 238011, 261612, 181385),
    *(187962, 153832, 105169, 73694, 57512, 32248),
]
AUSTRIA_YEARS_OF_DYING = [
    *(0.068, 1.626, 2.5, 3.143, 2.724, 2.520, 2.481, 2.601, 2.701, 2.663, 2.698, 2.676, 2.645, 2.624, 2.619, 2.593),
    *(2.518, 2.423, 5.247),
]


def austria():
    return life_table_of_rates(
        np.array(AUSTRIA_DEATHS) / AUSTRIA_PERSON_YEARS, AUSTRIA_START, AUSTRIA_WIDTH, ax=AUSTRIA_YEARS_OF_DYING
    )


def test_life_table_of_austrian_males_is_that_of_the_textbook():
    """Life expectancy at birth 72.889, risk at age 0 0.008672, last rate 0.190585, as printed in box 3.1."""
    table = austria()
    assert table.expectancy[0] == pytest.approx(72.889, abs=5e-4)
    assert table.expectancy[-1] == pytest.approx(5.247, abs=5e-4)
    assert table.risk[0] == pytest.approx(0.008672, abs=5e-7)
    assert table.rate[-1] == pytest.approx(0.190585, abs=5e-7)


def test_a_constant_hazard_is_close_to_the_textbook_at_birth():
    table = life_table_of_rates(austria().rate, AUSTRIA_START, AUSTRIA_WIDTH)
    assert table.expectancy[0] == pytest.approx(72.889, abs=0.15)


# Computed by others from the same file; to two decimals: men e20, e30, women e20, e30.
NETHERLANDS = [("male", 20, 57.99), ("male", 30, 48.26), ("female", 20, 62.22), ("female", 30, 52.37)]


@pytest.fixture(scope="module")
def netherlands():
    return pd.read_csv(ROOT / "data/reference/nl_deaths_person_years_2001_2010.csv")


@pytest.mark.parametrize(("sex", "age", "years"), NETHERLANDS)
def test_remaining_life_expectancy_of_the_netherlands_2001_2010(netherlands, sex, age, years):
    result = life_expectancy(netherlands, by="sex", at=age)
    assert result.set_index("sex").loc[sex, "estimate"] == pytest.approx(years, abs=0.005)


@pytest.mark.parametrize(
    ("sex", "factor", "at_20", "at_30", "tolerance"),
    [("male", 1.064, 57.4, 47.7, 0.05), ("female", 1.036, 61.9, 52.1, 0.1)],
)
def test_national_rates_times_a_factor_give_the_printed_expectancies_of_rotterdam(
    netherlands, sex, factor, at_20, at_30, tolerance
):
    """Nusselder WJ et al. PLoS ONE 2013;8(10):e73979, table 4."""
    scaled = netherlands[netherlands["sex"] == sex].assign(deaths=lambda t: t["deaths"] * factor)
    assert life_expectancy(scaled, at=(20, 30))["estimate"].tolist() == pytest.approx([at_20, at_30], abs=tolerance)


# Human Mortality Database, life tables 1x1 of the Netherlands, column ex. CC BY 4.0, www.mortality.org.
HMD = {
    (2015, "male", 20): 60.2,
    (2015, "male", 30): 50.43,
    (2015, "male", 60): 22.34,
    (2018, "male", 20): 60.64,
    (2018, "male", 30): 50.87,
    (2018, "male", 60): 22.73,
    (2015, "female", 20): 63.51,
    (2015, "female", 30): 53.61,
    (2015, "female", 60): 25.19,
    (2018, "female", 20): 63.71,
    (2018, "female", 30): 53.83,
    (2018, "female", 60): 25.31,
}


def test_life_expectancy_of_single_years_is_that_of_the_human_mortality_database():
    """Deaths from the same database, person-years from the United Nations, WPP 2022 (CC BY 3.0 IGO), ages 0 to 100+."""
    table = pd.read_csv(ROOT / "tests/validation/data/nl_deaths_person_years_2015_2018.csv")
    table["age_to"] = (table["age_from"] + 1).where(table["age_from"] < 100)
    result = life_expectancy(table, by=["year", "sex"], at=(20, 30, 60)).set_index(["year", "sex", "age"])["estimate"]
    for key, years in HMD.items():
        assert result[key] == pytest.approx(years, abs=0.02), key


def test_homeless_men_of_20_have_the_printed_risk_of_dying_before_30():
    """Nusselder 2013, table 4: 43.1 years at 20 and 36.7 at 30 imply a risk of 0.086, a rate of about 9 per 1000."""
    table = life_table_of_rates([0.009, 1 / 36.7], [20, 30], [10, np.inf])
    assert table.risk[0] == pytest.approx(0.086, abs=0.001)
    assert table.expectancy[0] == pytest.approx(43.1, abs=0.1)


# Ratios to the population by age, solved by others from the printed contributions and expectancies of Nusselder 2013:
# they test the arithmetic of gaps and contributions, not the data.
HOMELESS = [
    ("male", 1.064, (16.2, 8.7, 3.8, 1.73), 11.0, 0.3),
    ("female", 1.036, (0.0, 18.7, 6.5, 1.75), 15.9, 0.5),
]


@pytest.mark.parametrize(("sex", "factor", "ratios", "printed", "tolerance"), HOMELESS)
def test_gap_at_30_of_the_homeless_is_the_printed_one_and_splits_in_parts(
    netherlands, sex, factor, ratios, printed, tolerance
):
    """Nusselder WJ et al. PLoS ONE 2013;8(10):e73979, table 4 and text: men lose about 3.5 years in each age group."""
    adults = netherlands[(netherlands["sex"] == sex) & (netherlands["age_from"] >= 20)]
    population = adults.assign(who="population", deaths=adults["deaths"] * factor)
    place = np.searchsorted([30, 45, 60], adults["age_from"], side="right")
    homeless = population.assign(who="homeless", deaths=population["deaths"] * np.array(ratios)[place])
    parts = life_expectancy_decomposition(
        pd.concat([population, homeless]), group="who", exposed="homeless", reference="population", at=20
    )
    years = parts["estimate"].groupby(place).sum()
    at_30 = life_expectancy(pd.concat([population, homeless]), by="who", at=30).set_index("who")["estimate"]
    assert at_30["population"] - at_30["homeless"] == pytest.approx(printed, abs=tolerance)
    if sex == "male":
        assert years.tolist() == pytest.approx([-3.36, -3.65, -3.65, -3.65], abs=0.1)


# Robine JM, Hauet E. Sullivan indicator,
# euroreves.ined.fr/methods/cookdef/node4.html, table 1: French females 1991, from
# age 65: survivors, years lived, proportion disabled-free times years, and disability-free life expectancy as printed.
FRANCE_SURVIVORS = np.array([89367, 84968, 78012, 66625, 48532])
FRANCE_YEARS = np.array([436589, 408793, 364013, 290533, 289068])
FRANCE_HEALTHY = np.array([350877, 291942, 229175, 141559, 83967])
FRANCE_PRINTED = [12.3, 8.8, 5.8, 3.4, 1.7]


def test_disability_free_life_expectancy_of_french_females_is_that_of_the_guide():
    survive = np.append(FRANCE_SURVIVORS[1:] / FRANCE_SURVIVORS[:-1], 0.0)
    healthy = sum_over_remaining_life(FRANCE_HEALTHY / FRANCE_YEARS * (FRANCE_YEARS / FRANCE_SURVIVORS), survive)
    assert healthy.tolist() == pytest.approx(FRANCE_PRINTED, abs=0.05)
