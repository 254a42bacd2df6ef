import numpy as np
import pandas as pd
import pytest

from analysis.errors import MethodError
from analysis.estimates import check_estimates
from analysis.measures.synthesis.meta_analysis import meta_analysis
from analysis.measures.synthesis.meta_regression import meta_regression
from analysis.measures.synthesis.publication_bias import egger_test, trim_and_fill


def studies(count=12, seed=1, slope=0.0):
    random = np.random.default_rng(seed)
    errors = random.uniform(0.05, 0.4, count)
    dose = np.arange(count) / count
    effects = 0.3 + slope * dose + random.normal(0, np.sqrt(errors**2 + 0.02))
    return pd.DataFrame({"effect": effects, "standard_error": errors, "dose": dose})


@pytest.mark.parametrize("method", ["fixed", "DL", "REML", "PM", "ML"])
def test_two_kinds_of_equal_precision_differ_by_their_means(method):
    table = pd.DataFrame({"effect": [0.1, 0.3, 0.6, 1.0], "standard_error": 0.1, "kind": [0, 0, 1, 1]})
    found = check_estimates(meta_regression(table, moderators="kind", method=method))
    assert found["estimate"].tolist() == pytest.approx([0.2, 0.6])


@pytest.mark.parametrize("method", ["fixed", "DL", "REML", "PM", "ML"])
def test_a_moderator_of_another_unit_or_origin_leaves_the_fit_as_it_is(method):
    table = studies(slope=1.0)
    one = meta_regression(table, moderators="dose", method=method)
    other = meta_regression(table.assign(dose=table["dose"] * 10 + 3).iloc[::-1], moderators="dose", method=method)
    assert other.loc[1, "estimate"] == pytest.approx(one.loc[1, "estimate"] / 10, rel=1e-6)
    assert other.loc[1, "p_value"] == pytest.approx(one.loc[1, "p_value"], rel=1e-5)
    assert other.loc[0, "tau_squared"] == pytest.approx(one.loc[0, "tau_squared"], rel=1e-6)


def test_too_few_studies_or_moderators_that_follow_from_each_other_are_errors():
    table = studies()
    with pytest.raises(MethodError, match=r"cannot be told apart"):
        meta_regression(table.assign(same=2 * table["dose"]), moderators=["dose", "same"])
    with pytest.raises(MethodError, match=r"too few"):
        meta_regression(table.head(2), moderators="dose")
    with pytest.raises(MethodError, match=r"Did you mean"):
        meta_regression(table, moderators="dose", method="SJ")
    assert "ten studies" in meta_regression(table.head(5), moderators="dose").loc[0, "note"]


def test_egger_slope_is_what_was_put_in_and_needs_small_and_large_studies():
    table = studies()
    exact = table.assign(effect=0.2 + 1.5 * table["standard_error"])
    found = egger_test(exact).loc[0]
    assert (found["estimate"], found["limit_estimate"]) == pytest.approx((1.5, 0.2))
    with pytest.raises(MethodError, match=r"same standard error"):
        egger_test(table.assign(standard_error=0.1))
    with pytest.raises(MethodError, match=r"It takes three"):
        egger_test(table.head(2))


@pytest.mark.parametrize("estimator", ["L0", "R0"])
def test_filling_a_symmetric_funnel_adds_nothing_and_turns_over_with_the_effects(estimator):
    even = pd.DataFrame({"effect": [-0.4, -0.1, 0.0, 0.1, 0.4], "standard_error": [0.3, 0.1, 0.05, 0.1, 0.3]})
    found = check_estimates(trim_and_fill(even, estimator=estimator)).loc[0]
    assert found["missing_studies"] == 0
    assert found["estimate"] == pytest.approx(meta_analysis(even).loc[0, "estimate"], abs=1e-9)
    skewed = pd.DataFrame(
        {"effect": [0.0, 0.02, 0.1, 0.4, 0.7, 0.9], "standard_error": [0.04, 0.05, 0.1, 0.3, 0.4, 0.5]}
    )
    left = trim_and_fill(skewed, method="fixed", estimator=estimator).loc[0]
    right = trim_and_fill(skewed.assign(effect=-skewed["effect"]), method="fixed", estimator=estimator).loc[0]
    assert (left["side"], right["side"]) == ("left", "right")
    assert left["missing_studies"] == right["missing_studies"] > 0
    assert left["estimate"] == pytest.approx(-right["estimate"])
    assert left["estimate"] < left["unadjusted"]
    ratio = trim_and_fill(skewed, method="fixed", estimator=estimator, exponentiate=True).loc[0]
    assert ratio["upper"] == pytest.approx(np.exp(left["upper"]))


