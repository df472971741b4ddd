"""Exact and near duplicates: found before anything is split, because they blur who is a member.

Exact means equal after :func:`normalise`. Near means that the sets of five-character shingles of two
normalised texts have a Jaccard similarity of at least 0.7. Candidate pairs come from MinHash with banding
(Broder 1997; Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, section 3.4) and every candidate is
then verified on the shingles themselves, so a cluster never holds a chance collision of signatures.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from privaudit.data.records import Records

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

SIMILARITY = 0.7
"""Two texts are near-duplicates from this Jaccard similarity of their shingles on."""
SHINGLE = 5
"""Characters per shingle: works for short messages and for scripts that write no spaces."""
PREFIX = 10_000
"""Characters of a normalised text that are compared: bounds time and memory for texts of any length."""

_BANDS, _ROWS = 25, 4  # a pair at similarity 0.7 shares a band with probability 1 - (1 - 0.7^4)^25 = 0.999
_PAIRS = 50_000  # candidate pairs verified at a time
_MIX = np.uint64(0x9E3779B97F4A7C15)
_SHINGLE_BITS = np.uint64(2**31 - 1)  # as wide as a column index of scipy's 32-bit sparse matrices


@dataclass(frozen=True, eq=False)
class SharedDuplicates:
    """Two sets without the texts that they had in common."""

    members: Records
    nonmembers: Records
    removed_members: int
    """Records taken from the members."""
    removed_nonmembers: int
    """Records taken from the non-members."""


def normalise(text: str) -> str:
    """The form in which texts are compared: NFKC, case folded, white space collapsed. Idempotent."""
    # Folding can leave a string that NFKC changes again (and the reverse), so both are applied twice.
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())


def distinct(records: Records) -> Ints:
    """Positions of the records to keep for every text to occur once; the first occurrence stays.

    Labels and groups play no part: the same text under two labels, or from two groups, is one text, because
    a copy that stays on the other side of the split would give this one away.

    Returns:
        Increasing positions, at most ``len(records)``.
    """
    first: dict[str, int] = {}
    for position, text in enumerate(records.texts):
        first.setdefault(normalise(text), position)
    return np.fromiter(first.values(), dtype=np.int64, count=len(first))


def remove_shared(members: Records, nonmembers: Records) -> SharedDuplicates:
    """Remove, from both sets, every record whose text occurs in both.

    Such a text is a member and a non-member at once. It must go from both sides: removed from one side only,
    it would leave two sets that a classifier of texts alone can tell apart.
    """
    texts = [[normalise(text) for text in side.texts] for side in (members, nonmembers)]
    shared = set(texts[0]) & set(texts[1])
    keep = [np.array([text not in shared for text in side], dtype=np.bool_) for side in texts]
    return SharedDuplicates(
        members=members.select(keep[0]),
        nonmembers=nonmembers.select(keep[1]),
        removed_members=int((~keep[0]).sum()),
        removed_nonmembers=int((~keep[1]).sum()),
    )


def near_duplicate_clusters(texts: Sequence[str], seed: int = 0) -> Ints:
    """Cluster texts by chains of near-duplicates (connected components).

    Cost is linear in the number of characters: each of the 25 bands gives a text at most two candidates.

    Args:
        texts: n texts; only the first :data:`PREFIX` characters of each normalised text are compared.
        seed: of the MinHash functions. A pair at :data:`SIMILARITY` is missed with probability about 0.001,
            more similar ones less often; dissimilar texts are never paired, whatever the seed.

    Returns:
        ``[n]`` cluster ids ``0, 1, …`` in order of first appearance.
    """
    unique: dict[str, int] = {}
    representative = np.array(
        [unique.setdefault(normalise(text)[:PREFIX], len(unique)) for text in texts], np.int64
    )
    if not unique:
        return representative
    shingles = _shingles(list(unique))
    pairs = _verified(shingles, _candidates(_signatures(shingles, seed), seed))
    n = len(unique)
    graph = sparse.coo_matrix((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    _, component = connected_components(graph, directed=False)
    # scipy numbers components by their first node; nodes are numbered by first appearance, so ids are too.
    return component.astype(np.int64)[representative]


def count_near_duplicates_across(clusters: Ints, member: Bools) -> int:
    """Number of non-members that share a cluster with at least one member.

    Args:
        clusters: ``[n]`` from :func:`near_duplicate_clusters` over both sets, without exact duplicates.
        member: ``[n]``.
    """
    return int((~member & np.isin(clusters, clusters[member])).sum())


def _shingles(texts: Sequence[str]) -> sparse.csr_matrix:
    """Binary ``[n, 2^31 - 1]``: the hashed shingles of each text, sorted and without repetition."""
    padded = [text.ljust(SHINGLE) for text in texts]
    lengths = np.array([len(text) for text in padded])
    encoded = "".join(padded).encode("utf-32-le", "surrogatepass")
    points = np.frombuffer(encoded, dtype="<u4").astype(np.uint64)
    count = len(points) - SHINGLE + 1
    hashed = np.zeros(count, dtype=np.uint64)
    for offset in range(SHINGLE):
        hashed *= _MIX
        hashed += points[offset : offset + count]
    hashed ^= hashed >> np.uint64(31)
    hashed *= _MIX
    within = np.ones(count, dtype=np.bool_)
    for offset in range(1, SHINGLE):  # windows that reach into the next text
        crossing = np.cumsum(lengths) - offset
        within[crossing[crossing < count]] = False
    indices = ((hashed[within] >> np.uint64(33)) % _SHINGLE_BITS).astype(np.int32)
    starts = np.concatenate([[0], np.cumsum(lengths - SHINGLE + 1)])
    matrix = sparse.csr_matrix(
        (np.ones(len(indices), np.float32), indices, starts), shape=(len(texts), int(_SHINGLE_BITS))
    )
    matrix.sum_duplicates()
    matrix.data[:] = 1.0
    return matrix


def _signatures(shingles: sparse.csr_matrix, seed: int) -> NDArray[np.uint32]:
    """MinHash signatures ``[bands * rows, n]``: per hash function, the least hash among a text's shingles."""
    rng = np.random.default_rng([seed, 0x6D68])
    factors = rng.integers(0, 2**32, (2, _BANDS * _ROWS), dtype=np.uint32) | np.uint32(1)
    shingle = shingles.indices.astype(np.uint32)
    signatures = np.empty((_BANDS * _ROWS, shingles.shape[0]), dtype=np.uint32)
    for row, (first, second) in enumerate(factors.T):
        hashed = shingle * first
        hashed ^= hashed >> np.uint32(15)
        hashed *= second
        hashed ^= hashed >> np.uint32(13)
        signatures[row] = np.minimum.reduceat(hashed, shingles.indptr[:-1])
    return signatures


