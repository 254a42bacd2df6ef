"""Claims and the verdicts on them."""

import pytest

from analysis.claims import load_claims, verdict_on_direction, verdict_on_value
from analysis.errors import DataError

ROW = {"estimate": 3.53, "lower": 3.13, "upper": 3.98}


@pytest.mark.parametrize("study", ["homelessness", "determinants", "interventions"])
def test_every_claim_has_both_languages_and_a_place(study):
    claims = load_claims(study)
    assert claims
    for claim in claims.values():
        assert claim.says["nl"]
        assert claim.says["en"]
        assert claim.source["place"]


@pytest.mark.parametrize(("quoted", "verdict"), [(3.5, "reproduced"), (3.9, "consistent"), (4.5, "contradicted")])
def test_a_quoted_number_is_compared_with_the_estimate_and_its_interval(quoted, verdict):
    assert verdict_on_value(ROW, quoted, 1) == verdict


@pytest.mark.parametrize(
    ("lower", "estimate", "upper", "verdict"),
    [
        (1.2, 1.7, 2.4, "reproduced"),
        (0.9, 1.2, 1.6, "consistent"),
        (0.6, 0.9, 1.2, "not_testable"),
        (0.5, 0.6, 0.7, "contradicted"),
    ],
)
def test_a_direction_is_judged_by_the_whole_interval(lower, estimate, upper, verdict):
    assert verdict_on_direction({"estimate": estimate, "lower": lower, "upper": upper}, 1) == verdict


def test_an_unknown_study_names_the_nearest():
    with pytest.raises(DataError, match="Did you mean 'homelessness'"):
        load_claims("homelesness")
