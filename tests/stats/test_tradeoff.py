"""What a guarantee allows: closed forms, golden values, and shapes that every curve has."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from privaudit.stats.tradeoff import (
    RocCurve,
    concave_hull,
    delta_of_gaussian,
    epsilon_at_point,
    epsilon_of_gaussian,
    group_epsilon_delta,
    max_tpr_epsilon_delta,
    max_tpr_gaussian,
    mu_of_epsilon,
    roc_epsilon_delta,
    roc_from_losses,
    roc_gaussian,
)

FPRS = np.array([1e-4, 1e-3, 1e-2, 0.1])


@pytest.mark.parametrize(
    ("epsilon", "tpr"),
    [(1, [0.000282, 0.002728, 0.027193, 0.271838]), (4, [0.005470, 0.054608, 0.545992, 0.983516])],
)
def test_the_region_of_epsilon_and_delta(epsilon, tpr):
    np.testing.assert_allclose(max_tpr_epsilon_delta(FPRS, epsilon, 1e-5), tpr, atol=1e-6)


def test_the_region_at_its_ends():
    assert max_tpr_epsilon_delta(0.0, 1000.0, 1e-5) == pytest.approx(1e-5)
    assert max_tpr_epsilon_delta(0.3, 0.0, 0.0) == pytest.approx(0.3)
    assert max_tpr_epsilon_delta(0.0, np.inf, 0.0) == 1
    assert max_tpr_epsilon_delta(1.0, 2.0, 0.0) == 1


def test_the_gaussian_curve():
    allowed = 1 - max_tpr_gaussian(np.array([0.001, 0.01, 0.1, 0.5]), 1.0)
    np.testing.assert_allclose(allowed, [0.981702, 0.907638, 0.610856, 0.158655], atol=1e-6)


@pytest.mark.parametrize(
    ("mu", "delta", "epsilon"),
    [
        (0.5, 1e-5, 1.993091),
        (1, 1e-5, 4.377178),
        (2, 1e-5, 9.997256),
        (4, 1e-5, 24.381611),
        (0.5, 1e-6, 2.254085),
        (1, 1e-6, 4.886554),
        (2, 1e-6, 10.997151),
        (4, 1e-6, 26.356964),
    ],
)
def test_epsilon_of_a_gaussian(mu, delta, epsilon):
    assert epsilon_of_gaussian(mu, delta) == pytest.approx(epsilon, abs=1e-6)
    assert delta_of_gaussian(epsilon_of_gaussian(mu, delta), mu) == pytest.approx(delta, rel=1e-8)


@pytest.mark.parametrize(
    ("epsilon", "mu"), [(0.5, 0.142211), (1, 0.268051), (2, 0.501552), (4, 0.924931), (8, 1.666031)]
)
def test_the_gaussian_through_a_point(epsilon, mu):
    assert mu_of_epsilon(epsilon, 1e-5) == pytest.approx(mu, abs=1e-6)


def test_delta_of_a_gaussian():
    assert delta_of_gaussian(1, 1) == pytest.approx(0.12693674, abs=1e-8)
    assert delta_of_gaussian(0, 1) == pytest.approx(0.38292492, abs=1e-8)
    assert delta_of_gaussian(0, 0) == 0
    assert epsilon_of_gaussian(1e-7, 1e-5) == 0


@given(mu=st.floats(0.01, 8), epsilon=st.floats(0, 30))
def test_delta_of_a_gaussian_is_the_hockey_stick(mu, epsilon):
    # By the curve: the largest TPR - e^epsilon FPR over all tests.
    threshold = epsilon / mu + mu / 2
    reached = norm.sf(threshold - mu) - np.exp(epsilon) * norm.sf(threshold)
    assert delta_of_gaussian(epsilon, mu) == pytest.approx(max(reached, 0), rel=1e-6, abs=1e-13)


@pytest.mark.parametrize(
    ("fpr", "fnr", "delta", "epsilon"),
    [
        (0.01, 0.5, 1e-5, 3.912003),
        (0.1, 0.1, 0, 2.197225),
        (1e-3, 0.9, 1e-5, 4.605070),
        (0.3, 0.6, 1e-5, 0.287657),
        (0.5, 0.5, 0.1, 0.0),
        (0.0, 0.5, 1e-5, np.inf),
        (1.0, 1.0, 0.0, 0.0),
    ],
)
def test_epsilon_at_a_point(fpr, fnr, delta, epsilon):
    assert epsilon_at_point(fpr, fnr, delta) == pytest.approx(epsilon, abs=1e-6)


@given(st.floats(0.001, 0.999), st.floats(0, 6), st.floats(0, 0.1))
def test_a_point_of_the_region_gives_its_epsilon_back(fpr, epsilon, delta):
    tpr = float(max_tpr_epsilon_delta(fpr, epsilon, delta))
    assert epsilon_at_point(fpr, 1 - tpr, delta) <= epsilon + 1e-6


def discrete_pair():
    p, q = np.array([0.5, 0.3, 0.15, 0.05]), np.array([0.05, 0.15, 0.3, 0.5])
    return p, q


def test_the_roc_of_a_pair_is_that_of_all_its_tests():
    p, q = discrete_pair()
    roc = roc_from_losses(np.log(p / q), p, 0.0)
    for bits in range(16):
        chosen = np.array([bool(bits >> i & 1) for i in range(4)])
        assert p[chosen].sum() <= roc.max_tpr(q[chosen].sum()) + 1e-12
    np.testing.assert_allclose(roc.tpr[:-1], np.concatenate(([0], np.cumsum(p))))
    assert roc.auc == pytest.approx(sum(p[i] * (q[i + 1 :].sum() + q[i] / 2) for i in range(4)))


def test_what_only_members_give_counts_from_the_start():
    roc = roc_from_losses(np.array([0.0]), np.array([0.9]), 0.1)
    assert roc.max_tpr(0.0) == pytest.approx(0.1)
    assert roc.fpr_at(0.05) == 0
    assert roc.fpr_at(0.1) == pytest.approx(0, abs=1e-12)


def test_the_mirror_image_exchanges_the_roles():
    p, q = discrete_pair()
    skewed = RocCurve(np.array([0, 0.1, 1.0]), np.array([0, 0.6, 1.0]))
    mirrored = skewed.mirrored()
    np.testing.assert_allclose([mirrored.fpr, mirrored.tpr], [[0, 0.4, 1], [0, 0.9, 1]], atol=1e-12)
    both = skewed.symmetric()
    x = np.linspace(0, 1, 101)
    assert (both.max_tpr(x) >= np.maximum(skewed.max_tpr(x), mirrored.max_tpr(x)) - 1e-12).all()
    np.testing.assert_allclose(both.mirrored().max_tpr(x), both.max_tpr(x), atol=1e-12)
    own = roc_from_losses(np.log(p / q), p, 0.0)
    np.testing.assert_allclose(own.symmetric().max_tpr(x), own.max_tpr(x), atol=1e-12)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_the_hull_is_concave_and_above_its_points(values):
    fpr = np.linspace(0, 1, len(values) + 2)
    tpr = np.maximum.accumulate([0.0, *values, 1.0])
    hull = concave_hull(fpr, tpr)
    assert (hull.max_tpr(fpr) >= tpr - 1e-12).all()
    slopes = np.diff(hull.tpr) / np.diff(hull.fpr)
    assert (np.diff(slopes) <= 1e-9).all()


def test_the_inverse_undoes_the_curve():
    roc = RocCurve(np.array([0, 0.2, 0.5, 1.0]), np.array([0.1, 0.6, 0.9, 1.0]))
    x = np.linspace(0, 1, 50)
    np.testing.assert_allclose(roc.fpr_at(roc.max_tpr(x)), x, atol=1e-12)


@pytest.mark.parametrize("points", [20, 200, 2000])
@pytest.mark.parametrize("mu", [0.1, 1.0, 4.0])
def test_fewer_corners_from_above(mu, points):
    exact = roc_gaussian(mu, 20_001)
    few = exact.from_above(points)
    assert len(few.fpr) <= points
    assert (few.max_tpr(exact.fpr) >= exact.tpr - 1e-12).all()
    assert (np.diff(np.diff(few.tpr) / np.diff(few.fpr)) <= 1e-6).all()
    assert few.auc - exact.auc < 20 / points**2
    assert exact.from_above(30_000) is exact


def test_the_polygons_are_the_curves():
    x = np.logspace(-6, -0.001, 50)
    np.testing.assert_allclose(roc_gaussian(1.0).max_tpr(x), max_tpr_gaussian(x, 1.0), atol=1e-6)
    for epsilon, delta in ((1.0, 1e-5), (0.0, 0.0), (0.0, 1.0), (50.0, 0.1), (2000.0, 1e-5)):
        polygon = roc_epsilon_delta(epsilon, delta)
        np.testing.assert_allclose(
            polygon.max_tpr(x), max_tpr_epsilon_delta(x, epsilon, delta), rtol=1e-9, atol=1e-12
        )
        assert polygon.fpr_at(1.0) <= 1


@given(st.floats(0, 5), st.integers(1, 6))
def test_group_privacy_is_the_composition_of_its_steps(epsilon, group):
    of_group, delta = group_epsilon_delta(epsilon, 1e-6, group)
    assert of_group == pytest.approx(group * epsilon)
    expected = 0.0
    for _ in range(group):
        expected = np.exp(epsilon) * expected + 1e-6
    assert delta == pytest.approx(min(1.0, expected))
