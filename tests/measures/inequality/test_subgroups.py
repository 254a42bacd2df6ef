import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.errors import DataError, MethodError
from analysis.estimates import check_estimates
from analysis.measures.inequality.attributable import attributable_to_inequality
from analysis.measures.inequality.concentration import concentration_indices
from analysis.measures.inequality.dispersion import DISPERSIONS, dispersion_between_groups
from analysis.measures.inequality.gaps import gaps_between_groups
from analysis.measures.inequality.group_concentration import group_concentration_indices
from analysis.measures.inequality.group_gradients import group_slope_and_relative_index
from analysis.measures.inequality.profile import inequality_profile

GROUPS = pd.DataFrame(
    {
        "place": [1, 2, 3, 4],
        "name": ["low", "middle", "high", "top"],
        "estimate": [0.35, 0.25, 0.20, 0.10],
        "standard_error": [0.02, 0.015, 0.01, 0.01],
        "population": [100.0, 300.0, 400.0, 200.0],
    }
)
CALL = {"position": "place", "group": "name", "reference": "top", "favourable": False}
ESTIMATORS = {
    "gaps": lambda table, **extra: gaps_between_groups(table, position="place", **extra),
    "gradient": lambda table, **extra: group_slope_and_relative_index(table, position="place", **extra),
    "concentration": lambda table, **extra: group_concentration_indices(table, position="place", **extra),
    "dispersion": lambda table, **extra: dispersion_between_groups(table, **extra),
    "attributable": lambda table, **extra: attributable_to_inequality(
        table, position="place", **({"favourable": False} | extra)
    ),
}
COLUMNS = ["estimate", "standard_error", "lower", "upper"]


@pytest.mark.parametrize("name", ESTIMATORS)
def test_order_of_rows_and_size_of_weights_do_not_matter(name):
    changed = GROUPS.assign(population=GROUPS["population"] * 7).sample(frac=1, random_state=1)
    one, other = check_estimates(ESTIMATORS[name](GROUPS)), check_estimates(ESTIMATORS[name](changed))
    # Simulated limits depend on which draw goes to which group; all else is the same to rounding.
    exact = one["monte_carlo_error"].isna() if "monte_carlo_error" in one else np.ones(len(one), dtype=bool)
    np.testing.assert_allclose(other.loc[exact, COLUMNS], one.loc[exact, COLUMNS], rtol=1e-9)
    np.testing.assert_allclose(other["estimate"], one["estimate"], rtol=1e-9)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_groups_side_by_side_and_several_levels(name):
    both = pd.concat([GROUPS.assign(sex="m"), GROUPS.assign(sex="f", estimate=GROUPS["estimate"] / 2)])
    result = ESTIMATORS[name](both, by="sex", level=(0.95, 0.9))
    alone = ESTIMATORS[name](GROUPS, level=0.9)
    found = result[(result["sex"] == "m") & (result["level"] == 0.9)]
    np.testing.assert_allclose(found[COLUMNS], alone[COLUMNS])


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"estimate": ["a", 0.2, 0.3, 0.4]}, "1 texts where numbers belong, the first in row 0"),
        ({"estimate": [np.nan, 0.2, 0.3, 0.4]}, "1 missing values, the first in row 0"),
        ({"standard_error": [0.1, -0.2, 0.1, 0.1]}, r"`standard_error` of the table has 1 values below zero"),
        ({"standard_error": [0.1, np.nan, 0.1, 0.1]}, r"`standard_error` of the table has 1 missing values"),
    ],
)
def test_columns_that_cannot_be_right_are_errors(name, change, message):
    with pytest.raises(DataError, match=message):
        ESTIMATORS[name](GROUPS.assign(**change))


@pytest.mark.parametrize("name", [name for name in ESTIMATORS if name != "gaps"])
@pytest.mark.parametrize("population", [0, -5])
def test_a_group_without_people_is_an_error(name, population):
    with pytest.raises(
        DataError, match=r"`population` of the table has 1 values that are not above zero, the first in"
    ):
        ESTIMATORS[name](GROUPS.assign(population=[100, population, 10, 10]))


@pytest.mark.parametrize("name", ESTIMATORS)
def test_no_rows_one_row_and_rows_that_occur_twice_are_errors(name):
    with pytest.raises(DataError, match="There are no rows"):
        ESTIMATORS[name](GROUPS.head(0))
    with pytest.raises(MethodError, match="has 1 groups, and"):
        ESTIMATORS[name](GROUPS.head(1))
    if name != "dispersion":
        with pytest.raises(DataError, match="`place` repeats a group in 4 rows"):
            ESTIMATORS[name](pd.concat([GROUPS, GROUPS]))


