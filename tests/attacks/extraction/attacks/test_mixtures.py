"""Partial fillings as mixtures: exact where the logits are multilinear in the weights."""

import numpy as np
import pytest
import torch

from privaudit.attacks.extraction.budget import Budget
from privaudit.attacks.extraction.mixtures import Mixtures
from privaudit.attacks.extraction.partial_fillings import partials_of
from privaudit.attacks.extraction.spec import OPEN, Problem, SearchSettings


@pytest.fixture
def surface(formulas):
    return formulas["mixed-sizes"]()


def margins(surface, weights):
    logits = surface._logits([torch.as_tensor(part, dtype=torch.float64) for part in weights]).numpy()
    return logits[:, 1] - np.logaddexp(logits[:, 0], logits[:, 2])


def test_an_open_slot_is_the_uniform_mixture(surface):
    budget = Budget(Problem(surface, 1), SearchSettings())
    mixtures = partials_of(budget, np.random.default_rng(0))
    assert isinstance(mixtures, Mixtures)
    scores = mixtures.scores(np.array([[1, OPEN, 2], [0, 7, 1]]))
    weights = [np.eye(2)[[1, 0]], np.stack([np.full(50, 1 / 50), np.eye(50)[7]]), np.eye(3)[[2, 1]]]
    np.testing.assert_allclose(scores, margins(surface, weights), rtol=1e-5)
    assert budget.spent == 2
    assert scores[1] == pytest.approx(budget.score((0, 7, 1)), rel=1e-5)


def test_gradients_are_first_order_gains(surface):
    """A step of 1e-6 from one candidate to another changes the objective by the difference of gradients."""
    budget = Budget(Problem(surface, 1), SearchSettings())
    gradients = Mixtures(budget, surface).gradients(np.array([[1, 3, 2], [0, OPEN, 1]]))
    assert [gradient.shape for gradient in gradients] == [(2, 2), (2, 50), (2, 3)]
    assert budget.spent == 6
    weights = [np.eye(2)[[1]], np.eye(50)[[3]], np.eye(3)[[2]]]
    before = margins(surface, weights)[0]
    for candidate in (0, 9, 49):
        moved = weights[1].copy()
        moved[0, [3, candidate]] += [-1e-6, 1e-6]
        change = (margins(surface, [weights[0], moved, weights[2]])[0] - before) / 1e-6
        expected = gradients[1][0, candidate] - gradients[1][0, 3]
        assert change == pytest.approx(expected, rel=1e-3, abs=1e-4)


def test_small_batches_change_nothing(surface, monkeypatch):
    partials = np.stack([np.arange(40) % 2, np.arange(40), np.full(40, OPEN)], axis=1)
    whole = Mixtures(Budget(Problem(surface, 1), SearchSettings()), surface)
    monkeypatch.setattr("privaudit.attacks.extraction.mixtures._LARGEST_BATCH", 55 * 7)
    parts = Mixtures(Budget(Problem(surface, 1), SearchSettings()), surface)
    np.testing.assert_allclose(whole.scores(partials), parts.scores(partials), rtol=1e-6)
    for one, other in zip(whole.gradients(partials), parts.gradients(partials), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_the_budget_ends_scores_and_refuses_gradients(surface):
    budget = Budget(Problem(surface, 1), SearchSettings(evaluations=6))
    mixtures = Mixtures(budget, surface)
    assert mixtures.gradients(np.array([[1, 3, 2], [0, OPEN, 1]])) is None
    assert budget.spent == 0
    scores = mixtures.scores(np.full((8, 3), OPEN))
    assert np.isfinite(scores).tolist() == [True] * 5 + [False] * 3
