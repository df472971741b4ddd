"""Models with one canary by a coin each: training what the store lacks, and their scores."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from privaudit.audits.epsilon.plan import EpsilonRequest
from privaudit.audits.epsilon.scores import loss_drops
from privaudit.progress import Progress
from privaudit.stopwatch import Deadline
from privaudit.targets.interface import Floats
from privaudit.training.references.engine import train_references
from privaudit.training.references.plan import ReferencePlan
from privaudit.training.references.store import Store


@dataclass(frozen=True, eq=False)
class CoinModels:
    """What N models say of the canary."""

    logits: Floats
    """``[N, C]``."""
    included: NDArray[np.bool_]
    """``[N]`` whether the model was trained on it."""
    scores: Floats
    """``[N]``, higher = member."""

    def __len__(self) -> int:
        return len(self.logits)


def train_models(
    plan: ReferencePlan, count: int, request: EpsilonRequest, progress: Progress, deadline: Deadline
) -> CoinModels:
    """The first ``count`` models of ``plan``, or with a deadline those that are there by then.

    Args:
        plan: of a :class:`privaudit.training.references.learners.coin_learner.CoinLearner`.
        count: how many.
        request: where models are trained and kept.
        progress: told once per model.
        deadline: after it no model begins.
    """
    found = train_references(
        plan, count, Store(request.store), request.backend, progress=progress, deadline=deadline.moment
    )
    logits = np.array([rows[0] for rows in found.logits], dtype=np.float64).reshape(-1, plan.scored.n_classes)
    scores = loss_drops(None, logits, np.repeat(plan.scored.labels, len(logits)))
    if found.extras is not None:
        scores = scores + np.array([float(rows[0, 0]) for rows in found.extras])
    return CoinModels(logits, found.inside[:, 0], scores)
