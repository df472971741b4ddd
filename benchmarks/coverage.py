"""Coverage and mean width of the intervals of ``privaudit.stats``, simulated from known populations.

    python benchmarks/coverage.py --draws 2000          # the whole table, about six minutes
    python benchmarks/coverage.py --draws 500 --split   # widths for other values of RANK_SHARE

A nominal 95 % interval should miss in 5 % of the draws; with 2,000 draws two standard errors are one point.
"""

import argparse
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy.special import ndtr, ndtri

from privaudit.stats import rates
from privaudit.stats.auc import auc_interval, auc_within
from privaudit.stats.intervals import ConfidenceInterval, Floats, NotMeasurable
from privaudit.stats.ranked import RankedScores, rank_scores

Draw = Callable[[np.random.Generator, int], Floats]
Survival = Callable[[float], float]


@dataclass(frozen=True)
class Population:
    """Scores of members and non-members, with the truths that the intervals estimate."""

    name: str
    members: Draw
    nonmembers: Draw
    auc: float
    tpr: Survival
    """Supremum of the TPR over thresholds whose FPR is at most the argument."""
    gap: Survival
    """``P(member >= t) - P(non-member >= t)``."""

    def ranked(self, rng: np.random.Generator, n1: int, n0: int) -> RankedScores:
        score = np.concatenate([self.members(rng, n1), self.nonmembers(rng, n0)])
        return rank_scores(score, np.arange(n1 + n0) < n1)


@dataclass(frozen=True)
class Coverage:
    """What a series of draws found."""

    covered: float
    low_misses: float
    high_misses: float
    width: float
    outside: int
    """How often the estimate lay outside its own interval; must be 0."""


def binormal(auc: float, sigma: float = 1.0) -> Population:
    """Members N(mu, sigma^2), non-members N(0, 1)."""
    mu = np.sqrt(1 + sigma**2) * ndtri(auc)
    return Population(
        f"normal AUC {auc:g}" + (f" sigma {sigma:.2g}" if sigma != 1.0 else ""),
        lambda rng, n: rng.normal(mu, sigma, n),
        lambda rng, n: rng.normal(0.0, 1.0, n),
        auc,
        lambda fpr: float(ndtr((mu + ndtri(fpr)) / sigma)),
        lambda t: float(ndtr((mu - t) / sigma) - ndtr(-t)),
    )


def exponential(auc: float) -> Population:
    """Members with mean ``auc / (1 - auc)``, non-members with mean 1."""
    mean = auc / (1 - auc)
    return Population(
        f"exponential AUC {auc:g}",
        lambda rng, n: rng.exponential(mean, n),
        lambda rng, n: rng.exponential(1.0, n),
        auc,
        lambda fpr: fpr ** (1 / mean),
        lambda t: float(np.exp(-max(t, 0.0) / mean) - np.exp(-max(t, 0.0))),
    )


def exposed(share: float) -> Population:
    """A share of the members far above everything, the others like the non-members."""

    def members(rng: np.random.Generator, n: int) -> Floats:
        return np.where(rng.random(n) < share, 10.0, rng.normal(0.0, 1.0, n))

    def gap(t: float) -> float:
        return float(share * (t <= 10.0) + (1 - share) * ndtr(-t) - ndtr(-t))

    return Population(
        f"{share:.0%} exposed",
        members,
        lambda rng, n: rng.normal(0.0, 1.0, n),
        share + (1 - share) / 2,
        lambda fpr: share + (1 - share) * fpr,
        gap,
    )


def graded(name: str, members: Iterable[float], nonmembers: Iterable[float]) -> Population:
    """Scores 0, 1, 2, … with the given probabilities: ties everywhere."""
    p1, p0 = np.array(list(members)), np.array(list(nonmembers))
    above1, above0 = np.cumsum(p1[::-1]).round(12), np.cumsum(p0[::-1]).round(12)

    def gap(t: float) -> float:
        at_least = np.arange(len(p1)) >= t
        return float(p1[at_least].sum() - p0[at_least].sum())

    return Population(
        name,
        lambda rng, n: rng.choice(len(p1), n, p=p1).astype(np.float64),
        lambda rng, n: rng.choice(len(p0), n, p=p0).astype(np.float64),
        float(np.sum(p1 * (np.cumsum(p0) - p0 / 2))),
        lambda fpr: float(max(above1[above0 <= fpr], default=0.0)),
        gap,
    )


