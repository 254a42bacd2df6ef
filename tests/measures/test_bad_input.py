"""Every estimator on data that cannot be right: an answer with its note, or an error that says what and where."""

import inspect
import re
import runpy
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis import measures
from analysis.errors import AnalysisError, DataError, MethodError

VALID = runpy.run_path(str(Path(__file__).with_name("valid_calls.py")))
CALLS, ON_ARRAYS = VALID["CALLS"], VALID["ON_ARRAYS"]
NUMBERS = [(name, column) for name, call in CALLS.items() for column in call.numbers]
NAMES = [(name, column) for name, call in CALLS.items() for column in call.names]
ALL = sorted(CALLS)
LIMITS = ["estimate", "lower", "upper"]


def run(name: str, *tables: pd.DataFrame, **options: Any) -> Any:
    """The estimator with warnings as errors; whatever happens, the tables stay as they were."""
    before = [table.copy(deep=True) for table in tables]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return getattr(measures, name)(*tables, **{**CALLS[name].options, **options})
    finally:
        for table, copy in zip(tables, before, strict=True):
            pd.testing.assert_frame_equal(table, copy)


def answer(name: str, *tables: pd.DataFrame, **options: Any) -> pd.DataFrame | AnalysisError:
    """A table in which every gap has its note, or an error that can be acted upon."""
    try:
        result = run(name, *tables, **options)
    except (DataError, MethodError) as problem:
        return problem
    if isinstance(result, pd.DataFrame) and {*LIMITS, "note"} <= {*result.columns}:
        silent = ~np.isfinite(result[LIMITS].astype(float)).all(axis=1) & (result["note"].fillna("") == "")
        assert not silent.any(), result[silent].iloc[0].to_dict()
    return result


def with_column(name: str, column: str, change: Callable[[pd.Series], Any]) -> list[pd.DataFrame]:
    """The tables of the valid call with one column changed wherever it occurs."""
    return [
        table.assign(**{column: change(table[column])}) if column in table else table for table in CALLS[name].tables
    ]


def first(value: Any, dtype: Any = object) -> Callable[[pd.Series], pd.Series]:
    """Put a value in the first row."""
    return lambda column: pd.Series([value, *column.iloc[1:]], index=column.index, dtype=dtype)


def in_last_two_rows(value: Any, dtype: Any = object) -> Callable[[pd.Series], pd.Series]:
    """Put a value in the last two rows."""
    return lambda column: pd.Series([*column.iloc[:-2], value, value], index=column.index, dtype=dtype)


def labelled(tables: Iterable[pd.DataFrame]) -> list[pd.DataFrame]:
    """Tables whose rows are called 100, 101 and so on, so that a label cannot pass for a position."""
    return [table.set_axis(range(100, 100 + len(table))) for table in tables]


def refused(name: str, column: str, value: Any, dtype: Any) -> str:
    """Message about a value in the last two rows of a column, which must name column, count and first row."""
    tables = labelled(with_column(name, column, in_last_two_rows(value, dtype)))
    with pytest.raises(DataError) as caught:
        run(name, *tables)
    message = str(caught.value)
    rows = "|".join(str(table.index[-2]) for table in tables if column in table)
    assert f"`{column}`" in message, message
    assert re.search(rf"\b2\b.*\bthe first (is|in) row ({rows})\b", message), message
    return message


def same(one: Any, other: Any, tolerance: float = 1e-9) -> None:
    """Two results have the same numbers."""
    assert isinstance(other, type(one)), other
    if isinstance(one, pd.DataFrame):
        shared = [column for column in [*LIMITS, "person_years"] if column in one]
        np.testing.assert_allclose(other[shared].astype(float), one[shared].astype(float), rtol=tolerance, atol=1e-6)


