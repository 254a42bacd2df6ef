"""National rates scaled to life expectancies that were published for Rotterdam."""

from pathlib import Path

import pandas as pd
import pytest

from analysis.measures.life_tables.life_expectancy import life_expectancy
from analysis.measures.life_tables.scaled_reference import reference_scaled_to

ROOT = Path(__file__).resolve().parents[2]
NATIONAL = pd.read_csv(ROOT / "data" / "reference" / "nl_deaths_person_years_2001_2010.csv")
# Nusselder WJ et al. Mortality and life expectancy in homeless men and women in Rotterdam: 2001-2010. PLoS ONE
# 2013;8(10):e73979, table 4: general population of Rotterdam, years remaining at 20 and at 30.
ROTTERDAM = {"male": (57.4, 47.7), "female": (61.9, 52.1)}
FACTORS = {"male": 1.064, "female": 1.036}


def test_factors_fitted_at_20_give_the_published_years_at_30():
    """The years at 30 were not used: a check of the shape, which one factor leaves as it is."""
    goal = pd.DataFrame({"sex": list(ROTTERDAM), "life_expectancy": [years[0] for years in ROTTERDAM.values()]})
    scaled = reference_scaled_to(NATIONAL, goal, at=20, by="sex")
    assert scaled.groupby("sex")["factor"].first().round(3).to_dict() == FACTORS
    at_30 = life_expectancy(scaled, rate="scaled_rate", at=30, by="sex").set_index("sex")["estimate"]
    for sex, years in ROTTERDAM.items():
        assert at_30[sex] == pytest.approx(years[1], abs=0.055)


@pytest.mark.parametrize(
    ("sex", "at", "years"), [("male", 20, 57.40), ("male", 30, 47.69), ("female", 20, 61.90), ("female", 30, 52.05)]
)
def test_the_factors_give_these_years_and_these_years_the_factors(sex, at, years):
    """Each of the four years, to two decimals, gives the factor of its sex to within a thousandth."""
    rates = NATIONAL[NATIONAL["sex"] == sex].assign(rate=lambda table: table["deaths"] / table["person_years"])
    higher = rates.assign(rate=rates["rate"] * FACTORS[sex])
    assert round(life_expectancy(higher, rate="rate", at=at)["estimate"][0], 2) == years
    found = reference_scaled_to(rates, pd.DataFrame({"life_expectancy": [years]}), at=at, rate="rate")
    assert found["factor"][0] == pytest.approx(FACTORS[sex], abs=1e-3)
