"""Bounds from one training run: golden values, and how they must move."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtri
from scipy.stats import binom

from privaudit.stats.bounds import mahloujifar, steinke
from privaudit.stats.tradeoff import RocCurve, concave_hull, max_tpr_gaussian, mu_of_epsilon


@pytest.mark.parametrize(
    ("case", "epsilon"),
    [
        ((100, 100, 100, 0), 3.492965),
        ((100, 100, 100, 1e-5), 3.490216),
        ((1000, 1000, 1000, 0), 5.809068),
        ((1000, 1000, 1000, 1e-5), 5.782283),
        ((1000, 1000, 600, 1e-5), 0.297227),
        ((10000, 10000, 7000, 1e-5), 0.810944),
        ((100000, 20000, 17000, 1e-5), 1.699498),
        ((1000, 100, 99, 0), 3.019339),
        ((100000, 100000, 73000, 1e-5), 0.982585),
    ],
)
def test_golden_bounds_of_steinke(case, epsilon):
    assert steinke.epsilon_lower_bound(*case) == pytest.approx(epsilon, abs=1e-6)


@pytest.mark.parametrize(
    ("case", "p"),
    [
        ((1000, 1000, 600, 0.3, 1e-5), 0.054598317),
        ((100000, 20000, 17000, 1.5, 1e-5), 2.58331568e-3),
        ((500, 100, 100, 3.0, 0), 7.76029e-3),
        ((10000, 10000, 7000, 0.8, 1e-4), 0.0266377508),
    ],
)
def test_golden_p_values_of_steinke(case, p):
    assert steinke.p_value(*case) == pytest.approx(p, rel=1e-6)


def test_without_delta_it_is_a_binomial_tail():
    right = 1 / (1 + np.exp(-0.7))
    assert steinke.p_value(50, 40, 30, 0.7, 0.0) == pytest.approx(binom.sf(29, 40, right))
    assert steinke.epsilon_lower_bound(1000, 100, 50, 1e-5) == 0
    assert steinke.epsilon_lower_bound(1000, 100, 0, 1e-5) == 0


@given(st.integers(1, 60), st.data())
def test_steinke_moves_the_right_way(guesses, data):
    correct = data.draw(st.integers(1, guesses))
    epsilon = data.draw(st.floats(0, 5))
    p = steinke.p_value(100, guesses, correct, epsilon, 1e-4)
    assert steinke.p_value(100, guesses, correct, epsilon + 0.5, 1e-4) >= p - 1e-12
    assert steinke.p_value(100, guesses, correct - 1, epsilon, 1e-4) >= p - 1e-12
    assert steinke.p_value(100, guesses, correct, epsilon, 1e-3) >= p - 1e-12


@pytest.mark.parametrize(
    ("case", "mu", "epsilon"),
    [
        ((1000, 1000, 600), 0.16382, 0.58342),
        ((10000, 10000, 7000), 0.35815, 1.37598),
        ((1000, 1000, 1000), 2.36804, 12.33436),
        ((100, 100, 100), 1.70312, 8.21598),
        ((100000, 20000, 17000), 0.58099, 2.35803),
        ((100000, 100000, 68000), 0.31940, 1.21262),
    ],
)
def test_golden_bounds_of_mahloujifar(case, mu, epsilon):
    assert mahloujifar.mu_lower_bound(*case) == pytest.approx(mu, abs=2e-4)
    assert mahloujifar.epsilon_lower_bound(*case, 1e-5) == pytest.approx(epsilon, abs=3e-4)


def test_a_polygon_of_the_gaussian_curve_decides_as_the_curve():
    x = np.concatenate(([0], np.logspace(-9, -2, 4000), np.linspace(0.0101, 1, 20_000)))
    roc = RocCurve(x, max_tpr_gaussian(x, 0.3))
    inverse = mahloujifar.curve_inverse(roc)
    for correct in (640, 650, 660, 670, 700):
        exact = mahloujifar.rejects(1000, 1000, correct, mahloujifar.gaussian_inverse(0.3), 0.05)
        assert mahloujifar.rejects(1000, 1000, correct, inverse, 0.05) == exact


def test_no_success_rejects_nothing():
    assert mahloujifar.mu_lower_bound(1000, 126, 63) == 0
    assert mahloujifar.epsilon_lower_bound(1000, 126, 0, 1e-5) == 0


@pytest.mark.parametrize("mu", [0.5, 1.67])
def test_guesses_of_a_gaussian_mechanism_rarely_refute_it(mu):
    rng, rejected, runs, m = np.random.default_rng(0), 0, 300, 400
    k = round(2 * np.sqrt(m))
    for _ in range(runs):
        inside = rng.random(m) < 0.5
        score = rng.normal(size=m) + mu * inside
        order = np.argsort(score)
        correct = int(inside[order[-k:]].sum() + (~inside[order[:k]]).sum())
        rejected += mahloujifar.rejects(m, 2 * k, correct, mahloujifar.gaussian_inverse(mu), 0.05)
    assert rejected <= 0.05 * runs + 3 * np.sqrt(0.05 * 0.95 * runs)


def quantile_scores(n, shift):
    quantiles = ndtri((np.arange(n) + 0.5) / n)
    return np.concatenate((quantiles, quantiles + shift)), np.arange(2 * n) >= n


@pytest.mark.parametrize(
    ("m", "guesses", "epsilon", "correct", "by_steinke", "by_mahloujifar"),
    [
        (1000, 250, 1, 152, 0.21770, 0.3279),
        (1000, 250, 2, 174, 0.59421, 0.9564),
        (1000, 250, 4, 208, 1.31263, 2.1438),
        (1000, 250, 8, 242, 2.80117, 4.7071),
        (10_000, 625, 1, 405, 0.46556, 0.5998),
        (10_000, 625, 2, 475, 0.99074, 1.3096),
        (10_000, 625, 4, 565, 2.00528, 2.7159),
        (10_000, 625, 8, 619, 3.88944, 5.5948),
    ],
)
def test_golden_audits_of_gaussian_quantiles(m, guesses, epsilon, correct, by_steinke, by_mahloujifar):
    mu = mu_of_epsilon(epsilon, 1e-5)
    scores, included = quantile_scores(m // 2, mu)
    chosen = np.argsort(-np.abs(scores - mu / 2), kind="stable")[:guesses]
    assert ((scores[chosen] > mu / 2) == included[chosen]).sum() == correct
    assert steinke.epsilon_lower_bound(m, guesses, correct, 1e-5) == pytest.approx(by_steinke, abs=1e-5)
    found = mahloujifar.epsilon_lower_bound(m, guesses, correct, 1e-5)
    assert found == pytest.approx(by_mahloujifar, abs=5e-4)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shift", "points", "by_steinke", "by_mahloujifar"),
    [
        (1, 386, 1.13346, 2.164749),
        (2, 374, 2.311945, 4.7218075),
        (4, 140, 4.395568, 9.133752),
    ],
)
def test_the_published_comparison_of_another_library(shift, points, by_steinke, by_mahloujifar):
    # jax-privacy tries every corner of the ROC's hull, at the level divided by their number: not a rule to
    # copy, because the number depends on the scores, but an independent implementation of both bounds.
    n = 10_000
    scores, _ = quantile_scores(n, shift)
    thresholds = np.unique(scores)[::-1]
    hits = n - np.searchsorted(scores[n:], thresholds)
    alarms = n - np.searchsorted(scores[:n], thresholds)
    last = np.append(np.flatnonzero(np.diff(alarms)), len(alarms) - 1)
    hull = concave_hull(np.append(0.0, alarms[last]), np.append(0.0, hits[last]))
    assert len(hull.fpr) == pytest.approx(points, abs=1)
    best = np.zeros(2)
    for false, true in zip(hull.fpr, hull.tpr, strict=True):
        if false + true:
            case = (2 * n, int(false + true), int(true), 1e-6, 1 - 0.05 / points)
            best = np.maximum(best, [b.epsilon_lower_bound(*case) for b in (steinke, mahloujifar)])
    assert best == pytest.approx([by_steinke, by_mahloujifar], rel=1e-5)


@pytest.mark.parametrize("correct", [63, 80, 100, 126])
def test_the_p_value_is_the_smallest_level_that_rejects(correct):
    inverse = mahloujifar.gaussian_inverse(0.6)
    p = mahloujifar.p_value(1000, 126, correct, inverse)
    if p == 1:
        assert not mahloujifar.rejects(1000, 126, correct, inverse, 0.9999)
    else:
        assert mahloujifar.rejects(1000, 126, correct, inverse, p)
        assert not mahloujifar.rejects(1000, 126, correct, inverse, 0.9999 * p)
    levels = np.geomspace(1e-6, 0.999, 30)
    assert [mahloujifar.rejects(1000, 126, correct, inverse, x) for x in levels] == list(levels >= p)


@given(st.integers(2, 60), st.data())
def test_bounds_grow_with_right_guesses_and_fall_with_delta_and_confidence(guesses, data):
    correct = data.draw(st.integers(1, guesses))
    delta = data.draw(st.sampled_from([1e-8, 1e-5, 1e-3]))
    for method in (steinke, mahloujifar):
        bound = method.epsilon_lower_bound(100, guesses, correct, delta)
        assert bound >= method.epsilon_lower_bound(100, guesses, correct - 1, delta) - 1e-6
        assert bound >= method.epsilon_lower_bound(100, guesses, correct, 10 * delta) - 1e-6
        assert bound >= method.epsilon_lower_bound(100, guesses, correct, delta, 0.99) - 1e-6
        assert bound <= method.epsilon_lower_bound(100, guesses, guesses, delta) + 1e-6
