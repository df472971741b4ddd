"""One reference model's outputs as a file: written whole or not at all, and never read when damaged.

The format is safetensors: ``logits [n, C]`` and, where the plan asks for them, ``extras [n, s]`` in float32,
``inside [n]`` in bool, and one metadata entry with the plan's key, the reference's index and a SHA-256 over
all of it. The same output always gives the same bytes.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from privaudit.files import PRIVATE, replaced
from privaudit.training.references.plan import ReferenceOutput

FORMAT = 1
"""Version of the file format; files of another are not read."""

# NOTE: one entry, because safetensors writes several in no fixed order.
_ENTRY = "privaudit"

Arrays = Mapping[str, NDArray[np.generic]]


class DamagedReferenceError(Exception):
    """The file is not what was written for this plan and index: the reference must be trained again."""


def write_reference(path: Path, key: str, output: ReferenceOutput) -> None:
    """Write a reference in one step, with mode 0600: another process sees all of it or nothing.

    Args:
        path: where; a file that exists is replaced.
        key: of the plan.
        output: what is kept.

    Raises:
        OSError: no room, or no right to write; nothing is left behind.
    """
    arrays: dict[str, NDArray[np.generic]] = {"logits": output.logits, "inside": output.inside}
    if output.extras is not None:
        arrays["extras"] = output.extras
    arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    note = {"format": FORMAT, "key": key, "index": output.index}
    note["sha256"] = _checksum(note, arrays)
    with replaced(path, mode=PRIVATE) as file:
        file.write(save(arrays, {_ENTRY: json.dumps(note)}))


def verify_reference(path: Path, key: str, index: int) -> None:
    """Read all of a file once and compare it with its checksum, its plan and its index.

    Raises:
        DamagedReferenceError: the file is cut, altered, unreadable, or of another plan, index or format.
        FileNotFoundError: there is no such file.
    """
    try:
        with safe_open(path, "numpy") as file:
            note = json.loads((file.metadata() or {}).get(_ENTRY, "null"))
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
    except FileNotFoundError:
        raise
    except (SafetensorError, OSError, ValueError, TypeError) as failure:
        raise DamagedReferenceError(f"{path.name} ({type(failure).__name__})") from failure
    expected: dict[str, object] = {"format": FORMAT, "key": key, "index": index}
    expected["sha256"] = _checksum(expected, arrays)
    if note != expected:
        raise DamagedReferenceError(f"{path.name} (not what was written for this plan)")


def read_array(path: Path, name: str) -> NDArray[np.generic]:
    """One array of a file that :func:`verify_reference` accepted, mapped into memory only while it is copied.

    Raises:
        OSError, SafetensorError: the file has gone or changed since.
    """
    with safe_open(path, "numpy") as file:
        array: NDArray[np.generic] = file.get_tensor(name)
    return array


def _checksum(note: Mapping[str, object], arrays: Arrays) -> str:
    """SHA-256 over the note and, in the order of their names, name, type, shape and bytes of the arrays."""
    content = hashlib.sha256(json.dumps(note, sort_keys=True).encode())
    for name in sorted(arrays):
        array = arrays[name]
        content.update(f"{name} {array.dtype} {array.shape}".encode())
        content.update(array.data)
    return content.hexdigest()
