"""One valid call of every estimator, small and without luck: what the sweep over bad input starts from."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from analysis.measures import SurveyDesign


@dataclass(frozen=True)
class Call:
    """A call that succeeds.

    Attributes
    ----------
    tables
        What the estimator is given by position, in its order.
    options
        What it is given by name.
    numbers
        Columns that hold numbers and are used.
    names
        Columns that hold names and are used.
    choices
        Options that choose from a list.
    optional
        Columns of numbers without which there is an estimate: the same with its interval from other columns, or one
        without an interval and with a note.
    """

    tables: tuple[pd.DataFrame, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    numbers: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


def grid(**columns: list[Any]) -> pd.DataFrame:
    """All combinations of the values of some columns."""
    return pd.DataFrame(list(itertools.product(*columns.values())), columns=list(columns))


RNG = np.random.default_rng(20)
AREAS = ["north", "south"]
PAIR = {"group": "who", "exposed": "a", "reference": "b"}

CELLS = grid(area=AREAS, who=["a", "b"], sex=["f", "m"], age_band=["20-39", "40+"])
CELLS["deaths"] = 5 + np.arange(16) * 3 % 11
CELLS["person_years"] = 900.0 + np.arange(16) * 37 % 110
CELLS["events"] = CELLS["deaths"] + 10
CELLS["total"] = 60 + np.arange(16) % 5
CELLS["missing"] = 1 + np.arange(16) % 3
CELLS["expected"] = 4 + np.arange(16) % 4 / 2
CELLS["age"] = np.where(CELLS["age_band"] == "40+", 60.0, 30.0)
STANDARD = pd.DataFrame({"age_band": ["20-39", "40+"], "weight": [600.0, 400.0]})
BY_SEX = grid(sex=["f", "m"], age_band=["20-39", "40+"]).assign(
    rate=[0.005, 0.02, 0.007, 0.03],
    deaths=[50, 200, 70, 300],
    person_years=[1e4] * 4,
    expected_years=[50.0, 20.0, 46.0, 17.0],
)
REFERENCE = pd.DataFrame(
    {"age_band": ["20-39", "40+"], "rate": [0.006, 0.025], "deaths": [120, 500], "person_years": [2e4, 2e4]}
)

BANDS = grid(area=AREAS, who=["a", "b"], age_from=[0, 1, 20, 60, 80])
BANDS["age_to"] = BANDS["age_from"].map({0: 1.0, 1: 20.0, 20: 60.0, 60: 80.0, 80: np.nan})
BANDS["person_years"] = BANDS["age_from"].map({0: 1e3, 1: 2e4, 20: 4e4, 60: 1.5e4, 80: 3e3})
BANDS["deaths"] = BANDS["age_from"].map({0: 8, 1: 12, 20: 90, 60: 400, 80: 450}) + 3 * (BANDS["who"] == "a")
BANDS["proportion"] = BANDS["age_from"].map({0: 0.97, 1: 0.95, 20: 0.85, 60: 0.6, 80: 0.4})
BANDS["sample"] = 200
BANDS["share"] = 0.5
NORTH = BANDS[BANDS["area"] == "north"].reset_index(drop=True)
CAUSES = BANDS.merge(pd.DataFrame({"cause": ["heart", "other"], "part": [2, 3]}), how="cross")
CAUSES["deaths"] = CAUSES["deaths"] * CAUSES["part"]
ONE_POPULATION = BANDS[BANDS["who"] == "a"].reset_index(drop=True)
ONE_POPULATION_CAUSES = CAUSES[CAUSES["who"] == "a"].reset_index(drop=True)

GROUPS = grid(area=AREAS, place=[1, 2, 3, 4, 5])
GROUPS["name"] = GROUPS["place"].map({1: "lowest", 2: "low", 3: "middle", 4: "high", 5: "highest"})
GROUPS["estimate"] = [0.4, 0.33, 0.29, 0.2, 0.15, 0.42, 0.3, 0.31, 0.22, 0.1]
GROUPS["lower"], GROUPS["upper"] = GROUPS["estimate"] - 0.05, GROUPS["estimate"] + 0.05
GROUPS["population"] = [100.0, 120.0, 140.0, 130.0, 110.0] * 2
GROUPS["standard_error"] = (GROUPS["upper"] - GROUPS["lower"]) / (2 * 1.959964)
ORDERED = {"position": "place", "by": "area"}
NAMED = {"position": "place", "group": "name", "reference": "highest", "favourable": False, "by": "area"}

N = 60
PEOPLE = pd.DataFrame(
    {
        "area": np.repeat(AREAS, N // 2),
        "who": np.tile(["a", "b", "b"], N // 3),
        "home": np.tile(["yes", "yes", "no", "no"], N // 4),
        "place": np.tile(np.arange(15), 4) % 11,
        "value": RNG.uniform(2, 9, N).round(2),
        "ill": np.tile([1, 0, 0, 1, 0, 1, 0], 9)[:N],
        "age": RNG.integers(20, 80, N),
        "school": RNG.integers(5, 15, N),
        "years": RNG.exponential(3, N).round(2) + 0.01,
        "weight": RNG.uniform(1, 3, N).round(2),
        "stratum": np.repeat(["s", "t", "u"], N // 3),
        "cluster": np.tile([1, 2, 3, 4], N // 4),
        "poor": np.tile([0, 1, 1, 0, 1], N // 5),
    }
)
DESIGN = SurveyDesign(weights="weight", strata="stratum", clusters="cluster")
SURVEY = {"design": DESIGN, "by": "area"}
CLOCK = {"duration": "years", "event": "ill"}

COHORT = pd.DataFrame(
    {
        "birth": np.linspace(1930.2, 1960.7, 40),
        "entry": np.linspace(2000.1, 2000.9, 40),
        "exit": np.linspace(2001.3, 2004.5, 40),
        "event": np.tile([1, 0, 0, 1], 10),
        "sex": np.tile(["f", "m"], 20),
    }
)
YEARLY = grid(sex=["f", "m"], age_from=list(range(110))).assign(rate=lambda t: 1e-4 * np.exp(0.08 * t["age_from"]))
SPLIT = grid(sex=["f", "m"], age_from=[50, 51, 52]).assign(age_to=lambda t: t["age_from"] + 1.0, person_years=100.0)

STUDIES = pd.DataFrame(
    {
        "study": list("abcdef"),
        "effect": [0.1, 0.3, 0.6, 0.2, 0.5, 0.35],
        "standard_error": [0.1, 0.15, 0.2, 0.12, 0.3, 0.25],
        "dose": [1.0, 2.0, 4.0, 1.5, 3.5, 2.0],
    }
)
PANEL = grid(unit=list("abcdefgh"), time=[1, 2, 3, 4])
PANEL["first_treated"] = PANEL["unit"].map({"a": 3.0, "b": 3.0, "c": 3.0, "d": 4.0, "e": 4.0}).fillna(np.inf)
PANEL["treated"] = (PANEL["time"] >= PANEL["first_treated"]).astype(int)
PANEL["outcome"] = np.arange(32) * 7 % 13 / 3 + PANEL["treated"]
SERIES = pd.DataFrame({"month": np.arange(30), "visits": 50 + np.arange(30) * 7 % 11, "winter": np.arange(30) % 4 == 0})
SERIES["winter"] = SERIES["winter"].astype(int)
RISKS = pd.DataFrame(
    {
        "area": ["north", "north", "south", "south"],
        "prevalence": [0.2, 0.15, 0.3, 0.1],
        "counterfactual": [0.1, 0.05, 0.2, 0.05],
        "relative_risk": [1.5, 3.0, 1.4, 2.0],
        "lower": [1.2, 2.2, 1.1, 1.5],
        "upper": [1.9, 4.0, 1.8, 2.7],
        "persons": [1000, 1000, 800, 800],
    }
)
RATIOS = pd.DataFrame(
    {"sex": ["m", "f"], "estimate": [3.3, 5.6], "lower": [2.9, 4.0], "upper": [3.755, 7.84], "unit": "ratio"}
)
RATIOS_BY_AREA = pd.concat([RATIOS.assign(area=area) for area in AREAS], ignore_index=True)
LIMITS = ("estimate", "lower", "upper")
SPLIT_COHORT = ("birth", "entry", "exit", "event")
COUNTS = ("deaths", "person_years")
PARTS = ("events", "total")

CALLS: dict[str, Call] = {
    "attributable_fraction": Call(
        (RISKS,),
        {"sample": "persons", "by": "area"},
        ("prevalence", "relative_risk", "lower", "upper", "persons"),
        ("area",),
        ("method",),
    ),
    "potential_impact_fraction": Call(
        (RISKS,),
        {"by": "area"},
        ("prevalence", "counterfactual", "relative_risk", "lower", "upper"),
        ("area",),
    ),
    "sequential_attributable_fractions": Call(
        (PEOPLE,),
        {"outcome": "ill", "exposures": {"who": "b", "poor": 0}, "adjust": "age", "draws": 4},
        ("ill", "age"),
        ("who",),
        ("model",),
    ),
    "audit_intervals": Call((RATIOS,), {}, LIMITS),
    "audit_parts": Call((RATIOS.assign(cases=[3, 4]),), {"whole": 7, "parts": "cases"}, ("cases",)),
    "expected_deaths": Call((SPLIT, YEARLY), {}, ("person_years", "age_from", "rate"), ("sex",), ("beyond",)),
    "person_time": Call(
        (COHORT,),
        {"age_breaks": range(30, 100, 10), "year_breaks": range(2000, 2006), "by": "sex"},
        SPLIT_COHORT,
        ("sex",),
        ("convention", "outside"),
    ),
    "poisson_rate_model": Call((CELLS,), {"terms": "who", "linear": "age"}, (*COUNTS, "age"), ("who",)),
    "relative_survival": Call(
        (COHORT, YEARLY),
        {"breaks": [0, 1, 2], "by": "sex"},
        (*SPLIT_COHORT, "age_from", "rate"),
        ("sex",),
        ("method", "interval", "convention", "beyond"),
    ),
    "hazard_ratio": Call((PEOPLE,), CLOCK | PAIR | {"adjust": "age"}, ("years", "ill", "age"), ("who",)),
    "kaplan_meier": Call((PEOPLE,), CLOCK | {"by": "area"}, ("years", "ill"), ("area",)),
    "log_rank": Call((PEOPLE,), CLOCK | {"group": "who"}, ("years", "ill"), ("who",)),
    "concentration_index_decomposition": Call(
        (PEOPLE,),
        {"outcome": "value", "regressors": ["age", "school"], "rank": "place", "weight": "weight", "draws": 4},
        ("value", "age", "school", "place", "weight"),
    ),
    "kitagawa_decomposition": Call(
        (CELLS,), PAIR | {"strata": ["sex", "age_band"], "by": "area"}, COUNTS, ("area", "who", "age_band"), ("parts",)
    ),
    "oaxaca_decomposition": Call(
        (PEOPLE,),
        PAIR | {"outcome": "value", "regressors": ["age", "school"], "weight": "weight"},
        ("value", "age", "school", "weight"),
        ("who",),
        ("fold", "slopes"),
    ),
    "shapley_shares": Call(
        (PEOPLE,),
        {"outcome": "value", "regressors": ["age", "school"], "weight": "weight", "draws": 4},
        ("value", "age", "school", "weight"),
    ),
    "apply_policy": Call(
        (CELLS,),
        {"policy": "ons", "counts": "deaths", "by": ["area", "who", "sex", "age_band"]},
        ("deaths",),
        ("area",),
        ("policy",),
    ),
    "share_of_largest": Call((PEOPLE,), {"value": "weight", "contributors": 2, "by": "area"}, ("weight",), ("area",)),
    "interaction": Call(
        (PEOPLE,),
        {"outcome": "ill", "group": "who", "exposed": "a", "modifier": "home", "modified": "no"},
        ("ill",),
        ("who", "home"),
    ),
    "group_time_effects": Call(
        (PANEL,),
        {"outcome": "outcome", "unit": "unit", "time": "time", "first_treated": "first_treated"},
        ("outcome", "time"),
        ("unit",),
        ("controls", "aggregate"),
    ),
    "two_way_fixed_effects": Call(
        (PANEL,),
        {"outcome": "outcome", "treated": "treated", "unit": "unit", "time": "time"},
        ("outcome", "treated", "time"),
        ("unit",),
    ),
    "e_value": Call((RATIOS,), {}, LIMITS, (), ("kind",)),
    "interrupted_series": Call(
        (SERIES,),
        {"outcome": "visits", "time": "month", "start": 15, "adjust": "winter"},
        ("visits", "month", "winter"),
        (),
        ("model",),
    ),
    "series_counterfactual": Call(
        (SERIES,),
        {"outcome": "visits", "time": "month", "start": 15, "adjust": "winter"},
        ("visits", "month", "winter"),
        (),
        ("model",),
    ),
    "mantel_haenszel": Call(
        (CELLS,), PAIR | {"strata": "age_band", "by": "area"}, PARTS, ("area", "who", "age_band"), ("measure",)
    ),
    "missing_outcome_bounds": Call((CELLS,), PAIR | {"by": "area"}, (*PARTS, "missing"), ("area", "who"), ("method",)),
    "proportion": Call((CELLS,), {"by": "area"}, PARTS, ("area",), ("method",)),
    "weighted_effect": Call(
        (PEOPLE,),
        {"outcome": "value", "treated": "poor", "adjust": "age"},
        ("value", "poor", "age"),
        (),
        ("method", "target"),
    ),
    "concentration_indices": Call(
        (PEOPLE,), SURVEY | {"position": "place"}, ("place", "value", "weight"), ("area",), ("kinds", "variance")
    ),
    "slope_and_relative_index": Call(
        (PEOPLE,), SURVEY | {"position": "place"}, ("place", "value", "weight"), ("area",), ("link", "variance")
    ),
    "group_concentration_indices": Call(
        (GROUPS,), ORDERED, ("place", "estimate", "population", "standard_error"), ("area",), ("kinds", "interval")
    ),
    "group_slope_and_relative_index": Call(
        (GROUPS,), ORDERED, ("place", "estimate", "population", "standard_error"), ("area",), ("link", "interval")
    ),
    "inequality_profile": Call(
        (GROUPS,),
        NAMED | {"draws": 100},
        ("place", "estimate", "population", "standard_error"),
        ("area", "name"),
        ("link",),
    ),
    "attributable_to_inequality": Call(
        (GROUPS,), NAMED, ("estimate", "population", "standard_error"), ("area", "name"), ("interval",)
    ),
    "dispersion_between_groups": Call(
        (GROUPS,),
        {name: NAMED[name] for name in ("group", "reference", "favourable", "by")} | {"draws": 100},
        ("estimate", "population", "standard_error"),
        ("area", "name"),
        ("measures", "interval"),
    ),
    "gaps_between_groups": Call((GROUPS,), NAMED, ("place", "estimate", "standard_error"), ("area",), ("compare",)),
    "cause_deleted_life_expectancy": Call(
        (ONE_POPULATION_CAUSES,), {"by": "area"}, ("age_from", *COUNTS), ("area", "cause"), ("ax",)
    ),
    "life_expectancy_decomposition": Call(
        (CAUSES,),
        PAIR | {"cause": "cause", "by": "area"},
        ("age_from", *COUNTS),
        ("area", "who", "cause"),
        ("ax", "method", "summed_over"),
    ),
    "healthy_life_expectancy": Call(
        (ONE_POPULATION,),
        {"by": "area"},
        ("age_from", *COUNTS, "proportion", "sample"),
        ("area",),
        ("ax", "infant"),
    ),
    "life_expectancy": Call((ONE_POPULATION,), {"by": "area"}, ("age_from", *COUNTS), ("area",), ("ax", "infant")),
    "lifespan_inequality": Call(
        (ONE_POPULATION,), {"by": "area"}, ("age_from", *COUNTS), ("area",), ("measures", "lifespan", "ax", "infant")
    ),
    "lifespan_inequality_between_groups": Call(
        (NORTH,), {"group": "who", "share": "share"}, ("age_from", *COUNTS, "share"), ("who",), ("ax",)
    ),
    "life_table": Call((ONE_POPULATION,), {"by": "area"}, ("age_from", *COUNTS), ("area",), ("ax", "infant")),
    "suppress_imprecise": Call(
        (RATIOS.assign(measure="r", level=0.95, method="", note="", person_years=[10.0, 500.0]),),
        {"minimum_person_years": 100, "maximum_width": 10},
        ("person_years",),
    ),
    "crude_rate": Call((CELLS,), {"by": "area"}, COUNTS, ("area",), ("method",)),
    "comparative_mortality_figure": Call(
        (CELLS, REFERENCE), {"by": "area"}, (*COUNTS,), ("area", "age_band"), ("method", "poisson")
    ),
    "directly_standardised_rate": Call(
        (CELLS, STANDARD), {"by": "area"}, (*COUNTS, "weight"), ("area", "age_band"), ("method", "poisson")
    ),
    "funnel_points": Call((CELLS,), {}, PARTS, (), ("kind", "scale", "overdispersion")),
    "indirectly_standardised_rate": Call((CELLS, REFERENCE), {"by": "area"}, COUNTS, ("area", "age_band"), ("method",)),
    "observed_to_expected": Call((CELLS,), {"by": "area"}, ("deaths", "expected"), ("area",), ("method",)),
    "standardised_mortality_ratio": Call(
        (CELLS, BY_SEX[["sex", "age_band", "rate"]]),
        {"by": "area"},
        (*COUNTS, "rate"),
        ("area", "age_band"),
        ("method",),
    ),
    "group_means": Call((PEOPLE,), {"value": "value", "by": "area"}, ("value",), ("area",)),
    "means_of_summaries": Call(
        (pd.DataFrame({"mean": [1.0, 2.0], "standard_deviation": [1.0, 0.5], "observations": [10, 20]}),),
        {},
        ("mean", "standard_deviation", "observations"),
    ),
    "quantile_groups": Call(
        (PEOPLE,),
        {"value": "value", "weight": "weight", "by": "area"},
        ("value", "weight"),
        ("area",),
        ("ties",),
    ),
    "standardised_rate_difference": Call(
        (CELLS, STANDARD), PAIR | {"by": "area"}, (*COUNTS, "weight"), ("area", "who", "age_band"), ("method",)
    ),
    "standardised_rate_ratio": Call(
        (CELLS, STANDARD), PAIR | {"by": "area"}, (*COUNTS, "weight"), ("area", "who", "age_band"), ("method",)
    ),
    "years_of_life_lost": Call(
        (CELLS, BY_SEX[["sex", "age_band", "expected_years"]]),
        {"by": "area", "person_years": "person_years"},
        (*COUNTS, "expected_years"),
        ("area", "age_band"),
        ("method", "poisson"),
    ),
    "ratio_of_ratios": Call(
        (RATIOS_BY_AREA,),
        {"group": "sex", "numerator": "f", "denominator": "m", "by": "area"},
        LIMITS,
        ("sex", "area"),
    ),
    "rank_intervals": Call((GROUPS,), {"by": "area", "draws": 100}, ("estimate", "standard_error"), ("area",)),
    "shrunken_proportions": Call((CELLS,), {"by": "area"}, PARTS, ("area",), ("method",)),
    "shrunken_rates": Call((CELLS,), {"by": "area"}, COUNTS, ("area",), ("method",)),
    "survey_mean": Call((PEOPLE,), SURVEY, ("value", "weight"), ("area", "stratum", "cluster")),
    "survey_proportion": Call((PEOPLE,), SURVEY | {"value": "ill"}, ("ill", "weight"), ("area",), ("method",)),
    "survey_ratio": Call(
        (PEOPLE,), SURVEY | {"numerator": "value", "denominator": "age"}, ("value", "age", "weight"), ("area",)
    ),
    "survey_total": Call((PEOPLE,), SURVEY, ("value", "weight"), ("area",)),
    "survey_regression": Call(
        (PEOPLE,),
        SURVEY | {"outcome": "value", "covariates": ["age", "school"]},
        ("value", "age", "school", "weight"),
        ("area",),
        ("link",),
    ),
    "difference_of_estimates": Call(
        (RATIOS_BY_AREA,), {"group": "sex", "first": "f", "second": "m", "by": "area"}, LIMITS, ("sex", "area")
    ),
    "mean_of_estimates": Call((RATIOS_BY_AREA,), {"by": "area"}, LIMITS, ("area",)),
    "leave_one_out": Call((STUDIES,), {}, ("effect", "standard_error"), ("study",), ("method", "interval")),
    "meta_analysis": Call((STUDIES,), {}, ("effect", "standard_error"), (), ("method", "interval")),
    "meta_regression": Call(
        (STUDIES,), {"moderators": "dose"}, ("effect", "standard_error", "dose"), (), ("method", "interval")
    ),
    "egger_test": Call((STUDIES,), {}, ("effect", "standard_error")),
    "trim_and_fill": Call((STUDIES,), {}, ("effect", "standard_error"), (), ("method", "estimator", "side")),
}
_GROUPED = (
    *("group_concentration_indices", "group_slope_and_relative_index", "inequality_profile"),
    *("attributable_to_inequality", "dispersion_between_groups", "gaps_between_groups"),
)
for _names, _optional in (
    (_GROUPED, ("standard_error",)),
    (("attributable_fraction", "potential_impact_fraction"), ("lower", "upper")),
):
    CALLS |= {_name: replace(CALLS[_name], optional=_optional) for _name in _names}
for _name, _method in (("rate_ratio", "log"), ("rate_difference", "mover")):
    CALLS[_name] = Call((CELLS,), PAIR | {"by": "area", "method": _method}, COUNTS, ("area", "who"), ("method",))
for _name in ("risk_difference", "risk_ratio", "odds_ratio", "number_needed_to_treat"):
    CALLS[_name] = Call((CELLS,), PAIR | {"by": "area"}, PARTS, ("area", "who"), ("method",))
LISTS = grid(area=AREAS, police=[1, 0], shelter=[True, False], clinic=[1.0, 0.0])
LISTS = LISTS[LISTS[["police", "shelter", "clinic"]].any(axis=1)].reset_index(drop=True)
LISTS["count"] = [28, 21, 17, 69, 18, 55, 63, 12, 30, 25, 80, 9, 40, 71]
TWO_LISTS = LISTS[LISTS["clinic"] == 0].reset_index(drop=True)
COUNTRY = ONE_POPULATION.assign(
    deaths=lambda table: table["deaths"] * 8, person_years=lambda table: table["person_years"] * 10
)
CALLS["population_size"] = Call(
    (LISTS,),
    {"lists": ["police", "shelter", "clinic"], "by": "area"},
    ("police", "shelter", "clinic", "count"),
    ("area",),
    ("method", "interval", "interactions"),
)
CALLS["population_size_models"] = Call(
    (LISTS,),
    {"lists": ["police", "shelter", "clinic"], "by": "area", "interval": "log-normal"},
    ("police", "shelter", "clinic", "count"),
    ("area",),
    ("interval",),
)
CALLS["population_size_by_dependence"] = Call(
    (TWO_LISTS,),
    {"lists": ["police", "shelter"], "by": "area"},
    ("police", "shelter", "count"),
    ("area",),
    ("method", "interval"),
)
for _name in ("life_expectancy_gap", "life_expectancy_gap_by_age"):
    CALLS[_name] = Call(
        (ONE_POPULATION, COUNTRY),
        {"by": "area", "at": 20, "draws": 200},
        ("deaths", "person_years", "age_from"),
        ("area",),
        ("ax",),
    )
CALLS["reference_scaled_to"] = Call(
    (COUNTRY, pd.DataFrame({"area": AREAS, "life_expectancy": [59.0, 60.0]})),
    {"by": "area", "at": 20},
    ("deaths", "person_years", "age_from", "life_expectancy"),
    ("area",),
    ("ax",),
)
CALLS["adjusted_p_values"] = Call(
    (pd.DataFrame({"area": AREAS * 3, "p_value": [0.01, 0.2, 0.03, 0.5, 0.04, 0.001]}),),
    {"by": "area"},
    (),
    ("area",),
    ("methods",),
)
CALLS["log_estimates"] = Call((RATIOS_BY_AREA,), {}, LIMITS)
"""By the name of the estimator."""

_TOTALS: list[tuple[str, dict[str, str | None]]] = [
    (
        "crude_rate directly_standardised_rate comparative_mortality_figure life_expectancy "
        "rate_ratio rate_difference shrunken_rates years_of_life_lost",
        {"deaths": "deaths", "person_years": "person_years"},
    ),
    ("standardised_mortality_ratio indirectly_standardised_rate", {"observed": "deaths"}),
    ("observed_to_expected", {"observed": "deaths", "expected": "expected"}),
    ("standardised_rate_difference standardised_rate_ratio", {"events": "deaths"}),
    ("cause_deleted_life_expectancy", {"deaths": "deaths"}),
    (
        "proportion shrunken_proportions funnel_points mantel_haenszel missing_outcome_bounds "
        "risk_difference risk_ratio odds_ratio number_needed_to_treat",
        {"events": "events", "total": "total"},
    ),
    (
        "group_means concentration_indices slope_and_relative_index two_way_fixed_effects "
        "survey_mean survey_total survey_proportion survey_ratio survey_regression",
        {"observations": None},
    ),
    (
        "group_concentration_indices group_slope_and_relative_index inequality_profile attributable_to_inequality "
        "dispersion_between_groups gaps_between_groups",
        {"groups": None},
    ),
    ("meta_analysis meta_regression egger_test trim_and_fill", {"studies": None}),
    ("hazard_ratio log_rank interaction", {"persons": None, "events": "ill"}),
    ("kaplan_meier", {"events": "ill"}),
    ("weighted_effect", {"persons": None}),
    ("interrupted_series", {"moments": None}),
    ("series_counterfactual", {"observed": "visits"}),
    ("mean_of_estimates", {"estimates": None}),
    ("attributable_fraction", {"categories": None}),
    ("means_of_summaries", {"observations": "observations"}),
    ("share_of_largest", {"weight": "weight"}),
    ("suppress_imprecise", {"person_years": "person_years"}),
    ("population_size population_size_by_dependence", {"observed": "count"}),
]
TOTALS = {name: counts for names, counts in _TOTALS for name in names.split()}
"""By estimator: counts in its result, with the column whose sum each must have, or None for the number of rows."""

WITHOUT_TOTALS = {
    *("apply_policy", "audit_intervals", "audit_parts", "concentration_index_decomposition", "e_value"),
    *("difference_of_estimates", "ratio_of_ratios", "expected_deaths", "group_time_effects", "healthy_life_expectancy"),
    *("kitagawa_decomposition", "leave_one_out", "life_expectancy_decomposition", "life_table"),
    *("lifespan_inequality", "lifespan_inequality_between_groups", "oaxaca_decomposition", "person_time"),
    *("poisson_rate_model", "potential_impact_fraction", "quantile_groups", "rank_intervals", "relative_survival"),
    *("sequential_attributable_fractions", "shapley_shares", "population_size_models", "life_expectancy_gap"),
    *("life_expectancy_gap_by_age", "reference_scaled_to", "adjusted_p_values", "log_estimates"),
}
"""Estimators whose results hold no count that must add up, or one row for each row given."""

ON_ARRAYS = {
    "implied_events": {"lower": [1.2, 2.0], "upper": [2.0, 3.0]},
    "poisson_interval": {"count": [0, 3, 12]},
    "proportion_interval": {"events": [0, 3, 12], "total": [5, 9, 12]},
    "funnel_limits": {"sizes": [50.0, 100.0], "target": 0.2},
    "over_dispersion": {"z": [0.3, -1.2, 2.0], "standard_error": [0.1, 0.2, 0.3]},
    "q_profile_interval": {"effects": [0.1, 0.4, 0.2], "standard_errors": [0.1, 0.2, 0.1]},
    "tau_squared": {"effects": [0.1, 0.4, 0.2], "standard_errors": [0.1, 0.2, 0.1]},
    "power_of_rate_ratio": {"rate_ratio": [0.5, 1.5], "events": [20.0, 40.0], "time_ratio": 1.0},
    "minimal_detectable_rate_ratio": {"events": [20.0, 40.0], "time_ratio": 1.0, "power": 0.8},
    "findings_by_chance": {"tests": [1, 20]},
}
"""Kernels that take arrays, with valid arguments."""

WITHOUT_DATA = {
    "DisclosurePolicy",
    "SurveyDesign",
    "disclosure_policy",
    "line_integral_decomposition",
    "stepwise_replacement",
}
"""Names that take no data of a user: settings, and kernels on a function or on studies already checked."""
