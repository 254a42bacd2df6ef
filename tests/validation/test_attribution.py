"""Attributable fractions against base R (4.2.2, glm), stored with all digits beside their script, and a textbook."""

from pathlib import Path

import pandas as pd
import pytest

from analysis.measures.attribution.fractions import attributable_fraction
from analysis.measures.attribution.sequential_attribution import sequential_attributable_fractions

HERE = Path(__file__).parent
BASE_R = pd.read_csv(HERE / "r/decomposition_attribution.csv").set_index("name")["value"]
PEOPLE = pd.read_csv(HERE / "data/decomposition_people.csv")


def test_sequential_and_average_fractions_are_those_of_base_r():
    found = sequential_attributable_fractions(
        PEOPLE, outcome="ill", exposures={"smoke": 0, "idle": 0}, adjust="age", draws=5
    ).set_index(["fraction", "exposure"])["estimate"]
    assert found[("alone", "smoke")] == pytest.approx(BASE_R["paf_smoke"], rel=1e-8)
    assert found[("alone", "idle")] == pytest.approx(BASE_R["paf_idle"], rel=1e-8)
    assert found[("combined", "all")] == pytest.approx(BASE_R["paf_combined"], rel=1e-8)
    assert found[("average", "smoke")] == pytest.approx(BASE_R["paf_average_smoke"], rel=1e-8)
    assert found[("sequential", "idle")] == pytest.approx(BASE_R["paf_combined"] - BASE_R["paf_smoke"], rel=1e-8)


def test_poisson_fraction_with_person_years_is_that_of_base_r():
    found = sequential_attributable_fractions(
        PEOPLE,
        outcome="ill",
        exposures={"smoke": 0, "idle": 0},
        person_years="years",
        model="poisson",
        draws=5,
    )
    assert found.loc[0, "estimate"] == pytest.approx(BASE_R["paf_poisson_smoke"], rel=1e-8)


def test_levins_formula_gives_the_figures_of_its_definition():
    """Levin ML, 1953: p (r - 1) / (1 + p (r - 1)); half the population at tenfold risk gives 4.5 / 5.5."""
    table = pd.DataFrame({"prevalence": [0.5], "relative_risk": [10.0]})
    assert attributable_fraction(table).loc[0, "estimate"] == pytest.approx(4.5 / 5.5)
