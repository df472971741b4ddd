"""``privaudit report``: a result as a page, a summary, or what a pipeline reads."""

from pathlib import Path
from typing import Annotated

import typer

from privaudit.cli import options


def command(
    result: Annotated[Path, typer.Argument(help="result.json of any command.")],
    output: Annotated[
        list[Path],
        typer.Option(
            "--output",
            "-o",
            help="Ends in .html, .md, .xml (JUnit), .sarif, .badge.json or .json; repeatable.",
            rich_help_panel=options.OUTPUT,
        ),
    ],
    location: Annotated[
        str,
        typer.Option(
            "--location",
            help="File of the repository that SARIF findings point at.",
            rich_help_panel=options.OUTPUT,
        ),
    ] = "pyproject.toml",
    quiet: options.Quiet = False,
) -> int:
    """Render a result; exit 0 whatever its verdict says.

    The page is one file without scripts or anything from elsewhere. It shows secrets and texts only where the
    result holds them, and says so at its top.
    """
    from privaudit.cli.report_run import run

    return run(result, output, location=location, quiet=quiet)
