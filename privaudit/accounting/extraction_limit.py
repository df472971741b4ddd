"""What a mechanism allows the extraction of a canary, whatever the attack.

A secret is drawn uniformly from K fillings. Whatever is computed from a model trained without it cannot
prefer it: its rank is uniform, so it is among the first k with probability k/K. With the secret in the
training data that probability is at most the maximal ROC at k/K: "s is among the first k" is a test of
whether s was trained on, averaged over s, and the curve is concave (compare Hayes, Mahloujifar and Balle,
NeurIPS 2023, arXiv 2302.07225, who bound reconstruction so).
"""

import math

import numpy as np

from privaudit.accounting.curves import max_roc
from privaudit.accounting.mechanism import Mechanism

_POINTS = 4_001


def exact_match_limit(mechanism: Mechanism, candidates: int) -> float:
    """The largest chance that the first guess of any attack is the secret.

    Args:
        mechanism: of the group of all copies of the canary.
        candidates: K, fillings that are possible and equally likely.
    """
    return float(max_roc(mechanism).max_tpr(1 / candidates))


def mean_exposure_limit(mechanism: Mechanism, n_ranked: int) -> float:
    """The largest mean exposure in bits, ``log2(n) - log2(rank)``; without any training it is 1.44.

    The mean is the integral over b of ``P(exposure >= b)``, which is at most the maximal ROC at ``2^-b``.

    Args:
        mechanism: of the group of all copies of the canary.
        n_ranked: fillings among which the secret is ranked, itself included.
    """
    bits = np.linspace(0.0, math.log2(n_ranked), _POINTS)
    return float(np.trapezoid(max_roc(mechanism).max_tpr(2.0**-bits), bits))
