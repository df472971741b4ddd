"""One threshold against the results that decide it."""

from collections.abc import Sequence

from privaudit.errors import UsageError
from privaudit.gate.interval_ends import (
    IntervalEnds,
    epsilon_readings,
    exposure_readings,
    membership_readings,
)
from privaudit.gate.thresholds import Threshold
from privaudit.results import Epsilon, Extraction, Membership, NotRun, ThresholdResult
from privaudit.rounding import at_least, at_most


def evaluate(
    threshold: Threshold,
    membership: Sequence[Membership] = (),
    not_run: Sequence[NotRun] = (),
    extraction: Sequence[Extraction] = (),
    epsilon: Epsilon | None = None,
) -> ThresholdResult:
    """Judge one threshold on interval ends.

    With an attack named, ``low`` of its interval decides; without one, ``low_simultaneous`` of every attack
    does: trying many attacks must not fail a build by chance. It holds when every ``high`` is at most the
    limit. ``exposure`` is that of every planted canary, and ``extracted`` counts those that any attack
    recovered; canaries that were left out are controls and never count. ``epsilon`` is the lower bound that
    assumes nothing of the mechanism, or the one named; it holds by what is accounted for the claimed
    mechanism, as long as the test of that claim finds no violation.

    Args:
        threshold: with its alias resolved.
        membership: results of membership inference.
        not_run: attacks without a result; those of the threshold's family keep it from holding.
        extraction: results of canary extraction.
        epsilon: result of the test of the claim.

    Raises:
        UsageError: no attack that it covers has a result.
    """
    rows = [row for row in membership if threshold.attack in (None, row.attack)]
    canaries = [row for row in extraction if threshold.attack in (None, row.attack)]
    missing = _missing(threshold, not_run)
    bounds = [] if epsilon is None else epsilon_readings(threshold, epsilon)
    found = {"membership": rows, "extraction": canaries, "epsilon": bounds}[threshold.family]
    if not (found or missing):
        measured = {
            "membership": [row.attack for row in membership],
            "extraction": [row.attack for row in extraction],
            "epsilon": [] if epsilon is None else [bound.method for bound in epsilon.lower_bounds],
        }[threshold.family]
        known = ", ".join(dict.fromkeys(measured)) or f"no {threshold.family}"
        raise UsageError(
            f"The result has no number for {threshold.expression!r}; it measured {known}",
            "Run the attack or correct the limit",
        )
    if threshold.family == "membership":
        return decide(threshold, membership_readings(threshold, rows), missing)
    if threshold.family == "epsilon":
        return decide(threshold, bounds, missing)
    planted = [row for row in canaries if row.included]
    if not (planted or missing):
        return threshold.judged("inconclusive", "none", None, "No canary was in the training data.")
    if threshold.metric.counts:
        return _count(threshold, planted, missing)
    return decide(threshold, exposure_readings(threshold, planted), missing)


def _missing(threshold: Threshold, not_run: Sequence[NotRun]) -> list[str]:
    """What has no result, once each, in words."""
    gone = threshold.missing(not_run)
    names = [item.attack if item.canary is None else f"{item.attack} on {item.canary}" for item in gone]
    return list(dict.fromkeys(names))


def decide(
    threshold: Threshold, readings: Sequence[IntervalEnds], missing: Sequence[str] = ()
) -> ThresholdResult:
    """Judge a threshold on the interval ends that decide it.

    Args:
        threshold: the limit.
        readings: at least one, unless something is missing.
        missing: what it needs and has no result; such a threshold can be exceeded and cannot hold.
    """
    limit = threshold.limit
    lows = [(r.low, r) for r in readings if r.low is not None]
    highs = [(r.high, r) for r in readings if r.high is not None]
    low, lowest = max(lows, key=lambda pair: pair[0], default=(None, None))
    high, highest = max(highs, key=lambda pair: pair[0], default=(None, None))
    if low is not None and lowest is not None and low > limit:
        reason = f"{lowest.subject}: at least {at_least(low, 4)}, which is above {limit:g}."
        return threshold.judged("exceeded", f"{lowest.subject} {lowest.low_name}", low, reason)
    if missing:
        return _unfinished(threshold, missing)
    gaps = [reading.gap for reading in readings if reading.high is None]
    if gaps or high is None or highest is None:
        return threshold.judged("inconclusive", "none", None, gaps[0])
    whose = highest.high_subject or highest.subject
    bound = f"{whose} high"
    if high <= limit:
        reason = f"At most {at_most(high, 4)} ({whose}), which is not above {limit:g}."
        return threshold.judged("holds", bound, high, reason)
    reason = (
        f"The interval reaches {at_most(high, 4)} ({whose}), so {limit:g} is neither exceeded nor excluded."
    )
    return threshold.judged("inconclusive", bound, high, reason)


def _count(threshold: Threshold, planted: Sequence[Extraction], missing: Sequence[str]) -> ThresholdResult:
    """``extracted``: a count has no interval, but what an attack did not reach could add to it."""
    recovered = [row for row in planted if row.exact_match]
    number, limit = len({row.canary for row in recovered}), threshold.limit
    words = f"{number} of {len({row.canary for row in planted})} planted canaries recovered exactly"
    if number > limit:
        by = ", ".join(dict.fromkeys(row.attack for row in recovered))
        reason = f"{words} (by {by}), which is more than {limit:g}."
        return threshold.judged("exceeded", "count", number, reason)
    if missing:
        return _unfinished(threshold, missing)
    return threshold.judged("holds", "count", number, f"{words}, which is not more than {limit:g}.")


def _unfinished(threshold: Threshold, missing: Sequence[str]) -> ThresholdResult:
    return threshold.judged("inconclusive", "none", None, f"Not finished: {', '.join(missing)}.")
