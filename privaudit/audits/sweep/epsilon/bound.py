"""The audit of one epsilon's models: lower bounds from all of their canaries, and the test of the claim."""

import numpy as np

from privaudit.audits.sweep.epsilon.describe import CANARIES, SCORE, THREAT_MODEL
from privaudit.audits.sweep.epsilon.measure import PooledCanaries
from privaudit.audits.sweep.epsilon.plan import EpsilonSweepPlan
from privaudit.claim_test.epsilon_result import ClaimTest
from privaudit.claim_test.hypothesis import hypothesis_of
from privaudit.claim_test.one_run_audit import OneRun, audit_one_run
from privaudit.claim_test.verdict import control
from privaudit.results import Claim, Control, Epsilon
from privaudit.stats.bounds.guesses import guess, guesses_of_each

_TIES = 4


def audit_canaries(
    canaries: PooledCanaries, plan: EpsilonSweepPlan, claim: Claim | None, ordinary: PooledCanaries | None
) -> Epsilon:
    """Test the claim with the canaries of all models as one run with K m coins.

    Args:
        canaries: of the models of one epsilon.
        plan: the sweep.
        claim: None without privacy: there is nothing to test, and bounds alone.
        ordinary: canaries of models that were trained without privacy: the positive control.
    """
    request = plan.request
    asked = ClaimTest(
        claim=claim,
        score=SCORE,
        canaries=f"{plan.n_canaries:,} in each of {request.models} independently trained models: {CANARIES}",
        threat_model=THREAT_MODEL,
        delta=plan.delta,
        seed=request.run.seed,
        controls=() if claim is None else (_positive(ordinary, plan, claim),),
    )
    return audit_one_run(canaries.scores, canaries.included, asked)


def _positive(ordinary: PooledCanaries | None, plan: EpsilonSweepPlan, claim: Claim) -> Control:
    """What the test says of this claim when models without privacy stand in the place of its models."""
    described = "the same canaries in models that were trained without privacy"
    if ordinary is None:
        return control("positive", described, None, "no such models are in this sweep: add inf to --epsilon")
    rng = np.random.default_rng([plan.request.run.seed, _TIES])
    guesses = guess(ordinary.scores, ordinary.included, guesses_of_each(len(ordinary.scores)), rng)
    return control("positive", described, OneRun(hypothesis_of(claim, plan.delta, 1), guesses).p_value)
