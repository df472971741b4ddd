"""A mean over models that were all measured on the same records, with an interval that minds both."""

from math import sqrt

import numpy as np
from scipy.special import stdtrit

from privaudit.stats.intervals import ConfidenceInterval, Floats, NotMeasurable, check_confidence
from privaudit.stats.over_models import mean_over_models


def jackknife_variance(without_block: Floats) -> float:
    """Variance of an estimate from its values ``[B]`` without each of B blocks of records.

    The delete-a-block jackknife (Shao and Wu 1989, Annals of Statistics 17:1176-1197), which holds for
    quantiles too, where leaving out single records does not.
    """
    blocks = len(without_block)
    return float((blocks - 1) / blocks * np.square(without_block - without_block.mean()).sum())


def mean_of_crossed(
    values: Floats, without_block: Floats, *, lowest: float, highest: float, confidence: float
) -> ConfidenceInterval | NotMeasurable:
    """Mean of one value per model with the wider of two intervals: over models, and over records.

    Models that serve each other as references depend on each other record by record: what makes a record look
    like a member of one model makes it look like a non-member of another. The spread over models misses that,
    and the spread over records shows it. Without any leak, with 8 models and 500 records (500 simulations of
    ``lira-eb``), the interval over models alone covers 86 % instead of 95 %, and this one 96 %.

    Args:
        values: ``[K]`` one per model.
        without_block: ``[B]`` the mean over models when each of B blocks of records is left out.
        lowest: no model can have less.
        highest: no model can have more.
        confidence: two-sided, in (0, 1).

    Returns:
        The interval, with Student's quantile for K - 1; not measurable for fewer than two models.

    Raises:
        UsageError: ``confidence`` outside (0, 1).
    """
    check_confidence(confidence)
    over_models = mean_over_models(values, lowest=lowest, highest=highest, confidence=confidence)
    if isinstance(over_models, NotMeasurable):
        return over_models
    quantile = float(stdtrit(len(values) - 1, (1.0 + confidence) / 2.0))
    half, mean = quantile * sqrt(jackknife_variance(without_block)), over_models.value
    return ConfidenceInterval(
        mean,
        max(lowest, min(over_models.low, mean - half)),
        min(highest, max(over_models.high, mean + half)),
    )
