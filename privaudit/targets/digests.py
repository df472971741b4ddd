"""Which bytes were loaded: SHA-256 of every file of a model; and one-line quotes of foreign errors."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from privaudit.errors import ModelError
from privaudit.files import FileDigest

_BLOCK = 1 << 20


def file_digest(path: Path, root: Path) -> FileDigest:
    """SHA-256 and size of ``path``, read in blocks; the name is relative to the folder ``root``.

    Raises:
        ModelError: the file cannot be read.
    """
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
                size += len(block)
    except OSError as error:
        raise ModelError(
            f"Can't read {path.name} ({one_line(error)})", "Check the path and its permissions"
        ) from None
    name = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
    return FileDigest(name=name, sha256=digest.hexdigest(), size=size)


def file_digests(paths: Iterable[Path], root: Path) -> tuple[FileDigest, ...]:
    """Digests of several files, sorted by path and without repetition."""
    return tuple(file_digest(path, root) for path in sorted(set(paths)))


def one_line(error: BaseException, limit: int = 160) -> str:
    """``Type: message`` of a foreign exception in one line of at most ``limit`` characters.

    The limit keeps the messages of user code, which may quote a record, short.
    """
    message = " ".join(str(error).split())
    text = f"{type(error).__name__}: {message}" if message else type(error).__name__
    return text if len(text) <= limit else text[: limit - 1] + "…"
