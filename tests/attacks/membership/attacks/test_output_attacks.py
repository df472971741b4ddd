"""loss, confidence, margin, entropy, modified-entropy: thresholds on one record's outputs."""

import numpy as np
import pytest
from scipy.special import softmax
from scipy.stats import entropy as shannon
from scipy.stats import rankdata
from sklearn.metrics import roc_auc_score

from privaudit.attacks.membership.attacks import confidence, entropy, loss, margin, modified_entropy


@pytest.fixture
def signals(make_signals):
    rng = np.random.default_rng(0)
    return make_signals(rng.normal(size=(300, 4)) * 2, rng.integers(4, size=300))


def test_scores_equal_the_naive_formulas(signals, context):
    p = softmax(signals.target_logits, axis=1)
    p_y = p[np.arange(300), signals.label]
    off = np.where(np.eye(4)[signals.label] == 1, 0, p * np.log(1 - p)).sum(axis=1)
    for attack, expected in {
        loss: np.log(p_y),
        confidence: np.log(p.max(axis=1)),
        margin: np.log(p_y / (1 - p_y)),
        entropy: -shannon(p, axis=1),
        modified_entropy: (1 - p_y) * np.log(p_y) + off,
    }.items():
        np.testing.assert_allclose(attack.score(signals, context), expected, rtol=1e-9, atol=1e-12)


def test_margin_and_loss_rank_alike(signals, context):
    ranks = [rankdata(attack.score(signals, context)) for attack in (loss, margin)]
    np.testing.assert_array_equal(*ranks)


def test_margin_tells_saturated_records_apart_that_loss_ties(make_signals, context):
    signals = make_signals([[800.0, 0.0], [900.0, 0.0]], [0, 0])
    assert np.ptp(loss.score(signals, context)) == 0
    assert np.diff(margin.score(signals, context)) == [100.0]


@pytest.mark.parametrize("attack", [confidence, entropy])
def test_label_free_attacks_ignore_the_label(attack, make_signals, context):
    logits = np.random.default_rng(1).normal(size=(20, 3))
    one, two = (attack.score(make_signals(logits, [y] * 20), context) for y in (0, 2))
    np.testing.assert_array_equal(one, two)


def test_confidence_resolves_saturated_predictions(make_signals, context):
    signals = make_signals([[60.0, 0.0], [50.0, 0.0], [40.0, 0.0], [30.0, 0.0]], [0] * 4)
    assert roc_auc_score([1, 1, 0, 0], confidence.score(signals, context)) == 1.0