POPULATIONS = (
    *(binormal(a) for a in (0.5, 0.6, 0.75, 0.9, 0.97)),
    binormal(0.75, 3.0),
    binormal(0.75, 1 / 3),
    exponential(0.6),
    exponential(0.9),
    exposed(0.05),
    graded("five levels", (0.1, 0.2, 0.2, 0.2, 0.3), (0.3, 0.3, 0.2, 0.1, 0.1)),
    graded("ten levels", np.arange(1, 11) / 55, [0.19] + [0.1] * 8 + [0.01]),
    graded("right or wrong", (0.05, 0.95), (0.1, 0.9)),
)


def simulate(
    draw: Callable[[np.random.Generator], tuple[float, ConfidenceInterval]], draws: int, seed: int = 0
) -> Coverage:
    """Repeat ``draw``, which returns the truth and an interval for it."""
    rng = np.random.default_rng(seed)
    rows = [(truth, i.low, i.high, i.value) for truth, i in (draw(rng) for _ in range(draws))]
    truth, low, high, value = np.array(rows).T
    above, below = low > truth + 1e-12, high < truth - 1e-12
    return Coverage(
        1 - float(np.mean(above | below)),
        float(np.mean(above)),
        float(np.mean(below)),
        float(np.mean(high - low)),
        int(np.count_nonzero((value < low - 1e-12) | (value > high + 1e-12))),
    )


def auc_coverage(population: Population, n1: int, n0: int, draws: int, confidence: float = 0.95) -> Coverage:
    return simulate(
        lambda rng: (population.auc, auc_interval(population.ranked(rng, n1, n0), confidence)), draws
    )


def within_coverage(
    population: Population, strata: int, mean_size: float, draws: int, confidence: float = 0.95
) -> Coverage:
    """Coins decide who is in; the strata lie much further apart than members and non-members."""

    def draw(rng: np.random.Generator) -> tuple[float, ConfidenceInterval]:
        size = 2 + rng.poisson(mean_size - 2, strata)
        stratum = np.repeat(np.arange(strata), size)
        member = rng.random(len(stratum)) < 0.5
        score = np.where(
            member, population.members(rng, len(member)), population.nonmembers(rng, len(member))
        )
        interval = auc_within(score + 20.0 * stratum, member, stratum).interval(confidence)
        if isinstance(interval, NotMeasurable):
            raise TypeError(interval.reason)
        return population.auc, interval

    return simulate(draw, draws)


def tpr_coverage(
    population: Population, n1: int, n0: int, fpr: float, draws: int, confidence: float = 0.95
) -> Coverage:
    def draw(rng: np.random.Generator) -> tuple[float, ConfidenceInterval]:
        t = rates.tpr_at_fpr(population.ranked(rng, n1, n0), fpr, confidence)
        if t.tpr is None or t.low is None or t.high is None:
            raise ValueError("not measurable")
        return population.tpr(fpr), ConfidenceInterval(t.tpr, t.low, t.high)

    return simulate(draw, draws)


def advantage_coverage(
    population: Population, n1: int, n0: int, draws: int, confidence: float = 0.95
) -> Coverage:
    def draw(rng: np.random.Generator) -> tuple[float, ConfidenceInterval]:
        a = rates.advantage(population.ranked(rng, n1, n0), rng, confidence)
        if isinstance(a, NotMeasurable):
            raise TypeError(a.reason)
        truth = 0.0 if a.threshold is None else population.gap(a.threshold)
        return truth, ConfidenceInterval(a.value, a.low, a.high)

    return simulate(draw, draws)


def power_of(auc: float, n1: int, n0: int, draws: int, confidence: float = 0.95) -> float:
    """How often the interval lies above 0.5 when the true area is ``auc``."""
    rng, population = np.random.default_rng(0), exponential(auc)
    return float(
        np.mean([auc_interval(population.ranked(rng, n1, n0), confidence).low > 0.5 for _ in range(draws)])
    )


def _rows(draws: int) -> Iterator[tuple[str, str, float, Coverage]]:
    for n1, n0, level in (
        *((300, 300, c) for c in (0.95, 0.998)),
        *((30, 30, c) for c in (0.95, 0.998)),
        (10, 10, 0.95),
        (10, 300, 0.95),
        (1, 300, 0.95),
    ):
        for p in POPULATIONS:
            yield f"AUC {n1}+{n0}", p.name, level, auc_coverage(p, n1, n0, draws, level)
    for strata, size in ((10, 60.0), (150, 4.0), (300, 2.0)):
        for p in POPULATIONS:
            yield f"AUC within {strata} x {size:g}", p.name, 0.95, within_coverage(p, strata, size, draws)
    for n, fpr in ((300, 0.1), (1000, 0.01)):
        for p in POPULATIONS:
            yield f"TPR at {fpr:.0%} FPR {n}+{n}", p.name, 0.95, tpr_coverage(p, n, n, fpr, draws)
    for n in (300, 20):
        for p in POPULATIONS:
            yield f"advantage {n}+{n}", p.name, 0.95, advantage_coverage(p, n, n, draws)


