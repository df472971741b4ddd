"""Many audits at once: how often each bound exceeds the truth, and how near it comes.

A one-run bound depends on the number of right guesses alone, so it is tabulated once. A rank bound is above
the truth exactly when the test rejects the true curve, so one null sample at the truth decides all audits.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from privaudit.selftest.check import LEVEL
from privaudit.selftest.populations import DELTA, SimulatedPopulation
from privaudit.stats.bounds import fixed_threshold, mahloujifar, rank_bounds, rank_test, steinke
from privaudit.stats.bounds.guesses import guesses_of_each
from privaudit.stats.tradeoff import RocCurve, epsilon_of_gaussian, mu_of_epsilon

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

NULL_DRAWS = 9_999
_AT_ONCE = 1_000_000


@dataclass(frozen=True, eq=False)
class SimulatedOneRuns:
    """Many one-run audits of one design."""

    canaries: int
    each: int
    correct: Ints
    """``[audits]`` right guesses."""

    def table(self, method: str) -> Floats:
        """The lower bound at :data:`DELTA` for every number of right guesses, ``[r + 1]``."""
        bound = {"steinke": steinke, "mahloujifar-gaussian": mahloujifar}[method].epsilon_lower_bound
        return np.array([bound(self.canaries, 2 * self.each, v, DELTA) for v in range(2 * self.each + 1)])

    def bounds(self, method: str) -> Floats:
        """``[audits]``."""
        return self.table(method)[self.correct]


def one_runs(
    population: SimulatedPopulation, canaries: int, audits: int, rng: np.random.Generator
) -> SimulatedOneRuns:
    """Draw audits of m canaries each with fair coins."""
    each = guesses_of_each(canaries)
    correct = []
    for start in range(0, audits, max(1, _AT_ONCE // canaries)):
        rows = min(max(1, _AT_ONCE // canaries), audits - start)
        coins = rng.random((rows, canaries)) < 0.5
        ranked = _ranked(population.draw(coins, rng), coins, rng)
        correct.append(ranked[:, -each:].sum(1) + (~ranked[:, :each]).sum(1))
    return SimulatedOneRuns(canaries, each, np.concatenate(correct).astype(np.int64))


@dataclass(frozen=True, eq=False)
class SimulatedManyRuns:
    """Many audits with ``runs`` models each, half of them IN."""

    runs: int
    ranked: Bools
    """``[audits, runs]`` whether each is IN, from the lowest score to the highest."""

    def p_values(self, inverse: rank_test.InverseRoc, statistic: str, rng: np.random.Generator) -> Floats:
        """``[audits]`` of one curve, by one statistic, all against the same null sample."""
        half = self.runs // 2
        value = rank_test.area if statistic == "area" else rank_test.largest_bound
        null = np.sort(rank_test.drawn(inverse, half, half, rng, NULL_DRAWS, value))
        seen = value(self.ranked, half, half)
        return (1 + NULL_DRAWS - np.searchsorted(null, seen, side="left")) / (NULL_DRAWS + 1)


def many_runs(
    population: SimulatedPopulation, runs: int, audits: int, rng: np.random.Generator
) -> SimulatedManyRuns:
    """Draw audits of N runs each."""
    coins = np.broadcast_to(np.arange(runs) < runs // 2, (audits, runs))
    return SimulatedManyRuns(runs, _ranked(population.draw(coins, rng), coins, rng))


def above_truth_one_run(population: SimulatedPopulation, runs: SimulatedOneRuns, method: str) -> float:
    """How often the bound exceeds the true epsilon."""
    return float((runs.bounds(method) > population.epsilon).mean())


def above_truth_rank(
    population: SimulatedPopulation, runs: SimulatedManyRuns, family: str, rng: np.random.Generator
) -> float:
    """How often the rank bound of a family exceeds the true epsilon.

    Args:
        population: whose epsilon is the truth.
        runs: drawn from it.
        family: ``epsilon-delta`` or ``gaussian``.
        rng: draws the null sample.
    """
    epsilon = population.epsilon
    if family == "gaussian":
        mu = mu_of_epsilon(epsilon, DELTA) if epsilon > 0 else 0.0
        return float((runs.p_values(rank_bounds.gaussian(mu), "area", rng) <= LEVEL).mean())
    inverse = rank_bounds.region(epsilon, DELTA, 1)
    return float((runs.p_values(inverse, "ranks", rng) <= LEVEL).mean())


def above_truth_mechanism(
    roc: RocCurve, symmetric: RocCurve, one: SimulatedOneRuns, many: SimulatedManyRuns
) -> tuple[float, float]:
    """How often the one-run and the many-run test reject the true curve of a mechanism at 5 %.

    That is how often their bounds in the mechanism's family exceed its epsilon.

    Args:
        roc: the mechanism's maximal ROC.
        symmetric: the same for both directions.
        one: one-run audits of the mechanism.
        many: many-run audits of it.
    """
    m, r = one.canaries, 2 * one.each
    inverse = mahloujifar.curve_inverse(symmetric)
    rejected = np.array([mahloujifar.rejects(m, r, v, inverse, LEVEL) for v in range(r + 1)])
    p_values = many.p_values(roc.fpr_at, "area", np.random.default_rng(0))
    return float(rejected[one.correct].mean()), float((p_values <= LEVEL).mean())


def above_truth_threshold(
    population: SimulatedPopulation, runs: int, threshold: float, audits: int, rng: np.random.Generator
) -> float:
    """How often the bound at a threshold that was fixed beforehand exceeds the true epsilon."""
    half = runs // 2
    hits = (population.draw(np.ones((audits, half), dtype=np.bool_), rng) >= threshold).sum(1)
    alarms = (population.draw(np.zeros((audits, half), dtype=np.bool_), rng) >= threshold).sum(1)
    errors = [
        fixed_threshold.Errors(int(tp), half - int(fp), int(fp), half - int(tp))
        for tp, fp in zip(hits, alarms, strict=True)
    ]
    bounds = np.array([fixed_threshold.epsilon_lower_bound(e, DELTA) for e in errors])
    return float((bounds > population.epsilon).mean())


def mean_rank_bound(runs: SimulatedManyRuns, quantiles: int, seed: int) -> float:
    """Mean lower bound of the rank test in the Gaussian family.

    The bound grows with the area alone, so it is computed for audits at evenly spaced quantiles of the area.
    """
    half = runs.runs // 2
    order = np.argsort(rank_test.area(runs.ranked, half, half))
    chosen = order[((np.arange(quantiles) + 0.5) / quantiles * len(order)).astype(np.int64)]
    bounds = [rank_bounds.mu_lower_bound(rank_bounds.RankedRuns(runs.ranked[i], seed)) for i in chosen]
    return float(np.mean([epsilon_of_gaussian(mu, DELTA) if mu > 0 else 0.0 for mu in bounds]))


def _ranked(scores: Floats, coins: Bools, rng: np.random.Generator) -> Bools:
    """``[audits, n]`` coins from the lowest score to the highest, ties in random order."""
    order = np.lexsort((rng.random(scores.shape), scores), axis=1)
    return np.take_along_axis(coins, order, axis=1)
