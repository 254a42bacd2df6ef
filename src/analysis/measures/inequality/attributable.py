"""How much better a population would do if every group did as well as the best-off or a reference group."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.errors import DataError
from analysis.measures.inequality.subgroups import Columns, Subgroups, read_subgroups
from analysis.measures.shared import notes
from analysis.measures.shared.checks import FloatArray, check_choice, normal_quantile
from analysis.measures.shared.estimate_rows import estimates_table
from analysis.measures.shared.levels import Levels, one_level, several_levels

INTERVALS = {
    "groups": "delta method from the standard errors of the groups",
    "walter": "normal interval from the counts (Walter)",
}


def counted_standard_errors(cases: FloatArray, persons: FloatArray, reference: int) -> tuple[float, float]:
    """Standard errors of the population attributable risk and fraction from counts of one sample.

    Parameters
    ----------
    cases
        Persons with the property in each group.
    persons
        Persons in each group.
    reference
        Number of the reference group.

    Returns
    -------
    tuple of float
        Standard errors of the risk and of the fraction; the second is NaN when the reference has no cases.

    Notes
    -----
    All other groups together are the exposed. The persons are one multinomial sample, so the sizes of groups vary too;
    the error of the fraction is Walter's, that of the risk follows in the same way (delta method).

    References
    ----------
    Walter SD. Calculation of attributable risks from epidemiological data. Int J Epidemiol 1978;7:175-182.

    Examples
    --------
    >>> risk, fraction = counted_standard_errors(np.array([30.0, 10.0]), np.array([100.0, 100.0]), 1)
    >>> round(risk, 6), round(fraction, 6)
    (0.028284, 0.127475)
    """
    everyone, all_cases = float(persons.sum()), float(cases.sum())
    unexposed, size = float(cases[reference]), float(persons[reference])
    # The cells: exposed cases, unexposed cases, unexposed without; exposed without enter nowhere but in the total.
    cells = np.array([all_cases - unexposed, unexposed, size - unexposed])
    rate = unexposed / size
    risk = np.array([1 / everyone, 1 / everyone - (1 - rate) / size, rate / size])
    fraction = np.full(3, np.nan)
    if unexposed > 0:
        ratio = rate * everyone / all_cases
        log_ratio = np.array([-1 / all_cases, 1 / unexposed - 1 / size - 1 / all_cases, -1 / size])
        fraction = ratio * log_ratio
    variances = [float(cells @ gradient**2 - (cells @ gradient) ** 2 / everyone) for gradient in (risk, fraction)]
    return float(np.sqrt(max(variances[0], 0.0))), float(np.sqrt(np.maximum(variances[1], 0.0)))


def _reference_of(groups: Subgroups) -> int:
    """The reference group; without one the best-off of an order, or the best value."""
    if groups.reference is not None:
        return groups.reference
    return len(groups.health) - 1 if groups.ordered else groups.best()


def _walter(groups: Subgroups, reference: int) -> tuple[float, float]:
    if groups.health.max() > 1:
        first = int(np.argmax(groups.health > 1))
        raise DataError(
            f"{int((groups.health > 1).sum())} groups have a proportion above 1, the first is {groups.labels[first]!r} "
            f'({groups.health[first]:g}). Walter\'s interval counts persons: give proportions, or interval="groups".'
        )
    return counted_standard_errors(groups.health * groups.sizes, groups.sizes, reference)


def _rows(groups: Subgroups, interval: str | None, level: float) -> list[dict[str, Any]]:
    reference, mean, shares = _reference_of(groups), groups.mean, groups.shares
    sign = 1.0 if groups.need_direction() else -1.0
    best = float(groups.health[reference])
    gain = sign * (best - mean)
    gradient = sign * ((np.arange(len(shares)) == reference) - shares)
    way = interval or ("groups" if groups.errors is not None else None)
    errors, note = (np.nan, np.nan), notes.NO_GROUP_INTERVALS
    if way == "walter" and mean > 0:
        errors = _walter(groups, reference)
        note = ""
    elif way == "groups" and groups.errors is not None:
        relative = gradient / mean - gain * shares / mean**2 if mean > 0 else np.full_like(shares, np.nan)
        errors = (float(np.linalg.norm(gradient * groups.errors)), float(np.linalg.norm(relative * groups.errors)))
        note = ""
    shared = groups.names | {
        "groups": len(shares),
        "mean": mean,
        "group_reference": groups.labels[reference],
        "value_reference": best,
    }
    method = f"overall level against the reference group, {INTERVALS[way] if way else 'no interval'}"
    estimates = (gain, gain / mean if mean > 0 else np.nan)
    lacking = notes.NO_EVENTS_IN_A_GROUP_WALTER if way == "walter" and np.isnan(errors[1]) else note
    notes_of = (note, lacking if mean > 0 else notes.RELATIVE_TO_ZERO)
    units = (groups.unit, "proportion")
    rows = []
    for measure, unit, estimate, error, remark in zip(("par", "paf"), units, estimates, errors, notes_of, strict=True):
        half = normal_quantile(level) * error
        limits = {"estimate": estimate, "lower": estimate - half, "upper": estimate + half}
        words = {"measure": measure, "unit": unit, "method": method, "note": remark}
        rows.append(shared | {"standard_error": error} | limits | words)
    return rows


@several_levels
def attributable_to_inequality(
    table: pd.DataFrame,
    *,
    value: str = "estimate",
    population: str | None = "population",
    position: str | None = None,
    group: str | None = None,
    reference: Any = None,
    favourable: bool | None = None,
    by: str | Sequence[str] = (),
    level: Levels = 0.95,
    interval: str | None = None,
) -> pd.DataFrame:
    """Population attributable risk and fraction: what would be gained if everybody were like the reference group.

    Parameters
    ----------
    table
        One row per group: `value` (0 or more), `population`, and when known the `standard_error` of the value, or
        `lower`, `upper` and `level`.
    value
        Column with the value of each group.
    population
        Column with the number of persons in each group; None when all count alike.
    position
        Column that orders the groups from worst-off to best-off; the best-off are then the reference.
    group, reference
        Column with the names of the groups, and the name of the reference group, which goes before `position`. With
        neither, the group with the best value is the reference.
    favourable
        Whether more is better; from the column `favourable` when not given.
    by
        Columns that define populations; none gives one.
    level
        Coverage of the interval, between 0 and 1, or several.
    interval
        ``groups``: from the standard errors of the groups, with shares as known. ``walter``: from numbers of persons,
        when `value` is a proportion of `population`. When not given: ``groups`` if the standard errors are there.

    Returns
    -------
    pandas.DataFrame
        Two rows per population, `measure` "par" and "paf": `groups`, `mean`, `group_reference`, `value_reference`,
        `standard_error` on the scale of the estimate (a fraction of 0.083 has a standard error such as 0.003, never
        percent beside proportion), and the estimate columns.

    Raises
    ------
    DataError
        When a column is missing, a value or population is impossible, or a group occurs twice.
    MethodError
        When an option is unknown or the direction is not known.

    Notes
    -----
    Interpretation: above 0 is what could be gained: for illness the overall level minus that of the reference, for a
    favourable outcome the reference minus the overall level; the fraction divides by the overall level. Below 0 the
    reference does worse than the whole. It is a comparison, not an effect: nobody was made like the reference group.

    References
    ----------
    World Health Organization. Handbook on health inequality monitoring. Geneva: WHO, 2013.
    Walter SD. The estimation and interpretation of attributable risk in health research. Biometrics 1976;32:829-849.
    Walter SD. Calculation of attributable risks from epidemiological data. Int J Epidemiol 1978;7:175-182.

    Examples
    --------
    >>> smoking = pd.DataFrame({"quintile": [1, 2], "estimate": [0.3, 0.1], "population": [100, 100]})
    >>> result = attributable_to_inequality(smoking, position="quintile", favourable=False, interval="walter")
    >>> result[["estimate", "standard_error"]].round(4).values.tolist()
    [[0.1, 0.0283], [0.5, 0.1275]]
    """
    size = one_level(level)
    if interval is not None:
        check_choice(interval, INTERVALS, option="interval")
    columns = Columns(value, population, position, group, reference, by)
    rows: list[dict[str, Any]] = []
    for groups in read_subgroups(table, columns, favourable=favourable, minimum=0):
        groups.need(2, "a comparison of groups")
        rows += _rows(groups, interval, size)
    return estimates_table(rows, size)
