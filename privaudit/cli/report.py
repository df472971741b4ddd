"""``privaudit report``: a result as a page, a summary, or what a pipeline reads; or many over time."""

from pathlib import Path
from typing import Annotated

import typer

from privaudit.cli.flatten import Offer, flattened, option
from privaudit.cli.option_groups import INPUTS, OUTPUT, OutputOptions


@flattened
def command(
    *,
    output: Annotated[
        list[Path],
        option(
            "FILE",
            "Ends in .html, .md, .xml (JUnit), .sarif, .badge.json or .json; repeatable.",
            "--output",
            "-o",
            section=OUTPUT,
        ),
    ],
    result: Annotated[
        Path | None, typer.Argument(metavar="RESULT", help="result.json of any command.")
    ] = None,
    baseline: Annotated[
        Path | None, option("FILE", "An earlier result: show what changed since.", section=INPUTS)
    ] = None,
    history: Annotated[
        Path | None,
        option(
            "FILE", "History file: plot its results over time, of RESULT's model or of all.", section=INPUTS
        ),
    ] = None,
    location: Annotated[
        str, option("FILE", "File of the repository that SARIF findings point at.", section=OUTPUT)
    ] = "pyproject.toml",
    show: Annotated[OutputOptions, Offer(only=("quiet",))],
) -> int:
    """Render a result, or a history of results; exit 0 whatever the verdict says.

    The page is one self-contained file without scripts. It shows secrets and texts only if the result holds
    them, and says so at the top.
    """
    from privaudit.cli.report_run import run, run_trend

    if history is not None:
        return run_trend(history, result, output, baseline=baseline, quiet=show.quiet)
    return run(result, output, baseline=baseline, location=location, quiet=show.quiet)
