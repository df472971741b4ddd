"""What would decide a threshold on canaries."""

from collections.abc import Sequence
from math import ceil, sqrt
from statistics import NormalDist

from privaudit.gate.thresholds import Threshold
from privaudit.results import Extraction

RANKED_WHOLE = 10_000_000
"""Fillings of a canary that are all ranked; of more, a sample is."""
_NORMAL = NormalDist()


def canary_advice(threshold: Threshold, extraction: Sequence[Extraction]) -> str | None:
    """What would decide a threshold on ``exposure`` or ``extracted``; None where that is unknown.

    An exact rank leaves nothing to chance, so it is always a sample of the fillings that is too small, or a
    canary that is missing.

    Args:
        threshold: inconclusive.
        extraction: all rows of the result.
    """
    rows = [row for row in extraction if threshold.attack in (None, row.attack)]
    planted = [row for row in rows if row.included]
    if not planted:
        return (
            "Plant canaries with privaudit canary plant, train on that data, and give the manifest. Controls "
            "alone decide nothing."
        )
    unmeasured = next((row for row in planted if row.exposure_bits.high is None), None)
    if unmeasured is not None:
        return f"Rank {unmeasured.canary} first: {unmeasured.reason or 'it has no rank'}."
    needed = [(_fillings(row, threshold.limit, len(planted)), row) for row in planted if not row.rank_exact]
    sampled = [(count, row) for count, row in needed if count is not None]
    if not sampled:
        return None
    count, row = max(sampled, key=lambda pair: pair[0])
    if count >= row.candidates:
        found = f"Rank all {row.candidates:,} fillings of {row.canary}; no sample decides it."
    else:
        now = 0 if row.n_ranked is None else row.n_ranked - 1
        found = f"Sample about {count:,} fillings of {row.canary} to decide it; this audit sampled {now:,}."
    return f"{found} {whole_ranking()}"


def whole_ranking() -> str:
    """How to leave nothing to chance."""
    return f"Canaries with up to {RANKED_WHOLE:,} fillings are ranked among all of them."


def _fillings(row: Extraction, limit: float, planted: int) -> int | None:
    """Sampled fillings that decide: None where this row is decided.

    Where none beat the secret, a lower end of ``limit`` bits takes ``2 ** (limit - low)`` times as many. Else
    the share of fillings that beat it is a proportion, to be distinguished from ``2 ** -limit``.
    """
    low, high = row.exposure_bits.low, row.exposure_bits.high
    if row.n_ranked is None or row.rank is None or low is None or high is None or high <= limit:
        return None
    if not 1 <= row.rank <= row.n_ranked:
        return None
    if row.exposure_bits.low_simultaneous is not None and planted > 1:
        low = row.exposure_bits.low_simultaneous
    if row.rank == 1:
        exponent = limit - low
        return row.candidates if exponent > 60 else ceil(row.n_ranked * 2**exponent)
    share, allowed = row.rank / row.n_ranked, float(2.0**-limit)
    if share == allowed:
        return row.candidates
    tail = 0.025 / planted if share < allowed else 0.025
    error = _NORMAL.inv_cdf(1 - tail) * sqrt(allowed * (1 - allowed))
    error += _NORMAL.inv_cdf(0.9) * sqrt(share * (1 - share))
    return min(row.candidates, ceil((error / (share - allowed)) ** 2))
