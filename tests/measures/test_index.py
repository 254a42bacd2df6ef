"""Every estimator is found by its name."""

import importlib
import inspect
import pkgutil

import pandas as pd
import pytest

from analysis import measures
from analysis.errors import did_you_mean


@pytest.mark.parametrize("name", sorted(measures.ESTIMATORS))
def test_an_estimator_can_be_taken_by_its_name_and_is_documented(name):
    found = getattr(measures, name)
    assert found.__module__ == f"analysis.measures.{measures.ESTIMATORS[name]}"
    assert inspect.getdoc(found)


def test_no_estimator_is_missing_from_the_index():
    missing = []
    helpers = {"estimates_table", "two_list_rows"}
    for module in pkgutil.walk_packages(measures.__path__, "analysis.measures."):
        for name, thing in vars(importlib.import_module(module.name)).items():
            if not inspect.isfunction(thing) or thing.__module__ != module.name or name.startswith("_"):
                continue
            options = inspect.signature(thing).parameters
            returns = inspect.signature(thing).return_annotation
            if (
                returns in (pd.DataFrame, "pd.DataFrame")
                and "level" in options
                and name not in {*measures.ESTIMATORS, *helpers}
            ):
                missing.append(f"{module.name}.{name}")
    assert missing == []


def test_names_show_up_for_completion_and_unknown_ones_are_refused():
    assert set(measures.ESTIMATORS) <= set(dir(measures))
    assert did_you_mean("life_expectency", measures.ESTIMATORS).startswith("Did you mean 'life_expectancy'")
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = measures.nothing
