"""Fillings in the order of their numbers, in parts that a surface can compute as grids."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from privaudit.data.canaries.template import Template
from privaudit.targets.interface import Ints


@dataclass(frozen=True)
class Box:
    """Fillings with consecutive numbers that form a grid.

    The first slots have one choice, at most one slot then has some of its choices, and all after it have all.
    """

    ranges: tuple[range, ...]
    """Choices per slot."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Choices per slot, counted."""
        return tuple(map(len, self.ranges))

    def fillings(self) -> Ints:
        """All of them ``[F, S]`` in order; the last slot runs fastest."""
        grid = np.meshgrid(*(np.arange(r.start, r.stop) for r in self.ranges), indexing="ij")
        return np.stack([axis.reshape(-1) for axis in grid], axis=1).astype(np.int64)


def boxes(sizes: Sequence[int], start: int, stop: int, rows: int) -> Iterator[tuple[Box, slice]]:
    """The fillings with the numbers ``start … stop - 1`` as boxes of at most ``rows`` fillings.

    Args:
        sizes: choices per slot.
        start: number of the first filling.
        stop: number after the last one, at most the product of ``sizes``.
        rows: at least 1.

    Yields:
        A box, and which of its fillings are wanted: all but those before ``start`` and from ``stop`` on.
    """
    split = len(sizes) - 1
    while split > 0 and math.prod(sizes[split:]) <= rows:
        split -= 1
    inner = math.prod(sizes[split + 1 :])
    unit, width = inner * sizes[split], max(1, rows // inner)
    number = start
    while number < stop:
        head, within = divmod(number, unit)
        low = within // inner
        first = head * unit + low * inner
        high = min(low + width, sizes[split], low - (first - stop) // inner)
        last = first + (high - low) * inner
        fixed = [range(choice, choice + 1) for choice in _digits(head, sizes[:split])]
        box = Box((*fixed, range(low, high), *map(range, sizes[split + 1 :])))
        yield box, slice(number - first, min(stop, last) - first)
        number = last


def _digits(number: int, sizes: Sequence[int]) -> list[int]:
    """``number`` in the mixed radix ``sizes``: Python integers, because ten digits may be more than 2^63."""
    digits: list[int] = []
    for size in reversed(sizes):
        number, digit = divmod(number, size)
        digits.append(digit)
    return digits[::-1]


def checked_range(template: Template, start: int, stop: int | None) -> tuple[int, int]:
    """The range of fillings that ``start`` and ``stop`` mean; None is the end.

    Raises:
        ValueError: it is no range within the fillings of ``template``.
    """
    end = template.n_fillings if stop is None else stop
    if not 0 <= start <= end <= template.n_fillings:
        raise ValueError(f"fillings {start} … {end} are not within 0 … {template.n_fillings}")
    return start, end
