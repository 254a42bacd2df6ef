import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from analysis.errors import DataError, MethodError
from analysis.measures.life_tables.age_bands import banded_populations
from analysis.measures.life_tables.tables import infant_years, life_table, life_table_of_rates

BANDS = pd.DataFrame(
    {
        "age_from": [0, 1, 20, 65, 85],
        "age_to": [1, 20, 65, 85, None],
        "deaths": [4, 3, 120, 600, 300],
        "person_years": [1000.0, 19000.0, 45000.0, 15000.0, 1500.0],
    }
)
RATES = st.lists(st.floats(1e-6, 1.5), min_size=3, max_size=12)


def widths(count):
    return np.array([5.0] * (count - 1) + [np.inf])


def starts(count):
    return np.arange(count) * 5.0


@settings(deadline=None, max_examples=40)
@given(RATES)
def test_a_constant_hazard_gives_the_integral_of_the_survival_curve(rates):
    table = life_table_of_rates(rates, starts(len(rates)), widths(len(rates)))
    survived, area = 1.0, 0.0
    for rate in rates[:-1]:
        area += quad(lambda t, r=rate, s=survived: s * np.exp(-r * t), 0, 5, epsabs=1e-13)[0]
        survived *= np.exp(-5 * rate)
    assert table.expectancy[0] == pytest.approx(area + survived / rates[-1], rel=1e-9)


@settings(deadline=None, max_examples=40)
@given(RATES, st.integers(0, 10), st.floats(0.05, 0.95))
def test_splitting_a_band_under_a_constant_hazard_changes_nothing(rates, band, share):
    band = band % (len(rates) - 1)
    start, width = starts(len(rates)), widths(len(rates))
    cut_start = np.insert(start, band + 1, start[band] + 5 * share)
    cut_width = np.insert(width, band, 5 * share)
    cut_width[band + 1] = 5 * (1 - share)
    whole = life_table_of_rates(rates, start, width)
    cut = life_table_of_rates(np.insert(rates, band, rates[band]), cut_start, cut_width)
    assert cut.expectancy[0] == pytest.approx(whole.expectancy[0], rel=1e-10)


@settings(deadline=None, max_examples=40)
@given(RATES, st.floats(0.1, 10))
def test_years_scale_with_the_unit_of_time(rates, factor):
    count = len(rates)
    one = life_table_of_rates(rates, starts(count), widths(count))
    other = life_table_of_rates(np.array(rates) / factor, starts(count) * factor, widths(count) * factor)
    np.testing.assert_allclose(other.expectancy, one.expectancy * factor, rtol=1e-9)


@settings(deadline=None, max_examples=40)
@given(RATES, st.sampled_from(["constant hazard", "midpoint"]))
def test_columns_of_the_table_fit_together(rates, ax):
    table = life_table_of_rates(rates, starts(len(rates)), widths(len(rates)), ax=ax)
    assert table.dying.sum() == pytest.approx(1)
    assert ((table.risk >= 0) & (table.risk <= 1)).all()
    reached = table.survivors > 1e-9
    np.testing.assert_allclose(
        (table.years_remaining[reached] / table.survivors[reached]), table.expectancy[reached], rtol=1e-6
    )
    alive = ~table.capped
    np.testing.assert_allclose(table.dying[alive], (table.rate * table.years_lived)[alive], rtol=1e-8, atol=1e-12)


def test_a_rate_of_zero_is_a_band_in_which_all_survive():
    table = life_table_of_rates([0.0, 0.5], [0, 10], [10, np.inf])
    assert table.expectancy.tolist() == [12.0, 2.0]
    assert table.years_of_dying.tolist() == [5.0, 2.0]


def test_a_rate_too_high_for_the_midpoint_is_capped_and_later_ages_keep_their_expectancy():
    table = life_table_of_rates([0.9, 0.5], [0, 5], [5, np.inf], ax="midpoint")
    assert table.capped.tolist() == [True, False]
    assert table.risk[0] == 1
    assert table.expectancy.tolist() == [2.5, 2.0]
    assert not life_table_of_rates([0.9, 0.5], [0, 5], [5, np.inf]).capped.any()


def test_given_years_of_the_dying_are_used():
    table = life_table_of_rates([0.1, 0.5], [0, 5], [5, np.inf], ax=[2.0, 0.0])
    assert table.risk[0] == pytest.approx(5 * 0.1 / (1 + 3 * 0.1))


def test_infants_who_die_die_early():
    plain = life_table(BANDS, ax="midpoint")
    chiang = life_table(BANDS, ax="midpoint", infant=0.1)
    assert plain.loc[0, "years_of_dying"] == 0.5
    assert chiang.loc[0, "years_of_dying"] == 0.1
    assert chiang.loc[1:, "years_of_dying"].tolist() == plain.loc[1:, "years_of_dying"].tolist()
    assert chiang.loc[0, "risk"] == pytest.approx(0.004 / (1 + 0.9 * 0.004))


