"""The age pattern of the Rotterdam cohort: what goes in comes out, and what did not go in agrees."""

import numpy as np
import pandas as pd
import pytest

from analysis.errors import DataError
from analysis.measures import life_table
from analysis.sources.reading import read_dataset
from analysis.studies.homelessness.reconstruction import ratios_by_age, reconstructed_cohort, rotterdam_rates


@pytest.fixture(scope="module")
def cohort():
    return read_dataset("rotterdam_cohort")


@pytest.fixture(scope="module")
def rates(cohort):
    return rotterdam_rates(cohort, read_dataset("nl_deaths_person_years_2001_2010"))


@pytest.fixture(scope="module")
def ratios(cohort, rates):
    return ratios_by_age(cohort, rates)


@pytest.fixture(scope="module")
def model(cohort, rates, ratios):
    return reconstructed_cohort(cohort, rates, ratios)


def exposed(rates, ratios):
    """Rates of the cohort by single age."""
    merged = rates.assign(group=pd.cut(rates["age_from"], [-1, 19, 29, 44, 59, 200], labels=[0, 20, 30, 45, 60]))
    merged["group"] = merged["group"].astype(int)
    found = merged.merge(ratios.rename(columns={"age_from": "group"})[["sex", "group", "ratio"]], how="left")
    return found.assign(rate=found["scaled_rate"] * found["ratio"].fillna(1.0))


def test_the_reference_has_the_published_life_expectancy_and_about_it_at_30(rates):
    table = life_table(rates.drop(columns="rate"), rate="scaled_rate", by="sex")
    years = table.set_index(["sex", "age_from"])["life_expectancy"]
    assert years["male", 20] == pytest.approx(57.4, abs=1e-9)
    assert years["female", 20] == pytest.approx(61.9, abs=1e-9)
    assert years["male", 30] == pytest.approx(47.7, abs=0.05)  # not entered
    assert years["female", 30] == pytest.approx(52.1, abs=0.06)  # not entered


def test_the_cohort_has_the_published_life_expectancy(rates, ratios):
    table = life_table(exposed(rates, ratios), rate="rate", by="sex")
    years = table.set_index(["sex", "age_from"])["life_expectancy"]
    assert years["male", 30] == pytest.approx(36.7, abs=0.05)
    assert years["female", 30] == pytest.approx(36.2, abs=0.06)
    assert years["male", 20] == pytest.approx(43.1, abs=1e-6)
    assert years["female", 20] == pytest.approx(46.2, abs=0.2)  # follows from 36.2 at 30 and no deaths in between


def test_deaths_that_were_not_entered_agree_with_those_counted(model):
    # Support, no blind test: the form of the model was chosen after an earlier one gave about 280 and 43 deaths.
    deaths = model.groupby("sex")["deaths"].sum()
    assert deaths["male"] == pytest.approx(232, abs=3)
    assert deaths["female"] == pytest.approx(33, abs=2)


def test_person_years_are_those_published(model):
    assert model["person_years"].sum() == pytest.approx(17619, abs=1e-6)


def test_women_in_their_twenties_have_no_deaths_as_counted(model):
    young = model[(model["sex"] == "female") & (model["age_from"] < 30)]
    assert (young["deaths"] == 0).all()
    assert (young["person_years"] > 0).all()


def test_the_ratio_falls_with_age_from_thirty(ratios):
    for _, rows in ratios[ratios["age_from"] >= 30].groupby("sex"):
        assert (np.diff(rows["ratio"]) < 0).all()


def test_the_stored_table_is_what_the_code_gives(model):
    stored = read_dataset("rotterdam_reconstruction")
    assert stored["sex"].tolist() == model["sex"].tolist()
    assert stored["deaths"].to_numpy() == pytest.approx(model["deaths"].to_numpy(), abs=0.0051)
    assert stored["person_years"].to_numpy() == pytest.approx(model["person_years"].to_numpy(), abs=0.051)


def test_a_missing_published_figure_is_named(cohort, rates):
    with pytest.raises(DataError, match="no 'life_expectancy_gap' for .*female"):
        ratios_by_age(cohort[cohort["measure"] != "life_expectancy_gap"], rates)
    more = cohort.assign(value=cohort["value"].mask(cohort["measure"] == "person_years", 30_000.0))
    with pytest.raises(DataError, match="No yearly share of leavers"):
        reconstructed_cohort(more, rates, ratios_by_age(cohort, rates))
