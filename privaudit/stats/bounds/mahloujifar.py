"""One training run, m canaries with fair coins, against a whole trade-off curve (2410.22235).

Assumes independent fair coins per canary, a number of guesses fixed before the scores are seen, and a
symmetric trade-off function. Tighter than Steinke's bound because the curve of a mechanism says more than
one (epsilon, delta).
"""

from collections.abc import Callable

from scipy.special import ndtr, ndtri

from privaudit.stats.tradeoff import RocCurve, epsilon_of_gaussian

InverseRoc = Callable[[float], float]
"""From a TPR to the smallest FPR that the curve allows for it; of a symmetric curve, with value 0 at 0."""
_MOST_MU = 40.0
_LEAST_P = 1e-12
"""Smaller p-values are reported as this."""


def rejects(canaries: int, guesses: int, correct: int, inverse: InverseRoc, level: float) -> bool:
    """Whether ``correct`` right guesses contradict the curve at ``level`` (2410.22235, section 4).

    With p_i the probability of i right guesses, for every set of counts the sum of ``(i/m) p_i`` is at most
    the curve at the sum of ``((r-i+1)/m) p_(i-1)``. The recursion follows the distribution with the most
    mass at ``correct`` and above; the curve is contradicted when that distribution cannot sum to one.

    Args:
        canaries: m, those not guessed included.
        guesses: r, fixed beforehand.
        correct: c.
        inverse: of the hypothesis.
        level: such as 0.05.
    """
    m, r = canaries, guesses
    right, wrong = level * correct / m, level * (r - correct) / m
    for i in range(correct - 1, -1, -1):
        least = max(wrong, inverse(min(1.0, right)))
        if least == wrong:
            # NOTE: then nothing changes any more: the next step would ask for the same value.
            break
        right += (i / (r - i)) * (least - wrong)
        wrong = least
    return right + wrong > r / m


def p_value(canaries: int, guesses: int, correct: int, inverse: InverseRoc) -> float:
    """The smallest level at which :func:`rejects` does, to a millionth of it, rounded up; 1 where none does.

    Every quantity of the recursion grows with the level, so what is rejected at one is at every higher.
    """
    if not rejects(canaries, guesses, correct, inverse, 1.0):
        return 1.0
    low, high = _LEAST_P, 1.0
    if rejects(canaries, guesses, correct, inverse, low):
        return low
    while high / low > 1 + 1e-6:
        middle = (low * high) ** 0.5
        low, high = (low, middle) if rejects(canaries, guesses, correct, inverse, middle) else (middle, high)
    return high


def gaussian_inverse(mu: float) -> InverseRoc:
    """The inverse ROC of mu-GDP: ``Phi(Phi^-1(y) - mu)``."""
    return lambda tpr: 0.0 if tpr <= 0 else float(ndtr(ndtri(tpr) - mu))


def curve_inverse(roc: RocCurve) -> InverseRoc:
    """The inverse of a configured mechanism's maximal ROC; make it symmetric first."""
    return lambda tpr: float(roc.fpr_at(tpr))


def mu_lower_bound(canaries: int, guesses: int, correct: int, confidence: float = 0.95) -> float:
    """The largest mu of the Gaussian family that is rejected; 0 where none is.

    Assumes, beyond what the module says, that the mechanism's trade-off curve is Gaussian.
    """
    level = 1 - confidence

    def rejected(mu: float) -> bool:
        return rejects(canaries, guesses, correct, gaussian_inverse(mu), level)

    if not rejected(0.0):
        return 0.0
    low, high = 0.0, _MOST_MU
    while high - low > 1e-7:
        middle = (low + high) / 2
        low, high = (middle, high) if rejected(middle) else (low, middle)
    return low


def epsilon_lower_bound(
    canaries: int, guesses: int, correct: int, delta: float, confidence: float = 0.95
) -> float:
    """:func:`mu_lower_bound` as the epsilon of that curve at ``delta``."""
    mu = mu_lower_bound(canaries, guesses, correct, confidence)
    return epsilon_of_gaussian(mu, delta) if mu > 0 else 0.0
