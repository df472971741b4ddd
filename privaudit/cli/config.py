"""``privaudit.toml`` and ``[tool.privaudit]``: defaults of the command line, kept in the repository.

A table named like a command holds its options (``[mia]``: ``attack = ["loss"]``, ``fail-if = [...]``); keys
beside the tables are common to all commands. An unknown key is an error: a misspelled threshold must never
be a threshold that is silently absent.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from privaudit.cli.commands import COMMANDS
from privaudit.errors import UsageError
from privaudit.toml_file import read_toml

FILE_NAME = "privaudit.toml"

COMMON = frozenset({"seed", "device", "threads", "quiet", "verbose", "no-color", "max-seconds"})
"""Keys that may stand beside the tables and hold for every command that has the option."""

Setting = str | int | float | bool | list[str]


@dataclass(frozen=True)
class Configuration:
    """The settings of one file."""

    origin: str
    """For provenance: file name and table."""
    settings: Mapping[str, object]


def find_configuration(explicit: Path | None, folder: Path) -> Configuration:
    """The configuration that applies: ``explicit``, else ``privaudit.toml``, else ``pyproject.toml``.

    Args:
        explicit: the file given with ``--config``; a missing one is an error.
        folder: where to look otherwise; finding nothing is fine.

    Raises:
        UsageError: the file is missing, not TOML, or not a table.
    """
    if explicit is not None:
        if not explicit.is_file():
            raise UsageError(f"No configuration file at {explicit}", "Check --config")
        return _read(explicit, tool_table=explicit.name == "pyproject.toml")
    if (folder / FILE_NAME).is_file():
        return _read(folder / FILE_NAME, tool_table=False)
    if (folder / "pyproject.toml").is_file():
        return _read(folder / "pyproject.toml", tool_table=True)
    return Configuration("defaults", {})


def _read(path: Path, *, tool_table: bool) -> Configuration:
    content: object = read_toml(path)[0]
    keys = ("tool", "privaudit") if tool_table else ()
    for key in keys:
        content = content.get(key, {}) if isinstance(content, dict) else {}
    if not isinstance(content, dict):
        raise UsageError(f"[tool.privaudit] in {path.name} is not a table", "Make it a table")
    return Configuration(f"{path.name} [tool.privaudit]" if tool_table else path.name, content)


def settings_for(configuration: Configuration, command: str, options: Collection[str]) -> dict[str, Setting]:
    """The settings of one command: common keys that it knows, then its own table on top.

    Args:
        configuration: what was found.
        command: ``mia``, ``train``, …; ``canary plant`` has the table ``[canary.plant]``.
        options: names of the command's options, ``lower-case-with-hyphens``.

    Raises:
        UsageError: a key beside the tables is not common, the command's table has a key that is no option of
            it, or a value has a type that no option takes.
    """
    _refuse_unknown_tables(configuration)
    top = {key: value for key, value in configuration.settings.items() if not isinstance(value, dict)}
    if unknown := set(top) - COMMON:
        raise UsageError(
            f"Unknown option {_listed(unknown)} beside the tables of {configuration.origin}",
            f"Move it into a command's table; only {_listed(COMMON)} apply to every command",
        )
    own: object = configuration.settings
    for name in command.split():
        own = own.get(name, {}) if isinstance(own, Mapping) else own
    if not isinstance(own, dict):
        table = command.replace(" ", ".")
        raise UsageError(f"[{table}] in {configuration.origin} is not a table", "Make it a table")
    if unknown := set(own) - set(options):
        raise UsageError(
            f"Unknown option {_listed(unknown)} in [{command.replace(' ', '.')}] of {configuration.origin}",
            f'Use option names from "privaudit {command} --help", without the dashes',
        )
    common = {key: value for key, value in top.items() if key in options}
    return {key: _setting(key, value, configuration.origin) for key, value in {**common, **own}.items()}


def _refuse_unknown_tables(configuration: Configuration) -> None:
    """A limit in a table of no command would be silently absent."""
    tables = {key for key, value in configuration.settings.items() if isinstance(value, dict)}
    if unknown := tables - set(COMMANDS):
        raise UsageError(
            f"Unknown table {_listed(unknown)} in {configuration.origin}",
            'Name tables after commands: run "privaudit --help"',
        )


def _listed(names: Collection[str]) -> str:
    return ", ".join(map(repr, sorted(names)))


def _setting(key: str, value: object, origin: str) -> Setting:
    match value:
        case bool() | int() | float() | str():
            return value
        case list() if all(isinstance(item, str) for item in value):
            return value
        case _:
            raise UsageError(
                f"{key!r} in {origin} has the type {type(value).__name__}",
                "Make it a text, a number, true, false or a list of texts",
            )
