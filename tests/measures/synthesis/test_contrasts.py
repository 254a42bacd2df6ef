"""Differences and means of independent estimates."""

import numpy as np
import pandas as pd
import pytest

from analysis.errors import DataError
from analysis.measures.synthesis.contrasts import difference_of_estimates, mean_of_estimates, standard_error_of_interval

Z = 1.959963984540054


def two(first=(10.0, 1.0), second=(7.0, 2.0)):
    rows = [
        (name, value, value - Z * error, value + Z * error)
        for name, (value, error) in zip("ab", (first, second), strict=True)
    ]
    return pd.DataFrame(rows, columns=["group", "estimate", "lower", "upper"]).assign(unit="years")


def test_the_standard_error_comes_back_from_its_interval():
    assert standard_error_of_interval(10 - Z * 1.5, 10 + Z * 1.5) == pytest.approx(1.5)


def test_variances_add_up_in_a_difference():
    row = difference_of_estimates(two(), group="group", first="a", second="b").iloc[0]
    assert row["estimate"] == pytest.approx(3)
    assert row["upper"] - row["estimate"] == pytest.approx(Z * np.sqrt(5))
    assert row["unit"] == "years"


def test_the_difference_turns_its_sign_with_the_order():
    there = difference_of_estimates(two(), group="group", first="a", second="b").iloc[0]
    back = difference_of_estimates(two(), group="group", first="b", second="a").iloc[0]
    assert (there["lower"], there["p_value"]) == pytest.approx((-back["upper"], back["p_value"]))


def test_altman_and_bland_2003_example():
    # Altman & Bland, BMJ 2003;326:219: log risk ratios -0.248 (0.1156) and -0.163 (0.1196): z = -0.51, P = 0.61... two
    # groups of wheeze trials; standard errors as printed there.
    table = two((-0.248, 0.1156), (-0.163, 0.1196))
    row = difference_of_estimates(table, group="group", first="a", second="b").iloc[0]
    assert row["estimate"] == pytest.approx(-0.085, abs=5e-4)
    assert row["p_value"] == pytest.approx(0.61, abs=0.005)


def test_strata_are_matched_by_value_not_by_position():
    table = pd.concat([two().assign(sex="male"), two((1, 1), (5, 1)).assign(sex="female")]).iloc[[0, 3, 2, 1]]
    result = difference_of_estimates(table, group="group", first="a", second="b", by="sex")
    assert dict(zip(result["sex"], result["estimate"], strict=True)) == pytest.approx({"male": 3, "female": -4})


def test_the_mean_counts_every_group_once():
    row = mean_of_estimates(two()).iloc[0]
    assert row["estimate"] == pytest.approx(8.5)
    assert row["upper"] - row["estimate"] == pytest.approx(Z * np.sqrt(5) / 2)
    assert row["estimates"] == 2


def test_a_missing_group_is_said():
    with pytest.raises(DataError):
        difference_of_estimates(two(), group="group", first="a", second="c")


def test_text_in_a_number_column_is_refused():
    with pytest.raises(DataError, match="estimate"):
        mean_of_estimates(two().assign(estimate=["x", "y"]))
