import math

import pandas as pd
import pytest

from analysis.errors import DataError, MethodError
from analysis.estimates import check_estimates
from analysis.measures.effects.association import interaction

NAMES = {"outcome": "linked", "group": "arm", "exposed": "new", "modifier": "home", "modified": "no"}


def individuals(cells):
    """Rows for (arm, home): (events, persons)."""
    rows = [
        {"arm": arm, "home": home, "linked": int(number < events)}
        for (arm, home), (events, persons) in cells.items()
        for number in range(persons)
    ]
    return pd.DataFrame(rows)


CELLS = {("new", "no"): (59, 97), ("usual", "no"): (22, 104), ("new", "yes"): (69, 125), ("usual", "yes"): (13, 105)}


def test_interaction_is_the_difference_of_the_log_odds_ratios_with_the_sum_of_their_variances():
    result = check_estimates(interaction(individuals(CELLS), **NAMES)).loc[0]
    modified, others = (59 / 38) / (22 / 82), (69 / 56) / (13 / 92)
    error = math.sqrt(sum(1 / count for count in (59, 38, 22, 82, 69, 56, 13, 92)))
    assert result["estimate"] == pytest.approx(math.log(modified / others))
    assert result["upper"] - result["lower"] == pytest.approx(2 * 1.959964 * error, rel=1e-5)
    assert (result["odds_ratio_modified"], result["odds_ratio_others"]) == pytest.approx((modified, others))


def test_exchanging_exposure_or_modifier_changes_the_sign_only():
    table = individuals(CELLS)
    one = interaction(table, **NAMES).loc[0]
    for change in ({"exposed": "usual"}, {"modified": "yes"}):
        other = interaction(table, **NAMES | change).loc[0]
        assert other["estimate"] == pytest.approx(-one["estimate"])
        assert other["p_value"] == pytest.approx(one["p_value"])


def test_an_empty_cell_is_an_error_with_a_remedy():
    table = individuals(CELLS | {("usual", "yes"): (0, 105)})
    with pytest.raises(MethodError, match=r"no persons, no events or only events.*risk_difference"):
        interaction(table, **NAMES)


def test_three_groups_and_missing_or_uncoded_outcomes_are_errors():
    table = individuals(CELLS)
    with pytest.raises(MethodError, match=r"`arm` has 3 different values"):
        interaction(pd.concat([table, table.head(1).assign(arm="third")]), **NAMES)
    with pytest.raises(DataError, match=r"1 missing values"):
        interaction(pd.concat([table, table.head(1).assign(linked=None)]), **NAMES)
    with pytest.raises(DataError, match=r"must be 1"):
        interaction(table.assign(linked=0.5), **NAMES)
    with pytest.raises(DataError, match=r"Did you mean 'new'"):
        interaction(table, **NAMES | {"exposed": "neww"})


def test_an_interaction_per_group_is_that_of_the_group():
    turned = {(arm, "yes" if home == "no" else "no"): counts for (arm, home), counts in CELLS.items()}
    both = pd.concat([individuals(turned).assign(city="A"), individuals(CELLS).assign(city="B")])
    found = interaction(both, **NAMES, by="city")
    assert found["city"].tolist() == ["A", "B"]
    assert found.loc[1, "estimate"] == interaction(individuals(CELLS), **NAMES).loc[0, "estimate"]
    assert found.loc[0, "estimate"] == pytest.approx(-found.loc[1, "estimate"])
