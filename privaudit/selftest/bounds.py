"""Every bound: silent where nothing is, not above the truth too often, near it where it is known."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from privaudit.accounting.curves import sparse_roc
from privaudit.accounting.mechanism import Mechanism
from privaudit.selftest.check import Check, false_alarm_limit
from privaudit.selftest.populations import gaussian, laplace, randomised_response, sampled_gaussian
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
from privaudit.stats.bounds import rank_test

DP_SGD = Mechanism.uniform(1.5, 0.1, 100)
"""Short enough to simulate step by step; epsilon 2.9 at delta 1e-5."""
TIGHTNESS = {
    "steinke": (0.22, 0.31, 0.36, 0.34),
    "mahloujifar-gaussian": (0.29, 0.46, 0.55, 0.55),
    "rank-test-gaussian": (0.55, 0.72, 0.82, 0.86),
}
"""Least mean bound as a share of the true epsilon 1, 2, 4, 8 of a Gaussian mechanism, with n = 1,000."""
_SLACK = 0.95
"""Leaves room for the chance of fewer audits than those that showed :data:`TIGHTNESS`."""
EPSILONS = (1.0, 2.0, 4.0, 8.0)


@dataclass(frozen=True)
class Size:
    """How much is simulated."""

    n: int = 1000
    """Canaries or runs of an audit."""
    audits: int = 1000
    tight_audits: int = 5000
    """Of the tightness of the one-run bounds."""
    quantiles: int = 6
    """Of the tightness of the rank test."""
    epsilons: tuple[float, ...] = (1.0, 4.0)


def null_checks(size: Size, rng: np.random.Generator) -> Iterator[Check]:
    """On pure noise every bound is zero, but for one in twenty."""
    noise = gaussian(0.0)
    one, many = one_runs(noise, size.n, size.audits, rng), many_runs(noise, size.n, size.audits, rng)
    limit = false_alarm_limit(size.audits)
    for method in ("steinke", "mahloujifar-gaussian"):
        yield Check("nothing to find", method, float((one.bounds(method) > 0).mean()), limit, "at most")
    with_null = false_alarm_limit(size.audits, NULL_DRAWS)
    for family in ("epsilon-delta", "gaussian"):
        found = above_truth_rank(noise, many, family, rng)
        yield Check("nothing to find", f"rank-test-{family}", found, with_null, "at most")
    found = above_truth_threshold(noise, size.n, 0.5, size.audits, rng)
    yield Check("nothing to find", "clopper-pearson", found, limit, "at most")


def truth_checks(size: Size, rng: np.random.Generator) -> Iterator[Check]:
    """No bound exceeds the true epsilon in more than one audit in twenty where what it assumes holds."""
    limit, with_null = false_alarm_limit(size.audits), false_alarm_limit(size.audits, NULL_DRAWS)
    for epsilon in size.epsilons:
        for make in (gaussian, laplace, randomised_response):
            population = make(epsilon)
            one = one_runs(population, size.n, size.audits, rng)
            many = many_runs(population, size.n, size.audits, rng)
            shares = {
                "steinke": (above_truth_one_run(population, one, "steinke"), limit),
                "rank-test-epsilon-delta": (
                    above_truth_rank(population, many, "epsilon-delta", rng),
                    with_null,
                ),
                "clopper-pearson": (above_truth_threshold(population, size.n, 0.5, size.audits, rng), limit),
            }
            if make is gaussian:
                shares["mahloujifar-gaussian"] = (
                    above_truth_one_run(population, one, "mahloujifar-gaussian"),
                    limit,
                )
                shares["rank-test-gaussian"] = (
                    above_truth_rank(population, many, "gaussian", rng),
                    with_null,
                )
            for method, (share, most) in shares.items():
                yield Check("never above the truth", f"{method}: {population.name}", share, most, "at most")
    yield from _dp_sgd(size, rng)


def _dp_sgd(size: Size, rng: np.random.Generator) -> Iterator[Check]:
    population, audits = sampled_gaussian(DP_SGD), max(100, size.audits // 4)
    one, many = one_runs(population, size.n, audits, rng), many_runs(population, size.n, audits, rng)
    roc, symmetric = sparse_roc(DP_SGD, "remove"), sparse_roc(DP_SGD, "symmetric")
    found = above_truth_mechanism(roc, symmetric, one, many)
    for method, share in zip(("mahloujifar-mechanism", "rank-test-mechanism"), found, strict=True):
        limit = false_alarm_limit(audits, NULL_DRAWS)
        yield Check("never above the truth", f"{method}: {population.name}", share, limit, "at most")


def power_checks(size: Size, rng: np.random.Generator) -> Iterator[Check]:
    """How near the bounds come to the truth of a Gaussian mechanism, and whether half the noise is seen."""
    for i, epsilon in enumerate(EPSILONS):
        if epsilon not in size.epsilons:
            continue
        population = gaussian(epsilon)
        one = one_runs(population, 1000, size.tight_audits, rng)
        means = {method: float(one.bounds(method).mean()) for method in ("steinke", "mahloujifar-gaussian")}
        means["rank-test-gaussian"] = mean_rank_bound(
            many_runs(population, 1000, 500, rng), size.quantiles, seed=0
        )
        for method, mean in means.items():
            name = f"{method}: share of {population.name}"
            yield Check("power", name, mean / epsilon, _SLACK * TIGHTNESS[method][i], "at least")
    mechanism = Mechanism.uniform(1.0, 0.01, 1000)
    claimed, halved = (sparse_roc(m, "remove", coarse=True) for m in (mechanism, mechanism.with_noise(0.5)))
    seen = rank_test.power(halved.fpr_at, claimed.fpr_at, 100, 100, rng)
    yield Check("power", "rank test: half the noise of DP-SGD in 200 runs", seen, 0.9, "at least")
