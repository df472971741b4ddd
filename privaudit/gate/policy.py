"""The policy of a repository: limits, allowed changes against a baseline, and waivers, in one TOML table.

``[tool.privaudit.gate]`` in ``pyproject.toml``, or ``[gate]`` in ``privaudit.toml``. An unknown key is an
error: a misspelled limit must never be a limit that is silently absent.
"""

import datetime
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from privaudit.errors import UsageError
from privaudit.gate.thresholds import parse_threshold
from privaudit.gate.verdict import OnInconclusive
from privaudit.inert import inert

_MEND = "See docs/gate.md"
_FAULTS = {
    "tuple_type": "a list is wanted",
    "model_type": "a table is wanted",
    "date_type": "a date is wanted, such as 2027-01-31 without quotes",
}
_NAMES = ("privaudit.toml", "pyproject.toml")
_IN_PYPROJECT = ("tool", "privaudit", "gate")


# NOTE: these raise no ValueError, so their messages reach the user as they are.
def _expression(text: str) -> str:
    return parse_threshold(text).expression


def _of_a_slice(text: str) -> str:
    if parse_threshold(text).metric not in ("auc", "tpr"):
        raise UsageError("a limit on auc or tpr@F for a slice", repr(text), "Use one of these")
    return text


def _by_value(text: str) -> str:
    by, _, value = text.partition("=")
    if not (by.strip() and value.strip()):
        raise UsageError("a slice as by=value", repr(text), "Write for example class=transfer")
    return text


def _beginning(digest: str) -> str:
    if re.fullmatch(r"[0-9a-f]{8,64}", digest) is None:
        raise UsageError(
            "8 to 64 hexadecimal digits as the model of a waiver",
            repr(digest),
            "Copy the digest that `privaudit gate` prints",
        )
    return digest


def _word(value: object) -> object:
    return "4" if type(value) is int and value == 4 else value


Expression = Annotated[str, AfterValidator(_expression)]
Text = Annotated[str, Field(min_length=1, pattern=r"\S")]


class _Table(BaseModel):
    # NOTE: deferred, because most gates have no waivers and no slices.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class SliceLimit(_Table):
    """A limit for one part of the records."""

    slice: Annotated[str, AfterValidator(_by_value)]
    """``by=value`` as the result names it, such as ``class=transfer``."""
    fail_if: Annotated[Expression, AfterValidator(_of_a_slice)] = Field(alias="fail-if")

    @property
    def by(self) -> str:
        """What the records are divided by."""
        return self.slice.partition("=")[0].strip()

    @property
    def value(self) -> str:
        """Which part is meant."""
        return self.slice.partition("=")[2].strip()


class Waiver(_Table):
    """A finding that somebody answers for, up to a number and a date."""

    id: Text
    """The name of the limit it speaks of, as results write it."""
    model: Annotated[str, AfterValidator(_beginning)]
    """Beginning of the model's digest: another model needs another waiver."""
    limit: float = Field(strict=True, ge=0, allow_inf_nan=False)
    """Accepted up to here; what grew beyond is a finding again."""
    reason: Text
    owner: Text
    expires: datetime.date = Field(strict=True)
    """The last day on which it counts, UTC."""
    ticket: Text | None = None


class Policy(_Table):
    """What a build obeys."""

    fail_if: tuple[Expression, ...] = Field(default=(), alias="fail-if")
    slices: tuple[SliceLimit, ...] = ()
    max_increase: tuple[Expression, ...] = Field(default=(), alias="max-increase")
    """``[attack:]metric[@fpr]>limit``: how much more than in the baseline is too much."""
    baseline: Path | None = None
    """A result of the accepted model, relative to the policy's folder."""
    on_inconclusive: Annotated[OnInconclusive, BeforeValidator(_word)] = Field(
        default="4", alias="on-inconclusive"
    )
    longest_waiver_days: int = Field(default=180, alias="longest-waiver-days", strict=True, ge=1)
    waivers: tuple[Waiver, ...] = ()

    @property
    def has_limits(self) -> bool:
        """Whether it limits anything."""
        return bool(self.fail_if or self.slices or self.max_increase)


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


