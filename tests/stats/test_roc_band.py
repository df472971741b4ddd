"""Bands around a ROC hold at all thresholds at once, for every distribution."""

import numpy as np
import pytest
from scipy.special import ndtr, ndtri
from scipy.stats import beta

from privaudit.errors import UsageError
from privaudit.stats.ranked import rank_scores, roc_points
from privaudit.stats.roc_band import roc_band

FPR = np.concatenate(([0.0], np.geomspace(1e-3, 0.999, 60), [1.0]))


def misses(draw, true, n, repeats=400):
    rng, member, missed = np.random.default_rng(0), np.arange(2 * n) < n, 0
    for _ in range(repeats):
        band = roc_band(rank_scores(draw(rng, member), member), FPR, 0.95)
        missed += bool((band.low > true + 1e-12).any() or (band.high < true - 1e-12).any())
    return missed / repeats


@pytest.mark.parametrize("n", [20, 300])
def test_gaussian_scores(n):
    share = misses(lambda rng, m: rng.normal(size=len(m)) + m, ndtr(ndtri(FPR) + 1), n)
    assert share <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)


def test_scores_with_ties():
    # Three values; the true curve is a staircase whose best TPR at each FPR is that of a threshold.
    out, inside = np.array([0.6, 0.3, 0.1]), np.array([0.2, 0.3, 0.5])
    true = np.where(FPR >= 1, 1.0, np.where(FPR >= 0.4, 0.8, np.where(FPR >= 0.1, 0.5, 0.0)))

    def draw(rng, member):
        values = rng.random(len(member))
        return np.where(
            member, np.searchsorted(np.cumsum(inside), values), np.searchsorted(np.cumsum(out), values)
        ).astype(float)

    assert misses(draw, true, 200) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)


def test_a_score_that_many_share_bounds_the_curve_before_it():
    """All members and a third of the rest have one score: below that rate no threshold finds anybody."""
    member = np.arange(2000) < 1000
    ranked = rank_scores(np.where(member | (np.arange(2000) % 3 == 0), 1.0, 0.0), member)
    band = roc_band(ranked, np.array([0.0, 0.01, 0.25, 0.5, 1.0]), 0.95)
    assert (band.high[:3] < 0.02).all()
    assert (band.high[3:] == 1.0).all()
    assert (band.low[:3] == 0.0).all()
    assert (band.low[3:] > 0.98).all()


@pytest.mark.parametrize("n", [20, 300])
@pytest.mark.parametrize("share", [0.02, 0.4])
def test_few_levels_and_skewed_scores(n, share):
    def two(rng, member):
        return (rng.random(len(member)) < np.where(member, 0.9, share)).astype(float)

    def exposed(rng, member):
        scores = rng.exponential(size=len(member))
        return np.where(member & (rng.random(len(member)) < share), 50 + scores, scores)

    steps = np.where(FPR >= 1, 1.0, np.where(share <= FPR, 0.9, 0.0))
    for draw, true in ((two, steps), (exposed, share + (1 - share) * FPR)):
        assert misses(draw, true, n) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)


def test_bands_narrow_with_the_sample_and_hold_the_curve():
    rng, widths = np.random.default_rng(1), []
    for n in (50, 500, 5000):
        member = np.arange(2 * n) < n
        ranked = rank_scores(rng.normal(size=2 * n) + member, member)
        band = roc_band(ranked, np.array([0.1, 0.5]), 0.95)
        assert (band.low <= ndtr(ndtri([0.1, 0.5]) + 1)).all()
        widths.append((band.high - band.low).max())
    assert widths[0] > widths[1] > widths[2]
    assert widths[2] < 0.17


def test_impossible_levels_are_refused():
    with pytest.raises(UsageError):
        roc_band(rank_scores(np.arange(4.0), np.arange(4) < 2), FPR, 1.0)


@pytest.mark.parametrize(("n1", "n0"), [(1, 1), (1, 40), (40, 1), (300, 35)])
def test_the_band_holds_the_empirical_curve_and_rises(n1, n0):
    rng = np.random.default_rng(n1 + n0)
    member = np.arange(n1 + n0) < n1
    for scores in (rng.normal(size=n1 + n0) + member, rng.integers(0, 3, n1 + n0).astype(float)):
        points = roc_points(ranked := rank_scores(scores, member))
        band = roc_band(ranked, points.fpr, 0.95)
        assert (band.low <= points.tpr).all()
        assert (points.tpr <= band.high).all()
        assert (np.diff(band.low) >= 0).all()
        assert (np.diff(band.high) >= 0).all()


def slow_band(scores, member, fpr, confidence):
    """The same limits by the definition: every threshold in turn, no search."""
    inside, outside, limits = scores[member], scores[~member], []
    for side in (outside, inside):
        n, ranks, k = len(side), set(), 0
        while (rank := int(1.05**k)) <= n:
            ranks |= {rank, n + 1 - rank}
            k += 1
        each, ranks = (1 - confidence) / 2 / (2 * len(ranks)), sorted(ranks)
        lower = {r: beta.ppf(each, r, n - r + 1) for r in ranks}
        upper = {r: beta.ppf(1 - each, r, n - r + 1) for r in ranks}
        limits.append([])
        for threshold in np.unique(scores)[::-1]:
            count = int((side >= threshold).sum())
            low = max((lower[r] for r in ranks if r <= count), default=0.0)
            high = min((upper[r] for r in ranks if r > count), default=1.0)
            beyond = int((side > threshold).sum())
            strictly = min((upper[r] for r in ranks if r > beyond), default=1.0)
            limits[-1].append((low, high, strictly))
    false, true = limits
    low = [max((t[0] for f, t in zip(false, true, strict=True) if f[1] <= x), default=0.0) for x in fpr]
    high = [min((t[2] for f, t in zip(false, true, strict=True) if f[0] > x), default=1.0) for x in fpr]
    return low, high


def test_searching_finds_the_limits_of_the_definition():
    rng = np.random.default_rng(3)
    for n1, n0 in [(25, 40), (60, 7)]:
        member = np.arange(n1 + n0) < n1
        for scores in (rng.normal(size=n1 + n0), rng.integers(0, 5, n1 + n0).astype(float)):
            low, high = slow_band(scores, member, FPR, 0.95)
            band = roc_band(rank_scores(scores, member), FPR, 0.95)
            np.testing.assert_allclose(band.low, low, rtol=1e-9)
            np.testing.assert_allclose(band.high, high, rtol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("n", [1000, 5000])
@pytest.mark.parametrize(("shift", "spread"), [(0.0, 1.0), (2.0, 1.0), (0.5, 3.0)])
def test_coverage_at_the_sizes_of_audits(n, shift, spread):
    true = ndtr((ndtri(FPR) + shift) / spread) if shift or spread != 1 else FPR
    share = misses(lambda rng, m: np.where(m, spread, 1.0) * rng.normal(size=len(m)) + shift * m, true, n)
    assert share <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)
