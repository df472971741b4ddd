import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from privaudit.errors import ModelError, UsageError
from privaudit.training.recipe import Recipe
from privaudit.training.references.learners.frozen import PENALTY, fit_heads
from privaudit.training.references.learners.hf_learner import HfLearner


def test_heads_are_the_penalised_softmax_regressions_of_their_halves():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(200, 12)).astype(np.float32)
    labels = (features[:, :3] + rng.normal(size=(200, 3))).argmax(1)
    inside = rng.random((200, 4)) < 0.5
    heads = fit_heads(
        torch.from_numpy(features), torch.from_numpy(labels), torch.from_numpy(inside.astype(np.float32)), 3
    )
    assert heads.shape == (4, 3, 12)
    for head, rows in zip(heads.numpy(), inside.T, strict=True):
        own = LogisticRegression(C=1 / PENALTY, fit_intercept=False, tol=1e-8, max_iter=1000)
        own.fit(features[rows], labels[rows])
        np.testing.assert_allclose(head, own.coef_, atol=1e-3)


def test_a_class_that_a_half_lacks_is_unlikely_but_possible():
    features = torch.randn(40, 6, generator=torch.Generator().manual_seed(0))
    features[:, 0] = 1
    labels = torch.arange(40) % 2
    heads = fit_heads(features, labels, torch.ones(40, 1), 3)
    assert heads.isfinite().all()
    assert (features @ heads[0].T).softmax(1)[:, 2].mean() < 0.2


def test_a_pretrained_directory_that_is_gone_is_told(tmp_path):
    recipe = Recipe.for_architecture(f"hf:{tmp_path / 'gone'}")
    with pytest.raises(
        UsageError, match=r"No pretrained directory at .*gone, which references are trained from"
    ):
        HfLearner(recipe)


def test_a_directory_without_weights_is_told(tmp_path):
    with pytest.raises(ModelError, match="safetensors"):
        HfLearner(Recipe.for_architecture(f"hf:{tmp_path}"))


def test_a_recipe_without_a_pretrained_encoder_is_a_bug():
    with pytest.raises(ValueError, match="pretrained"):
        HfLearner(Recipe.for_architecture("bow"))
