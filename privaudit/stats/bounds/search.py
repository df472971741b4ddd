"""Inverting a test: the largest parameter that it rejects."""

from collections.abc import Callable

_FIRST = 0.5


def largest_rejected(
    rejected: Callable[[float], bool], most: float, tolerance: float = 1e-4, relative: float = 0.0
) -> float:
    """The largest parameter of a family that is rejected; 0 where 0 itself is not.

    Doubled from 0.5 until one is not rejected, then halved. Valid for tests whose p-value never falls
    as the parameter grows: then all that is smaller is rejected too. The value returned was rejected itself,
    so that the search errs on the safe side.

    Args:
        rejected: the test.
        most: the largest parameter that is looked at.
        tolerance: on the parameter, absolute.
        relative: on the parameter; the larger of both counts.
    """
    if not rejected(0.0):
        return 0.0
    low, high = 0.0, min(_FIRST, most)
    while rejected(high):
        if high == most:
            return most
        low, high = high, min(2 * high, most)
    while high - low > max(tolerance, relative * low):
        middle = (low + high) / 2
        low, high = (middle, high) if rejected(middle) else (low, middle)
    return low
