"""Bands around a ROC hold at all thresholds at once, for every distribution."""

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from privaudit.errors import UsageError
from privaudit.stats.roc_band import roc_band

FPR = np.concatenate(([0.0], np.geomspace(1e-3, 0.999, 60), [1.0]))


def misses(draw, true, n, repeats=400):
    rng, member, missed = np.random.default_rng(0), np.arange(2 * n) < n, 0
    for _ in range(repeats):
        band = roc_band(draw(rng, member), member, FPR, 0.95)
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


def test_bands_narrow_with_the_sample_and_hold_the_curve():
    rng, widths = np.random.default_rng(1), []
    for n in (50, 500, 5000):
        member = np.arange(2 * n) < n
        band = roc_band(rng.normal(size=2 * n) + member, member, np.array([0.1, 0.5]), 0.95)
        assert (band.low <= ndtr(ndtri([0.1, 0.5]) + 1)).all()
        widths.append((band.high - band.low).max())
    assert widths[0] > widths[1] > widths[2]
    assert widths[2] < 0.17


def test_impossible_levels_are_refused():
    with pytest.raises(UsageError):
        roc_band(np.arange(4.0), np.arange(4) < 2, FPR, 1.0)
