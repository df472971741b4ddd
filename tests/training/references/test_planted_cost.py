from dataclasses import replace

import numpy as np
import pytest

from privaudit.data.canaries.template import Slot, Template
from privaudit.training.private.settings import PrivateTraining
from privaudit.training.recipe import Recipe
from privaudit.training.references.backends.serial import SerialBackend
from privaudit.training.references.engine import train_references
from privaudit.training.references.learners.planted_learner import PlantedLearner, Planting
from privaudit.training.references.plan import Population, ReferencePlan
from privaudit.training.references.planted_cost import estimate_cost
from privaudit.training.text import Vocabulary

TEMPLATE = Template("my pin is ", (Slot(tuple("01234")),))
TEXTS = [f"the {word} runs" for word in ("cat", "dog", "boat", "train", "bird")] * 10
RECIPE = Recipe.for_architecture("bow", width=8, epochs=3, batch_size=16)


def plans(recipe=RECIPE):
    asked = [TEMPLATE.render((i,)) for i in range(5)]
    pool = Population(TEXTS, np.arange(50) % 2, 3)
    scored = Population(asked, np.full(5, 2), 3)
    learner = PlantedLearner(recipe, Vocabulary.from_texts([*TEXTS, *asked]), Planting(TEMPLATE, 2, 30))
    planted = ReferencePlan(learner, pool, scored, online=False, seed=1)
    return planted, replace(planted, learner=replace(learner, planting=None), seed=2)


def test_work_is_counted_and_time_is_probed(store):
    planted, clean = plans()
    cost = estimate_cost([(planted, 3), (clean, 2)], store)
    assert (cost.models, cost.held, cost.scored) == (5, 0, 5)
    assert cost.steps == 3 * 5  # 80 texts in batches of 16
    assert cost.seconds > 0
    assert not store.root.exists()
    assert str(cost).startswith("5 models to train, 0 in the store; up to 15 steps and 5 texts each, at most")


def test_what_the_store_holds_costs_nothing(store):
    planted, clean = plans()
    train_references(planted, 3, store, SerialBackend())
    train_references(clean, 2, store, SerialBackend())
    cost = estimate_cost([(planted, 3), (clean, 2)], store)
    assert (cost.held, cost.seconds) == (5, 0.0)
    assert estimate_cost([(planted, 4), (clean, 2)], store).held == 5


def test_a_pretrained_encoder_is_counted_but_not_probed(store):
    planted, _ = plans(Recipe.for_architecture("hf:nowhere"))
    cost = estimate_cost([(planted, 2)], store)
    assert cost.seconds is None
    assert "of one core" not in str(cost)


def test_noisy_steps_are_counted_as_planned_and_probed_by_a_few(store):
    privacy = PrivateTraining(noise_multiplier=1.0, sample_rate=0.2, steps=100_000)
    planted, _ = plans(RECIPE.model_copy(update={"privacy": privacy}))
    cost = estimate_cost([(planted, 1)], store)
    assert cost.steps == 100_000
    assert cost.seconds > 1


def test_only_planted_learners_are_estimated(store):
    planted, _ = plans()
    with pytest.raises(TypeError):
        estimate_cost([(replace(planted, learner=object()), 1)], store)