def _candidates(signatures: NDArray[np.uint32], seed: int) -> Ints:
    """Pairs ``[p, 2]`` that agree on all rows of a band: each text with its bucket's head and its neighbour.

    Pairing with two others of a bucket, rather than with all, keeps the number of pairs linear; the order
    within a bucket is shuffled anew per band: true duplicates meet in some band.
    """
    n = signatures.shape[1]
    rng = np.random.default_rng([seed, 0x6C73])
    pairs: list[Ints] = []
    for band in signatures.reshape(_BANDS, _ROWS, n):
        key = np.zeros(n, dtype=np.uint64)
        for row in band:
            key = (key ^ row) * _MIX
            key ^= key >> np.uint64(29)
        order = rng.permutation(n)
        order = order[np.argsort(key[order], kind="stable")]
        head = np.concatenate([[True], np.diff(key[order]) != 0])
        heads = order[np.flatnonzero(head)[np.cumsum(head) - 1]]
        follows = np.flatnonzero(~head)
        pairs += [
            np.stack([order[follows], heads[follows]], axis=1),
            np.stack([order[follows], order[follows - 1]], axis=1),
        ]
    return np.unique(np.sort(np.concatenate(pairs), axis=1), axis=0).astype(np.int64)


def _verified(shingles: sparse.csr_matrix, pairs: Ints) -> Ints:
    """The pairs whose Jaccard similarity reaches :data:`SIMILARITY`."""
    size = np.diff(shingles.indptr)
    similar = np.zeros(len(pairs), dtype=np.bool_)
    for start in range(0, len(pairs), _PAIRS):
        left, right = pairs[start : start + _PAIRS].T
        common = np.asarray(shingles[left].multiply(shingles[right]).sum(axis=1)).ravel()
        similar[start : start + _PAIRS] = common >= SIMILARITY * (size[left] + size[right] - common)
    return pairs[similar]
