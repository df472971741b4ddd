"""``privaudit report``: a result as a page, a summary, or what a pipeline reads; or many over time."""

from pathlib import Path
from typing import Annotated

import typer

from privaudit.cli import options


def command(
    output: Annotated[
        list[Path],
        typer.Option(
            "--output",
            "-o",
            help="Ends in .html, .md, .xml (JUnit), .sarif, .badge.json or .json; repeatable.",
            rich_help_panel=options.OUTPUT,
        ),
    ],
    result: Annotated[Path | None, typer.Argument(help="result.json of any command.")] = None,
    baseline: Annotated[
        Path | None,
        typer.Option(
            "--baseline",
            help="An earlier result: say what changed since.",
            rich_help_panel=options.INPUTS,
        ),
    ] = None,
    history: Annotated[
        Path | None,
        typer.Option(
            "--history",
            help="Results that --history collected: draw them over time, of RESULT's model or of all.",
            rich_help_panel=options.INPUTS,
        ),
    ] = None,
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
    """Render a result, or a history of results; exit 0 whatever the verdict says.

    The page is one file without scripts or anything from elsewhere. It shows secrets and texts only where the
    result holds them, and says so at its top.
    """
    from privaudit.cli.report_run import run, run_trend

    if history is not None:
        return run_trend(history, result, output, baseline=baseline, quiet=quiet)
    return run(result, output, baseline=baseline, location=location, quiet=quiet)
