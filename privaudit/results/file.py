"""Reading and writing ``result.json``."""

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from privaudit.errors import ResultError
from privaudit.files import PUBLIC, replaced
from privaudit.inert import inert_json
from privaudit.results.result import SCHEMA_VERSION, Result


class _Header(BaseModel):
    schema_version: int = Field(ge=1)


def to_json(result: Result) -> str:
    """The result as JSON text, without NaN or Infinity and without characters that steer a terminal."""
    plain = json.dumps(result.model_dump(mode="json"), indent=1, ensure_ascii=False, allow_nan=False)
    return inert_json(plain) + "\n"


def write_result(result: Result, path: Path) -> None:
    """Write ``result.json`` in one atomic step, so that a reader never sees half a file.

    Raises:
        ResultError: the folder does not exist or cannot be written.
    """
    try:
        with replaced(path, mode=PUBLIC) as file:
            file.write(to_json(result).encode())
    except OSError as error:
        raise ResultError(
            f"a writable place for {path.name}",
            f"{error.strerror} at {path.parent}",
            "Name a file in an existing, writable folder",
        ) from error


def read_result(path: Path) -> Result:
    """Read ``result.json`` of this or any older schema version.

    Raises:
        ResultError: the file is missing, not JSON, not a result, or of a later schema version.
    """
    mend = "Give the file that a privaudit command wrote with -o"
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ResultError("a readable result file", f"{path}: {type(error).__name__}", mend) from error
    try:
        header = _Header.model_validate_json(text)
        if header.schema_version > SCHEMA_VERSION:
            raise ResultError(
                f"a result of schema version at most {SCHEMA_VERSION}",
                f"version {header.schema_version}",
                "Upgrade privaudit",
            )
        return Result.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the top level"
        raise ResultError(
            "a privaudit result", f"{path} with a fault at {where}: {first['msg']}", mend
        ) from error


def json_schema() -> dict[str, Any]:
    """The JSON Schema of ``result.json``."""
    schema = Result.model_json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
