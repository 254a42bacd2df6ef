"""Difference in differences: two groups and two periods, two-way fixed effects, and effects by group and time."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t

from analysis.errors import DataError, MethodError
from analysis.estimates import with_estimates
from analysis.measures.shared import notes
from analysis.measures.shared.checks import (
    FloatArray,
    check_choice,
    normal_quantile,
    require_complete,
    require_covariates,
    require_numbers,
    require_unique,
)
from analysis.measures.shared.levels import Levels, one_level, several_levels

CONTROLS = {"never": "never treated", "not-yet": "not yet treated"}
AGGREGATIONS = ("simple", "event", "group", "calendar", "none")


def _without_effects(values: FloatArray, factors: list[NDArray[np.intp]], weights: FloatArray) -> FloatArray:
    """Values less the weighted means of unit and period, by turns until nothing changes."""
    left = values.astype(float).copy()
    scale = max(float(np.abs(left).max()), 1e-300)
    totals = [np.bincount(factor, weights) for factor in factors]
    for _ in range(10_000):
        largest = 0.0
        for factor, total in zip(factors, totals, strict=True):
            means = np.bincount(factor, weights * left) / total
            left -= means[factor]
            largest = max(largest, float(np.abs(means).max()))
        if largest <= 1e-14 * scale:
            break
    return left


@several_levels
def two_way_fixed_effects(
    table: pd.DataFrame,
    *,
    outcome: str,
    treated: str,
    unit: str,
    time: str,
    weights: str | None = None,
    cluster: str | None = None,
    level: Levels = 0.95,
) -> pd.DataFrame:
    """Effect of a treatment in a panel, from changes within units beside changes of the period.

    Parameters
    ----------
    table
        One row per unit and period.
    outcome
        Column with the outcome.
    treated
        Column with 1 when the unit is treated in that period and 0 when not; a share is allowed.
    unit, time
        Columns that name the unit and the period.
    weights
        Column with weights above 0; none weighs all rows alike.
    cluster
        Column within which errors may depend on each other; the unit when absent.
    level
        Coverage of the interval, between 0 and 1, or several.

    Returns
    -------
    pandas.DataFrame
        One row: `observations`, `units`, `periods`, `clusters`, `standard_error`, `p_value` and the estimate columns,
        with `measure` "difference_in_differences".

    Raises
    ------
    DataError
        When a column is missing, or a number is missing.
    MethodError
        When the treatment never varies within units beside the periods, or there is one cluster.

    Notes
    -----
    Interpretation: with two groups and two periods, the change among the treated less that among the others. It is an
    effect if both would have changed alike without it. With treatment at different moments and effects that grow, it
    uses treated units as controls, and the sign can be wrong: use `group_time_effects`.
    Standard errors are clustered, with the factor G/(G-1) x (n-1)/(n-k) in which k counts the treatment, the periods
    and the units unless units lie within the clusters; Student's t with G - 1 degrees of freedom.

    References
    ----------
    Angrist JD, Pischke JS. Mostly harmless econometrics. Princeton: University Press, 2009, chapter 5.
    Bertrand M, Duflo E, Mullainathan S. How much should we trust differences-in-differences estimates? Q J Econ
    2004;119:249-275.
    Goodman-Bacon A. Difference-in-differences with variation in treatment timing. J Econom 2021;225:254-277.

    Examples
    --------
    >>> rows = {"place": list("aabbccdd"), "year": [1, 2] * 4, "ill": [3.0, 2, 5, 5, 4, 1, 6, 7]}
    >>> panel = pd.DataFrame(rows | {"treated": [0, 1, 0, 0, 0, 1, 0, 0]})
    >>> result = two_way_fixed_effects(panel, outcome="ill", treated="treated", unit="place", time="year")
    >>> round(float(result.loc[0, "estimate"]), 6)
    -2.5
    """
    covered = one_level(level)
    within = cluster or unit
    require_covariates(table, dict.fromkeys([unit, time, within]))
    checked = require_numbers(require_complete(table, [unit, time, within]), [outcome, treated])
    weight = np.ones(len(checked))
    if weights is not None:
        weight = require_numbers(checked, [weights], above=0)[weights].to_numpy()
    units, periods, clusters = (pd.factorize(checked[column])[0] for column in (unit, time, within))
    x = _without_effects(checked[treated].to_numpy(), [units, periods], weight)
    y = _without_effects(checked[outcome].to_numpy(), [units, periods], weight)
    information = float(np.sum(weight * x**2))
    if information <= 1e-10 * float(np.sum(weight)):
        raise MethodError(
            f"Column `{treated}` does not change within units other than from period to period for all, so there is "
            "nothing to compare. Check that it is 0 before the treatment and for the controls."
        )
    groups = int(clusters.max()) + 1
    if groups < 2:
        raise MethodError(f"Column `{within}` has one cluster, so there is no standard error. Take a finer one.")
    estimate = float(np.sum(weight * x * y)) / information
    scores = np.bincount(clusters, weight * x * (y - estimate * x))
    nested = int(pd.Series(clusters).groupby(units).nunique().max()) == 1
    terms = 1 + int(periods.max()) + (1 if nested else int(units.max()) + 1)
    factor = groups / (groups - 1) * (len(x) - 1) / max(len(x) - terms, 1)
    error = float(np.sqrt(factor * np.sum(scores**2))) / information
    half = float(t.ppf((1 + covered) / 2, groups - 1)) * error
    rows = pd.DataFrame(
        {
            "observations": [len(x)],
            "units": int(units.max()) + 1,
            "periods": int(periods.max()) + 1,
            "clusters": groups,
            "standard_error": error,
            "p_value": float(2 * t.sf(abs(estimate) / error, groups - 1)) if error > 0 else np.nan,
        }
    )
    return with_estimates(
        rows,
        measure="difference_in_differences",
        estimate=estimate,
        lower=estimate - half,
        upper=estimate + half,
        level=covered,
        unit="unit of the outcome",
        method=f"two-way fixed effects, clustered by {within}",
        note=notes.combine_notes(notes.FEW_CLUSTERS if groups < 30 else "", notes.CLUSTERS_AGREE if error == 0 else ""),
    )


def _panel(
    table: pd.DataFrame, outcome: str, unit: str, time: str, first_treated: str, weights: str | None
) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """Outcomes with one row per unit and one column per period, start of treatment and weight of each unit."""
    extra = [weights] if weights else []
    checked = require_numbers(require_complete(table, [unit, time]), [outcome, time])
    checked = require_numbers(checked, extra, above=0)
    require_unique(checked, [unit, time])
    wide = checked.pivot_table(index=unit, columns=time, values=outcome, aggfunc="first")
    gaps = wide.isna().any(axis=1)
    if gaps.any():
        raise DataError(
            f"{int(gaps.sum())} of {len(wide)} units lack a period, the first is {gaps.idxmax()!r}. Leave them out and "
            "report how many, or fill their periods in."
        )
    starts = _starts(checked, first_treated, time)
    spread = starts.groupby(checked[unit]).nunique()
    if (spread > 1).any():
        raise DataError(f"Column `{first_treated}` differs within unit {spread.idxmax()!r}. Give one moment per unit.")
    start = starts.groupby(checked[unit]).first().reindex(wide.index)
    weight = checked.assign(_weight=checked[weights] if weights else 1.0).groupby(unit)["_weight"].first()
    return wide, start, weight.reindex(wide.index)


def _starts(checked: pd.DataFrame, first_treated: str, time: str) -> pd.Series:
    """First period of treatment of every row, infinite for never: missing, infinite, or 0 where no period can be 0."""
    given = checked[first_treated]
    never = given.isna() | given.isin([np.inf])
    known = require_numbers(checked.assign(**{first_treated: given.mask(never, 1.0)}), [first_treated])[first_treated]
    zero = ~never & (known == 0)
    if zero.any() and checked[time].min() <= 0:
        raise DataError(
            f"Column `{first_treated}` is 0 in {int(zero.sum())} rows, the first in row {zero.idxmax()}, while "
            f"`{time}` runs from {checked[time].min():g}, so that 0 can be a period or stand for never. Leave it empty "
            "for never treated units, or count the periods from 1."
        )
    return known.mask(never | zero, np.inf)


def _group_time(
    wide: pd.DataFrame, start: FloatArray, weight: FloatArray, controls: str
) -> tuple[pd.DataFrame, FloatArray]:
    """Effect of each group at each time, with the influence of every unit on it (one column per effect)."""
    values, periods = wide.to_numpy(), wide.columns.to_numpy(dtype=float)
    rows, influences = [], []
    for group in np.unique(start[np.isfinite(start)]):
        before = np.flatnonzero(periods < group)
        if before.size == 0:
            continue
        for number, period in enumerate(periods[1:], start=1):
            # Before treatment each period is compared with the one before it, after it with the last untreated one.
            base = int(before[-1]) if period >= group else number - 1
            treated = start == group
            other = np.isinf(start) if controls == "never" else (start > max(period, periods[base])) & ~treated
            if not other.any():
                continue
            change = values[:, number] - values[:, base]
            means, influence = [], np.zeros(len(change))
            for chosen, sign in ((treated, 1.0), (other, -1.0)):
                share = np.where(chosen, weight, 0.0) / weight[chosen].sum()
                means.append(float(share @ change))
                influence += sign * share * (change - means[-1])
            size = float(weight[treated].sum())
            rows.append(
                (group, period, period - group, means[0] - means[1], size, int(treated.sum()), int(other.sum()))
            )
            influences.append(influence)
    if not rows:
        raise MethodError("No group has both a period before its treatment and controls. Check when treatment began.")
    columns = ["first_treated", "time", "event_time", "effect", "size", "units", "controls"]
    return pd.DataFrame(rows, columns=columns), np.column_stack(influences)


def _aggregate(
    found: pd.DataFrame, influence: FloatArray, start: FloatArray, weight: FloatArray, aggregate: str
) -> list[dict[str, Any]]:
    """Means of effects over groups and times; the uncertainty of the shares of the groups counts too."""
    column = {"simple": None, "event": "event_time", "group": "first_treated", "calendar": "time"}[aggregate]
    after = (found["event_time"] >= 0).to_numpy()
    chosen = np.ones(len(found), dtype=bool) if aggregate == "event" else after
    labels = found[column].to_numpy() if column else np.zeros(len(found))
    effects, sizes = found["effect"].to_numpy(), found["size"].to_numpy()
    groups = found["first_treated"].to_numpy()
    total = float(weight.sum())
    rows = []
    for label in np.unique(labels[chosen]):
        cells = chosen & (labels == label)
        share = sizes[cells] / sizes[cells].sum()
        estimate = float(share @ effects[cells])
        own = influence[:, cells] @ share
        # Influence through the shares: a unit more in a group draws the mean towards the effects of that group.
        member = (start[:, None] == groups[cells][None, :]) * weight[:, None] / total - sizes[cells] / total * weight[
            :, None
        ] / total
        own = own + member @ (effects[cells] - estimate) / (sizes[cells].sum() / total)
        row = {"effects": int(cells.sum()), "estimate": estimate, "standard_error": float(np.sqrt(np.sum(own**2)))}
        rows.append(({column: label} if column else {}) | row)
    return rows


@several_levels
def group_time_effects(
    table: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    time: str,
    first_treated: str,
    controls: str = "never",
    aggregate: str = "simple",
    weights: str | None = None,
    level: Levels = 0.95,
) -> pd.DataFrame:
    """Effect of a treatment that began at different moments, by group and time (Callaway and Sant'Anna).

    Parameters
    ----------
    table
        One row per unit and period, every unit in every period.
    outcome
        Column with the outcome.
    unit, time
        Columns that name the unit, and the period as a number.
    first_treated
        Column with the first period of treatment of the unit; missing or infinite for never. 0 stands for never too,
        as long as all periods are above 0. Units treated from the first period on have nothing to be compared with
        and are left out, which a `note` says.
    controls
        ``never`` (never treated units) or ``not-yet`` (all that are not treated yet).
    aggregate
        ``simple`` (mean over all treated groups and periods), ``event`` (by time since treatment), ``group``,
        ``calendar``, or ``none`` for each group and time.
    weights
        Column with one weight above 0 per unit; the first of each unit is taken.
    level
        Coverage of the intervals, between 0 and 1, or several.

    Returns
    -------
    pandas.DataFrame
        One row per effect, named by `first_treated`, `time` or `event_time` as asked, with `standard_error` and the
        estimate columns, with `measure` "att". Event times below 0 compare each period with the one before it.

    Raises
    ------
    DataError
        When a column is missing, numbers are impossible, a unit lacks a period or occurs twice.
    MethodError
        When an option is unknown, no group has controls, or none is seen after its treatment began.

    Notes
    -----
    Interpretation: the mean effect among the treated. Each group is compared with units that are not treated, never
    with units treated before, so that growing effects do no harm. Event times below 0 should lie around 0: if not, the
    groups were already drifting apart. No covariates; intervals are for each row, not for all at once.

    References
    ----------
    Callaway B, Sant'Anna PHC. Difference-in-differences with multiple time periods. J Econom 2021;225:200-230.

    Examples
    --------
    >>> rows = {"place": list("aaabbbccc"), "year": [1, 2, 3] * 3, "ill": [3.0, 3, 1, 5, 5, 5, 4, 4, 2]}
    >>> panel = pd.DataFrame(rows | {"start": [3] * 3 + [None] * 3 + [3] * 3})
    >>> result = group_time_effects(panel, outcome="ill", unit="place", time="year", first_treated="start")
    >>> float(result.loc[0, "estimate"])
    -2.0
    """
    covered = one_level(level)
    check_choice(controls, CONTROLS, option="controls")
    check_choice(aggregate, AGGREGATIONS, option="aggregate")
    require_complete(table, [unit, time])
    if first_treated not in table:
        require_complete(table, [first_treated])
    wide, starts, weights_of = _panel(table, outcome, unit, time, first_treated, weights)
    start, weight = starts.to_numpy(dtype=float), weights_of.to_numpy(dtype=float)
    found, influence = _group_time(wide, start, weight, controls)
    if aggregate not in ("none", "event") and not (found["event_time"] >= 0).any():
        raise MethodError(
            f"No treated unit with controls is seen after its treatment began: column `{time}` ends at "
            f"{wide.columns.max():g}, and column `{first_treated}` begins at {start.min():g}. Check that both count "
            'alike, or look at the periods before treatment: aggregate="event".'
        )
    if aggregate == "none":
        rows = found.drop(columns=["effect", "size"]).assign(
            estimate=found["effect"], standard_error=np.sqrt(np.sum(influence**2, axis=0))
        )
    else:
        rows = pd.DataFrame(_aggregate(found, influence, start, weight, aggregate))
    rows = rows.rename(columns={"time": "period"} if time != "time" and "time" in rows else {})
    half = normal_quantile(covered) * rows["standard_error"].to_numpy()
    estimate = rows["estimate"].to_numpy()
    return with_estimates(
        rows.drop(columns="estimate"),
        measure="att",
        estimate=estimate,
        lower=estimate - half,
        upper=estimate + half,
        level=covered,
        unit="unit of the outcome",
        method=f"group-time effects (Callaway-Sant'Anna), controls {CONTROLS[controls]}, {aggregate}",
        note=notes.combine_notes(
            notes.FEW_CLUSTERS if len(wide) < 30 else "",
            notes.ALWAYS_TREATED if (start <= wide.columns.min()).any() else "",
        ),
    )
