"""What every estimator asks of its tables and groups where the call comes in."""

import numpy as np
import pandas as pd
import pytest

from analysis.errors import DataError, MethodError
from analysis.measures import (
    adjusted_p_values,
    crude_rate,
    difference_of_estimates,
    dispersion_between_groups,
    funnel_points,
    hazard_ratio,
    kaplan_meier,
    kitagawa_decomposition,
    life_table,
    mantel_haenszel,
    number_needed_to_treat,
    odds_ratio,
    rate_difference,
    rate_ratio,
    ratio_of_ratios,
    risk_difference,
    risk_ratio,
    survey_mean,
)

GROUPS = ["low", "high"]
TABLE = pd.DataFrame({"g": GROUPS, "deaths": [3, 9], "person_years": [100.0, 120.0]})
PERSONS = pd.DataFrame({"duration": [1.0, 2, 3, 4], "event": [1, 0, 1, 1], "value": [1.0, 2, 4, 9]})
CELLS = pd.DataFrame({"who": ["a", "b"] * 2, "age": [1, 1, 2, 2], "events": [8, 4, 9, 3], "total": [40, 50, 60, 70]})
CELLS["deaths"], CELLS["person_years"] = CELLS["events"], CELLS["total"] * 10.0
RATIOS = pd.DataFrame({"sex": ["f", "m"], "estimate": [5.6, 3.3], "lower": [4.0, 2.9], "upper": [7.8, 3.8]})


@pytest.mark.parametrize("name", ["level", "unit", "method", "measure", "note", "estimate", "lower", "upper"])
def test_no_group_column_may_have_the_name_of_an_estimate_column(name):
    message = rf"\['{name}'\] of `by` are names of results.*Rename them beforehand, .*{name}_group"
    with pytest.raises(MethodError, match=message):
        crude_rate(TABLE.rename(columns={"g": name}), by=name)
    with pytest.raises(MethodError, match=message):
        kaplan_meier(
            PERSONS.assign(**{name: ["x", "x", "y", "y"]}), duration="duration", event="event", by=["event", name]
        )


@pytest.mark.parametrize("labels", [["a", "b"], [1, 2], [2, 1]])
@pytest.mark.parametrize("name", ["population", "standard_error", "observations", "clusters", "degrees_of_freedom"])
def test_no_group_column_may_have_the_name_of_an_ingredient(name, labels):
    people = PERSONS.assign(**{name: np.repeat(labels, 2)})
    with pytest.raises(MethodError, match=rf"\['{name}'\] of `by` are names of results"):
        survey_mean(people, value="value", by=name)


def test_group_columns_to_be_summed_or_made_are_refused():
    pair = {"group": "who", "exposed": "a", "reference": "b"}
    with pytest.raises(MethodError, match=r"\['deaths'\] of `by`"):
        crude_rate(TABLE, by="deaths")
    with pytest.raises(MethodError, match=r"\['component'\] of `by`"):
        kitagawa_decomposition(CELLS.assign(component="x"), **pair, strata="age", by="component")
    with pytest.raises(MethodError, match=r"\['deaths_exposed'\] of `by`"):
        rate_ratio(CELLS.assign(deaths_exposed=1), **pair, by="deaths_exposed")
    with pytest.raises(MethodError, match=r"\['strata'\] of `by`"):
        mantel_haenszel(CELLS.assign(strata=2), **pair, strata="age", by="strata")


def test_names_that_only_other_results_need_may_name_groups():
    found = crude_rate(TABLE.rename(columns={"g": "population"}), by="population")
    assert found["population"].tolist() == ["high", "low"]
    tests = pd.DataFrame({"measure": ["x", "x", "y"], "p_value": [0.01, 0.02, 0.03]})
    assert adjusted_p_values(tests, by="measure")["measure"].tolist() == ["x", "x", "y"]


@pytest.mark.parametrize(
    "measure",
    [rate_ratio, rate_difference, risk_ratio, risk_difference, odds_ratio, number_needed_to_treat],
)
def test_a_group_compared_with_itself_is_refused(measure):
    with pytest.raises(MethodError, match=r"Both groups are 'b'.*`exposed` and `reference`"):
        measure(CELLS, group="who", exposed="b", reference="b")


def test_a_ratio_or_estimate_compared_with_itself_is_refused_too():
    with pytest.raises(MethodError, match=r"Both groups are 'f'.*`numerator` and `denominator`"):
        ratio_of_ratios(RATIOS, group="sex", numerator="f", denominator="f")
    with pytest.raises(MethodError, match=r"Both groups are 'f'.*`first` and `second`"):
        difference_of_estimates(RATIOS, group="sex", first="f", second="f")
    people = PERSONS.assign(arm=[0, 0, 1, 1])
    with pytest.raises(MethodError, match=r"Both groups are 0"):
        hazard_ratio(people, duration="duration", event="event", group="arm", exposed=0, reference=0.0)


def test_rows_may_be_named_by_a_column_that_is_also_there():
    named = TABLE.set_index("g", drop=False)
    pd.testing.assert_frame_equal(crude_rate(named, by="g"), crude_rate(TABLE, by="g"))
    assert named.index.name == "g"
    layers = TABLE.set_index(["g", "deaths"], drop=False)
    assert crude_rate(layers, by="g")["deaths"].tolist() == [9, 3]


@pytest.mark.parametrize("measure", [crude_rate, life_table])
def test_a_column_that_occurs_twice_is_refused(measure):
    twice = pd.concat([TABLE, TABLE[["deaths"]]], axis=1)
    with pytest.raises(DataError, match=r"1 columns .* the first is `deaths`"):
        measure(twice)


@pytest.mark.parametrize("several", [pd.Series([0.9, 0.95]), np.array([0.9, 0.95]), pd.Index([0.9, 0.95]), (0.9, 0.95)])
def test_levels_may_be_any_kind_of_sequence(several):
    assert crude_rate(TABLE, level=several)["level"].tolist() == [0.9, 0.95]
    towns = TABLE.assign(expected=[4.0, 6.0])
    assert set(funnel_points(towns, kind="smr", level=several)["level"]) == {0.9, 0.95}


def test_a_text_where_the_groups_are_numbers_is_told_apart():
    numbered = CELLS.assign(who=[1, 0, 1, 0])
    with pytest.raises(DataError, match=r"no rows with '1'. The column holds numbers: give a number without quotes"):
        rate_ratio(numbered, group="who", exposed="1", reference=0)
    texts = CELLS.assign(who=["1", "0", "1", "0"])
    with pytest.raises(DataError, match=r"no rows with 1. The column holds texts: give a text between quotes"):
        rate_ratio(texts, group="who", exposed=1, reference="0")


def test_the_order_of_the_rows_does_not_change_simulated_limits():
    regions = pd.DataFrame({"estimate": [0.3, 0.1, 0.2], "standard_error": [0.02, 0.01, 0.03], "population": [3, 1, 2]})
    one, other = (
        dispersion_between_groups(table, interval="simulated", draws=500) for table in (regions, regions.iloc[::-1])
    )
    np.testing.assert_allclose(one[["lower", "upper"]], other[["lower", "upper"]], rtol=1e-12)
