"""Typer commands with plain, sectioned help and defaults from the configuration file."""

import gc
import os
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from privaudit.cli.config import Setting, find_configuration, settings_for

_FIRST_SECTIONS = (
    "Arguments", "Mechanism", "Guesses", "Inputs", "Limits", "Canaries", "Attacks", "References", "Training",
    "Output", "Runtime",
)  # fmt: skip


class PlainCommand(TyperCommand):
    """A command whose help lists its options by section and whose defaults come from ``privaudit.toml``."""

    def format_options(self, ctx: typer.Context, formatter: Any) -> None:  # type: ignore[override] # noqa: ANN401
        """Write one plain list per section (``rich_help_panel``)."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                if parameter.param_type_name == "argument":  # NOTE: Typer adds a Python type to the name.
                    name, record = "Arguments", (parameter.metavar or record[0], record[1])
                else:
                    name = getattr(parameter, "rich_help_panel", None) or "Runtime"
                sections.setdefault(name, []).append(record)
        for name in sorted(sections, key=_section_order):
            with formatter.section(name):
                formatter.write_dl(sections[name])

    def collect_usage_pieces(self, ctx: Any) -> list[str]:  # noqa: ANN401
        """``MODEL`` for what is required, where Typer writes ``{MODEL}``."""
        return [piece.replace("{", "").replace("}", "") for piece in super().collect_usage_pieces(ctx)]

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: Any = None,  # noqa: ANN401 - Typer's own context class is private
        **extra: Any,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        """Take defaults from the configuration file before the arguments are parsed."""
        if not {"-h", "--help"} & set(args):
            group = parent.info_name if parent is not None and parent.parent is not None else ""
            extra["default_map"] = self._configured(f"{group} {info_name or ''}".strip(), args)
        return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401
        """Run the command; from here on there may be garbage to collect (see ``app.main``)."""
        if not gc.isenabled():
            gc.freeze()
            gc.enable()
        return super().invoke(ctx)

    def _configured(self, command: str, args: list[str]) -> dict[str, Setting]:
        options = dict(self._long_names())
        if "config" not in options:
            return {}
        explicit = _config_argument(args) or os.environ.get("PRIVAUDIT_CONFIG")
        configuration = find_configuration(Path(explicit) if explicit else None, Path.cwd())
        found = settings_for(configuration, command, options)
        return {options[key]: value for key, value in found.items()}

    def _long_names(self) -> Iterator[tuple[str, str]]:
        for parameter in self.params:
            for declaration in parameter.opts:
                if declaration.startswith("--") and parameter.name:
                    yield declaration.removeprefix("--"), parameter.name


class PlainGroup(TyperGroup):
    """A group that lists its commands in the order in which they are registered."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401
        """Names in the order of a user's story, not of the alphabet."""
        del ctx
        return list(self.commands)

    def get_help_option(self, ctx: Any) -> Any:  # noqa: ANN401
        """The help flag, with a default that Typer need not import pydantic to coerce."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.default = False
        return option


def _section_order(name: str) -> int:
    return _FIRST_SECTIONS.index(name) if name in _FIRST_SECTIONS else len(_FIRST_SECTIONS)


def _config_argument(args: list[str]) -> str | None:
    for position, argument in enumerate(args):
        if argument == "--config" and position + 1 < len(args):
            return args[position + 1]
        if argument.startswith("--config="):
            return argument.removeprefix("--config=")
    return None


def origins(ctx: typer.Context) -> dict[str, str]:
    """Every option that did not keep its default: its value and where it came from."""
    found = {}
    for name, value in ctx.params.items():
        source = ctx.get_parameter_source(name)
        label = {"COMMANDLINE": "flag", "ENVIRONMENT": "environment", "DEFAULT_MAP": "configuration"}.get(
            source.name if source else ""
        )
        if label is not None:
            found[name.replace("_", "-")] = f"{_as_typed(value)} ({label})"
    return found


def _as_typed(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(_as_typed, value))
    return str(value.value if isinstance(value, Enum) else value)
