"""Files that are written whole or not at all, and which bytes were read."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from privaudit.errors import ResultError

PRIVATE = 0o600
"""Mode of files that reveal who or what was in the training data."""
PUBLIC = 0o644


@dataclass(frozen=True)
class FileDigest:
    """A file as it was read."""

    name: str
    """Relative to the model's folder; of data the file's own name."""
    sha256: str
    size: int
    """Bytes."""


@contextmanager
def replaced(path: Path, *, mode: int) -> Iterator[BinaryIO]:
    """A file that takes the place of ``path`` when the block ends, and vanishes when the block fails.

    No other process ever sees half of it, and it is on the disk before the old file goes. A pipe or a device
    would be replaced too: the command line refuses them.

    Args:
        path: where to write, in a folder that exists; an older one is replaced.
        mode: permissions of the file; until it is whole, only its owner can read it.

    Raises:
        OSError: no room, no such folder, or no right to write; nothing is left behind.
    """
    # NOTE: mkstemp creates the file with mode 0600, so no other user can open it before its mode is set.
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(mode)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_text(text: str, path: Path, *, mode: int) -> None:
    """Write a text in one step, what UTF-8 cannot hold as question marks.

    Raises:
        ResultError: the folder does not exist or cannot be written.
    """
    try:
        with replaced(path, mode=mode) as file:
            file.write(text.encode("utf-8", "replace"))
    except OSError as error:
        raise ResultError(
            f"Cannot write {path.name}: {error.strerror} at {path.parent}",
            "Name a file in an existing, writable folder",
        ) from error
