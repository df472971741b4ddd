"""``privaudit demo``: the whole story on data that the program makes up itself."""

from pathlib import Path
from typing import Annotated

import typer

from privaudit.cli import options


def command(
    folder: Annotated[
        Path, typer.Option("--folder", help="New or empty folder for data, model, result and report.")
    ] = Path("privaudit-demo"),
    seed: options.Seed = 0,
    quiet: options.Quiet = False,
    no_color: options.NoColor = False,
) -> int:
    """Train a classifier on made-up messages, attack it, and judge it: under a minute.

    The demonstration ends with exit code 0 although its model leaks: it shows what a gate would have said.
    """
    from privaudit.cli.demo_run import run

    return run(folder, seed=seed, quiet=quiet, no_color=no_color)
