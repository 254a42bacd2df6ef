"""All inequality measures of one table of groups in one call, with the reason for those that do not apply."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.errors import AnalysisError
from analysis.measures.inequality.attributable import attributable_to_inequality
from analysis.measures.inequality.concentration_kinds import KINDS
from analysis.measures.inequality.dispersion import DISPERSIONS, dispersion_between_groups
from analysis.measures.inequality.gaps import gaps_between_groups
from analysis.measures.inequality.group_concentration import group_concentration_indices
from analysis.measures.inequality.group_gradients import group_slope_and_relative_index
from analysis.measures.inequality.subgroups import Columns, read_subgroups
from analysis.measures.shared.checks import check_choice, column_names
from analysis.measures.shared.estimate_rows import estimates_table
from analysis.measures.shared.levels import Levels, one_level, several_levels
from analysis.measures.shared.weighted_regression import LINKS
from analysis.measures.surveys.precision import domains

Estimator = Callable[..., pd.DataFrame]
WITHOUT_ORDER = "the groups have no order: name the column that orders them as `position`"
KEPT = ("measure", "estimate", "lower", "upper", "unit", "method", "note", "standard_error", "monte_carlo_error")


def _families(
    shared: dict[str, Any], sizes: dict[str, Any], direction: dict[str, Any], other: dict[str, Any]
) -> list[tuple[list[str], Estimator, dict[str, Any]]]:
    """Every measure with the call that makes it; each call may fail without the others."""
    position, link, scale = other["position"], other["link"], other["scale"]
    named = {"group": other["group"], "reference": other["reference"]}
    ladder = shared | sizes | {"position": position}
    simulated = {"draws": other["draws"], "seed": other["seed"]}
    calls: list[tuple[list[str], Estimator, dict[str, Any]]] = [
        (
            ["difference", "ratio"],
            gaps_between_groups,
            shared | direction | {"position": position, "compare": "extremes"},
        ),
        (["difference_best_worst", "ratio_best_worst"], gaps_between_groups, shared | {"compare": "best_worst"}),
        (["sii", "rii"], group_slope_and_relative_index, ladder | {"link": link, "scale": scale}),
    ]
    for kinds in ("standard",), ("absolute",), ("wagstaff", "erreygers"):
        call = ladder | {"kinds": kinds, "limits": (0.0, scale)}
        calls.append(([KINDS[kind] for kind in kinds], group_concentration_indices, call))
    for compare in ("mean", "best", "reference"):
        measures = [name for name, measure in DISPERSIONS.items() if measure.compare == compare]
        call = shared | sizes | direction | named | simulated | {"measures": measures}
        calls.append((measures, dispersion_between_groups, call))
    reference = {"position": position} | named
    calls.append((["par", "paf"], attributable_to_inequality, shared | sizes | direction | reference))
    return calls


def _attempt(
    tables: list[pd.DataFrame], names: list[str], estimator: Estimator, call: dict[str, Any]
) -> list[dict[str, Any]]:
    """Rows of one call on some tables, or for each measure and table a row that says why there is no number."""
    needs_order = estimator in (group_slope_and_relative_index, group_concentration_indices)
    reason = WITHOUT_ORDER if needs_order and call["position"] is None else ""
    if not reason:
        try:
            found = estimator(pd.concat(tables), **call)
            kept = found.reindex(columns=list(KEPT)).assign(measure=names * len(tables))
            return [{str(key): value for key, value in row.items()} for row in kept.to_dict("records")]
        except AnalysisError as error:
            reason = str(error)
    if len(tables) > 1:
        # One population may stand in the way of the others: ask again for each alone.
        return [row for part in tables for row in _attempt([part], names, estimator, call)]
    empty = dict.fromkeys(("estimate", "lower", "upper", "standard_error", "monte_carlo_error"), np.nan)
    return [empty | {"measure": name, "unit": "", "method": "not applicable", "note": reason} for name in names]


@several_levels
def inequality_profile(
    table: pd.DataFrame,
    *,
    value: str = "estimate",
    population: str | None = "population",
    position: str | None = None,
    group: str | None = None,
    reference: Any = None,
    favourable: bool | None = None,
    link: str = "linear",
    scale: float = 1.0,
    by: str | Sequence[str] = (),
    level: Levels = 0.95,
    draws: int = 10_000,
    seed: int = 0,
) -> pd.DataFrame:
    """Every measure of inequality that a table of groups allows.

    Parameters
    ----------
    table
        One row per group: `value`, `population`, and when known the `standard_error` of the value, or `lower`, `upper`
        and `level`.
    value
        Column with the value of each group.
    population
        Column with the number of persons in each group; None when all count alike.
    position
        Column that orders the groups from worst-off to best-off; None when they have no order.
    group, reference
        Column with the names of the groups, and the name of the reference group.
    favourable
        Whether more is better; from the column `favourable` when not given.
    link
        Model of the slope and relative index: ``linear``, ``logit``, ``log`` or ``poisson``.
    scale
        What a whole is in the unit of `value`: 1 for proportions, 100 for percentages. It is never guessed.
    by
        Columns that define populations; none gives one.
    level
        Coverage of the interval, between 0 and 1, or several.
    draws, seed
        Number of draws of the simulated intervals, and the start of the random numbers.

    Returns
    -------
    pandas.DataFrame
        One row per population and measure: `groups`, `mean`, `standard_error` on the scale of the estimate,
        `monte_carlo_error` when simulated, and the estimate columns. A measure that does not apply has no estimate, and
        the reason in `note`.

    Raises
    ------
    DataError
        When a column is missing, a value or population is impossible, or a group occurs twice.

    Notes
    -----
    Interpretation: the measures answer different questions and can move in opposite directions. Report at least one
    absolute and one relative measure, chosen before looking; a profile is for checking that the conclusion does not
    hang on that choice. The measures: `difference`, `ratio` (ends of the ladder, and highest with lowest), `sii`,
    `rii`, four concentration indices, those of `DISPERSIONS`, `par` and `paf`.

    References
    ----------
    Schlotheuber A, Hosseinpoor AR. Summary measures of health inequality: a review of existing measures and their
    application. Int J Environ Res Public Health 2022;19:3697.

    Examples
    --------
    >>> regions = pd.DataFrame({"estimate": [0.1, 0.2, 0.3], "population": [100, 200, 100]})
    >>> profile = inequality_profile(regions).set_index("measure")
    >>> round(float(profile.loc["bgv", "estimate"]), 4), profile.loc["sii", "note"][:27]
    (0.005, 'the groups have no order: n')
    """
    size, keys = one_level(level), column_names(by)
    check_choice(link, LINKS, option="link")
    columns = Columns(value, population, position, group, reference, by)
    populations = list(read_subgroups(table, columns, favourable=favourable))
    # Both cut the table in the same way and order.
    parts = [table.iloc[members] for _, members in domains(table, keys)]
    other = {"position": position, "group": group, "reference": reference, "link": link, "scale": scale}
    other |= {"draws": draws, "seed": seed}
    shared, direction = {"value": value, "level": size, "by": keys}, {"favourable": favourable}
    rows: list[list[dict[str, Any]]] = [[] for _ in parts]
    for names, estimator, call in _families(shared, {"population": population}, direction, other):
        found = _attempt(parts, names, estimator, call)
        for number, groups in enumerate(populations):
            known = groups.names | {"groups": len(groups.health), "mean": groups.mean}
            rows[number] += [known | row for row in found[number * len(names) : (number + 1) * len(names)]]
    return estimates_table([row for part in rows for row in part], size)
