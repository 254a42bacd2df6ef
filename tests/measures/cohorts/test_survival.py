import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.errors import DataError, MethodError
from analysis.estimates import check_estimates
from analysis.measures.cohorts.survival import hazard_ratio, kaplan_meier, log_rank

CLOCK = {"duration": "years", "event": "died"}
PERSONS = st.lists(st.tuples(st.integers(1, 9), st.integers(0, 1)), min_size=2, max_size=30)


def persons(rows):
    return pd.DataFrame(rows, columns=["years", "died"])


def two_arms(seed=4, size=400, ratio=2.0):
    rng = np.random.default_rng(seed)
    arm = np.repeat(["new", "usual"], size)
    time = rng.exponential(np.where(arm == "new", 1 / ratio, 1.0))
    return pd.DataFrame({"arm": arm, "years": np.minimum(time, 1.5), "died": (time < 1.5).astype(int)})


@given(PERSONS, st.randoms())
def test_curve_falls_within_its_interval_and_does_not_depend_on_the_order_of_rows(rows, random):
    curve = check_estimates(kaplan_meier(persons(rows), **CLOCK))
    assert (curve["estimate"].diff().dropna() <= 1e-12).all()
    assert curve["estimate"].between(0, 1).all()
    assert curve[["lower", "upper"]].notna().all(axis=None)
    random.shuffle(rows)
    pd.testing.assert_frame_equal(kaplan_meier(persons(rows), **CLOCK), curve)


@given(PERSONS)
def test_without_censoring_survival_is_the_share_still_alive(rows):
    everyone = persons(rows).assign(died=1)
    curve = kaplan_meier(everyone, **CLOCK)
    shares = [(everyone["years"] > time).mean() for time in curve["time"]]
    np.testing.assert_allclose(curve["estimate"], shares, atol=1e-12)


def test_events_add_up_and_the_curve_runs_to_the_end_of_follow_up():
    curve = kaplan_meier(persons([(1, 1), (2, 0), (3, 1), (7, 0)]), **CLOCK)
    assert curve["events"].sum() == 2
    assert curve["time"].tolist() == [0, 1, 3, 7]
    assert curve["note"].tolist()[0] == "start of follow-up"


def test_nobody_dying_gives_a_flat_curve_with_an_exact_limit():
    curve = kaplan_meier(persons([(5, 0)] * 10), **CLOCK)
    assert curve["estimate"].tolist() == [1, 1]
    assert curve.loc[1, "lower"] == pytest.approx(0.025 ** (1 / 10))
    assert "no events yet" in curve.loc[1, "note"]


def test_everyone_dying_ends_at_zero_with_the_upper_limit_of_the_step_before():
    curve = kaplan_meier(persons([(1, 1), (2, 1), (3, 1)]), **CLOCK)
    last, before = curve.iloc[-1], curve.iloc[-2]
    assert (last["estimate"], last["lower"], last["upper"]) == (0, 0, before["upper"])
    assert "survival is zero" in last["note"]


def test_curves_by_group_are_those_of_the_groups_alone():
    both = two_arms()
    curves = kaplan_meier(both, **CLOCK, by="arm")
    alone = kaplan_meier(both[both["arm"] == "new"], **CLOCK)
    together = curves[curves["arm"] == "new"].drop(columns="arm").reset_index(drop=True)
    pd.testing.assert_frame_equal(together, alone)


def test_missing_values_are_counted_with_the_remedy():
    table = pd.DataFrame({"years": [1.0, None, None], "died": [1, 0, 1], "arm": ["a", "b", "b"]})
    with pytest.raises(DataError, match=r"2 missing values among 3 rows, the first in row 1. Drop those rows"):
        kaplan_meier(table, **CLOCK)
    with pytest.raises(DataError, match=r"2 missing values"):
        log_rank(table, **CLOCK, group="arm")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"years": -1.0}, "below zero"),
        ({"died": 2}, "above 1"),
        ({"died": 0.5}, "are neither"),
        ({"died": "yes"}, "texts"),
    ],
)
def test_impossible_durations_and_events_are_errors(change, message):
    with pytest.raises(DataError, match=message):
        kaplan_meier(persons([(1, 1), (2, 0)]).assign(**change), **CLOCK)


def test_log_rank_does_not_change_when_time_is_stretched_or_groups_renamed():
    table = two_arms()
    one = log_rank(table, **CLOCK, group="arm").loc[0]
    stretched = table.assign(years=table["years"] ** 2, arm=table["arm"].map({"new": "z", "usual": "a"}))
    other = log_rank(stretched, **CLOCK, group="arm").loc[0]
    assert one["statistic"] == pytest.approx(other["statistic"])
    assert one["degrees_of_freedom"] == 1


