"""The overview: what it takes from the finished reports."""

import pandas as pd
import pytest

from analysis.errors import DataError
from analysis.studies.homelessness import overview


def verdict(claim, judgement):
    return {"claim": claim, "says": f"Says {claim}", "quoted": "", "here": "", "verdict": judgement, "because": "x"}


@pytest.fixture
def found():
    return {"a": [verdict("one", "not_testable"), verdict("two", "corrected")], "b": [verdict("three", "reproduced")]}


def test_the_firmest_verdicts_come_first_and_none_is_lost(found):
    table = overview.verdicts(found)
    assert table["claim"].tolist() == ["three", "two", "one"]
    assert table["topic"].tolist() == ["b", "a", "a"]


def test_claims_are_counted_once_each(found):
    table = overview.verdicts(found | {"c": [verdict("four", "contradicted"), verdict("five", "consistent")]})
    assert overview.counts(table) == {"claims": 5, "supported": 2, "revised": 2, "open": 1}


def test_without_any_verdict_it_says_what_to_build():
    with pytest.raises(DataError, match="None of the reports has a verdict"):
        overview.verdicts({"a": []})


def test_the_figure_shows_a_prediction_interval_where_a_next_cohort_is_meant():
    row = {"estimate": 4.0, "lower": 3.0, "upper": 5.0, "level": 0.95}
    ratios = pd.DataFrame([{"sex": sex, **row} for sex in ("female", "male", "total")])
    pools = pd.DataFrame(
        [{"pool": pool, "prediction_lower": 2.0, "prediction_upper": 9.0, **row} for pool in ("men", "all mixed")]
    )
    drawn = overview.ratio_rows(ratios, pools, pd.DataFrame([row])).set_index("group")
    assert drawn.index.tolist() == ["female", "male", "elsewhere", "after"]
    assert drawn.loc["elsewhere", ["lower", "upper"]].tolist() == [2.0, 9.0]
    assert drawn["kind"].tolist() == ["estimate", "estimate", "scenario", "estimate"]


def test_links_are_written_as_markdown():
    assert overview.reading_list([("../x", "deaths"), ("../y", "care")]) == "[deaths](../x), [care](../y)"
