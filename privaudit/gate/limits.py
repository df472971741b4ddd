"""Which limits apply to a result, and how it decides each of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from privaudit.errors import UsageError
from privaudit.gate.evaluate import evaluate
from privaudit.gate.policy import Policy
from privaudit.gate.slices import judge_slice
from privaudit.gate.thresholds import Threshold, parse_threshold, with_alias
from privaudit.results import Result, ThresholdResult
from privaudit.results.metrics import attack_in

_BEST = "best"
"""Stands for an attack that only the audit knows; its result says which one it was."""
_NOTHING_TO_COMPARE = (
    "Members and non-members can be told apart by their texts alone, so no change can be measured."
)


@dataclass(frozen=True)
class Limit:
    """A threshold and what it is for: the number itself, that of a slice, or its increase."""

    threshold: Threshold
    slice: str | None = None
    """``by=value``."""
    increase: bool = False

    def judge(self, result: Result) -> ThresholdResult:
        """What came of it; for an increase by the comparison in the result.

        Raises:
            UsageError: it names an attack, a slice or a change that is not there.
            ResultError: the result lacks a number that every result has.
        """
        if self.slice is not None:
            return judge_slice(self.threshold, self.slice, result.slices)
        if not self.increase:
            return evaluate(
                self.threshold, result.membership, result.not_run, result.extraction, result.epsilon
            )
        if result.data.blind_baseline.forbids_verdict:
            return self.threshold.judged(
                "inconclusive", "none", None, _NOTHING_TO_COMPARE, against="baseline"
            )
        if result.comparison is None:
            raise UsageError(
                f"The limit {self.threshold.expression!r} on an increase needs a baseline",
                "Give --baseline FILE, or baseline in the policy",
            )
        from privaudit.gate.compare.baseline import judge_increase

        return judge_increase(self.threshold, result.comparison)


@dataclass(frozen=True)
class Judged:
    """A limit and what came of it in one result."""

    limit: Limit
    item: ThresholdResult
    result: Result

    def at(self, value: float) -> ThresholdResult:
        """What would come of it with another number as the limit."""
        return replace(self.limit, threshold=replace(self.limit.threshold, limit=value)).judge(self.result)


def limits_of(result: Result, policy: Policy, fail_if: Sequence[str]) -> tuple[Limit, ...]:
    """The limits of the policy and of ``fail_if``; without any, those that the result was judged by.

    Raises:
        UsageError: an expression cannot be read, or ``best`` stands for an unknown attack.
    """
    own = result.verdict.thresholds
    # NOTE: not parsed, because limits that do not count here may be of a later version.
    best = next((item.attack for item in own if attack_in(item.expression) == _BEST), None)

    def limit(text: str, slice_: str | None = None, *, increase: bool = False) -> Limit:
        return Limit(_resolved(text, best), slice_, increase)

    given = [
        *(limit(text) for text in (*policy.fail_if, *fail_if)),
        *(limit(part.fail_if, f"{part.by}={part.value}") for part in policy.slices),
        *(limit(text, increase=True) for text in policy.max_increase),
    ]
    return tuple(given or (limit(t.expression, t.slice, increase=t.against == "baseline") for t in own))


def judge_all(limits: Sequence[Limit], result: Result) -> tuple[Judged, ...]:
    """What came of every limit, each of them once."""
    return tuple(Judged(limit, limit.judge(result), result) for limit in dict.fromkeys(limits))


def _resolved(text: str, best: str | None) -> Threshold:
    threshold = parse_threshold(text)
    if best is not None:
        threshold = with_alias(threshold, _BEST, best)
    if threshold.attack == _BEST:
        raise UsageError(f"The result does not say which attack {_BEST} is, for {text!r}", "Name the attack")
    return threshold
