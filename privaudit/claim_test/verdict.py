"""The verdict on a claimed epsilon: one p-value, the design's power, and the controls decide.

``violated``: p below 0.001. ``inconclusive``: p below 0.05, or too little power, or a control that failed, or
a claim that contradicts itself. ``consistent``: none of that, which is no proof. ``no-claim``: no test.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from privaudit.claim_test.hypothesis import Hypothesis, Seen
from privaudit.results import Control
from privaudit.results.epsilon import EpsilonVerdict

VIOLATED = 0.001
LEVEL = 0.05
POWER = 0.8
"""Of seeing half the configured noise; with less, finding nothing says nothing."""

_SEEN = {"every-step": "every step", "final-model": "the final model"}

CHECKLIST = (
    "Adjacency: is a record added or removed, as the canaries are, or replaced?",
    "Sampler: does every record join every batch by an independent coin of the accounted rate?",
    "Clipping: is every single gradient clipped, over all parameters together, and not per micro-batch?",
    "Noise: is its standard deviation the multiplier times the clip norm, on the sum, in every step?",
    "Normaliser: is the noisy sum divided by a constant that does not depend on the number of records?",
    "Copies: was every canary planted as often as the audit says?",
    "Seeds: is the noise drawn afresh for every step and run, from a seed that is not kept?",
    "Other ways in: vocabulary, class list, normalisation statistics, early stopping on the private records.",
    "The audit: coins fair and independent, guesses and score fixed beforehand, ties broken at random.",
)
"""Where to look after ``violated``, most frequent causes first."""


@dataclass(frozen=True)
class Judgement:
    """The verdict, in a word and in a sentence."""

    verdict: EpsilonVerdict
    sentence: str
    checklist: tuple[str, ...] = ()


def judge(
    hypothesis: Hypothesis,
    p_value: float | None,
    power: float | None,
    controls: Sequence[Control] = (),
    seen: Seen = "every-step",
) -> Judgement:
    """Decide.

    Args:
        hypothesis: what was tested.
        p_value: of the one test that was declared beforehand; None without a claim.
        power: chance of a p-value of at most 0.05 with half the configured noise; None if unknown.
        controls: of the same run.
        seen: what the attack saw, and so the ideal attack of ``power``.
    """
    if p_value is None:
        return Judgement(
            "no-claim", "No privacy is claimed, so nothing was tested; the bounds stand by themselves."
        )
    failed = [control.name for control in controls if control.passed is False]
    what, p = _what(hypothesis), _shown(p_value)
    if "negative" in failed:
        return _inconclusive(
            "The test finds membership where coins decided it afterwards: an assumption of the audit does "
            "not hold, so it says nothing about the claim."
        )
    if p_value < VIOLATED:
        return Judgement(
            "violated",
            f"The attack exceeds what {what} permits (p = {p}): the implementation, the accounting or an "
            "assumption of this audit is broken.",
            CHECKLIST,
        )
    if p_value < LEVEL:
        return _inconclusive(
            f"The attack does better than {what} makes likely (p = {p}), too little for a verdict: audit "
            "again with fresh seeds and four times as many canaries or runs."
        )
    found = f"No violation of {what} was found (p = {p})"
    if "positive" in failed:
        return _inconclusive(
            f"{found}, but the attack also misses a model without any noise: use a stronger attack or more "
            "canaries."
        )
    if hypothesis.understated:
        return _inconclusive(
            f"The claim contradicts itself: its mechanism gives epsilon {hypothesis.accounted:.4g}, not "
            f"{hypothesis.claimed:.4g}. The attack does not exceed the mechanism (p = {p})."
        )
    return _by_power(found, power, seen)


def _by_power(found: str, power: float | None, seen: Seen) -> Judgement:
    """What it means that nothing was found, which depends on what could have been."""
    if power is None:
        return _inconclusive(
            f"{found}; without a noise multiplier, a sample rate and a number of steps, what this design "
            "could have noticed is unknown."
        )
    if power < POWER:
        return _inconclusive(
            f"{found}, but even an ideal attack on {_SEEN[seen]} would have noticed half the noise with a "
            f"probability of only {power:.2f}: audit more canaries or runs."
        )
    return Judgement(
        "consistent",
        f"{found}; an ideal attack on {_SEEN[seen]} would have noticed half the noise with probability "
        f"{power:.2f}. Smaller errors and stronger attacks remain possible: an audit finds faults; it can't "
        "prove privacy.",
    )


def control(name: str, description: str, p_value: float | None, reason: str | None = None) -> Control:
    """A control with its outcome: a positive one must be ``violated``, a negative one must not.

    Args:
        name: ``positive`` (a model that is known to leak, such as one without noise) or ``negative``.
        description: what was done.
        p_value: of the same test; None if it could not be made.
        reason: why not.
    """
    passed = None if p_value is None else (p_value < VIOLATED) == (name == "positive")
    return Control.model_validate(
        {"name": name, "description": description, "p_value": p_value, "passed": passed, "reason": reason}
    )


def _inconclusive(sentence: str) -> Judgement:
    return Judgement("inconclusive", sentence)


def _what(hypothesis: Hypothesis) -> str:
    if hypothesis.kind == "mechanism":
        return "the configured mechanism"
    return f"(epsilon {hypothesis.claimed:.4g}, delta {hypothesis.delta:.3g})"


def _shown(p_value: float) -> str:
    return f"{p_value:.2g}" if p_value < 0.1 else f"{p_value:.2f}"
