"""The choices of the topic on the HELP trial."""

import pytest

from analysis.errors import MethodError
from analysis.estimates import pick
from analysis.sources.reading import read_dataset
from analysis.studies.interventions import linkage_to_care


@pytest.fixture(scope="module")
def trial():
    return read_dataset("help_trial")


def test_everybody_is_counted_once(trial):
    counts = linkage_to_care.by_arm(trial)
    assert counts["randomised"].sum() == 453
    assert (counts["total"] + counts["missing"] == counts["randomised"]).all()


def test_counting_the_unknown_as_not_linked_keeps_everybody_in_the_total(trial):
    counts = linkage_to_care.by_arm(trial, missing="not_linked")
    assert (counts["total"] == counts["randomised"]).all()
    assert list(counts["events"]) == list(linkage_to_care.by_arm(trial)["events"])


def test_another_rule_for_missing_outcomes_is_refused(trial):
    with pytest.raises(MethodError, match="Did you mean 'not_linked'"):
        linkage_to_care.by_arm(trial, missing="not_link")


def test_strata_add_up_to_the_whole(trial):
    whole, parts = linkage_to_care.by_arm(trial), linkage_to_care.by_arm(trial, by=("homeless",))
    for column in ("randomised", "missing", "events", "total"):
        assert list(parts.groupby("arm")[column].sum()) == list(whole[column])


def test_every_assumption_on_missing_outcomes_lies_between_the_extremes(trial):
    bounds = linkage_to_care.missing_bounds(trial)
    worst, best = (pick(bounds, scenario=name)["estimate"] for name in ("worst case", "best case"))
    assert bounds["estimate"].between(worst, best).all()
    assert worst > 0


def test_curves_start_at_nobody_linked_and_never_turn(trial):
    curves = linkage_to_care.linkage_curves(linkage_to_care.with_known_time(trial))
    for _, curve in curves.groupby("series"):
        assert curve["estimate"].iloc[0] == 1
        assert curve["estimate"].is_monotonic_decreasing


def test_the_share_linked_by_a_day_comes_from_the_curve(trial):
    curves = linkage_to_care.linkage_curves(linkage_to_care.with_known_time(trial))
    assert linkage_to_care.linked_by_day(curves, "clinic", 0) == 0
    early, late = (linkage_to_care.linked_by_day(curves, "clinic", day) for day in (30, 365))
    assert 0 < early < late < 1


def test_the_trial_abroad_never_reproduces_the_dutch_claim():
    assert linkage_to_care.verdict_on_access({"estimate": 0.4, "lower": 0.3, "upper": 0.5}) == "consistent"
    assert linkage_to_care.verdict_on_access({"estimate": -0.4, "lower": -0.5, "upper": -0.3}) == "contradicted"


def test_the_figure_draws_assumptions_as_scenarios(trial):
    effects = linkage_to_care.effect(linkage_to_care.by_arm(trial))
    by_housing = linkage_to_care.effect(linkage_to_care.by_arm(trial, by=("homeless",)), by=("homeless",))
    rows = linkage_to_care.figure_rows(effects, by_housing, linkage_to_care.missing_bounds(trial))
    assert dict(zip(rows["row"], rows["kind"], strict=True)) == {
        "all": "summary",
        "homeless": "estimate",
        "housed": "estimate",
        "worst case": "scenario",
        "best case": "scenario",
    }


def test_about_half_of_the_participants_were_homeless(trial):
    row = linkage_to_care.share_homeless(trial).iloc[0]
    assert (row["events"], row["total"]) == (209, 453)


def test_the_worst_case_counts_everybody_who_was_randomised(trial):
    published = read_dataset("help_trial_published")
    row = linkage_to_care.worst_case_of_all(trial, published).iloc[0]
    assert (row["total_exposed"], row["total_reference"]) == (235, 235)
    assert row["estimate"] == pytest.approx(128 / 235 - (35 + 26) / 235)


def test_the_difference_by_housing_is_that_of_the_two_differences(trial):
    effects = linkage_to_care.effect(linkage_to_care.by_arm(trial, by=("homeless",)), by=("homeless",))
    row = linkage_to_care.difference_by_housing(effects).iloc[0]
    assert row["estimate"] == pytest.approx((59 / 97 - 22 / 104) - (69 / 125 - 13 / 105))


def test_events_and_time_by_period_add_up_to_the_whole(trial):
    times = linkage_to_care.with_known_time(trial)
    rows = linkage_to_care.speed_by_period(times, breaks=(30, 90, 180))
    assert rows["linked_exposed"].sum() + rows["linked_reference"].sum() == times["linked"].sum()
    assert rows["person_days_exposed"].sum() + rows["person_days_reference"].sum() == times["days"].sum()


def test_the_ratio_of_linkage_falls_with_time(trial):
    # The report says the hazard ratio is not constant; a change in the data would make that sentence false.
    rows = linkage_to_care.speed_by_period(linkage_to_care.with_known_time(trial), breaks=(30, 90, 180))
    first, last = rows.iloc[0], rows.iloc[-1]
    assert first["lower"] > last["estimate"]
    assert last["lower"] < 1 < last["upper"]
