"""Margins: against the naive formula, and where that breaks down."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax

from privaudit.stats.margins import against_others, logit_margins


@pytest.mark.parametrize("classes", [2, 3, 40])
def test_equals_the_naive_formulas_where_they_are_accurate(classes):
    rng = np.random.default_rng(classes)
    logits, label = rng.normal(size=(200, classes)), rng.integers(classes, size=200)
    rows, p = np.arange(200), softmax(logits, axis=1)
    own = p[rows, label]
    compared = against_others(logits, label)
    np.testing.assert_allclose(compared.margin, np.log(own) - np.log(1 - own), rtol=1e-9)
    others = p.copy()
    others[rows, label] = 0.0
    others /= others.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(compared.weights / compared.total[:, None], others, rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(compared.concentration, (others**2).sum(axis=1), rtol=1e-9)
    np.testing.assert_array_equal(compared.margin, logit_margins(logits, label))


def test_two_classes_have_the_difference_of_their_logits():
    np.testing.assert_array_equal(
        logit_margins(np.array([[3.0, 1.0], [3.0, 1.0]]), np.array([0, 1])), [2.0, -2.0]
    )


def test_saturated_probabilities_stay_apart():
    logits = np.array([[z, 0.0, 0.0] for z in (50.0, 60.0, 700.0, 1e4)])
    found = logit_margins(logits, np.zeros(4, dtype=np.int64))
    np.testing.assert_allclose(found, logits[:, 0] - np.log(2))


@given(st.lists(st.floats(-1e4, 1e4), min_size=2, max_size=6), st.integers(0, 5), st.floats(-100, 100))
def test_any_logits_give_finite_numbers_that_a_shift_does_not_change(row, label, shift):
    logits, label = np.array([row]), np.array([label % len(row)])
    compared = against_others(logits, label)
    assert np.isfinite(compared.margin).all()
    assert 1 / (len(row) - 1) - 1e-9 <= compared.concentration[0] <= 1 + 1e-9
    np.testing.assert_allclose(compared.margin, logit_margins(logits + shift, label), rtol=1e-9, atol=1e-9)


def test_the_logits_are_left_as_they_were():
    logits = np.array([[1.0, 2.0, 3.0]])
    logit_margins(logits, np.array([1]))
    np.testing.assert_array_equal(logits, [[1.0, 2.0, 3.0]])
