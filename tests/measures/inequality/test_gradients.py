import numpy as np
import pandas as pd
import pytest

from analysis.errors import DataError, MethodError
from analysis.estimates import check_estimates
from analysis.measures.inequality.concentration import concentration_indices
from analysis.measures.inequality.fractional_ranks import fractional_ranks
from analysis.measures.inequality.gradients import ends_of_the_ladder, slope_and_relative_index
from analysis.measures.surveys.design import SurveyDesign

rng = np.random.default_rng(12)
PERSONS = pd.DataFrame(
    {
        "income": rng.integers(1, 12, 300),
        "w": rng.uniform(0.5, 3, 300).round(2),
        "s": np.repeat(["a", "b"], 150),
        "c": np.tile(range(10), 30),
    }
)
PERSONS["value"] = (rng.random(300) < 0.6 - 0.04 * PERSONS["income"]).astype(int)
DESIGN = SurveyDesign(weights="w", strata="s", clusters="c")
LINKS = ["linear", "logit", "log", "poisson"]


@pytest.mark.parametrize("link", LINKS)
def test_contributions_are_the_derivatives_to_the_weights(link):
    health, weights = PERSONS["value"].to_numpy(dtype=float), PERSONS["w"].to_numpy()

    def ends(sizes):
        return ends_of_the_ladder(health, fractional_ranks(PERSONS["income"], sizes), link=link)

    whole = ends(weights)
    for person in (0, 42, 299):
        step = np.zeros(300)
        step[person] = 1e-4
        up, down = ends(weights + step), ends(weights - step)
        assert whole.top_parts[person] / weights[person] == pytest.approx((up.top - down.top) / 2e-4, rel=1e-5)
        assert whole.foot_parts[person] / weights[person] == pytest.approx((up.foot - down.foot) / 2e-4, rel=1e-5)


def test_linear_slope_is_half_the_absolute_index_over_the_variance_of_ranks():
    ladder = fractional_ranks(PERSONS["income"], PERSONS["w"])
    spread = (1 - (ladder.shares**3).sum()) / 12
    absolute = concentration_indices(PERSONS, position="income", kinds="absolute", design=DESIGN).loc[0, "estimate"]
    slope = slope_and_relative_index(PERSONS, position="income", design=DESIGN).loc[0, "estimate"]
    assert slope == pytest.approx(absolute / 2 / spread)


@pytest.mark.parametrize("link", LINKS)
def test_reversing_the_ladder_changes_the_sign_and_inverts(link):
    one = check_estimates(slope_and_relative_index(PERSONS, position="income", design=DESIGN, link=link))
    turned = PERSONS.assign(income=-PERSONS["income"])
    other = check_estimates(slope_and_relative_index(turned, position="income", design=DESIGN, link=link))
    assert other.loc[0, "estimate"] == pytest.approx(-one.loc[0, "estimate"])
    assert other.loc[1, "estimate"] * one.loc[1, "estimate"] == pytest.approx(1)
    assert other.loc[1, "lower"] * one.loc[1, "upper"] == pytest.approx(1)


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("variance", ["linearised", "convenient"])
def test_order_of_rows_and_scale_of_weights_do_not_matter(link, variance):
    call = {"position": "income", "design": DESIGN, "link": link, "variance": variance}
    changed = PERSONS.assign(w=PERSONS["w"] * 1000).sample(frac=1, random_state=8)
    columns = ["estimate", "lower", "upper", "standard_error"]
    np.testing.assert_allclose(
        slope_and_relative_index(changed, **call)[columns], slope_and_relative_index(PERSONS, **call)[columns]
    )


@pytest.mark.parametrize("value", [0, 1])
@pytest.mark.parametrize("link", LINKS)
def test_nobody_or_everybody_ill_is_equality_with_a_note(value, link):
    rows = slope_and_relative_index(PERSONS.assign(value=value), position="income", design=DESIGN, link=link)
    assert rows.loc[0, "estimate"] == 0
    assert "no width" in rows.loc[0, "note"]
    assert rows.loc[1, "note"] != ""


def test_a_line_below_zero_gives_no_ratio_and_says_so():
    steep = pd.DataFrame({"income": range(20), "value": [1.0] * 4 + [0.0] * 16})
    rows = slope_and_relative_index(steep, position="income")
    assert np.isnan(rows.loc[1, "estimate"])
    assert "not above zero" in rows.loc[1, "note"]


def test_wrong_uses_are_explained():
    with pytest.raises(MethodError, match="Everybody is at the same place"):
        slope_and_relative_index(PERSONS.assign(income=1), position="income")
    with pytest.raises(DataError, match="values above 1"):
        slope_and_relative_index(PERSONS.assign(value=30), position="income", link="logit")
    with pytest.raises(MethodError, match="Did you mean 'logit'"):
        slope_and_relative_index(PERSONS, position="income", link="logi")
    split = pd.DataFrame({"income": range(20), "value": [1.0] * 10 + [0.0] * 10})
    with pytest.raises(MethodError, match=r'link="poisson"|no unique answer'):
        slope_and_relative_index(split, position="income", link="logit")
    with pytest.raises(DataError, match="There are no rows"):
        slope_and_relative_index(PERSONS.head(0), position="income")
