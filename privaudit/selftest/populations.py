"""Mechanisms whose epsilon is known exactly, as sources of scores of canaries that are in or out."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from privaudit.accounting.accountants import smallest_epsilon
from privaudit.accounting.mechanism import Mechanism
from privaudit.stats.tradeoff import mu_of_epsilon

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

DELTA = 1e-5


@dataclass(frozen=True)
class SimulatedPopulation:
    """One canary's score, in or out, independent of all others."""

    name: str
    epsilon: float
    """The true one, at :data:`DELTA`."""
    draw: Callable[[Bools, np.random.Generator], Floats]
    """Scores for coins of any shape."""


def gaussian(epsilon: float) -> SimulatedPopulation:
    """A value with Gaussian noise: the curve is exactly Gaussian."""
    mu = mu_of_epsilon(epsilon, DELTA) if epsilon > 0 else 0.0
    return SimulatedPopulation(
        f"Gaussian, epsilon {epsilon:g}",
        epsilon,
        lambda coins, rng: rng.standard_normal(coins.shape) + mu * coins,
    )


def laplace(epsilon: float) -> SimulatedPopulation:
    """A value of 0 or 1 with Laplace noise of scale 1 / epsilon."""
    # NOTE: its delta at e is 1 - exp((e - epsilon) / 2).
    true = max(0.0, epsilon + 2 * float(np.log1p(-DELTA)))
    return SimulatedPopulation(
        f"Laplace, epsilon {epsilon:g}",
        true,
        lambda coins, rng: rng.laplace(size=coins.shape, scale=1 / epsilon) + coins,
    )


def randomised_response(epsilon: float) -> SimulatedPopulation:
    """The truth with probability ``e^epsilon / (1 + e^epsilon)``: the corner of the region."""
    right = 1 / (1 + np.exp(-epsilon))
    true = float(np.log((right - DELTA) / (1 - right)))
    return SimulatedPopulation(
        f"randomised response, epsilon {epsilon:g}",
        true,
        lambda coins, rng: (coins ^ (rng.random(coins.shape) >= right)).astype(np.float64),
    )


def sampled_gaussian(mechanism: Mechanism) -> SimulatedPopulation:
    """DP-SGD with one phase, seen step by step: the log-likelihood ratio of all noisy sums."""
    (phase,) = mechanism.phases
    noise, rate = phase.noise_multiplier, phase.sample_rate

    def draw(coins: Bools, rng: np.random.Generator) -> Floats:
        total = np.zeros(coins.shape)
        for _ in range(phase.steps):
            drawn = coins & (rng.random(coins.shape) < rate)
            sums = noise * rng.standard_normal(coins.shape) + drawn
            total += np.log1p(rate * np.expm1((sums - 0.5) / noise**2))
        return total

    return SimulatedPopulation("DP-SGD, every step seen", smallest_epsilon(mechanism, DELTA), draw)
