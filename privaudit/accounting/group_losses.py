"""Privacy losses of one step when a record or a group of records is added or removed, each sampled by itself.

The sum then moves by a binomial number of clipped gradients, so with noise sigma a step is dominated by the
pair ``sum_j Binom(R, q; j) N(j, sigma^2)`` against ``N(0, sigma^2)``, and their composition is tight (Ganesh
2024, arXiv 2401.10294). dp-accounting has the pair as its mixture of Gaussians, but solves for each of some
10^5 thresholds in turn, which takes a minute; here all are solved at once.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr, logsumexp, ndtr
from scipy.stats import binom

if TYPE_CHECKING:
    from dp_accounting.pld.pld_pmf import PLDPmf
    from dp_accounting.pld.privacy_loss_distribution import PrivacyLossDistribution

Floats = NDArray[np.float64]

_TAIL = 10.0
"""Standard deviations beyond which mass is counted as infinite loss: 2e-23 of it."""
_GRID = 20_001
_NEWTON = 4


def group_losses(noise: float, rate: float, group: int, interval: float) -> "PrivacyLossDistribution":
    """The privacy-loss distribution of one step, rounded to the safe side by connecting the dots.

    Args:
        noise: noise multiplier.
        rate: sample rate, in (0, 1].
        group: R, 1 or more.
        interval: width of the grid of losses.
    """
    from dp_accounting.pld.privacy_loss_distribution import PrivacyLossDistribution

    pair = _Pair(noise, rate, group)
    most = group + _TAIL * noise
    remove = _distribution(pair.delta_remove, pair.loss(-_TAIL * noise), pair.loss(most), interval)
    add = _distribution(pair.delta_add, -pair.loss(_TAIL * noise), -pair.loss(-_TAIL * noise), interval)
    return PrivacyLossDistribution(remove, add)


class _Pair:
    """The mixture P and the noise alone Q, whose loss ``ln(P/Q)`` grows with the output y."""

    def __init__(self, noise: float, rate: float, group: int) -> None:
        counts = np.arange(group + 1)
        weights = binom.pmf(counts, group, rate)
        self._counts, self._weights = counts[weights > 0], weights[weights > 0]
        self._noise = noise
        self._slopes = self._counts / noise**2
        self._offsets = np.log(self._weights) - self._counts**2 / (2 * noise**2)
        self._grid = np.linspace(-_TAIL * noise - 1, group + _TAIL * noise + 1, _GRID)
        self._losses = self._many(self._grid)[0]
        self._least = float(np.log(self._weights[0])) if self._counts[0] == 0 else -np.inf
        """No output has a loss as low: of the records none may have been drawn anyway."""

    def loss(self, output: float) -> float:
        """``ln(P/Q)`` at an output."""
        return float(self._many(np.array([output]))[0][0])

    def delta_remove(self, epsilon: Floats) -> Floats:
        """``P(loss > epsilon) - e^epsilon Q(loss > epsilon)``."""
        delta = -np.expm1(np.minimum(epsilon, 0.0))
        some = epsilon > self._least
        y = self._output_at(epsilon[some])
        above = ndtr((self._counts - y[:, None]) / self._noise) @ self._weights
        delta[some] = above - np.exp(epsilon[some] + log_ndtr(-y / self._noise))
        return delta

    def delta_add(self, epsilon: Floats) -> Floats:
        """The same with the roles exchanged, whose losses are the negative ones."""
        delta = np.zeros_like(epsilon)
        some = epsilon < -self._least
        y = self._output_at(-epsilon[some])
        below = logsumexp(log_ndtr((y[:, None] - self._counts) / self._noise), axis=1, b=self._weights)
        delta[some] = ndtr(y / self._noise) - np.exp(epsilon[some] + below)
        return delta

    def _output_at(self, losses: Floats) -> Floats:
        """Where the loss has these values: a first guess from a grid, then Newton's method."""
        y = np.interp(losses, self._losses, self._grid)
        for _ in range(_NEWTON):
            value, slope = self._many(y)
            # NOTE: the step is bounded where the loss is flat; what it misses there has no mass.
            y = np.clip(y - (value - losses) / np.maximum(slope, 1e-300), self._grid[0], self._grid[-1])
        found: Floats = y
        return found

    def _many(self, y: Floats) -> tuple[Floats, Floats]:
        """Losses at outputs, and how fast they grow there."""
        terms = self._offsets + y[:, None] * self._slopes
        top = terms.max(axis=1, keepdims=True)
        shares = np.exp(terms - top)
        total = shares.sum(axis=1)
        return top[:, 0] + np.log(total), shares @ self._slopes / total


def _distribution(deltas: Callable[[Floats], Floats], low: float, high: float, interval: float) -> "PLDPmf":
    from dp_accounting.pld import pld_pmf

    first, last = int(np.floor(low / interval)), int(np.ceil(high / interval))
    found = np.clip(deltas(np.arange(first, last + 1, dtype=np.float64) * interval), 0.0, 1.0)
    # NOTE: deltas fall with epsilon; rounding must not let them rise.
    falling: Floats = np.maximum.accumulate(found[::-1])[::-1]
    # NOTE: a short one comes sparse, and composing that ten million times takes minutes instead of a second.
    return pld_pmf.create_pmf_pessimistic_connect_dots_fixed_gap(
        interval, first, last, falling
    ).to_dense_pmf()