@pytest.mark.parametrize("name", ESTIMATORS)
def test_nothing_anywhere_has_notes_instead_of_silent_gaps(name):
    result = ESTIMATORS[name](GROUPS.assign(estimate=0.0))
    assert (result.loc[result["estimate"].isna() | result["lower"].isna(), "note"] != "").all()


@pytest.mark.parametrize("name", ESTIMATORS)
def test_without_standard_errors_there_is_an_interval_from_the_scatter_or_a_note(name):
    result = ESTIMATORS[name](GROUPS.drop(columns="standard_error"))
    assert (result["note"] != "").all()


def test_standard_errors_may_come_as_intervals():
    half = 1.959963984540054 * GROUPS["standard_error"]
    limits = GROUPS.assign(lower=GROUPS["estimate"] - half, upper=GROUPS["estimate"] + half)
    for level in (0.95, 0.8):
        one = group_slope_and_relative_index(limits.drop(columns="standard_error"), position="place", level=level)
        other = group_slope_and_relative_index(GROUPS, position="place", level=level)
        np.testing.assert_allclose(one[COLUMNS], other[COLUMNS])


@pytest.mark.parametrize("link", ["linear", "logit", "log", "poisson"])
def test_standard_errors_of_groups_are_carried_through_the_fit(link):
    rows = group_slope_and_relative_index(GROUPS, position="place", link=link)
    gradient = []
    for group in range(4):
        step = np.zeros(4)
        step[group] = 1e-6
        up, down = (
            group_slope_and_relative_index(
                GROUPS.assign(estimate=GROUPS["estimate"] + move), position="place", link=link
            )
            for move in (step, -step)
        )
        gradient.append((up["estimate"] - down["estimate"]).to_numpy() / 2e-6)
    errors = np.sqrt((np.array(gradient) ** 2 * GROUPS["standard_error"].to_numpy()[:, None] ** 2).sum(axis=0))
    assert rows["standard_error"].tolist() == pytest.approx(errors.tolist(), rel=1e-6)


@pytest.mark.parametrize("measure", DISPERSIONS)
def test_gradients_are_the_derivatives(measure):
    values, shares = np.array([0.35, 0.26, 0.2, 0.1]), np.array([0.1, 0.3, 0.4, 0.2])
    found = DISPERSIONS[measure].gradient(values, shares, 3)
    for group in range(4):
        step = 1e-6 * (np.arange(4) == group)
        slope = DISPERSIONS[measure].value(values + step, shares, 3) - DISPERSIONS[measure].value(
            values - step, shares, 3
        )
        assert found[group] == pytest.approx(slope / 2e-6, abs=1e-7)


positive = st.floats(0.01, 100)


@given(st.lists(st.tuples(positive, positive), min_size=2, max_size=8), positive)
def test_dispersion_is_never_negative_and_scales_with_the_unit(pairs, factor):
    values, sizes = np.array(pairs).T
    shares = sizes / sizes.sum()
    powers = {"bgv": 2, "bgsd": 1, "mdm": 1, "mdm_weighted": 1, "mdr": 1, "mdr_weighted": 1}
    for name, measure in DISPERSIONS.items():
        size = float(measure.value(values, shares, 0))
        power = powers.get(name, 1 if name.startswith("mdb") else 0)
        assert size >= -1e-12
        assert float(measure.value(values * factor, shares, 0)) == pytest.approx(
            size * factor**power, rel=1e-9, abs=1e-9
        )


@given(st.lists(st.tuples(positive, positive, st.booleans()), min_size=3, max_size=10))
def test_theil_and_mean_log_deviation_fall_apart_into_between_and_within(triples):
    table = pd.DataFrame(triples, columns=["value", "size", "part"])
    shares = (table["size"] / table["size"].sum()).to_numpy()
    values = table["value"].to_numpy()
    mean = shares @ values
    for name, weight in (("mld", lambda share, part: share), ("theil", lambda share, part: share * part / mean)):
        whole = float(DISPERSIONS[name].value(values, shares, 0))
        means, sizes, within = [], [], 0.0
        for rows in (table["part"].to_numpy(), ~table["part"].to_numpy()):
            if rows.any():
                share, part = shares[rows].sum(), shares[rows] @ values[rows] / shares[rows].sum()
                means.append(part)
                sizes.append(share)
                inside = float(DISPERSIONS[name].value(values[rows], shares[rows] / share, 0))
                within += weight(share, part) * inside
        between = float(DISPERSIONS[name].value(np.array(means), np.array(sizes), 0))
        assert between + within == pytest.approx(whole, abs=1e-9)


