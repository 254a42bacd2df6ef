"""Every estimator on data that cannot be right: an answer with its note, or an error that says what and where."""

import inspect
import runpy
import warnings
from collections.abc import Callable
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
        silent = result[LIMITS].isna().any(axis=1) & (result["note"].fillna("") == "")
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


def same(one: Any, other: Any, tolerance: float = 1e-9) -> None:
    """Two results have the same numbers."""
    assert isinstance(other, type(one)), other
    if isinstance(one, pd.DataFrame):
        shared = [column for column in [*LIMITS, "person_years"] if column in one]
        np.testing.assert_allclose(other[shared].astype(float), one[shared].astype(float), rtol=tolerance, atol=1e-6)


IMPOSSIBLE = {
    "missing": first(np.nan, float),
    "None": first(None),
    "NA": first(pd.NA),
    "infinite": first(np.inf, float),
    "text": first("five"),
    "a list": first([1]),
    "complex": first(1j),
}
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


@pytest.mark.parametrize(("name", "column"), NUMBERS)
def test_values_that_are_no_numbers_are_refused(name, column):
    for change in IMPOSSIBLE.values():
        assert answer(name, *with_column(name, column, change)) is not None


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
    answer(name, *(table.drop(columns=column, errors="ignore") for table in CALLS[name].tables))


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
        for shift in (5, -0.5, -200):
            answer(name, table.assign(age_to=table["age_to"] + shift), *rest)
        with pytest.raises(DataError):
            run(name, table.assign(age_to="old"), *rest)


@pytest.mark.parametrize(
    "name", [name for name in ALL if "level" in inspect.signature(getattr(measures, name)).parameters]
)
def test_a_level_lies_between_zero_and_one_and_may_be_several(name):
    tables = CALLS[name].tables
    for level in (0, 1, 95, -0.5, np.nan, None, "0.95", [], True):
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


def test_every_estimator_is_in_the_sweep():
    assert set(measures.ESTIMATORS) == {*CALLS, *ON_ARRAYS, *VALID["WITHOUT_DATA"]}
