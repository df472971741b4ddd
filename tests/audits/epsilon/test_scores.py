import numpy as np
import pytest

from privaudit.audits.epsilon.scores import centred, loss_drops


def test_the_score_is_how_far_the_loss_fell():
    before, after = np.array([[0.0, 0.0]]), np.array([[np.log(3.0), 0.0]])
    assert loss_drops(before, after, np.array([0])) == pytest.approx([np.log(2) - np.log(4 / 3)])
    assert loss_drops(before, after, np.array([1])) == pytest.approx([np.log(2) - np.log(4)])
    assert loss_drops(None, after, np.array([0])) == pytest.approx([-np.log(4 / 3)])


def test_losses_far_below_one_still_differ():
    after = np.array([[50.0, 0.0], [60.0, 0.0]])
    first, second = loss_drops(None, after, np.array([0, 0]))
    assert first < second < 0


def test_what_a_model_thinks_of_a_class_does_not_count():
    scores = np.array([1.0, 2.0, 11.0, 12.0, 5.0])
    labels = np.array([0, 0, 1, 1, 2])
    assert centred(scores, labels).tolist() == [-1.0, 1.0, -1.0, 1.0, 5.0]
    shifted = scores + np.array([3.0, 3.0, -4.0, -4.0, 0.0])
    assert centred(shifted, labels) == pytest.approx(centred(scores, labels))


def test_order_within_a_class_stays():
    rng = np.random.default_rng(0)
    scores = rng.normal(size=50)
    assert np.argsort(centred(scores, np.zeros(50, dtype=int))).tolist() == np.argsort(scores).tolist()
