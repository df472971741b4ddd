"""What an adversary achieves at one threshold: TPR at a fixed FPR, advantage, positive predictive value."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass

import numpy as np
from scipy.special import betainc, betaincc

from privaudit.errors import UsageError
from privaudit.stats.intervals import (
    Ints,
    NotMeasurable,
    binomial_lower,
    binomial_upper,
    check_confidence,
    proportion_difference,
)
from privaudit.stats.ranked import RankedScores

EXPECTED_FALSE_POSITIVES = 10
"""Below so many expected false positives a TPR at that FPR is not measurable."""

RANK_SHARE = 0.5
"""Share of the error probability that pays for the unknown threshold; the rest pays for the TPR at it.

Fixed in advance for all samples. ``benchmarks/coverage.py --split`` shows the widths it was chosen by.
"""


@dataclass(frozen=True)
class TprEstimate:
    """True-positive rate at a fixed false-positive rate; the numbers are None if not measurable."""

    fpr: float
    tpr: float | None
    low: float | None
    high: float | None
    measurable: bool


@dataclass(frozen=True)
class Advantage:
    """``TPR - FPR`` of a threshold chosen on other records than those it is measured on."""

    value: float
    """In [-1, 1]; negative values happen, because nothing is chosen by the records measured."""
    low: float
    high: float
    balanced_accuracy: float
    """``(1 + value) / 2``: accuracy when half of the records are members."""
    threshold: float | None
    """A record is called a member when ``score >= threshold``; None if calling no record was best."""


def tpr_at_fpr(ranked: RankedScores, fpr: float, confidence: float) -> TprEstimate:
    """Largest TPR over thresholds ``score >= t`` whose empirical FPR is at most ``fpr``; no interpolation.

    The interval is for the same quantity of the populations: the supremum of the TPR over thresholds whose
    population FPR is at most ``fpr``. It covers the uncertainty of the threshold too and is guaranteed for
    every sample size and distribution, ties included, by two exact steps and a union bound:

    * *Rank.* The population FPR of "score above the k-th largest non-member" has, for continuous scores,
      exactly the distribution Beta(k, n0 - k + 1) (Wilks 1941, Annals of Mathematical Statistics 12:91-96);
      with ties it is stochastically smaller for ``>`` and larger for ``>=``. So the largest ``k`` with
      P(Bin(n0, fpr) < k) small gives a threshold that is strict enough, and the smallest ``k`` with
      P(Bin(n0, fpr) >= k) small one that is too loose; only scores above either count.
    * *Proportion.* Given that threshold, the members above it are binomial: Clopper-Pearson limits, with what
      the rank step left of the error probability.

    The estimate lies inside: both error shares are below 1/2 and a median of Bin(n0, fpr) lies within one of
    ``n0 * fpr``, so the strict rank is not beyond, and the loose rank not before, the estimate's own.

    Args:
        ranked: the scores; they are taken as independent draws.
        fpr: in (0, 1).
        confidence: two-sided, in (0, 1).

    Returns:
        ``measurable`` is false, and the numbers None, when ``n_nonmembers * fpr`` is below 10.

    Raises:
        UsageError: ``fpr`` or ``confidence`` outside (0, 1).
    """
    check_confidence(confidence)
    if not 0.0 < fpr < 1.0:
        raise UsageError(f"The false-positive rate {fpr!r} is not between 0 and 1", "Use a rate such as 0.01")
    n1, n0 = ranked.n_members, ranked.n_nonmembers
    # NOTE: k / n0 is correctly rounded, as is the literal 0.01, so a rate of exactly fpr is never missed.
    allowed = bisect_right(range(n0 + 1), fpr, key=lambda k: k / n0) - 1
    if allowed < EXPECTED_FALSE_POSITIVES:
        return TprEstimate(fpr, None, None, None, measurable=False)
    tail = (1.0 - confidence) / 2.0
    strict, strict_error = _strict_rank(n0, fpr, RANK_SHARE * tail)
    loose, loose_error = _loose_rank(n0, fpr, RANK_SHARE * tail)
    return TprEstimate(
        fpr,
        tpr=_members_above(ranked, allowed + 1) / n1,
        low=float(binomial_lower(_members_above(ranked, strict), n1, tail - strict_error)),
        high=float(binomial_upper(_members_above(ranked, loose), n1, tail - loose_error)),
        measurable=True,
    )


def _strict_rank(n0: int, fpr: float, alpha: float) -> tuple[int, float]:
    """Largest k with P(Bin(n0, fpr) <= k - 1) <= alpha, and that probability; (0, 0) when there is none."""

    def too_few(k: int) -> float:
        return float(betaincc(k, n0 - k + 1, fpr))

    k = bisect_right(range(1, n0 + 1), alpha, key=too_few)
    return (k, too_few(k)) if k else (0, 0.0)


def _loose_rank(n0: int, fpr: float, alpha: float) -> tuple[int, float]:
    """Smallest k with P(Bin(n0, fpr) >= k) <= alpha, and that probability; (n0 + 1, 0) when there is none."""

    def too_many(k: int) -> float:
        return float(betainc(k, n0 - k + 1, fpr))

    k = 1 + bisect_left(range(1, n0 + 1), -alpha, key=lambda k: -too_many(k))
    return (k, too_many(k)) if k <= n0 else (n0 + 1, 0.0)


def _members_above(ranked: RankedScores, k: int) -> int:
    """Members that score above the k-th largest non-member; none for k = 0, all for k = n_nonmembers + 1."""
    if k == 0:
        return 0
    index = int(np.searchsorted(ranked.nonmembers, k, side="left"))
    return int(ranked.members[index - 1]) if index else 0


@dataclass(frozen=True)
class HeldOutCounts:
    """What a threshold chosen on one half of the records does to the other half."""

    threshold: float | None
    members_called: int
    members: int
    nonmembers_called: int
    nonmembers: int

    def advantage(self, confidence: float) -> Advantage:
        """``TPR - FPR`` with its two-sided interval.

        Raises:
            UsageError: ``confidence`` outside (0, 1).
        """
        gap = proportion_difference(
            self.members_called, self.members, self.nonmembers_called, self.nonmembers, confidence
        )
        return Advantage(gap.value, gap.low, gap.high, (1.0 + gap.value) / 2.0, self.threshold)


def advantage(ranked: RankedScores, rng: np.random.Generator, confidence: float) -> Advantage | NotMeasurable:
    """The advantage of a held-out threshold (:func:`hold_out_threshold`), with its interval.

    Raises:
        UsageError: ``confidence`` outside (0, 1).
    """
    check_confidence(confidence)
    counts = hold_out_threshold(ranked, rng)
    return counts if isinstance(counts, NotMeasurable) else counts.advantage(confidence)


def hold_out_threshold(ranked: RankedScores, rng: np.random.Generator) -> HeldOutCounts | NotMeasurable:
    """``TPR - FPR`` at the threshold that maximises it on one random half, measured on the other half.

    The maximum over thresholds on the same records would be above zero even for a model that leaks nothing.
    Here the threshold is fixed before the records that measure it are looked at, so the estimate is unbiased
    for that threshold and the interval is that of a difference of two independent proportions
    (:func:`~privaudit.stats.intervals.proportion_difference`), conservative in small samples.

    Drawing half of the members and half of the non-members at random is drawing how many of them fall on each
    threshold, a multivariate hypergeometric variable: no second sort is needed, and the order of the records
    does not matter.

    Args:
        ranked: the scores.
        rng: decides the halves; a fixed seed gives a fixed answer.
    """
    n1, n0 = ranked.n_members, ranked.n_nonmembers
    if n1 < 2 or n0 < 2:
        return NotMeasurable(
            f"a held-out threshold needs two records of each kind, and there are {n1} and {n0}"
        )
    chosen1, chosen0 = _half(ranked.members, rng), _half(ranked.nonmembers, rng)
    gain = chosen1 / (n1 // 2) - chosen0 / (n0 // 2)
    best = int(np.argmax(gain))
    threshold, called1, called0 = None, 0, 0
    if gain[best] > 0.0:
        threshold = float(ranked.thresholds[best])
        called1 = int(ranked.members[best] - chosen1[best])
        called0 = int(ranked.nonmembers[best] - chosen0[best])
    return HeldOutCounts(threshold, called1, n1 - n1 // 2, called0, n0 - n0 // 2)


def _half(cumulative: Ints, rng: np.random.Generator) -> Ints:
    """Cumulative counts of a random half (rounded down) of the records behind ``cumulative``."""
    at = np.diff(cumulative, prepend=0)
    return np.cumsum(rng.multivariate_hypergeometric(at, int(cumulative[-1]) // 2, method="count"))


def ppv(tpr: float, fpr: float, prior: float) -> float | None:
    """Chance that a record called a member is one, when a share ``prior`` of the candidates are members.

    Bayes' rule: ``prior * tpr / (prior * tpr + (1 - prior) * fpr)``.

    Args:
        tpr: in [0, 1].
        fpr: in [0, 1].
        prior: in [0, 1].

    Returns:
        In [0, 1], or None if no record would be called a member.

    Raises:
        UsageError: an argument outside [0, 1].
    """
    for name, rate in (("true-positive rate", tpr), ("false-positive rate", fpr), ("prior", prior)):
        if not 0.0 <= rate <= 1.0:
            raise UsageError(f"The {name} {rate!r} is not between 0 and 1", "Give a share, not a percentage")
    called = prior * tpr + (1.0 - prior) * fpr
    return prior * tpr / called if called > 0.0 else None
