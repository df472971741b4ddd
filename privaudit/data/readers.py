"""Data files become records: columns found, every value checked, nothing repaired in silence."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from privaudit.data.columns import ANY_COLUMNS, Columns, FoundColumns, Role, find_columns, shown
from privaudit.data.records import Records
from privaudit.data.sources import Source, open_source
from privaudit.errors import DataError

_IN = frozenset({"1", "true", "yes", "in", "member", "train"})
_OUT = frozenset(
    {"0", "false", "no", "out", "nonmember", "non-member", "test", "dev", "validation", "valid", "holdout"}
)
_HEADER_CHECK = 20  # from this many records on, a class that occurs once, on the first line, is suspicious


def read_records(path: str | Path, columns: Columns = ANY_COLUMNS) -> Records:
    """Read a CSV, TSV, JSON Lines or Parquet file, in one pass.

    Columns that are not named are found by :data:`privaudit.data.columns.KNOWN`. A tab-separated file whose
    first line has two cells, neither of them a known column name, is ``label<TAB>text`` without a header;
    its quotes are plain characters. Texts are kept as they are; labels, ids and groups lose white space at
    their ends, and numbers become strings (``3`` and ``3.0`` both ``"3"``).

    A record without text or label is an error, not skipped: dropping it would shift every position
    after it, and with it the coins of a recorded split. Blank lines are no records.

    Args:
        path: file whose ending names the format.
        columns: names given by the user. Ids must be unique; without a column of them a record's id is
            ``<file stem>:<record number from 1>``. Membership is written as true/false, 1/0, yes/no, in/out,
            member/nonmember or train/test.

    Raises:
        DataError: the file or its columns cannot be used; the message names line or record.
        MissingExtraError: Parquet without pyarrow.
    """
    path = Path(path)
    source = open_source(path, named=columns != ANY_COLUMNS)
    found = find_columns(source.columns, columns)
    values = _collect(path, source, found)
    if not source.header:
        _check_headerless(path, values[Role.LABEL], values[Role.TEXT])
    ids: Sequence[str] = [f"{path.stem}:{number}" for number in range(1, len(values[Role.TEXT]) + 1)]
    if found.id is not None:
        ids = values[Role.ID]
        _check_unique(path, ids)
    return Records(
        ids=ids,
        texts=values[Role.TEXT],
        labels=values[Role.LABEL],
        groups=values.get(Role.GROUP),
        member=_membership(path, values[Role.MEMBER]) if found.member is not None else None,
    )


def file_sha256(path: str | Path) -> str:
    """SHA-256 of a file's bytes, in lower-case hexadecimal.

    Raises:
        DataError: the file cannot be read.
    """
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"Can't read {path} ({error.strerror or 'read error'})", "Check the path") from None


def _collect(path: Path, source: Source, columns: FoundColumns) -> dict[Role, list[str]]:
    """The values of every column in use, as strings."""
    named = {role: getattr(columns, role.value) for role in Role}
    used = {role: name for role, name in named.items() if name is not None}
    values: dict[Role, list[str]] = {role: [] for role in used}
    rows = source.rows(list(used.values()))
    for record, (line, cells) in enumerate(rows, start=1):
        for (role, column), cell in zip(used.items(), cells, strict=True):
            value = _text(cell) if role is Role.TEXT else _name(cell)
            if value is None or not value.strip() or not _encodable(value):
                raise _unusable(path, role, column, value, cell, record, line)
            values[role].append(value)
    if not values[Role.TEXT]:
        raise DataError(f"{path.name!r} has a header but no records", "Give a file with records")
    return values


def _text(cell: object) -> str | None:
    """A text as it is; None when missing or of another type."""
    return cell if isinstance(cell, str) else None


def _name(cell: object) -> str | None:
    """A label, id or group as a string; None when missing or of a type that names nothing."""
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else None
    return str(cell).strip() if isinstance(cell, str | int) else None


def _encodable(value: str) -> bool:
    """Whether tokenizers and files can take the string: no NUL, no half of a surrogate pair."""
    if value.isascii():
        return "\0" not in value
    return "\0" not in value and not any("\ud800" <= character <= "\udfff" for character in value)


def _unusable(
    path: Path, role: Role, column: str, value: str | None, cell: object, record: int, line: int
) -> DataError:
    """The error for a value that is missing, empty, of a wrong type or not Unicode."""
    if value is not None and value.strip():
        got = "a NUL character or half a surrogate pair"
    elif cell is None or isinstance(cell, str):
        got = f"an empty {role}"
    else:
        got = f"a value of type {type(cell).__name__}"
    return DataError(
        f"{path.name!r} has {got} in column {column!r} of record {record} (line {line})",
        "Complete or remove the record, or name another column with --" + role + "-column",
    )


def _check_headerless(path: Path, labels: Sequence[str], texts: Sequence[str]) -> None:
    """Refuse what looks like ``text<TAB>label``, or like a header with names that are not known."""
    classes = set(labels)
    mend = "Put 'label<TAB>text' on a line above, or name the columns with --text-column and --label-column"
    if len(classes) > len(set(texts)):
        raise DataError(
            f"{path.name!r} has no known column names and more labels ({len(classes)}) than texts "
            f"({len(set(texts))}), so it may be text<TAB>label",
            mend,
        )
    alone = len(labels) >= _HEADER_CHECK and labels.count(labels[0]) == 1 and len(classes) <= len(labels) // 2
    if alone and labels[0].isidentifier() and texts[0].isidentifier():
        raise DataError(
            f"The first line of {path.name!r} looks like a header with unknown names "
            f"({shown(labels[0])!r}, {shown(texts[0])!r})",
            mend,
        )


def _check_unique(path: Path, ids: Iterable[str]) -> None:
    """Refuse ids that name two records."""
    seen: set[str] = set()
    for record, each in enumerate(ids, start=1):
        if each in seen:
            raise DataError(
                f"The id {shown(each)!r} of record {record} of {path.name!r} is taken",
                "Make the ids unique, or rename the column to have records numbered",
            )
        seen.add(each)


def _membership(path: Path, values: Sequence[str]) -> NDArray[np.bool_]:
    """``[n]`` from words for in and out."""
    folded = [value.casefold() for value in values]
    for record, (value, word) in enumerate(zip(values, folded, strict=True), start=1):
        if word not in _IN and word not in _OUT:
            raise DataError(
                f"{shown(value)!r} in record {record} of {path.name!r} is no membership",
                "Write true/false, 1/0, member/nonmember or train/test, or name another --member-column",
            )
    return np.array([word in _IN for word in folded], dtype=np.bool_)
