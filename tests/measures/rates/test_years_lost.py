import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.errors import DataError, MethodError
from analysis.estimates import check_estimates
from analysis.measures.rates.crude import poisson_interval
from analysis.measures.rates.years_lost import years_of_life_lost

DEATHS = pd.DataFrame(
    {
        "town": ["a", "a", "b", "b"],
        "age_band": ["20-39", "40+"] * 2,
        "deaths": [2, 10, 0, 5],
        "person_years": [1000.0, 500.0, 700.0, 300.0],
    }
)
EXPECTED = pd.DataFrame({"age_band": ["40+", "20-39"], "expected_years": [20.0, 55.0]})


def test_deaths_count_with_the_years_that_remained():
    result = check_estimates(
        years_of_life_lost(DEATHS, EXPECTED, strata="age_band", by="town", person_years="person_years")
    )
    assert result["estimate"].tolist() == [310.0, 100.0, 310 / 1500, 0.1]
    assert result["measure"].tolist() == ["years_of_life_lost"] * 2 + ["years_of_life_lost_rate"] * 2
    assert result["years_per_death"].tolist()[:2] == [310 / 12, 20.0]


@given(st.integers(1, 1000), st.floats(1, 80))
def test_with_one_age_the_interval_is_that_of_the_count(deaths, years):
    table = pd.DataFrame({"age_band": ["x"], "deaths": [deaths]})
    expected = pd.DataFrame({"age_band": ["x"], "expected_years": [years]})
    result = years_of_life_lost(table, expected, strata="age_band").loc[0]
    lower, upper = poisson_interval(deaths)
    assert (result["lower"], result["upper"]) == pytest.approx((lower * years, upper * years))


@given(
    st.lists(st.tuples(st.integers(0, 50), st.floats(0, 80).map(lambda age: round(age, 6))), min_size=1, max_size=8),
    st.randoms(),
)
def test_order_and_splitting_change_nothing(rows, random):
    table = pd.DataFrame({"age": [r[1] for r in rows], "deaths": [r[0] for r in rows]})
    parts = pd.concat([table.assign(deaths=table["deaths"] // 2), table.assign(deaths=-(-table["deaths"] // 2))])
    one = years_of_life_lost(table, age_limit=75, age="age").loc[0]
    two = years_of_life_lost(parts.sample(frac=1, random_state=1), age_limit=75, age="age").loc[0]
    assert [one[c] for c in ("estimate", "lower", "upper")] == pytest.approx(
        [two[c] for c in ("estimate", "lower", "upper")]
    )


def test_years_up_to_a_limit_use_the_middle_of_the_band_and_ignore_deaths_above():
    bands = pd.DataFrame({"age_from": [20, 60, 75], "age_to": [30, 70, None], "deaths": [2, 10, 50]})
    assert years_of_life_lost(bands, age_limit=75).loc[0, "estimate"] == 200
    with pytest.raises(MethodError, match=r"open band from age 75 begins below the age limit of 80"):
        years_of_life_lost(bands, age_limit=80)
    with pytest.raises(MethodError, match=r"from age 60 to 70 lies on both sides of the age limit of 65"):
        years_of_life_lost(bands.head(2), age_limit=65)


def test_no_deaths_have_an_upper_limit_and_a_note():
    result = years_of_life_lost(DEATHS.assign(deaths=0), EXPECTED, strata="age_band", by="town").loc[0]
    assert (result["estimate"], result["lower"], result["note"]) == (0, 0, "no events")
    assert result["upper"] == pytest.approx(55 * 3.688879, rel=1e-6)


def test_missing_choices_and_strata_are_errors():
    with pytest.raises(MethodError, match=r"either a table of expected remaining years or an `age_limit`"):
        years_of_life_lost(DEATHS)
    with pytest.raises(MethodError, match=r"not both"):
        years_of_life_lost(DEATHS, EXPECTED, age_limit=75)
    with pytest.raises(DataError, match=r"not in the table of expected years"):
        years_of_life_lost(DEATHS, EXPECTED.head(1), strata="age_band")
    with pytest.raises(DataError, match=r"below zero"):
        years_of_life_lost(DEATHS.assign(deaths=-1), EXPECTED, strata="age_band")
