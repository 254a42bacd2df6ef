"""The choices of the topic on access to care: which patients were counted, what differs, what a scenario says."""

import numpy as np
import pandas as pd
import pytest

from analysis.errors import DataError, MethodError
from analysis.estimates import check_estimates, pick
from analysis.sources.reading import read_dataset
from analysis.studies.homelessness import access_to_care, printed_patients, registration_scenario

SHARES = {"registered": [0.07, 0.18, 0.25], "unregistered": [0.5, 0.75, 1.0], "contacts_lost": 3.0}


@pytest.fixture(scope="module")
def access():
    return read_dataset("rotterdam_access")


@pytest.fixture(scope="module")
def printed(access):
    return printed_patients.printed_table(access)


def small_table(total, counts, group="street", printed_total=None):
    # A made-up table that fits one total: every percentage is rounded from its count.
    return pd.DataFrame(
        {
            "group": group,
            "diagnosis": [f"diagnosis {place}" for place in range(len(counts))],
            "count": [float(count) for count in counts],
            "percent": [round(100 * count / total, 1) for count in counts],
            "printed_total": float(printed_total or total),
        }
    )


def test_a_table_without_errors_keeps_its_total():
    row = printed_patients.fitting_totals(small_table(1234, [500, 321, 77, 1000])).iloc[0]
    assert row["fitting_total"] == row["printed_total"] == 1234
    assert row["rows_fitting"] == row["rows_fitting_printed"] == 4


def test_a_slip_of_one_digit_is_found_and_mended():
    row = printed_patients.fitting_totals(small_table(1234, [500, 321, 777, 1000, 1111], printed_total=1334)).iloc[0]
    assert row["rows_fitting_printed"] == 0
    assert row["fitting_lowest"] <= 1234 <= row["fitting_highest"]
    assert row["fitting_total"] == 1234


def test_a_row_that_fits_no_common_total_is_named_and_does_not_move_it():
    table = small_table(1234, [500, 321, 777, 1000, 1111])
    table.loc[1, "percent"] += 2
    assert printed_patients.misfits(table) == ["diagnosis 1"]
    assert printed_patients.fitting_totals(table)["fitting_total"].iloc[0] == 1234


def test_implied_totals_round_back_to_the_printed_percentage(printed):
    rows = printed_patients.implied_totals(printed)
    for limit in ("implied_lowest", "implied_highest"):
        assert (np.abs(100 * rows["count"] / rows[limit] - rows["percent"]) <= 0.05 + 1e-9).all()
    for limit, step in (("implied_lowest", -1), ("implied_highest", 1)):
        assert (np.abs(100 * rows["count"] / (rows[limit] + step) - rows["percent"]) > 0.05 - 1e-9).all()


def test_the_printed_numbers_of_patients_fit_no_row(printed):
    totals = printed_patients.fitting_totals(printed).set_index("group")
    assert list(totals["rows_fitting_printed"]) == [0, 0]
    assert list(totals["rows_fitting"]) == [9, 9]
    street, gp = totals.loc["street"], totals.loc["gp"]
    assert (street["fitting_lowest"], street["fitting_total"], street["fitting_highest"]) == (2050, 2051, 2051)
    assert (gp["fitting_lowest"], gp["fitting_total"], gp["fitting_highest"]) == (3272, 3272, 3275)


def test_injuries_fit_in_neither_column(printed):
    assert printed_patients.misfits(printed) == ["traumata"]
    rows = printed_patients.implied_totals(printed)
    assert set(rows.loc[(rows["diagnosis"] == "traumata") & (rows["implied_lowest"] > 3272), "group"]) == {"gp"}


def test_differences_run_from_low_to_high_with_the_doubtful_row_last_and_twice(printed):
    table = check_estimates(access_to_care.differences(printed))
    certain = table[table["reading"] == ""]
    assert certain["estimate"].is_monotonic_increasing
    assert list(table["reading"].iloc[-2:]) == ["count", "percentage"]
    assert set(table["diagnosis"].iloc[-2:]) == {"traumata"}
    assert table["estimate"].to_numpy() == pytest.approx((table["share_street"] - table["share_gp"]).to_numpy())


def test_the_choice_of_patients_changes_no_direction(printed):
    fitting, as_printed = (
        access_to_care.differences(printed, gp_patients=choice).set_index(["diagnosis", "reading"])["estimate"]
        for choice in ("fitting", "printed")
    )
    assert (np.sign(fitting) == np.sign(as_printed.reindex(fitting.index))).all()
    assert not np.allclose(fitting, as_printed.reindex(fitting.index))


def test_the_order_of_rows_changes_nothing(access, printed):
    mixed = access.sample(frac=1, random_state=3)
    again = access_to_care.differences(printed_patients.printed_table(mixed))
    pd.testing.assert_frame_equal(again, access_to_care.differences(printed))
    pd.testing.assert_frame_equal(access_to_care.uninsured(mixed), access_to_care.uninsured(access), check_like=True)


def test_another_choice_of_patients_is_refused(printed):
    with pytest.raises(MethodError, match="no choice 'all'"):
        access_to_care.differences(printed, gp_patients="all")


def test_a_higher_level_names_no_more_differences(printed):
    found = [
        len(access_to_care.not_by_chance(printed, gp_patients="fitting", level=level)) for level in (0.5, 0.95, 0.999)
    ]
    assert found[0] == 10
    assert found == sorted(found, reverse=True)


def test_the_widened_interval_is_that_of_bonferroni(printed):
    # Among ten made-up rows only those survive whose interval at 1 - 0.05 / 10 excludes zero.
    wide = access_to_care.differences(printed, level=0.995)
    apart = (wide["lower"] > 0) | (wide["upper"] < 0)
    expected = set(wide["diagnosis"]) - set(wide.loc[~apart, "diagnosis"])
    assert set(access_to_care.not_by_chance(printed, gp_patients="fitting", level=0.95)) == expected


