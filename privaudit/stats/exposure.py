"""Exposure: how far up a secret stands among all it could have been, in bits.

Carlini, Liu, Erlingsson, Kos and Song, The Secret Sharer (USENIX Security 2019, arXiv 1802.08232), section 4:
``exposure = log2(N) - log2(rank)`` among N possible secrets. 0 bits: every other one stands higher;
``log2(N)`` bits: it comes first. A rank counts every filling that scores at least as high, the secret itself
included, so ties count against the attacker. A secret that the model never saw has 1.44 bits on average.

A mean over models is :func:`privaudit.stats.over_models.mean_over_models`.
"""

import warnings
from dataclasses import dataclass
from math import log, log2

import numpy as np
from scipy.stats import skewnorm

from privaudit.errors import UsageError
from privaudit.stats.intervals import ConfidenceInterval, Floats, NotMeasurable, clopper_pearson

REJECT = 0.01
"""A fit is refused when data like the held-out half would be rarer than this under it."""
LEAST_SAMPLE = 200
"""Scores below which no distribution is fitted."""


def exact_exposure(rank: int, n: int) -> float:
    """Bits of a secret with this rank among ``n`` fillings, itself included; in [0, log2(n)].

    Raises:
        ValueError: not ``1 <= rank <= n``: a bug of the caller.
    """
    if not 1 <= rank <= n:
        raise ValueError("a rank lies between 1 and the number of fillings")
    return log2(n) - log2(rank)


def sampled_exposure(at_least: int, n: int, bits: float, confidence: float) -> ConfidenceInterval:
    """Bits of a secret, from a uniform sample of the fillings, with a two-sided interval.

    The interval is that of Clopper and Pearson for the share of all fillings that score at least as high; it
    covers ``-log2`` of that share with at least ``confidence``. The value is ``-log2((1 + at_least) /
    (1 + n))``, which cannot exceed ``log2(1 + n)`` (:func:`sampled_ceiling`) however exposed the secret is;
    the interval's upper end can, up to ``bits``.

    Args:
        at_least: sampled fillings that score at least as high as the secret.
        n: sampled fillings, drawn independently and uniformly.
        bits: ``log2`` of the number of all fillings: no exposure is larger.
        confidence: in (0, 1).

    Raises:
        UsageError: ``confidence`` outside (0, 1), or an empty sample.
        ValueError: a count is negative or exceeds the sample.
    """
    if n < 1:
        raise UsageError(f"The sample has {n} fillings, not 1 or more", "Sample more fillings")
    low, high = (float(limit) for limit in clopper_pearson(at_least, n, confidence))
    value = min(bits, log2(1 + n) - log2(1 + at_least))
    most = bits if low == 0.0 else min(bits, -log2(low))
    least = max(0.0, -log2(high))
    # NOTE: at low confidence an interval around k / n need not hold the value, which is that of a p-value.
    return ConfidenceInterval(value, min(least, value), max(most, value))


def sampled_ceiling(n: int) -> float:
    """The largest value of :func:`sampled_exposure` from ``n`` sampled fillings."""
    return log2(1 + n)


def exact_p_value(rank: int, n: int) -> float:
    """Chance that a secret that was never planted, drawn uniformly, stands as high: ``rank / n``."""
    if not 1 <= rank <= n:
        raise ValueError("a rank lies between 1 and the number of fillings")
    return rank / n


def sampled_p_value(at_least: int, n: int) -> float:
    """The same from ``n`` sampled fillings: ``(1 + at_least) / (1 + n)``, valid for every n.

    The secret counts as one of them, as in every Monte-Carlo test (Phipson and Smyth 2010, arXiv 1603.05766).
    """
    if not 0 <= at_least <= n:
        raise ValueError("a count lies between 0 and the size of the sample")
    return (1 + at_least) / (1 + n)


@dataclass(frozen=True)
class Extrapolation:
    """An exposure read off a fitted distribution, beyond what the sample can show."""

    bits: float
    """In [0, log2 of the number of fillings]."""
    shape: float
    location: float
    scale: float
    """Of the skew-normal distribution."""
    fit_p_value: float
    """Anderson-Darling, on the half of the sample that the fit did not see."""


