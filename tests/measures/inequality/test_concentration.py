import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.errors import DataError, MethodError
from analysis.estimates import check_estimates
from analysis.measures.inequality.concentration import concentration_indices, index_and_contributions
from analysis.measures.inequality.concentration_kinds import KINDS
from analysis.measures.inequality.fractional_ranks import fractional_ranks
from analysis.measures.surveys.design import SurveyDesign

rng = np.random.default_rng(11)
PERSONS = pd.DataFrame(
    {
        "income": rng.integers(1, 12, 80),
        "value": rng.random(80).round(3),
        "w": rng.uniform(0.5, 3, 80).round(2),
        "s": np.repeat(["a", "b"], 40),
        "c": np.tile(range(8), 10),
    }
)
DESIGN = SurveyDesign(weights="w", strata="s", clusters="c")
ALL = list(KINDS)


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("weighting", [1.5, 2.0, 3.5])
def test_contributions_are_the_derivatives_to_the_weights(kind, weighting):
    health, weights = PERSONS["value"].to_numpy(), PERSONS["w"].to_numpy()

    def index(sizes):
        return index_and_contributions(health, fractional_ranks(PERSONS["income"], sizes), kind, weighting=weighting)

    parts = index(weights)[1] / weights
    for person in (0, 17, 63):
        step = np.zeros(80)
        step[person] = 1e-5
        slope = (index(weights + step)[0] - index(weights - step)[0]) / 2e-5
        assert parts[person] == pytest.approx(slope, rel=1e-5, abs=1e-10)
    assert index(weights)[1].sum() == pytest.approx(0, abs=1e-12)


def test_extended_and_symmetric_at_two_and_modified_at_zero_are_the_standard_index():
    rows = concentration_indices(
        PERSONS, position="income", kinds=["standard", "extended", "symmetric", "modified"], design=DESIGN
    )
    for column in ("estimate", "standard_error"):
        assert rows[column].tolist() == pytest.approx([rows.loc[0, column]] * 4)


def test_erreygers_and_wagstaff_and_absolute_have_the_mirror_property():
    kinds = ["erreygers", "wagstaff", "absolute"]
    health = concentration_indices(PERSONS, position="income", kinds=kinds, design=DESIGN)
    ill = concentration_indices(
        PERSONS.assign(value=1 - PERSONS["value"]), position="income", kinds=kinds, design=DESIGN
    )
    assert ill["estimate"].tolist() == pytest.approx((-health["estimate"]).tolist())
    assert ill["standard_error"].tolist() == pytest.approx(health["standard_error"].tolist())


@pytest.mark.parametrize("kind", ALL)
def test_persons_may_be_shuffled_and_a_weight_of_two_is_two_persons(kind):
    whole = PERSONS.assign(w=np.tile([1, 2], 40))
    doubled = whole.loc[whole.index.repeat(whole["w"])].assign(w=1).sample(frac=1, random_state=5)
    one, other = (
        concentration_indices(t, position="income", kinds=kind, weighting=3, design=SurveyDesign(weights="w")).loc[0]
        for t in (whole, doubled)
    )
    assert other["estimate"] == pytest.approx(one["estimate"], rel=1e-12)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 5), st.just(0.0) | st.floats(1e-9, 1)), min_size=3, max_size=30))
def test_indices_stay_within_their_bounds(pairs):
    table = pd.DataFrame(pairs, columns=["income", "value"])
    rows = check_estimates(concentration_indices(table, position="income", kinds=["standard", "erreygers", "wagstaff"]))
    known = rows["estimate"].dropna()
    assert (known.abs() <= 1 + 1e-9).all()
    assert (rows.loc[rows["estimate"].isna(), "note"] != "").all()


@pytest.mark.parametrize("kind", ALL)
def test_the_same_health_for_all_is_equality(kind):
    row = concentration_indices(
        PERSONS.assign(value=0.4), position="income", kinds=kind, weighting=4, design=DESIGN
    ).loc[0]
    assert row["estimate"] == pytest.approx(0, abs=1e-15)
    assert row["standard_error"] == pytest.approx(0, abs=1e-15)


def test_aversion_gives_more_weight_to_the_worst_off():
    poor_ill = pd.DataFrame({"income": range(10), "value": [1.0] * 2 + [0.0] * 8})
    values = [
        concentration_indices(poor_ill, position="income", kinds="extended", weighting=v).loc[0, "estimate"]
        for v in (1.5, 2, 4)
    ]
    assert values == sorted(values, reverse=True)


def test_nothing_to_share_is_a_note_and_values_outside_the_limits_an_error():
    row = concentration_indices(PERSONS.assign(value=0.0), position="income").loc[0]
    assert np.isnan(row["estimate"])
    assert "undefined at this mean" in row["note"]
    with pytest.raises(DataError, match=r"`value` has 80 values outside 0 to 1, the first in row 0 \(30\)"):
        concentration_indices(PERSONS.assign(value=30.0), position="income", kinds="erreygers")
    with pytest.raises(DataError, match="1 values outside 0 to inf"):
        concentration_indices(PERSONS.assign(value=[-1.0] + [1.0] * 79), position="income")
    assert (
        concentration_indices(PERSONS.assign(value=-PERSONS["value"]), position="income", kinds="absolute")
        .notna()
        .all(axis=None)
    )


def test_wrong_options_are_explained():
    with pytest.raises(MethodError, match="Did you mean 'wagstaff'"):
        concentration_indices(PERSONS, position="income", kinds="wagstaf")
    with pytest.raises(MethodError, match="must be a number above 1"):
        concentration_indices(PERSONS, position="income", kinds="extended", weighting=1)
    with pytest.raises(MethodError, match="the first must be below the second"):
        concentration_indices(PERSONS, position="income", limits=(1, 0))
    with pytest.raises(DataError, match="sum to zero"):
        concentration_indices(
            PERSONS.assign(w=PERSONS["w"].where(PERSONS["s"] == "a", 0)), position="income", by="s", design=DESIGN
        )
    with pytest.raises(DataError, match="no order from worst-off"):
        concentration_indices(PERSONS.assign(income="low"), position="income")
    some = PERSONS.assign(income=[*PERSONS["income"].iloc[:-2], "low", "high"]).set_axis(range(100, 100 + len(PERSONS)))
    with pytest.raises(
        DataError, match=rf"2 texts where numbers belong, the first in row {98 + len(PERSONS)} \('low'\)"
    ):
        concentration_indices(some, position="income")
    with pytest.raises(DataError, match=r"no order from worst-off .* [0-9]+ texts"):
        concentration_indices(PERSONS.assign(income=pd.Categorical(["low"] * len(PERSONS))), position="income")


def test_groups_have_their_own_ladder():
    by_region = concentration_indices(PERSONS, position="income", by="s", design=SurveyDesign(weights="w"))
    alone = concentration_indices(PERSONS[PERSONS["s"] == "b"], position="income", design=SurveyDesign(weights="w"))
    assert by_region["s"].tolist() == ["a", "b"]
    assert by_region.loc[1, "estimate"] == pytest.approx(alone.loc[0, "estimate"])
