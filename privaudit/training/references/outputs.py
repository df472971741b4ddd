"""The outputs of trained references on the scored records, read from the store one reference at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError

from privaudit.errors import UsageError
from privaudit.training.references.plan import Bools, Singles
from privaudit.training.references.reference_file import read_array


@dataclass(frozen=True, eq=False)
class StoredArrays:
    """k arrays of one kind; each is read from its file on access and not kept."""

    files: tuple[Path, ...]
    name: str

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, k: int) -> Singles:
        return _read(self.files[k], self.name).astype(np.float32, copy=False)

    def __iter__(self) -> Iterator[Singles]:
        return (self[k] for k in range(len(self)))


@dataclass(frozen=True, eq=False)
class References:
    """k references of a plan, complete and verified.

    Only ``inside`` is held in memory. Row k of everything is of reference ``indices[k]``.
    """

    indices: tuple[int, ...]
    """Ascending, within the plan."""
    files: tuple[Path, ...]
    n: int
    """Scored records."""
    has_extras: bool

    def __len__(self) -> int:
        return len(self.indices)

    @cached_property
    def inside(self) -> Bools:
        """``[k, n]`` which of the scored records each reference was trained on."""
        rows = np.empty((len(self), self.n), np.bool_)
        for row, file in zip(rows, self.files, strict=True):
            row[:] = _read(file, "inside")
        return rows

    @property
    def logits(self) -> StoredArrays:
        """``logits[k]`` is ``[n, C]`` float32: a sequence of length k that reads one file per item."""
        return StoredArrays(self.files, "logits")

    @property
    def extras(self) -> StoredArrays | None:
        """``extras[k]`` is ``[n, s]`` float32; None when the plan keeps none."""
        return StoredArrays(self.files, "extras") if self.has_extras else None


def _read(file: Path, name: str) -> NDArray[np.generic]:
    try:
        return read_array(file, name)
    except (OSError, SafetensorError) as failure:
        raise UsageError(
            f"The reference {file.name} was removed or changed while in use ({type(failure).__name__})",
            "Run the command again, and do not prune the store meanwhile",
        ) from failure