def test_infant_rule_by_sex_is_continuous_and_needs_the_sex():
    for sex, bounds in (("male", (0.0230, 0.08307)), ("female", (0.01724, 0.06891))):
        for bound in bounds:
            assert infant_years(bound - 1e-9, sex) == pytest.approx(float(infant_years(bound + 1e-9, sex)), abs=1e-3)
    both = pd.concat([BANDS.assign(sex="female"), BANDS.assign(sex="male")])
    table = life_table(both, by="sex", infant="andreev-kingkade").set_index(["sex", "age_from"])
    assert table.loc[("female", 0), "years_of_dying"] == pytest.approx(0.14903 - 2.05527 * 0.004)
    assert table.loc[("male", 0), "years_of_dying"] == pytest.approx(0.14929 - 1.99545 * 0.004)
    with pytest.raises(MethodError, match=r"Name it in `by`"):
        life_table(BANDS, infant="andreev-kingkade")
    with pytest.raises(MethodError, match=r"option `sex` is 'total'"):
        life_table(BANDS.assign(sex="total"), by="sex", infant="andreev-kingkade")


def test_order_of_rows_does_not_matter_and_infinite_is_open():
    shuffled = BANDS.sample(frac=1, random_state=4).fillna({"age_to": np.inf})
    pd.testing.assert_frame_equal(life_table(shuffled), life_table(BANDS))


def test_populations_may_have_bands_of_their_own_and_a_missing_name():
    fewer = pd.DataFrame({"age_from": [0, 50], "age_to": [50, np.nan], "deaths": [1, 2], "person_years": [90, 20]})
    both = pd.concat([BANDS.assign(area="b"), fewer.assign(area="a"), fewer.assign(area=None)])
    table = life_table(both, by="area")
    assert table["area"].fillna("?").tolist() == ["a"] * 2 + ["b"] * 5 + ["?"] * 2
    expected = life_table(BANDS)["life_expectancy"].tolist()
    assert table.loc[table["area"] == "b", "life_expectancy"].tolist() == expected


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop(index=2), r"1 to 20 and 65 to 85 leave a gap\. Add the missing band"),
        (lambda t: t.assign(age_to=[1, 30, 65, 85, None]), r"1 to 30 and 20 to 65 overlap\. Keep one set"),
        (lambda t: t.assign(age_to=[1, 20, 10, 85, None]), r"20 to 10 ends before it begins"),
        (lambda t: pd.concat([t, t.tail(1)]), r"from 85 occurs more than once, again in row 4\. Name the columns"),
        (lambda t: t.assign(person_years=[1000, 0, 1, 1, 1]), r"counts deaths in 1 age bands .* from 1 \(3 deaths\)"),
        (lambda t: t.assign(person_years=[1, 0, 1, 1, 1], deaths=[1, 0, 1, 1, 1]), r"zero in 1 age bands, .* from 1"),
        (lambda t: t.assign(deaths=[4, -3, 120, 600, 300]), r"1 values below zero, the first in row 1 \(-3\)"),
        (lambda t: t.assign(deaths=["4", "x", "1", "1", "1"]), r"5 texts where numbers belong"),
        (lambda t: t.head(0), r"no rows"),
    ],
)
def test_bad_bands_and_counts_are_errors_with_place_and_remedy(change, message):
    with pytest.raises(DataError, match=message):
        life_table(change(BANDS))


def test_a_bad_population_is_named():
    both = pd.concat([BANDS.assign(area="a"), BANDS.drop(index=1).assign(area="b")])
    with pytest.raises(DataError, match=r"of \{'area': 'b'\} leave a gap"):
        life_table(both, by="area")


def test_an_unknown_rule_is_an_error():
    with pytest.raises(MethodError, match=r"Did you mean 'midpoint'"):
        life_table(BANDS, ax="midpoints")


def test_the_position_of_an_age_must_be_the_beginning_of_a_band():
    populations = banded_populations(BANDS, ["deaths"])[0]
    assert populations.position(20) == 2
    with pytest.raises(MethodError, match=r"No age band begins at 30"):
        populations.position(30)


@pytest.mark.parametrize("ax", [(), (0.5,), [0.5] * 9, None, "half"])
def test_years_of_the_dying_that_are_not_one_per_band_are_an_error(ax):
    with pytest.raises((DataError, MethodError), match=r"`ax`"):
        life_table_of_rates([0.01, 0.02, 0.2], [0, 1, 20], [1, 19, np.inf], ax=ax)


@pytest.mark.parametrize("infant", [1.5, -0.1, (0.1, 0.2), np.nan])
def test_years_of_dying_infants_lie_within_their_first_year(infant):
    table = pd.DataFrame({"age_from": [0, 1], "age_to": [1, None], "deaths": [1, 9], "person_years": [100, 700]})
    with pytest.raises((DataError, MethodError), match=r"`infant`"):
        life_table(table, infant=infant)
