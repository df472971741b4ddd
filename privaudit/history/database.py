"""The file: three tables, written in one transaction per audit."""

import hashlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from privaudit.errors import ResultError
from privaudit.history.entry import entry_of
from privaudit.results import Result
from privaudit.results.history import HISTORY_VERSION, Entry

_APPLICATION = 0x70726976
"""``priv`` in the header of the file, unlike in databases of other programs."""
_WAIT_SECONDS = 60.0
_MEND = "Name a file that --history made, or a new one"
_TABLES = (
    """
    CREATE TABLE audits (
        id INTEGER PRIMARY KEY,
        digest TEXT NOT NULL UNIQUE,
        created TEXT NOT NULL,
        command TEXT NOT NULL,
        model TEXT NOT NULL,
        model_digest TEXT NOT NULL,
        data_digest TEXT,
        comparable INTEGER,
        status TEXT NOT NULL,
        claimed_epsilon REAL,
        tool_version TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE measures (
        audit INTEGER NOT NULL REFERENCES audits (id) ON DELETE CASCADE,
        attack TEXT NOT NULL,
        metric TEXT NOT NULL,
        value REAL,
        low REAL,
        high REAL,
        n_references INTEGER,
        setup TEXT
    )
    """,
    """
    CREATE TABLE limits (
        audit INTEGER NOT NULL REFERENCES audits (id) ON DELETE CASCADE,
        expression TEXT NOT NULL,
        attack TEXT,
        metric TEXT,
        at_most REAL NOT NULL,
        result TEXT NOT NULL,
        waived INTEGER NOT NULL
    )
    """,
    "CREATE INDEX measures_of_audits ON measures (audit)",
    "CREATE INDEX limits_of_audits ON limits (audit)",
)


def append(result: Result, path: Path) -> None:
    """Add an audit to the history at ``path``, which is created on first use.

    All of it goes in or nothing does. Jobs that append at the same time wait for each other. An audit that is
    there already, equal in everything that a history keeps, is not added again.

    Raises:
        ResultError: the file is no history, of a later version, cannot be written, or stayed locked; it is
            unchanged.
    """
    entry = entry_of(result)
    # NOTE: over what is kept, never over the result: a digest of a short secret would reveal it.
    digest = hashlib.sha256(entry.model_dump_json().encode()).hexdigest()
    with _opened(path, "rwc") as file:
        file.execute("BEGIN IMMEDIATE")
        if _is_new(file, path):
            _create(file)
        _insert(file, entry, digest)
        file.execute("COMMIT")


def check(path: Path) -> None:
    """Refuse before hours of work what :func:`append` would refuse afterwards; creates nothing.

    Raises:
        ResultError: the file is no history, of a later version, or cannot be written.
    """
    if str(path) == "-":
        raise ResultError("A history cannot go to stdout (-)", "Name a file, such as audits.db")
    if not path.exists():
        return
    if not os.access(path, os.W_OK):
        raise ResultError(f"No permission to write the history {path}", _MEND)
    with _opened(path, "rw") as file:
        _is_new(file, path)


def read(path: Path) -> tuple[Entry, ...]:
    """All audits of the history at ``path`` in the order of time.

    Raises:
        ResultError: the file is missing, is no history, or is of a later version.
    """
    if not path.is_file():
        raise ResultError(f"No history file at {path}", "Write one with --history")
    # NOTE: opening for writing also cleans up after a job that was killed while writing.
    with _opened(path, "rw" if os.access(path, os.W_OK) else "ro") as file:
        file.execute("BEGIN")
        if _is_new(file, path):
            return ()
        audits = [dict(row) for row in file.execute("SELECT * FROM audits ORDER BY created, id")]
        measures = _by_audit(file, "SELECT * FROM measures ORDER BY rowid")
        limits = _by_audit(file, 'SELECT *, at_most AS "limit" FROM limits ORDER BY rowid')
    try:
        return tuple(
            Entry.model_validate(
                {**row, "measures": measures.get(row["id"], []), "limits": limits.get(row["id"], [])}
            )
            for row in audits
        )
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ResultError(f"{path} is not a history: {where}: {first['msg']}", _MEND) from error


@contextmanager
def _opened(path: Path, mode: str) -> Iterator[sqlite3.Connection]:
    """The database; what was not committed when the block ends is undone."""
    address = f"{path.absolute().as_uri()}?mode={mode}"
    try:
        file = sqlite3.connect(address, uri=True, timeout=_WAIT_SECONDS, isolation_level=None)
        file.row_factory = sqlite3.Row
        try:
            yield file
        finally:
            file.close()
    except sqlite3.Error as error:
        raise ResultError(f"Cannot open the history {path}: {error}", _MEND) from error


def _is_new(file: sqlite3.Connection, path: Path) -> bool:
    """Whether the database is empty; refuses one that is another program's or of a later version."""
    questions = ("PRAGMA application_id", "PRAGMA user_version", "SELECT count(*) FROM sqlite_master")
    application, version, tables = (file.execute(question).fetchone()[0] for question in questions)
    if not (application or version or tables):
        return True
    if application != _APPLICATION:
        raise ResultError(f"{path} is another program's database", _MEND)
    if version > HISTORY_VERSION:
        raise ResultError(
            f"{path} has history version {version}; this privaudit reads up to {HISTORY_VERSION}",
            "Upgrade privaudit",
        )
    return False


def _create(file: sqlite3.Connection) -> None:
    for table in _TABLES:
        file.execute(table)
    file.execute(f"PRAGMA application_id = {_APPLICATION}")
    file.execute(f"PRAGMA user_version = {HISTORY_VERSION}")


def _insert(file: sqlite3.Connection, entry: Entry, digest: str) -> None:
    audit = (
        digest, entry.created, entry.command, entry.model, entry.model_digest, entry.data_digest,
        entry.comparable, entry.status, entry.claimed_epsilon, entry.tool_version,
    )  # fmt: skip
    known = "SELECT 1 FROM audits WHERE digest = ?"
    if file.execute(known, (digest,)).fetchone() is not None:
        return
    added = file.execute(f"INSERT INTO audits VALUES (NULL{', ?' * len(audit)})", audit)  # noqa: S608 - marks
    number = added.lastrowid
    file.executemany(
        "INSERT INTO measures VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (number, m.attack, m.metric, m.value, m.low, m.high, m.n_references, m.setup)
            for m in entry.measures
        ],
    )
    file.executemany(
        "INSERT INTO limits VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(number, i.expression, i.attack, i.metric, i.limit, i.result, i.waived) for i in entry.limits],
    )


def _by_audit(file: sqlite3.Connection, query: str) -> dict[int, list[dict[str, object]]]:
    found: dict[int, list[dict[str, object]]] = {}
    for row in file.execute(query):
        found.setdefault(row["audit"], []).append(dict(row))
    return found
