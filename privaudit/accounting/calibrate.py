"""The noise that a wanted epsilon takes."""

from privaudit.accounting.accountants import epsilon_pld, epsilon_rdp
from privaudit.accounting.mechanism import Mechanism
from privaudit.errors import UsageError

_LEAST, _MOST = 0.05, 1000.0
_TOLERANCE = 1e-4


def noise_for_epsilon(epsilon: float, delta: float, sample_rate: float, steps: int) -> float:
    """The smallest noise multiplier, to 1e-4 of it, at which the PLD accountant gives at most ``epsilon``.

    RDP, which takes milliseconds, gives a noise that is enough; the few PLD runs only look below it.

    Args:
        epsilon: wanted, above 0.
        delta: in (0, 1).
        sample_rate: in (0, 1].
        steps: 1 or more.

    Raises:
        UsageError: a value is impossible, or no noise multiplier up to 1,000 is enough.
    """
    if not 0 < epsilon < float("inf"):
        raise UsageError("an epsilon above 0", f"{epsilon}", "Give for example 8")

    def enough(noise: float, tight: bool) -> bool:
        account = epsilon_pld if tight else epsilon_rdp
        return account(Mechanism.uniform(noise, sample_rate, steps), delta) <= epsilon

    if not enough(_MOST, tight=False):
        raise UsageError(
            "an epsilon that some noise multiplier up to 1,000 reaches", f"{epsilon:g}", "Raise it or delta"
        )
    low, high = _LEAST, _MOST
    while high / low > 1 + _TOLERANCE:
        middle = (low * high) ** 0.5
        low, high = (low, middle) if enough(middle, tight=False) else (middle, high)
    low = high
    while enough(low, tight=True):
        high, low = low, 0.9 * low
        if low < _LEAST:
            return high
    while high / low > 1 + _TOLERANCE:
        # NOTE: the geometric mean, as accurate in small noise as in large.
        middle = (low * high) ** 0.5
        low, high = (low, middle) if enough(middle, tight=True) else (middle, high)
    return high
