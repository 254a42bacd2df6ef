"""Capture-recapture, power and adjusted p-values against published figures and base R (r/hidden_populations.R)."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.measures.hidden_populations.capture_recapture import population_size, population_size_models
from analysis.measures.hidden_populations.histories import possible_histories
from analysis.measures.rates.crude import rate_ratio
from analysis.measures.rates.power import power_of_rate_ratio
from analysis.measures.shared.multiplicity import adjusted_p_values

EXPECTED = pd.read_csv(Path(__file__).parent / "r" / "hidden_populations_expected.csv").set_index("name")["value"]


def lists(names, counts):
    return pd.DataFrame(possible_histories(len(names)), columns=list(names)).assign(count=counts)


# --- Published ------------------------------------------------------------------------------------------------------

# Known diabetes, Casale Monferrato, 1988: Bruno G et al. 1994, analysed again by Rivest LP 2011. Counts and printed
# figures as in the examples and tests of the R package Rcapture. Histories run from all lists to the last list only.
DIABETES = lists("abcd", [58, 157, 18, 104, 46, 650, 12, 709, 14, 20, 7, 74, 8, 182, 10])
# Census undercount, group R3 of Darroch JN et al. 1993, as in Rivest 2011.
CENSUS = lists("abc", [72, 155, 7, 71, 13, 53, 43])
# Deaths at work in Maryland, of which 237 are known from medical examiners. Cormack RM, Chang YF, Smith GS. Estimating
# deaths from industrial injury by capture-recapture: a cautionary tale. Int J Epidemiol 2000, tables 3a and 3b.
INJURIES_4 = lists("abcd", [72, 5, 29, 53, 24, 3, 12, 14, 0, 0, 0, 1, 0, 0, 2])
INJURIES_3 = lists("abc", [72, 5, 29, 54, 24, 3, 14])

PUBLISHED = [
    # persons, standard error, deviance, degrees of freedom
    ("diabetes, Bruno 1994", DIABETES, ["a:b", "a:c", "b:c", "b:d", "c:d"], (2771, 145, 7.62, 5)),
    ("diabetes, Rivest 2011", DIABETES, ["a:c", "b:d", "c:d"], (2472, 53, 21.97, 7)),
    ("census, all pairs", CENSUS, "all pairs", (1240, 451, None, 0)),
    ("census, two pairs", CENSUS, ["a:b", "b:c"], (850, 186, 3.8, 1)),
    ("injuries, four lists, independence", INJURIES_4, "independence", (215, None, 87.1, 10)),
    ("injuries, four lists, one pair", INJURIES_4, ["c:d"], (215, None, None, 9)),
    ("injuries, four lists, two pairs", INJURIES_4, ["c:d", "a:c"], (None, None, 7.7, 8)),
    ("injuries, four lists, three pairs", INJURIES_4, ["a:b", "a:c", "c:d"], (218, None, 2.6, 7)),
    ("injuries, three lists, independence", INJURIES_3, "independence", (209, None, 75.1, 3)),
    ("injuries, three lists, one pair", INJURIES_3, ["b:c"], (None, None, 1.2, 2)),
    ("injuries, three lists, two pairs", INJURIES_3, ["a:c", "b:c"], (233, None, None, 1)),
]


@pytest.mark.parametrize(("name", "table", "interactions", "printed"), PUBLISHED, ids=[row[0] for row in PUBLISHED])
def test_models_give_the_printed_numbers(name, table, interactions, printed):
    """Rounded as printed; these are the figures that the tests of Rcapture hold against the same papers."""
    found = population_size(table, lists=list(table.columns[:-1]), interactions=interactions).loc[0]
    for column, value in zip(["estimate", "standard_error", "deviance", "df"], printed, strict=True):
        if value is not None:
            decimals = len(str(value).partition(".")[2])
            assert round(found[column], decimals) == value, (name, column, found[column])


@pytest.mark.parametrize("interactions", [["a:b", "a:c", "a:d", "c:d"], "all pairs"])
def test_models_that_run_to_infinity_in_print_have_no_estimate(interactions):
    """Cormack et al. 2000, table 3a, where the number of deaths is without bound."""
    found = population_size(INJURIES_4, lists=list("abcd"), interactions=interactions).loc[0]
    assert np.isnan(found["estimate"])
    assert found["note"]


@pytest.mark.parametrize(
    ("interactions", "lower", "upper"),
    [("independence", 203, 217), (["b:c"], 210, None), (["a:c", "b:c"], 204, None)],
)
def test_profile_intervals_are_those_of_cormack_chang_and_smith(interactions, lower, upper):
    """Table 3b; upper limits that Rcapture does not reproduce either are left out."""
    found = population_size(INJURIES_3, lists=list("abc"), interactions=interactions).loc[0]
    assert round(found["lower"]) == lower
    assert upper is None or round(found["upper"]) == upper


def test_aic_counts_as_in_a_published_table():
    """Martinelli et al. 2015 (PMC4553333), table 2: G2 114.63 with 3 df is AIC 108.63; 21.81 with 2 is 17.81."""
    models = population_size_models(INJURIES_3, lists=list("abc"))
    printed = pd.DataFrame({"deviance": [114.63, 21.81], "df": [3, 2], "aic": [108.63, 17.81]})
    for rows in (printed, models):
        assert rows["aic"].tolist() == pytest.approx((rows["deviance"] - 2 * rows["df"]).tolist())


def test_the_known_number_of_deaths_lies_outside_most_intervals():
    """237 deaths: the paper's cautionary tale. Of the models that fit, only those with the widest intervals hold it."""
    four = population_size_models(INJURIES_4, lists=list("abcd")).dropna(subset="estimate")
    assert (four["upper"] < 237).all()
    three = population_size_models(INJURIES_3, lists=list("abc")).set_index("model")
    assert three.loc["b:c", "upper"] < 237 < three.loc["a:c + b:c", "upper"]


