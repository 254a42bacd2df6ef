"""The choices of the topic on causes of death."""

import numpy as np
import pandas as pd
import pytest

from analysis.errors import DataError, MethodError
from analysis.estimates import check_estimates, pick
from analysis.measures.rates.crude import poisson_interval
from analysis.sources.reading import read_dataset
from analysis.studies.homelessness import causes_of_death, unnatural_deaths


@pytest.fixture(scope="module")
def causes():
    return read_dataset("rotterdam_causes")


@pytest.fixture(scope="module")
def reconstruction():
    return read_dataset("rotterdam_reconstruction")


@pytest.fixture
def small():
    # A small population: rate 0.01 for twenty years, then 0.1.
    return pd.DataFrame(
        {
            "sex": ["male", "male"],
            "age_from": [20, 40],
            "age_to": [40, None],
            "deaths": [10.0, 30.0],
            "person_years": [1000.0, 300.0],
        }
    )


def test_results_have_the_shape_of_estimates(causes, reconstruction):
    for table in (
        causes_of_death.smr_by_cause(causes),
        causes_of_death.share_of_deaths(causes),
        causes_of_death.hazard_ratios(causes),
        unnatural_deaths.years_without_unnatural_deaths(reconstruction, deaths=261),
    ):
        check_estimates(table)


def test_inferred_deaths_print_the_same_limits_and_their_neighbours_outside_the_range_do_not(causes):
    table = causes_of_death.inferred_deaths(causes)
    for row in table[table["basis"] == "smr"].to_dict("records"):
        printed = pick(causes, measure="smr", subgroup=row["cause"])
        assert row["fewest"] == row["deaths"] == row["most"] == 12
        lower, upper = (limit * printed["value"] / 12 for limit in poisson_interval(12))
        assert abs(lower - printed["lower"]) < 0.051
        assert abs(upper - printed["upper"]) < 0.051


def test_unnatural_deaths_fit_both_the_share_and_the_interval(causes):
    row = pick(causes_of_death.inferred_deaths(causes), cause="unnatural death")
    assert (row["fewest"], row["deaths"], row["most"], row["basis"]) == (68, 68, 69, "smr and share")
    assert round(100 * row["deaths"] / 261) == 26


def test_a_share_that_no_count_fits_is_refused(causes):
    # With a share of 40 percent no count can fit the interval of the SMR of unnatural death as well.
    wrong = causes.copy()
    wrong.loc[(wrong["measure"] == "share_of_deaths") & (wrong["value"] == 26), "value"] = 40
    with pytest.raises(DataError, match="unnatural death fits the published figures"):
        causes_of_death.inferred_deaths(wrong)


def test_hazard_ratios_are_as_published_at_95_percent_and_narrower_below(causes):
    printed = causes[causes["measure"] == "hazard_ratio"]
    wide, narrow = (causes_of_death.hazard_ratios(causes, level=level) for level in (0.95, 0.8))
    np.testing.assert_allclose(wide[["lower", "upper"]], printed[["lower", "upper"]], rtol=1e-9)
    assert len(wide) == 12
    assert ((narrow["lower"] > wide["lower"]) & (narrow["upper"] < wide["upper"])).all()


@pytest.mark.parametrize("level", [0.5, 0.999])
def test_hazard_ratios_lie_in_their_interval_at_any_level_of_the_notebook(causes, level):
    check_estimates(causes_of_death.hazard_ratios(causes, level=level))


def test_the_copied_row_and_the_wrong_p_value_are_found(causes):
    findings = causes_of_death.audit(causes).set_index("cause")["finding"]
    assert findings["cancer"] == "copied row"
    assert findings["accidental poisoning"] == "p-value does not fit"
    assert set(findings[findings == "another test"].index) == {
        "psychiatric disorders",
        "gastrointestinal diseases",
        "intentional injury",
    }
    assert (findings == "consistent").sum() == 7


def test_the_copied_row_would_be_found_without_its_flag(causes):
    # Its p-value betrays it: the interval goes with 0.28.
    finding = pick(causes_of_death.audit(causes.assign(flag=None)), cause="cancer")["finding"]
    assert finding == "p-value does not fit"


def test_no_interval_needs_more_deaths_than_were_inferred(causes):
    known = causes_of_death.audit(causes).dropna(subset=["deaths"])
    assert (known["fewest_deaths"] <= known["deaths"]).all()


def test_fewest_deaths_is_the_least_that_any_division_over_two_periods_needs(causes):
    # Variance 1/a + 1/b of the log ratio for every division of the deaths just below the number: always too large.
    row = pick(causes_of_death.audit(causes), cause="unnatural death")
    error = np.log(row["upper"] / row["lower"]) / (2 * 1.959963984540054)
    total = int(row["fewest_deaths"])
    assert min(1 / a + 1 / (total - a) for a in range(1, total)) > error**2
    assert 4 / row["fewest_deaths"] == pytest.approx(error**2)


def test_the_copied_row_enters_the_tests_with_its_printed_p_value(causes):
    tests = causes_of_death.many_tests(causes)
    assert pick(tests, cause="cancer")["p_value"] == 0.51
    assert pick(tests, cause="suicide")["p_value"] != pick(tests, cause="suicide")["p_printed"]


@pytest.mark.parametrize("correction", ["holm", "benjamini-hochberg", "bonferroni"])
def test_nothing_holds_after_any_correction(causes, correction):
    tests = causes_of_death.many_tests(causes, correction=correction)
    assert (tests[["p_corrected", "p_printed_corrected"]] > 0.05).all(axis=None)
    assert (tests["p_corrected"] >= tests["p_value"]).all()