IMPOSSIBLE: dict[str, tuple[Any, Any, str]] = {
    "missing": (np.nan, float, "missing"),
    "None": (None, object, "missing"),
    "NA": (pd.NA, object, "missing"),
    "infinite": (np.inf, float, "infinite"),
    "minus infinite": (-np.inf, float, "infinite"),
    "text": ("five", object, "texts where numbers"),
    "a list": ([1], object, "values where numbers"),
    "complex": (1j, object, "values where numbers"),
    "too large": (1e49, float, "too large"),
    "far too large": (1e300, float, "too large"),
    "too small": (1e-300, float, "too close to zero"),
}
"""The value, the kind of column it is in, and what the message calls it; an event is "neither 0 nor 1"."""
EXTREMES = (1e-29, 1e-15, 1e8, 1e15, 1e29, -1e29)
ANY_SIGN = {
    *("age", "school", "dose", "place", "poor", "ill", "treated", "winter"),  # covariates, positions, outcomes
    *("value", "outcome", "effect", "mean", "visits"),
    *("time", "month", "birth", "entry", "exit"),  # moments
    *LIMITS,
}
"""Columns that may hold negative numbers, or for which 0 and 1 is the rule and its message another one."""
EDGES = {
    "negative": first(-1.0, float),
    "above one": first(1.5, float),
    "one zero": first(0.0, float),
    "all zero": lambda column: column * 0,
    "all one": lambda column: column * 0 + 1,
    "all the same": lambda column: column * 0 + column.median(),
    "all missing": lambda column: column * np.nan,
    "sum of zero": lambda column: np.where(np.arange(len(column)) % 2 == 0, 1.0, -1.0),
}
DTYPES = {
    "object": lambda column: column.astype(object),
    "nullable": lambda column: column.convert_dtypes(),
    "float32": lambda column: column.astype("float32"),
}


@pytest.mark.parametrize("kind", IMPOSSIBLE)
@pytest.mark.parametrize(("name", "column"), NUMBERS)
def test_values_that_are_no_numbers_are_refused(name, column, kind):
    value, dtype, problem = IMPOSSIBLE[kind]
    assert re.search(f"{problem}|neither 0 nor 1", refused(name, column, value, dtype))


@pytest.mark.parametrize(("name", "column"), [(name, column) for name, column in NUMBERS if column not in ANY_SIGN])
def test_negative_values_are_refused(name, column):
    assert re.search("below zero|not above zero|neither 0 nor 1", refused(name, column, -1.0, float))


@pytest.mark.parametrize(("name", "column"), NUMBERS)
def test_extreme_values_give_a_noted_answer_or_an_error(name, column):
    for value in EXTREMES:
        answer(name, *with_column(name, column, first(value, float)))
        answer(name, *with_column(name, column, lambda numbers, value=value: numbers * 0 + value))


@pytest.mark.parametrize(("name", "column"), NUMBERS)
def test_values_at_the_edge_give_a_noted_answer_or_an_error(name, column):
    for change in EDGES.values():
        answer(name, *with_column(name, column, change))


@pytest.mark.parametrize(("name", "column"), NUMBERS)
def test_the_kind_of_number_changes_nothing(name, column):
    valid = run(name, *CALLS[name].tables)
    for kind, change in DTYPES.items():
        same(valid, answer(name, *with_column(name, column, change)), 2e-3 if kind == "float32" else 1e-9)


@pytest.mark.parametrize(("name", "column"), NUMBERS + NAMES)
def test_a_column_that_is_not_there_is_named(name, column):
    tables = [table.drop(columns=column, errors="ignore") for table in CALLS[name].tables]
    if column in CALLS[name].optional:
        without = answer(name, *tables)
        if not without[["lower", "upper"]].isna().all(axis=None):
            same(run(name, *CALLS[name].tables), without, 1e-6)
        return
    with pytest.raises(DataError, match=rf"Column `{column}` is missing from "):
        run(name, *tables)


@pytest.mark.parametrize(("name", "column"), NAMES)
def test_names_may_be_categories_and_missing_names_are_kept_or_refused(name, column):
    valid = run(name, *CALLS[name].tables)
    spare = with_column(name, column, lambda names: pd.Categorical(names, [*sorted(names.unique()), "spare"]))
    same(valid, answer(name, *spare))
    for change in (first(None), first("lonely"), lambda names: names.where(names != names.iloc[0], np.nan)):
        result = answer(name, *with_column(name, column, change))
        if isinstance(result, pd.DataFrame) and column in result and column in (CALLS[name].options.get("by"), "area"):
            changed = with_column(name, column, change)[0]
            assert set(result[column].fillna("?")) == set(changed[column].fillna("?"))


@pytest.mark.parametrize("name", ALL)
def test_the_rows_of_the_table_may_be_few_twice_in_another_order_or_with_other_labels(name):
    tables = CALLS[name].tables
    valid = run(name, *tables)
    for place, table in enumerate(tables):
        changed = [table.head(rows) for rows in range(4)] + [pd.concat([table, table]), table.iloc[::-1]]
        for one in [*changed, pd.DataFrame()]:
            answer(name, *tables[:place], one, *tables[place + 1 :])
        with pytest.raises((DataError, MethodError)):
            run(name, *tables[:place], table.head(0), *tables[place + 1 :])
        labelled = table.set_axis([f"row {row}" for row in range(len(table))])
        same(valid, answer(name, *tables[:place], labelled, *tables[place + 1 :]))


