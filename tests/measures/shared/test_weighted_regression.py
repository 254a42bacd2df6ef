"""Regression with weights: every link starts, and ends, inside its bounds."""

import warnings

import numpy as np
import pytest

from analysis.errors import MethodError
from analysis.measures.shared.weighted_regression import LINKS, weighted_regression

PLACES = np.column_stack([np.ones(4), [0.125, 0.375, 0.625, 0.875]])
SIZES = np.array([10.0, 20.0, 30.0, 40.0])


@pytest.fixture(autouse=True)
def _warnings_are_errors():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.mark.parametrize("size", [-1e29, -1.0, 1e-29, 1e29])
def test_a_straight_line_through_numbers_of_any_size_is_that_of_least_squares(size):
    outcome = size * np.array([1.0, 2.0, 4.0, 3.0])
    found = weighted_regression(outcome, PLACES, SIZES).coefficients
    root = np.sqrt(SIZES)[:, None]
    expected = np.linalg.lstsq(PLACES * root, outcome * root[:, 0], rcond=None)[0]
    assert found == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("link", ["logit", "log", "poisson"])
def test_the_score_is_zero_at_the_fit(link):
    outcome = np.array([0.2, 0.35, 0.3, 0.6])
    fit = weighted_regression(outcome, PLACES, SIZES, link=link)
    assert PLACES.T @ (SIZES * fit.residuals) == pytest.approx([0, 0], abs=1e-10)
    assert fit.means == pytest.approx(LINKS[link].mean(PLACES @ fit.coefficients))


@pytest.mark.parametrize("link", ["logit", "log"])
@pytest.mark.parametrize(
    "outcome", [[1, 1, 1, 1], [0, 0, 0, 0], [1, 1, 1, 1 - 1e-16], [1 - 1e-16, 1, 1, 1], [1, 1, 1, 1e-29], [0, 0, 0, 1]]
)
def test_proportions_at_the_edge_give_a_fit_or_a_refusal_without_a_warning(link, outcome):
    try:
        fit = weighted_regression(np.array(outcome, dtype=float), PLACES, SIZES, link=link)
    except MethodError:
        return
    assert np.isfinite(fit.coefficients).all()
    assert ((fit.means >= 0) & (fit.means <= 1)).all()
