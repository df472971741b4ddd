"""Can the two sets be told apart without the model? If so, an attack's success says nothing about it.

A bag-of-words classifier that never sees the model often beats published membership attacks, because its
non-members were gathered later or elsewhere (Meeus et al., arXiv 2406.17975). The same classifier is run here
on every pair of sets, and a verdict is withheld where it finds a difference.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.stats import rankdata, t

from privaudit.data.blind_classifier import fit_logistic, text_features

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

TOLERANCE = 0.02
"""A difference of AUC from 0.5 up to this is too small to explain an attack's success."""
LEAST = 20
"""Records (groups) that each side needs."""
PER_SIDE = 10_000
"""Most records of each side that are compared; larger sides are sampled."""
_FOLDS = 5


@dataclass(frozen=True)
class BlindAuc:
    """How well membership is predicted from the text alone."""

    value: float | None
    """Cross-validated AUC: within folds, weighted by their pairs. None when it could not be computed."""
    low: float | None
    high: float | None
    """Interval at ``confidence`` around ``value`` less its bias under permuted membership, within [0, 1]."""
    p_value: float | None
    """Two-sided, of the hypothesis that membership was assigned by chance given the texts."""
    comparable: bool | None
    """False: the interval excludes 0.5 and the value is over :data:`TOLERANCE` from it. None: unknown."""
    reason: str | None
    """Why ``comparable`` is None."""
    confidence: float
    permutations: int
    n_members: int
    """Members that were compared."""
    n_nonmembers: int
    sampled: bool
    """Whether a side was larger than :data:`PER_SIDE` and was sampled."""

    @property
    def n_used(self) -> int:
        """Records that were compared."""
        return self.n_members + self.n_nonmembers


def blind_baseline(
    texts: Sequence[str],
    member: Bools,
    *,
    clusters: Ints,
    groups: Sequence[str] | None = None,
    seed: int,
    permutations: int = 100,
    confidence: float = 0.999,
) -> BlindAuc:
    """Predict membership from the texts alone, and say whether chance explains the result.

    TF-IDF with logistic regression, cross-validated in five folds that keep near-duplicates and groups
    together. The AUC of cross-validated scores is biased and over-dispersed when there is nothing to find,
    so an interval such as DeLong's, which takes the scores for independent, is too narrow. The null
    distribution is therefore drawn: membership is permuted (by group where groups are given), everything is
    fitted again, and mean and deviation of the permuted AUCs give a Student interval and p-value with
    ``permutations - 1`` degrees of freedom, widened by ``sqrt(1 + 1/permutations)`` for the prediction of
    one more draw. A permutation p-value proper could not reach 0.001 with so few.

    Args:
        texts: n texts of any length.
        member: ``[n]``.
        clusters: ``[n]`` near-duplicate clusters of the texts.
        groups: the group of each record when membership was decided by group.
        seed: of folds, permutations and sampling.
        permutations: at least 20.
        confidence: of the two-sided interval.
    """
    positions = _sample(member, seed)
    inside = member[positions]
    n_members = int(inside.sum())

    def result(
        comparable: bool | None, reason: str | None = None, value: float | None = None,
        low: float | None = None, high: float | None = None, p_value: float | None = None,
    ) -> BlindAuc:  # fmt: skip
        return BlindAuc(
            value, low, high, p_value, comparable, reason, confidence, permutations,
            n_members, len(positions) - n_members, sampled=len(positions) < len(member),
        )  # fmt: skip

    group = np.arange(len(positions)) if groups is None else _codes([groups[i] for i in positions])
    unit = _codes(2 * group + inside)
    unit_member = inside[np.unique(unit, return_index=True)[1]]
    if min(unit_member.sum(), (~unit_member).sum()) < LEAST:
        what = "records" if groups is None else "groups"
        return result(None, f"too few {what} to compare: fewer than {LEAST} on one side")
    folds = _folds([clusters[positions], group], min(n_members, len(positions) - n_members), seed)
    columns = _permuted(unit_member, permutations, seed)[unit]
    aucs = _cross_validated(text_features([texts[i] for i in positions], clusters[positions]), columns, folds)
    value, null = float(aucs[0]), aucs[1:]
    shift = value - float(null.mean())
    deviation = float(null.std(ddof=1)) * float(np.sqrt(1 + 1 / permutations))
    student = t(permutations - 1)
    margin = float(student.ppf(0.5 + confidence / 2)) * deviation
    low, high = (float(np.clip(0.5 + shift + side, 0, 1)) for side in (-margin, margin))
    p_value = 2 * float(student.sf(abs(shift) / deviation)) if deviation > 0 else float(shift == 0)
    comparable = low <= 0.5 <= high or abs(value - 0.5) <= TOLERANCE
    return result(comparable, None, value, low, high, p_value)