@pytest.mark.parametrize("name", [name for name in ALL if "age_from" in CALLS[name].numbers])
def test_bands_that_overlap_leave_a_gap_or_end_before_they_begin_are_refused(name):
    table, *rest = CALLS[name].tables
    if "age_to" in table:
        # Person-time need not join up: rows of some ages only, or of parts of a year, are as good.
        joins = [(0.5, "overlap"), (-0.5, "leave a gap")] if name != "expected_deaths" else []
        for shift, problem in (*joins, (-200, "ends before it begins|below zero")):
            with pytest.raises(DataError, match=problem):
                run(name, table.assign(age_to=table["age_to"] + shift), *rest)
        with pytest.raises(DataError):
            run(name, table.assign(age_to="old"), *rest)


@pytest.mark.parametrize(
    "name", [name for name in ALL if "level" in inspect.signature(getattr(measures, name)).parameters]
)
def test_a_level_lies_between_zero_and_one_and_may_be_several(name):
    tables = CALLS[name].tables
    for level in (0, 1, 1e-17, 1 - 1e-16, 95, -0.5, np.nan, None, "0.95", [], True):
        with pytest.raises(MethodError):
            run(name, *tables, level=level)
    if not name.startswith("audit_"):
        assert set(run(name, *tables, level=(0.9, 0.95))["level"]) == {0.9, 0.95}


@pytest.mark.parametrize(("name", "option"), [(name, option) for name in ALL for option in CALLS[name].choices])
def test_a_choice_that_does_not_exist_is_refused(name, option):
    for choice in ("nonsense", "", ["x"]):
        with pytest.raises((DataError, MethodError)):
            run(name, *CALLS[name].tables, **{option: choice})


@pytest.mark.parametrize(("name", "option"), [(name, option) for name in ON_ARRAYS for option in ON_ARRAYS[name]])
@pytest.mark.parametrize("bad", [np.nan, np.inf, "x", None], ids=str)
def test_kernels_on_arrays_refuse_what_is_no_number(name, option, bad):
    valid = ON_ARRAYS[name]
    values = [bad, *valid[option][1:]] if isinstance(valid[option], list) else bad
    with pytest.raises((DataError, MethodError)):
        getattr(measures, name)(**{**valid, option: values})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda panel: panel.assign(time=panel["time"] - 10), r"`time` ends at -6, and column `first_treated` begins"),
        (lambda panel: panel.assign(first_treated="2019?"), r"`first_treated` of the table has 32 texts"),
        (
            lambda panel: panel.assign(time=panel["time"] - 2, first_treated=panel["first_treated"] - 3),
            r"`first_treated` is 0 in 12 rows, the first in row 0, while `time` runs from -1",
        ),
        (lambda panel: panel.assign(first_treated=np.nan), r"No group has both"),
    ],
)
def test_periods_that_do_not_fit_the_start_of_treatment_are_refused(change, message):
    with pytest.raises((DataError, MethodError), match=message):
        run("group_time_effects", change(CALLS["group_time_effects"].tables[0]))


def test_periods_below_zero_count_like_others_and_units_always_treated_are_left_out_with_a_note():
    panel = CALLS["group_time_effects"].tables[0]
    valid = run("group_time_effects", panel)
    same(
        valid, run("group_time_effects", panel.assign(time=panel["time"] - 9, first_treated=panel["first_treated"] - 9))
    )
    always = panel[panel["unit"] == "a"].assign(unit="z", first_treated=1)
    result = run("group_time_effects", pd.concat([panel, always], ignore_index=True))
    assert result["estimate"].tolist() == pytest.approx(valid["estimate"].tolist())
    assert "treated from the first period on are left out" in result.loc[0, "note"]


@pytest.mark.parametrize(
    "name", [name for name in ALL if "at" in inspect.signature(getattr(measures, name)).parameters]
)
def test_an_age_to_count_from_or_to_that_is_no_number_is_refused(name):
    options = inspect.signature(getattr(measures, name)).parameters
    for option, bad in [("at", None), ("at", "65"), ("at", np.nan), ("at", 65.5), ("until", "x"), ("until", np.nan)]:
        if option in options:
            with pytest.raises(MethodError, match=rf"`?{option}\b|No age band begins at 65\.5"):
                run(name, *CALLS[name].tables, **{option: bad})


