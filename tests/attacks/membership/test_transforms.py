"""Margins, losses and entropies: against naive formulas, and where those break down."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import log_softmax, softmax
from scipy.stats import entropy

from privaudit.attacks.membership import transforms
from privaudit.attacks.membership.signals import Signals

EVERY = [
    transforms.margins, transforms.losses, transforms.true_log_probability, transforms.top_margins,
    transforms.entropies, transforms.modified_entropies, transforms.residual_norms,
]  # fmt: skip


def naive(logits, label):
    p, rows = softmax(logits, axis=1), np.arange(len(label))
    p_y, onehot = p[rows, label], np.eye(logits.shape[1])[label]
    top = p.max(axis=1)
    wrong = np.where(onehot == 1, 0.0, p * np.log(1 - p))
    return {
        transforms.margins: np.log(p_y) - np.log(1 - p_y),
        transforms.losses: -log_softmax(logits, axis=1)[rows, label],
        transforms.true_log_probability: np.log(p_y),
        transforms.top_margins: np.log(top) - np.log(1 - top),
        transforms.entropies: entropy(p, axis=1),
        transforms.modified_entropies: -(1 - p_y) * np.log(p_y) - wrong.sum(axis=1),
        transforms.residual_norms: np.linalg.norm(p - onehot, axis=1),
    }


@pytest.mark.parametrize("classes", [2, 3, 150])
@pytest.mark.parametrize("transform", EVERY, ids=lambda f: f.__name__)
def test_equals_the_naive_formula_where_that_is_accurate(transform, classes, make_signals):
    rng = np.random.default_rng(classes)
    logits, label = rng.normal(size=(500, classes)), rng.integers(classes, size=500)
    expected = naive(logits, label)[transform]
    np.testing.assert_allclose(transform(make_signals(logits, label)), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("transform", EVERY, ids=lambda f: f.__name__)
def test_saturated_logits_give_finite_values(transform, make_signals):
    logits = [[1e4, -1e4, 0.0], [-1e4, 1e4, 0.0], [1e4, 1e4, 1e4], [0.0, 0.0, 0.0], [1e4, 1e4, -1e4]]
    for label in range(3):
        assert np.isfinite(transform(make_signals(logits, [label] * 5))).all()


@pytest.mark.parametrize("transform", EVERY, ids=lambda f: f.__name__)
def test_adding_a_constant_to_a_row_changes_nothing(transform, make_signals):
    rng = np.random.default_rng(1)
    logits, label = np.round(rng.normal(size=(50, 4)) * 64) / 64, rng.integers(4, size=50)
    plain, shifted = (transform(make_signals(z, label)) for z in (logits, logits + 1024.0))
    np.testing.assert_allclose(plain, shifted, rtol=1e-13, atol=1e-15)


def test_by_hand_with_two_equal_classes(make_signals):
    signals = make_signals([[0.0, 0.0]], [1])
    ln2 = np.log(2)
    expected = [0.0, ln2, -ln2, 0.0, ln2, ln2, np.sqrt(0.5)]
    assert [transform(signals)[0] for transform in EVERY] == pytest.approx(expected)


def test_confident_records_stay_apart_where_the_probability_rounds_to_one(make_signals):
    gaps = np.array([40.0, 50.0, 300.0, 700.0])
    signals = make_signals(np.stack([gaps, np.zeros(4)], axis=1), [0] * 4)
    assert (softmax(signals.target_logits, axis=1)[:, 0] == 1.0).all()
    for values in (transforms.losses, transforms.entropies, transforms.residual_norms):
        assert (np.diff(values(signals)) < 0).all()
    np.testing.assert_allclose(transforms.losses(signals), np.exp(-gaps), rtol=1e-12)
    np.testing.assert_allclose(transforms.entropies(signals), (1 + gaps) * np.exp(-gaps), rtol=1e-12)


def test_a_confident_error_has_low_entropy_and_high_modified_entropy(make_signals):
    right, wrong = (make_signals([[30.0, 0.0, 0.0]], [y]) for y in (0, 1))
    assert transforms.entropies(right) == transforms.entropies(wrong)
    assert transforms.modified_entropies(right) < 1e-10 < 50 < transforms.modified_entropies(wrong)


@given(
    st.lists(st.lists(st.floats(-1e4, 1e4), min_size=3, max_size=3), min_size=1, max_size=8),
    st.integers(0, 2),
)
def test_ranges_hold_for_any_logits(rows, y):
    label = np.full(len(rows), y)
    signals = Signals(
        ids=list(map(str, range(len(rows)))), member=label > 0, label=label, target_logits=np.array(rows)
    )
    assert (transforms.losses(signals) >= 0).all()
    assert (transforms.modified_entropies(signals) >= 0).all()
    assert ((transforms.entropies(signals) >= 0) & (transforms.entropies(signals) <= np.log(3) + 1e-12)).all()
    assert (
        (transforms.residual_norms(signals) >= 0) & (transforms.residual_norms(signals) <= np.sqrt(2) + 1e-12)
    ).all()
    assert (transforms.top_margins(signals) >= transforms.margins(signals)).all()


def test_values_are_cached_and_read_only(make_signals):
    signals = make_signals([[1.0, 2.0]], [0])
    assert transforms.losses(signals) is transforms.losses(signals)
    with pytest.raises(ValueError, match="read-only"):
        transforms.losses(signals)[0] = 7.0


def test_blocks_cover_every_row_once(make_signals, monkeypatch):
    rng = np.random.default_rng(2)
    logits, label = rng.normal(size=(103, 5)), rng.integers(5, size=103)
    whole = transforms.modified_entropies(make_signals(logits, label))
    monkeypatch.setattr(transforms, "_BLOCK_VALUES", 50)
    np.testing.assert_array_equal(transforms.modified_entropies(make_signals(logits, label)), whole)
    assert [s.start for s in transforms.blocks(25, 5)] == [0, 10, 20]


def test_temporary_memory_is_small_beside_the_logits(make_signals):
    signals = make_signals(np.zeros((300_000, 10)), np.zeros(300_000, dtype=np.int64))
    tracemalloc.start()
    for transform in EVERY:
        transform(signals)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    kept = sum(value.nbytes for value in signals.cache.values())
    assert peak - kept < signals.target_logits.nbytes
