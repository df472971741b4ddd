"""Confidence intervals for proportions, their differences, and for several statements at once."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainccinv, betaincinv

from privaudit.errors import UsageError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class ConfidenceInterval:
    """An estimate with its confidence interval: ``low <= value <= high``."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class NotMeasurable:
    """In place of a number that the sample cannot support."""

    reason: str
    """Half a sentence for the reader, without a final full stop."""


def check_confidence(confidence: float) -> None:
    """Refuse a confidence level outside (0, 1).

    Raises:
        UsageError: ``confidence`` is 0, 1, outside, or NaN.
    """
    if not 0.0 < confidence < 1.0:
        raise UsageError(f"The confidence {confidence!r} is not between 0 and 1", "Use a level such as 0.95")


def bonferroni(confidence: float, m: int) -> float:
    """Level for each of ``m`` intervals so that all of them cover at once with ``confidence``.

    ``1 - (1 - confidence) / m``, whatever the dependence between the intervals (Bonferroni's inequality).

    Raises:
        UsageError: ``confidence`` outside (0, 1), or ``m`` below 1.
    """
    check_confidence(confidence)
    if m < 1:
        raise UsageError(
            f"A correction for {m} statements is not possible; it takes 1 or more",
            "Count the intervals that are read together",
        )
    return 1.0 - (1.0 - confidence) / m


def binomial_lower(k: ArrayLike, n: ArrayLike, alpha: ArrayLike) -> Floats:
    """One-sided exact lower limit for a binomial proportion (Clopper and Pearson 1934, Biometrika 26).

    Args:
        k: successes, ``0 <= k <= n``; broadcasts with the others.
        n: trials; no trial gives the limit 0.
        alpha: probability that the limit exceeds the true proportion, at most, in (0, 1).

    Returns:
        The ``p`` at which ``k`` or more successes have probability ``alpha``; 0 where ``k`` is 0.
    """
    k, n, alpha = np.broadcast_arrays(np.asarray(k, np.float64), np.asarray(n, np.float64), alpha)
    return np.where(k > 0, betaincinv(np.maximum(k, 1), n - k + 1, alpha), 0.0)


def binomial_upper(k: ArrayLike, n: ArrayLike, alpha: ArrayLike) -> Floats:
    """One-sided exact upper limit for a binomial proportion; see :func:`binomial_lower`.

    Returns:
        The ``p`` at which ``k`` or fewer successes have probability ``alpha``; 1 where ``k`` is ``n``.
    """
    k, n, alpha = np.broadcast_arrays(np.asarray(k, np.float64), np.asarray(n, np.float64), alpha)
    return np.where(k < n, betainccinv(k + 1, np.maximum(n - k, 1), alpha), 1.0)


def clopper_pearson(k: ArrayLike, n: ArrayLike, confidence: float) -> tuple[Floats, Floats]:
    """Exact two-sided interval for a binomial proportion (Clopper and Pearson 1934, Biometrika 26).

    Each side misses with probability at most ``(1 - confidence) / 2`` for every sample size and proportion.

    Args:
        k: successes, any shape, ``0 <= k <= n``.
        n: trials, broadcast with ``k``.
        confidence: in (0, 1).

    Returns:
        Lower and upper limits in [0, 1], of the broadcast shape.

    Raises:
        UsageError: ``confidence`` outside (0, 1).
        ValueError: a count is negative or exceeds its trials: a bug of the caller, not of the input.
    """
    check_confidence(confidence)
    if np.any(np.less(k, 0)) or np.any(np.greater(k, n)):
        raise ValueError("successes must lie between 0 and the number of trials")
    alpha = (1.0 - confidence) / 2.0
    return binomial_lower(k, n, alpha), binomial_upper(k, n, alpha)


def proportion_difference(k1: int, n1: int, k0: int, n0: int, confidence: float) -> ConfidenceInterval:
    """Difference ``k1/n1 - k0/n0`` of two independent proportions, with its interval in [-1, 1].

    The limits of the two proportions are combined by square-and-add (Newcombe 1998, Statistics in Medicine
    17:873-890, whose method 10 does so with score limits). Here the limits are those of Clopper and Pearson,
    which makes the interval conservative for small counts instead of approximate.

    Args:
        k1: successes in the first sample, of ``n1 >= 1`` trials.
        n1: trials of the first sample.
        k0: successes in the second sample, of ``n0 >= 1`` trials.
        n0: trials of the second sample.
        confidence: two-sided, in (0, 1).
    """
    (low1, low0), (high1, high0) = clopper_pearson([k1, k0], [n1, n0], confidence)
    p1, p0 = k1 / n1, k0 / n0
    return ConfidenceInterval(
        value=p1 - p0,
        low=float(p1 - p0 - sqrt((p1 - low1) ** 2 + (high0 - p0) ** 2)),
        high=float(p1 - p0 + sqrt((high1 - p1) ** 2 + (p0 - low0) ** 2)),
    )
