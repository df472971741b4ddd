"""What the audits of all designs are given, and the result that they share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from privaudit.claim_test.curves import empirical_roc, theory_curves
from privaudit.claim_test.hypothesis import Hypothesis, Seen, hypothesis_of
from privaudit.claim_test.verdict import LEVEL, judge
from privaudit.results import Claim, Control, Epsilon, StaticCheck
from privaudit.results.epsilon import Design, LowerBound

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class ClaimTest:
    """The claim to test, and what the result says beside its numbers."""

    claim: Claim | None
    """None if nothing is claimed: bounds only."""
    score: str
    """What the scores are, in words."""
    canaries: str
    """Their kind, number and copies, in words."""
    threat_model: str
    """What the attack sees, in words."""
    delta: float | None = None
    """That of the claim if None."""
    group: int = 1
    """Copies of each canary, all in or all out."""
    seed: int = 0
    """Breaks ties and draws what is simulated."""
    controls: Sequence[Control] = ()
    """Made by the caller with the same design; the audit adds a negative one."""
    checks: Sequence[StaticCheck] = ()
    """Of the claim and the design (:mod:`privaudit.claim_test.checks`), passed on."""

    def hypothesis(self) -> Hypothesis:
        """The claim as a statement that scores can refute.

        Raises:
            UsageError: delta or group are impossible.
        """
        return hypothesis_of(self.claim, self.delta, self.group)


@dataclass(frozen=True, eq=False)
class DesignOutcome:
    """What one design found."""

    design: Design
    test: str
    seen: Seen
    scores: Floats
    """``[n]``."""
    included: Bools
    """``[n]``."""
    p_value: float | None
    """None without a claim."""
    power: float | None
    """None if unknown."""
    negative: Control | None
    """None without a claim."""
    bounds: tuple[LowerBound, ...]
    parameters: Mapping[str, float | str] = field(default_factory=dict)
    checks: Sequence[StaticCheck] = ()
    guesses: int | None = None
    correct: int | None = None


def epsilon_result(asked: ClaimTest, hypothesis: Hypothesis, found: DesignOutcome) -> Epsilon:
    """Judge what a design found, and state it."""
    controls = (*asked.controls, *(() if found.negative is None else (found.negative,)))
    judgement = judge(hypothesis, found.p_value, found.power, controls, found.seen)
    curves = theory_curves(hypothesis)
    shared: dict[str, float | str] = {"seed": asked.seed, "copies": asked.group, "level": LEVEL}
    return Epsilon(
        verdict=judgement.verdict,
        sentence=judgement.sentence,
        design=found.design,
        test=found.test,
        p_value=found.p_value,
        claimed=hypothesis.claimed,
        accounted=hypothesis.accounted,
        delta=hypothesis.delta,
        lower_bounds=found.bounds,
        ceiling=max(bound.ceiling or 0.0 for bound in found.bounds),
        power=found.power,
        n_in=int(found.included.sum()),
        n_out=int((~found.included).sum()),
        guesses=found.guesses,
        correct=found.correct,
        score=asked.score,
        canaries=asked.canaries,
        threat_model=asked.threat_model,
        theory_curves=curves,
        theory_curve=curves[0] if curves else None,
        # NOTE: canaries of one model may all move together; separately trained models do not.
        empirical_curve=empirical_roc(found.scores, found.included, independent=found.design != "one-run"),
        controls=controls,
        checks=(*asked.checks, *found.checks),
        parameters={**shared, **found.parameters, "power_seen": found.seen},
        checklist=judgement.checklist,
    )
