"""``privaudit selftest``: whether the statistics of this installation can be trusted."""

from typing import Annotated

import typer

from privaudit.cli import options


def command(
    quick: Annotated[bool, typer.Option("--quick", help="Seconds instead of a minute; sees less.")] = False,
    seed: options.Seed = 0,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
    no_color: options.NoColor = False,
) -> int:
    """Statistical self-check of this installation: no model, no data, about a minute.

    Known answers; every bound and attack where there is nothing to find; bounds against a known truth; power;
    controls. Exits with 3 when a check fails: then no result of this installation can be trusted. Other seeds
    than the default may fail a check by chance, less than once in ten.
    """
    from privaudit.cli.selftest_run import run

    return run(quick=quick, seed=seed, as_json=as_json, quiet=quiet, no_color=no_color)
