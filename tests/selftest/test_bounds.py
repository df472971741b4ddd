"""Every bound over 1,000 simulated audits: below the truth, silent on noise, near a known truth."""

import numpy as np
import pytest
from scipy.stats import norm

from privaudit.accounting.curves import sparse_roc
from privaudit.selftest.bounds import DP_SGD, EPSILONS, TIGHTNESS
from privaudit.selftest.check import false_alarm_limit
from privaudit.selftest.populations import (
    DELTA,
    SimulatedPopulation,
    gaussian,
    laplace,
    randomised_response,
    sampled_gaussian,
)
from privaudit.selftest.simulate import (
    NULL_DRAWS,
    above_truth_mechanism,
    above_truth_one_run,
    above_truth_rank,
    above_truth_threshold,
    many_runs,
    mean_rank_bound,
    one_runs,
)
from privaudit.stats.bounds import rank_bounds, steinke
from privaudit.stats.bounds.guesses import guesses_of_each
from privaudit.stats.bounds.rank_bounds import RankedRuns, epsilon_lower_bound, mu_lower_bound
from privaudit.stats.tradeoff import RocCurve

AUDITS = 1000
LIMIT, WITH_NULL = false_alarm_limit(AUDITS), false_alarm_limit(AUDITS, NULL_DRAWS)
MAKERS = (gaussian, laplace, randomised_response)

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("n", [300, 1000])
@pytest.mark.parametrize("epsilon", [1.0, 2.0, 4.0])
@pytest.mark.parametrize("make", MAKERS)
def test_bounds_without_assumptions_stay_below_the_truth(make, epsilon, n):
    population, rng = make(epsilon), np.random.default_rng([n, int(epsilon), MAKERS.index(make)])
    one, many = one_runs(population, n, AUDITS, rng), many_runs(population, n, AUDITS, rng)
    assert above_truth_one_run(population, one, "steinke") <= LIMIT
    assert above_truth_rank(population, many, "epsilon-delta", rng) <= WITH_NULL
    assert above_truth_threshold(population, n, 0.5, AUDITS, rng) <= LIMIT


@pytest.mark.parametrize("n", [300, 1000])
@pytest.mark.parametrize("epsilon", [1.0, 2.0, 4.0, 8.0])
def test_bounds_of_the_gaussian_family_hold_in_it(epsilon, n):
    population, rng = gaussian(epsilon), np.random.default_rng([n, int(epsilon), 7])
    one, many = one_runs(population, n, AUDITS, rng), many_runs(population, n, AUDITS, rng)
    assert above_truth_one_run(population, one, "mahloujifar-gaussian") <= LIMIT
    share = above_truth_rank(population, many, "gaussian", rng)
    assert share <= WITH_NULL
    # And it is exact, not merely safe: the test has its size.
    assert share >= 0.02


@pytest.mark.parametrize("n", [300, 1000])
def test_bounds_of_the_mechanisms_family_hold_for_dp_sgd_seen_step_by_step(n):
    population, rng = sampled_gaussian(DP_SGD), np.random.default_rng([n, 8])
    one, many = one_runs(population, n, AUDITS, rng), many_runs(population, n, AUDITS, rng)
    roc, symmetric = sparse_roc(DP_SGD, "remove"), sparse_roc(DP_SGD, "symmetric")
    from_one, from_many = above_truth_mechanism(roc, symmetric, one, many)
    assert from_one <= LIMIT
    assert 0.02 <= from_many <= WITH_NULL


@pytest.mark.parametrize("n", [300, 1000])
@pytest.mark.parametrize(("epsilon", "least"), [(1.0, 0.30), (2.0, 0.60), (4.0, 0.75)])
def test_outside_its_family_the_gaussian_bound_is_wrong(epsilon, least, n):
    # Why a family bound is never shown without what it assumes.
    population, rng = randomised_response(epsilon), np.random.default_rng([n, int(epsilon), 9])
    one, many = one_runs(population, n, AUDITS, rng), many_runs(population, n, AUDITS, rng)
    assert above_truth_one_run(population, one, "mahloujifar-gaussian") >= least
    assert above_truth_rank(population, many, "gaussian", rng) >= 0.95


