import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.errors import DataError, MethodError
from analysis.estimates import check_estimates
from analysis.measures.life_tables.decomposition import arriaga_contributions, life_expectancy_decomposition
from analysis.measures.life_tables.general_decomposition import line_integral_decomposition, stepwise_replacement
from analysis.measures.life_tables.life_expectancy import life_expectancy
from analysis.measures.life_tables.tables import life_table_of_rates

START, WIDTH = np.array([0.0, 20, 65]), np.array([20.0, 45, np.inf])
PAIR = {"group": "who", "exposed": "homeless", "reference": "others"}
CAUSES = pd.DataFrame(
    {
        "who": np.repeat(["homeless", "others"], 6),
        "cause": ["injury", "injury", "injury", "other", "other", "other"] * 2,
        "age_from": [0, 20, 65] * 4,
        "age_to": [20, 65, None] * 4,
        "deaths": [3, 40, 20, 5, 90, 150, 2, 10, 5, 3, 60, 300],
        "person_years": [5000.0, 9000.0, 2000.0] * 2 + [20000.0, 45000.0, 9000.0] * 2,
    }
)
TOTAL = CAUSES.groupby(["who", "age_from", "age_to"], dropna=False, as_index=False).agg(
    {"deaths": "sum", "person_years": "first"}
)
RATES = st.lists(st.floats(1e-5, 0.8), min_size=6, max_size=6)


def gap(table=TOTAL, at=0):
    values = life_expectancy(table, by="who", at=at).set_index("who")["estimate"]
    return values["homeless"] - values["others"]


def expectancy(rows):
    return life_table_of_rates(rows, np.arange(6) * 10.0, [10.0] * 5 + [np.inf]).expectancy[..., 0]


@settings(deadline=None, max_examples=40)
@given(RATES, RATES, st.sampled_from(["constant hazard", "midpoint"]))
def test_arriaga_adds_up_to_the_difference_exactly(reference, exposed, ax):
    start, width = np.arange(6) * 10.0, np.array([10.0] * 5 + [np.inf])
    parts = arriaga_contributions(np.array(reference), np.array(exposed), start, width, ax)
    both = [life_table_of_rates(rates, start, width, ax=ax).expectancy[0] for rates in (reference, exposed)]
    assert parts.sum() == pytest.approx(both[1] - both[0], abs=1e-9)


@settings(deadline=None, max_examples=40)
@given(RATES, RATES)
def test_arriaga_is_stepwise_replacement_from_the_oldest_age(reference, exposed):
    start, width = np.arange(6) * 10.0, np.array([10.0] * 5 + [np.inf])
    parts = arriaga_contributions(np.array(reference), np.array(exposed), start, width)
    steps = stepwise_replacement(expectancy, reference, exposed, symmetric=False)
    np.testing.assert_allclose(parts, steps, atol=1e-8)


def test_arriaga_equals_the_printed_formula_with_survivors_and_years():
    """Preston, Heuveline and Guillot 2001, box 3.2: direct, and indirect with interaction."""
    one, two = np.array([0.001, 0.004, 0.09]), np.array([0.002, 0.012, 0.12])
    a, b = (life_table_of_rates(rates, START, WIDTH) for rates in (one, two))
    years, remaining = a.years_lived, b.years_remaining
    direct = a.survivors[:2] * (b.years_lived[:2] / b.survivors[:2] - years[:2] / a.survivors[:2])
    indirect = remaining[1:] * (a.survivors[:2] / b.survivors[:2] - a.survivors[1:] / b.survivors[1:])
    last = a.survivors[2] * (remaining[2] / b.survivors[2] - a.years_remaining[2] / a.survivors[2])
    printed = [*(direct + indirect), last]
    np.testing.assert_allclose(arriaga_contributions(one, two, START, WIDTH), printed, rtol=1e-12)


@pytest.mark.parametrize("method", ["arriaga", "symmetric", "stepwise", "horiuchi"])
@pytest.mark.parametrize("at", [0, 20, 65])
def test_contributions_by_age_and_cause_add_up_to_the_gap(method, at):
    by_age = check_estimates(
        life_expectancy_decomposition(TOTAL, **PAIR, at=at, method=method).fillna({"lower": -99, "upper": 99})
    )
    by_cause = life_expectancy_decomposition(CAUSES, **PAIR, at=at, cause="cause", method=method)
    tolerance = 1e-9 if method != "horiuchi" else 1e-6
    assert by_age["estimate"].sum() == pytest.approx(gap(at=at), abs=tolerance)
    assert by_cause["estimate"].sum() == pytest.approx(gap(at=at), abs=tolerance)
    if method in ("arriaga", "symmetric"):
        joined = by_cause.groupby("age_from")["estimate"].sum()
        np.testing.assert_allclose(joined, by_age["estimate"], atol=1e-9)


def test_exchanging_the_groups_changes_only_the_sign_when_symmetric():
    other = {**PAIR, "exposed": "others", "reference": "homeless"}
    one = life_expectancy_decomposition(CAUSES, **PAIR, cause="cause", method="symmetric")
    two = life_expectancy_decomposition(CAUSES, **other, cause="cause", method="symmetric")
    np.testing.assert_allclose(one["estimate"], -two["estimate"], atol=1e-9)


