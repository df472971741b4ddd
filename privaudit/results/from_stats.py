"""Intervals as a result states them, from what the statistics give."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from privaudit.results import Interval, nothing
from privaudit.stats.intervals import ConfidenceInterval, NotMeasurable
from privaudit.stats.over_models import mean_over_models
from privaudit.stats.rates import Advantage

CONFIDENCE = 0.95
"""Of every two-sided interval in a result."""
Measured = ConfidenceInterval | Advantage | NotMeasurable


def reported(plain: Measured, joint: Measured | None = None) -> Interval:
    """An interval, with the lower end of ``joint`` as the one that holds for several at once."""
    if isinstance(plain, NotMeasurable):
        return nothing(plain.reason)
    low = None if joint is None or isinstance(joint, NotMeasurable) else joint.low
    return Interval(value=plain.value, low=plain.low, high=plain.high, low_simultaneous=low)


def reported_mean(
    values: Sequence[float] | NDArray[np.float64], *, lowest: float, highest: float
) -> Interval:
    """The mean of one value per model or canary; without an interval where there are too few of them."""
    found = mean_over_models(values, lowest=lowest, highest=highest, confidence=CONFIDENCE)
    if isinstance(found, NotMeasurable):
        value = float(np.mean(values)) if len(values) else None
        return Interval(value=value, low=None, high=None, reason=found.reason)
    return reported(found)
