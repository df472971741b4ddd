"""The epsilon part of a result: what is claimed and allowed, what an attack reached, and the verdict."""

from typing import Literal

from pydantic import Field

from privaudit.results.parts import Number, Part

EpsilonVerdict = Literal["violated", "consistent", "inconclusive", "no-claim"]
Design = Literal["one-run", "many-run", "self-test"]
ASSUMPTION_FREE = ("steinke", "rank-test-epsilon-delta")
"""The one lower bound of each design that assumes nothing of the mechanism."""


class LowerBound(Part):
    """A lower bound on epsilon with everything that it rests on; never to be shown without ``assumes``."""

    method: str
    """``steinke``, ``mahloujifar-gaussian``, ``mahloujifar-mechanism``, ``rank-test-gaussian``,
    ``rank-test-mechanism``, ``rank-test-epsilon-delta``, ``clopper-pearson``."""
    value: Number
    """0 where nothing is refuted."""
    confidence: Number
    """One-sided."""
    assumes: str
    p_value: Number | None = None
    """Of the hypothesis that the claim holds, by this method; null without a claim."""
    ceiling: Number | None = None
    """The most that this method could certify with this design: its value for an attack without error."""
    primary: bool = False
    """Whether this is the one test, declared beforehand, that the verdict rests on."""


class Curve(Part):
    """A ROC, drawn: ``(fpr, tpr)`` pairs joined by straight lines."""

    kind: Literal["mechanism", "epsilon-delta", "gaussian", "last-iterate"]
    """``last-iterate`` is a heuristic and no bound."""
    fpr: tuple[Number, ...]
    tpr: tuple[Number, ...]
    auc: Number
    heuristic: bool = False


class EmpiricalRoc(Part):
    """What the scores reached, with bands that hold at all thresholds at once."""

    fpr: tuple[Number, ...]
    tpr: tuple[Number, ...]
    tpr_low: tuple[Number, ...] = ()
    tpr_high: tuple[Number, ...] = ()
    confidence: Number = 0.95
    least_fpr: Number
    """Below this the sample cannot measure: 10 divided by the number of non-members."""


class Control(Part):
    """A check of the test itself, in the same run."""

    name: Literal["positive", "negative"]
    description: str
    p_value: Number | None
    passed: bool | None
    """Null where it could not be made; ``reason`` says why."""
    reason: str | None = None


class StaticCheck(Part):
    """A statement about the claim that needs no attack."""

    id: str
    """``sampler``, ``accountant``, ``normaliser``, ``delta``, ``vocabulary``, ``labels``, ``adjacency``, …"""
    status: Literal["ok", "warning", "unknown"]
    text: str


class Epsilon(Part):
    """The relation of an attack's success to the configured (epsilon, delta)."""

    verdict: EpsilonVerdict
    sentence: str
    """The verdict in words that say what it does not mean."""
    design: Design
    test: str
    """The pre-declared test, its guesses or statistic included."""
    p_value: Number | None = None
    """Of the hypothesis that the configured guarantee holds; null without a claim."""
    claimed: Number | None = None
    """Epsilon at ``delta`` as the claim says it."""
    accounted: Number | None = None
    """Epsilon at ``delta`` of the claimed mechanism, the smallest bound that is proven; null where the claim
    names none."""
    delta: Number
    lower_bounds: tuple[LowerBound, ...]
    ceiling: Number
    """The most that this design could certify, had every guess been right."""
    power: Number | None = None
    """Chance that this design detects half the configured noise, with ideal canaries; null without a
    mechanism."""
    n_in: int
    n_out: int
    guesses: int | None = None
    correct: int | None = None
    score: str
    """What was compared, higher = member."""
    canaries: str
    """Kind, number and repetitions."""
    threat_model: str
    theory_curves: tuple[Curve, ...] = ()
    theory_curve: Curve | None = None
    """The exact maximal ROC of the configured mechanism; the (epsilon, delta) region where none is known."""
    empirical_curve: EmpiricalRoc | None = None
    controls: tuple[Control, ...] = ()
    checks: tuple[StaticCheck, ...] = ()
    parameters: dict[str, Number | str] = Field(default_factory=dict)
    """Seeds, draws, 2 m delta, level."""
    checklist: tuple[str, ...] = ()
    """Where to look first after ``violated``."""
