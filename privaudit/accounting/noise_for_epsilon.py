"""The noise that a target epsilon needs."""

import math
from collections.abc import Callable

from scipy.optimize import brentq

from privaudit.accounting.accountants import epsilon_rdp, smallest_epsilon
from privaudit.accounting.mechanism import Mechanism
from privaudit.errors import UsageError

_LEAST, _MOST = 0.05, 1000.0
_TOLERANCE = 1e-4


def noise_for_epsilon(epsilon: float, delta: float, sample_rate: float, steps: int) -> float:
    """The smallest noise multiplier, to 1e-4 of it, at which the PLD accountant gives at most ``epsilon``.

    RDP, which takes milliseconds, gives a noise that is enough. A coarse grid of privacy losses comes closer
    at a tenth of the cost of the fine grid, which only looks just below.

    Args:
        epsilon: the target, above 0.
        delta: in (0, 1).
        sample_rate: in (0, 1].
        steps: 1 or more.

    Raises:
        UsageError: a value is impossible, or no noise multiplier up to 1,000 is enough.
    """
    if not 0 < epsilon < float("inf"):
        raise UsageError(f"Epsilon {epsilon} is not a finite number above 0", "Give for example 8")

    def mechanism(logarithm: float) -> Mechanism:
        return Mechanism.uniform(math.exp(logarithm), sample_rate, steps)

    def enough_by_rdp(logarithm: float) -> bool:
        return epsilon_rdp(mechanism(logarithm), delta) <= epsilon

    def excess(logarithm: float, coarse: bool) -> float:
        found = smallest_epsilon(mechanism(logarithm), delta, coarse)
        # NOTE: with so much noise that delta alone is enough, epsilon is 0 and has no logarithm.
        return math.log(max(found, 1e-12) / epsilon)

    low, high = math.log(_LEAST), math.log(_MOST)
    if not enough_by_rdp(high):
        raise UsageError(
            f"No noise multiplier up to 1,000 reaches epsilon {epsilon:g}", "Raise epsilon or delta"
        )
    while high - low > _TOLERANCE:
        middle = (low + high) / 2
        low, high = (low, middle) if enough_by_rdp(middle) else (middle, high)
    near = _least(lambda x: excess(x, coarse=True), high, step=0.1)
    return math.exp(_least(lambda x: excess(x, coarse=False), near, step=0.004))


def _least(excess: Callable[[float], float], start: float, step: float) -> float:
    """The least logarithm of noise, to the tolerance, whose ``excess`` is not positive, near ``start``."""
    high = start
    while excess(high) > 0:
        high += step
    low = high - step
    while excess(low) <= 0:
        step *= 2
        high, low = low, low - step
        if low < math.log(_LEAST):
            return high
    root = float(brentq(excess, low, high, xtol=_TOLERANCE / 4))
    return root + _TOLERANCE / 2
