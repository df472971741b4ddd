"""Records become a data file that :func:`privaudit.data.readers.read_records` reads without any option."""

import json
from collections.abc import Iterator
from pathlib import Path

from privaudit.data.records import Records
from privaudit.errors import UsageError

_DELIMITERS = {".csv": ",", ".tsv": "\t", ".tab": "\t"}
_JSON_LINES = (".jsonl", ".ndjson", ".json")


def check_writable_format(path: Path) -> None:
    """Refuse a file whose ending names no format that can be written.

    Raises:
        UsageError: the ending is another one.
    """
    if path.suffix.lower() not in (*_DELIMITERS, *_JSON_LINES):
        raise UsageError(
            f"Can't write {path.name[:60]!r}: unknown format", "Name a .csv, .tsv or .jsonl file with -o"
        )


def encode_records(records: Records, path: Path) -> bytes:
    """The content of the file ``path``: columns ``id``, ``label``, ``text``, and ``group`` if there is one.

    Texts are kept to the character; membership is not written.

    Args:
        records: n records.
        path: its ending names the format.

    Raises:
        UsageError: the ending names no format that can be written.
    """
    check_writable_format(path)
    names = ("id", "label", "text") if records.groups is None else ("id", "group", "label", "text")
    delimiter = _DELIMITERS.get(path.suffix.lower())
    if delimiter is None:
        lines = [json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False) for row in _rows(records)]
    else:
        rows = (names, *_rows(records))
        lines = [delimiter.join(_cell(value, delimiter) for value in row) for row in rows]
    return "".join(f"{line}\n" for line in lines).encode()


def _cell(value: str, delimiter: str) -> str:
    """A value with standard quoting (RFC 4180) where it needs it."""
    # NOTE: the csv module leaves a carriage return bare when lines end otherwise, and then cannot read it.
    plain = not any(sign in value for sign in (delimiter, '"', "\n", "\r"))
    return value if plain else '"' + value.replace('"', '""') + '"'


def _rows(records: Records) -> Iterator[tuple[str, ...]]:
    if records.groups is None:
        return zip(records.ids, records.labels, records.texts, strict=True)
    return zip(records.ids, records.groups, records.labels, records.texts, strict=True)