@pytest.mark.parametrize(
    "name", [name for name in ALL if "ax" in inspect.signature(getattr(measures, name)).parameters]
)
def test_years_lived_by_the_dying_are_a_rule_that_exists_or_one_number_per_band(name):
    for bad in ((), (0.5,), None, "half"):
        with pytest.raises((DataError, MethodError), match="`ax`"):
            run(name, *CALLS[name].tables, ax=bad)


@pytest.mark.parametrize("name", ["expected_deaths", "relative_survival"])
def test_bounds_of_a_rate_table_that_are_no_numbers_are_refused(name):
    table, rates = CALLS[name].tables
    bounded = rates.assign(age_to=rates["age_from"] + 1.0)
    same(run(name, table, rates), run(name, table, bounded))
    same(run(name, table, rates), run(name, table, bounded.replace({"age_to": {110.0: np.inf}})))
    same(run(name, table, rates), run(name, table, bounded.replace({"age_to": {110.0: np.nan}})))
    for bad, problem in (("old", "220 texts"), ([1], "220 values where numbers"), (-5.0, "220 values below zero")):
        with pytest.raises(DataError, match=rf"`age_to` of the rate table has {problem}.* in row 0"):
            run(name, table, bounded.assign(age_to=[bad] * len(bounded)))
    with pytest.raises(DataError, match=r"`rate` of the rate table has 220 values above 100, the first in row 0"):
        run(name, table, rates.assign(rate=rates["rate"] * 0 + 1e5))


def total_reported(name: str, column: str, result: pd.DataFrame) -> float:
    """Sum of a count over the rows that tell different groups apart, both sides of a comparison together."""
    rows = result
    for key in ("measure", "level"):  # the count is the same beside every measure and level
        rows = rows[rows[key] == rows[key].iloc[0]] if key in rows else rows
    if len(rows) != len(CALLS[name].tables[0]):
        keys = [key for key in (CALLS[name].options.get("by"), "cause", "time") if key in rows]
        rows = rows.drop_duplicates(keys) if keys else rows.head(1)
    sides = [f"{column}_exposed", column, f"{column}_reference"]
    return float(rows[[side for side in sides if side in rows]].to_numpy(dtype=float).sum())


@pytest.mark.parametrize(
    ("name", "column"), [(name, column) for name in VALID["TOTALS"] for column in VALID["TOTALS"][name]]
)
def test_no_row_is_dropped_in_silence(name, column):
    source = VALID["TOTALS"][name][column]
    tables = CALLS[name].tables
    by = CALLS[name].options.get("by")
    nameless = with_column(name, by, lambda names: names.mask(names == names.iloc[0])) if by else tables
    for changed in (tables, nameless):
        result = answer(name, *changed)
        if changed is nameless and isinstance(result, AnalysisError):
            assert f"`{by}`" in str(result)
            continue
        given = len(tables[0]) if source is None else float(tables[0][source].sum())
        assert total_reported(name, column, result) == pytest.approx(given)


def by_name_of_result(name: str) -> Iterable[tuple[str, list[pd.DataFrame]]]:
    """Names of the columns of a result, and the tables twice over with two groups in a column of that name."""
    result, by = run(name, *CALLS[name].tables), CALLS[name].options.get("by", "sex")
    for taken in [column for column in getattr(result, "columns", ()) if column != by]:
        tables = []
        for table in CALLS[name].tables:
            one = table[table[by] == table[by].iloc[0]].drop(columns=by) if by in table else table
            split = not tables or by in table
            tables.append(pd.concat([one.assign(**{taken: label}) for label in ("low", "high")]) if split else table)
        yield taken, [table.reset_index(drop=True) for table in tables]


@pytest.mark.parametrize(
    "name", [name for name in ALL if "by" in inspect.signature(getattr(measures, name)).parameters]
)
def test_a_group_column_with_the_name_of_a_result_is_refused_or_kept(name):
    for taken, tables in by_name_of_result(name):
        found = answer(name, *tables, by=taken)
        if isinstance(found, pd.DataFrame):
            assert set(found[taken]) == {"low", "high"}, taken
        elif taken not in CALLS[name].tables[0]:
            assert taken in str(found), found


def test_every_estimator_reports_a_total_or_is_known_to_have_none():
    assert set(CALLS) == {*VALID["TOTALS"], *VALID["WITHOUT_TOTALS"]}


def test_every_estimator_is_in_the_sweep():
    assert set(measures.ESTIMATORS) == {*CALLS, *ON_ARRAYS, *VALID["WITHOUT_DATA"]}
