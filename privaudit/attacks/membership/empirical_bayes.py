"""Few references go far: what other records show about a record's IN and OUT values, by empirical Bayes.

A record's two means and variances cannot be told from one or two values each. Thousands of records tell how
means and variances are distributed, and that distribution is the prior of each of them:

    x_ks = u_s + noise,   (u_out, u_in) ~ N(mean, between),   noise ~ N(0, v_s),   s = OUT or IN

- The values are put on a scale first, by rank and by size in turn (:mod:`.scales`), on which one prior fits
  easy and hard records alike.
- ``mean``, ``between`` and the variance within records come from expectation maximisation over all records
  (:func:`fit_prior`). A record that no reference saw learns its IN mean from its OUT values, and the
  reverse.
- The variance within a record depends on its mean (:func:`expected_within`), and around that on the record:
  an inverse-gamma prior whose strength is estimated too, so that values predicted of it follow Student's t.

The score is the likelihood ratio of the target's value under the two predictions, its logarithm averaged over
the two scales. With many references it tends to LiRA with a variance per record.
"""

from dataclasses import dataclass

import numpy as np

from privaudit.attacks.membership.reference_statistics import (
    Bools,
    Prediction,
    RecordStatistics,
    floored,
    side_of,
    variance_degrees,
)
from privaudit.attacks.membership.scales import SCALES
from privaudit.targets.interface import Floats

ROUNDS = 100
"""Of expectation maximisation, at most; with two references the AUC grows by 0.002 after the 25th."""
SETTLED = 1e-7
"""Change of the covariance, on a scale of unit variance, at which expectation maximisation ends early."""
ASSUMED_CORRELATION = 0.9
"""Of a record's IN and OUT means, before data speak; with one reference nothing measures it."""
ASSUMED_NARROWING = 0.75
"""Standard deviation of the IN means over that of the OUT means, where no record is IN."""
ASSUMED_SHARE = 0.8
"""Of the variance that lies between records, where too few records show it."""
PSEUDO_RECORDS = 4.0
"""Records that the first guess counts for, lest two records decide alone."""
TREND_RIDGE = 5.0
"""Penalty on the slope and curvature of the log variance over the standardised mean."""
LARGEST_TREND = 3.0
"""How far a trend takes the log variance from the pooled one."""
_TINY = 1e-6


@dataclass(frozen=True, eq=False)
class Prior:
    """How records differ. Index 0 is OUT, 1 is IN."""

    mean: Floats
    """``[2]``."""
    between: Floats
    """``[2, 2]`` covariance of the records' two means."""
    within: Floats
    """``[2]`` variance of a value around its record's mean."""


@dataclass(frozen=True, eq=False)
class Posterior:
    """What is known of the two means of n records, given their values."""

    mean: Floats
    """``[2, n]``."""
    variance: Floats
    """``[2, n]``."""
    covariance: Floats
    """``[n]``."""


def log_ratio(references: Floats, inside: Bools, target: Floats) -> Floats:
    """``ln`` of the likelihood ratio IN against OUT of the target's values, ``[n]``, finite.

    Args:
        references: ``[k, n]`` values under the references, in any unit.
        inside: ``[k, n]`` which reference saw which record; both kinds must occur.
        target: ``[n]`` values under the target.
    """
    ratio = np.zeros(len(target))
    for scale_of in SCALES:
        scale = scale_of(references)
        values, value = scale(references), scale(target)
        outside, member = predict((side_of(values, ~inside), side_of(values, inside)), value)
        ratio += member.log_density(value) - outside.log_density(value)
    return ratio / len(SCALES)


def predict(
    sides: tuple[RecordStatistics, RecordStatistics], target: Floats
) -> tuple[Prediction, Prediction]:
    """What another OUT and another IN value of each record would be.

    Args:
        sides: the OUT and the IN values, on a scale on which all values have unit variance.
        target: ``[n]`` the target's values; read only where no record has two values of a side.
    """
    prior = fit_prior(sides, target)
    flat = prior.within[:, None] * np.ones(len(target))
    first = posterior(prior, sides, flat)
    within = np.stack([expected_within(side, first, s, prior.within[s]) for s, side in enumerate(sides)])
    known = posterior(prior, sides, within)
    outside, inside = (_prediction(side, known, s, within[s]) for s, side in enumerate(sides))
    return outside, inside


def fit_prior(sides: tuple[RecordStatistics, RecordStatistics], target: Floats) -> Prior:
    """Expectation maximisation, from a first guess that also counts for a few records.

    A side without any value (offline attacks have no IN) keeps the other's mean and the first guess.
    """
    start = prior = _first_guess(sides, target)
    if not any(side.degrees.any() for side in sides):
        return prior
    for _ in range(ROUNDS):
        before, prior = prior, _improved(prior, start, sides)
        if np.abs(prior.between - before.between).max() < SETTLED:
            break
    return prior


def posterior(prior: Prior, sides: tuple[RecordStatistics, RecordStatistics], within: Floats) -> Posterior:
    """The records' two means given their values: bivariate normal conditioning.

    Args:
        prior: of the means.
        sides: the OUT and the IN values.
        within: ``[2, n]`` variance of a value around its record's mean.
    """
    precision = np.linalg.inv(prior.between)
    weight = np.stack([side.count for side in sides]) / within
    own = precision.diagonal()[:, None] + weight
    cross = precision[0, 1]
    pull = (precision @ prior.mean)[:, None] + weight * np.stack([side.mean for side in sides])
    determinant = own[0] * own[1] - cross**2
    variance = own[::-1] / determinant
    covariance = -cross / determinant
    mean = variance * pull + covariance * pull[::-1]
    return Posterior(mean, variance, covariance)


