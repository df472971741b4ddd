"""What several models of one recipe will cost, from counts and a short probe of this machine."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from privaudit.stopwatch import Stopwatch
from privaudit.training.loop import TrainingRun
from privaudit.training.recipe import Recipe
from privaudit.training.references.backends.threads import one_thread
from privaudit.training.references.learners.whole_pool import WholePoolLearner
from privaudit.training.references.plan import Population, ReferencePlan
from privaudit.training.references.store import PlanFolder, Store
from privaudit.training.text import WordNumbers
from privaudit.training.trainer import train

_PROBED_STEPS = 12
_PROBED_TEXTS = 512


@dataclass(frozen=True)
class TrainingCost:
    """The cost of several models of one recipe."""

    models: int
    held: int
    """Those already in the store."""
    steps: int
    """Optimiser steps of one model, at most: early stopping takes fewer."""
    scored: int
    """Texts that one model scores."""
    seconds: float | None
    """Seconds of one core for the missing models, at most; None for ``hf``, too slow for a short probe."""

    def __str__(self) -> str:
        time = "" if self.seconds is None else f", at most about {self.seconds:,.0f} s of one core"
        return (
            f"{self.models - self.held} models to train, {self.held} in the store; up to {self.steps:,} steps"
            f" and {self.scored:,} texts each{time}"
        )


@dataclass(frozen=True, eq=False)
class ModelWork:
    """What one model has to do."""

    recipe: Recipe
    vocabulary: WordNumbers | None
    pool: Population
    trained_on: int
    """Number of records."""
    texts: Sequence[str]
    """Some of the texts that it scores."""
    scored: int
    """Number of texts that it scores."""
    device: str

    def cost(self, models: int, held: int) -> TrainingCost:
        """The cost of ``models`` models, ``held`` of them in the store; times a probe unless all are.

        Raises:
            UsageError: the loss of the probe is not finite.
        """
        missing = models - held
        seconds: float | None = 0.0
        if missing:
            seconds = None if self.recipe.architecture == "hf" else missing * self._seconds()
        return TrainingCost(models, held, self._steps, self.scored, seconds)

    @property
    def _steps(self) -> int:
        if self.recipe.privacy is not None:
            return self.recipe.privacy.steps
        return self.recipe.epochs * -(-self.trained_on // self.recipe.batch_size)

    def _seconds(self) -> float:
        """Seconds of one core for one model."""
        recipe = self.recipe.model_copy(update={"epochs": 1, "early_stopping": False})
        n = min(self.trained_on, _PROBED_STEPS * recipe.batch_size)
        if recipe.privacy is not None:
            # NOTE: all records, because the size of a batch follows from the sample rate.
            n, few = self.trained_on, {"steps": min(_PROBED_STEPS, recipe.privacy.steps)}
            recipe = recipe.model_copy(update={"privacy": recipe.privacy.model_copy(update=few)})
        places = np.linspace(0, len(self.pool) - 1, n).astype(np.int64)
        texts, labels = [self.pool.texts[i] for i in places], np.asarray(self.pool.labels)[places]
        some = self.texts[:: max(1, len(self.texts) // _PROBED_TEXTS)]
        run, n_classes = TrainingRun(0, device=self.device), self.pool.n_classes
        fit = partial(train, recipe, texts, labels, n_classes, vocabulary=self.vocabulary, run=run)
        with one_thread():
            fit()  # The first steps pay for lazy initialisation.
            model = fit()
            watch = Stopwatch()
            model.logits(some)
            asked = watch.seconds / len(some) * self.scored
        return model.history.seconds / model.history.steps * self._steps + asked


def estimate_cost(parts: Sequence[tuple[ReferencePlan, int]], store: Store) -> TrainingCost:
    """Count the work of models that are trained on a whole pool, and time a probe.

    Args:
        parts: plans of a learner that trains on a whole pool, with one recipe, and how many models of each.
        store: where models that are there already need not be trained. Nothing is written.

    Raises:
        UsageError: the loss of the probe is not finite.
        TypeError: another learner: a bug of the caller.
    """
    plan = parts[0][0]
    learner, pool, texts = plan.learner, plan.pool, plan.scored.texts
    if not isinstance(learner, WholePoolLearner):
        raise TypeError("only models that are trained on a whole pool are estimated")
    models = sum(count for _, count in parts)
    held = sum(PlanFolder(store.root, plan).holds(i) for plan, count in parts for i in range(count))
    n = len(pool) + learner.copies
    work = ModelWork(learner.recipe, learner.vocabulary, pool, n, texts, len(texts), learner.device)
    return work.cost(models, held)
