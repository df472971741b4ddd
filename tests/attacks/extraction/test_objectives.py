import numpy as np
import pytest
import torch

from privaudit.attacks.extraction.objectives import objective_scores, soft_objective
from privaudit.attacks.extraction.spec import Objective


@pytest.fixture
def logits():
    return np.random.default_rng(0).normal(size=(50, 5)) * 4


def test_the_margin_is_the_log_odds_and_the_loss_the_log_probability(logits):
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    np.testing.assert_allclose(objective_scores(logits, 2, Objective.LOSS), np.log(p[:, 2]))
    np.testing.assert_allclose(
        objective_scores(logits, 2, Objective.MARGIN), np.log(p[:, 2]) - np.log1p(-p[:, 2])
    )


@pytest.mark.parametrize("objective", Objective)
def test_both_counterparts_agree(logits, objective):
    soft = soft_objective(torch.tensor(logits), 3, objective)
    np.testing.assert_allclose(soft.numpy(), objective_scores(logits, 3, objective), rtol=1e-12)


def test_single_precision_is_read_in_double(logits):
    soft = soft_objective(torch.tensor(logits, dtype=torch.float32), 0, Objective.MARGIN)
    assert soft.dtype == torch.float64
    assert objective_scores(logits.astype(np.float32), 0, Objective.LOSS).dtype == np.float64


@pytest.mark.parametrize("shift", [0.0, 1e4, -1e4])
def test_saturated_logits_keep_their_order(shift):
    """Probabilities that round to one are told apart, and both objectives order alike."""
    logits = np.zeros((4, 3)) + shift
    logits[:, 1] += [30, 60, 90, 700]
    for objective in Objective:
        scores = objective_scores(logits, 1, objective)
        assert np.isfinite(scores).all()
        assert (np.diff(scores) > 0).all()
    assert (objective_scores(logits, 0, Objective.LOSS) < -29).all()


def test_the_gradient_survives_saturation():
    logits = torch.tensor([[0.0, 60.0, 0.0]], requires_grad=True)
    (gradient,) = torch.autograd.grad(soft_objective(logits, 1, Objective.LOSS).sum(), logits)
    assert gradient[0, 1] > 0
    assert torch.isfinite(gradient).all()
