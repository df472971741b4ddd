"""How numbers and intervals are written."""

import math

from privaudit.results import EpsilonSweepRow, Interval

NOT_MEASURED = "n/m"


def interval(numbers: Interval | None, places: int = 3) -> str:
    """A value with its interval; the value alone where the interval has no width."""
    if numbers is None or numbers.value is None or numbers.low is None or numbers.high is None:
        return NOT_MEASURED
    value = f"{numbers.value:.{places}f}"
    if numbers.low == numbers.high:
        return value
    return f"{value} [{numbers.low:.{places}f}, {numbers.high:.{places}f}]"


def bound(row: EpsilonSweepRow) -> str:
    """The lower bound that assumes nothing, beside the accounted epsilon."""
    if row.bound is None:
        return NOT_MEASURED
    found = next((_down(b.value) for b in row.bound.lower_bounds if b.method == "steinke"), NOT_MEASURED)
    return found if row.accounted is None else f"{found} of {row.accounted:.2f}"


def _down(value: float) -> str:
    """Two places, rounded down: a lower bound stays one."""
    return f"{math.floor(round(100 * value, 6)) / 100:.2f}" if math.isfinite(value) else f"{value:.2f}"
