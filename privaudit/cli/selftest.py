"""``privaudit selftest``: whether the statistics of this installation can be trusted."""

from typing import Annotated

from privaudit.cli.flatten import Offer, flag, flattened
from privaudit.cli.option_groups import OutputOptions, RuntimeOptions


@flattened
def command(
    show: Annotated[OutputOptions, Offer(only=("as_json", "quiet", "no_color"))],
    runtime: Annotated[RuntimeOptions, Offer(only=("seed",))],
    quick: Annotated[bool, flag("Seconds instead of a minute, but finds less.")] = False,
) -> int:
    """Statistical self-check of this installation: no model, no data, about a minute.

    Checks known answers, every bound and attack where nothing leaks, bounds against a known truth, power and
    controls. Exits with 3 if a check fails: then trust no result of this installation. With a seed other than
    the default, a check may fail by chance, less than once in ten.
    """
    from privaudit.cli.selftest_run import run

    return run(quick=quick, seed=runtime.seed, as_json=show.as_json, quiet=show.quiet, no_color=show.no_color)