@pytest.mark.parametrize("effect", [0.1 + 0.2, -7e-9, 1000.1, 0.0])
def test_equal_effects_have_no_slope_and_no_test(effect):
    table = studies(count=12).assign(effect=effect)
    egger = egger_test(table).loc[0]
    assert (str(egger["estimate"]), egger["limit_estimate"]) == ("0.0", pytest.approx(effect, rel=1e-15))
    assert egger[["lower", "upper", "statistic", "p_value"]].isna().all()
    assert "lie on one line entirely" in egger["note"]
    found = meta_regression(table, moderators="dose")
    assert found["estimate"].tolist() == [pytest.approx(effect, rel=1e-15), 0]
    assert found[["lower", "upper", "standard_error", "p_value", "q_model", "q_model_p_value"]].isna().all(axis=None)
    assert found["note"].str.contains("lie on one line entirely").all()
    assert (found["q_residual"] == 0).all()
    wald = check_estimates(meta_regression(table, moderators="dose", interval="wald"))
    assert wald.loc[1, ["p_value", "q_model", "q_model_p_value"]].tolist() == [1, 0, 1]
    filled = trim_and_fill(table).loc[0]
    assert (filled["missing_studies"], filled["estimate"], filled["unadjusted"]) == (
        0,
        *[pytest.approx(effect, rel=1e-15)] * 2,
    )


def test_effects_on_a_line_give_the_line_without_a_test():
    table = studies()
    egger = egger_test(table.assign(effect=0.2 + 1.5 * table["standard_error"])).loc[0]
    assert (egger["estimate"], egger["limit_estimate"]) == pytest.approx((1.5, 0.2))
    assert np.isnan(egger["p_value"])
    found = meta_regression(table.assign(effect=0.2 + 1.5 * table["dose"]), moderators="dose")
    assert found["estimate"].tolist() == pytest.approx([0.2, 1.5])
    assert found["p_value"].isna().all()
    nearly = 0.2 + 1.5 * table["dose"] + np.tile([1e-6, -1e-6], 6)
    assert meta_regression(table.assign(effect=nearly), moderators="dose")["p_value"].notna().all()


def test_each_group_is_the_table_of_that_group():
    both = pd.concat([studies(seed=3).assign(place="south"), studies(seed=4, slope=1).assign(place="north")])
    for estimator, options in (
        (egger_test, {}),
        (trim_and_fill, {"estimator": "R0"}),
        (meta_regression, {"moderators": "dose"}),
    ):
        found = estimator(both.sample(frac=1, random_state=2), by="place", **options)
        assert found["place"].drop_duplicates().tolist() == ["north", "south"]
        alone = pd.concat([estimator(both[both["place"] == place], **options) for place in ("north", "south")])
        columns = ["estimate", "lower", "upper"]
        np.testing.assert_allclose(found[columns].astype(float), alone[columns].astype(float), rtol=1e-9)
    with pytest.raises(MethodError, match=r"In the group \{'place': 'south'\}: 2 studies cannot show"):
        egger_test(both.iloc[10:], by="place")


def test_a_regression_needs_a_moderator():
    with pytest.raises(MethodError, match=r"There is no moderator"):
        meta_regression(studies(), moderators=())
