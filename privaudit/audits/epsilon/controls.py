"""The positive control: the test must detect models without privacy."""

import numpy as np

from privaudit.audits.epsilon.judge import p_many_runs, p_one_run
from privaudit.audits.epsilon.many_runs import train_models
from privaudit.audits.epsilon.plan import EpsilonPlan, ManyRunDesign, OneRunDesign, Positive
from privaudit.audits.epsilon.scores import centred, loss_drops
from privaudit.claim_test.verdict import control
from privaudit.progress import Progress
from privaudit.results import Control
from privaudit.stopwatch import Deadline
from privaudit.training.references.engine import train_references
from privaudit.training.references.learners.halves import reference_seed
from privaudit.training.references.learners.planted_learner import PlantedLearner
from privaudit.training.references.store import Store
from privaudit.training.text import WordEncoder
from privaudit.training.trainer import predict
from privaudit.training.untrained import initial_network


def one_run_control(
    plan: EpsilonPlan, design: OneRunDesign, progress: Progress, deadline: Deadline
) -> Control:
    """A model of the same data, canaries and coins without privacy, under the same test.

    Args:
        plan: of the audit.
        design: its canaries.
        progress: told of the training.
        deadline: after it the training does not begin.
    """
    words = "a model trained without privacy on the same data, canaries and coins"
    positive, canaries = design.positive, design.canaries
    if positive.plan is None:
        return _not_made(words, positive.reason)
    if plan.tested.claim is None:
        return _not_made(words, "there is no claim to refute")
    store = Store(plan.request.store)
    found = train_references(
        positive.plan, 1, store, plan.request.backend, progress=progress, deadline=deadline.moment
    )
    if not len(found):
        return _late(words, deadline)
    after = found.logits[0].astype(np.float64)
    scores = loss_drops(_before(positive), after, canaries.labels)
    return control("positive", words, p_one_run(plan, design, centred(scores, canaries.labels)))


def many_runs_control(
    plan: EpsilonPlan, design: ManyRunDesign, progress: Progress, deadline: Deadline
) -> Control:
    """Models without privacy with coins of their own, under the same test; arguments as above."""
    positive = design.positive
    words = f"{positive.count} models trained without privacy, with the same canary and coins of their own"
    if positive.plan is None:
        return _not_made("models trained without privacy", positive.reason)
    if plan.tested.claim is None:
        return _not_made(words, "there is no claim to refute")
    models = train_models(positive.plan, positive.count, plan.request, progress, deadline)
    if len(models) < positive.count:
        return _late(words, deadline)
    return control("positive", words, p_many_runs(plan, models.scores, models.included))


def _before(positive: Positive) -> np.ndarray | None:
    """Logits of the canaries in the control's network as it was before training."""
    if positive.plan is None or not isinstance(positive.plan.learner, PlantedLearner):
        raise ValueError("the control is a planted model")
    learner, texts = positive.plan.learner, positive.plan.scored
    if learner.vocabulary is None:
        return None
    recipe = learner.recipe
    seed = reference_seed(positive.plan, 0)
    network = initial_network(recipe, len(learner.vocabulary), texts.n_classes, seed)
    encoder = WordEncoder(learner.vocabulary, recipe.max_length, recipe.embeddings != "words")
    logits: np.ndarray = predict(network, encoder.encode_all(texts.texts)).double().numpy()
    return logits


def _late(words: str, deadline: Deadline) -> Control:
    return _not_made(words, f"{deadline.ran_out}; what was trained is kept for the next run")


def _not_made(words: str, reason: str) -> Control:
    return control("positive", words, None, f"{reason[:1].upper()}{reason[1:]}.")
