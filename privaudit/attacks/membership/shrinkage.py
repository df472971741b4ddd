"""A normal-inverse-gamma prior on a record's mean and variance, estimated from all records of one side."""

import math

import numpy as np

from privaudit.attacks.membership.reference_statistics import Prediction, RecordStatistics, variance_degrees

USUAL_VALUES = 1.0
"""Values that the prior mean counts for when no record has two, and the variance within is unknown."""
FEWEST_VALUES, MOST_VALUES = 0.01, 100.0
"""Range of the values that the prior mean counts for."""


def shrunk(side: RecordStatistics) -> Prediction:
    """What one more value of each record would be, ``[n]``; NaN when the side has no value at all.

    With prior mean ``m``, ``k`` values' worth of trust in it, and ``d`` degrees of freedom of trust in the
    variance ``v``, a record with ``c`` values of mean ``x`` and sum of squares ``q`` gives Student's t with
    ``d + c`` degrees of freedom, centre ``(k m + c x) / (k + c)`` and squared scale
    ``(d v + q + (k c / (k + c)) (x - m)²) / (d + c) · (1 + 1 / (k + c))``.

    ``m`` is the mean of all values, ``v`` the pooled variance within records, ``k`` the ratio of ``v`` to the
    variance between records, and ``d`` comes from the spread of the records' variances.
    """
    m, v, k = side.grand_mean(), side.floored_variance(), USUAL_VALUES
    between = side.total_variance() - v
    if math.isnan(v):
        v = between = max(side.total_variance() / 2, 1e-12)
    if between > 0:
        k = min(max(v / between, FEWEST_VALUES), MOST_VALUES)
    d = variance_degrees(side.squares, side.degrees, np.full(len(side.count), v))
    trust, degrees = k + side.count, d + side.count
    centre = (k * m + side.count * side.mean) / trust
    spread = d * v + side.squares + k * side.count / trust * (side.mean - m) ** 2
    return Prediction(centre, spread / degrees * (1 + 1 / trust), degrees)
