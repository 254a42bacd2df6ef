import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.errors import DataError, MethodError
from analysis.estimates import check_estimates
from analysis.measures.effects.e_value import e_value, e_value_of_ratio

NUMBERS = ["estimate", "lower", "upper"]


def ratios(*rows):
    return pd.DataFrame(rows, columns=NUMBERS)


@settings(deadline=None)
@given(st.floats(1, 20), st.floats(1, 3), st.sampled_from(["risk_ratio", "odds_ratio", "hazard_ratio"]))
def test_a_ratio_and_its_inverse_need_the_same_confounder(ratio, factor, kind):
    found = check_estimates(e_value(ratios((ratio, ratio / factor, ratio * factor)), kind=kind)).loc[0]
    turned = e_value(ratios((1 / ratio, 1 / (ratio * factor), factor / ratio)), kind=kind).loc[0]
    assert found[NUMBERS].tolist() == pytest.approx(turned[NUMBERS].tolist(), rel=1e-6)


@settings(deadline=None)
@given(st.floats(1, 50))
def test_bias_of_two_such_associations_is_the_ratio(ratio):
    needed = float(e_value_of_ratio(ratio))
    assert needed**2 / (2 * needed - 1) == pytest.approx(ratio)


def test_an_interval_with_one_needs_no_confounding_and_keeps_the_columns_of_the_table():
    found = e_value(ratios((1.3, 0.9, 1.8), (0.5, 0.4, 0.7)).assign(sex=["f", "m"], note=""))
    assert found["lower"].tolist()[0] == 1
    assert found["note"].tolist() == ["the interval includes 1: no confounding is needed to explain it", ""]
    assert found["sex"].tolist() == ["f", "m"]
    assert found["ratio_upper"].tolist() == [1.8, 0.7]


def test_common_outcomes_need_less():
    table = ratios((3.0, 2.0, 4.5))
    rare = e_value(table).loc[0, "estimate"]
    assert e_value(table, kind="odds_ratio").loc[0, "estimate"] == pytest.approx(float(e_value_of_ratio(3**0.5)))
    assert e_value(table, kind="hazard_ratio").loc[0, "estimate"] < rare


def test_bad_input_is_an_error():
    with pytest.raises(DataError, match=r"outside their own interval"):
        e_value(ratios((3.0, 4.0, 5.0)))
    with pytest.raises(DataError, match=r"not above zero"):
        e_value(ratios((-1.0, 0.5, 2.0)))
    with pytest.raises(MethodError, match=r"`kind`"):
        e_value(ratios((3.0, 2.0, 5.0)), kind="hr")
    with pytest.raises(DataError, match=r"2 different values"):
        e_value(ratios((3.0, 2.0, 5.0), (3.0, 2.0, 5.0)).assign(level=[0.9, 0.95]))
