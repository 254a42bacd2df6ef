"""Whether small studies differ from large ones: Egger's test and trim-and-fill."""

from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import rankdata, t

from analysis.errors import MethodError
from analysis.estimates import with_estimates
from analysis.measures.shared import notes
from analysis.measures.shared.checks import FloatArray, check_choice, require_numbers
from analysis.measures.shared.levels import Levels, one_level, several_levels
from analysis.measures.synthesis.between_studies import TAU_METHODS, study_groups, tau_method
from analysis.measures.synthesis.meta_analysis import pooled
from analysis.measures.synthesis.meta_regression import weighted_fit


def _studies(table: pd.DataFrame, effect: str, standard_error: str) -> tuple[FloatArray, FloatArray]:
    checked = require_numbers(require_numbers(table, [effect]), [standard_error], above=0)
    if len(checked) < 3:
        raise MethodError(f"{len(checked)} studies cannot show whether small ones differ. It takes three, better ten.")
    return checked[effect].to_numpy(), checked[standard_error].to_numpy()


@several_levels
def egger_test(
    table: pd.DataFrame,
    *,
    effect: str = "effect",
    standard_error: str = "standard_error",
    level: Levels = 0.95,
) -> pd.DataFrame:
    """Slope of the effect over its standard error (Egger): whether small studies find more.

    Parameters
    ----------
    table
        One row per study, three or more.
    effect, standard_error
        Columns as in `meta_analysis`.
    level
        Coverage of the interval, between 0 and 1, or several.

    Returns
    -------
    pandas.DataFrame
        One row: `studies`, `statistic` (Student's t with k - 2 degrees of freedom), `p_value`, `limit_estimate` (the
        effect at a standard error of 0) and the estimate columns, with `measure` "egger_slope".

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
    effects, errors = _studies(table, effect, standard_error)
    if np.ptp(errors) == 0:
        raise MethodError("All studies have the same standard error, so there are no small and large ones to compare.")
    fit = weighted_fit(effects, np.column_stack([np.ones(errors.size), errors]), errors**-2)
    freedom = errors.size - 2
    scale = float(np.sum(fit.weights * fit.residuals**2)) / freedom
    error = float(np.sqrt(fit.covariance[1, 1] * scale))
    slope = float(fit.coefficients[1])
    half = float(t.ppf((1 + covered) / 2, freedom)) * error
    statistic = slope / error if error > 0 else np.nan
    rows = pd.DataFrame(
        {
            "studies": [errors.size],
            "statistic": statistic,
            "p_value": float(2 * t.sf(abs(statistic), freedom)),
            "limit_estimate": float(fit.coefficients[0]),
        }
    )
    return with_estimates(
        rows,
        measure="egger_slope",
        estimate=slope,
        lower=slope - half,
        upper=slope + half,
        level=covered,
        unit="effect per unit of standard error",
        method="weighted regression of the effect on its standard error (Egger)",
        note=notes.FEW_STUDIES_FOR_BIAS if errors.size < 10 else "",
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


@several_levels
def trim_and_fill(
    table: pd.DataFrame,
    *,
    effect: str = "effect",
    standard_error: str = "standard_error",
    method: str = "REML",
    estimator: str = "L0",
    side: str = "auto",
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
    level
        Coverage of the interval, between 0 and 1, or several.
    exponentiate
        Show the results as ratios, where the effects are logarithms.

    Returns
    -------
    pandas.DataFrame
        One row: `studies`, `missing_studies`, `side`, `tau_squared`, `standard_error`, `unadjusted` (the pooled effect
        without filling) and the estimate columns, with `measure` "filled_effect" or "filled_ratio".

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
    effects, errors = _studies(table, effect, standard_error)
    if side == "auto":
        slope = 0.0
        if np.ptp(errors) > 0:
            slope = float(egger_test(table, effect=effect, standard_error=standard_error)["estimate"].iloc[0])
        side = "right" if slope < 0 else "left"
    turned = -effects if side == "right" else effects

    def pool(values: FloatArray, spread: FloatArray) -> dict[str, Any]:
        return pooled(study_groups(values, spread), method=name, interval="wald", level=covered)

    order = np.lexsort((errors, turned))
    turned, errors = turned[order], errors[order]
    missing, before = 0, -1
    for _ in range(100):
        if missing == before:
            break
        kept = slice(0, turned.size - missing)
        centre = float(pool(turned[kept], errors[kept])["estimate"][0])
        before, missing = missing, min(_missing(turned - centre, estimator), turned.size - 2)
    mirrored = 2 * centre - turned[turned.size - missing :]
    filled = pool(np.concatenate([turned, mirrored]), np.concatenate([errors, errors[turned.size - missing :]]))
    sign = -1.0 if side == "right" else 1.0
    found = {key: sign * float(filled[key][0]) for key in ("estimate", "lower", "upper")}
    found["lower"], found["upper"] = sorted((found["lower"], found["upper"]))
    plain = sign * float(pool(turned, errors)["estimate"][0])
    if exponentiate:
        found, plain = {key: float(np.exp(value)) for key, value in found.items()}, float(np.exp(plain))
    rows = pd.DataFrame(
        {
            "studies": [turned.size],
            "missing_studies": missing,
            "side": side,
            "tau_squared": float(filled["tau_squared"][0]),
            "standard_error": float(filled["standard_error"][0]),
            "unadjusted": plain,
        }
    )
    return with_estimates(
        rows,
        measure="filled_ratio" if exponentiate else "filled_effect",
        **found,
        level=covered,
        unit="ratio" if exponentiate else "unit of the effects",
        method=f"trim and fill ({estimator}), {TAU_METHODS[name]}, Wald interval",
        note=notes.FEW_STUDIES_FOR_BIAS if turned.size < 10 else "",
    )
