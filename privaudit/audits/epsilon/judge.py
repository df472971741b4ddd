"""The tests of the two designs, asked alike for the audited models and for their controls."""

import numpy as np
from numpy.typing import NDArray

from privaudit.audits.epsilon.checks import checks_of
from privaudit.audits.epsilon.describe import ResultWords, describe_many_runs, describe_one_run
from privaudit.audits.epsilon.many_runs import CoinModels
from privaudit.audits.epsilon.plan import EpsilonPlan, ManyRunDesign, OneRunDesign
from privaudit.claim_test.epsilon_result import ClaimTest
from privaudit.claim_test.many_run_audit import audit_many_runs, rank_outcome
from privaudit.claim_test.one_run_audit import OneRun, audit_one_run
from privaudit.results import Control, Epsilon
from privaudit.stats.bounds.guesses import guess
from privaudit.stats.bounds.rank_test import DRAWS
from privaudit.targets.interface import Floats

Bools = NDArray[np.bool_]
_CONTROL = 0xC0
"""Apart from the seeds of the audit itself."""


def judge_one_run(plan: EpsilonPlan, design: OneRunDesign, scores: Floats, control: Control) -> Epsilon:
    """The verdict on the audited model's canaries."""
    asked = _asked(plan, describe_one_run(plan, design), control, design.canaries.repetitions)
    return audit_one_run(scores, design.canaries.included, asked, plan.power.guesses)


def judge_many_runs(
    plan: EpsilonPlan, design: ManyRunDesign, models: CoinModels, control: Control
) -> Epsilon:
    """The verdict on many models with one canary."""
    asked = _asked(plan, describe_many_runs(plan, design), control)
    return audit_many_runs(models.scores, models.included, asked, threshold=plan.request.threshold)


def _asked(plan: EpsilonPlan, words: ResultWords, control: Control, copies: int = 1) -> ClaimTest:
    return ClaimTest(
        claim=plan.tested.claim,
        score=words.score,
        canaries=words.canaries,
        threat_model=words.threat_model,
        delta=plan.tested.delta,
        group=copies,
        seed=plan.request.run.seed,
        controls=(control,),
        checks=checks_of(plan),
    )


def p_one_run(plan: EpsilonPlan, design: OneRunDesign, scores: Floats) -> float | None:
    """The p-value of the same test for other scores of the same canaries; None without a claim."""
    rng = np.random.default_rng([plan.request.run.seed, _CONTROL])
    each = (plan.power.guesses or 0) // 2
    return OneRun(plan.hypothesis, guess(scores, design.canaries.included, each, rng)).p_value


def p_many_runs(plan: EpsilonPlan, scores: Floats, included: Bools) -> float | None:
    """The p-value of the same test for other models; None without a claim."""
    found = rank_outcome(plan.hypothesis, scores, included, plan.request.run.seed, DRAWS)
    return None if found is None else found.p_value
