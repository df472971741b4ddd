"""How numbers and intervals are written."""

from privaudit.results import EpsilonSweepRow, Interval
from privaudit.rounding import at_least

NOT_MEASURED = "n/m"


def interval(numbers: Interval | None, places: int = 3) -> str:
    """A value with its interval; the value alone where the interval has no width."""
    if numbers is None or numbers.ends is None:
        return NOT_MEASURED
    value, low, high = (f"{number:.{places}f}" for number in numbers.ends)
    return value if numbers.low == numbers.high else f"{value} [{low}, {high}]"


def bound(row: EpsilonSweepRow) -> str:
    """The lower bound that assumes nothing, beside the accounted epsilon."""
    if row.bound is None:
        return NOT_MEASURED
    bounds = {bound.method: at_least(bound.value, places=2) for bound in row.bound.lower_bounds}
    found = bounds.get("steinke", NOT_MEASURED)
    return found if row.accounted is None else f"{found} of {row.accounted:.2f}"
