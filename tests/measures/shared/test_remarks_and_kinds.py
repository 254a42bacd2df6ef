"""Remarks that must be true, and kinds of columns that must be read, across families."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from analysis.errors import DataError, MethodError
from analysis.measures import (
    concentration_index_decomposition,
    concentration_indices,
    interrupted_series,
    person_time,
    series_counterfactual,
    shapley_shares,
    suppress_imprecise,
    survey_regression,
    two_way_fixed_effects,
)
from analysis.measures.attribution.sequential_attribution import sequential_attributable_fractions
from analysis.measures.shared import notes

PEOPLE = pd.DataFrame({"x": np.arange(40.0)})
PEOPLE["y"] = PEOPLE["x"] + 3 * np.sin(PEOPLE["x"])


def test_a_regression_says_that_its_interval_has_no_width_only_where_that_is_so():
    scattered = survey_regression(PEOPLE, outcome="y", covariates="x")
    assert (scattered["upper"] > scattered["lower"]).all()
    assert scattered["note"].tolist() == ["", ""]
    line = survey_regression(PEOPLE.assign(y=3 + 2.5 * PEOPLE["x"]), outcome="y", covariates="x")
    assert line["note"].tolist() == [notes.NO_VARIATION_AROUND_LINE] * 2


def test_indices_tell_one_position_from_one_value():
    same_place = concentration_indices(PEOPLE.assign(place=1), position="place", value="y", kinds=["standard"])
    assert same_place["note"].tolist() == [notes.SAME_POSITION]
    same_value = concentration_indices(PEOPLE.assign(y=2.0), position="x", value="y", kinds=["standard"])
    assert same_value["note"].tolist() == [notes.NO_VARIATION]


@pytest.mark.parametrize("kind", [pa.date32(), pa.date64(), pa.timestamp("us")], ids=str)
def test_dates_of_arrow_are_dates(kind):
    plain = pd.DataFrame(
        {"entry": pd.to_datetime(["2001-01-01"]), "exit": pd.to_datetime(["2002-07-01"]), "event": [1]}
    )
    dates = plain.astype({"entry": pd.ArrowDtype(kind), "exit": pd.ArrowDtype(kind)})
    found = person_time(dates)
    assert found.loc[0, "person_years"] == pytest.approx(person_time(plain).loc[0, "person_years"])
    with pytest.raises(DataError, match=r"missing or infinite `exit`"):
        person_time(dates.assign(exit=pd.Series([None], dtype=pd.ArrowDtype(kind))))


def test_units_may_be_texts_of_arrow():
    rows = {"place": list("aabbccdd"), "year": [1, 2] * 4, "ill": [3.0, 2, 5, 5, 4, 1, 6, 7]}
    panel = pd.DataFrame(rows | {"treated": [0, 1, 0, 0, 0, 1, 0, 0]})
    options = {"outcome": "ill", "treated": "treated", "unit": "place", "time": "year"}
    arrow = panel.astype({"place": pd.ArrowDtype(pa.string())})
    pd.testing.assert_frame_equal(two_way_fixed_effects(arrow, **options), two_way_fixed_effects(panel, **options))


def test_imprecise_estimates_are_hidden_also_when_remarks_are_categories():
    results = pd.DataFrame({"estimate": [70.0, 80], "lower": [60.0, 79], "upper": [80.0, 81], "note": ["", None]})
    hidden = suppress_imprecise(results.astype({"note": "category"}), maximum_width=5)
    assert hidden["note"].tolist() == [notes.WIDE_INTERVAL, ""]
    assert hidden["estimate"].isna().tolist() == [True, False]


def test_the_order_of_persons_does_not_change_bootstrapped_limits():
    random = np.random.default_rng(1)
    people = pd.DataFrame({"a": random.integers(0, 2, 60), "b": random.normal(size=60)})
    people["y"] = people["a"] + people["b"] + random.normal(size=60)
    people["ill"] = (people["y"] > 0.5).astype(int)
    estimators = (
        lambda table: shapley_shares(table, outcome="y", regressors=["a", "b"], draws=50),
        lambda table: concentration_index_decomposition(
            table.assign(y=table["y"] + 9), outcome="y", regressors=["a", "b"], rank="b", draws=50
        ),
        lambda table: sequential_attributable_fractions(table, outcome="ill", exposures={"a": 0}, adjust="b", draws=50),
    )
    for estimator in estimators:
        one, other = estimator(people), estimator(people.iloc[::-1])
        np.testing.assert_allclose(one[["lower", "upper"]], other[["lower", "upper"]], rtol=1e-7, atol=1e-9)


def test_a_series_may_change_in_level_alone():
    series = pd.DataFrame({"month": range(8), "visits": [1.0, 2, 3, 4, 9, 10, 11, 12]})
    options = {"outcome": "visits", "time": "month", "start": 4, "slope": False}
    found = interrupted_series(series, **options)
    assert found["measure"].tolist() == ["level_before", "slope_before", "level_change"]
    assert found["estimate"].tolist() == pytest.approx([5, 1, 4])
    assert series_counterfactual(series, **options)["estimate"].tolist() == pytest.approx(range(1, 9))
    with pytest.raises(MethodError, match=r"`slope` is 'no'; it must be True or False"):
        interrupted_series(series, **(options | {"slope": "no"}))
