"""The file formats: each opens as column names and a stream of rows, whatever is inside.

A source is read once, row by row (Parquet: batch by batch). What a file is, its name says; only for
tab-separated files does the first line decide whether there is a header (:func:`_open_tsv`).
"""

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from privaudit.data.columns import is_known, shown
from privaudit.errors import DataError, MissingExtraError

Row = tuple[int, tuple[object, ...]]
"""Line number (Parquet: row number), from 1, and the values of the wanted columns."""

_FIELD_LIMIT = 2**31 - 1  # the csv module's default of 128 KiB refuses long texts
_BATCH = 4096


@dataclass(frozen=True)
class Source:
    """An opened data file."""

    columns: tuple[str, ...]
    rows: Callable[[Sequence[str]], Iterator[Row]]
    """``rows(names)`` streams the values of these columns. To be called once."""
    header: bool = True
    """False for a ``label<TAB>text`` file without header; its columns are called ``label`` and ``text``."""


def open_source(path: Path, *, named: bool) -> Source:
    """Open a data file by its ending.

    Args:
        path: ``.csv``; ``.tsv``, ``.tab``; ``.jsonl``, ``.ndjson``, ``.json``; ``.parquet``, ``.pq``.
        named: whether the user named a column, which says that the file has column names.

    Raises:
        DataError: no such file, an unknown ending, or a beginning that is not of this format.
        MissingExtraError: Parquet without pyarrow.
    """
    ending = path.suffix.lower()
    if not path.is_file():
        raise DataError(
            f"{path} is a directory, not a data file" if path.is_dir() else f"No file at {path}",
            "Check the path",
        )
    if ending == ".csv":
        return _open_delimited(path, _lines(path), ",")
    if ending in {".tsv", ".tab"}:
        return _open_tsv(path, named=named)
    if ending in {".jsonl", ".ndjson", ".json"}:
        return _open_json_lines(path)
    if ending in {".parquet", ".pq"}:
        return _open_parquet(path)
    raise DataError(
        f"{path.name!r} ends in {ending!r}, which is no known data format",
        "Convert it to .csv, .tsv, .jsonl or .parquet, or rename it if only the name is unusual",
    )


def _lines(path: Path) -> Iterator[str]:
    """The lines of a UTF-8 file with their ends; only line feeds end one, a byte order mark is dropped."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if b"\0" in line:
                    raise DataError(
                        f"Line {number} of {path.name!r} has a NUL byte, so it is no UTF-8 text",
                        "Save the file as UTF-8, not as UTF-16 or in a binary format",
                    )
                yield line.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        raise DataError(
            f"Line {number} of {path.name!r} is not UTF-8 (byte 0x{error.object[error.start]:02x})",
            "Save the file as UTF-8",
        ) from None
    except OSError as error:
        raise DataError(
            f"Can't read {path} ({error.strerror or 'read error'})", "Check its permissions"
        ) from None


def _first_line(path: Path, lines: Iterator[str]) -> tuple[int, str]:
    """The first line that is not blank, and its number."""
    for number, line in enumerate(lines, start=1):
        if line.strip():
            return number, line
    raise DataError(f"{path.name!r} is empty", "Give a file with a header and records")


def _open_delimited(path: Path, lines: Iterator[str], delimiter: str) -> Source:
    """A file with a header and standard quoting (RFC 4180)."""
    csv.field_size_limit(_FIELD_LIMIT)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)

    def parsed() -> Iterator[list[str]]:
        while True:
            start = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise DataError(
                    f"The record at line {start} of {path.name!r} is badly quoted ({error})",
                    'Double the quotes inside a quoted field ("")',
                ) from None
            if cells and (len(cells) > 1 or cells[0].strip()):
                yield cells

    table = parsed()
    header = next(table, None)
    if header is None:
        raise DataError(f"{path.name!r} is empty", "Give a file with a header and records")
    columns = tuple(name.strip() for name in header)

    def rows(names: Sequence[str]) -> Iterator[Row]:
        positions = [columns.index(name) for name in names]
        for cells in table:
            if len(cells) != len(columns):
                raise _uneven(path, len(columns), len(cells), reader.line_num)
            yield reader.line_num, tuple(cells[position] for position in positions)

    return Source(columns, rows)


def _open_tsv(path: Path, *, named: bool) -> Source:
    """A tab-separated file, with or without a header.

    It has a header when the user named a column, or when a cell of the first line is a known column name;
    quoting is then standard. Otherwise a first line of exactly two cells makes it a ``label<TAB>text`` file,
    in which every line must have exactly one tab and quotes are plain characters.
    """
    lines = _lines(path)
    number, first = _first_line(path, lines)
    cells = first.rstrip("\r\n").split("\t")
    if named or any(map(is_known, cells)) or len(cells) != 2:
        return _open_delimited(path, chain(["\n"] * (number - 1), [first], lines), "\t")

    def rows(names: Sequence[str]) -> Iterator[Row]:
        positions = [("label", "text").index(name) for name in names]
        yield number, tuple(cells[position] for position in positions)
        for line_number, line in enumerate(lines, start=number + 1):
            if not line.strip():
                continue
            values = line.rstrip("\n").removesuffix("\r").split("\t")
            if len(values) != 2:
                raise _uneven(path, 2, len(values), line_number)
            yield line_number, tuple(values[position] for position in positions)

    return Source(("label", "text"), rows, header=False)


def _uneven(path: Path, expected: int, got: int, line: int) -> DataError:
    return DataError(
        f"Line {line} of {path.name!r} has {got} column{'s' if got != 1 else ''} instead of {expected}",
        "Quote cells that contain the separator, and give every record all columns",
    )


def _open_json_lines(path: Path) -> Source:
    """One JSON object a line; the columns are the keys of the first."""
    lines = _lines(path)
    number, first = _first_line(path, lines)
    if first.lstrip().startswith("["):
        raise DataError(
            f"{path.name!r} is a JSON array, not one JSON object per line",
            "Convert it, for example: jq -c '.[]' data.json > data.jsonl",
        )
    head = _object(path, number, first)

    def rows(names: Sequence[str]) -> Iterator[Row]:
        yield number, tuple(head.get(name) for name in names)
        for line_number, line in enumerate(lines, start=number + 1):
            if line.strip():
                record = _object(path, line_number, line)
                yield line_number, tuple(record.get(name) for name in names)

    return Source(tuple(head), rows)


def _object(path: Path, number: int, line: str) -> dict[str, object]:
    """The JSON object in a line."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        record = None
    if not isinstance(record, dict):
        raise DataError(
            f"Line {number} of {path.name!r} is not a JSON object",
            'Write one record per line, such as {"text": "…", "label": "…"}',
        )
    return record


def _open_parquet(path: Path) -> Source:
    """A Parquet file, read in batches."""
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise MissingExtraError("pyarrow", "parquet", "reading Parquet files") from None

    unreadable = (ArrowException, OSError, UnicodeDecodeError)

    def broken(error: Exception) -> DataError:
        return DataError(
            f"{path} is not a readable Parquet file ({shown(str(error), 120)})", "Write it again"
        )

    try:
        file = ParquetFile(path)
    except unreadable as error:
        raise broken(error) from None

    def rows(names: Sequence[str]) -> Iterator[Row]:
        number = 0
        try:
            for batch in file.iter_batches(_BATCH, columns=list(dict.fromkeys(names))):
                columns = [batch.column(name).to_pylist() for name in names]
                for values in zip(*columns, strict=True):
                    number += 1
                    yield number, values
        except unreadable as error:
            raise broken(error) from None
        finally:
            file.close()

    return Source(tuple(file.schema_arrow.names), rows)
