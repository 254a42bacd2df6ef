import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.errors import DataError, MethodError
from analysis.measures.life_tables.life_expectancy import life_expectancy
from analysis.measures.life_tables.scaled_reference import reference_scaled_to

BANDS = pd.DataFrame({"age_from": [0, 20, 40, 60, 80], "age_to": [20, 40, 60, 80, np.nan]})
RATES = {"f": [0.0005, 0.0006, 0.003, 0.02, 0.12], "m": [0.0006, 0.0010, 0.004, 0.03, 0.15]}
TABLE = pd.concat([BANDS.assign(sex=sex, rate=rates) for sex, rates in RATES.items()], ignore_index=True)


def expectancies(table, column, at, **options):
    found = life_expectancy(table, rate=column, at=at, by="sex", **options)
    return found[["sex", "estimate"]].rename(columns={"estimate": "life_expectancy"})


@given(
    st.floats(0.3, 4), st.floats(0.3, 4), st.sampled_from([0, 20, 60]), st.sampled_from(["constant hazard", "midpoint"])
)
@settings(deadline=None, max_examples=40)
def test_the_factor_that_was_put_in_comes_out(women, men, at, ax):
    scaled = TABLE.assign(higher=TABLE["rate"] * TABLE["sex"].map({"f": women, "m": men}))
    goal = expectancies(scaled, "higher", at, ax=ax)
    if ax == "midpoint" and max(women, men) > 2:
        return  # rates so high that everybody dies within a band no longer tell factors apart
    found = reference_scaled_to(TABLE.sample(frac=1, random_state=1), goal, at=at, rate="rate", by="sex", ax=ax)
    assert found.groupby("sex")["factor"].first().tolist() == pytest.approx([women, men], rel=1e-9)
    assert found["scaled_rate"].tolist() == pytest.approx(scaled["higher"].tolist(), rel=1e-9)
    assert found.groupby("sex")["life_expectancy"].first().tolist() == pytest.approx(goal["life_expectancy"].tolist())


def test_deaths_and_person_years_do_as_well_as_rates():
    counts = TABLE.assign(person_years=2e4, deaths=TABLE["rate"] * 2e4)
    goal = pd.DataFrame({"sex": ["m", "f"], "life_expectancy": [57.0, 60.0]})
    one = reference_scaled_to(TABLE, goal, at=20, rate="rate", by="sex")
    pd.testing.assert_frame_equal(one, reference_scaled_to(counts, goal, at=20, by="sex"), rtol=1e-10)


def test_its_own_expectancy_needs_no_factor():
    found = reference_scaled_to(TABLE, expectancies(TABLE, "rate", 20), at=20, rate="rate", by="sex")
    assert found["factor"].tolist() == pytest.approx([1.0] * 10)


def test_an_expectancy_out_of_reach_is_refused_with_what_can_be_reached():
    goal = pd.DataFrame({"sex": ["f", "m"], "life_expectancy": [60.0, 12.0]})
    with pytest.raises(
        DataError, match=r"No factor between 0\.2 and 5 gives 12 years at 20 for \{'sex': 'm'\}: .* to "
    ):
        reference_scaled_to(TABLE, goal, at=20, rate="rate", by="sex")
    wide = reference_scaled_to(TABLE, goal, at=20, rate="rate", by="sex", limits=(0.01, 100))
    assert wide["factor"].max() > 5


def test_an_open_band_without_deaths_has_its_own_message():
    nobody = TABLE.assign(rate=TABLE["rate"].where(TABLE["age_from"] < 80, 0.0))
    with pytest.raises(DataError, match="open last band has no deaths"):
        reference_scaled_to(nobody, expectancies(TABLE, "rate", 20), at=20, rate="rate", by="sex")


@pytest.mark.parametrize(
    ("change", "options", "error", "message"),
    [
        ({"sex": ["f", "x"]}, {}, DataError, "sex"),
        ({"sex": ["f", "f"]}, {}, DataError, "occur more than once"),
        ({"life_expectancy": [60.0, np.nan]}, {}, DataError, "missing"),
        ({"life_expectancy": [60.0, 0.0]}, {}, DataError, "above zero"),
        ({}, {"at": 21}, MethodError, "No age band begins at 21"),
        ({}, {"limits": (2, 1)}, MethodError, "smallest and the largest"),
        ({}, {"limits": 2}, MethodError, "smallest and the largest"),
    ],
)
def test_what_cannot_be_is_refused(change, options, error, message):
    goal = pd.DataFrame({"sex": ["f", "m"], "life_expectancy": [60.0, 57.0]}).assign(**change)
    with pytest.raises(error, match=message):
        reference_scaled_to(TABLE, goal, **{"at": 20, "rate": "rate", "by": "sex", **options})


def test_a_closed_last_band_is_refused():
    with pytest.raises(DataError, match="last age band ends at 80"):
        reference_scaled_to(
            TABLE[TABLE["age_from"] < 80], expectancies(TABLE, "rate", 20), at=20, rate="rate", by="sex"
        )
