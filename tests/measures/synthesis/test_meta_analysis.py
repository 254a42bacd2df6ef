import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.errors import DataError, MethodError
from analysis.estimates import check_estimates
from analysis.measures.shared.ratios import log_estimates, log_interval
from analysis.measures.synthesis.between_studies import (
    TAU_METHODS,
    q_profile_interval,
    study_groups,
    tau_squared,
    variance_between,
)
from analysis.measures.synthesis.meta_analysis import INTERVALS, leave_one_out, meta_analysis

# Effects of a size that can occur: nearer to zero than 1e-30 they are refused.
EFFECTS = st.floats(-3, 3).map(lambda effect: round(effect, 9))
ROWS = st.lists(st.tuples(EFFECTS, st.floats(0.05, 1)), min_size=2, max_size=9)
METHOD, INTERVAL = st.sampled_from(list(TAU_METHODS)), st.sampled_from(list(INTERVALS))
NUMBERS = ["estimate", "lower", "upper", "tau_squared", "q"]


def studies(rows):
    return pd.DataFrame(rows, columns=["effect", "standard_error"])


@settings(deadline=None)
@given(ROWS, METHOD, INTERVAL, st.randoms())
def test_order_of_the_studies_does_not_matter(rows, method, interval, random):
    one = check_estimates(meta_analysis(studies(rows), method=method, interval=interval))
    random.shuffle(rows)
    other = meta_analysis(studies(rows), method=method, interval=interval)
    np.testing.assert_allclose(other[NUMBERS], one[NUMBERS], rtol=1e-6, atol=1e-8)


@settings(deadline=None)
@given(ROWS, METHOD, INTERVAL, st.floats(0.01, 100), st.floats(-50, 50).map(lambda shift: round(shift, 9)))
def test_scale_and_origin_of_the_effects_carry_over(rows, method, interval, scale, shift):
    table = studies(rows)
    moved = table.assign(effect=table["effect"] * scale + shift, standard_error=table["standard_error"] * scale)
    one = meta_analysis(table, method=method, interval=interval).loc[0]
    other = meta_analysis(moved, method=method, interval=interval).loc[0]
    size = 1e-6 * scale * (1 + abs(shift) / scale)
    assert other["estimate"] == pytest.approx(one["estimate"] * scale + shift, rel=1e-6, abs=size)
    assert other["tau_squared"] == pytest.approx(one["tau_squared"] * scale**2, rel=1e-5, abs=size * scale)


@settings(deadline=None)
@given(ROWS, st.sampled_from([name for name in TAU_METHODS if name != "Sidik-Jonkman"]))
def test_random_effects_are_fixed_effects_when_studies_differ_by_chance_only(rows, method):
    table = studies(rows)
    found = meta_analysis(table, method=method).loc[0]
    fixed = meta_analysis(table, method="fixed").loc[0]
    assert found["lower"] - 1e-9 <= found["estimate"] <= found["upper"] + 1e-9
    if found["tau_squared"] == 0:
        assert found["estimate"] == pytest.approx(fixed["estimate"], abs=1e-12)
        assert found["standard_error"] == pytest.approx(fixed["standard_error"])
    else:
        assert found["standard_error"] > fixed["standard_error"] * (1 - 1e-12)


@settings(deadline=None)
@given(st.lists(ROWS, min_size=1, max_size=4), METHOD)
def test_many_meta_analyses_at_once_are_each_of_them_alone(groups, method):
    together = pd.concat([studies(rows).assign(place=place) for place, rows in enumerate(groups)], ignore_index=True)
    found = meta_analysis(together.sample(frac=1, random_state=1), by="place", method=method)
    alone = pd.concat([meta_analysis(studies(rows), method=method) for rows in groups])
    assert found["place"].tolist() == list(range(len(groups)))
    np.testing.assert_allclose(found[NUMBERS], alone[NUMBERS], rtol=1e-6, atol=1e-8)


@settings(deadline=None)
@given(ROWS)
def test_q_profile_limits_enclose_the_paule_mandel_estimate(rows):
    effects, errors = zip(*rows, strict=True)
    lower, upper = q_profile_interval(effects, errors)
    centre = tau_squared(effects, errors, method="PM")
    assert lower[0] <= centre[0] * (1 + 1e-9)
    assert centre[0] <= upper[0] * (1 + 1e-9) or upper[0] == 0