def test_log_rank_needs_two_groups_and_an_event():
    with pytest.raises(MethodError, match=r"names 1 group"):
        log_rank(persons([(1, 1)]).assign(arm="a"), **CLOCK, group="arm")
    with pytest.raises(MethodError, match=r"Nobody has the event"):
        log_rank(persons([(1, 0), (2, 0)]).assign(arm=["a", "b"]), **CLOCK, group="arm")


def test_hazard_ratio_recovers_the_truth_and_inverts():
    table = two_arms(size=4000)
    one = check_estimates(hazard_ratio(table, **CLOCK, group="arm", exposed="new", reference="usual")).loc[0]
    other = hazard_ratio(table, **CLOCK, group="arm", exposed="usual", reference="new").loc[0]
    assert one["lower"] < 2 < one["upper"]
    assert one["estimate"] * other["estimate"] == pytest.approx(1)
    assert one["upper"] / one["lower"] < 1.12


def test_adjustment_for_a_confounder_removes_its_part():
    rng = np.random.default_rng(8)
    ill = rng.integers(0, 2, 6000)
    arm = np.where(rng.random(6000) < np.where(ill == 1, 0.7, 0.3), "new", "usual")
    time = rng.exponential(1 / np.exp(1.0 * ill))
    table = pd.DataFrame({"arm": arm, "years": time, "died": 1, "ill": np.where(ill == 1, "yes", "no")})
    pair = {"group": "arm", "exposed": "new", "reference": "usual"}
    crude, adjusted = (
        hazard_ratio(table, **CLOCK, **pair).loc[0],
        hazard_ratio(table, **CLOCK, **pair, adjust="ill").loc[0],
    )
    assert crude["lower"] > 1.2
    assert adjusted["lower"] < 1 < adjusted["upper"]
    assert "adjusted for ill" in adjusted["method"]


def test_a_hazard_ratio_that_cannot_be_estimated_is_an_error_with_a_remedy():
    table = two_arms()
    pair = {"group": "arm", "exposed": "new", "reference": "usual"}
    silent = table.assign(died=table["died"].where(table["arm"] == "usual", 0))
    with pytest.raises(MethodError, match=r"Nobody with 'new'.*rate_ratio"):
        hazard_ratio(silent, **CLOCK, **pair)
    with pytest.raises(MethodError, match=r"determine each other"):
        hazard_ratio(table.assign(copy=table["arm"]), **CLOCK, **pair, adjust="copy")


COLUMNS = ["estimate", "lower", "upper"]


def test_comparisons_per_group_are_those_of_the_groups_alone():
    both = pd.concat([two_arms(seed=1).assign(city="B"), two_arms(seed=2, ratio=1.5).assign(city="A")])
    pair = {"group": "arm", "exposed": "new", "reference": "usual"}
    ratios = check_estimates(hazard_ratio(both, **CLOCK, **pair, by="city", level=(0.8, 0.95)))
    tests = log_rank(both, **CLOCK, group="arm", by="city")
    assert ratios[["city", "level"]].to_numpy().tolist() == [["A", 0.8], ["B", 0.8], ["A", 0.95], ["B", 0.95]]
    assert tests.columns[0] == "city"
    for city, rows in both.groupby("city"):
        alone = hazard_ratio(rows, **CLOCK, **pair)
        assert ratios.loc[(ratios["city"] == city) & (ratios["level"] == 0.95), COLUMNS].to_numpy().tolist() == (
            alone[COLUMNS].to_numpy().tolist()
        )
        test = log_rank(rows, **CLOCK, group="arm").loc[0, "statistic"]
        assert tests.set_index("city").loc[city, "statistic"] == test


def test_a_group_without_events_is_named():
    both = pd.concat([two_arms().assign(city="A"), two_arms().assign(city="B", died=0)])
    with pytest.raises(MethodError, match=r"In the group \{'city': 'B'\}: Nobody has the event"):
        log_rank(both, **CLOCK, group="arm", by="city")
    with pytest.raises(MethodError, match=r"In the group \{'city': 'B'\}: Nobody with 'new'"):
        hazard_ratio(both, **CLOCK, group="arm", exposed="new", reference="usual", by="city")


def test_adjustment_knows_only_the_categories_of_its_own_group():
    both = pd.concat([two_arms(seed=1).assign(city="A"), two_arms(seed=2).assign(city="B")], ignore_index=True)
    letters = np.where(both["city"] == "A", np.where(both.index % 3 == 0, "x", "y"), np.where(both.index % 3, "y", "z"))
    table = both.assign(kind=pd.Categorical(letters))
    pair = {"group": "arm", "exposed": "new", "reference": "usual", "adjust": "kind"}
    found = hazard_ratio(table, **CLOCK, **pair, by="city")
    plain = hazard_ratio(table.assign(kind=letters), **CLOCK, **pair, by="city")
    np.testing.assert_allclose(found[COLUMNS], plain[COLUMNS])
