"""Random draws that belong to one record: they depend on the seed, a purpose and the record's id alone.

Hence a draw changes neither with the order of the records, nor with the size of a batch, nor with what other
records are audited beside it.
"""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from privaudit.targets.interface import Ints


def record_rng(seed: int, purpose: str, record: str) -> np.random.Generator:
    """A generator of the record's own."""
    return np.random.default_rng(_key(seed, purpose, record))


def calibration_half(seed: int, purpose: str, ids: Sequence[str], stratum: Ints) -> NDArray[np.bool_]:
    """A random half of each stratum, ``[n]``; a stratum of odd size gives its spare record to the other half.

    Within a stratum the records are ranked by their own draws and every other one is taken, so that which
    half a record falls into says nothing about its membership.
    """
    order = np.lexsort((_record_draws(seed, purpose, ids), stratum))
    ordered = stratum[order]
    first = np.flatnonzero(np.diff(ordered, prepend=ordered[:1] - 1))
    rank = np.arange(len(order)) - np.repeat(first, np.diff(first, append=len(order)))
    chosen = np.empty(len(order), dtype=np.bool_)
    chosen[order] = rank % 2 == 1
    return chosen


def calibration_groups(seed: int, purpose: str, groups: Sequence[str]) -> NDArray[np.bool_]:
    """The records of a random half of the groups, ``[n]``: records of one group stay together."""
    names, group = np.unique(np.asarray(groups, dtype=object), return_inverse=True)
    chosen = calibration_half(seed, purpose, list(names), np.zeros(len(names), dtype=np.int64))
    return chosen[group]


def calibration_records(
    seed: int, purpose: str, ids: Sequence[str], stratum: Ints, groups: Sequence[str] | None
) -> NDArray[np.bool_]:
    """The records to calibrate on, ``[n]``: half of the groups if any, else of each stratum."""
    if groups is not None:
        return calibration_groups(seed, purpose, groups)
    return calibration_half(seed, purpose, ids, stratum)


def _record_draws(seed: int, purpose: str, ids: Sequence[str]) -> NDArray[np.uint64]:
    """A 64-bit draw per record: SipHash of its id, keyed by seed and purpose; a million take 0.2 s."""
    from pandas.util import hash_array

    names = np.fromiter(ids, dtype=object, count=len(ids))
    key = f"{_key(seed, purpose, ''):016x}"
    try:
        return hash_array(names, hash_key=key, categorize=False)
    except UnicodeEncodeError:  # half a surrogate pair; the bytes of all other ids hash as their text does
        encoded = np.array([name.encode("utf-8", "surrogatepass") for name in names], dtype=object)
        return hash_array(encoded, hash_key=key, categorize=False)


def _key(seed: int, purpose: str, record: str) -> int:
    text = f"{seed}\x00{purpose}\x00{record}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little")
