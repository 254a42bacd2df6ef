import numpy as np
import pandas as pd
import pytest

from analysis.errors import MethodError
from analysis.measures.rates.crude import crude_rate, poisson_interval
from analysis.measures.rates.weighted_poisson import weighted_poisson_interval, weighted_sum
from analysis.measures.shared import notes
from analysis.measures.shared.checks import normal_quantile
from analysis.measures.shared.levels import HIGHEST_LEVEL, LOWEST_LEVEL, one_level, several_levels
from analysis.measures.shared.ratios import log_interval

NO_LEVELS = [0, 1, 1e-17, 1 - 1e-16, -0.5, 95, np.nan, np.inf, None, "0.95", True, 0.95j, (), (0.9, None), pd.NA]
TABLE = pd.DataFrame({"deaths": [12], "person_years": [300.0]})


@pytest.mark.parametrize("level", NO_LEVELS, ids=str)
def test_what_is_no_level_is_an_error(level):
    with pytest.raises(MethodError, match=r"level"):
        crude_rate(TABLE, level=level)
    for kernel in (
        one_level,
        normal_quantile,
        lambda level: poisson_interval(3, level),
        lambda level: weighted_poisson_interval(weighted_sum(np.ones((1, 1)), np.ones((1, 1))), level),
        lambda level: log_interval(2.0, 0.1, level),
    ):
        with pytest.raises(MethodError, match=r"level"):
            kernel(level)


@pytest.mark.parametrize("level", [LOWEST_LEVEL, 0.5, HIGHEST_LEVEL, np.float32(0.95), np.float64(0.95)], ids=str)
def test_every_level_that_is_let_through_has_an_interval_with_a_width_and_an_end(level):
    result = crude_rate(TABLE, level=level).loc[0]
    assert 0 < result["lower"] < result["upper"] < np.inf
    assert 0 < normal_quantile(level) < np.inf


def test_an_infinite_limit_has_a_note_and_a_note_that_is_there_stays():
    @several_levels
    def estimator(*, level):
        rows = {"estimate": 1.0, "lower": [0, 0, 0.5], "upper": [np.inf, np.inf, 2], "level": level}
        return pd.DataFrame(rows | {"note": ["", "no events", ""]})

    assert estimator(level=0.9)["note"].tolist() == [notes.UNBOUNDED, "no events", ""]
    assert estimator(level=(0.9, 0.95))["note"].tolist() == [notes.UNBOUNDED, "no events", ""] * 2
