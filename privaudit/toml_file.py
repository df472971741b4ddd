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
    except OSError as error:
        raise UsageError(f"Cannot read {path.name}: {error.strerror}", "Check the file") from error
    except (ValueError, RecursionError) as error:  # ValueError: not UTF-8, not TOML, or a vast number
        raise UsageError(f"{path.name} is not a TOML file: {error}", "Fix the file") from error
