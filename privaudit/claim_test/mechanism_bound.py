"""Lower bounds inside the family of the configured mechanism: the same rate and steps, another noise.

More noise is a randomisation of the output with less, so the maximal ROC falls with the noise at every FPR.
A test that rejects a curve rejects every lower one (its p-value grows with the curve), hence what is rejected
is everything above some noise, and bisection finds it as a scan of all noises would.
"""

from collections.abc import Callable

import numpy as np
from scipy.special import ndtri

from privaudit.accounting.accountants import smallest_epsilon
from privaudit.accounting.curves import sparse_roc
from privaudit.accounting.mechanism import Mechanism

_TOLERANCE = 0.005
"""Of the noise, relative."""
_STEP = 1.1
_LEAST_NOISE, _MOST_FACTOR = 0.1, 1e4
_MATCHES = 3
_LARGE = 10.0


def epsilon_lower_bound(
    mechanism: Mechanism, delta: float, rejected: Callable[[Mechanism], bool], mu: float
) -> float:
    """Epsilon of one record at the smallest noise that is rejected, searched to half a percent.

    Args:
        mechanism: the configured one, of the group that the canaries are.
        delta: in (0, 1).
        rejected: whether the test rejects the family's member.
        mu: the same test's bound in the Gaussian family: where the search begins. 0 says that not even a
            mechanism that reveals nothing is rejected, and so none.

    Returns:
        0 where nothing is rejected. A noise multiplier below 0.1 is not looked for.
    """
    if mu <= 0:
        return 0.0

    def refuted(factor: float) -> bool:
        return rejected(mechanism.with_noise(factor))

    low = high = _matching(mechanism, mu)
    least = _LEAST_NOISE / min(phase.noise_multiplier for phase in mechanism.phases)
    while not refuted(high):
        low, high = high, high * _STEP
        if high > _MOST_FACTOR:
            return 0.0
    while low == high or refuted(low):
        high, low = low, low / _STEP
        if low < least:
            break
    while low >= least and high / low > 1 + _TOLERANCE:
        middle = (low * high) ** 0.5
        low, high = (low, middle) if refuted(middle) else (middle, high)
    found = mechanism.with_noise(high).for_group(1)
    rough = smallest_epsilon(found, delta, coarse=True)
    # NOTE: where epsilon is large, the 1e-3 of the coarse grid is far below the tolerance of the search.
    return rough if rough > _LARGE else smallest_epsilon(found, delta)


def _matching(mechanism: Mechanism, mu: float) -> float:
    """A factor of the noise at which the area under the curve is about that of the Gaussian curve."""
    factor = 1.0
    least = _LEAST_NOISE / min(phase.noise_multiplier for phase in mechanism.phases)
    for _ in range(_MATCHES):
        auc = sparse_roc(mechanism.with_noise(factor), "remove", coarse=True).auc
        ratio = np.sqrt(2) * ndtri(min(auc, 1 - 1e-9)) / mu
        factor = float(np.clip(factor * np.clip(ratio, 0.25, 4.0), least, _MOST_FACTOR / 2))
    return factor
