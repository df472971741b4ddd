"""Many independent runs, one threshold fixed beforehand: Clopper-Pearson limits of both error rates.

After Jagielski, Ullman and Oprea (2020, arXiv 2006.07709). Assumes independently seeded models, a fair split
into IN and OUT, and a threshold that was fixed before these scores were seen; nothing of the mechanism.
"""

from dataclasses import dataclass

import numpy as np

from privaudit.stats.bounds.search import largest_rejected
from privaudit.stats.intervals import binomial_upper
from privaudit.stats.tradeoff import epsilon_at_point, group_epsilon_delta

_MOST_EPSILON = 60.0


@dataclass(frozen=True)
class Errors:
    """Counts at the threshold."""

    true_positives: int
    true_negatives: int
    false_positives: int
    false_negatives: int

    @property
    def n_out(self) -> int:
        """Models without the canary."""
        return self.true_negatives + self.false_positives

    @property
    def n_in(self) -> int:
        """Models with the canary."""
        return self.true_positives + self.false_negatives


def epsilon_lower_bound(errors: Errors, delta: float, confidence: float = 0.95) -> float:
    """The smallest epsilon that allows the upper limits of both error rates.

    Each limit misses with probability at most half of ``1 - confidence``. Both directions of the region are
    used, because they rest on the same two limits.

    Args:
        errors: counts at the threshold.
        delta: in [0, 1).
        confidence: in (0, 1).
    """
    alpha = (1 - confidence) / 2
    fpr = float(binomial_upper(errors.false_positives, errors.n_out, alpha))
    fnr = float(binomial_upper(errors.false_negatives, errors.n_in, alpha))
    return epsilon_at_point(fpr, fnr, delta)


def group_lower_bound(errors: Errors, delta: float, group: int, confidence: float = 0.95) -> float:
    """The same for a canary in ``group`` copies: the epsilon of one record, by group privacy.

    Args:
        errors: counts at the threshold.
        delta: of one record, in (0, 1).
        group: copies.
        confidence: in (0, 1).
    """
    if group == 1:
        return epsilon_lower_bound(errors, delta, confidence)

    def refuted(epsilon: float) -> bool:
        of_group, delta_of_group = group_epsilon_delta(epsilon, delta, group)
        return epsilon_lower_bound(errors, delta_of_group, confidence) > of_group

    return largest_rejected(refuted, _MOST_EPSILON)


def ceiling(n_out: int, n_in: int, delta: float, confidence: float = 0.95) -> float:
    """The most that the design can certify: the bound of an attack without any error."""
    return epsilon_lower_bound(Errors(n_in, n_out, 0, 0), delta, confidence)


def errors_at(scores: np.ndarray, member: np.ndarray, threshold: float) -> Errors:
    """Counts of the rule "score at or above the threshold = member".

    Args:
        scores: ``[n]``, higher = member.
        member: ``[n]`` bool.
        threshold: fixed beforehand.
    """
    said = scores >= threshold
    return Errors(
        int((said & member).sum()),
        int((~said & ~member).sum()),
        int((said & ~member).sum()),
        int((~said & member).sum()),
    )