def test_horiuchi_converges_with_the_square_of_the_steps():
    one, two = np.full(6, 0.01), np.full(6, 0.05)
    difference = float(expectancy(two[None])[0] - expectancy(one[None])[0])
    errors = [
        abs(line_integral_decomposition(expectancy, one, two, steps=steps).sum() - difference) for steps in (10, 20, 40)
    ]
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.1)
    assert errors[1] / errors[2] == pytest.approx(4, rel=0.1)


def test_summed_rows_have_the_sum_and_an_interval_of_their_own():
    cells = life_expectancy_decomposition(CAUSES, **PAIR, cause="cause")
    causes = life_expectancy_decomposition(CAUSES, **PAIR, cause="cause", summed_over="age")
    ages = life_expectancy_decomposition(CAUSES, **PAIR, cause="cause", summed_over="cause")
    whole = life_expectancy_decomposition(CAUSES, **PAIR, cause="cause", summed_over=["age", "cause"])
    np.testing.assert_allclose(causes["estimate"], cells.groupby("cause")["estimate"].sum())
    np.testing.assert_allclose(ages["estimate"], cells.groupby("age_from")["estimate"].sum())
    assert whole.loc[0, "estimate"] == pytest.approx(gap())
    assert causes["cause"].tolist() == ["injury", "other"]
    errors = life_expectancy(TOTAL, by="who")["standard_error"]
    error = (whole.loc[0, "upper"] - whole.loc[0, "lower"]) / (2 * 1.959964)
    assert error == pytest.approx(np.hypot(*errors), rel=0.03)  # Poisson here, binomial there


def test_intervals_agree_with_poisson_draws():
    many = CAUSES.assign(deaths=CAUSES["deaths"] * 50, person_years=CAUSES["person_years"] * 50)
    result = life_expectancy_decomposition(many, **PAIR, cause="cause")
    error = ((result["upper"] - result["lower"]) / (2 * 1.959964)).to_numpy()
    rng = np.random.default_rng(2)
    draws = []
    for _ in range(600):
        drawn = many.assign(deaths=rng.poisson(many["deaths"]))
        rates = (drawn["deaths"] / drawn["person_years"]).to_numpy().reshape(2, 2, 3)
        whole = rates.sum(axis=1)
        parts = arriaga_contributions(whole[1], whole[0], START, WIDTH)
        draws.append((parts / (whole[0] - whole[1]) * (rates[0] - rates[1])).ravel())
    np.testing.assert_allclose(error, np.std(draws, axis=0), rtol=0.12)


def test_equal_rates_with_different_causes_are_split_by_the_slope():
    same = CAUSES.assign(deaths=[3, 40, 20, 5, 90, 150, 6, 10, 5, 2, 60, 300], person_years=[9000.0] * 12)
    cells = life_expectancy_decomposition(same, **PAIR, cause="cause").set_index(["cause", "age_from"])["estimate"]
    assert cells["injury", 0] == pytest.approx(-cells["other", 0], rel=1e-6)
    assert cells["injury", 0] > 0


def test_separate_comparisons_through_by():
    years = pd.concat([TOTAL.assign(year=2001), TOTAL.assign(year=2002, deaths=TOTAL["deaths"] + 1)])
    result = life_expectancy_decomposition(years, **PAIR, by="year")
    assert result["year"].tolist() == [2001] * 3 + [2002] * 3
    np.testing.assert_allclose(result["estimate"][:3], life_expectancy_decomposition(TOTAL, **PAIR)["estimate"])


def test_no_deaths_in_the_last_band_have_a_note_and_no_number():
    none = TOTAL.assign(deaths=TOTAL["deaths"].where(TOTAL["age_from"] < 65, 0))
    result = life_expectancy_decomposition(none, **PAIR)
    assert result["estimate"].isna().all()
    assert result["note"].str.startswith("no deaths in the open last band").all()
    assert life_expectancy_decomposition(none, **PAIR, until=65)["estimate"].notna().all()


@settings(deadline=None, max_examples=20)
@given(st.permutations(range(12)))
def test_order_of_rows_does_not_matter(order):
    np.testing.assert_array_equal(
        life_expectancy_decomposition(CAUSES.iloc[order], **PAIR, cause="cause")["estimate"],
        life_expectancy_decomposition(CAUSES, **PAIR, cause="cause")["estimate"],
    )


def test_different_bands_causes_or_methods_are_errors():
    other = TOTAL[(TOTAL["who"] == "others") | (TOTAL["age_from"] >= 20)]
    with pytest.raises(DataError, match=r"age bands or causes of 'others' and 'homeless' are not the same"):
        life_expectancy_decomposition(other, **PAIR, at=20)
    with pytest.raises(MethodError, match=r"Did you mean 'arriaga'"):
        life_expectancy_decomposition(TOTAL, **PAIR, method="ariaga")
    with pytest.raises(MethodError, match=r"`summed_over` is 'ages'"):
        life_expectancy_decomposition(TOTAL, **PAIR, summed_over="ages")
    with pytest.raises(DataError, match=r"two lists of equal length"):
        stepwise_replacement(expectancy, [0.1], [0.1, 0.2])
    with pytest.raises(MethodError, match=r"number of steps is 0"):
        line_integral_decomposition(expectancy, [0.1] * 6, [0.2] * 6, steps=0)
