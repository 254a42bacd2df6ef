"""Inverse probability weighting per group, and what it refuses."""

import numpy as np
import pandas as pd
import pytest

from analysis.errors import DataError, MethodError
from analysis.estimates import check_estimates
from analysis.measures.effects.weighting import WEIGHTING_METHODS, weighted_effect

NAMES = {"outcome": "cost", "treated": "treated", "adjust": ["sick", "age"]}


def people(seed, effect, size=600):
    random = np.random.default_rng(seed)
    sick, age = random.binomial(1, 0.4, size), random.normal(50, 10, size)
    treated = random.binomial(1, 0.3 + 0.4 * sick)
    cost = 10 + 5 * sick + 0.1 * age + effect * treated + random.normal(size=size)
    return pd.DataFrame({"sick": np.where(sick, "yes", "no"), "age": age, "treated": treated, "cost": cost})


@pytest.mark.parametrize("method", WEIGHTING_METHODS)
def test_effects_per_group_are_those_of_the_group(method):
    both = pd.concat([people(1, 2.0).assign(city="B"), people(2, -1.0).assign(city="A")], ignore_index=True)
    found = check_estimates(weighted_effect(both, **NAMES, method=method, by="city"))
    assert found["city"].tolist() == ["A", "B"]
    assert found["estimate"].tolist() == pytest.approx([-1, 2], abs=0.3)
    alone = weighted_effect(people(2, -1.0), **NAMES, method=method).loc[0]
    assert found.loc[0, "estimate"] == pytest.approx(alone["estimate"], rel=1e-9)


def test_what_a_group_lacks_is_said_with_its_name():
    both = pd.concat([people(1, 2.0).assign(city="A"), people(2, 1.0).assign(city="B", treated=1)])
    with pytest.raises(MethodError, match=r"In the group \{'city': 'B'\}: Column `treated` is 1 for everybody"):
        weighted_effect(both, **NAMES, by="city")


def test_a_treatment_that_is_neither_is_shown_with_its_row():
    table = people(1, 2.0, 20).set_axis([f"person {number}" for number in range(20)])
    table.loc["person 7", "treated"] = 3
    with pytest.raises(DataError, match=r"must be 1.*1 values are neither, the first in row person 7 \(3\)"):
        weighted_effect(table, **NAMES)


def test_covariates_that_tell_the_treatment_are_refused():
    table = people(1, 2.0)
    with pytest.raises(MethodError, match=r"tell exactly who was treated"):
        weighted_effect(table.assign(age=table["treated"] * 2.0), **NAMES)
