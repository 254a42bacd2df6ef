import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.errors import DataError, MethodError
from analysis.measures.disclosure.policy import (
    POLICIES,
    DisclosurePolicy,
    apply_policy,
    disclosure_policy,
    round_to_base,
    share_of_largest,
)
from analysis.measures.disclosure.secondary_suppression import possible_range, table_equations

PLAIN = DisclosurePolicy("plain", minimum_count=5, rounding_base=1)
TOTALS = {"place": "all", "sex": "total"}


def cross_table(counts):
    """Counts by place and sex with all margins."""
    inner = np.asarray(counts, dtype=float)
    full = np.block([[inner, inner.sum(axis=1, keepdims=True)], [inner.sum(axis=0, keepdims=True), inner.sum()]])
    places = [*(f"p{number}" for number in range(len(inner))), "all"]
    sexes = [*(f"s{number}" for number in range(inner.shape[1])), "total"]
    rows = [
        {"place": place, "sex": sex, "persons": full[i, j]}
        for i, place in enumerate(places)
        for j, sex in enumerate(sexes)
    ]
    return pd.DataFrame(rows)


GRIDS = st.tuples(st.integers(2, 5), st.integers(2, 4)).flatmap(
    lambda shape: st.lists(
        st.lists(st.integers(0, 30), min_size=shape[1], max_size=shape[1]), min_size=shape[0], max_size=shape[0]
    )
)


@settings(deadline=None, max_examples=40)
@given(GRIDS)
def test_hidden_cells_cannot_be_recovered_from_what_is_shown(counts):
    table = cross_table(counts)
    result = apply_policy(table, PLAIN, counts="persons", by=["place", "sex"], totals=TOTALS)
    values, hidden = table["persons"].to_numpy(), result.table["persons"].isna().to_numpy()
    small = (values < 5) & (values > 0)
    assert hidden[small].all()
    equations = table_equations(table, ["place", "sex"], TOTALS)
    for cell in np.flatnonzero(small):
        low, high = possible_range(int(cell), values, hidden, equations)
        assert high - low >= 5 - 1e-6 or hidden.all()
    # Linear algebra by another road: no sensitive cell lies in the row space of what an outsider can subtract.
    matrix = np.zeros((len(equations), len(values)))
    for row, members in enumerate(equations):
        matrix[row, members] = [-1.0, *[1.0] * (len(members) - 1)]
    unknown = matrix[:, hidden]
    rank = np.linalg.matrix_rank(unknown)
    for cell in np.flatnonzero(small):
        unit = (np.flatnonzero(hidden) == cell).astype(float)
        assert np.linalg.matrix_rank(np.vstack([unknown, unit])) > rank


@settings(deadline=None, max_examples=25)
@given(GRIDS, st.sampled_from(sorted(POLICIES)))
def test_applying_a_policy_again_changes_nothing_and_order_of_rows_does_not_matter(counts, name):
    table = cross_table(counts)
    options = {"counts": "persons", "by": ["place", "sex"], "totals": TOTALS}
    once = apply_policy(table, name, **options)
    again = apply_policy(once.table, name, **options)
    pd.testing.assert_frame_equal(again.table, once.table)
    assert again.report.empty
    primary = once.report[once.report["rule"].str.startswith("fewer")]
    turned = apply_policy(table.iloc[::-1], name, **options).report
    turned = turned[turned["rule"].str.startswith("fewer")]
    assert set(zip(primary["place"], primary["sex"], strict=True)) == set(
        zip(turned["place"], turned["sex"], strict=True)
    )


def test_a_lone_small_cell_takes_the_next_smallest_along():
    table = pd.DataFrame({"place": ["a", "b", "c", "all"], "deaths": [3, 12, 31, 46]})
    result = apply_policy(table, "cbs_ra", counts="deaths", by="place", totals={"place": "all"})
    assert result.table["suppressed"].tolist() == [True, True, False, False]
    assert result.table.loc[2:, "deaths"].tolist() == [30, 45]
    assert result.table.loc[0, "note"] == "not shown, to protect the people counted"
    assert result.report["rule"].tolist() == [
        "fewer than 10",
        "would give another cell back",
        "all shown values rounded to 5",
    ]
    assert result.report.loc[0, "value"] == 3


def test_two_hidden_cells_that_are_too_small_together_take_a_third():
    table = pd.DataFrame({"place": ["a", "b", "c", "all"], "deaths": [1, 1, 31, 33]})
    result = apply_policy(table, PLAIN, counts="deaths", by="place", totals={"place": "all"})
    assert result.table["deaths"].isna().tolist() == [True, True, True, False]


