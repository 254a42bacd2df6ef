"""Measures of health, inequality and effect: pure methods that know nothing of files, plots or languages.

One folder per family, one subject per module. Every table estimator can be taken from here by its name:
``from analysis.measures import life_expectancy``.
"""

import importlib
from typing import Any

ESTIMATORS = {
    "attributable_fraction": "attribution.fractions",
    "potential_impact_fraction": "attribution.fractions",
    "sequential_attributable_fractions": "attribution.sequential_attribution",
    "audit_intervals": "audits",
    "audit_parts": "audits",
    "implied_events": "audits",
    "expected_deaths": "cohorts.expected",
    "person_time": "cohorts.person_time",
    "poisson_rate_model": "cohorts.poisson_models",
    "relative_survival": "cohorts.relative_survival",
    "hazard_ratio": "cohorts.survival",
    "kaplan_meier": "cohorts.survival",
    "log_rank": "cohorts.survival",
    "concentration_index_decomposition": "decomposition.concentration_decomposition",
    "kitagawa_decomposition": "decomposition.kitagawa",
    "oaxaca_decomposition": "decomposition.oaxaca",
    "shapley_shares": "decomposition.shapley",
    "DisclosurePolicy": "disclosure.policy",
    "apply_policy": "disclosure.policy",
    "disclosure_policy": "disclosure.policy",
    "share_of_largest": "disclosure.policy",
    "interaction": "effects.association",
    "proportion_interval": "effects.binomial",
    "group_time_effects": "effects.difference_in_differences",
    "two_way_fixed_effects": "effects.difference_in_differences",
    "e_value": "effects.e_value",
    "interrupted_series": "effects.interrupted_series",
    "series_counterfactual": "effects.interrupted_series",
    "mantel_haenszel": "effects.mantel_haenszel",
    "missing_outcome_bounds": "effects.missing_outcomes",
    "proportion": "effects.proportions",
    "number_needed_to_treat": "effects.two_by_two",
    "odds_ratio": "effects.two_by_two",
    "risk_difference": "effects.two_by_two",
    "risk_ratio": "effects.two_by_two",
    "weighted_effect": "effects.weighting",
    "population_size": "hidden_populations.capture_recapture",
    "population_size_models": "hidden_populations.capture_recapture",
    "population_size_by_dependence": "hidden_populations.two_lists",
    "attributable_to_inequality": "inequality.attributable",
    "concentration_indices": "inequality.concentration",
    "dispersion_between_groups": "inequality.dispersion",
    "gaps_between_groups": "inequality.gaps",
    "slope_and_relative_index": "inequality.gradients",
    "group_concentration_indices": "inequality.group_concentration",
    "group_slope_and_relative_index": "inequality.group_gradients",
    "inequality_profile": "inequality.profile",
    "cause_deleted_life_expectancy": "life_tables.causes",
    "life_expectancy_decomposition": "life_tables.decomposition",
    "life_expectancy_gap": "life_tables.expectancy_gap",
    "life_expectancy_gap_by_age": "life_tables.expectancy_gap",
    "line_integral_decomposition": "life_tables.general_decomposition",
    "stepwise_replacement": "life_tables.general_decomposition",
    "healthy_life_expectancy": "life_tables.healthy_life_expectancy",
    "life_expectancy": "life_tables.life_expectancy",
    "suppress_imprecise": "life_tables.life_expectancy",
    "lifespan_inequality": "life_tables.lifespan_inequality",
    "lifespan_inequality_between_groups": "life_tables.lifespan_inequality",
    "reference_scaled_to": "life_tables.scaled_reference",
    "life_table": "life_tables.tables",
    "crude_rate": "rates.crude",
    "poisson_interval": "rates.crude",
    "rate_difference": "rates.crude",
    "rate_ratio": "rates.crude",
    "comparative_mortality_figure": "rates.direct_standardisation",
    "directly_standardised_rate": "rates.direct_standardisation",
    "funnel_limits": "rates.funnel",
    "funnel_points": "rates.funnel",
    "over_dispersion": "rates.funnel",
    "indirectly_standardised_rate": "rates.indirect_standardisation",
    "observed_to_expected": "rates.indirect_standardisation",
    "standardised_mortality_ratio": "rates.indirect_standardisation",
    "group_means": "rates.means",
    "means_of_summaries": "rates.means",
    "quantile_groups": "rates.quantiles",
    "minimal_detectable_rate_ratio": "rates.power",
    "power_of_rate_ratio": "rates.power",
    "standardised_rate_difference": "rates.standardised_contrasts",
    "standardised_rate_ratio": "rates.standardised_contrasts",
    "years_of_life_lost": "rates.years_lost",
    "adjusted_p_values": "shared.multiplicity",
    "findings_by_chance": "shared.multiplicity",
    "log_estimates": "shared.ratios",
    "ratio_of_ratios": "shared.ratios",
    "rank_intervals": "small_areas.rank_intervals",
    "shrunken_proportions": "small_areas.shrinkage",
    "shrunken_rates": "small_areas.shrinkage",
    "SurveyDesign": "surveys.design",
    "survey_mean": "surveys.estimators",
    "survey_proportion": "surveys.estimators",
    "survey_ratio": "surveys.estimators",
    "survey_total": "surveys.estimators",
    "survey_regression": "surveys.regression",
    "q_profile_interval": "synthesis.between_studies",
    "tau_squared": "synthesis.between_studies",
    "difference_of_estimates": "synthesis.contrasts",
    "mean_of_estimates": "synthesis.contrasts",
    "leave_one_out": "synthesis.meta_analysis",
    "meta_analysis": "synthesis.meta_analysis",
    "meta_regression": "synthesis.meta_regression",
    "egger_test": "synthesis.publication_bias",
    "trim_and_fill": "synthesis.publication_bias",
}
"""Name of every table estimator, and the module of its family that holds it."""
__all__ = list(ESTIMATORS)


def __getattr__(name: str) -> Any:
    """Load an estimator the first time it is asked for."""
    if name not in ESTIMATORS:
        raise AttributeError(f"module 'analysis.measures' has no attribute {name!r}")
    return getattr(importlib.import_module(f"analysis.measures.{ESTIMATORS[name]}"), name)


def __dir__() -> list[str]:
    """Names for tab completion."""
    return sorted([*globals(), *ESTIMATORS])
