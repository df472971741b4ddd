"""One threshold against the results that decide it."""

from collections.abc import Sequence
from functools import partial

from privaudit.errors import UsageError
from privaudit.gate.chance import LEVEL, hits_by_guessing
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
    missing = _missing(threshold, not_run)
    if threshold.family == "epsilon":
        readings = [] if epsilon is None else epsilon_readings(threshold, epsilon)
        bounds = () if epsilon is None else epsilon.lower_bounds
        _require(threshold, readings or missing, [bound.method for bound in bounds])
        return decide(threshold, readings, missing)
    if threshold.family == "membership":
        rows = [row for row in membership if threshold.attack in (None, row.attack)]
        _require(threshold, rows or missing, [row.attack for row in membership])
        return decide(threshold, membership_readings(threshold, rows), missing)
    canaries = [row for row in extraction if threshold.attack in (None, row.attack)]
    _require(threshold, canaries or missing, [row.attack for row in extraction])
    planted = [row for row in canaries if row.included]
    if not (planted or missing):
        return threshold.judged("inconclusive", "none", None, "No canary was in the training data.")
    if threshold.metric.counts:
        return _count(threshold, planted, missing)
    return decide(threshold, exposure_readings(threshold, planted), missing)


def _require(threshold: Threshold, found: Sequence[object], measured: Sequence[str]) -> None:
    """Refuse a threshold on what the result did not measure."""
    if not found:
        known = ", ".join(dict.fromkeys(measured)) or f"no {threshold.family}"
        raise UsageError(
            f"The result has no number for {threshold.expression!r}; it measured {known}",
            "Run the attack or correct the limit",
        )


def _missing(threshold: Threshold, not_run: Sequence[NotRun]) -> list[str]:
    """What has no result, once each, in words."""
    gone = threshold.missing(not_run)
    names = [item.attack if item.canary is None else f"{item.attack} on {item.canary}" for item in gone]
    return list(dict.fromkeys(names))


def decide(
    threshold: Threshold,
    readings: Sequence[IntervalEnds],
    missing: Sequence[str] = (),
    *,
    increase: bool = False,
) -> ThresholdResult:
    """Judge a threshold on the interval ends that decide it.

    Args:
        threshold: the limit.
        readings: at least one, unless something is missing.
        missing: what it needs and has no result; such a threshold can be exceeded and cannot hold.
        increase: whether the intervals are of differences from a baseline.
    """
    limit, more = threshold.limit, " more than in the baseline" if increase else ""
    judged = partial(threshold.judged, against="baseline" if increase else "limit")
    lows = [(r.low, r) for r in readings if r.low is not None]
    highs = [(r.high, r) for r in readings if r.high is not None]
    low, lowest = max(lows, key=lambda pair: pair[0], default=(None, None))
    high, highest = max(highs, key=lambda pair: pair[0], default=(None, None))
    if low is not None and lowest is not None and low > limit:
        luck = f" ({lowest.luck})" if lowest.luck else ""
        reason = f"{lowest.subject}: at least {at_least(low, 4)}{more}, which is above {limit:g}{luck}."
        return judged("exceeded", f"{lowest.subject} {lowest.low_name}", low, reason)
    if missing:
        return _unfinished(threshold, missing)
    gaps = [reading.gap for reading in readings if reading.high is None]
    if gaps or high is None or highest is None:
        return judged("inconclusive", "none", None, gaps[0])
    whose = highest.high_subject or highest.subject
    bound, most = f"{whose} {highest.high_name}", f"{at_most(high, 4)}{more} ({whose})"
    if high <= limit:
        return judged("holds", bound, high, f"At most {most}, which is not above {limit:g}.")
    luck = f"; {highest.luck}" if highest.luck else ""
    reason = f"The interval reaches {most}, so {limit:g} is neither exceeded nor excluded{luck}."
    return judged("inconclusive", bound, high, reason)


def _count(threshold: Threshold, planted: Sequence[Extraction], missing: Sequence[str]) -> ThresholdResult:
    """``extracted``: a count has no interval, but luck may explain it and what is missing may add to it."""
    recovered = [row for row in planted if row.exact_match]
    number, limit = len({row.canary for row in recovered}), threshold.limit
    words = f"{number} of {len({row.canary for row in planted})} planted canaries recovered exactly"
    if number > limit:
        by = ", ".join(dict.fromkeys(row.attack for row in recovered))
        p_value = hits_by_guessing(planted, number)
        luck = f"guessing recovers as many with p = {p_value:.2g}"
        if p_value > LEVEL:
            reason = f"{words} (by {by}), which luck explains: {luck}."
            return threshold.judged("inconclusive", "count", number, reason)
        reason = f"{words} (by {by}), which is more than {limit:g}; {luck}."
        return threshold.judged("exceeded", "count", number, reason)
    if missing:
        return _unfinished(threshold, missing)
    return threshold.judged("holds", "count", number, f"{words}, which is not more than {limit:g}.")


def _unfinished(threshold: Threshold, missing: Sequence[str]) -> ThresholdResult:
    return threshold.judged("inconclusive", "none", None, f"Not finished: {', '.join(missing)}.")
