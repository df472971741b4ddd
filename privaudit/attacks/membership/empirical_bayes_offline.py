"""Offline empirical Bayes: no reference saw the records; the IN values come from the target's own."""

from collections.abc import Callable

import numpy as np

from privaudit.attacks.membership.empirical_bayes import PSEUDO_RECORDS, predict
from privaudit.attacks.membership.reference_statistics import (
    USUAL_DEGREES,
    Bools,
    Prediction,
    RecordStatistics,
    log_student,
    side_of,
)
from privaudit.attacks.membership.scales import SCALES
from privaudit.targets.interface import Floats

ROUNDS = 100
"""Of expectation maximisation."""
LEAST_SHARE = 0.05
"""The IN values' variance is never less than this share of the OUT prediction's: a mixture would collapse."""
_TINY = 1e-6


def latent_log_ratio(references: Floats, outside: Bools, target: Floats) -> Floats:
    """``ln`` of the likelihood ratio where no reference saw the records, ``[n]``, finite.

    Half of the target's values are taken for IN values, without being told which: a mixture in which an OUT
    value follows its prediction, and an IN value a line in the record's OUT mean. Membership is not read.

    Args:
        references: ``[k, n]`` values under the references, in any unit.
        outside: ``[k, n]`` which reference did not see which record; one at least.
        target: ``[n]`` values under the target.
    """
    nothing, ratio = np.zeros(len(target)), np.zeros(len(target))
    for scale_of in SCALES:
        scale = scale_of(references[outside])
        value = scale(target)
        sides = side_of(scale(references), outside), RecordStatistics(nothing, nothing, nothing)
        prediction, _ = predict(sides, value)
        line = _fit_line(prediction, value)
        ratio += line(value) - prediction.log_density(value)
    return ratio / len(SCALES)


def _fit_line(prediction: Prediction, value: Floats) -> Callable[[Floats], Floats]:
    """``ln`` density of the IN values, up to the constant of a t density: EM with equal shares."""
    from scipy.special import expit

    design = np.stack([np.ones_like(value), prediction.mean], axis=1)
    usual = float(np.mean(prediction.variance))
    beta = np.array([float(np.mean(value - prediction.mean) + np.std(value - prediction.mean)), 1.0])
    variance, outside = usual, prediction.log_density(value)
    # NOTE: a few records' worth hold the slope near one; a floor keeps the mixture from collapsing.
    penalty = np.diag([_TINY, PSEUDO_RECORDS * usual])
    degrees = np.full(len(value), USUAL_DEGREES)

    def density(at: Floats) -> Floats:
        return log_student(at, design @ beta, np.full(len(value), variance), degrees)

    for _ in range(ROUNDS):
        weight = expit(density(value) - outside)
        # NOTE: Student's t by its own weights, lest a few far values carry the line away.
        robust = weight * (degrees + 1) / (degrees + (value - design @ beta) ** 2 / variance)
        curvature = (design * robust[:, None]).T @ design + penalty
        beta = np.linalg.solve(curvature, design.T @ (robust * value) + penalty @ np.array([0.0, 1.0]))
        squares = float(robust @ (value - design @ beta) ** 2)
        variance = max(squares / max(float(weight.sum()), _TINY), LEAST_SHARE * usual)
    return density
