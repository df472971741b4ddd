"""The evidence as a file, from which anyone can compute the numbers of a result again."""

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from privaudit.attacks.membership.signals import Signals
from privaudit.errors import UsageError
from privaudit.files import PRIVATE, replaced
from privaudit.targets.interface import Floats

_LONGEST_ID = 1_000
"""Characters. NumPy stores every id as wide as the longest."""


def write_signals(path: Path, signals: Signals, scores: Mapping[str, Floats]) -> None:
    """Write signals and scores of n records as an uncompressed ``.npz``, whole or not at all, mode 0600.

    The arrays: ``ids``, ``member`` (bool), ``label`` (int64), ``target_logits [n, C]``, ``reference_logits
    [k, n, C]`` and ``reference_in [k, n]`` (k = 0 without reference models), and ``scores__<attack> [n]``
    (float64, NaN = not scored). ``numpy.load`` opens the file without pickle.

    Args:
        path: the file to write; one that exists is replaced.
        signals: the evidence.
        scores: score by attack id.

    Raises:
        UsageError: the file cannot be written, or an id is too long for the format.
    """
    arrays = _arrays(signals) | {f"scores__{attack}": score for attack, score in scores.items()}
    try:
        with replaced(path, mode=PRIVATE) as file:
            _write_npz(file, arrays, signals)
    except OSError as error:
        raise UsageError(
            f"Cannot write --signals {str(path)!r} ({error.strerror or error})",
            "Name a file in an existing folder, with room and the right to write",
        ) from error


def _write_npz(file: IO[bytes], arrays: Mapping[str, NDArray[np.generic]], signals: Signals) -> None:
    # NOTE: numpy.savez wants the logits of all references in memory at once.
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                npy.write_array(entry, np.asarray(array), allow_pickle=False)
        with archive.open("reference_logits.npy", "w", force_zip64=True) as entry:
            _write_references(entry, signals)


def _write_references(entry: IO[bytes], signals: Signals) -> None:
    references = signals.reference_logits
    count = 0 if references is None else len(references)
    header = {"descr": "<f4", "fortran_order": False, "shape": (count, *signals.target_logits.shape)}
    npy.write_array_header_2_0(entry, header)
    if references is not None:
        for k in range(count):
            entry.write(np.ascontiguousarray(references[k], dtype="<f4").tobytes())


def _arrays(signals: Signals) -> dict[str, NDArray[np.generic]]:
    inside = signals.reference_in
    return {
        "ids": _id_array(signals.ids),
        "member": signals.member,
        "label": signals.label,
        "target_logits": signals.target_logits,
        "reference_in": np.empty((0, len(signals)), np.bool_) if inside is None else inside,
    }


def _id_array(ids: Sequence[str]) -> NDArray[np.str_]:
    longest = max(map(len, ids), default=0)
    if longest > _LONGEST_ID:
        raise UsageError(
            f"A record id has {longest} characters; --signals takes at most {_LONGEST_ID}",
            "Choose a shorter id column with --id-column",
        )
    return np.array(list(ids), dtype=f"U{max(1, longest)}")
