"""Bands around an empirical ROC that hold at all thresholds at once.

At the k-th highest of n independent scores of one side, the share of that side above it follows
``Beta(k, n - k + 1)`` whatever the distribution. Limits at geometrically spaced ranks, shared out by
Bonferroni's inequality, and monotonicity between them give limits of that side's rate at every threshold.
Limits of the FPR and of the TPR together give limits of the curve.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import betaincinv

from privaudit.stats.intervals import Bools, Floats, Ints, check_confidence
from privaudit.stats.ranked import rank_scores

_RATIO = 1.05


@dataclass(frozen=True, eq=False)
class RocBand:
    """Limits of the true TPR at each of some FPRs."""

    low: Floats
    """``[p]``."""
    high: Floats
    """``[p]``."""


def roc_band(scores: Floats, member: Bools, fpr: Floats, confidence: float) -> RocBand:
    """The band at the given FPRs.

    Args:
        scores: ``[n]`` independent of one another, higher = member.
        member: ``[n]``.
        fpr: ``[p]`` in [0, 1].
        confidence: that the true curve is inside at every FPR at once, at least.
    """
    check_confidence(confidence)
    ranked = rank_scores(scores, member)
    alpha = (1 - confidence) / 2
    false_low, false_high = _limits(ranked.nonmembers, ranked.n_nonmembers, alpha)
    true_low, true_high = _limits(ranked.members, ranked.n_members, alpha)
    # NOTE: the curve rises: it is at least what thresholds surely not right of an FPR reach, and at most what
    # the first surely right of it does.
    low = np.append(0.0, true_low)[np.searchsorted(false_high, fpr, side="right")]
    high = np.append(true_high, 1.0)[np.searchsorted(false_low, fpr, side="right")]
    return RocBand(low, high)


def _limits(above: Ints, n: int, alpha: float) -> tuple[Floats, Floats]:
    """Limits of the share at or above each threshold, ``[t]`` each, rising; all hold with ``1 - alpha``."""
    ranks = _geometric(n)
    each = alpha / (2 * len(ranks))
    # NOTE: with k of n at or above a threshold, the share is at least that above the k-th highest score and
    # at most that above the next one; between ranks with limits, those of the neighbours hold.
    lower = np.append(0.0, betaincinv(ranks, n - ranks + 1, each))
    upper = np.append(betaincinv(ranks, n - ranks + 1, 1 - each), 1.0)
    return (
        lower[np.searchsorted(ranks, above, side="right")],
        upper[np.searchsorted(ranks, above + 1, side="left")],
    )


def _geometric(n: int) -> Ints:
    """Ranks from 1 to n, dense at both ends."""
    powers = np.unique((_RATIO ** np.arange(np.log(n) / np.log(_RATIO) + 1)).astype(np.int64))
    powers = powers[powers <= n]
    return np.unique(np.concatenate((powers, n + 1 - powers)))
