import numpy as np
import pandas as pd
import pytest

from analysis.errors import DataError, MethodError
from analysis.measures.surveys.design import SurveyDesign

ROWS = pd.DataFrame(
    {
        "w": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
        "s": ["a", "a", "a", "b", "b", "b"],
        "c": [1, 1, 2, 1, 2, 2],
        "n": [4, 4, 4, 10, 10, 10],
    }
)


def test_a_cluster_name_in_two_strata_means_two_clusters():
    sample = SurveyDesign(strata="s", clusters="c").sample(ROWS)
    assert len(sample.strata) == 4
    assert sample.degrees_of_freedom() == 2


def test_without_columns_every_row_is_its_own_cluster():
    sample = SurveyDesign().sample(ROWS)
    assert sample.weights.tolist() == [1.0] * 6
    assert sample.degrees_of_freedom() == 5


def test_covariance_of_a_total_is_that_of_the_textbook():
    values = np.arange(6.0)
    assert SurveyDesign().sample(ROWS).covariance(values)[0, 0] == pytest.approx(6 * values.var(ddof=1))


def test_a_domain_counts_the_others_as_zero():
    values = np.array([1.0, 5.0, 2.0])
    sample = SurveyDesign(strata="s", clusters="c").sample(ROWS)
    rows = np.array([0, 2, 4])
    padded = np.zeros(6)
    padded[rows] = values
    np.testing.assert_allclose(sample.covariance(values, rows), sample.covariance(padded))
    alone = SurveyDesign(strata="s").sample(ROWS)
    np.testing.assert_allclose(alone.covariance(values, rows), alone.covariance(padded))


def test_a_census_has_no_sampling_variance():
    full = ROWS.assign(n=[2, 2, 2, 2, 2, 2])
    sample = SurveyDesign(strata="s", clusters="c", fpc="n").sample(full)
    assert sample.covariance(np.arange(6.0))[0, 0] == 0


def test_fpc_may_be_a_fraction():
    counts = SurveyDesign(strata="s", clusters="c", fpc="n").sample(ROWS)
    fractions = SurveyDesign(strata="s", clusters="c", fpc="n").sample(ROWS.assign(n=2 / ROWS["n"]))
    np.testing.assert_allclose(counts.not_sampled, fractions.not_sampled)


def test_order_of_rows_does_not_matter_for_the_variance():
    design = SurveyDesign(weights="w", strata="s", clusters="c", fpc="n")
    shuffled = ROWS.sample(frac=1, random_state=2)
    one = design.sample(ROWS).covariance(ROWS["w"].to_numpy() ** 2)
    np.testing.assert_allclose(design.sample(shuffled).covariance(shuffled["w"].to_numpy() ** 2), one)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"w": [1.0, -2, 3, 4, 5, 6]}, r"`w` of the table has 1 values below zero, the first in row 1 \(-2\)"),
        ({"w": 0.0}, "sums to zero, so nobody counts"),
        ({"w": "heavy"}, "6 texts where numbers belong, the first in row 0"),
        ({"s": ["a", None, "a", "b", "b", "b"]}, "`s` of the table has 1 missing values"),
        ({"n": [4, 5, 4, 10, 10, 10]}, "differs within a stratum in"),
        ({"n": [1.5, 1.5, 1.5, 10, 10, 10]}, "says 1.5 clusters where 2 were drawn, in row 0"),
    ],
)
def test_a_design_that_cannot_be_right_is_an_error_with_column_count_and_first_row(change, message):
    with pytest.raises(DataError, match=message):
        SurveyDesign(weights="w", strata="s", clusters="c", fpc="n").sample(ROWS.assign(**change))


def test_missing_columns_empty_tables_and_unknown_rules_are_errors():
    with pytest.raises(DataError, match=r"Column `ww` is missing from the table. Did you mean 'w'"):
        SurveyDesign(weights="ww").sample(ROWS)
    with pytest.raises(DataError, match="There are no rows"):
        SurveyDesign(weights="w").sample(ROWS.head(0))
    with pytest.raises(MethodError, match="Did you mean 'adjust'"):
        SurveyDesign(lonely="adjusted")
