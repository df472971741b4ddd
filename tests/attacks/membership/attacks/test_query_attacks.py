"""vocabulary, label-only, neighbourhood: plain arithmetic on what the queries gave."""

import numpy as np
import pytest

from privaudit.attacks.membership.attacks import label_only, neighbourhood, vocabulary


def test_vocabulary_counts_unknown_words(make_signals, context):
    signals = make_signals(
        np.zeros((3, 2)), [0, 1, 0], unknown_words=np.array([0, 2, 5]), word_counts=np.array([9, 9, 5])
    )
    score = vocabulary.score(signals, context)
    assert score.tolist() == [0.0, -2.0, -5.0]
    assert score.dtype == np.float64


def test_label_only_is_the_share_of_robust_copies_and_a_copy(make_signals, context):
    robustness = np.array([0.25, 1.0])
    signals = make_signals(np.zeros((2, 2)), [0, 1], label_robustness=robustness)
    score = label_only.score(signals, context)
    score[0] = 9
    assert robustness.tolist() == [0.25, 1.0]


def test_neighbourhood_compares_the_loss_with_the_geometric_mean(make_signals, context):
    losses = np.array([[0.5, 2.0], [np.log(2), np.log(2)]])
    signals = make_signals([[0.0, 0.0], [0.0, 0.0]], [0, 1], neighbour_losses=losses)
    expected = [-np.log(np.log(2)), 0.0]
    np.testing.assert_allclose(neighbourhood.score(signals, context), expected, atol=1e-15)


def test_neighbourhood_does_not_reward_being_near_the_boundary(make_signals, context):
    """Every neighbour of the second record loses more by difference, and less in proportion."""
    signals = make_signals(
        [[9.0, 0.0], [0.1, 0.0]], [0, 0], neighbour_losses=np.array([[0.01, 0.02], [1.0, 1.5]])
    )
    member, nonmember = neighbourhood.score(signals, context)
    assert member > nonmember


def test_neighbourhood_is_finite_where_losses_underflow(make_signals, context):
    signals = make_signals([[1e4, 0.0]], [0], neighbour_losses=np.zeros((1, 3)))
    np.testing.assert_allclose(neighbourhood.score(signals, context), [0.0], atol=1e-9)


@pytest.mark.parametrize("attack", [vocabulary, label_only, neighbourhood])
def test_missing_signals_are_an_error(attack, make_signals, context):
    with pytest.raises(ValueError, match="needs the"):
        attack.score(make_signals(np.zeros((2, 2)), [0, 1]), context)
