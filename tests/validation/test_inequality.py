"""Inequality measures against R and against formulas of the papers written out in another way."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.measures.inequality.attributable import attributable_to_inequality
from analysis.measures.inequality.concentration import concentration_indices
from analysis.measures.inequality.dispersion import DISPERSIONS, dispersion_between_groups
from analysis.measures.inequality.fractional_ranks import fractional_ranks
from analysis.measures.inequality.gradients import slope_and_relative_index
from analysis.measures.inequality.group_concentration import group_concentration_indices
from analysis.measures.inequality.group_gradients import group_slope_and_relative_index
from analysis.measures.inequality.profile import inequality_profile
from analysis.measures.shared.simulation import draw_groups
from analysis.measures.surveys.design import SurveyDesign
from analysis.measures.surveys.estimators import survey_mean, survey_proportion

HERE = Path(__file__).parent / "r"
PERSONS = pd.read_csv(HERE / "survey_input.csv")
EXPECTED = pd.read_csv(HERE / "survey_expected.csv").set_index(["name", "statistic"])["value"]
DESIGNS = {
    "weights": SurveyDesign(weights="weight"),
    "strata": SurveyDesign(weights="weight", strata="region"),
    "clusters": SurveyDesign(weights="weight", clusters="town"),
    "full": SurveyDesign(weights="weight", strata="region", clusters="town"),
    "fpc": SurveyDesign(weights="weight", strata="region", clusters="town", fpc="towns"),
}


def agrees(row, name, **statistics):
    for statistic, column in statistics.items():
        assert row[column] == pytest.approx(EXPECTED[name, statistic], rel=1e-8), (name, statistic)


# --- Persons: R survey 4.1-1, r/survey.R ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["simple", *DESIGNS])
def test_concentration_indices_of_persons_are_those_of_r(name):
    """svyglm for the convenient regression; svytotal of values linearised pair by pair for the rest."""
    call = {"position": "income", "value": "visits", "design": DESIGNS.get(name), "limits": (0, 12)}
    rows = concentration_indices(PERSONS, kinds=["standard", "absolute", "erreygers", "wagstaff"], **call)
    for kind, (_, row) in zip(("standard", "absolute", "erreygers", "wagstaff"), rows.iterrows(), strict=True):
        agrees(row, f"{name} concentration {kind}", estimate="estimate", standard_error="standard_error")
    convenient = concentration_indices(PERSONS, variance="convenient", **call).loc[0]
    agrees(convenient, f"{name} concentration convenient", estimate="estimate", standard_error="standard_error")


@pytest.mark.parametrize("name", DESIGNS)
@pytest.mark.parametrize("link", ["linear", "logit", "poisson"])
def test_slope_and_relative_index_of_persons_are_those_of_r(name, link):
    """svyglm on the ranks as known, ends of the ladder and delta method by hand in the script."""
    rows = slope_and_relative_index(
        PERSONS, position="income", value="smokes", link=link, design=DESIGNS[name], variance="convenient"
    )
    agrees(rows.loc[0], f"{name} sii {link}", estimate="estimate", standard_error="standard_error")
    agrees(rows.loc[1], f"{name} rii {link}", estimate="estimate")
    error = EXPECTED[f"{name} rii {link}", "standard_error_log"]
    assert rows.loc[1, "standard_error"] / rows.loc[1, "estimate"] == pytest.approx(error, rel=1e-8)


@pytest.mark.parametrize("name", DESIGNS)
def test_log_binomial_relative_index_is_that_of_r(name):
    row = slope_and_relative_index(
        PERSONS, position="income", value="smokes", link="log", design=DESIGNS[name], variance="convenient"
    ).loc[1]
    agrees(row, f"{name} rii log", estimate="estimate")
    error = EXPECTED[f"{name} rii log", "standard_error_log"]
    assert row["standard_error"] / row["estimate"] == pytest.approx(error, rel=1e-8)


# --- Persons: papers ------------------------------------------------------------------------------------------------


def test_linearised_variance_is_that_of_kakwani_wagstaff_and_van_doorslaer():
    """J Econom 1997;77:87-103, equation 14, for a simple random sample without ties; n - 1 instead of n here."""
    persons = PERSONS.assign(place=np.argsort(np.argsort(PERSONS["income"] + PERSONS["person"] / 1000)))
    row = concentration_indices(persons, position="place", value="visits").loc[0]
    ordered = persons.sort_values("place")["visits"].to_numpy(dtype=float)
    size, mean, index = len(ordered), ordered.mean(), row["estimate"]
    ranks = (np.arange(1, size + 1) - 0.5) / size
    curve = np.cumsum(ordered) / (size * mean)
    before = np.concatenate(([0.0], curve[:-1]))
    a = ordered / mean * (2 * ranks - 1 - index) + 2 - before - curve
    variance = (np.mean(a**2) - (1 + index) ** 2) / size
    assert row["standard_error"] ** 2 == pytest.approx(variance * size / (size - 1), rel=1e-9)


# --- Persons: defects of other programs -----------------------------------------------------------------------------


def test_ties_are_averaged_so_that_the_order_of_equals_does_not_matter():
    """rineq 0.3.0 ranks equals in the order of the rows: 0.0204014 where averaging gives 0.0203890 on its data."""
    tied = pd.DataFrame({"income": [1, 2, 2, 2, 3], "value": [1.0, 5.0, 1.0, 3.0, 4.0], "weight": [1.0, 2, 1, 3, 1]})
    design = SurveyDesign(weights="weight")
    index = concentration_indices(tied, position="income", design=design).loc[0, "estimate"]
    assert concentration_indices(tied.iloc[::-1], position="income", design=design).loc[0, "estimate"] == index
    merged = pd.DataFrame({"income": [1, 2, 3], "value": [1.0, 20 / 6, 4.0], "weight": [1.0, 6, 1]})
    assert concentration_indices(merged, position="income", design=design).loc[0, "estimate"] == pytest.approx(index)
    assert fractional_ranks(tied["income"], tied["weight"]).ranks[1:4].tolist() == [0.5, 0.5, 0.5]


def test_strata_and_clusters_change_the_interval_and_never_the_index():
    """conindex 1.7.0 with svy=TRUE returns another index than with the same weights alone: 0.020543 and 0.020389."""
    results = [
        concentration_indices(PERSONS, position="income", value="visits", design=design).loc[0]
        for design in DESIGNS.values()
    ]
    assert len({row["estimate"] for row in results}) == 1
    assert len({row["standard_error"] for row in results}) == len(results)


def test_the_finite_population_correction_is_used():
    """healthequal 1.0.1 accepts `fpc` for its relative index and leaves it out of the data."""
    without, with_it = (
        concentration_indices(PERSONS, position="income", value="visits", design=DESIGNS[name]).loc[0, "standard_error"]
        for name in ("full", "fpc")
    )
    assert with_it < without


# --- Groups: base R 4.2.2, r/inequality_groups.R --------------------------------------------------------------------

GROUPS = pd.read_csv(HERE / "inequality_groups_input.csv")
OF_GROUPS = pd.read_csv(HERE / "inequality_groups_expected.csv").set_index(["name", "statistic"])["value"]
BARE = GROUPS.drop(columns="standard_error")


@pytest.mark.parametrize("link", ["linear", "logit", "log", "poisson"])
@pytest.mark.parametrize("interval", ["robust", "model"])
def test_slope_and_relative_index_of_groups_are_those_of_glm(link, interval):
    if (link, interval) == ("linear", "model"):
        return
    rows = group_slope_and_relative_index(BARE, position="quintile", link=link, interval=interval)
    assert rows.loc[0, "estimate"] == pytest.approx(OF_GROUPS[f"sii {link}", "estimate"], rel=1e-8)
    assert rows.loc[1, "estimate"] == pytest.approx(OF_GROUPS[f"rii {link}", "estimate"], rel=1e-8)
    assert rows.loc[0, "standard_error"] == pytest.approx(OF_GROUPS[f"sii {link}", interval], rel=1e-8)
    log_error = rows.loc[1, "standard_error"] / rows.loc[1, "estimate"]
    assert log_error == pytest.approx(OF_GROUPS[f"rii {link}", f"{interval}_log"], rel=1e-8)


def test_population_enters_the_logistic_index_once():
    """healthequal 1.0.1 weights counts of cases by the population again: 483.702 where 504.856 is right on its data."""
    right = group_slope_and_relative_index(BARE, position="quintile", link="logit").loc[0, "estimate"]
    twice = BARE.assign(population=BARE["population"] ** 2)
    wrong = OF_GROUPS["sii logit twice", "estimate"]
    assert right == pytest.approx(OF_GROUPS["sii logit", "estimate"], rel=1e-8)
    assert abs(wrong - right) > 0.002
    # The same groups as one row per person give the same index, which settles what the right one is.
    ill = (BARE["population"] * BARE["estimate"]).round().astype(int)
    whole = BARE.assign(estimate=ill / BARE["population"])
    persons = pd.concat([whole.assign(value=1, n=ill), whole.assign(value=0, n=BARE["population"] - ill)])
    persons = persons.reset_index(drop=True)
    persons = persons.loc[persons.index.repeat(persons["n"])]
    of_persons = slope_and_relative_index(persons, position="quintile", link="logit").loc[0, "estimate"]
    of_groups = group_slope_and_relative_index(whole, position="quintile", link="logit").loc[0, "estimate"]
    assert of_groups == pytest.approx(of_persons, rel=1e-9)
    assert not np.isclose(
        of_groups, group_slope_and_relative_index(twice, position="quintile", link="logit").loc[0, "estimate"]
    )


@pytest.mark.parametrize("measure", DISPERSIONS)
def test_dispersion_and_its_analytic_errors_are_those_of_ahn(measure):
    row = dispersion_between_groups(GROUPS, measures=measure, group="name", reference="middle", favourable=False).loc[0]
    assert row["estimate"] == pytest.approx(OF_GROUPS[measure, "estimate"], rel=1e-10)
    if (measure, "standard_error") in OF_GROUPS.index:
        assert row["standard_error"] == pytest.approx(OF_GROUPS[measure, "standard_error"], rel=1e-10)


def test_attributable_fraction_and_its_error_are_those_of_walter():
    row = attributable_to_inequality(BARE, position="quintile", favourable=False, interval="walter").loc[1]
    assert row["estimate"] == pytest.approx(OF_GROUPS["paf", "estimate"], rel=1e-10)
    assert row["standard_error"] == pytest.approx(OF_GROUPS["paf", "standard_error"], rel=1e-10)


def test_concentration_indices_of_groups_are_those_of_the_convenient_regression():
    kinds = ["standard", "absolute", "erreygers", "wagstaff", "extended"]
    rows = group_concentration_indices(BARE, position="quintile", kinds=kinds, weighting=3).set_index("measure")
    for measure in rows.index:
        assert rows.loc[measure, "estimate"] == pytest.approx(OF_GROUPS[measure, "estimate"], rel=1e-10)
    error = OF_GROUPS["concentration_index", "standard_error"]
    assert rows.loc["concentration_index", "standard_error"] == pytest.approx(error, rel=1e-10)


# --- Groups: defects of other programs ------------------------------------------------------------------------------


@pytest.mark.parametrize("measure", DISPERSIONS)
def test_standard_errors_are_on_the_scale_of_the_estimate(measure):
    """healthequal 1.0.1 multiplies mld and theil by 1000 and not their errors (0.000707 where the draws say 0.769)."""
    drawn = draw_groups(GROUPS["estimate"].to_numpy(), GROUPS["standard_error"].to_numpy(), draws=20_000, seed=5)
    shares = (GROUPS["population"] / GROUPS["population"].sum()).to_numpy()
    spread = DISPERSIONS[measure].value(drawn, shares, 4).std()
    call = {"measures": measure, "group": "name", "reference": "highest", "favourable": False}
    for interval in ("analytic", "simulated"):
        row = dispersion_between_groups(GROUPS, interval=interval, **call).loc[0]
        assert row["standard_error"] == pytest.approx(spread, rel=0.1)
        assert row["upper"] - row["lower"] == pytest.approx(2 * 1.96 * row["standard_error"], rel=0.1)


@pytest.mark.parametrize("factor", [1, 100, 1000])
def test_slope_and_attributable_risk_and_their_errors_change_unit_together(factor):
    """healthequal 1.0.1: sii with se 0.0301 beside limits of 25.7 and 37.5; paf in percent, its se in proportions."""
    scaled = GROUPS.assign(estimate=GROUPS["estimate"] * factor, standard_error=GROUPS["standard_error"] * factor)
    for link in ("linear", "logit", "log", "poisson"):
        call = {"position": "quintile", "link": link}
        one = group_slope_and_relative_index(GROUPS, **call)
        other = group_slope_and_relative_index(scaled, scale=factor, **call)
        for column in ("estimate", "standard_error", "lower", "upper"):
            assert other.loc[0, column] == pytest.approx(one.loc[0, column] * factor)
            assert other.loc[1, column] == pytest.approx(one.loc[1, column])
    rows = attributable_to_inequality(scaled, position="quintile", favourable=False)
    assert rows.loc[1, "estimate"] - 1.959964 * rows.loc[1, "standard_error"] == pytest.approx(rows.loc[1, "lower"])
    drawn = draw_groups(GROUPS["estimate"].to_numpy(), GROUPS["standard_error"].to_numpy(), draws=20_000, seed=6)
    fraction = 1 - drawn[:, 4] / (drawn @ GROUPS["population"] / GROUPS["population"].sum())
    assert rows.loc[1, "standard_error"] == pytest.approx(fraction.std(), rel=0.03)


@pytest.mark.parametrize("measure", ["mdb", "mdb_weighted", "mdr", "mdr_weighted", "mdm", "mdm_weighted"])
def test_mean_differences_need_no_scale(measure):
    """healthequal 1.0.1 stops with "object 'boot.ucl' not found" when `scale` is absent."""
    row = dispersion_between_groups(GROUPS, measures=measure, group="name", reference="low", favourable=False).loc[0]
    assert row["lower"] < row["estimate"] < row["upper"]


def test_simulated_intervals_follow_level_and_seed_and_say_how_certain_they_are():
    """healthequal 1.0.1 has 100 draws, no level, and draws cut off at 0 and, when the scale is 100, at 100."""
    few, many = (dispersion_between_groups(GROUPS, measures="idis", draws=draws).loc[0] for draws in (400, 40_000))
    assert many["monte_carlo_error"] < few["monte_carlo_error"] / 5
    wide = dispersion_between_groups(GROUPS, measures="idis", level=0.99).loc[0]
    assert wide["upper"] > many["upper"] + 2 * many["monte_carlo_error"]
    again = dispersion_between_groups(GROUPS, measures="idis", level=0.99).loc[0]
    assert again["upper"] == wide["upper"]
    limits = [dispersion_between_groups(GROUPS, measures="idis", seed=seed).loc[0, "upper"] for seed in range(20)]
    claimed = dispersion_between_groups(GROUPS, measures="idis").loc[0, "monte_carlo_error"]
    assert np.std(limits) < 2 * claimed


def test_a_percentage_below_one_is_not_taken_for_a_proportion():
    """healthequal 1.0.1 reads the scale from the largest value: percentages that are all below 1 become proportions."""
    rare = GROUPS.assign(estimate=GROUPS["estimate"], standard_error=0.01)
    as_percent = group_slope_and_relative_index(rare, position="quintile", link="logit", scale=100)
    as_share = rare.assign(estimate=rare["estimate"] / 100, standard_error=0.0001)
    as_proportion = group_slope_and_relative_index(as_share, position="quintile", link="logit")
    assert as_percent.loc[0, "estimate"] == pytest.approx(100 * as_proportion.loc[0, "estimate"])


# --- Recovery: a known truth, covered 95 times in 100 ---------------------------------------------------------------

# The tables of `coverages()` stand in docs/methods/inequality-of-persons.md and docs/methods/inequality-of-groups.md.


def town_population(rng):
    """Three strata of 1,000 towns with 10 persons: towns differ in income and health, strata in size of the sample."""
    towns, persons = 3000, 10
    stratum, town = np.repeat([0, 1, 2], towns // 3 * persons), np.repeat(np.arange(towns), persons)
    wealth = rng.normal(0, 0.5, towns)[town] + rng.normal(0, 1, towns * persons) + 0.3 * stratum
    risk = 1 / (1 + np.exp(1 + 0.6 * wealth + rng.normal(0, 0.4, towns)[town]))
    ill = (rng.random(len(town)) < risk).astype(float)
    return pd.DataFrame({"stratum": stratum, "town": town, "income": wealth.round(1), "value": ill})


def sample_of_towns(population, rng, drawn=(40, 30, 20)):
    rows = []
    for stratum, count in enumerate(drawn):
        picked = rng.integers(0, 1000, count) + 1000 * stratum
        starts = np.repeat(picked * 10, 10) + np.tile(np.arange(10), count)
        part = population.iloc[starts].assign(weight=1000 / count, cluster=np.repeat(np.arange(count), 10))
        rows.append(part)
    return pd.concat(rows, ignore_index=True)


def estimates_of_persons(table, design):
    """All main estimators on persons, one row per round."""
    call = {"position": "income", "design": design, "by": "round"}
    tables = [
        concentration_indices(table, kinds=["standard", "absolute", "erreygers"], **call),
        survey_mean(table, design=design, by="round"),
        survey_proportion(table, design=design, by="round").assign(measure="proportion, logit"),
    ]
    for link in ("linear", "logit", "poisson"):
        rows = slope_and_relative_index(table, link=link, **call)
        tables.append(rows.assign(measure=rows["measure"] + f", {link}"))
    return pd.concat(tables)[["round", "measure", "estimate", "lower", "upper"]]


def estimates_of_groups(table):
    """All estimators on groups with shares that are known, one row per round."""
    call = {"position": "place", "favourable": False, "by": "round"}
    rows = inequality_profile(table, link="logit", draws=1000, group="place", reference=5, **call)
    rows = rows[~rows["measure"].isin(["difference_best_worst", "ratio_best_worst"])]
    # Walter's interval is for sampled shares.
    walter = attributable_to_inequality(table.assign(population=table["sampled"]), interval="walter", **call)
    return pd.concat([rows, walter.assign(measure=walter["measure"] + ", Walter")])


def covered(truth, results):
    known = truth.set_index("measure")["estimate"]
    value = results["measure"].map(known)
    inside = (results["lower"] <= value) & (value <= results["upper"])
    return inside.groupby(results["measure"], sort=False).mean().to_dict()


def coverages(rounds=1000, seed=2024):
    """Share of intervals that hold the truth, for estimators on persons and on groups."""
    rng = np.random.default_rng(seed)
    population = town_population(rng)
    samples = pd.concat([sample_of_towns(population, rng).assign(round=number) for number in range(rounds)])
    design = SurveyDesign(weights="weight", strata=["round", "stratum"], clusters="cluster")
    truth = estimates_of_persons(population.assign(round=0), SurveyDesign())
    persons = covered(truth, estimates_of_persons(samples, design))
    risks, shares = np.array([0.35, 0.29, 0.22, 0.17, 0.12]), np.array([0.15, 0.2, 0.25, 0.22, 0.18])
    exact = pd.DataFrame({"place": range(1, 6), "estimate": risks, "population": shares, "standard_error": 1e-9})
    exact = exact.assign(sampled=1000 * shares, round=0)
    sizes = rng.multinomial(6000, shares, size=rounds)
    found = rng.binomial(sizes, risks) / sizes
    columns = {"estimate": found, "standard_error": np.sqrt(found * (1 - found) / sizes), "sampled": sizes}
    drawn = pd.DataFrame({name: values.ravel() for name, values in columns.items()}).assign(
        place=np.tile(range(1, 6), rounds), population=np.tile(shares, rounds), round=np.repeat(range(rounds), 5)
    )
    return persons, covered(estimates_of_groups(exact), estimates_of_groups(drawn))


@pytest.mark.slow
def test_intervals_cover_the_truth_about_95_times_in_100():
    persons, groups = coverages()
    assert {name: share for name, share in (persons | groups).items() if not 0.93 <= share <= 0.97} == {}
