"""One line of the self-check."""

from dataclasses import dataclass
from math import sqrt
from typing import Literal

LEVEL = 0.05

Section = Literal["golden values", "nothing to find", "never above the truth", "power", "controls", "attacks"]


@dataclass(frozen=True)
class Check:
    """A number that must keep a limit."""

    section: Section
    name: str
    value: float
    limit: float
    must_be: Literal["at most", "at least", "equal to"]
    tolerance: float = 0.0
    """For ``equal to``, absolute."""

    @property
    def passed(self) -> bool:
        """Whether the limit is kept; NaN keeps none."""
        if self.must_be == "equal to":
            return abs(self.value - self.limit) <= self.tolerance
        return self.value <= self.limit if self.must_be == "at most" else self.value >= self.limit


def false_alarm_limit(repeats: int, null_draws: int | None = None) -> float:
    """What a share of false alarms may be at most: 5 % and three standard errors of so many repeats.

    Args:
        repeats: independent ones.
        null_draws: of a Monte-Carlo null that all repeats share, whose own error comes on top.
    """
    variance = LEVEL * (1 - LEVEL) / repeats
    if null_draws is not None:
        variance += LEVEL * (1 - LEVEL) / null_draws
    return LEVEL + 3 * sqrt(variance)