@settings(deadline=None, max_examples=25)
@given(st.floats(0.1, 0.9))
def test_splitting_a_group_into_two_alike_changes_no_weighted_measure(share):
    parts = GROUPS.loc[[1, 1]].assign(population=[300 * share, 300 * (1 - share)], place=[2, 2.5], name=["x", "y"])
    split = pd.concat([GROUPS.drop(index=1), parts])
    weighted = ["bgv", "bgsd", "cov", "mld", "theil", "mdm_weighted", "mdb_weighted", "mdr_weighted", "idis_weighted"]
    call = {"measures": weighted, "group": "name", "reference": "top", "favourable": False}
    bare = {"columns": "standard_error"}
    one = dispersion_between_groups(GROUPS.drop(**bare), **call)
    np.testing.assert_allclose(dispersion_between_groups(split.drop(**bare), **call)["estimate"], one["estimate"])
    call = {"position": "place", "favourable": False}
    one, other = (attributable_to_inequality(table, **call) for table in (GROUPS, split))
    np.testing.assert_allclose(other["estimate"], one["estimate"])
    one, other = (group_concentration_indices(table, position="place") for table in (GROUPS, split))
    np.testing.assert_allclose(other["estimate"], one["estimate"])


def test_equal_groups_have_no_dispersion_and_a_simulated_interval_that_holds_zero():
    result = check_estimates(
        dispersion_between_groups(
            GROUPS.assign(estimate=0.2), measures=list(DISPERSIONS), **{k: CALL[k] for k in CALL if k != "position"}
        )
    ).set_index("measure")
    assert result["estimate"].tolist() == pytest.approx([0.0] * len(DISPERSIONS), abs=1e-15)
    assert "moved to include" in result.loc["bgsd", "note"]


def test_analytic_interval_falls_back_to_simulation_where_there_is_none():
    equal = dispersion_between_groups(GROUPS.assign(estimate=0.2), measures="bgsd", interval="analytic").loc[0]
    assert "draws" in equal["method"]
    zero = dispersion_between_groups(GROUPS.assign(estimate=[0.0, 0.2, 0.3, 0.4]), measures=["theil", "mld"])
    assert "draws" in zero.loc[0, "method"]
    assert "no logarithm" in zero.loc[1, "note"]


def test_gaps_point_where_favourable_says():
    good = gaps_between_groups(GROUPS, position="place", favourable=True)["estimate"].tolist()
    ill = gaps_between_groups(GROUPS, position="place", favourable=False)["estimate"].tolist()
    assert good == pytest.approx([-0.25, 0.1 / 0.35])
    assert ill == pytest.approx([0.25, 3.5])
    assert gaps_between_groups(GROUPS, compare="best_worst")["estimate"].tolist() == pytest.approx([0.25, 3.5])
    against = gaps_between_groups(GROUPS, compare="reference", group="name", reference="middle")
    assert against["group_compared"].tolist() == ["low", "low", "high", "high", "top", "top"]


def test_zero_and_negative_values_in_a_ratio_have_notes():
    zero = gaps_between_groups(GROUPS.assign(estimate=[0.0, 0.1, 0.2, 0.3]), position="place")
    assert "denominator of zero" in zero.loc[1, "note"]
    negative = gaps_between_groups(GROUPS.assign(estimate=[-0.1, 0.1, 0.2, 0.3]), position="place")
    assert "below zero" in negative.loc[1, "note"]
    none = gaps_between_groups(GROUPS.assign(estimate=[0.1, 0.1, 0.2, 0.0]), position="place")
    assert none.loc[1, "estimate"] == 0
    assert "no interval" in none.loc[1, "note"]


def test_favourable_may_be_a_column_and_must_be_one_thing():
    stated = attributable_to_inequality(GROUPS.assign(favourable=False), position="place")
    np.testing.assert_allclose(stated[COLUMNS], ESTIMATORS["attributable"](GROUPS)[COLUMNS])
    with pytest.raises(DataError, match="different values within one population"):
        attributable_to_inequality(GROUPS.assign(favourable=[True, False, True, True]), position="place")
    with pytest.raises(MethodError, match="not known whether more is better"):
        attributable_to_inequality(GROUPS, position="place")


def test_scale_and_links_are_never_guessed():
    with pytest.raises(DataError, match=r"For percentages give scale=100; for rates take link=\"poisson\""):
        group_slope_and_relative_index(GROUPS.assign(estimate=[35, 25, 20, 10]), position="place", link="logit")
    with pytest.raises(DataError, match="values outside 0 to 1"):
        group_concentration_indices(GROUPS.assign(estimate=[35, 25, 20, 10]), position="place", kinds="wagstaff")
    with pytest.raises(MethodError, match="has no likelihood"):
        group_slope_and_relative_index(GROUPS, position="place", interval="model")
    with pytest.raises(DataError, match="proportion above 1"):
        attributable_to_inequality(
            GROUPS.assign(estimate=[35, 25, 20, 10]), position="place", favourable=False, interval="walter"
        )
    with pytest.raises(MethodError, match="Take at least 100"):
        dispersion_between_groups(GROUPS, measures="idis", draws=10)


