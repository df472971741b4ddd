"""Statements over independently trained models: a mean with its interval, and one p-value of many."""

from collections.abc import Sequence
from math import sqrt

import numpy as np
from scipy.special import gammaincc, stdtrit

from privaudit.stats.intervals import (
    ConfidenceInterval,
    Floats,
    NotMeasurable,
    binomial_lower,
    check_confidence,
)

_ROUNDING = 1e-9


def mean_over_models(
    values: Sequence[float] | Floats, *, lowest: float, highest: float, confidence: float
) -> ConfidenceInterval | NotMeasurable:
    """Mean of one value per model, with Student's interval within ``[lowest, highest]``.

    Student's interval takes the values for independent and roughly normal. Where all are equal it would be a
    point, which so few models cannot support: then a share of at least ``s`` of all models has this value
    (Clopper and Pearson 1934, Biometrika 26), the others lie anywhere in the range, and the interval is what
    follows for the mean. For ten models ``s`` is 0.69.

    Args:
        values: one per model.
        lowest: no model can have less.
        highest: no model can have more.
        confidence: two-sided, in (0, 1).

    Returns:
        The interval; not measurable for fewer than two models.

    Raises:
        UsageError: ``confidence`` outside (0, 1).
        ValueError: a value outside the range: a bug of the caller.
    """
    check_confidence(confidence)
    found = np.asarray(values, dtype=np.float64)
    if len(found) < 2:
        return NotMeasurable("an interval over models needs two or more of them")
    if found.min() < lowest - _ROUNDING or found.max() > highest + _ROUNDING:
        raise ValueError("a value lies outside the range")
    n, mean, alpha = len(found), float(found.mean()), (1.0 - confidence) / 2.0
    if found.min() == found.max():
        value, share = float(found[0]), float(binomial_lower(n, n, alpha))
        return ConfidenceInterval(
            value, share * value + (1.0 - share) * lowest, share * value + (1.0 - share) * highest
        )
    half = float(stdtrit(n - 1, 1.0 - alpha)) * float(found.std(ddof=1)) / sqrt(n)
    return ConfidenceInterval(mean, max(lowest, mean - half), min(highest, mean + half))


def combined_p_value(p_values: Sequence[float] | Floats) -> float:
    """One p-value of the hypothesis that all of several independent ones hold (Fisher's method).

    ``-2 Σ ln p_i`` is chi-square with ``2M`` degrees of freedom when every ``p_i`` is uniform, and smaller
    when a ``p_i`` is discrete (Fisher, Statistical Methods for Research Workers, section 21.1). For
    ``p_i = rank / n`` it is ``2 ln 2`` times the sum of the exposures: the test of the mean exposure.

    Args:
        p_values: M of them, in (0, 1]; one per model.

    Raises:
        ValueError: none, or one outside (0, 1]: a bug of the caller.
    """
    found = np.asarray(p_values, dtype=np.float64)
    if not len(found) or found.min() <= 0.0 or found.max() > 1.0:
        raise ValueError("p-values lie in (0, 1]")
    return float(gammaincc(len(found), -np.log(found).sum()))
