import itertools
import warnings

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.errors import DataError, MethodError
from analysis.estimates import check_estimates, pick
from analysis.measures.hidden_populations.capture_recapture import population_size, population_size_models
from analysis.measures.hidden_populations.histories import capture_histories, possible_histories
from analysis.measures.hidden_populations.loglinear import design_matrix, hierarchical_models

ABC = ["a", "b", "c"]


def table(counts, lists="abc", **columns):
    names = list(lists)
    return pd.DataFrame(possible_histories(len(names)), columns=names).assign(count=counts, **columns)


def poisson(counts, terms):
    design = design_matrix(possible_histories(3), terms)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of statsmodels, about models that fit well
        fit = sm.GLM(counts, design, family=sm.families.Poisson()).fit(tol=1e-13)
    return np.exp(fit.params[0]), fit.cov_params()[0, 0], fit.deviance


@given(st.lists(st.integers(1, 300), min_size=7, max_size=7), st.sampled_from([(), ((0, 1),), ((0, 2), (1, 2))]))
@settings(max_examples=25, deadline=None)
def test_a_model_is_the_poisson_regression_of_statsmodels(counts, terms):
    words = [":".join(ABC[place] for place in term) for term in terms]
    found = population_size(table(counts), lists=ABC, interactions=words, interval="log-normal").loc[0]
    neither, variance, deviance = poisson(counts, terms)
    assert found["unobserved"] == pytest.approx(neither, rel=1e-6)
    assert found["standard_error"] == pytest.approx(np.sqrt(neither + neither**2 * variance), rel=1e-6)
    assert found["deviance"] == pytest.approx(deviance, abs=1e-6)
    assert found["aic"] == pytest.approx(found["deviance"] - 2 * found["df"])
    assert found["bic"] == pytest.approx(found["deviance"] - np.log(sum(counts)) * found["df"])


def test_all_pairs_of_three_lists_is_the_product_of_odd_cells_over_even_cells():
    n111, n110, n101, n100, n011, n010, n001 = counts = [28, 21, 17, 69, 18, 55, 63]
    found = population_size(table(counts), lists=ABC, interactions="all pairs").loc[0]
    assert found["unobserved"] == pytest.approx(n111 * n100 * n010 * n001 / (n110 * n101 * n011))
    assert found["df"] == 0
    assert found["deviance"] == pytest.approx(0, abs=1e-9)


def test_two_lists_give_lincoln_petersen_and_nearly_its_interval():
    two = table([60, 240, 90], "ab")
    model = population_size(two, lists=["a", "b"]).loc[0]
    assert model["estimate"] == pytest.approx(300 * 150 / 60)
    logit = population_size(two, lists=["a", "b"], method="lincoln-petersen").loc[0]
    assert model[["lower", "upper"]].tolist() == pytest.approx(logit[["lower", "upper"]].tolist(), rel=0.01)


def test_every_hierarchical_model_is_there_once():
    models = list(hierarchical_models(4, 3))
    assert len(models) == len(set(models)) == 113
    for terms in models:
        for term in terms:
            assert all(part in terms for size in (2, 3) for part in itertools.combinations(term, size) if part != term)
    assert [len(list(hierarchical_models(lists, 2))) for lists in (2, 3, 4)] == [2, 8, 64]


def test_models_are_ordered_by_aic_and_their_weights_add_up():
    both = pd.concat([table([28, 21, 17, 69, 18, 55, 63], town="x"), table([72, 5, 29, 54, 24, 3, 14], town="y")])
    models = check_estimates(population_size_models(both, lists=ABC, by="town"))
    assert models.groupby("town")["weight"].sum().tolist() == pytest.approx([1, 1])
    assert all(rows["aic"].is_monotonic_increasing for _, rows in models.groupby("town"))
    one = population_size(both[both["town"] == "y"], lists=ABC, interactions=[("c", "b")])
    row = pick(models, town="y", model="b:c")
    assert row["estimate"] == one["estimate"][0]
    assert row["upper"] == one["upper"][0]


def test_two_lists_have_one_model():
    assert population_size_models(table([60, 240, 90], "ab"), lists=["a", "b"])["model"].tolist() == ["independence"]


def test_an_interaction_brings_what_lies_within_it():
    counts = [58, 157, 18, 104, 46, 650, 12, 709, 14, 20, 7, 74, 8, 182, 10]
    model = population_size(table(counts, "abcd"), lists=list("abcd"), interactions=["d:b:a"], interval="log-normal")
    assert model["model"][0] == "a:b + a:d + b:d + a:b:d"


def test_order_of_rows_and_split_rows_change_nothing_and_absent_histories_count_nobody():
    whole = table([28, 0, 17, 69, 18, 55, 63])
    parts = pd.concat([whole.assign(count=whole["count"] - 5 * (whole["count"] > 5)), whole.assign(count=5)])
    parts = parts.query("not (a == 1 and b == 1 and c == 0)")
    sizes = [
        population_size(each, lists=ABC, interactions=["a:c"])["estimate"][0]
        for each in (whole, whole.iloc[::-1], parts, whole[whole["count"] > 0])
    ]
    assert sizes == pytest.approx([sizes[0]] * 4)