def _print_split(draws: int) -> None:
    cases = [
        (p, n, f) for n, f in ((300, 0.1), (1000, 0.1), (1000, 0.01), (10_000, 0.01)) for p in POPULATIONS
    ]
    shares = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
    widths = np.zeros((len(cases), len(shares)))
    for j, share in enumerate(shares):
        rates.RANK_SHARE = share
        for i, (p, n, fpr) in enumerate(cases):
            widths[i, j] = tpr_coverage(p, n, n, fpr, draws).width
    for (p, n, fpr), row in zip(cases, widths, strict=True):
        print(f"{p.name:24} n={n:6} F={fpr:5}", *(f"{w:.4f}" for w in row))
    relative = widths / widths.min(axis=1, keepdims=True)
    print("share                    ", *(f"{s:6}" for s in shares))
    print("mean of width / best     ", *(f"{r:.4f}" for r in relative.mean(axis=0)))
    print("largest width / best     ", *(f"{r:.4f}" for r in relative.max(axis=0)))


def auc_standard_error(auc: float, n1: int, n0: int) -> float:
    """Standard error of the area under the ROC curve for planning, before any score is seen.

    Hanley and McNeil (1982, Radiology 143:29-36), who take the scores as exponential; at ``auc`` = 0.5 it is
    the exact null value ``sqrt((n1 + n0 + 1) / (12 n1 n0))`` of continuous scores.

    Args:
        auc: the supposed area, in [0, 1].
        n1: members, at least 1.
        n0: non-members, at least 1.
    """
    both_members = auc / (2 - auc) - auc**2
    both_nonmembers = 2 * auc**2 / (1 + auc) - auc**2
    total = auc * (1 - auc) + (n1 - 1) * both_members + (n0 - 1) * both_nonmembers
    return sqrt(max(0.0, total) / (n1 * n0))


def smallest_detectable_auc(n1: int, n0: int, confidence: float, power: float) -> float | None:
    """Smallest area above 0.5 whose interval would exclude 0.5 with probability ``power``.

    The root of ``A - 0.5 = z_confidence * se(0.5) + z_power * se(A)`` with :func:`auc_standard_error`.

    Args:
        n1: members, at least 1.
        n0: non-members, at least 1.
        confidence: two-sided level of the interval, in (0, 1).
        power: in [0.5, 1), for example 0.8.

    Returns:
        In (0.5, 1], rounded up to a millionth; None when a sample so small would not show even perfect
        separation.
    """
    z_power = float(ndtri(power))
    margin = float(ndtri((1.0 + confidence) / 2.0)) * auc_standard_error(0.5, n1, n0)

    def spare(millionths: int) -> float:
        area = millionths / 1_000_000
        return area - 0.5 - margin - z_power * auc_standard_error(area, n1, n0)

    candidates = range(500_000, 1_000_001)
    found = bisect_left(candidates, 0.0, key=spare)
    return candidates[found] / 1_000_000 if found < len(candidates) else None


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--draws", type=int, default=2000)
    parser.add_argument("--split", action="store_true", help="compare shares of the error for the rank step")
    options = parser.parse_args()
    if options.split:
        _print_split(options.draws)
        return
    print(
        f"{'interval':24} {'population':26} {'level':>6} {'covers':>7} "
        f"{'low miss':>8} {'high miss':>9} {'width':>7}"
    )
    for kind, name, level, c in _rows(options.draws):
        print(
            f"{kind:24} {name:26} {level:6.1%} {c.covered:7.1%} {c.low_misses:8.1%} {c.high_misses:9.1%} "
            f"{c.width:7.4f}" + (f"  {c.outside} estimates outside" if c.outside else ""),
            flush=True,
        )
    for n in (50, 300, 2000):
        auc = smallest_detectable_auc(n, n, 0.95, 0.8)
        if auc is not None:
            print(
                f"power 80% {n}+{n}: AUC {auc:.4f}, measured power {power_of(auc, n, n, options.draws):.1%}"
            )


if __name__ == "__main__":
    main()
