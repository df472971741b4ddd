"""TOML files that the user wrote: configuration and policy."""

from pathlib import Path

from privaudit.errors import UsageError


def read_toml(path: Path) -> tuple[dict[str, object], bytes]:
    """What a file says, and its bytes.

    Raises:
        UsageError: it cannot be read, or is not TOML.
    """
    # NOTE: imported here, because most commands find no such file.
    import tomllib

    try:
        raw = path.read_bytes()
        return tomllib.loads(raw.decode()), raw
    except (OSError, ValueError, RecursionError) as error:  # ValueError: no UTF-8, no TOML, or a vast number
        raise UsageError("a TOML file", f"{path.name}: {error}", "Correct the file") from error