# --- Base R 4.2.2, r/hidden_populations.R ---------------------------------------------------------------------------

# Chao A et al. The applications of capture-recapture models to epidemiological data. Stat Med 2001;20:3123-3157:
# 28 on all lists, 18 on Q and E, 55 on Q only, 63 on E only; with 135, 122 and 126 per list the other three follow.
HEPATITIS = lists("pqe", [28, 21, 17, 69, 18, 55, 63])
MODELS = sorted({name.rsplit(" ", 1)[0] for name in EXPECTED.index if name.endswith(" size")})


@pytest.mark.parametrize("model", MODELS)
def test_estimates_and_profile_intervals_are_those_of_glm(model):
    interactions = "independence" if model == "independence" else model.split(" + ")
    found = population_size(HEPATITIS, lists=["p", "q", "e"], interactions=interactions).loc[0]
    assert found["estimate"] == pytest.approx(EXPECTED[f"{model} size"], rel=1e-8)
    assert found["standard_error"] == pytest.approx(EXPECTED[f"{model} error"], rel=1e-6)
    assert found["deviance"] == pytest.approx(EXPECTED[f"{model} deviance"], abs=1e-8)
    assert found["lower"] == pytest.approx(EXPECTED[f"{model} lower"], rel=1e-5)
    assert found["upper"] == pytest.approx(EXPECTED[f"{model} upper"], rel=1e-5)


@pytest.mark.parametrize("case", [name for name in EXPECTED.index if name.startswith("power ")])
def test_exact_power_is_the_sum_over_every_pair_of_counts_that_rejects(case):
    ratio, events, time = (float(number) for number in case.split()[1:])
    found = power_of_rate_ratio(ratio, events=events, time_ratio=time, method="exact")["power"][0]
    assert found == pytest.approx(EXPECTED[case], abs=1e-10)


def test_the_exact_interval_behind_that_power_is_that_of_poisson_test():
    both = pd.DataFrame({"arm": ["a", "b"], "deaths": [12, 4], "person_years": [1.0, 1.0]})
    found = rate_ratio(both, group="arm", exposed="a", reference="b", method="exact").loc[0]
    assert found[["lower", "upper"]].tolist() == pytest.approx(
        [EXPECTED["interval lower"], EXPECTED["interval upper"]], rel=1e-10
    )


def test_adjusted_p_values_are_those_of_p_adjust():
    found = adjusted_p_values(pd.DataFrame({"p_value": [0.01, 0.2, 0.03, 0.5, 0.04, 0.001]}))
    for ours, theirs in (("p_bonferroni", "bonferroni"), ("p_holm", "holm"), ("p_benjamini_hochberg", "BH")):
        assert found[ours].tolist() == pytest.approx([EXPECTED[f"{theirs} {place}"] for place in range(1, 7)])
