"""Where a policy stands: ``[tool.privaudit.gate]`` of ``pyproject.toml``, or ``[gate]`` of another file."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ValidationError

from privaudit.errors import UsageError
from privaudit.gate.policy import Policy, SliceLimit, Waiver
from privaudit.inert import inert
from privaudit.toml_file import read_toml

_MEND = "See docs/gate.md"
_FAULTS = {
    "tuple_type": "must be a list",
    "model_type": "must be a table",
    "date_type": "must be a date, such as 2027-01-31 without quotes",
}
_NAMES = ("privaudit.toml", "pyproject.toml")
_IN_PYPROJECT = ("tool", "privaudit", "gate")


@dataclass(frozen=True)
class LoadedPolicy:
    """A policy and where it stands."""

    policy: Policy
    path: Path | None = None
    digest: str | None = None
    """SHA-256 of the file."""

    @property
    def source(self) -> str | None:
        """The file's name and the beginning of its digest; None where no file has a policy."""
        if self.path is None or self.digest is None:
            return None
        return f"{inert(self.path.name)} (SHA-256 {self.digest[:12]})"

    @property
    def baseline(self) -> Path | None:
        """The baseline, seen from where the program runs."""
        if self.path is None or self.policy.baseline is None:
            return None
        return self.path.parent / self.policy.baseline


def find_policy(explicit: Path | None, folder: Path, tables: Collection[str] | None = None) -> LoadedPolicy:
    """The policy that applies: that of ``explicit``, else of ``privaudit.toml`` or ``pyproject.toml``.

    Args:
        explicit: the file given with ``--policy``; refused without a limit, because a misplaced file must not
            pass.
        folder: where to look otherwise; finding nothing is fine.
        tables: names that tables beside the policy may have there; None allows all.

    Raises:
        UsageError: the file is missing, is not TOML, has no limit, or has an unknown key or value; a part of
            a policy stands outside its table, or an unknown table beside it; or both files have a policy.
    """
    if explicit is not None:
        if not explicit.is_file():
            raise UsageError(f"No policy file at {explicit}", "Correct --policy")
        found = _read(explicit)
        if not found.policy.has_limits:
            raise UsageError(
                f"[{_table_name(explicit)}] of {explicit.name} sets no limit",
                "Add fail-if, slices or max-increase, or correct --policy",
            )
        return found
    read = [_read(folder / name, tables) for name in _NAMES if (folder / name).is_file()]
    policies = [one for one in read if one.path is not None]
    if len(policies) > 1:
        raise UsageError(f"Both {' and '.join(_NAMES)} have a policy", "Drop one of them")
    return policies[0] if policies else _nothing()


def _nothing() -> LoadedPolicy:
    # NOTE: not validated: a gate without a policy should not wait for its schema.
    return LoadedPolicy(Policy.model_construct())


def _read(path: Path, tables: Collection[str] | None = None) -> LoadedPolicy:
    """The policy in a file, without a path where the file has none."""
    content, raw = read_toml(path)
    _refuse_misplaced(content, path)
    _refuse_misspelt(content, path, tables)
    table: object = content
    for key in _table_name(path).split("."):
        if not isinstance(table, Mapping):
            raise UsageError(f"[{_table_name(path)}] of {path.name} is not a table", _MEND)
        if key not in table:
            return _nothing()
        table = table[key]
    # NOTE: imported here, because a gate on the limits of a result hashes no policy.
    import hashlib

    return LoadedPolicy(_validated(table, path), path, hashlib.sha256(raw).hexdigest())


def _refuse_misplaced(content: Mapping[str, object], path: Path) -> None:
    """Refuse keys of a policy beside its table, and the table as only ``pyproject.toml`` has it."""
    stray = sorted(_beside(content, path).keys() & _keys(()))
    if path.name != "pyproject.toml" and _table_at(content, _IN_PYPROJECT):
        stray.append(".".join(_IN_PYPROJECT))
    if stray:
        raise UsageError(
            f"{', '.join(map(repr, stray))} of {path.name} stands outside the policy",
            f"Move it to [{_table_name(path)}]",
        )


def _refuse_misspelt(content: Mapping[str, object], path: Path, tables: Collection[str] | None) -> None:
    """Refuse tables that nothing reads: a policy in one of them would silently do nothing."""
    if tables is None:
        return
    named = {key for key, value in _beside(content, path).items() if isinstance(value, Mapping)}
    if unknown := sorted(named - set(tables)):
        raise UsageError(
            f"Unknown table {', '.join(map(repr, unknown))} in {path.name}",
            f"Name it like a command, or [{_table_name(path)}] for a policy",
        )


def _beside(content: Mapping[str, object], path: Path) -> Mapping[str, object]:
    """What stands beside the table of the policy."""
    return _table_at(content, _IN_PYPROJECT[:-1]) if path.name == "pyproject.toml" else content


def _table_at(content: Mapping[str, object], keys: Sequence[str]) -> Mapping[str, object]:
    """The table under ``keys``; empty if absent."""
    for key in keys:
        below = content.get(key)
        content = below if isinstance(below, Mapping) else {}
    return content


def _validated(content: object, path: Path) -> Policy:
    try:
        return Policy.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    where = f"[{_table_name(path)}] of {path.name}"
    if first["type"] == "extra_forbidden":
        keys = ", ".join(_keys(first["loc"]))
        raise UsageError(f"Unknown key {place!r} in {where}", f"Use {keys}")
    if first["type"] == "missing":
        raise UsageError(f"{where} lacks the key {place!r}", _MEND)
    fault = _FAULTS.get(first["type"], first["msg"])
    raise UsageError(f"{where} is invalid at {place or 'the table'}: {fault}", _MEND)


def _keys(location: tuple[int | str, ...]) -> list[str]:
    tables: Mapping[object, type[BaseModel]] = {"waivers": Waiver, "slices": SliceLimit}
    table = tables.get(location[0], Policy) if len(location) > 1 else Policy
    return [field.alias or name for name, field in table.model_fields.items()]


def _table_name(path: Path) -> str:
    return ".".join(_IN_PYPROJECT) if path.name == "pyproject.toml" else "gate"