@pytest.mark.parametrize("interval", INTERVALS)
@pytest.mark.parametrize("method", TAU_METHODS)
def test_one_study_is_shown_as_it_is_and_two_carry_notes(method, interval):
    one = meta_analysis(studies([(0.7, 0.3)]), method=method, interval=interval).loc[0]
    assert (one["estimate"], one["lower"], one["upper"]) == pytest.approx(
        (0.7, 0.7 - 0.587989, 0.7 + 0.587989), abs=1e-6
    )
    assert (one["note"], one["tau_squared"], one["q"]) == ("one study: shown as it is", 0, 0)
    two = meta_analysis(studies([(0.7, 0.3), (0.9, 0.2)]), method=method, interval=interval).loc[0]
    assert np.isnan(two["prediction_lower"])
    assert ("no prediction interval" in two["note"]) == (method != "fixed")


@pytest.mark.parametrize("method", TAU_METHODS)
def test_equal_effects_have_no_variance_between_them(method):
    found = meta_analysis(studies([(0.5, 0.1)] * 4), method=method, interval="hartung-knapp").loc[0]
    assert (found["tau_squared"], found["i_squared"], found["standard_error"]) == (0, 0, 0)
    assert "no width" in found["note"]
    assert found["p_value"] == 0


def test_two_tops_of_the_likelihood_end_at_the_higher():
    one = study_groups([0.0, 0.0, 10.0, -10.0], [0.01, 0.01, 5.0, 5.0])
    found = float(variance_between(one, "REML")[0])
    grid = np.geomspace(1e-8, 1e3, 4000)

    def height(tau):
        weights = 1 / (one.variances + tau)
        mean = np.average(one.effects, weights=weights)
        return np.sum(np.log(weights) - weights * (one.effects - mean) ** 2) - np.log(weights.sum())

    assert height(found) >= max(map(height, [0, *grid])) - 1e-9


def test_short_names_ratios_and_levels():
    table = studies([(0.1, 0.1), (0.5, 0.2), (0.9, 0.1), (0.2, 0.3), (0.4, 0.2)])
    assert meta_analysis(table, method="PM").equals(meta_analysis(table, method="Paule-Mandel"))
    ratio = check_estimates(meta_analysis(table, exponentiate=True)).loc[0]
    plain = meta_analysis(table).loc[0]
    assert ratio["prediction_upper"] == pytest.approx(np.exp(plain["prediction_upper"]))
    assert (ratio["measure"], ratio["unit"], ratio["note"]) == ("pooled_ratio", "ratio", "")
    both = meta_analysis(table, level=(0.8, 0.95))
    assert both["level"].tolist() == [0.8, 0.95]
    assert both["tau_squared_upper"].is_monotonic_increasing
    assert both["upper"].is_monotonic_increasing


def test_the_ad_hoc_interval_is_never_narrower_than_t():
    calm = studies([(0.1, 0.2), (0.11, 0.2), (0.12, 0.2)])
    width = {name: np.ptp(meta_analysis(calm, interval=name).loc[0, ["lower", "upper"]]) for name in INTERVALS}
    assert width["hartung-knapp"] < width["wald"] < width["t"] == pytest.approx(width["hartung-knapp-ad-hoc"])


def test_leaving_out_a_study_is_the_meta_analysis_of_the_others():
    table = studies([(0.1, 0.1), (0.5, 0.2), (0.9, 0.1), (0.2, 0.3)]).assign(study=["d", "a", "c", "b"])
    found = leave_one_out(table, interval="hartung-knapp")
    assert found["without"].tolist() == ["d", "a", "c", "b"]
    for row in range(4):
        alone = meta_analysis(table.drop(index=row), interval="hartung-knapp").loc[0]
        assert found.loc[row, NUMBERS].tolist() == pytest.approx(alone[NUMBERS].tolist())
    with pytest.raises(MethodError, match=r"each with its own name"):
        leave_one_out(table.assign(study="x"))


LOGS = {"effect": "log_estimate", "standard_error": "log_standard_error", "exponentiate": True}


def printed(rows, level=0.95):
    ratio, error = (np.array(column) for column in zip(*rows, strict=True))
    lower, upper = log_interval(ratio, error, level)
    return pd.DataFrame({"estimate": ratio, "lower": lower, "upper": upper, "level": level})


