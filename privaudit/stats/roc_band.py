"""Bands around an empirical ROC that hold at all thresholds at once.

At the k-th highest of n independent scores of one side, the share of that side above it follows
``Beta(k, n - k + 1)`` whatever the distribution. Limits at geometrically spaced ranks, shared out by
Bonferroni's inequality, and monotonicity between them give limits of that side's rate at every threshold.
Limits of the FPR and of the TPR together give limits of the curve.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import betaincinv

from privaudit.stats.intervals import Floats, Ints, check_confidence
from privaudit.stats.ranked import RankedScores

_RATIO = 1.05


@dataclass(frozen=True, eq=False)
class RocBand:
    """Limits of the true TPR at each of some FPRs."""

    low: Floats
    """``[p]``."""
    high: Floats
    """``[p]``."""


def roc_band(ranked: RankedScores, fpr: Floats, confidence: float) -> RocBand:
    """The band at the given FPRs; guaranteed for every sample size and distribution, ties included.

    Args:
        ranked: scores that are independent of one another.
        fpr: ``[p]`` in [0, 1].
        confidence: that the true curve is inside at every FPR at once, at least.

    Raises:
        UsageError: ``confidence`` outside (0, 1).
    """
    check_confidence(confidence)
    false = _Limits.of(ranked.n_nonmembers, (1 - confidence) / 2)
    true = _Limits.of(ranked.n_members, (1 - confidence) / 2)
    # NOTE: the curve rises: it is at least what thresholds surely not right of an FPR reach. All that are not
    # right of it lie above the first score that surely is, and reach at most the members above that.
    left = np.searchsorted(ranked.nonmembers, false.most_surely_within(fpr), side="right")
    right = np.searchsorted(ranked.nonmembers, false.fewest_surely_beyond(fpr), side="left")
    above = np.concatenate(([0], ranked.members))
    return RocBand(true.low(above[left]), true.high(above[right]))


@dataclass(frozen=True, eq=False)
class _Limits:
    """Limits of one side's rate at every threshold, all of which hold at once."""

    n: int
    ranks: Ints
    """``[r]`` ascending."""
    lower: Floats
    """``[r]`` of the rate above the score of that rank, ascending."""
    upper: Floats

    @classmethod
    def of(cls, n: int, alpha: float) -> "_Limits":
        """For n scores; all limits together fail with probability ``alpha`` at most."""
        ranks = _geometric(n)
        each = alpha / (2 * len(ranks))
        lower, upper = (np.asarray(betaincinv(ranks, n - ranks + 1, p), float) for p in (each, 1 - each))
        return cls(n, ranks, lower, upper)

    # NOTE: with k of n at or above a threshold, the rate is at least that above the k-th highest score and at
    # most that above the next one; between ranks with limits, those of the neighbours hold.

    def low(self, above: Ints) -> Floats:
        """Lower limits of the rate at thresholds with so many at or above them."""
        return np.append(0.0, self.lower)[np.searchsorted(self.ranks, above, side="right")]

    def high(self, above: Ints) -> Floats:
        """Upper limits of the same."""
        return np.append(self.upper, 1.0)[np.searchsorted(self.ranks, above + 1, side="left")]

    def most_surely_within(self, rate: Floats) -> Ints:
        """The most that may be at or above a threshold whose rate is surely at most each; -1 for none."""
        most = np.append(-1, self.ranks - 1)[np.searchsorted(self.upper, rate, side="right")]
        return np.where(rate >= 1.0, self.n, most)

    def fewest_surely_beyond(self, rate: Floats) -> Ints:
        """The fewest at or above a threshold whose rate surely exceeds each; n + 1 for none."""
        return np.append(self.ranks, self.n + 1)[np.searchsorted(self.lower, rate, side="right")]


def _geometric(n: int) -> Ints:
    """Ranks from 1 to n, dense at both ends."""
    powers = np.unique((_RATIO ** np.arange(np.log(n) / np.log(_RATIO) + 1)).astype(np.int64))
    powers = powers[powers <= n]
    return np.unique(np.concatenate((powers, n + 1 - powers)))
