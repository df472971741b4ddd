"""How finely privacy losses are rounded, and how far sums of many of them can be trusted."""

import math

from privaudit.accounting.mechanism import Mechanism, Phase

INTERVAL = 1e-4
"""Widest grid for single records, unless so many points are needed that :data:`MOST_POINTS` forbids it."""
COARSE = 10
"""Times this for searches over many mechanisms, and for groups, whose losses are larger."""
MOST_POINTS = 8_000_000
"""Grid points of the composed losses: 64 MB for each of a few arrays."""
_PER_STEP = 20
"""Grid points in one standard deviation of a single step's losses. With fewer, rounding alone spreads the
losses of many steps: at noise 4, rate 1e-4 and 100,000 steps a grid of 1e-4 nearly doubles epsilon."""
_TAILS = 12
"""Standard deviations of the composed losses that the grid must span."""


def grid_width(mechanism: Mechanism, coarse: bool = False) -> float:
    """Width of the grid on which all phases of ``mechanism`` are rounded, to the safe side.

    The default, unless single steps lose so little that it must be finer, or all steps together lose so much
    that it must be coarser: then epsilon is itself in the thousands, and the width stays a millionth of it.

    Args:
        mechanism: noise, rates and steps.
        coarse: ten times wider, for searches.
    """
    factor = (COARSE if coarse else 1) * (COARSE if mechanism.group > 1 else 1)
    finest = min(_spread(mechanism, phase) for phase in mechanism.phases) / _PER_STEP
    return max(min(INTERVAL, finest) * factor, _range(mechanism) / MOST_POINTS)


def rounding(mechanism: Mechanism) -> float:
    """What the Fourier transform of double-precision numbers may take from a delta: below 2^-52 per step.

    Raising a transform to the power T multiplies its relative error by T. Measured against the closed form at
    rate 1, deltas are off by about a tenth of this (4e-17 per step).
    """
    return mechanism.steps * 2.0**-52


def _spread(mechanism: Mechanism, phase: Phase) -> float:
    """Standard deviation of the losses of one step where they are small; infinite where they are not."""
    squared = _chi_square(mechanism, phase)
    return math.sqrt(squared) if squared < 1 else math.inf


def _chi_square(mechanism: Mechanism, phase: Phase) -> float:
    """An upper limit of the chi-square divergence of one step, which bounds its mean loss."""
    exponent = (mechanism.group / phase.noise_multiplier) ** 2
    return math.inf if exponent > 700 else (phase.sample_rate**2) * math.expm1(exponent)


def _range(mechanism: Mechanism) -> float:
    """Roughly the largest loss of all steps together that the grid must hold."""
    mean = variance = most = 0.0
    for phase in mechanism.phases:
        sigma, group = phase.noise_multiplier, mechanism.group
        largest = group**2 / (2 * sigma**2) + _TAILS * group / sigma
        drawn, divergence = min(1.0, group * phase.sample_rate), _chi_square(mechanism, phase)
        mean += phase.steps * min(drawn * largest, divergence)
        variance += phase.steps * min(drawn * largest**2, 2 * divergence)
        most += phase.steps * largest
    return min(most, mean + _TAILS * math.sqrt(variance))
