"""Run and print the self-check."""

import json
from collections.abc import Sequence
from itertools import groupby

from privaudit import __version__
from privaudit.cli.output import say, tell
from privaudit.cli.progress import shown_progress
from privaudit.exits import Exit
from privaudit.selftest.check import Check
from privaudit.selftest.run import QUICK, USUAL, run_selftest


def run(*, quick: bool, seed: int, as_json: bool, quiet: bool, no_color: bool) -> int:
    """Check, print, and say with the exit code whether all is well."""
    with shown_progress(quiet=quiet, no_color=no_color) as progress:
        found = run_selftest(QUICK if quick else USUAL, seed, progress)
    failed = [check for check in found if not check.passed]
    if as_json:
        tell(json.dumps(_content(found, seed, quick)))
    else:
        for section, checks in groupby(found, key=lambda check: check.section):
            tell(f"{section}:")
            for check in checks:
                tell(_line(check))
    if not failed:
        say(f"All {len(found)} checks kept their limits.", quiet=quiet)
        return Exit.OK
    say(
        f"privaudit: {len(failed)} of {len(found)} checks failed, first: {failed[0].name}. Trust no results "
        "of this installation; reinstall numpy, scipy and dp-accounting, and report this if it remains."
    )
    return Exit.INTERNAL


def _line(check: Check) -> str:
    mark = "ok  " if check.passed else "FAIL"
    spread = f" ± {check.tolerance:g}" if check.must_be == "equal to" else ""
    return f"  {mark}  {check.name:<64} {check.value:<10.6g} {check.must_be} {check.limit:.6g}{spread}"


def _content(found: Sequence[Check], seed: int, quick: bool) -> dict[str, object]:
    return {
        "version": __version__,
        "passed": all(check.passed for check in found),
        "seed": seed,
        "quick": quick,
        "checks": [{**vars(check), "passed": check.passed, "value": _number(check.value)} for check in found],
    }


def _number(value: float) -> float | None:
    return None if value != value else value
