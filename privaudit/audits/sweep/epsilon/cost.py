"""What the models of one epsilon will cost, from counts and a short probe of this machine."""

from privaudit.audits.sweep.epsilon.plan import EpsilonSweepPlan, PlannedEpsilon
from privaudit.training.references.extras import COPIES
from privaudit.training.references.planted_cost import ModelWork, TrainingCost
from privaudit.training.references.store import PlanFolder


def estimate_cost(planned: PlannedEpsilon, plan: EpsilonSweepPlan) -> TrainingCost:
    """Count the work and time a probe; nothing is written.

    Raises:
        UsageError: the loss of the probe is not finite.
    """
    request, pool = plan.request, plan.pool
    folder = PlanFolder(request.store, planned.models)
    held = sum(map(folder.holds, range(request.models)))
    scored = len(pool) * (1 + COPIES)
    work = ModelWork(
        planned.recipe, plan.vocabulary, pool, len(pool) // 2, pool.texts, scored, request.device
    )
    return work.cost(request.models, held)