def test_an_unknown_correction_is_refused(causes):
    with pytest.raises(MethodError, match="holm"):
        causes_of_death.many_tests(causes, correction="none")


def test_chance_findings_do_not_count_the_copied_row(causes):
    ratios = causes_of_death.hazard_ratios(causes, level=0.5)
    assert pick(ratios, cause="cancer")["excludes_one"]
    row = causes_of_death.by_chance(ratios, level=0.5).iloc[0]
    assert row["found"] == ratios["excludes_one"].sum() - 1
    assert (row["tests"], row["expected"]) == (11, 5.5)


def test_the_two_published_upper_limits_are_those_the_data_set_names(causes):
    limits = causes_of_death.two_published_limits(causes)
    note = pick(causes, measure="hazard_ratio", subgroup="intentional injury")["note"]
    assert all(f"{limit:.2f}" in note for limit in limits["upper"])
    assert limits["p_value"].is_monotonic_decreasing


def test_the_figure_orders_by_ratio_and_sets_the_copied_row_apart(causes):
    rows = causes_of_death.figure_rows(causes_of_death.hazard_ratios(causes))
    assert rows["cause"].iloc[-1] == "cancer"
    assert list(rows.loc[rows["kind"] == "published", "cause"]) == ["cancer"]
    assert all(part["estimate"].is_monotonic_increasing for _, part in rows.groupby("section"))


@pytest.mark.parametrize(
    ("lower", "upper", "verdict"),
    [(0.23, 1.22, "corrected"), (0.40, 0.71, "consistent"), (0.55, 0.90, "contradicted"), (1.1, 2.0, "contradicted")],
)
def test_suicides_halved_is_judged_by_the_interval(lower, upper, verdict):
    row = {"estimate": 0.53, "lower": lower, "upper": upper, "level": 0.95}
    assert causes_of_death.verdict_on_suicides(row) == verdict


@pytest.mark.parametrize("level", [0.5, 0.8, 0.95, 0.999])
def test_suicides_halved_is_corrected_whatever_level_is_shown(causes, level):
    suicide = pick(causes_of_death.hazard_ratios(causes, level=level), cause="suicide")
    assert causes_of_death.verdict_on_suicides(suicide) == "corrected"


def test_the_published_interval_of_an_smr_is_shown_at_its_own_level_only(causes):
    printed, other = (
        causes_of_death.as_published(pick(causes_of_death.smr_by_cause(causes, level=level), cause="unnatural death"))
        for level in (0.95, 0.9)
    )
    assert (printed["lower"], printed["upper"], printed["recomputed"]) == (11.5, 18.7, False)
    assert other["recomputed"]
    assert 11.5 < other["lower"] < other["upper"] < 18.7


def test_women_and_crime_cannot_be_tested_while_no_cause_is_published_by_sex(causes):
    # Fails when such figures are added: then the claim deserves a real verdict.
    assert set(causes["sex"]) == {"total"}
    assert not causes["subgroup"].isin(["homicide"]).any()


def test_years_won_by_hand(small):
    # 20-39 at 0.01, from 40 at 0.1; a quarter of all deaths gone at every age leaves rates 0.0075 and 0.075.
    won = unnatural_deaths.years_without_unnatural_deaths(small, share=0.25, deaths=100)
    row = pick(won, pattern="equal share")
    whole = (1 - np.exp(-0.2)) / 0.01 + np.exp(-0.2) * 10
    without = (1 - np.exp(-0.15)) / 0.0075 + np.exp(-0.15) / 0.075
    assert row["life_expectancy"] == pytest.approx(whole)
    assert row["estimate"] == pytest.approx(without - whole)


def test_every_pattern_takes_the_share_of_all_deaths(reconstruction):
    for sex, rows in reconstruction.groupby("sex"):
        deaths = rows["deaths"].to_numpy()
        for name, divide in unnatural_deaths.PATTERNS.items():
            unnatural = divide(rows.sort_values("age_from"), 0.26)
            assert unnatural.sum() == pytest.approx(0.26 * deaths.sum()), (sex, name)
            assert (unnatural >= 0).all()
            assert (unnatural <= deaths + 1e-9).all()


def test_a_larger_share_wins_more_years(reconstruction):
    few, many = (
        unnatural_deaths.years_without_unnatural_deaths(reconstruction, share=share, deaths=261)
        for share in (0.05, 0.5)
    )
    assert (many["estimate"] > few["estimate"]).all()


def test_order_of_rows_does_not_matter(reconstruction):
    first, second = (
        unnatural_deaths.years_without_unnatural_deaths(rows, deaths=261)
        for rows in (reconstruction, reconstruction.sample(frac=1, random_state=3))
    )
    pd.testing.assert_frame_equal(first, second)


@pytest.mark.parametrize("share", [0.0, 1.0, 26.0])
def test_an_impossible_share_is_refused(small, share):
    with pytest.raises(MethodError, match="between 0 and 1"):
        unnatural_deaths.years_without_unnatural_deaths(small, share=share, deaths=261)


def test_the_scenario_says_so_in_every_row(reconstruction):
    won = unnatural_deaths.years_without_unnatural_deaths(reconstruction, deaths=261)
    assert won["note"].str.contains("scenario on a reconstruction").all()
    assert len(won) == 6