@pytest.mark.parametrize(("first", "second"), [(0.25, 0.5), (0.07, 0.23), (0.18, 0.31), (0.5, 0.25)])
def test_the_number_of_patients_needed_is_just_enough(first, second):
    needed = access_to_care.patients_needed(first, second)
    z = 1.959963984540054

    def wilson(share, total):
        # Wilson limits by their definition: the shares whose score test just does not reject.
        centre, half = share + z**2 / (2 * total), z * (share * (1 - share) / total + z**2 / (4 * total**2)) ** 0.5
        return (centre - half) / (1 + z**2 / total), (centre + half) / (1 + z**2 / total)

    def told_apart(total):
        low, high = sorted((first, second))
        (_, upper), (lower, _) = wilson(low, total), wilson(high, total)
        return high - low - ((high - lower) ** 2 + (upper - low) ** 2) ** 0.5 > 0

    assert told_apart(needed)
    assert not told_apart(needed - 1)


def test_a_stricter_level_needs_more_patients_and_may_need_more_than_there_can_be(access):
    usual, strict = (access_to_care.changes(access, level=level) for level in (0.95, 0.999))
    assert (strict["patients_needed"].fillna(np.inf) > usual["patients_needed"]).all()
    row = pick(strict, subgroup="60 and older")
    assert np.isnan(row["patients_needed"])
    assert row["note"] == access_to_care.NO_NUMBER_IS_ENOUGH


def test_equal_shares_are_never_told_apart():
    assert np.isnan(access_to_care.patients_needed(0.2, 0.2))


def test_the_share_losing_registration_explains_the_rise(access):
    table = access_to_care.uninsured(access, unregistered=(0.6, 0.9))
    for share, loss in ((0.9, "losing_lowest"), (0.6, "losing_highest")):
        explained = table["first"] * (1 - table[loss]) + share * table[loss]
        assert explained.to_numpy() == pytest.approx(table["second"].to_numpy())


def test_the_scenario_adds_up():
    grid = registration_scenario.scenario(homeless_people=1000, losing=[0.0, 0.3, 1.0], **SHARES)
    by_hand = 1000 * ((1 - grid["losing"]) * grid["registered"] + grid["losing"] * grid["unregistered"])
    assert grid["uninsured"].to_numpy() == pytest.approx(by_hand.to_numpy())
    assert len(grid) == 27
    assert grid.loc[grid["losing"] == 0, ["extra", "missed_contacts"]].eq(0).all(axis=None)


def test_the_curve_lies_within_the_range_of_assumptions():
    grid = registration_scenario.scenario(homeless_people=1000, losing=[0.0, 0.5, 1.0], **SHARES)
    curve = registration_scenario.scenario_curve(grid, registered=0.18, unregistered=0.75)
    assert (curve["estimate"].between(curve["lower"], curve["upper"])).all()
    last = pick(curve, x=100.0)
    assert last["lower"] == pytest.approx(250)
    assert last["upper"] == pytest.approx(930)
    assert curve["assumed"].all()


def test_impossible_assumptions_are_refused():
    options = {"homeless_people": 1000, "losing": [0.5], "contacts_lost": 1.0}
    with pytest.raises(MethodError, match="between 0 and 1"):
        registration_scenario.scenario(registered=[-0.1], unregistered=[0.5], **options)
    with pytest.raises(MethodError, match="is above that without"):
        registration_scenario.scenario(registered=[0.6], unregistered=[0.5], **options)
    grid = registration_scenario.scenario(registered=[0.1], unregistered=[0.5], **options)
    with pytest.raises(DataError, match="Add them to the grid"):
        registration_scenario.scenario_curve(grid, registered=0.2, unregistered=0.5)


def test_the_rise_is_at_most_consistent_with_the_claim(access):
    table = access_to_care.uninsured(access)
    assert access_to_care.verdict_on_registration(table) == "consistent"
    falling = table.assign(difference=[0.2, -0.1, 0.1])
    assert access_to_care.verdict_on_registration(falling) == "not_testable"


def test_four_blocks_are_not_testable_while_one_is_not_measured():
    works, unclear, harms = ({"lower": low, "upper": high} for low, high in ((0.1, 0.4), (-0.1, 0.4), (-0.4, -0.1)))
    complete = dict.fromkeys(access_to_care.BLOCKS, "as a package")
    assert access_to_care.verdict_on_blocks(works) == "not_testable"
    assert access_to_care.verdict_on_blocks(works, complete) == "consistent"
    assert access_to_care.verdict_on_blocks(unclear, complete) == "not_testable"
    assert access_to_care.verdict_on_blocks(harms) == "contradicted"


def test_no_block_has_an_effect_of_its_own_and_one_has_none():
    assert sorted(access_to_care.BLOCKS.values()) == ["as a package", "none", "part of a package", "part of a package"]


def test_the_rise_in_older_patients_takes_more_patients_than_there_were_later(access, printed):
    # 12.2 to 14.0 percent, against 2,051 patients in the later period.
    needed = pick(access_to_care.changes(access), subgroup="60 and older")["patients_needed"]
    assert needed == 3744
    assert needed > pick(printed_patients.fitting_totals(printed), group="street")["fitting_total"]


def test_the_checklist_names_every_block_once():
    words = dict.fromkeys(access_to_care.BLOCKS, "words")
    table = access_to_care.checklist(words, measured=words, missing=words)
    assert list(table["block"]) == ["financing", "case_manager", "peer_workers", "on_site"]
    with pytest.raises(KeyError):
        access_to_care.checklist({}, measured=words, missing=words)