def _codes(values: Sequence[str] | Ints) -> Ints:
    """``0, 1, …`` for each distinct value."""
    return np.unique(np.asarray(values), return_inverse=True)[1].astype(np.int64)


def _sample(member: Bools, seed: int) -> Ints:
    """Increasing positions of at most :data:`PER_SIDE` records of each side."""
    rng = np.random.default_rng([seed, 0])
    sides = [np.flatnonzero(member), np.flatnonzero(~member)]
    taken = [rng.choice(s, PER_SIDE, replace=False) if len(s) > PER_SIDE else s for s in sides]
    return np.sort(np.concatenate(taken))


def _folds(together: Sequence[Ints], smaller_side: int, seed: int) -> Ints:
    """``[n]`` fold of each record; records that share a cluster or a group share the fold.

    A block so large that a fold would hold most of one side is dealt out record by record instead: held out
    whole, it would hide the very difference that is looked for. The rule knows the sizes of the sides but not
    who is on them, which keeps folds fair to the permuted memberships too.
    """
    block = _connected(together)
    size = np.bincount(block)
    loose = size[block] > max(1, smaller_side // _FOLDS)
    block[loose] = len(size) + np.arange(int(loose.sum()))
    block = _codes(block)
    size = np.bincount(block)
    order = np.random.default_rng([seed, 1]).permutation(len(size))
    order = order[np.argsort(-size[order], kind="stable")]
    load = np.zeros(_FOLDS, dtype=np.int64)
    fold_of_block = np.empty(len(size), dtype=np.int64)
    for each in order:  # largest first, into the emptiest fold
        fold_of_block[each] = fold = int(load.argmin())
        load[fold] += size[each]
    return fold_of_block[block]


def _connected(together: Sequence[Ints]) -> Ints:
    """``[n]`` component of each record when equal values in any of ``together`` connect two records."""
    n = len(together[0])
    offsets = np.cumsum([n, *(int(values.max()) + 1 for values in together)])
    rows = np.tile(np.arange(n), len(together))
    columns = np.concatenate([values + start for values, start in zip(together, offsets[:-1], strict=True)])
    nodes = int(offsets[-1])
    graph = sparse.coo_matrix((np.ones(len(rows), np.int8), (rows, columns)), shape=(nodes, nodes))
    return connected_components(graph, directed=False)[1][:n].astype(np.int64)


def _permuted(unit_member: Bools, permutations: int, seed: int) -> Bools:
    """``[u, 1 + permutations]``: the membership of the units as it is, then permuted."""
    rng = np.random.default_rng([seed, 2])
    drawn = [rng.permutation(unit_member) for _ in range(permutations)]
    return np.stack([unit_member, *drawn], axis=1)


def _cross_validated(features: sparse.csr_matrix, columns: Bools, folds: Ints) -> Floats:
    """``[b]``: per column of ``columns [n, b]``, the AUC within folds, weighted by the pairs of each fold."""
    won = np.zeros(columns.shape[1])
    pairs = np.zeros(columns.shape[1])
    for fold in range(_FOLDS):
        held = folds == fold
        weights = fit_logistic(features[~held], columns[~held])
        inside = columns[held]
        ranks = rankdata(features[held] @ weights, axis=0)
        members = inside.sum(axis=0)
        won += (ranks * inside).sum(axis=0) - members * (members + 1) / 2
        pairs += members * (len(inside) - members)
    return won / pairs
