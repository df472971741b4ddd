"""Axes: what a length on paper stands for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import log10


@dataclass(frozen=True)
class Axis:
    """One axis of a chart."""

    low: float
    high: float
    label: str
    ticks: Sequence[float]
    log: bool = False
    percent: bool = False
    """Ticks are shares."""
    names: Mapping[float, str] = field(default_factory=dict)
    """Ticks that are called otherwise than their number."""

    def place(self, value: float) -> float:
        """Where the value stands between the ends, in [0, 1]; what lies outside is put on the end."""
        value = min(max(value, self.low), self.high)
        if self.log:
            return log10(value / self.low) / log10(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def text(self, tick: float) -> str:
        """A tick in words."""
        if tick in self.names:
            return self.names[tick]
        return f"{100 * tick:g} %" if self.percent else f"{tick:g}"
