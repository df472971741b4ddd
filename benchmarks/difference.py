"""How often the interval of a difference to a baseline covers, whatever the dependence of the two audits.

    python benchmarks/difference.py --draws 2000        # coverage, about five minutes
    python benchmarks/difference.py --draws 1000 --any  # "any attack" when nothing changed, about as long

Both models are attacked on the same records. Their scores of one record are drawn with a given correlation
(of the normal scores behind them), from -1, where what one model finds the other one misses, to 1.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count

import numpy as np
from scipy.special import ndtr, ndtri

from privaudit.gate.compare.changes import difference_of, widening
from privaudit.results import Interval
from privaudit.stats import rates
from privaudit.stats.auc import auc_interval
from privaudit.stats.intervals import Floats, NotMeasurable
from privaudit.stats.ranked import RankedScores, rank_scores

CORRELATIONS = (-1.0, -0.5, 0.0, 0.5, 0.9, 1.0)
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Population:
    """Scores of members as a function of a uniform number; those of non-members are given by ``outside``."""

    name: str
    inside: Callable[[Floats], Floats]
    outside: Callable[[Floats], Floats]
    auc: float
    tpr: Callable[[float], float]
    """At a false-positive rate."""
    gap: Callable[[float], float]
    """``P(member >= t) - P(non-member >= t)``."""


def binormal(auc: float, sigma: float = 1.0) -> Population:
    """Members N(mu, sigma^2), non-members N(0, 1)."""
    mu = float(np.sqrt(1 + sigma**2) * ndtri(auc))
    return Population(
        f"normal {auc:g}" + ("" if sigma == 1.0 else f", sigma {sigma:g}"),
        lambda u: mu + sigma * ndtri(u),
        ndtri,
        auc,
        lambda fpr: float(ndtr((mu + ndtri(fpr)) / sigma)),
        lambda t: float(ndtr((mu - t) / sigma) - ndtr(-t)),
    )


def exponential(auc: float) -> Population:
    """Members with mean ``auc / (1 - auc)``, non-members with mean 1: skewed to the right."""
    mean = auc / (1 - auc)
    return Population(
        f"exponential {auc:g}",
        lambda u: -mean * np.log1p(-u),
        lambda u: -np.log1p(-u),
        auc,
        lambda fpr: fpr ** (1 / mean),
        lambda t: float(np.exp(-max(t, 0.0) / mean) - np.exp(-max(t, 0.0))),
    )


def exposed(share: float) -> Population:
    """A share of the members far above everything, the others like the non-members."""
    return Population(
        f"{share:.0%} exposed",
        lambda u: np.where(u > 1 - share, 10.0, ndtri(np.clip(u / (1 - share), 1e-12, 1 - 1e-12))),
        ndtri,
        share + (1 - share) / 2,
        lambda fpr: share + (1 - share) * fpr,
        lambda t: float(share * (t <= 10.0) + (1 - share) * ndtr(-t) - ndtr(-t)),
    )


PAIRS = (
    (binormal(0.5), binormal(0.5)),
    (binormal(0.6), binormal(0.6)),
    (binormal(0.9), binormal(0.75)),
    (binormal(0.75, 3.0), binormal(0.75)),
    (exponential(0.6), exponential(0.6)),
    (exponential(0.9), exponential(0.6)),
    (exposed(0.05), exposed(0.01)),
    (exposed(0.05), exponential(0.75)),
)
"""Old and new."""


def uniforms(rng: np.random.Generator, n: int, correlation: float) -> tuple[Floats, Floats]:
    """Two uniform numbers per record, dependent by a normal copula."""
    z = rng.standard_normal((2, n))
    other = correlation * z[0] + np.sqrt(max(0.0, 1 - correlation**2)) * z[1]
    low, high = 1e-12, 1 - 1e-12
    return np.clip(ndtr(z[0]), low, high), np.clip(ndtr(other), low, high)


def audits(
    rng: np.random.Generator, old: Population, new: Population, n: int, correlation: float
) -> tuple[RankedScores, RankedScores]:
    """The same n + n records, scored by an attack on each of two models."""
    inside, outside = uniforms(rng, n, correlation), uniforms(rng, n, correlation)
    member = np.arange(2 * n) < n
    scores = (
        np.concatenate([population.inside(u), population.outside(v)])
        for population, u, v in zip((old, new), inside, outside, strict=True)
    )
    before, after = (rank_scores(score, member) for score in scores)
    return before, after


Measure = Callable[[RankedScores, Population, np.random.Generator], tuple[float, Interval]]
"""The truth and its interval."""


def auc(ranked: RankedScores, population: Population, _: np.random.Generator) -> tuple[float, Interval]:
    i = auc_interval(ranked, CONFIDENCE)
    return population.auc, Interval(value=i.value, low=i.low, high=i.high)


def tpr_at(fpr: float) -> Measure:
    def measure(
        ranked: RankedScores, population: Population, _: np.random.Generator
    ) -> tuple[float, Interval]:
        t = rates.tpr_at_fpr(ranked, fpr, CONFIDENCE)
        return population.tpr(fpr), Interval(value=t.tpr, low=t.low, high=t.high)

    return measure


def advantage(
    ranked: RankedScores, population: Population, rng: np.random.Generator
) -> tuple[float, Interval]:
    a = rates.advantage(ranked, rng, CONFIDENCE)
    if isinstance(a, NotMeasurable):
        raise TypeError(a.reason)
    truth = 0.0 if a.threshold is None else population.gap(a.threshold)
    return truth, Interval(value=a.value, low=a.low, high=a.high)


CASES: tuple[tuple[str, Measure, int], ...] = (
    ("AUC", auc, 1000),
    ("AUC", auc, 300),
    ("AUC", auc, 30),
    ("TPR at 10 %", tpr_at(0.1), 300),
    ("TPR at 1 %", tpr_at(0.01), 1000),
    ("advantage", advantage, 300),
)


def misses(
    measure: Measure, old: Population, new: Population, n: int, correlation: float, draws: int, seed: int = 0
) -> tuple[float, float]:
    """Shares of the draws in which the true difference lies below ``low`` and above ``high``."""
    rng = np.random.default_rng(seed)
    below = above = 0
    for _ in range(draws):
        before, after = audits(rng, old, new, n, correlation)
        (t0, i0), (t1, i1) = measure(before, old, rng), measure(after, new, rng)
        difference = difference_of(i0, i1, same=False)
        if difference.low is None or difference.high is None:
            raise ValueError(difference.reason)
        below += difference.low > t1 - t0 + 1e-12
        above += difference.high < t1 - t0 - 1e-12
    return below / draws, above / draws


def exceeded_by_chance(
    measure: Measure,
    population: Population,
    n: int,
    correlation: float,
    attacks: int,
    draws: int,
    seed: int = 0,
) -> float:
    """How often some of several attacks seems to have gained anything when the model did not change."""
    rng = np.random.default_rng(seed)
    exceeded = 0
    for _ in range(draws):
        for _ in range(attacks):
            before, after = audits(rng, population, population, n, correlation)
            i0, i1 = measure(before, population, rng)[1], measure(after, population, rng)[1]
            d = difference_of(i0, i1, same=False)
            if d.value is None or d.low is None:
                raise ValueError(d.reason)
            if d.value - widening(attacks) * (d.value - d.low) > 0:
                exceeded += 1
                break
    return exceeded / draws


def _coverage(draws: int) -> Iterator[str]:
    seeds = count()
    for name, measure, n in CASES:
        for old, new in PAIRS:
            found = [misses(measure, old, new, n, r, draws, next(seeds)) for r in CORRELATIONS]
            cells = " ".join(f"{1 - low - high:6.1%}" for low, high in found)
            worst = max(max(pair) for pair in found)
            yield f"{name:12} {n:5} {old.name:22} {new.name:22} {cells}   worst end {worst:.1%}"


def _any_attack(draws: int) -> Iterator[str]:
    seeds = count()
    for name, measure, n in CASES:
        if n == 30:
            continue
        for population in (binormal(0.6), exponential(0.75), exposed(0.05)):
            for attacks in (5, 10):
                found = [
                    exceeded_by_chance(measure, population, n, r, attacks, draws, next(seeds))
                    for r in (-1.0, 0.0)
                ]
                shares = " ".join(f"{rate:6.2%}" for rate in found)
                yield f"{name:12} {n:5} {population.name:18} {attacks:3} attacks: {shares}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--draws", type=int, default=2000)
    parser.add_argument("--any", action="store_true", help="several independent attacks, no change")
    options = parser.parse_args()
    if options.any:
        print("correlation                                          -1     0")
    else:
        print(f"{'':64} " + " ".join(f"{r:6g}" for r in CORRELATIONS))
    for line in _any_attack(options.draws) if options.any else _coverage(options.draws):
        print(line, flush=True)


if __name__ == "__main__":
    main()