@pytest.mark.parametrize("n", [300, 1000])
def test_on_pure_noise_bounds_are_zero(n):
    noise, rng = gaussian(0.0), np.random.default_rng([n, 10])
    one, many = one_runs(noise, n, AUDITS, rng), many_runs(noise, n, AUDITS, rng)
    for method in ("steinke", "mahloujifar-gaussian"):
        assert (one.bounds(method) > 0).mean() <= LIMIT
    for family in ("epsilon-delta", "gaussian"):
        assert above_truth_rank(noise, many, family, rng) <= WITH_NULL
    assert above_truth_threshold(noise, n, 0.5, AUDITS, rng) <= LIMIT


@pytest.mark.parametrize("place", range(4))
def test_tightness_for_a_gaussian_mechanism(place):
    epsilon, rng = EPSILONS[place], np.random.default_rng([place, 11])
    one = one_runs(gaussian(epsilon), 1000, 20_000, rng)
    for method in ("steinke", "mahloujifar-gaussian"):
        assert one.bounds(method).mean() / epsilon >= TIGHTNESS[method][place]
    # NOTE: the mean over 1,000 audits, from the bounds of 16 of them at evenly spaced quantiles.
    rank = mean_rank_bound(many_runs(gaussian(epsilon), 1000, AUDITS, rng), 16, seed=0)
    assert rank / epsilon >= TIGHTNESS["rank-test-gaussian"][place]


@pytest.mark.parametrize("delta", [1e-2, 1e-3])
@pytest.mark.parametrize("epsilon", [0.5, 2.0])
def test_the_delta_term_of_steinke_is_needed_and_enough(epsilon, delta):
    # Each canary's bit is given away with probability delta; else it is randomised response.
    m, rng = 1000, np.random.default_rng([int(10 * epsilon), int(1 / delta)])
    right = 1 / (1 + np.exp(-epsilon))

    def draw(coins, rng):
        said = coins ^ (rng.random(coins.shape) >= right)
        leaked = rng.random(coins.shape) < delta
        return np.where(leaked, 4.0 * coins - 2, said + 0.0)

    runs = one_runs(SimulatedPopulation("leaking", epsilon, draw), m, AUDITS, rng)
    each, shares = guesses_of_each(m), []
    for used in (delta, 0.0):
        table = np.array([steinke.epsilon_lower_bound(m, 2 * each, v, used) for v in range(2 * each + 1)])
        shares.append(float((table[runs.correct] > epsilon).mean()))
    assert shares[0] <= LIMIT
    assert shares[1] >= shares[0]
    if (epsilon, delta) == (0.5, 1e-2):
        assert shares[1] > LIMIT


def test_canaries_of_one_model_may_depend_on_each_other():
    # A run leaks as a whole with probability 1/2, so every single canary keeps the mixture of both curves.
    # The one-run test respects that; a test that takes canaries of one model for independent runs does not.
    rng, m, mu = np.random.default_rng(12), 1000, 1.5
    threshold = np.linspace(9, -8, 4001)
    mixture = (norm.sf(threshold) + norm.sf(threshold - mu)) / 2
    roc = RocCurve(np.append(norm.sf(threshold), 1), np.append(mixture, 1))

    def draw(coins, rng):
        leaky = rng.random((len(coins), 1)) < 0.5
        return rng.normal(size=coins.shape) + mu * coins * leaky

    population = SimulatedPopulation("leaky runs", np.nan, draw)
    one, many = one_runs(population, m, AUDITS, rng), many_runs(population, m, AUDITS, rng)
    from_one, as_if_independent = above_truth_mechanism(roc, roc.symmetric(), one, many)
    assert from_one <= LIMIT
    assert as_if_independent >= 0.4


@pytest.mark.parametrize("seed", range(20))
def test_a_bound_is_above_the_truth_exactly_when_the_test_rejects_the_truth(seed):
    rng, mu = np.random.default_rng([seed, 13]), 0.5
    coins = np.arange(200) < 100
    runs = RankedRuns(coins[np.argsort(rng.normal(size=200) + mu * coins)], seed, draws=199)
    bound = mu_lower_bound(runs)
    if bound > 0:
        assert runs.p_value(rank_bounds.gaussian(bound), "area") <= 0.05
    assert runs.p_value(rank_bounds.gaussian(1.005 * bound + 2e-3), "area") > 0.05
    epsilon = epsilon_lower_bound(runs, DELTA)
    assert runs.p_value(rank_bounds.region(1.005 * epsilon + 2e-3, DELTA, 1), "ranks") > 0.05
