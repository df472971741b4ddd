"""``privaudit demo``: the whole story on data that the program makes up itself."""

from pathlib import Path
from typing import Annotated

from privaudit.cli.flatten import Offer, flattened, option
from privaudit.cli.option_groups import OutputOptions, RuntimeOptions


@flattened
def command(
    show: Annotated[OutputOptions, Offer(only=("quiet", "no_color"))],
    runtime: Annotated[RuntimeOptions, Offer(only=("seed",))],
    folder: Annotated[Path, option("DIR", "New or empty folder for data, model, result and report.")] = Path(
        "privaudit-demo"
    ),
) -> int:
    """Train a classifier on made-up messages, attack it and judge it, in under a minute.

    The demo exits with 0 although its model leaks: it shows what a gate would have said.
    """
    from privaudit.cli.demo_run import run

    return run(folder, seed=runtime.seed, quiet=show.quiet, no_color=show.no_color)
