"""Slices: one attack on the parts of the records, with intervals that hold for all parts at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from privaudit.results import FPRS, Slice, TprAtFpr
from privaudit.results.from_stats import CONFIDENCE, reported
from privaudit.stats.auc import auc_interval
from privaudit.stats.intervals import bonferroni
from privaudit.stats.ranked import rank_scores
from privaudit.stats.rates import tpr_at_fpr
from privaudit.targets.interface import Floats, Ints

SLICE_LEAST = 10
"""Members and non-members that a slice needs."""


@dataclass(frozen=True, eq=False)
class Grouping:
    """A way to divide n records into named parts."""

    by: str
    names: Sequence[str]
    part: Ints
    """``[n]`` positions in ``names``."""


def slices(
    attack: str, score: Floats, member: NDArray[np.bool_], groupings: Sequence[Grouping]
) -> tuple[Slice, ...]:
    """One attack on parts of the records, with intervals corrected for the number of parts.

    Args:
        attack: its id.
        score: ``[n]``; NaN = not scored.
        member: ``[n]``.
        groupings: the ways to divide the records; parts with fewer than 10 records of a kind are left out.
    """
    scored = ~np.isnan(score)
    parts = [
        (grouping, k)
        for grouping in groupings
        for k in _large_parts(grouping.part[scored], member[scored], len(grouping.names))
    ]
    if not parts:
        return ()
    confidence = bonferroni(CONFIDENCE, len(parts))
    return tuple(_slice(attack, score, member, g, k, confidence) for g, k in parts)


def _large_parts(part: Ints, member: NDArray[np.bool_], n_parts: int) -> list[int]:
    inside = np.bincount(part[member], minlength=n_parts)
    outside = np.bincount(part[~member], minlength=n_parts)
    return np.flatnonzero(np.minimum(inside, outside) >= SLICE_LEAST).tolist()


def _slice(
    attack: str, score: Floats, member: NDArray[np.bool_], grouping: Grouping, k: int, confidence: float
) -> Slice:
    here = grouping.part == k
    ranked = rank_scores(score[here], member[here])
    rates = [tpr_at_fpr(ranked, fpr, confidence) for fpr in FPRS]
    return Slice(
        by=grouping.by,
        value=grouping.names[k],
        attack=attack,
        n_members=ranked.n_members,
        n_nonmembers=ranked.n_nonmembers,
        auc=reported(auc_interval(ranked, confidence)),
        tpr_at_fpr=tuple(
            TprAtFpr(fpr=r.fpr, tpr=r.tpr, low=r.low, high=r.high, measurable=True)
            for r in rates
            if r.measurable
        ),
    )


def by_length(texts: Sequence[str]) -> Grouping:
    """Quarters of the records by their number of whitespace-separated words, named by their range."""
    words = np.fromiter((len(text.split()) for text in texts), dtype=np.int64, count=len(texts))
    inner = np.quantile(words, (0.25, 0.5, 0.75), method="higher")
    edges = np.unique([words.min(), *inner, words.max() + 1])
    names = [f"{a} words" if b == a + 1 else f"{a}-{b - 1} words" for a, b in pairwise(edges.tolist())]
    return Grouping("length", names, np.searchsorted(edges, words, side="right") - 1)
