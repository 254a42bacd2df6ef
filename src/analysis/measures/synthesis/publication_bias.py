"""Whether small studies differ from large ones: Egger's test and trim-and-fill."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import rankdata, t

from analysis.errors import MethodError
from analysis.estimates import with_estimates
from analysis.measures.shared import notes
from analysis.measures.shared.checks import FloatArray, check_choice, require_numbers
from analysis.measures.shared.each_group import each_group
from analysis.measures.shared.levels import Levels, one_level, several_levels
from analysis.measures.synthesis.between_studies import TAU_METHODS, StudyGroups, study_groups, tau_method
from analysis.measures.synthesis.meta_analysis import pooled
from analysis.measures.synthesis.meta_regression import weighted_fit

Pool = Callable[[FloatArray, FloatArray], dict[str, float]]


def _studies(table: pd.DataFrame, effect: str, standard_error: str) -> StudyGroups:
    checked = require_numbers(require_numbers(table, [effect]), [standard_error], above=0)
    if len(checked) < 3:
        raise MethodError(f"{len(checked)} studies cannot show whether small ones differ. It takes three, better ten.")
    return study_groups(checked[effect], checked[standard_error])


def _same_precision(errors: FloatArray) -> bool:
    return bool(np.ptp(errors) <= 1e-12 * errors.max())


@dataclass(frozen=True)
class _Asymmetry:
    """Line of the effects over their standard errors; the error of its slope is missing when nothing scatters."""

    slope: float
    error: float
    at_zero: float
    freedom: int


def _asymmetry(studies: StudyGroups) -> _Asymmetry:
    errors = np.sqrt(studies.variances)
    if _same_precision(errors):
        raise MethodError("All studies have the same standard error, so there are no small and large ones to compare.")
    fit = weighted_fit(studies.effects, np.column_stack([np.ones(errors.size), errors]), 1 / studies.variances)
    freedom = errors.size - 2
    scale = float(np.sum(fit.weights * fit.residuals**2)) / freedom
    error = float(np.sqrt(fit.covariance[1, 1] * scale)) if scale > 0 else np.nan
    return _Asymmetry(float(fit.coefficients[1]), error, float(fit.coefficients[0] + studies.centres[0]), freedom)


@several_levels
@each_group
def egger_test(
    table: pd.DataFrame,
    *,
    effect: str = "effect",
    standard_error: str = "standard_error",
    by: str | Sequence[str] = (),
    level: Levels = 0.95,
) -> pd.DataFrame:
    """Slope of the effect over its standard error (Egger): whether small studies find more.

    Parameters
    ----------
    table
        One row per study, three or more.
    effect, standard_error
        Columns as in `meta_analysis`.
    by
        Columns that define separate tests; none gives one.
    level
        Coverage of the interval, between 0 and 1, or several.

    Returns
    -------
    pandas.DataFrame
        One row per test: `studies`, `statistic` (Student's t with k - 2 degrees of freedom), `p_value`,
        `limit_estimate` (the effect at a standard error of 0) and the estimate columns, with `measure` "egger_slope".
        When all effects are equal, or lie on a line entirely, the test and the interval are missing and a `note` says
        so.

    Raises
    ------
    DataError
        When a column is missing, or a number is missing or impossible.
    MethodError
        When there are fewer than three studies, or all have the same standard error.

    Notes
    -----
    Interpretation: 0 means a symmetric funnel. Small studies can differ for other reasons than publication: other
    patients, other methods, chance. With fewer than ten studies the test has little power. For log odds ratios effect
    and standard error depend on each other, and the test finds too much.

    References
    ----------
    Egger M, Davey Smith G, Schneider M, Minder C. Bias in meta-analysis detected by a simple, graphical test.
    BMJ 1997;315:629-634.

    Examples
    --------
    >>> studies = pd.DataFrame({"effect": [0.2, 0.4, 0.5, 0.9], "standard_error": [0.1, 0.2, 0.3, 0.4]})
    >>> round(float(egger_test(studies).loc[0, "estimate"]), 2)
    1.99
    """
    covered = one_level(level)
    studies = _studies(table, effect, standard_error)
    line = _asymmetry(studies)
    half = float(t.ppf((1 + covered) / 2, line.freedom)) * line.error
    statistic = line.slope / line.error
    rows = pd.DataFrame(
        {
            "studies": studies.sizes,
            "statistic": statistic,
            "p_value": float(2 * t.sf(abs(statistic), line.freedom)),
            "limit_estimate": line.at_zero,
        }
    )
    return with_estimates(
        rows,
        measure="egger_slope",
        estimate=line.slope,
        lower=line.slope - half,
        upper=line.slope + half,
        level=covered,
        unit="effect per unit of standard error",
        method="weighted regression of the effect on its standard error (Egger)",
        note=notes.combine_notes(
            notes.FEW_STUDIES_FOR_BIAS if len(table) < 10 else "",
            notes.NOTHING_SCATTERS if np.isnan(line.error) else "",
        ),
    )


def _missing(residuals: FloatArray, estimator: str) -> int:
    """Number of studies that are missing on the left, from those that stand out on the right."""
    size = residuals.size
    signed = np.sign(residuals) * rankdata(np.abs(residuals))
    if estimator == "R0":
        # Length of the run of largest distances that are all on the right.
        run = size - int(np.max(-signed[signed < 0], initial=0))
        return max(run - 1, 0)
    total = float(signed[signed > 0].sum())
    return max(int(np.floor((4 * total - size * (size + 1)) / (2 * size - 1) + 0.5)), 0)


def _side_of_missing(side: str, studies: StudyGroups) -> str:
    """The side asked for, or for "auto" that where Egger's slope says small studies are missing."""
    if side != "auto":
        return side
    if _same_precision(np.sqrt(studies.variances)):
        return "left"
    return "right" if _asymmetry(studies).slope < 0 else "left"


def _trimmed(effects: FloatArray, errors: FloatArray, pool: Pool, estimator: str) -> tuple[int, float]:
    """How many of the largest effects have no counterpart, and the centre without them; effects from low to high."""
    missing, before, centre = 0, -1, 0.0
    for _ in range(100):
        if missing == before:
            break
        kept = slice(0, effects.size - missing)
        centre = pool(effects[kept], errors[kept])["estimate"]
        before, missing = missing, min(_missing(effects - centre, estimator), effects.size - 2)
    return missing, centre


def _filled(studies: StudyGroups, side: str, pool: Pool, estimator: str) -> tuple[int, dict[str, float]]:
    """Number of studies added, and the pooled result with them and (`unadjusted`) without."""
    sign = -1.0 if side == "right" else 1.0
    effects, errors = sign * studies.effects, np.sqrt(studies.variances)
    order = np.lexsort((errors, effects))
    effects, errors = effects[order], errors[order]
    missing, centre = _trimmed(effects, errors, pool, estimator)
    last = slice(effects.size - missing, None)
    filled = pool(np.concatenate([effects, 2 * centre - effects[last]]), np.concatenate([errors, errors[last]]))
    filled["unadjusted"] = pool(effects, errors)["estimate"]
    ends = [sign * filled[key] for key in ("lower", "upper")]
    turned = {"estimate": sign * filled["estimate"], "unadjusted": sign * filled["unadjusted"]}
    turned |= {"lower": min(ends), "upper": max(ends)}
    return missing, filled | {key: value + float(studies.centres[0]) for key, value in turned.items()}


@several_levels
@each_group
def trim_and_fill(
    table: pd.DataFrame,
    *,
    effect: str = "effect",
    standard_error: str = "standard_error",
    method: str = "REML",
    estimator: str = "L0",
    side: str = "auto",
    by: str | Sequence[str] = (),
    level: Levels = 0.95,
    exponentiate: bool = False,
) -> pd.DataFrame:
    """Pooled effect after adding the studies that would make the funnel symmetric.

    Parameters
    ----------
    table
        One row per study, three or more.
    effect, standard_error
        Columns as in `meta_analysis`.
    method
        As in `meta_analysis`.
    estimator
        ``L0`` or ``R0``, for the number of missing studies.
    side
        Where studies are missing: ``left`` (low effects), ``right``, or ``auto``, by the sign of Egger's slope.
    by
        Columns that define separate meta-analyses; none gives one.
    level
        Coverage of the interval, between 0 and 1, or several.
    exponentiate
        Show the results as ratios, where the effects are logarithms.

    Returns
    -------
    pandas.DataFrame
        One row per meta-analysis: `studies`, `missing_studies`, `side`, `tau_squared`, `standard_error`, `unadjusted`
        (the pooled effect without filling) and the estimate columns, with `measure` "filled_effect" or "filled_ratio".

    Raises
    ------
    DataError
        When a column is missing, or a number is missing or impossible.
    MethodError
        When an option is unknown or there are fewer than three studies.

    Notes
    -----
    Interpretation: a sensitivity analysis. It supposes that the most extreme effects on one side were not published;
    with large differences between studies it fills in where nothing is missing.

    References
    ----------
    Duval S, Tweedie R. Trim and fill: a simple funnel-plot-based method of testing and adjusting for publication bias
    in meta-analysis. Biometrics 2000;56:455-463.

    Examples
    --------
    >>> studies = pd.DataFrame({"effect": [0.1, 0.12, 0.2, 0.5, 0.9], "standard_error": [0.05, 0.1, 0.2, 0.3, 0.4]})
    >>> int(trim_and_fill(studies, method="fixed").loc[0, "missing_studies"])
    3
    """
    covered, name = one_level(level), tau_method(method)
    check_choice(estimator, ("L0", "R0"), option="estimator")
    check_choice(side, ("auto", "left", "right"), option="side")
    studies = _studies(table, effect, standard_error)

    def pool(effects: FloatArray, errors: FloatArray) -> dict[str, float]:
        found = pooled(study_groups(effects, errors), method=name, interval="wald", level=covered)
        return {key: float(value[0]) for key, value in found.items()}

    side = _side_of_missing(side, studies)
    missing, found = _filled(studies, side, pool, estimator)
    if exponentiate:
        found |= {key: float(np.exp(found[key])) for key in ("estimate", "lower", "upper", "unadjusted")}
    rows = pd.DataFrame({"studies": studies.sizes, "missing_studies": missing, "side": side})
    return with_estimates(
        rows.assign(**{key: found[key] for key in ("tau_squared", "standard_error", "unadjusted")}),
        measure="filled_ratio" if exponentiate else "filled_effect",
        estimate=found["estimate"],
        lower=found["lower"],
        upper=found["upper"],
        level=covered,
        unit="ratio" if exponentiate else "unit of the effects",
        method=f"trim and fill ({estimator}), {TAU_METHODS[name]}, Wald interval",
        note=notes.FEW_STUDIES_FOR_BIAS if len(table) < 10 else "",
    )
