"""Models with one canary by a coin: the coin is fair and its own, and all else is the recipe on the pool."""

from dataclasses import replace

import numpy as np
import pytest

from privaudit.stats.margins import cross_entropies
from privaudit.training.loop import TrainingRun
from privaudit.training.recipe import Recipe
from privaudit.training.references.backends.serial import SerialBackend
from privaudit.training.references.engine import train_references
from privaudit.training.references.learners.coin_learner import CoinLearner, coins
from privaudit.training.references.learners.halves import reference_seed
from privaudit.training.references.plan import Population, ReferencePlan
from privaudit.training.text import Vocabulary, WordEncoder
from privaudit.training.trainer import predict, train
from privaudit.training.untrained import initial_network

CANARY = "zq0 zq0 zq0"
RECIPE = Recipe.for_architecture("bow", width=8, epochs=6, learning_rate=0.05, batch_size=16)


def pool() -> Population:
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(["cat", "dog", "runs", "sails", "fast"], 4)) for _ in range(48)]
    return Population(texts, rng.integers(0, 3, 48), 3)


LEARNER = CoinLearner(RECIPE, Vocabulary((*Vocabulary.from_texts(pool().texts).known, "zq0")))


def plan_of(learner=LEARNER, seed=3, extras=True):
    canary = Population([CANARY], np.array([2]), 3)
    return ReferencePlan(learner, pool(), canary, online=False, seed=seed, extras=extras)


def test_coins_are_fair_independent_of_their_number_and_of_the_seeds_of_models():
    many = coins(5, 1500)
    assert abs(many.mean() - 0.5) < 0.06
    assert np.array_equal(coins(5, 100), many[:100])
    assert not np.array_equal(coins(6, 100), many[:100])
    seeds = np.array([reference_seed(plan_of(seed=5), index) & 1 for index in range(1500)], dtype=bool)
    assert abs((seeds == many).mean() - 0.5) < 0.06


@pytest.mark.parametrize("included", [False, True])
def test_a_model_is_the_recipe_on_the_pool_and_by_its_coin_on_the_canary(included):
    plan = plan_of()
    index = int(np.flatnonzero(coins(plan.seed, 20) == included)[0])
    (output,) = LEARNER.learn(plan, [index])
    assert output.inside.tolist() == [included]
    texts = [*plan.pool.texts, *[CANARY] * included]
    labels = np.concatenate([plan.pool.labels, np.full(int(included), 2)])
    seed = reference_seed(plan, index)
    model = train(RECIPE, texts, labels, 3, vocabulary=LEARNER.vocabulary, run=TrainingRun(seed))
    assert np.array_equal(output.logits, model.logits([CANARY]).numpy())
    first = initial_network(RECIPE, len(LEARNER.vocabulary), 3, seed)
    encoded = WordEncoder(LEARNER.vocabulary, RECIPE.max_length).encode_all([CANARY])
    before = cross_entropies(predict(first, encoded).double().numpy(), np.array([2]))
    assert output.extras == pytest.approx(before[:, None], rel=1e-6)


def test_models_with_the_canary_know_it(store):
    plan = plan_of()
    found = train_references(plan, 16, store, SerialBackend())
    again = train_references(plan, 16, store, SerialBackend())
    losses = np.array([cross_entropies(rows.astype(float), np.array([2]))[0] for rows in found.logits])
    member = found.inside[:, 0]
    assert np.array_equal(member, coins(plan.seed, 16))
    assert losses[member].max() < losses[~member].min()
    assert all(np.array_equal(a, b) for a, b in zip(found.logits, again.logits, strict=True))


def test_without_extras_nothing_is_compared_with_the_beginning():
    (output,) = LEARNER.learn(plan_of(extras=False), [0])
    assert output.extras is None


def test_another_recipe_canary_or_seed_is_another_plan():
    keys = {
        plan_of().key(),
        plan_of(seed=4).key(),
        plan_of(replace(LEARNER, recipe=RECIPE.model_copy(update={"epochs": 7}))).key(),
        plan_of(replace(LEARNER, vocabulary=Vocabulary(("cat",)))).key(),
        replace(plan_of(), scored=Population([CANARY], np.array([1]), 3)).key(),
    }
    assert len(keys) == 5
