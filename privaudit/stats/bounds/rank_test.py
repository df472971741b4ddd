"""Many independent runs: the least-favourable-pair rank test against a trade-off curve.

Assumes independently seeded models, one canary decision each, and scores made by a rule that these models did
not choose; then it is exact for every curve, at every sample size, without choosing a threshold.

Why: number the scores so that those of OUT models are uniform (ties are broken at random). Under the curve,
P(score of an IN model >= 1 - x) <= ROC(x) for all x. Let V* have exactly that distribution. An IN score is
then stochastically below V*, so every rank statistic that grows with the IN scores is at most, in
distribution, what it is for pairs (uniform, V*). Drawing those pairs gives the p-value. The derivation in
full: docs/design/0008-rank-test.md.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
InverseRoc = Callable[[Floats], Floats]
"""From TPR to the smallest FPR with at least this TPR under the hypothesis; vectorised."""

DRAWS = 9_999
_LEVEL = 0.025
_AT_ONCE = 2_000_000
"""Scores drawn at a time; bounds the memory."""


@dataclass(frozen=True)
class RankTest:
    """Outcome of the test: the smaller p-value of two statistics, calibrated together with them."""

    p_value: float
    """Of the minimum: the one to judge by."""
    p_auc: float
    """Of the area under the curve alone."""
    p_ranks: float
    """Of the largest bound over geometric ranks alone: sees rare but total leaks."""
    draws: int


def against_curve(
    scores: Floats, member: Bools, inverse: InverseRoc, rng: np.random.Generator, draws: int = DRAWS
) -> RankTest:
    """Test the hypothesis that no attack does better than the curve.

    Args:
        scores: ``[n]`` one per model, higher = member.
        member: ``[n]`` whether the model was trained with the canary.
        inverse: of the curve's maximal ROC.
        rng: breaks ties and draws the null.
        draws: null samples; the smallest p-value is ``1 / (draws + 1)``.

    Raises:
        ValueError: a side is empty, or a score is not finite: a bug of the caller.
    """
    ranked, n_in, n_out = ranks_of(scores, member, rng)
    observed = _both(ranked[None], n_in, n_out)
    return _calibrated(observed[0], drawn(inverse, n_in, n_out, rng, draws, _both))


def ranks_of(scores: Floats, member: Bools, rng: np.random.Generator) -> tuple[Bools, int, int]:
    """``[n]`` whether each model is IN, from the lowest score to the highest; and how many are IN and OUT.

    Ties are put in random order.

    Raises:
        ValueError: a side is empty, or a score is not finite: a bug of the caller.
    """
    n_in, n_out = int(member.sum()), int((~member).sum())
    if not n_in or not n_out or not np.isfinite(scores).all():
        raise ValueError("the rank test needs finite scores of IN and OUT models")
    order = np.lexsort((rng.random(len(scores)), scores))
    return member[order], n_in, n_out


def power(
    truth: InverseRoc,
    claimed: InverseRoc,
    n_in: int,
    n_out: int,
    rng: np.random.Generator,
    *,
    level: float = 0.05,
    draws: int = 1_999,
    audits: int = 400,
) -> float:
    """How often the test rejects the claimed curve at ``level`` when ideal scores follow the true one.

    Ideal scores are those of the least favourable pair: an attack that reaches the whole curve.
    """
    null = drawn(claimed, n_in, n_out, rng, draws, _both)
    seen = drawn(truth, n_in, n_out, rng, audits, _both)
    return float(np.mean([_calibrated(row, null).p_value <= level for row in seen]))


def drawn(
    inverse: InverseRoc,
    n_in: int,
    n_out: int,
    rng: np.random.Generator,
    draws: int,
    statistic: Callable[[Bools, int, int], Floats],
) -> Floats:
    """``[draws, …]`` values of a statistic under the least favourable pair of the curve.

    With generators in the same state, two curves are drawn from the same uniform numbers: then a higher curve
    gives higher scores of IN models draw by draw, and no smaller value of any statistic that grows with them.
    """
    n = n_in + n_out
    member = np.arange(n) < n_in
    parts = []
    for start in range(0, draws, max(1, _AT_ONCE // n)):
        rows = min(max(1, _AT_ONCE // n), draws - start)
        scores = rng.random((rows, n))
        scores[:, :n_in] = 1 - inverse(scores[:, :n_in].ravel()).reshape(rows, n_in)
        # NOTE: V* piles up at 1 where the curve gives membership away for nothing; no uniform reaches 1.
        parts.append(statistic(_ranked_rows(scores, member), n_in, n_out))
    return np.concatenate(parts)


def _ranked_rows(scores: Floats, member: Bools) -> Bools:
    """``member [n]`` of each row of ``scores [b, n]`` in [0, 1], in rising order of the scores.

    Membership rides in the last bit of a whole number, because sorting numbers is several times faster than
    finding the order that sorts them. Of scores that agree in 52 bits the IN ones come last.
    """
    packed = (scores * 2.0**52).astype(np.uint64) << np.uint64(1)
    packed |= member.astype(np.uint64)
    packed.sort(axis=1)
    ranked: Bools = (packed & np.uint64(1)).astype(np.bool_)
    return ranked


def area(ranked: Bools, n_in: int, n_out: int) -> Floats:
    """``[b]`` areas under the ROC curve of b rankings ``[b, n]``: the statistic of Mann and Whitney."""
    ranks = ranked @ np.arange(1.0, ranked.shape[1] + 1)
    found: Floats = (ranks - n_in * (n_in + 1) / 2) / (n_in * n_out)
    return found


def _both(ranked: Bools, n_in: int, n_out: int) -> Floats:
    """``[b, 2]``: the area under the curve, and the largest bound over ranks."""
    return np.stack((area(ranked, n_in, n_out), largest_bound(ranked, n_in, n_out)), axis=1)


def largest_bound(ranked: Bools, n_in: int, n_out: int) -> Floats:
    """``[b]`` the largest log-ratio bound over thresholds at geometric ranks from both ends.

    At the k-th highest OUT score the FPR is ``Beta(k, n_out - k + 1)`` and at most its upper limit; the TPR
    has its lower limit from the IN scores above. From the other end the same with the roles exchanged. Each
    bound grows with the IN scores, which is all that exactness asks of it.
    """
    best = np.full(len(ranked), -np.inf)
    for counted, n_counted, other, n_other in (
        (~ranked[:, ::-1], n_out, ranked[:, ::-1], n_in),
        (ranked, n_in, ~ranked, n_out),
    ):
        level = _LEVEL / (2 * np.log2(max(2, n_counted)))
        above = np.cumsum(other, axis=1)
        seen = np.cumsum(counted, axis=1)
        k = 1
        while k <= n_counted:
            place = (seen < k).sum(1)
            hits = np.take_along_axis(above, place[:, None], axis=1)[:, 0]
            rate = float(betaincinv(k, n_counted - k + 1, 1 - level))
            best = np.maximum(best, _lower_rate(n_other, level)[hits] - np.log(rate))
            k *= 2
    return best


def _lower_rate(n: int, level: float) -> Floats:
    """``[n + 1]`` log of the Clopper-Pearson lower limit for each count of successes."""
    hits = np.arange(1, n + 1)
    return np.concatenate(([-np.inf], np.log(betaincinv(hits, n - hits + 1, level))))


def _calibrated(observed: Floats, null: Floats) -> RankTest:
    draws = len(null)
    everything = np.concatenate((observed[None], null))
    # NOTE: the observed sample is one of draws + 1 exchangeable ones, so ranks within all of them are exact.
    shares = np.stack([_share_at_least(column) for column in everything.T], axis=1)
    smallest = shares.min(axis=1)
    p = float((smallest <= smallest[0]).mean())
    return RankTest(p, float(shares[0, 0]), float(shares[0, 1]), draws)


def _share_at_least(values: Floats) -> Floats:
    """``[b]`` share of all values that are at least this one."""
    order = np.sort(values)
    share: Floats = 1 - np.searchsorted(order, values, side="left") / len(values)
    return share
