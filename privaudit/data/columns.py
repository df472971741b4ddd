"""Which column of a data file is what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from privaudit.errors import DataError


class Role(StrEnum):
    """What a column is to an audit. The value is the start of the flag that names it."""

    TEXT = "text"
    LABEL = "label"
    ID = "id"
    GROUP = "group"
    MEMBER = "member"


KNOWN: Mapping[Role, tuple[str, ...]] = {
    Role.TEXT: (
        "text", "sentence", "utterance", "message", "content", "document", "query", "question", "comment",
        "review", "tweet", "body",
    ),
    Role.LABEL: ("label", "labels", "class", "category", "intent", "target", "sentiment", "topic"),
    Role.ID: ("id", "record_id"),
    # A user's column is taken as the privacy unit only when asked for: it changes what is split and claimed.
    Role.GROUP: ("group",),
    Role.MEMBER: ("member", "is_member", "membership", "split"),
}  # fmt: skip
"""Column names that are recognised without a flag, in any case."""

_ALL = frozenset(name for names in KNOWN.values() for name in names)
_SHOWN = 8


@dataclass(frozen=True)
class Columns:
    """Column names given by the user; None finds the column by its usual names."""

    text: str | None = None
    label: str | None = None
    id: str | None = None
    group: str | None = None
    member: str | None = None


ANY_COLUMNS = Columns()
"""None is named: all are found by their usual names."""


@dataclass(frozen=True)
class FoundColumns:
    """The columns found; None for an optional one that the file lacks."""

    text: str
    label: str
    id: str | None
    group: str | None
    member: str | None


def is_known(name: str) -> bool:
    """Whether a cell is a column name that is recognised without a flag."""
    return name.strip().casefold() in _ALL


def shown(text: str, width: int = 24) -> str:
    """``text`` in one line of at most ``width`` characters, for a message."""
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 1] + "…"


def find_columns(columns: Sequence[str], named: Columns) -> FoundColumns:
    """Find the column of every role: the one that the user named, else the only one with a known name.

    Args:
        columns: the names in the file.
        named: by the user.

    Raises:
        DataError: a named column does not exist or is there twice, a required one is not found, or several
            have names known for the same role.
    """
    given = {role: name for role in Role if (name := getattr(named, role.value)) is not None}
    for role, name in given.items():
        if columns.count(name) != 1:
            times = "No column" if name not in columns else f"{columns.count(name)} columns"
            raise DataError(f"{times} {name!r} among {_names(columns)}", _mend(role))
    free = [name for name in columns if name not in given.values()]
    found = {role: given.get(role) or _known_column(free, role) for role in Role}

    def required(role: Role) -> str:
        name = found[role]
        if name is None:
            raise DataError(f"No {role} column among {_names(columns)}", _mend(role))
        return name

    return FoundColumns(
        required(Role.TEXT), required(Role.LABEL), found[Role.ID], found[Role.GROUP], found[Role.MEMBER]
    )


def _known_column(free: Sequence[str], role: Role) -> str | None:
    """The column among ``free`` whose name is known for ``role``."""
    matches = [name for name in free if name.casefold() in KNOWN[role]]
    if len(matches) > 1:
        raise DataError(f"{len(matches)} columns could be the {role}: {_names(matches)}", _mend(role))
    return matches[0] if matches else None


def _mend(role: Role) -> str:
    return f"Name the column with --{role}-column"


def _names(columns: Sequence[str]) -> str:
    """The first columns, quoted."""
    names = ", ".join(repr(shown(name)) for name in columns[:_SHOWN])
    return names + (f" and {len(columns) - _SHOWN} more" if len(columns) > _SHOWN else "")