@given(st.floats(0.1, 10), st.floats(0.02, 1), st.integers(2, 9))
def test_equal_printed_ratios_are_a_larger_study_whatever_the_level_they_were_printed_at(ratio, error, count):
    for level in (0.8, 0.95):
        table = log_estimates(printed([(ratio, error)] * count, level))
        found = meta_analysis(table, method="fixed", **LOGS).loc[0]
        lower, upper = log_interval(ratio, error / count**0.5)
        assert (found["estimate"], found["lower"], found["upper"]) == pytest.approx((ratio, float(lower), float(upper)))
        assert found["q"] == pytest.approx(0, abs=1e-9)


def test_printed_ratios_are_pooled_per_group():
    table = log_estimates(printed([(2.0, 0.1), (3.0, 0.1), (5.0, 0.1)]).assign(sex=["f", "f", "m"]))
    found = meta_analysis(table, by="sex", method="fixed", **LOGS)
    assert found["estimate"].tolist() == pytest.approx([6**0.5, 5.0])
    assert found["studies"].tolist() == [2, 1]


@pytest.mark.parametrize("method", TAU_METHODS)
def test_equal_effects_are_equal_whatever_their_size(method):
    for effect in (0.1 + 0.2, 1000.1, -7e-9, 1e12 / 3):
        found = meta_analysis(studies([(effect, 0.1)] * 7), method=method, interval="hartung-knapp").loc[0]
        assert (found["tau_squared"], found["q"], found["standard_error"]) == (0, 0, 0)


def test_the_variance_between_studies_comes_from_arrays_with_any_names_of_groups():
    table = studies([(0.1, 0.1), (0.5, 0.2), (0.9, 0.1), (0.2, 0.3)]).assign(place=["b", "a", "b", "a"])
    arrays = (table["effect"], table["standard_error"])
    for method in TAU_METHODS:
        expected = meta_analysis(table, by="place", method=method)["tau_squared"]
        assert tau_squared(*arrays, group=table["place"], method=method).tolist() == expected.tolist()
    lower, upper = q_profile_interval(*arrays, 0.8, group=table["place"])
    expected = meta_analysis(table, by="place", level=0.8)
    assert (lower.tolist(), upper.tolist()) == tuple(
        expected[name].tolist() for name in ("tau_squared_lower", "tau_squared_upper")
    )
    with pytest.raises(DataError, match=r"2 effects, 1 standard errors"):
        tau_squared([0.1, 0.2], [0.1])
    with pytest.raises(DataError, match=r"1 studies have no group, the first is number 1"):
        tau_squared([0.1, 0.2], [0.1, 0.1], group=["a", None])
    with pytest.raises(MethodError, match=r"one level at a time"):
        q_profile_interval([0.1, 0.2], [0.1, 0.1], (0.8, 0.9))


def test_leaving_out_a_study_within_its_group():
    table = studies([(0.1, 0.1), (0.5, 0.2), (0.9, 0.1), (0.2, 0.3), (0.3, 0.1)]).assign(
        study=["c", "x", "a", "c", "y"], place=["south", "north", "south", "north", "north"]
    )
    found = leave_one_out(table, by="place")
    assert found[["place", "without"]].to_numpy().tolist() == [
        ["north", "x"],
        ["north", "c"],
        ["north", "y"],
        ["south", "c"],
        ["south", "a"],
    ]


def test_bad_input_is_an_error():
    table = studies([(0.1, 0.1), (0.5, 0.2)])
    with pytest.raises(MethodError, match=r"Did you mean 'DerSimonian-Laird'"):
        meta_analysis(table, method="dersimonian")
    with pytest.raises(MethodError, match=r"`interval`.*Did you mean"):
        meta_analysis(table, interval="hartung")
    with pytest.raises(DataError, match=r"`standard_error` of the table has 1 values that are not above zero.*row 1"):
        meta_analysis(table.assign(standard_error=[0.1, 0.0]))
    with pytest.raises(DataError, match=r"1 missing values"):
        meta_analysis(table.assign(effect=[0.1, np.nan]))
    with pytest.raises(DataError, match=r"no rows"):
        meta_analysis(table.head(0))
    with pytest.raises(DataError, match=r"`region` is missing"):
        meta_analysis(table, by="region")
    with pytest.raises(MethodError, match=r"names of results"):
        meta_analysis(table.assign(q=1), by="q")
