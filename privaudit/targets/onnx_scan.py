"""Where an ONNX file keeps the tensors that lie outside it, read from the protobuf wire format.

onnxruntime follows these paths itself. They are checked here first because a file from a stranger may point
anywhere on the disk. Field numbers are those of ``onnx.proto3`` (ONNX IR version 3 and later).
"""

import mmap
from collections.abc import Iterator
from pathlib import Path

from privaudit.errors import ModelError, UnsafeModelError

_MODEL, _GRAPH, _NODE, _ATTRIBUTE, _TENSOR, _SPARSE, _FUNCTION, _TRAINING, _ENTRY = range(9)
_CHILDREN = {
    _MODEL: {7: _GRAPH, 20: _TRAINING, 25: _FUNCTION},
    _GRAPH: {1: _NODE, 5: _TENSOR, 15: _SPARSE},
    _NODE: {5: _ATTRIBUTE},
    _ATTRIBUTE: {5: _TENSOR, 6: _GRAPH, 10: _TENSOR, 11: _GRAPH, 22: _SPARSE, 23: _SPARSE},
    _TENSOR: {13: _ENTRY},
    _SPARSE: {1: _TENSOR, 2: _TENSOR},
    _FUNCTION: {7: _NODE, 11: _ATTRIBUTE},
    _TRAINING: {1: _GRAPH, 2: _GRAPH},
}
_MAX_DEPTH = 64
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def external_files(path: Path) -> list[Path]:
    """The data files that the ONNX file at ``path`` refers to, all of them inside its own folder.

    Raises:
        UnsafeModelError: a reference leads out of the folder.
        ModelError: the file is no ONNX file, or a data file is missing.
    """
    try:
        with (
            path.open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
            memoryview(data) as view,
        ):
            locations = sorted(set(_locations(view, 0, len(view), _MODEL, 0)))
    except (OSError, ValueError, IndexError) as error:
        raise ModelError(f"{path.name} is a damaged ONNX file ({error})", "Export the model again") from None
    folder = path.parent.resolve()
    found = []
    for location in locations:
        target = _resolved(folder / location)
        if not target.is_relative_to(folder):
            raise UnsafeModelError(
                f"{path.name} refers to {location[:80]!r}, outside its folder",
                "Export the model again with its data next to it",
            )
        if not target.is_file():
            raise ModelError(
                f"{path.name} needs its data file {location[:80]!r}, which is missing",
                "Copy it next to the model",
            )
        found.append(target)
    return found


def _resolved(path: Path) -> Path:
    """``path`` without links; itself where they form a circle: no such file."""
    try:
        return path.resolve()
    except (RuntimeError, OSError, ValueError):
        # NOTE: a circle is a RuntimeError up to Python 3.12; a NUL in the path is a ValueError.
        return path


def _locations(data: memoryview, start: int, stop: int, kind: int, depth: int) -> Iterator[str]:
    """The ``location`` entries of all tensors below the message ``data[start:stop]``."""
    if depth > _MAX_DEPTH:
        raise ValueError("nested too deeply")
    for number, begin, end in _fields(data, start, stop):
        child = _CHILDREN[kind].get(number)
        if child == _ENTRY:
            entry = {key: bytes(data[a:b]) for key, a, b in _fields(data, begin, end)}
            if entry.get(1) == b"location":
                yield entry.get(2, b"").decode("utf-8")
        elif child is not None:
            yield from _locations(data, begin, end, child, depth + 1)


def _fields(data: memoryview, start: int, stop: int) -> Iterator[tuple[int, int, int]]:
    """Number, begin and end of each length-delimited field of the message ``data[start:stop]``."""
    position = start
    while position < stop:
        tag, position = _varint(data, position)
        wire = tag & 7
        if wire == _VARINT:
            _, position = _varint(data, position)
        elif wire in (_FIXED64, _FIXED32):
            position += 8 if wire == _FIXED64 else 4
        elif wire == _BYTES:
            size, position = _varint(data, position)
            yield tag >> 3, position, position + size
            position += size
        else:
            raise ValueError(f"wire type {wire}")
        if position > stop:
            raise ValueError("truncated")


def _varint(data: memoryview, position: int) -> tuple[int, int]:
    """The number at ``position`` and the position after it."""
    value = 0
    for shift in range(0, 70, 7):
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise ValueError("a number of more than ten bytes")