def test_booleans_and_numbers_are_the_same_lists():
    numbers = table([28, 21, 17, 69, 18, 55, 63])
    booleans = numbers.astype(dict.fromkeys(ABC, bool))
    assert (
        capture_histories(booleans, lists=ABC).counts.tolist() == capture_histories(numbers, lists=ABC).counts.tolist()
    )


def test_a_model_for_which_lists_overlap_too_little_has_no_estimate_and_a_note():
    apart = table([0, 0, 12, 40, 9, 30, 25])
    model = population_size(apart, lists=ABC, interactions=["a:b", "a:c", "b:c"]).loc[0]
    assert np.isnan(model["estimate"])
    assert model["note"].startswith("too little overlap")
    models = population_size_models(apart, lists=ABC)
    assert models["weight"].sum() == pytest.approx(1)
    assert (models["estimate"].isna() == models["note"].str.startswith("too little overlap")).all()


def test_nobody_on_a_list_alone_can_leave_the_rest_without_an_estimate():
    """With a and c dependent, those on neither are known from list b alone, on which nobody is found alone."""
    alone = population_size(table([28, 21, 17, 69, 18, 0, 63]), lists=ABC, interactions=["a:c"]).loc[0]
    assert np.isnan(alone["estimate"])
    assert alone["note"].startswith("too little overlap")


def test_an_interaction_of_lists_without_common_persons_leaves_those_histories_out():
    apart = table([0, 0, 12, 40, 9, 30, 25])
    found = population_size(apart, lists=ABC, interactions=["a:b"]).loc[0]
    rest = design_matrix(possible_histories(3), ())[2:]
    fit = sm.GLM([12, 40, 9, 30, 25], rest, family=sm.families.Poisson()).fit(tol=1e-13)
    assert found["unobserved"] == pytest.approx(np.exp(fit.params[0]), rel=1e-8)
    assert found["df"] == 7 - 5


def test_intervals_widen_with_the_level_and_narrow_with_the_numbers():
    counts = np.array([28, 21, 17, 69, 18, 55, 63])
    for interval in ("profile", "log-normal"):
        narrow, wide = population_size(table(counts), lists=ABC, interval=interval, level=(0.8, 0.99)).itertuples()
        assert wide.lower < narrow.lower < narrow.upper < wide.upper
        one, ten = (population_size(table(k * counts), lists=ABC, interval=interval).loc[0] for k in (1, 10))
        assert ten["upper"] / ten["lower"] < one["upper"] / one["lower"]


def test_profile_intervals_hold_the_truth_about_95_times_in_100():
    """Three lists of which two depend on each other, fitted as such."""
    random, size = np.random.default_rng(8), 600
    first = np.array([[0.12, 0.18], [0.1, 0.6]])  # joint chances of lists a and b
    chances = np.array([first[1 - a][1 - b] * (0.4 if c else 0.6) for a, b, c in possible_histories(3).astype(int)])
    held = []
    for _ in range(300):
        counts = random.multinomial(size, [*chances, 1 - chances.sum()])[:-1]
        row = population_size(table(counts), lists=ABC, interactions=["a:b"]).loc[0]
        held.append(row["lower"] <= size <= row["upper"])
    assert 0.92 <= np.mean(held) <= 0.985


BAD = {
    "between": (table([1] * 7).assign(a=0.5), DataError, "values other than 0 and 1"),
    "above one": (table([1] * 7).assign(a=2), DataError, "above 1"),
    "text": (table([1] * 7).assign(a="yes"), DataError, "texts where numbers belong"),
    "negative": (table([-1, *[1] * 6]), DataError, "below zero"),
    "nobody": (table([0] * 7), DataError, "counts nobody"),
    "on no list": (
        pd.concat([table([1] * 7), pd.DataFrame({"a": [0], "b": 0, "c": 0, "count": 9})]),
        DataError,
        "are on none of the lists",
    ),
    "empty": (table([1] * 7).head(0), DataError, "no rows"),
    "no column": (table([1] * 7).drop(columns="c"), DataError, "Column `c` is missing"),
}


@pytest.mark.parametrize("name", BAD)
def test_impossible_tables_are_refused(name):
    bad, error, message = BAD[name]
    for estimator in (population_size, population_size_models):
        with pytest.raises(error, match=message):
            estimator(bad, lists=ABC)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lists": ["a"]}, "There is 1 list"),
        ({"lists": ABC, "interactions": ["a:b:c"]}, "that of all lists"),
        ({"lists": ABC, "interactions": ["a:d"]}, "'d' is in `interactions`"),
        ({"lists": ABC, "interactions": ["a"]}, "takes two lists or more"),
        ({"lists": ABC, "interactions": "some"}, "does not exist"),
        ({"lists": ABC, "method": "guess"}, "does not exist"),
        ({"lists": ABC, "interval": "transformed logit"}, "does not exist"),
        ({"lists": [*ABC, "a"]}, "named twice"),
    ],
)
def test_impossible_options_are_refused(options, message):
    with pytest.raises(MethodError, match=message):
        population_size(table([1] * 7), **options)


def test_too_many_models_and_too_high_an_order_are_refused():
    with pytest.raises(MethodError, match="at most 2"):
        population_size_models(table([1] * 7), lists=ABC, order=3)
    five = table(range(1, 32), "abcde")
    with pytest.raises(MethodError, match=r"more than 2,000 models"):
        population_size_models(five, lists=list("abcde"), order=3)