def find_policy(explicit: Path | None, folder: Path) -> LoadedPolicy:
    """The policy that applies: that of ``explicit``, else of ``privaudit.toml`` or ``pyproject.toml``.

    Args:
        explicit: the file given with ``--policy``; one without any limit is refused, because a misplaced file
            must not pass.
        folder: where to look otherwise; finding nothing is fine.

    Raises:
        UsageError: the file is missing, is not TOML, has no limit, or has a key or value that no policy has;
            a part of a policy stands outside of its table; or both files of the folder have a policy.
    """
    if explicit is not None:
        if not explicit.is_file():
            raise UsageError("a policy file", f"no file at {explicit}", "Correct --policy")
        found = _read(explicit)
        if not found.policy.has_limits:
            raise UsageError(
                f"limits in [{_table_name(explicit)}] of {explicit.name}",
                "none",
                "Add fail-if, slices or max-increase, or correct --policy",
            )
        return found
    read = [_read(folder / name) for name in _NAMES if (folder / name).is_file()]
    policies = [one for one in read if one.path is not None]
    if len(policies) > 1:
        raise UsageError("one policy", f"one in each of {' and '.join(_NAMES)}", "Drop one of the tables")
    return policies[0] if policies else _nothing()


def _nothing() -> LoadedPolicy:
    # NOTE: not validated, so that a gate without a policy does not wait for its schema.
    return LoadedPolicy(Policy.model_construct())


def _read(path: Path) -> LoadedPolicy:
    """The policy in a file, without a path where the file has none."""
    # NOTE: imported here, because a gate on the limits of a result reads no TOML and hashes no policy.
    import hashlib
    import tomllib

    try:
        raw = path.read_bytes()
        content = tomllib.loads(raw.decode())
    except (OSError, ValueError, RecursionError) as error:  # ValueError: no UTF-8, no TOML, or a vast number
        raise UsageError("a TOML file", f"{path.name}: {error}", "Correct the file") from error
    _refuse_misplaced(content, path)
    table: object = content
    for key in _table_name(path).split("."):
        if not isinstance(table, Mapping):
            raise UsageError(f"a table [{_table_name(path)}]", f"another value in {path.name}", _MEND)
        if key not in table:
            return _nothing()
        table = table[key]
    return LoadedPolicy(_validated(table, path), path, hashlib.sha256(raw).hexdigest())


def _refuse_misplaced(content: Mapping[str, object], path: Path) -> None:
    """Refuse keys of a policy beside its table, and the table as only ``pyproject.toml`` has it."""
    of_project = path.name == "pyproject.toml"
    beside = _table_at(content, _IN_PYPROJECT[:-1]) if of_project else content
    stray = sorted(beside.keys() & _keys(()))
    if not of_project and _table_at(content, _IN_PYPROJECT):
        stray.append(".".join(_IN_PYPROJECT))
    if stray:
        raise UsageError(
            f"a policy in [{_table_name(path)}] of {path.name}",
            f"{', '.join(map(repr, stray))} outside of it",
            "Move it there",
        )


def _table_at(content: Mapping[str, object], keys: Sequence[str]) -> Mapping[str, object]:
    """The table under ``keys``; an empty one where there is none."""
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
        raise UsageError(f"keys out of {keys}", f"{place!r} in {where}", _MEND)
    if first["type"] == "missing":
        raise UsageError(f"the key {place!r}", f"{where} without it", _MEND)
    fault = _FAULTS.get(first["type"], first["msg"])
    raise UsageError(f"a policy in {where}", f"a fault at {place or 'the table'}: {fault}", _MEND)


def _keys(location: tuple[int | str, ...]) -> list[str]:
    tables: Mapping[object, type[_Table]] = {"waivers": Waiver, "slices": SliceLimit}
    table = tables.get(location[0], Policy) if len(location) > 1 else Policy
    return [field.alias or name for name, field in table.model_fields.items()]


def _table_name(path: Path) -> str:
    return ".".join(_IN_PYPROJECT) if path.name == "pyproject.toml" else "gate"
