"""The program: its commands, and the one place where errors become exit codes."""

import gc
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from functools import cache
from typing import Annotated, NoReturn

import typer

from privaudit import __version__
from privaudit.cli.command import PlainCommand, PlainGroup
from privaudit.cli.commands import COMMANDS
from privaudit.cli.failures import run_guarded


def _version(value: bool) -> None:
    if value:
        sys.stdout.write(f"privaudit {__version__}\n")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    del version


@cache
def build(names: Sequence[str] = COMMANDS) -> typer.Typer:
    """The program with these of its commands."""
    # NOTE: plain help and no completion options, because rich's markup modules and Typer's pydantic adapters
    # would more than double the time of `--help` (see benchmarks/startup.py).
    app = typer.Typer(
        name="privaudit",
        cls=PlainGroup,
        add_completion=False,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
        help=(
            "Audit what a trained text classifier reveals about its training texts.\n\n"
            "Start with: privaudit demo, then privaudit train DATA -o model.pt and privaudit mia model.pt."
        ),
        epilog="Exit codes: 0 held, 1 leakage, 2 unusable input, 3 bug, 4 inconclusive, 130 interrupted.",
    )
    app.callback()(_root)
    for name in names:
        module = importlib.import_module(f"privaudit.cli.{name}")
        group: typer.Typer | None = getattr(module, "app", None)
        if group is not None:
            app.add_typer(group, name=name)
        else:
            function: Callable[..., object] = module.command
            app.command(name, cls=PlainCommand)(function)
    return app


def __getattr__(name: str) -> typer.Typer:
    if name == "app":
        return build()
    raise AttributeError(name)


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run the program and exit with one of :class:`privaudit.exits.Exit`."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    # NOTE: looking for plugins takes a while, and an audit must not run foreign code.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # NOTE: imports leave no garbage, and looking for some takes a while.
    gc.disable()
    # NOTE: a gate in a pipeline should not wait for the options of every other command.
    asked = tuple(name for name in arguments[:1] if name in COMMANDS)
    sys.exit(run_guarded(build(asked or COMMANDS), arguments))
