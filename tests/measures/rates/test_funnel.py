import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, poisson

from analysis.errors import DataError, MethodError
from analysis.estimates import check_estimates
from analysis.measures.rates.funnel import funnel_limits, funnel_points, over_dispersion

KINDS = ["proportion", "rate", "smr"]
TARGET = {"proportion": 0.2, "rate": 0.01, "smr": 1.0}


def units(kind, number=300, seed=3, spread=0.0):
    rng = np.random.default_rng(seed)
    size = np.round(rng.uniform(50, 3000, number)) * (100 if kind == "rate" else 1)
    true = TARGET[kind] * np.exp(spread * rng.standard_normal(number))
    events = rng.binomial(size.astype(int), np.minimum(true, 1)) if kind == "proportion" else rng.poisson(size * true)
    names = {"proportion": ("events", "total"), "rate": ("deaths", "person_years"), "smr": ("deaths", "expected")}
    return pd.DataFrame({"town": range(number), names[kind][0]: events, names[kind][1]: size})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scale", ["identity", "root"])
def test_by_chance_alone_the_promised_share_lies_within_the_limits(kind, scale):
    points = funnel_points(units(kind, 4000), kind=kind, target=TARGET[kind], scale=scale)
    outside = (points["estimate"] > points["control_upper"]) | (points["estimate"] < points["control_lower"])
    assert outside.groupby(points["level"]).mean().to_numpy() == pytest.approx([0.05, 0.002], abs=0.012)
    assert points["phi"].iloc[0] < 1.1


@pytest.mark.parametrize("kind", KINDS)
def test_exact_limits_lie_between_the_counts_next_to_the_quantile(kind):
    sizes = np.array([5, 40, 700])
    limits = check_estimates(funnel_limits(TARGET[kind], sizes, kind=kind, level=0.95))
    law = binom(sizes, TARGET[kind]) if kind == "proportion" else poisson(sizes * TARGET[kind])
    for column, probability in (("lower", 0.025), ("upper", 0.975)):
        count = limits[column].to_numpy() * sizes
        assert (count <= law.ppf(probability) + 1e-9).all()
        assert (count >= np.maximum(law.ppf(probability) - 1, 0) - 1e-9).all()


@given(st.floats(0.05, 0.9), st.integers(10, 10_000), st.sampled_from(["identity", "root"]))
def test_limits_narrow_with_size_and_widen_with_the_level(target, size, scale):
    lines = funnel_limits(target, [size, 4 * size], level=(0.95, 0.998), scale=scale)
    width = (lines["upper"] - lines["lower"]).to_numpy()
    assert width[1] < width[0]
    assert width[3] < width[2]
    assert (width[2:] > width[:2]).all()


@pytest.mark.parametrize("adjustment", ["multiplicative", "additive"])
def test_over_dispersion_brings_most_units_back_within_the_limits(adjustment):
    table = units("smr", 500, spread=0.3)
    plain = funnel_points(table, kind="smr", level=0.95)
    adjusted = funnel_points(table, kind="smr", level=0.95, overdispersion=adjustment)
    assert (plain["significance"] != "within the limits").mean() > 0.4
    assert (adjusted["significance"] != "within the limits").mean() < 0.2
    assert adjusted["phi"].iloc[0] > 3


def test_tau2_is_the_variance_between_units():
    """True SMRs have standard deviation 0.2 around 1; without winsorising the estimate must find it."""
    rng = np.random.default_rng(9)
    expected = rng.uniform(100, 2000, 4000)
    deaths = rng.poisson(expected * rng.normal(1, 0.2, 4000))
    table = pd.DataFrame({"deaths": deaths, "expected": expected})
    points = funnel_points(table, kind="smr", level=0.95, overdispersion="additive", winsorise=0)
    assert points["tau2"].iloc[0] == pytest.approx(0.04, rel=0.06)


def test_winsorising_takes_the_weight_from_extremes():
    z, error = np.append(np.zeros(40), [30.0, -30.0]), np.ones(42)
    assert over_dispersion(z, error, winsorise=0).phi > 40
    assert over_dispersion(z, error, winsorise=0.1).phi == 0
    assert over_dispersion(z, error, winsorise=0.1).tau2 == 0


def test_significance_names_the_widest_limit_passed_at_every_level():
    table = pd.DataFrame({"deaths": [100, 122, 140, 60], "expected": [100.0] * 4})
    points = check_estimates(funnel_points(table, kind="smr"))
    expected = ["within the limits", "above the 0.95 limit", "above the 0.998 limit", "below the 0.998 limit"]
    assert points["significance"].tolist() == expected * 2
    assert points["level"].tolist() == [0.95] * 4 + [0.998] * 4
    assert points["target"].unique().tolist() == [1.0]


def test_the_target_is_that_of_all_units_together_unless_given():
    table = pd.DataFrame({"events": [10, 30], "total": [100, 100]})
    assert funnel_points(table)["target"].iloc[0] == 0.2
    assert funnel_points(table, target=0.1)["target"].iloc[0] == 0.1


def test_few_units_have_a_note():
    table = pd.DataFrame({"events": [10, 30], "total": [100, 100]})
    assert funnel_points(table, overdispersion="additive")["note"].iloc[0].startswith("fewer than ten units")


def test_order_of_units_does_not_matter():
    table = units("rate", 50, spread=0.2)
    one = funnel_points(table, kind="rate", overdispersion="additive", level=0.95)
    two = funnel_points(table.sample(frac=1, random_state=4), kind="rate", overdispersion="additive", level=0.95)
    pd.testing.assert_frame_equal(one, two.sort_values("town", ignore_index=True), rtol=1e-12)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"kind": "ratio"}, MethodError, r"`kind` is 'ratio'"),
        ({"scale": "log"}, MethodError, r"`scale` is 'log'"),
        ({"overdispersion": "phi"}, MethodError, r"`overdispersion` is 'phi'"),
        ({"target": 1.0}, MethodError, r"`target` is 1.0"),
        ({"winsorise": 0.5}, MethodError, r"`winsorise` is 0.5"),
        ({"size": "persons"}, DataError, r"Column `persons` is missing"),
        ({"level": 95}, MethodError, r"between 0 and 1"),
    ],
)
def test_wrong_options_are_errors(options, error, message):
    with pytest.raises(error, match=message):
        funnel_points(units("proportion", 20), **options)


def test_units_without_size_or_without_any_events_are_errors():
    with pytest.raises(DataError, match=r"not above zero"):
        funnel_points(pd.DataFrame({"events": [0, 1], "total": [0, 5]}))
    with pytest.raises(MethodError, match=r"`target` is 0.0"):
        funnel_points(pd.DataFrame({"events": [0, 0], "total": [3, 5]}))


def test_one_unit_with_all_the_weight_leaves_no_variance_between_units():
    found = over_dispersion([3.0, -2.0, 1.0], [1e-20, 1.0, 1.0], winsorise=0)
    assert (found.tau2, found.units) == (0.0, 3)