def expected_within(side: RecordStatistics, known: Posterior, s: int, pooled: float) -> Floats:
    """The variance within a record as a function of its mean, ``[n]``: log-quadratic, a gamma regression.

    Confident records hardly move between references, doubtful ones do. Records without a value of this side
    take the curve as well.
    """
    mean = known.mean[s]
    spread = float(mean.std())
    if spread < _TINY:
        return np.full(len(mean), pooled)
    z = (mean - mean.mean()) / spread
    design = np.stack([np.ones_like(z), z, z**2], axis=1)
    squares = side.squares + side.count * ((side.mean - mean) ** 2 + known.variance[s])
    penalty = np.array([0.0, TREND_RIDGE, TREND_RIDGE])
    curvature = (design * (side.count / 2)[:, None]).T @ design + np.diag(penalty + _TINY)
    beta = np.array([np.log(pooled), 0.0, 0.0])
    for _ in range(10):
        excess = squares / np.exp(_limited(design @ beta, pooled)) - side.count
        beta += np.linalg.solve(curvature, design.T @ excess / 2 - penalty * beta)
    return np.asarray(np.exp(_limited(design @ beta, pooled)))


def _limited(log_variance: Floats, pooled: float) -> Floats:
    centre = np.log(pooled)
    return np.clip(log_variance, centre - LARGEST_TREND, centre + LARGEST_TREND)


def _prediction(side: RecordStatistics, known: Posterior, s: int, within: Floats) -> Prediction:
    strength = variance_degrees(side.squares, side.degrees, within)
    degrees = strength + side.degrees
    own = (strength * within + side.squares) / degrees
    return Prediction(known.mean[s], own + known.variance[s], degrees)


def _improved(prior: Prior, start: Prior, sides: tuple[RecordStatistics, RecordStatistics]) -> Prior:
    n = len(sides[0].count)
    known = posterior(prior, sides, prior.within[:, None] * np.ones(n))
    mean = known.mean.mean(axis=1)
    gap = known.mean - mean[:, None]
    between = gap @ gap.T + PSEUDO_RECORDS * start.between
    between += np.diag(known.variance.sum(axis=1))
    between[[0, 1], [1, 0]] += known.covariance.sum()
    within = [
        (
            side.squares.sum()
            + side.count @ ((side.mean - known.mean[s]) ** 2 + known.variance[s])
            + PSEUDO_RECORDS * start.within[s]
        )
        / (side.n_values + PSEUDO_RECORDS)
        for s, side in enumerate(sides)
    ]
    return Prior(mean, between / (n + PSEUDO_RECORDS), floored(np.array(within), 1.0))


def _first_guess(sides: tuple[RecordStatistics, RecordStatistics], target: Floats) -> Prior:
    """Means and variances of all values; their split into between and within records from what repeats."""
    grand = np.array([side.grand_mean() for side in sides])
    mean = np.where(np.isnan(grand), np.nanmean(grand), grand)
    total = np.array([side.total_variance() for side in sides])
    total = np.where(np.isnan(total), np.nanmax(total), total) + _TINY
    share = _shares(sides, target, total)
    own = share * total
    cross = ASSUMED_CORRELATION * float(np.sqrt(own.prod()))
    between = np.array([[own[0], cross], [cross, own[1]]])
    return Prior(mean, between, (1.0 - share) * total)


def _shares(sides: tuple[RecordStatistics, RecordStatistics], target: Floats, total: Floats) -> Floats:
    """The share of the variance that lies between records, per side, in [0.05, 0.95].

    Where no record has two values of a side, the target's value stands in for the second one. The target may
    have seen the record or not, so that its covariance with an OUT value is on average half of
    ``between[0, 0]`` and half of ``between[0, 1]``, which two equations solve for a given correlation.
    """
    within = np.array([side.pooled_variance() for side in sides])
    if not np.isnan(within).any():
        share = 1.0 - within / total
    elif all(side.some.sum() >= PSEUDO_RECORDS for side in sides):
        share = _solve_shares(np.array([_covariance(side, target) for side in sides])) / total
    elif sides[0].some.sum() >= PSEUDO_RECORDS:
        seen = ASSUMED_CORRELATION * ASSUMED_NARROWING
        share = np.full(2, 2 * _covariance(sides[0], target) / (1 + seen) / total[0])
    else:
        share = np.full(2, ASSUMED_SHARE)
    return np.clip(share, 0.05, 0.95)


def _covariance(side: RecordStatistics, target: Floats) -> float:
    own, other = side.mean[side.some], target[side.some]
    return max(float(np.mean((own - own.mean()) * (other - other.mean()))), _TINY)


def _solve_shares(covariance: Floats) -> Floats:
    """``a², b²`` with ``a(a + rb) = 2 c_0`` and ``b(b + ra) = 2 c_1`` for the correlation r."""
    deviation = np.sqrt(covariance)
    for _ in range(50):
        deviation = np.sqrt(2 * covariance * deviation / (deviation + ASSUMED_CORRELATION * deviation[::-1]))
    return np.asarray(deviation**2)