def test_profile_has_every_measure_and_a_reason_for_what_is_missing():
    full = check_estimates(inequality_profile(GROUPS, **CALL))
    assert full["estimate"].notna().all()
    assert full["standard_error"].notna().all()
    assert not full["measure"].duplicated().any()
    assert set(DISPERSIONS) | {"difference", "ratio", "sii", "rii", "par", "paf"} < set(full["measure"])
    bare = inequality_profile(GROUPS.drop(columns=["standard_error"])).set_index("measure")
    assert bare.index.tolist() == full["measure"].tolist()
    assert (bare.loc[bare["estimate"].isna(), "note"].str.len() > 20).all()
    assert "no order" in bare.loc["sii", "note"]
    assert "reference" in bare.loc["mdr", "note"]


def test_profile_keeps_populations_apart_and_takes_levels():
    both = pd.concat([GROUPS.assign(sex="m"), GROUPS.head(2).assign(sex="f")])
    result = inequality_profile(both, by="sex", level=(0.95, 0.8), **CALL | {"reference": None, "group": None})
    assert len(set(result.groupby(["level", "sex"]).size())) == 1
    women = result[(result["sex"] == "f") & (result["level"] == 0.8)].set_index("measure")
    assert "needs at least 3" in women.loc["sii", "note"]
    alone = inequality_profile(GROUPS, level=0.8, **CALL | {"reference": None, "group": None})
    men = result[(result["sex"] == "m") & (result["level"] == 0.8)]
    np.testing.assert_allclose(men[COLUMNS], alone[COLUMNS])


def test_profile_of_impossible_data_is_an_error_and_not_a_table_of_reasons():
    with pytest.raises(DataError, match="texts where numbers belong"):
        inequality_profile(GROUPS.assign(estimate="x"), **CALL)


@pytest.mark.parametrize("choice", [(), [], None, 3])
def test_no_kinds_and_no_measures_is_an_error_that_lists_the_choices(choice):
    persons = pd.DataFrame({"income": [1.0, 2.0, 3.0], "value": [0.0, 1.0, 1.0]})
    with pytest.raises(MethodError, match=r"`kinds` is .*Choose one or more from: standard, absolute, modified"):
        group_concentration_indices(GROUPS, position="place", kinds=choice)
    with pytest.raises(MethodError, match=r"`kinds` is .*Choose one or more from: standard, absolute, modified"):
        concentration_indices(persons, position="income", kinds=choice)
    with pytest.raises(MethodError, match=r"`measures` is .*Choose one or more from: bgv, bgsd, cov, mld"):
        dispersion_between_groups(GROUPS, measures=choice)


def test_a_choice_made_twice_is_an_error():
    with pytest.raises(MethodError, match="names one choice twice"):
        dispersion_between_groups(GROUPS, measures=["bgv", "bgv"])


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("size", [1e-28, 1e-15, 1e15, 1e29])
def test_numbers_of_any_size_give_no_warning_and_no_silent_gap(name, size):
    small = GROUPS.assign(estimate=GROUPS["estimate"] * size, standard_error=GROUPS["standard_error"] * size)
    uncertain = GROUPS.assign(standard_error=size)
    tables = [small, uncertain]
    unequal = GROUPS.assign(population=[size, 1.0, 1.0, 1.0])
    if name == "gradient" and size > 1:
        with pytest.raises(MethodError, match="no unique answer"):
            ESTIMATORS[name](unequal)
    else:
        tables.append(unequal)
    for table in tables:
        result = check_estimates(ESTIMATORS[name](table))
        assert (result.loc[result[["estimate", "lower", "upper"]].isna().any(axis=1), "note"] != "").all()


@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_ratio_of_very_uncertain_groups_runs_from_zero_to_infinity(name):
    result = ESTIMATORS[name](GROUPS.assign(standard_error=1e15))
    for row in result[result["measure"].isin(["ratio", "rii"])].to_dict("records"):
        assert (row["lower"], row["upper"]) == (0, np.inf)


@pytest.mark.parametrize("link", ["logit", "log"])
def test_groups_with_everybody_but_one_are_computed_or_refused_in_words(link):
    edge = GROUPS.assign(estimate=[1.0, 1.0, 1.0, 0.9])
    try:
        result = group_slope_and_relative_index(edge, position="place", link=link)
    except MethodError:
        return
    assert np.isfinite(result["estimate"]).all()
