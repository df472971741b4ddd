"""What a pickle would import, read from its opcodes without executing any of them.

The list informs the reader of a refusal. It is no gate: a pickle can hide names from every static
scan, hence nothing here ever decides that a file is safe.
"""

import bz2
import gzip
import io
import lzma
import pickletools
import zlib
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_LIMIT = 16 << 20
"""Bytes that are read of a compressed or long pickle: a list for people needs no more."""


def pickle_globals(stream: BinaryIO) -> list[str]:
    """Names ``module.attribute`` that the pickle in ``stream`` asks for, as far as it can be followed.

    A stream that is cut short, or interleaved with raw arrays as joblib's is, gives the names up to there.
    """
    return sorted(set(_imports(stream)))


def file_globals(path: Path) -> list[str]:
    """The same for a ``.pkl`` or ``.joblib`` file, also a compressed one."""
    with path.open("rb") as file:
        return pickle_globals(io.BytesIO(_decompressed(file.read(_LIMIT))))


def _decompressed(data: bytes) -> bytes:
    """The beginning of a joblib file's pickle; empty when its compression is broken."""
    try:
        if data[:2] == b"\x1f\x8b":
            return gzip.GzipFile(fileobj=io.BytesIO(data)).read(_LIMIT)
        if data[:3] == b"BZh":
            return bz2.BZ2File(io.BytesIO(data)).read(_LIMIT)
        if data[:6] == b"\xfd7zXZ\x00" or data[:2] == b"\x5d\x00":
            return lzma.LZMAFile(io.BytesIO(data)).read(_LIMIT)
        if data[:1] == b"x":
            return zlib.decompressobj().decompress(data, _LIMIT)
    except (OSError, EOFError, zlib.error, lzma.LZMAError):
        return b""
    return data


def _imports(stream: BinaryIO) -> Iterator[str]:
    """Follow the two strings that each ``STACK_GLOBAL`` takes, through the memo as well."""
    recent: deque[str] = deque(maxlen=2)
    memo: dict[int, str] = {}
    memoized = 0
    pushed: str | None = None
    try:
        for opcode, argument, _ in pickletools.genops(stream):
            if opcode.name in ("GLOBAL", "INST"):
                yield str(argument).replace(" ", ".")
            elif opcode.name == "STACK_GLOBAL":
                yield ".".join(recent) if len(recent) == 2 else "a name computed while loading"
            elif opcode.name == "MEMOIZE" or opcode.name.endswith("PUT"):
                slot = memoized if opcode.name == "MEMOIZE" else argument
                memoized += 1
                if pushed is not None and isinstance(slot, int):
                    memo[slot] = pushed
                continue
            pushed = argument if isinstance(argument, str) else None
            if opcode.name.endswith("GET") and isinstance(argument, int):
                pushed = memo.get(argument)
            if pushed is not None:
                recent.append(pushed)
    except (ValueError, OverflowError, MemoryError):
        # NOTE: pickletools raises ValueError (UnicodeDecodeError is one) on bytes that are no opcode.
        return