def extrapolated_exposure(scores: Floats, score: float, bits: float) -> Extrapolation | NotMeasurable:
    """Bits of a secret from a skew-normal distribution fitted to sampled scores (Secret Sharer, section 4).

    ``-log2`` of the probability that the distribution exceeds ``score``. The tail is an assumption that no
    sample can prove; what can be refuted is the fit. Every other score is fitted, the rest tests the fit with
    the statistic of Anderson and Darling (1952), which weighs the tails. No number comes of a refused fit,
    and an accepted one carries no interval: never compare it with an exact exposure.

    Args:
        scores: ``[n]`` of fillings that were drawn independently and uniformly, in the order of the draws.
        score: of the secret; higher = more exposed.
        bits: ``log2`` of the number of all fillings.
    """
    if len(scores) < LEAST_SAMPLE:
        return NotMeasurable(f"a distribution is fitted to {LEAST_SAMPLE} sampled fillings or more")
    fitted, held_out = scores[::2], scores[1::2]
    if np.ptp(fitted) == 0.0:
        return NotMeasurable("all sampled fillings score the same")
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        # NOTE: the optimiser tries parameters at which the likelihood under- or overflows.
        warnings.simplefilter("ignore", RuntimeWarning)
        shape, location, scale = map(float, skewnorm.fit(fitted))
    if not (np.isfinite([shape, location, scale]).all() and scale > 0):
        return NotMeasurable("no skew-normal distribution could be fitted")
    p_value = anderson_darling(
        skewnorm.logcdf(held_out, shape, location, scale), skewnorm.logsf(held_out, shape, location, scale)
    )
    if p_value < REJECT:
        return NotMeasurable(f"the scores are not skew-normal (p = {p_value:.2g})")
    tail = -float(skewnorm.logsf(score, shape, location, scale)) / log(2.0)
    return Extrapolation(min(bits, max(0.0, tail)), shape, location, scale, p_value)


def anderson_darling(log_cdf: Floats, log_sf: Floats) -> float:
    """p-value of Anderson and Darling's test of a given distribution (Annals of Mathematical Statistics 23).

    Args:
        log_cdf: ``[n]`` logarithms of the distribution function at the observations, in any order.
        log_sf: ``[n]`` logarithms of one minus it, in the same order.

    Returns:
        By the limit distribution for large n (Marsaglia and Marsaglia 2004, Journal of Statistical Software
        9(2), function ``adinf``, within 2e-6); observations that the distribution excludes give 0.
    """
    n = len(log_cdf)
    order = np.argsort(log_cdf, kind="stable")
    weight = 2.0 * np.arange(1, n + 1) - 1.0
    with np.errstate(invalid="ignore"):
        statistic = -n - float((weight * (log_cdf[order] + log_sf[order][::-1])).sum()) / n
    if not np.isfinite(statistic):
        return 0.0
    return float(1.0 - _anderson_darling_cdf(max(statistic, 1e-9)))


def _anderson_darling_cdf(z: float) -> float:
    """Limit distribution of the statistic; see :func:`anderson_darling`."""
    if z < 2.0:
        inner = (2.00012, 0.247105, -0.0649821, 0.0347962, -0.011672, 0.00168691)
        return float(np.exp(-1.2337141 / z) / np.sqrt(z) * np.polynomial.polynomial.polyval(z, inner))
    outer = (1.0776, -2.30695, 0.43424, -0.082433, 0.008056, -0.0003146)
    return float(np.exp(-np.exp(np.polynomial.polynomial.polyval(z, outer))))


def match_rate(matches: int, models: int, confidence: float) -> ConfidenceInterval:
    """Share of exact matches over independently trained models, each with a secret of its own.

    Clopper-Pearson; two secrets in one model are not independent and must not be counted twice.

    Raises:
        UsageError: ``confidence`` outside (0, 1), or no model.
    """
    if models < 1:
        raise UsageError(f"{models} models were given, not 1 or more", "Train models with canaries")
    low, high = clopper_pearson(matches, models, confidence)
    return ConfidenceInterval(matches / models, float(low), float(high))
