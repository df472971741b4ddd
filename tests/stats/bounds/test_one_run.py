"""Bounds from one training run: golden values, and how they must move."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from privaudit.stats.bounds import mahloujifar, steinke
from privaudit.stats.tradeoff import RocCurve, max_tpr_gaussian


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