def test_the_rest_of_a_group_and_what_would_give_a_count_back_are_hidden_too():
    table = pd.DataFrame({"place": ["a", "b"], "ill": [98, 40], "people": [100, 100], "percent": [0.98, 0.4]})
    result = apply_policy(
        table, PLAIN, counts="ill", by="place", parts_of={"ill": "people"}, crude_rates={"percent": "ill"}
    )
    assert result.table["ill"].isna().tolist() == [True, False]
    assert result.table["percent"].isna().tolist() == [True, False]
    assert "in the rest of the group" in result.report.loc[0, "rule"]
    assert "back" in result.report.loc[1, "rule"]


def test_ons_hides_rates_on_few_deaths_and_marks_those_on_fewer_than_twenty():
    table = pd.DataFrame({"place": list("abcd"), "deaths": [2, 9, 15, 40], "crude": 0.1, "adjusted": 0.2})
    result = apply_policy(
        table, "ons", counts="deaths", by="place", rates={"adjusted": "deaths"}, crude_rates={"crude": "deaths"}
    ).table
    assert result["deaths"].tolist() == [2, 9, 15, 40]
    assert result["crude"].isna().tolist() == [True, False, False, False]
    assert result["adjusted"].isna().tolist() == [True, True, False, False]
    assert ["few deaths" in note for note in result["note"]] == [False, True, True, False]


def test_an_amount_from_few_contributors_is_hidden():
    practices = pd.DataFrame({"place": ["a"] * 3 + ["b"] * 3, "cost": [90, 5, 5, 30, 30, 40]})
    cells = share_of_largest(practices, value="cost", contributors=2, by="place")
    assert cells["share_of_largest"].tolist() == [0.95, 0.7]
    policy = DisclosurePolicy("amounts", minimum_count=3, rounding_base=1, dominance=(2, 0.9))
    result = apply_policy(cells, policy, counts="contributors", by="place", largest_shares={"cost": "share_of_largest"})
    assert result.table["cost"].isna().tolist() == [True, False]


def test_presets_hide_what_their_sources_say():
    table = pd.DataFrame({"place": list("abcde"), "persons": [0, 7, 8, 9, 10]})
    hidden = {
        name: apply_policy(table, name, counts="persons", by="place").table["persons"].isna().tolist()
        for name in POLICIES
    }
    assert hidden["opensafely"] == [True, True, False, False, False]
    assert hidden["cbs_ra"] == [False, True, True, True, False]
    assert hidden["acro"] == [True, True, True, True, False]
    assert not any(hidden["ons"] + hidden["public"])
    assert all(policy.source for policy in POLICIES.values())


@given(st.integers(0, 10_000), st.integers(1, 100))
def test_rounding_is_the_nearest_multiple_and_repeats_itself(count, base):
    once = float(round_to_base(count, base))
    assert once % base == 0
    assert abs(once - count) <= base / 2
    assert float(round_to_base(once, base)) == once


def test_bad_input_is_an_error():
    table = cross_table([[3, 10], [20, 30]])
    options = {"counts": "persons", "by": ["place", "sex"], "totals": TOTALS}
    with pytest.raises(DataError, match=r"not the sum of their parts"):
        apply_policy(table.assign(persons=[1, 1, 1, 20, 30, 50, 23, 40, 73]), PLAIN, **options)
    with pytest.raises(DataError, match=r"occur more than once"):
        apply_policy(pd.concat([table, table]), PLAIN, **options)
    with pytest.raises(DataError, match=r"no row 'everyone'"):
        apply_policy(table, PLAIN, counts="persons", by=["place", "sex"], totals={"sex": "everyone"})
    with pytest.raises(MethodError, match=r"not among `by`"):
        apply_policy(table, PLAIN, counts="persons", by="place", totals={"sex": "total"})
    with pytest.raises(DataError, match=r"below zero"):
        apply_policy(table.assign(persons=-1), PLAIN, **options)
    with pytest.raises(MethodError, match=r"Did you mean 'cbs_ra'"):
        disclosure_policy("cbs")
    once = apply_policy(table, PLAIN, **options).table
    with pytest.raises(MethodError, match=r"was applied to 9 rows"):
        apply_policy(once, "acro", **options)
    with pytest.raises(MethodError, match=r"minimum below 0"):
        dataclasses.replace(PLAIN, minimum_count=-1)
    with pytest.raises(MethodError, match=r"dominance rule"):
        dataclasses.replace(PLAIN, dominance=(0, 0.5))
