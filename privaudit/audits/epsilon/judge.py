"""The tests of the two designs, asked alike for the audited models and for their controls."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from privaudit.audits.epsilon.describe import ResultWords
from privaudit.audits.epsilon.plan import EpsilonPlan, OneRunDesign
from privaudit.claim_test.many_run_audit import audit_many_runs, rank_outcome
from privaudit.claim_test.one_run_audit import OneRun, audit_one_run
from privaudit.results import Control, Epsilon, StaticCheck
from privaudit.stats.bounds.guesses import guess
from privaudit.stats.bounds.rank_test import DRAWS
from privaudit.targets.interface import Floats

Bools = NDArray[np.bool_]
_CONTROL = 0xC0
"""Apart from the seeds of the audit itself."""


def judge_one_run(
    plan: EpsilonPlan,
    design: OneRunDesign,
    scores: Floats,
    words: ResultWords,
    controls: Sequence[Control],
    checks: Sequence[StaticCheck],
) -> Epsilon:
    """The verdict on the audited model's canaries."""
    return audit_one_run(
        scores,
        design.canaries.included,
        claim=plan.tested.claim,
        delta=plan.tested.delta,
        group=design.canaries.repetitions,
        seed=plan.request.seed,
        guesses=plan.reach.guesses,
        controls=controls,
        checks=checks,
        score=words.score,
        canaries=words.canaries,
        threat_model=words.threat_model,
    )


def judge_many_runs(
    plan: EpsilonPlan,
    scores: Floats,
    included: Bools,
    words: ResultWords,
    controls: Sequence[Control],
    checks: Sequence[StaticCheck],
) -> Epsilon:
    """The verdict on many models with one canary."""
    return audit_many_runs(
        scores,
        included,
        claim=plan.tested.claim,
        delta=plan.tested.delta,
        seed=plan.request.seed,
        threshold=plan.request.threshold,
        controls=controls,
        checks=checks,
        score=words.score,
        canaries=words.canaries,
        threat_model=words.threat_model,
    )


def p_one_run(plan: EpsilonPlan, design: OneRunDesign, scores: Floats) -> float | None:
    """The p-value of the same test for other scores of the same canaries; None without a claim."""
    rng = np.random.default_rng([plan.request.seed, _CONTROL])
    each = (plan.reach.guesses or 0) // 2
    return OneRun(plan.hypothesis, guess(scores, design.canaries.included, each, rng)).p_value


def p_many_runs(plan: EpsilonPlan, scores: Floats, included: Bools) -> float | None:
    """The p-value of the same test for other models; None without a claim."""
    found = rank_outcome(plan.hypothesis, scores, included, plan.request.seed, DRAWS)
    return None if found is None else found.p_value
