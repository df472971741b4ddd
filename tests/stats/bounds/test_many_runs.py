"""Bounds from many training runs: golden values, exact size, and power."""

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from privaudit.stats.bounds.fixed_threshold import (
    Errors,
    ceiling,
    epsilon_lower_bound,
    errors_at,
    group_lower_bound,
)
from privaudit.stats.bounds.rank_bounds import RankedRuns
from privaudit.stats.bounds.rank_test import against_curve, power
from privaudit.stats.intervals import binomial_upper
from privaudit.stats.tradeoff import group_epsilon_delta


@pytest.mark.parametrize(
    ("errors", "delta", "epsilon"),
    [
        ((450, 450, 50, 50), 1e-5, 1.903522),
        ((300, 495, 5, 200), 1e-5, 3.176630),
        ((100, 100, 0, 0), 0.0, 3.281346),
        ((0, 0, 50, 50), 1e-5, 0.0),
    ],
)
def test_golden_bounds_at_a_fixed_threshold(errors, delta, epsilon):
    assert epsilon_lower_bound(Errors(*errors), delta) == pytest.approx(epsilon, abs=1e-6)


@pytest.mark.parametrize(
    ("n", "most"), [(100, 3.2813), (500, 4.9056), (1000, 5.6006), (10_000, 7.9048), (100_000, 10.2076)]
)
def test_the_design_has_a_ceiling(n, most):
    assert ceiling(n, n, 0.0) == pytest.approx(most, abs=1e-4)


def test_a_published_bound_is_found_again():
    # Tramer et al. 2022 (arXiv 2202.12219): claimed 0.21, found above 2.79 at confidence 1 - 1e-10.
    found = epsilon_lower_bound(Errors(4922, 99_826, 174, 95_078), 1e-5, 1 - 1e-10)
    assert found == pytest.approx(2.795, abs=1e-3)


def test_errors_are_counted_at_the_threshold():
    scores, member = np.array([0.1, 0.5, 0.5, 0.9]), np.array([False, False, True, True])
    assert errors_at(scores, member, 0.5) == Errors(2, 1, 1, 0)


def gaussian(mu):
    return lambda tpr: ndtr(ndtri(tpr) - mu)


def runs(mu, n, rng, leak=0.0):
    member = np.arange(2 * n) < n
    scores = rng.normal(size=2 * n) + mu * member
    scores[member & (rng.random(2 * n) < leak)] = 100.0
    return scores, member


def rejected(mu, claimed, n, repeats, seed=0, leak=0.0, draws=299):
    rng = np.random.default_rng(seed)
    return sum(
        against_curve(*runs(mu, n, rng, leak), gaussian(claimed), rng, draws).p_value <= 0.05
        for _ in range(repeats)
    )


@pytest.mark.parametrize("mu", [0.27, 1.67])
def test_the_rank_test_has_its_size(mu):
    assert rejected(mu, mu, 100, 300) <= 0.05 * 300 + 3 * np.sqrt(0.05 * 0.95 * 300)


def test_the_rank_test_sees_more_than_is_claimed_and_nothing_less():
    assert rejected(1.6, 0.925, 100, 30) >= 28
    assert rejected(0.3, 0.925, 100, 30) == 0


def test_the_rank_test_sees_rare_total_leaks():
    assert rejected(0.0, 0.27, 500, 20, leak=0.05) >= 15


def test_ties_do_not_count_as_success():
    member = np.arange(200) < 100
    test = against_curve(np.zeros(200), member, gaussian(0.0), np.random.default_rng(0), 499)
    assert test.p_value > 0.01
    assert test.draws == 499


def test_a_perfect_attack_has_the_smallest_p_value():
    scores, member = np.arange(200.0), np.arange(200) >= 100
    test = against_curve(scores, member, gaussian(0.5), np.random.default_rng(0), 199)
    assert test.p_value == pytest.approx(1 / 200)
    assert test.p_auc == pytest.approx(1 / 200)


@pytest.mark.parametrize(("scores", "member"), [([1.0, 2.0], [True, True]), ([1.0, np.nan], [True, False])])
def test_scores_of_both_kinds_are_needed(scores, member):
    with pytest.raises(ValueError, match="IN and OUT"):
        against_curve(np.array(scores), np.array(member), gaussian(1.0), np.random.default_rng(0), 9)


@pytest.mark.parametrize(
    ("k", "n", "alpha", "limit"),
    [(0, 1000, 0.025, 0.00368208), (5, 500, 0.025, 0.02318139), (50, 500, 0.05, 0.12486581)],
)
def test_golden_limits_of_an_error_rate(k, n, alpha, limit):
    assert binomial_upper(k, n, alpha) == pytest.approx(limit, abs=1e-8)


def test_the_bound_of_copies_is_where_group_privacy_meets_it():
    errors = Errors(480, 490, 10, 20)
    once, thrice = (group_lower_bound(errors, 1e-5, group) for group in (1, 3))
    assert once == epsilon_lower_bound(errors, 1e-5)
    assert thrice < once / 2
    for epsilon, refuted in ((thrice, True), (thrice + 1e-3, False)):
        of_group, delta = group_epsilon_delta(epsilon, 1e-5, 3)
        assert (epsilon_lower_bound(errors, delta) > of_group) == refuted


def test_power_is_the_size_for_the_claim_itself_and_grows_with_the_leak():
    rng = np.random.default_rng(0)
    found = [power(gaussian(mu), gaussian(0.925), 100, 100, rng, draws=999) for mu in (0.6, 0.925, 1.3, 1.9)]
    assert found[0] <= 0.01
    assert found[1] <= 0.05 + 4 * np.sqrt(0.05 * 0.95 / 400)
    assert found[1] < found[2] < found[3]
    assert found[3] > 0.99


@pytest.mark.parametrize("statistic", ["area", "ranks"])
def test_p_values_grow_with_the_curve_draw_by_draw(statistic):
    rng = np.random.default_rng(3)
    member = np.arange(120) < 60
    runs = RankedRuns(member[np.argsort(rng.normal(size=120) + 1.0 * member)], 5, draws=199)
    found = [runs.p_value(gaussian(mu), statistic) for mu in np.linspace(0, 3, 25)]
    assert found == sorted(found)
    assert runs.perfect().p_value(gaussian(1.0), statistic) <= min(found[8:])
