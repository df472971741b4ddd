"""What models on a whole pool will cost, from counts and a short probe of this machine."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from privaudit.stopwatch import Stopwatch
from privaudit.training.references.backends.threads import one_thread
from privaudit.training.references.learners.coin_learner import CoinLearner
from privaudit.training.references.learners.planted_learner import PlantedLearner
from privaudit.training.references.plan import ReferencePlan
from privaudit.training.references.store import PlanFolder, Store
from privaudit.training.trainer import train

_PROBED_STEPS = 12
_PROBED_TEXTS = 512


@dataclass(frozen=True)
class TrainingCost:
    """Of several models of one recipe."""

    models: int
    held: int
    """Of them, already in the store."""
    steps: int
    """Optimiser steps of one model, at most: early stopping takes fewer."""
    scored: int
    """Texts that one model scores."""
    seconds: float | None
    """Of one core for the missing models, at most; None for ``hf``, which no short probe can tell."""

    def __str__(self) -> str:
        time = "" if self.seconds is None else f", at most about {self.seconds:,.0f} s of one core"
        return (
            f"{self.models - self.held} models to train, {self.held} in the store; up to {self.steps:,} steps"
            f" and {self.scored:,} texts each{time}"
        )


def estimate_cost(parts: Sequence[tuple[ReferencePlan, int]], store: Store) -> TrainingCost:
    """Count the work and time a probe.

    Args:
        parts: plans of a learner that trains on a whole pool, with one recipe, and how many models of each.
        store: where models that are there already need not be trained. Nothing is written.

    Raises:
        UsageError: the loss of the probe is not finite.
        TypeError: another learner: a bug of the caller.
    """
    plan = parts[0][0]
    learner = plan.learner
    if not isinstance(learner, PlantedLearner | CoinLearner):
        raise TypeError("only models that are trained on a whole pool are estimated")
    models = sum(count for _, count in parts)
    held = sum(PlanFolder(store.root, plan).holds(i) for plan, count in parts for i in range(count))
    copies = _copies(learner)
    steps = learner.recipe.epochs * -(-(len(plan.pool) + copies) // learner.recipe.batch_size)
    if learner.recipe.privacy is not None:
        steps = learner.recipe.privacy.steps
    each = None if learner.recipe.architecture == "hf" else _seconds(learner, plan, steps)
    return TrainingCost(
        models, held, steps, len(plan.scored), None if each is None else each * (models - held)
    )


def _copies(learner: PlantedLearner | CoinLearner) -> int:
    """Of a canary, at most."""
    if isinstance(learner, CoinLearner):
        return 1
    return 0 if learner.planting is None else learner.planting.repetitions


def _seconds(learner: PlantedLearner | CoinLearner, plan: ReferencePlan, steps: int) -> float:
    """Seconds of one core for one model."""
    recipe = learner.recipe.model_copy(update={"epochs": 1, "early_stopping": False})
    n = min(len(plan.pool), _PROBED_STEPS * recipe.batch_size)
    if recipe.privacy is not None:
        few = {"steps": _PROBED_STEPS, "sample_rate": min(1.0, recipe.batch_size / n)}
        recipe = recipe.model_copy(update={"privacy": recipe.privacy.model_copy(update=few)})
    places = np.linspace(0, len(plan.pool) - 1, n).astype(np.int64)
    texts = [plan.pool.texts[i] for i in places]
    scored = plan.scored.texts[:: max(1, len(plan.scored) // _PROBED_TEXTS)]
    labels = np.asarray(plan.pool.labels)[places]
    fit = partial(train, recipe, n_classes=plan.pool.n_classes, seed=0, vocabulary=learner.vocabulary)
    with one_thread():
        fit(texts[:1], labels[:1], device=learner.device)  # The first step pays for lazy initialisation.
        model = fit(texts, labels, device=learner.device)
        watch = Stopwatch()
        model.logits(scored)
        asked = watch.seconds / len(scored) * len(plan.scored)
    return model.history.seconds / model.history.steps * steps + asked
