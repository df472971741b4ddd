"""What the models of one epsilon will cost, from counts and a short probe of this machine."""

from functools import partial

import numpy as np

from privaudit.audits.sweep.epsilon.plan import EpsilonSweepPlan, PlannedEpsilon
from privaudit.stopwatch import Stopwatch
from privaudit.training.recipe import Recipe
from privaudit.training.references.backends.threads import one_thread
from privaudit.training.references.extras import COPIES
from privaudit.training.references.planted_cost import TrainingCost
from privaudit.training.references.store import PlanFolder
from privaudit.training.trainer import train

_PROBED_STEPS = 12
_PROBED_TEXTS = 512


def estimate_cost(planned: PlannedEpsilon, plan: EpsilonSweepPlan) -> TrainingCost:
    """Count the work and time a probe; nothing is written.

    Raises:
        UsageError: the loss of the probe is not finite.
    """
    request, recipe = plan.request, planned.recipe
    folder = PlanFolder(request.store, planned.models)
    held = sum(map(folder.holds, range(request.models)))
    trained_on = len(plan.pool) // 2
    steps = recipe.epochs * -(-trained_on // recipe.batch_size)
    if recipe.privacy is not None:
        steps = recipe.privacy.steps
    scored = len(plan.pool) * (1 + COPIES)
    each = None
    if recipe.architecture != "hf" and held < request.models:
        each = _seconds(planned, plan, steps, scored)
    missing = request.models - held
    seconds = 0.0 if not missing else None if each is None else each * missing
    return TrainingCost(request.models, held, steps, scored, seconds)


def _seconds(planned: PlannedEpsilon, plan: EpsilonSweepPlan, steps: int, scored: int) -> float:
    """Seconds of one core for one model."""
    labels = np.asarray(plan.pool.labels, dtype=np.int64)
    recipe, device = planned.recipe, plan.request.device
    if recipe.privacy is None:
        recipe = recipe.model_copy(update={"epochs": 1})
        count = min(len(plan.pool), _PROBED_STEPS * recipe.batch_size)
    else:
        recipe = _shortened(recipe, _PROBED_STEPS)
        count = len(plan.pool) // 2
    places = np.linspace(0, len(plan.pool) - 1, count).astype(np.int64)
    texts = [plan.pool.texts[i] for i in places]
    fit = partial(
        train, recipe, n_classes=plan.pool.n_classes, seed=0, vocabulary=plan.vocabulary, device=device
    )
    with one_thread():
        fit(texts, labels[places])  # The first steps pay for lazy initialisation.
        model = fit(texts, labels[places])
        watch, some = Stopwatch(), plan.pool.texts[:: max(1, len(plan.pool) // _PROBED_TEXTS)]
        model.logits(some)
        asked = watch.seconds / len(some) * scored
    return model.history.seconds / model.history.steps * steps + asked


def _shortened(recipe: Recipe, steps: int) -> Recipe:
    """A private recipe with a few steps."""
    privacy = recipe.privacy
    if privacy is None:
        raise ValueError("not a private recipe")
    return recipe.model_copy(
        update={"privacy": privacy.model_copy(update={"steps": min(steps, privacy.steps)})}
    )
