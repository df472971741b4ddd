"""One training run, m canaries with fair coins: the bound of Steinke, Nasr and Jagielski (2305.08846).

Assumes independent fair coins per canary and a number of guesses fixed before the scores are seen; nothing of
the mechanism. It holds however the canaries interact in the model.
"""

import numpy as np
from scipy import stats
from scipy.optimize import brentq

_MOST_EPSILON = 60.0


def p_value(canaries: int, guesses: int, correct: int, epsilon: float, delta: float) -> float:
    """How likely ``correct`` or more right guesses are under (epsilon, delta)-DP, at most (theorem 3.1).

    Each guess is right with probability at most ``q = e^epsilon / (1 + e^epsilon)``, up to delta:
    ``P[B >= v] + 2 m delta max_i P[v > B >= v - i] / i`` with ``B ~ Bin(r, q)``.

    Args:
        canaries: m, those included, excluded and not guessed.
        guesses: r, fixed beforehand.
        correct: v.
        epsilon: of the hypothesis, 0 or more.
        delta: of the hypothesis, in [0, 1).
    """
    right = float(1 / (1 + np.exp(-epsilon)))
    binomial = stats.binom(guesses, right)
    beta = float(binomial.sf(correct - 1))
    if delta == 0 or correct == 0:
        return beta
    below = np.arange(1, correct + 1)
    alpha = float(np.max((binomial.sf(correct - below - 1) - beta) / below))
    return min(1.0, beta + 2 * canaries * delta * alpha)


def epsilon_lower_bound(
    canaries: int, guesses: int, correct: int, delta: float, confidence: float = 0.95
) -> float:
    """The largest epsilon that is rejected: true epsilon is above it with the stated confidence.

    Args:
        canaries: m.
        guesses: r, fixed beforehand.
        correct: v.
        delta: in [0, 1).
        confidence: in (0, 1).

    Returns:
        0 where nothing is rejected.
    """
    level = 1 - confidence

    def excess(epsilon: float) -> float:
        return p_value(canaries, guesses, correct, epsilon, delta) - level

    if excess(0.0) > 0:
        return 0.0
    if excess(_MOST_EPSILON) <= 0:
        return _MOST_EPSILON
    return float(brentq(excess, 0.0, _MOST_EPSILON, xtol=1e-10))
