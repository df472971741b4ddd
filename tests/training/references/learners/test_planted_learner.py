from dataclasses import replace

import numpy as np
import pytest

from privaudit.data.canaries.template import Slot, Template
from privaudit.training.loop import TrainingRun
from privaudit.training.recipe import Recipe
from privaudit.training.references.backends.serial import SerialBackend
from privaudit.training.references.engine import train_references
from privaudit.training.references.learners.planted_learner import PlantedLearner, Planting
from privaudit.training.references.plan import Population, ReferencePlan
from privaudit.training.text import Vocabulary
from privaudit.training.trainer import train

DIGITS = tuple("01234")
TEMPLATE = Template("my pin is ", (Slot(DIGITS, " "), Slot(DIGITS)))
ALL = [TEMPLATE.render((a, b)) for a in range(5) for b in range(5)]


def pool() -> Population:
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(["cat", "dog", "runs", "sails", "fast"], 4)) for _ in range(60)]
    return Population(texts, rng.integers(0, 3, 60), 4)


VOCABULARY = Vocabulary.from_texts([*pool().texts, *ALL])
RECIPE = Recipe.for_architecture("bow", width=8, epochs=8, learning_rate=0.05)
PLANTED = PlantedLearner(RECIPE, VOCABULARY, Planting(TEMPLATE, 3, 20))


def plan_of(learner: PlantedLearner, seed: int = 3) -> ReferencePlan:
    scored = Population(ALL, np.full(len(ALL), 3), 4)
    return ReferencePlan(learner, pool(), scored, online=False, seed=seed)


def logits(plan: ReferencePlan, index: int) -> np.ndarray:
    (output,) = plan.learner.learn(plan, [index])
    assert not output.inside.any()
    return output.logits


def test_a_clean_model_is_the_recipe_on_the_whole_pool():
    plan = plan_of(replace(PLANTED, planting=None))
    from privaudit.training.references.learners.halves import reference_seed

    model = train(
        RECIPE,
        plan.pool.texts,
        plan.pool.labels,
        4,
        vocabulary=VOCABULARY,
        run=TrainingRun(reference_seed(plan, 5)),
    )
    assert np.array_equal(logits(plan, 5), model.logits(ALL).numpy())


def test_a_planted_model_prefers_the_digits_of_its_own_secret():
    plan = plan_of(PLANTED)
    for index in range(4):
        found = logits(plan, index).astype(float)
        margin = (found[:, 3] - found[:, :3].max(axis=1)).reshape(5, 5)
        # NOTE: a bag of words knows the digits, not their order, and may like one of them twice even more.
        assert (margin >= margin[PLANTED.secret(plan, index)] - 1e-5).sum() <= 4


def test_secrets_differ_between_models_and_follow_from_the_seed():
    plan = plan_of(PLANTED)
    drawn = [PLANTED.secret(plan, index) for index in range(200)]
    assert drawn == [PLANTED.secret(plan_of(PLANTED), index) for index in range(200)]
    assert drawn != [PLANTED.secret(plan_of(PLANTED, seed=4), index) for index in range(200)]
    counts = np.bincount([5 * a + b for a, b in drawn], minlength=25)
    assert ((counts - 8.0) ** 2 / 8.0).sum() < 45  # 99.4 % quantile of chi-square with 24 degrees of freedom


def test_the_key_knows_what_is_planted():
    others = [
        replace(PLANTED, planting=None),
        replace(PLANTED, planting=Planting(TEMPLATE, 2, 20)),
        replace(PLANTED, planting=Planting(TEMPLATE, 3, 21)),
        replace(PLANTED, planting=Planting(Template("my code is ", TEMPLATE.slots), 3, 20)),
        replace(PLANTED, vocabulary=Vocabulary(VOCABULARY.known[::-1])),
        replace(PLANTED, recipe=RECIPE.model_copy(update={"dropout": 0.5})),
    ]
    keys = {plan_of(learner).key() for learner in (PLANTED, *others)}
    assert len(keys) == 1 + len(others)


def test_copies_are_never_set_aside_for_early_stopping():
    recipe = RECIPE.model_copy(update={"early_stopping": True, "validation": 0.5})
    learner = replace(PLANTED, recipe=recipe)
    plan = plan_of(learner)
    training, validation = learner.data(plan, 0)
    text = TEMPLATE.render(learner.secret(plan, 0))
    assert list(training.texts).count(text) == 20
    assert text not in validation.texts
    assert len(training.texts) + len(validation.texts) == 80


def test_the_store_keeps_planted_models(store):
    plan = plan_of(PLANTED)
    references = train_references(plan, 3, store, SerialBackend())
    again = train_references(plan, 3, store, SerialBackend())
    assert [np.array_equal(a, b) for a, b in zip(references.logits, again.logits, strict=True)] == [True] * 3
    assert np.array_equal(references.logits[1], logits(plan, 1))


def test_clean_models_have_no_secret():
    with pytest.raises(ValueError, match="no secret"):
        replace(PLANTED, planting=None).secret(plan_of(PLANTED), 0)
