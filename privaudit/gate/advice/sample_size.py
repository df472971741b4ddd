"""How many times as many records let an interval decide, estimated from the interval itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot, inf, sqrt
from statistics import NormalDist

POWER = 0.9
"""Share of repeated audits that should decide."""
_NORMAL = NormalDist()
_NO_GAP = 1e-9
"""Closer to the limit than this a value is the limit: no set of records is so large."""
_PLAIN = _NORMAL.inv_cdf(0.975)
_OF_TPR = _NORMAL.inv_cdf(1 - 0.025 / 2)
"""Half of the error probability of a TPR's interval pays for its threshold, half for the rate at it."""


@dataclass(frozen=True)
class Measured:
    """One interval, and the end of it that decides whether a limit is exceeded."""

    subject: str
    value: float
    low: float
    """That end: the lower one, or the one that holds for several at once."""
    half: float
    """Half of the plain interval's width."""
    high: float
    deviation: float
    """Standard error of ``value``."""
    widening: float = 1.0
    """By how much the end that holds for several at once is further away."""


@dataclass(frozen=True)
class Needed:
    """What would decide."""

    subject: str
    value: float
    times: float
    """So many times as many records; infinite where the value is the limit."""
    exceeded: bool
    """What the decision would be."""


def measured(
    subject: str,
    ends: tuple[float, float, float],
    simultaneous: float | None,
    *,
    m: int,
    deviation: float | None = None,
    corrected_for: int = 1,
) -> Measured:
    """One interval as this module takes it.

    Args:
        subject: whose.
        ends: value, low and high.
        simultaneous: the lower end that decides instead of ``low``; None where ``low`` does.
        m: over how many that end is corrected, for where the ends do not show it.
        deviation: standard error, where it is known better than from the width.
        corrected_for: over how many both ends are corrected.
    """
    value, low, high = ends
    half = (high - low) / 2
    if deviation is None:
        deviation = half / _NORMAL.inv_cdf(1 - 0.025 / max(1, corrected_for))
    if simultaneous is None:
        return Measured(subject, value, low, half, high, deviation)
    # NOTE: an end close to 0 cannot lie further away, and shows too little of the quantile behind it.
    shown = (value - simultaneous) / (value - low) if low < value else 1.0
    return Measured(subject, value, simultaneous, half, high, deviation, max(shown, _bonferroni(m)))


def _bonferroni(m: int) -> float:
    """How much further the ends of ``m`` intervals lie that hold at once, for normal estimators."""
    return _NORMAL.inv_cdf(1 - 0.025 / max(1, m)) / _PLAIN


def deviation_of_rate(rate: float, half: float, n_members: int) -> float:
    """Standard error of a TPR at a fixed FPR, from its guaranteed interval.

    The interval's half-width is the sum of what the members and what the threshold contribute; their standard
    errors add by their squares. That of the members is known.

    Args:
        rate: the TPR.
        half: half of its interval's width.
        n_members: behind it.
    """
    of_members = sqrt(max(0.0, rate * (1 - rate)) / max(1, n_members))
    return hypot(of_members, max(0.0, half / _OF_TPR - of_members))


def records_that_decide(rows: Sequence[Measured], limit: float) -> Needed | None:
    """How many times as many records would decide in nine of ten audits, if the values are the truth.

    One attack above the limit decides, so the one that needs least counts. Where none is above it, all must
    be shown to lie below: the one that needs most counts, and those that are undecided today share the risk.

    Args:
        rows: every interval that the threshold covers.
        limit: of the threshold.

    Returns:
        None where every interval decides already.
    """
    above = [row for row in rows if row.value > limit]
    if above:
        found = [Needed(row.subject, row.value, _times(row, limit, POWER), exceeded=True) for row in above]
        return min(found, key=lambda needed: needed.times)
    open_ = [row for row in rows if row.high > limit]
    if not open_:
        return None
    power = 1 - (1 - POWER) / len(open_)
    found = [Needed(row.subject, row.value, _times(row, limit, power), exceeded=False) for row in open_]
    return max(found, key=lambda needed: needed.times)


def _times(row: Measured, limit: float, power: float) -> float:
    """The factor ``r`` at which the end that decides stands ``power`` standard errors beyond the limit.

    Half-width and standard error fall as ``r ** -0.5``; that the two ends are not equally far from the value
    falls as ``1 / r``. So with ``x = r ** -0.5``: gap = (half + z deviation) x + (own - half) x².
    """
    gap = abs(row.value - limit)
    if gap < _NO_GAP:
        return inf
    exceeds = row.value > limit
    half = row.half * (row.widening if exceeds else 1.0)
    own = row.value - row.low if exceeds else row.high - row.value
    linear = half + _NORMAL.inv_cdf(power) * row.deviation
    root = sqrt(max(0.0, linear**2 + 4 * (own - half) * gap))
    return ((linear + root) / (2 * gap)) ** 2
