"""The ends of every interval that decides a threshold, in one form for all metrics."""

from collections.abc import Sequence
from dataclasses import dataclass

from privaudit.errors import ResultError
from privaudit.gate.chance import LEVEL, exposures_by_chance, n_canaries
from privaudit.gate.thresholds import Threshold
from privaudit.results import Epsilon, Extraction, Interval, LowerBound, Membership
from privaudit.results.epsilon import ASSUMPTION_FREE
from privaudit.rounding import at_least, at_most


@dataclass(frozen=True)
class IntervalEnds:
    """The two ends of one interval, either of which may not exist."""

    subject: str
    """Whose interval: an attack, or an attack on a canary."""
    low: float | None
    low_name: str
    high: float | None
    gap: str = ""
    """Why an end does not exist, in one sentence."""
    high_subject: str = ""
    """Whose ``high``, where the two ends do not come from one interval."""
    high_name: str = "high"
    luck: str = ""
    """What chance has to do with ``low``, in a few words."""


def membership_readings(threshold: Threshold, membership: Sequence[Membership]) -> list[IntervalEnds]:
    """The interval of every attack that a threshold on membership inference covers.

    Raises:
        ResultError: a row does not list the metric.
    """
    end = "low" if threshold.attack else "low_simultaneous"
    return [
        IntervalEnds(
            row.attack, low_end(interval, end), end, interval.high, f"Not measurable: {_gap(row, interval)}."
        )
        for row in membership
        for interval in [_interval(row, threshold)]
    ]


def exposure_readings(threshold: Threshold, extraction: Sequence[Extraction]) -> list[IntervalEnds]:
    """The exposure interval of every canary and attack that a threshold covers.

    The worst of several intervals is one of many that chance could have lifted, so their simultaneous ends
    count as soon as there are several. A secret that no model saw may rank high by luck, and the best of M
    does so M times as often: a low end counts only where luck is excluded.
    """
    alone = threshold.attack is not None and len(extraction) == 1
    canaries = n_canaries(extraction)
    return [
        _exposure_reading(row, p_value, canaries, alone=alone)
        for row, p_value in zip(extraction, exposures_by_chance(extraction), strict=True)
    ]


def epsilon_readings(threshold: Threshold, epsilon: Epsilon) -> list[IntervalEnds]:
    """The ends of an audit of epsilon: a lower bound from below, the accounted mechanism from above.

    Without a method named, the bound that assumes nothing decides: the largest of several would be no bound.

    No attack bounds epsilon from above. The accounting of the claimed mechanism does, as long as the test of
    the claim finds no violation.
    """
    wanted = (threshold.attack,) if threshold.attack else ASSUMPTION_FREE
    bounds = [bound for bound in epsilon.lower_bounds if bound.method in wanted]
    return [_epsilon_reading(bound, epsilon) for bound in bounds]


def _epsilon_reading(bound: LowerBound, epsilon: Epsilon) -> IntervalEnds:
    high = epsilon.accounted if epsilon.verdict == "consistent" else None
    return IntervalEnds(
        bound.method,
        bound.value,
        "low",
        high,
        gap=f"At least {at_least(bound.value, 4)} ({bound.method}); {_why_unbounded(epsilon, bound)}.",
        high_subject="accounted from the claimed mechanism",
    )


def _why_unbounded(epsilon: Epsilon, bound: LowerBound) -> str:
    match epsilon.verdict:
        case "consistent":
            return "no upper end, because the claim names no mechanism to account for"
        case "violated":
            return "no upper end, because the claim is refuted"
        case "no-claim":
            return "no upper end, because no privacy is claimed"
        case "inconclusive":
            most = epsilon.ceiling if bound.ceiling is None else bound.ceiling
            return (
                "no upper end, because the test of the claim is inconclusive"
                f" (this bound could reach {at_most(most, 4)} at most)"
            )


def _exposure_reading(row: Extraction, p_value: float, canaries: int, *, alone: bool) -> IntervalEnds:
    subject, exposure = f"{row.attack} on {row.canary}", row.exposure_bits
    # NOTE: an exact rank needs no simultaneous end, because chance has no part in it.
    end = "low" if alone or exposure.low_simultaneous is None else "low_simultaneous"
    high, gap = exposure.high, f"{subject} has no exposure: {exposure.reason or row.reason or 'not measured'}"
    if high is not None and _at_ceiling(row, high):
        most = at_most(high, 4)
        high, gap = None, f"{subject} reaches {most} bits, the most that a sample of this size can show."
    low = low_end(exposure, end) if p_value <= LEVEL else None
    luck = f"of {canaries} secrets, one ranks as high by luck with p = {p_value:.2g}"
    return IntervalEnds(subject, low, end, high, gap, luck=luck)


def _at_ceiling(row: Extraction, high: float) -> bool:
    """Whether no sampled filling beat the secret: then ``high`` is where the sample ends, not a bound."""
    unbeaten = row.rank == 1 and not row.rank_exact
    return unbeaten and (row.ceiling_bits is None or high <= row.ceiling_bits)


def _interval(row: Membership, threshold: Threshold) -> Interval:
    found = threshold.metric.read(row, threshold.fpr)
    if found is None:
        what = threshold.metric.heading(threshold.fpr)
        raise ResultError(f"The result has no {what} of {row.attack}", "Audit the model again")
    return found


def low_end(interval: Interval, end: str) -> float | None:
    """``low`` or ``low_simultaneous``."""
    return interval.low if end == "low" else interval.low_simultaneous


def _gap(row: Membership, interval: Interval) -> str:
    return f"{row.attack}: {interval.reason or 'no value'}"
