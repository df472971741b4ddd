"""Lower bounds from many runs: the rank test inverted over a family of curves.

One statistic is chosen beforehand for each family: the area under the curve for families in which it is
nearly the best, the largest bound over geometric ranks for (epsilon, delta), whose worst case is a rare and
certain leak. Every curve is tested with the same uniform numbers. A higher curve then gives a larger
statistic in each draw, so the Monte-Carlo p-value itself, not only its expectation, grows with the family's
parameter: the bound is above the true parameter exactly when the test rejects the true curve, which has its
stated probability.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import ndtr, ndtri

from privaudit.stats.bounds.rank_test import Bools, InverseRoc, area, drawn, largest_bound
from privaudit.stats.bounds.search import largest_rejected
from privaudit.stats.tradeoff import group_epsilon_delta, roc_epsilon_delta

DRAWS = 999
_MOST_MU, _MOST_EPSILON = 40.0, 60.0
_RELATIVE = 0.004
"""Of the searches; they err on the safe side by at most so much."""


@dataclass(frozen=True, eq=False)
class RankedRuns:
    """Scores of many runs as a ranking, and the null draws that every curve is compared with."""

    ranked: Bools
    """``[n]`` whether each run is IN, from the lowest score to the highest."""
    seed: int
    draws: int = DRAWS

    @property
    def n_in(self) -> int:
        """Runs with the canary."""
        return int(self.ranked.sum())

    @property
    def n_out(self) -> int:
        """Runs without."""
        return len(self.ranked) - self.n_in

    def p_value(self, inverse: InverseRoc, statistic: Literal["area", "ranks"]) -> float:
        """Of the hypothesis that no attack does better than the curve, by one statistic."""
        value = area if statistic == "area" else largest_bound
        observed = float(value(self.ranked[None], self.n_in, self.n_out)[0])
        null = drawn(inverse, self.n_in, self.n_out, np.random.default_rng(self.seed), self.draws, value)
        return float(1 + (null >= observed).sum()) / (self.draws + 1)

    def perfect(self) -> "RankedRuns":
        """The same design had every IN score been above every OUT score."""
        return RankedRuns(np.arange(len(self.ranked)) >= self.n_out, self.seed, self.draws)


def gaussian(mu: float) -> InverseRoc:
    """The inverse ROC of mu-GDP, vectorised."""
    return lambda tpr: ndtr(ndtri(tpr) - mu)


def mu_lower_bound(runs: RankedRuns, confidence: float = 0.95) -> float:
    """The largest mu of the Gaussian family whose curve is rejected by the area; 0 where none is."""
    level = 1 - confidence
    return largest_rejected(lambda mu: runs.p_value(gaussian(mu), "area") <= level, _MOST_MU, 1e-3, _RELATIVE)


def region(epsilon: float, delta: float, group: int) -> InverseRoc:
    """The inverse ROC of what (epsilon, delta) of one record allows for a group."""
    return roc_epsilon_delta(*group_epsilon_delta(epsilon, delta, group)).fpr_at


def epsilon_lower_bound(runs: RankedRuns, delta: float, group: int = 1, confidence: float = 0.95) -> float:
    """The largest epsilon whose (epsilon, delta) is rejected by the bounds over ranks; assumes no family.

    Args:
        runs: the audit.
        delta: of one record, in (0, 1).
        group: copies of the canary; epsilon is that of one record.
        confidence: in (0, 1).
    """
    level = 1 - confidence

    def rejected(epsilon: float) -> bool:
        return runs.p_value(region(epsilon, delta, group), "ranks") <= level

    return largest_rejected(rejected, _MOST_EPSILON, 1e-3, _RELATIVE)
