"""Odds of membership read off scores whose membership is known.

The values of all reference models are sorted and cut into bins whose edges ignore membership: the highest
``LEAST`` values, then a quarter more, and so on. Each bin counts IN and OUT values; neighbours are pooled
until the odds fall with the score. Cutting by membership instead, as isotonic regression does, finds runs of
members by chance and makes the odds of the highest scores arbitrarily large.
"""

from dataclasses import dataclass

import numpy as np

from privaudit.stats.intervals import Bools, Floats, Ints

LEAST = 50
"""Values of the highest bin."""
GROWTH = 1.25
"""Ratio of the sizes of neighbouring bins: fine where members stand out, at most a fifth of all values."""


@dataclass(frozen=True, eq=False)
class OddsTable:
    """Bins of scores from the highest down, with what was IN and OUT in each."""

    lowest: Floats
    """``[b]`` the smallest score of each bin, descending."""
    inside: Ints
    """``[b]`` IN values of the pooled block that the bin belongs to."""
    outside: Ints
    """``[b]`` OUT values of it."""
    block: Ints
    """``[b]`` number of that block."""
    ratio: float
    """OUT values over IN values in all: what turns counts into a likelihood ratio."""

    def place(self, score: Floats) -> Ints:
        """The bin ``[n]`` of each score; below all bins counts as the last."""
        found = np.searchsorted(-self.lowest, -np.asarray(score, np.float64), side="left")
        return np.minimum(found, len(self.lowest) - 1)


def odds_table(values: Floats, inside: Bools) -> OddsTable:
    """Bins and blocks of ``values [v]``, higher = member, of which ``inside [v]`` were members.

    Raises:
        ValueError: no IN value or no OUT value.
    """
    total = int(np.count_nonzero(inside))
    if not 0 < total < len(values):
        raise ValueError("odds need IN and OUT values")
    order = np.argsort(-values, kind="stable")
    ends = _ends(values[order])
    counts = np.diff(np.concatenate(([0], np.cumsum(inside[order])[ends - 1])))
    sizes = np.diff(np.concatenate(([0], ends)))
    block = _pooled(counts, sizes - counts)
    ins, outs = (
        np.bincount(block, counts).astype(np.int64),
        np.bincount(block, sizes - counts).astype(np.int64),
    )
    return OddsTable(values[order][ends - 1], ins[block], outs[block], block, (len(values) - total) / total)


def odds_of(
    score: Floats, table: OddsTable, own_values: Floats, own_inside: Bools, prior: float = 0.5
) -> Floats:
    """Odds ``[n]`` that a record with this score is a member.

    ``(IN + 1/2) / (OUT + 1/2)`` of the score's block, times OUT / IN of all values and the prior odds. The
    record's own values are taken out of its block: they are no evidence about its own score.

    Args:
        score: ``[n]``; NaN gives NaN.
        table: from :func:`odds_table`.
        own_values: ``[k, n]`` values of the same records in ``table``, NaN where there are none.
        own_inside: ``[k, n]`` their membership.
        prior: share of members, in (0, 1).

    Raises:
        ValueError: ``prior`` outside (0, 1).
    """
    if not 0 < prior < 1:
        raise ValueError("a prior lies between 0 and 1")
    known = ~np.isnan(score)
    at = table.place(np.where(known, score, -np.inf))
    same = ~np.isnan(own_values) & (table.block[table.place(own_values)] == table.block[at])
    inside = table.inside[at] - (same & own_inside).sum(axis=0)
    outside = table.outside[at] - (same & ~own_inside).sum(axis=0)
    odds = (inside + 0.5) / (outside + 0.5) * table.ratio * prior / (1 - prior)
    return np.where(known, odds, np.nan)


def _ends(ordered: Floats) -> Ints:
    """Positions after the last value of each bin; equal values share a bin."""
    bins = int(np.ceil(np.log1p((GROWTH - 1) * len(ordered) / LEAST) / np.log(GROWTH)))
    wanted = np.cumsum(np.ceil(LEAST * GROWTH ** np.arange(bins))).astype(np.int64)
    wanted = wanted[wanted < len(ordered)]
    last = np.append(np.flatnonzero(ordered[1:] != ordered[:-1]) + 1, len(ordered))
    return np.unique(np.append(last[np.searchsorted(last, wanted)], len(ordered)))


def _pooled(inside: Ints, outside: Ints) -> Ints:
    """The block ``[b]`` of each bin after pooling neighbours until the odds fall from block to block."""
    blocks: list[list[float]] = []
    for a, b in zip(inside.tolist(), outside.tolist(), strict=True):
        blocks.append([a, b, 1])
        while len(blocks) > 1 and _rises(blocks[-2], blocks[-1]):
            last = blocks.pop()
            blocks[-1] = [x + y for x, y in zip(blocks[-1], last, strict=True)]
    return np.repeat(np.arange(len(blocks)), [int(block[2]) for block in blocks])


def _rises(upper: list[float], lower: list[float]) -> bool:
    return (lower[0] + 0.5) * (upper[1] + 0.5) >= (upper[0] + 0.5) * (lower[1] + 0.5)
