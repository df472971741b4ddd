"""Reading and writing ``result.json``."""

import json
from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from privaudit.errors import ResultError
from privaudit.inert import inert_json
from privaudit.results.result import SCHEMA_VERSION, Result

_MEND = "Give the file that a privaudit command wrote with -o"


class _Header(BaseModel):
    """What every version has."""

    model_config = ConfigDict(defer_build=True)
    schema_version: int = Field(ge=1)


def to_json(result: Result) -> str:
    """The result as JSON text, without NaN or Infinity and without characters that steer a terminal."""
    plain = json.dumps(result.model_dump(mode="json"), indent=1, ensure_ascii=False, allow_nan=False)
    return inert_json(plain) + "\n"


def write_result(result: Result, path: Path) -> None:
    """Write ``result.json`` in one atomic step: no reader sees half a file.

    One with texts or secrets has mode 0600.

    Raises:
        ResultError: the folder does not exist or cannot be written.
    """
    # NOTE: imported here, because reading should not wait for `tempfile`.
    from privaudit.files import PRIVATE, PUBLIC, write_text

    write_text(to_json(result), path, mode=PRIVATE if result.confidential else PUBLIC)


def read_result(path: Path, *, without: Collection[str] = ()) -> Result:
    """Read ``result.json`` of this or any older schema version.

    Args:
        path: the file.
        without: parts to skip, such as ``records``: they are empty in what is returned, whatever the file
            says. For callers that look at few parts of a large file and write none.

    Raises:
        ResultError: the file is missing, not JSON, not a result, holds NaN or Infinity, or has a later schema
            version.
    """
    try:
        content = path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: cannot be a path
        why = str(getattr(error, "strerror", None) or error).lower()
        raise ResultError(f"Cannot read {path}: {why}", _MEND) from error
    try:
        kind = _reduced(frozenset(without)) if without else Result
        result = kind.model_validate_json(content)
    except ValidationError as error:
        _check_version(_version(content))
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the top level"
        raise ResultError(f"{path} is not a privaudit result: {where}: {first['msg']}", _MEND) from error
    _check_version(result.schema_version)
    if b"NaN" in content or b"Infinity" in content:
        _refuse_constants(content, path)
    return result


@cache
def _reduced(without: frozenset[str]) -> type[Result]:
    """A result in which some parts are constants: no object is made of what a file says of them."""
    constants = {name: Result.model_fields[name].get_default() for name in without}
    annotations = dict.fromkeys(without, ClassVar[object])
    return type("Result", (Result,), {"__annotations__": annotations, "__module__": __name__, **constants})


def _version(content: bytes) -> int:
    try:
        return _Header.model_validate_json(content).schema_version
    except ValidationError:
        return SCHEMA_VERSION


def _check_version(version: int) -> None:
    if version > SCHEMA_VERSION:
        raise ResultError(
            f"The result has schema version {version}; this privaudit reads up to {SCHEMA_VERSION}",
            "Upgrade privaudit",
        )
    if version < 1:
        raise ResultError(f"The result has schema version {version}; the first is 1", _MEND)


def _refuse_constants(content: bytes, path: Path) -> None:
    """Where anything may stand, such as in the parameters of an attack, only JSON itself is checked."""

    def refuse(constant: str) -> None:
        raise ResultError(f"{path} is not a privaudit result: it holds the number {constant}", _MEND)

    json.loads(content, parse_constant=refuse)


def json_schema() -> dict[str, Any]:
    """The JSON Schema of ``result.json``."""
    schema = Result.model_json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
