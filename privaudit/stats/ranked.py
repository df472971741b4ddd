"""Scores sorted once: the counts at every threshold, from which everything else is read."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from privaudit.errors import DataError
from privaudit.stats.intervals import Bools, Floats, Ints


@dataclass(frozen=True, eq=False)
class RankedScores:
    """The empirical ROC curve in counts. A record is called a member when ``score >= threshold``."""

    thresholds: Floats
    """[t] the distinct scores, descending; may begin with ``inf`` and end with ``-inf``."""
    members: Ints
    """[t] how many members score at least the threshold; the last entry is ``n_members``."""
    nonmembers: Ints
    """[t] how many non-members score at least the threshold; the last entry is ``n_nonmembers``."""
    n_members: int
    n_nonmembers: int
    n_unscored: int
    """Records whose score was NaN (not scored by the attack); they are in no other count."""


@dataclass(frozen=True, eq=False)
class RocPoints:
    """Vertices of an empirical ROC curve, from left to right."""

    fpr: Floats
    """[p] non-decreasing, from 0 to 1."""
    tpr: Floats
    """[p] non-decreasing, ends with 1."""


def rank_scores(score: Floats, member: Bools) -> RankedScores:
    """Sort the scores once and count members and non-members at every distinct threshold.

    Records whose score is NaN count as not scored: they are dropped and their number is kept. Infinite
    scores are ordered like any others; equal scores share a threshold.

    Args:
        score: [n] float, higher = member.
        member: [n] bool, true for the records that the model was trained on.

    Raises:
        DataError: the arrays are not two vectors of one length, or no member or no non-member is scored.
    """
    score, member = np.asarray(score, np.float64), np.asarray(member)
    if score.ndim != 1 or score.shape != member.shape or member.dtype != np.bool_:
        raise DataError(
            f"Scores of shape {score.shape} don't match membership of shape {member.shape} and type "
            f"{member.dtype}",
            "Give one score and one true-or-false membership per record",
        )
    n, scored = len(score), ~np.isnan(score)
    if not scored.all():
        score, member = score[scored], member[scored]
    n_members = int(np.count_nonzero(member))
    n_nonmembers = len(score) - n_members
    if not n_members or not n_nonmembers:
        raise DataError(
            f"{n_members} members and {n_nonmembers} non-members were scored ({n - len(score)} of {n} "
            "records were not); both kinds are needed",
            "Give records of both kinds",
        )
    thresholds, at_least, members = _cumulate(score, member)
    return RankedScores(
        thresholds, members, at_least - members, n_members, n_nonmembers, n_unscored=n - len(score)
    )


def _cumulate(score: Floats, member: Bools) -> tuple[Floats, Ints, Ints]:
    """Distinct scores in descending order; how many records, and how many members, score at least so much."""
    order = np.argsort(score)[::-1]
    score, member = score[order], member[order]
    del order  # NOTE: eight bytes a record; a million records should not cost more than the sort needs.
    last = np.flatnonzero(np.append(score[1:] != score[:-1], True))
    return score[last], last + 1, np.cumsum(member, dtype=np.int64)[last]


def empirical_fpr(score: ArrayLike, ranked: RankedScores) -> Floats:
    """False-positive rate of a threshold put at each given score, with the add-one correction.

    ``(1 + non-members that score at least s) / (n_nonmembers + 1)``: a valid p-value for the hypothesis that
    the record's score is exchangeable with those of the non-members.

    Args:
        score: any shape; NaN gives NaN.
        ranked: the scores of the audit.

    Returns:
        In (0, 1], same shape; smaller = more exposed.
    """
    score = np.asarray(score, np.float64)
    rate = (1 + _at_least(score, ranked, ranked.nonmembers)) / (ranked.n_nonmembers + 1)
    return np.where(np.isnan(score), np.nan, rate)


def _at_least(score: Floats, ranked: RankedScores, cumulative: Ints) -> Ints:
    """How many of the counted records score at least ``score``."""
    t = len(ranked.thresholds)
    reached = t - np.searchsorted(ranked.thresholds[::-1], score, side="left")
    return np.where(reached > 0, cumulative[np.maximum(reached, 1) - 1], 0)


def roc_points(ranked: RankedScores, n_points: int = 200) -> RocPoints:
    """Thin the empirical ROC curve to about ``n_points`` of its own vertices, log-spaced in FPR.

    For each of the chosen false-positive counts the vertex with the largest TPR at or below it is kept, so
    no point is interpolated; the first has FPR 0 and the last is (1, 1). With fewer than ``n_points``
    non-members every upper vertex is kept.
    """
    n0 = ranked.n_nonmembers
    if n0 < n_points:
        counts = np.arange(n0 + 1)
    else:
        counts = np.concatenate([[0], np.unique(np.geomspace(1, n0, n_points - 1).round().astype(np.int64))])
    index = np.unique(np.searchsorted(ranked.nonmembers, counts, side="right"))
    members, nonmembers = np.append(0, ranked.members)[index], np.append(0, ranked.nonmembers)[index]
    return RocPoints(fpr=nonmembers / n0, tpr=members / ranked.n_members)
