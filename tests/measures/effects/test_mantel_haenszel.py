import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from analysis.errors import DataError, MethodError
from analysis.estimates import check_estimates
from analysis.measures.effects.mantel_haenszel import MEASURES, mantel_haenszel
from analysis.measures.effects.two_by_two import odds_ratio, risk_difference, risk_ratio

PAIRED = {"group": "arm", "exposed": "a", "reference": "b", "strata": "place"}
SIDE = st.integers(2, 60).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total)))
STRATA = st.lists(st.tuples(SIDE, SIDE), min_size=1, max_size=6)
CRUDE = {"risk_difference": risk_difference, "risk_ratio": risk_ratio, "odds_ratio": odds_ratio}
NUMBERS = ["estimate", "lower", "upper"]


def places(strata):
    rows = [
        {"place": place, "arm": arm, "events": events, "total": total}
        for place, sides in enumerate(strata)
        for arm, (events, total) in zip("ab", sides, strict=True)
    ]
    return pd.DataFrame(rows)


@settings(deadline=None)
@given(st.tuples(SIDE, SIDE), st.sampled_from(list(MEASURES)))
def test_one_stratum_is_the_crude_comparison(sides, measure):
    table = places([sides])
    assume(all(0 < events < total for events, total in sides))
    found = check_estimates(mantel_haenszel(table, **PAIRED, measure=measure)).loc[0]
    crude = CRUDE[measure](table, group="arm", exposed="a", reference="b").loc[0]
    assert found["estimate"] == pytest.approx(crude["estimate"])
    if measure != "risk_difference":
        assert (found["lower"], found["upper"]) == pytest.approx((crude["lower"], crude["upper"]))
    assert "one stratum" in found["note"]


@settings(deadline=None)
@given(STRATA, st.sampled_from(list(MEASURES)), st.randoms())
def test_order_of_rows_and_of_groups_does_not_matter(strata, measure, random):
    table = places(strata)
    found = check_estimates(mantel_haenszel(table, **PAIRED, measure=measure))
    shuffled = table.sample(frac=1, random_state=random.randint(0, 99))
    np.testing.assert_allclose(mantel_haenszel(shuffled, **PAIRED, measure=measure)[NUMBERS], found[NUMBERS])
    swapped = mantel_haenszel(table, **PAIRED | {"exposed": "b", "reference": "a"}, measure=measure).loc[0]
    one = found.loc[0]
    if measure == "risk_difference":
        assert swapped["estimate"] == pytest.approx(-one["estimate"], abs=1e-12)
    elif 0 < one["estimate"] < np.inf:
        assert swapped["estimate"] == pytest.approx(1 / one["estimate"])


@settings(deadline=None)
@given(STRATA, st.sampled_from(list(MEASURES)))
def test_equal_strata_share_the_effect_of_each(strata, measure):
    (a, n), (b, m) = strata[0]
    assume(0 < a < n and 0 < b < m)
    one = mantel_haenszel(places([strata[0]]), **PAIRED, measure=measure).loc[0]
    four = mantel_haenszel(places([strata[0]] * 4), **PAIRED, measure=measure).loc[0]
    assert four["estimate"] == pytest.approx(one["estimate"])
    assert four["standard_error"] == pytest.approx(one["standard_error"] / 2)
    assert four["homogeneity"] == pytest.approx(0, abs=1e-9)


def test_confounding_by_place_is_taken_away():
    table = places([((10, 100), (40, 400)), ((200, 400), (50, 100))])
    for measure, null in (("risk_ratio", 1), ("odds_ratio", 1), ("risk_difference", 0)):
        found = mantel_haenszel(table, **PAIRED, measure=measure).loc[0]
        assert found["estimate"] == pytest.approx(null, abs=1e-12)
        assert found["p_value"] == pytest.approx(1)


def test_groups_apart_and_rows_of_one_stratum_together():
    table = places([((4, 20), (2, 20)), ((7, 30), (9, 30))])
    both = pd.concat([table.assign(sex="f"), table.assign(sex="m", events=table["total"] - table["events"])])
    found = mantel_haenszel(both, **PAIRED, by="sex", measure="odds_ratio", level=(0.8, 0.95))
    assert found["sex"].tolist() == ["f", "m", "f", "m"]
    assert found.loc[0, "estimate"] * found.loc[1, "estimate"] == pytest.approx(1)
    halves = pd.concat(
        [table.assign(events=1, total=5), table.assign(events=table["events"] - 1, total=table["total"] - 5)]
    )
    joined = mantel_haenszel(halves, **PAIRED)
    assert joined[NUMBERS].equals(mantel_haenszel(table, **PAIRED)[NUMBERS])


@pytest.mark.parametrize("measure", MEASURES)
def test_empty_cells_and_strata_give_a_note(measure):
    none = mantel_haenszel(places([((0, 20), (0, 20)), ((0, 5), (0, 9))]), **PAIRED, measure=measure).loc[0]
    assert "undefined" in none["note"]
    half = mantel_haenszel(places([((3, 20), (0, 20)), ((0, 0), (1, 9))]), **PAIRED, measure=measure).loc[0]
    assert half["strata"] == 1
    assert "left out" in half["note"]
    empty = mantel_haenszel(places([((0, 0), (1, 9))]), **PAIRED, measure=measure).loc[0]
    assert empty["note"] == "no observations"


def test_a_stratum_without_a_row_for_one_group_and_unknown_measures_are_errors():
    table = places([((4, 20), (2, 20)), ((7, 30), (9, 30))])
    with pytest.raises(DataError, match=r"1 of 2 comparisons lack one of the two groups"):
        mantel_haenszel(table.drop(index=3), **PAIRED)
    with pytest.raises(MethodError, match=r"Did you mean 'risk_ratio'"):
        mantel_haenszel(table, **PAIRED, measure="rr")
    with pytest.raises(DataError, match=r"exceeds `total` in 1 rows"):
        mantel_haenszel(table.assign(events=[40, 2, 7, 9]), **PAIRED)


def test_a_stratum_of_one_person_does_not_make_the_strata_differ():
    # metafor 3.8-1, rma.mh(measure = "RD"): QE 0.0131, p 0.909 for these two strata, 0.5 added where a cell is empty.
    rows = [("a", "x", 0, 1), ("a", "r", 25, 100), ("b", "x", 10, 100), ("b", "r", 11, 100)]
    table = pd.DataFrame(rows, columns=["stratum", "arm", "events", "total"])
    row = mantel_haenszel(
        table, group="arm", exposed="x", reference="r", strata="stratum", measure="risk_difference"
    ).iloc[0]
    assert row["homogeneity"] == pytest.approx(0.0131, abs=5e-5)
    assert row["homogeneity_p_value"] == pytest.approx(0.909, abs=5e-4)
