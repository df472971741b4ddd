"""Theory against practice: models at several epsilons, attacked alike, beside what each epsilon allows."""

from privaudit.audits.sweep.epsilon.cost import estimate_cost
from privaudit.audits.sweep.epsilon.plan import (
    EpsilonSweepPlan,
    EpsilonSweepRequest,
    PlannedEpsilon,
    plan_epsilon_sweep,
)
from privaudit.audits.sweep.epsilon.run import run_epsilon_sweep

__all__ = [
    "EpsilonSweepPlan",
    "EpsilonSweepRequest",
    "PlannedEpsilon",
    "estimate_cost",
    "plan_epsilon_sweep",
    "run_epsilon_sweep",
]
