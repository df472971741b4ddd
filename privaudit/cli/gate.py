"""``privaudit gate``: a result against the limits of a repository."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, ClassVar

import typer

from privaudit.cli.flatten import Offer, flag, flattened, group, option
from privaudit.cli.option_groups import INPUTS, OUTPUT, LimitOptions, LoadOptions, OutputOptions

LIMITS = "Limits"


@group
class PolicyOptions:
    """What the result is judged by."""

    section: ClassVar = LIMITS
    policy: Annotated[
        Path | None,
        option(
            "FILE",
            "TOML file with [gate]; default: privaudit.toml, else [tool.privaudit.gate] in pyproject.toml.",
        ),
    ] = None
    baseline: Annotated[
        Path | None, option("FILE", "Result of the accepted model, for limits on the increase.")
    ] = None
    limits: Annotated[
        LimitOptions,
        Offer(
            section=LIMITS,
            defaults={"on_inconclusive": None},
            helps={
                "on_inconclusive": "Exit code when the sample cannot decide; default: the policy's, else 4."
            },
        ),
    ]


@flattened
def command(
    *,
    result: Annotated[Path, typer.Argument(metavar="RESULT", help="result.json of any command.")],
    model: Annotated[
        Path | None, option("MODEL", "The current model: a result of another one is refused.", section=INPUTS)
    ] = None,
    loading: Annotated[LoadOptions, Offer(only=("tokenizer",))],
    policy: PolicyOptions,
    explain: Annotated[bool, flag("Say what would decide an inconclusive limit.", section=OUTPUT)] = False,
    output: Annotated[
        Path | None,
        option(
            "FILE",
            "Write the result with the new verdict as JSON; - for stdout.",
            "--output",
            "-o",
            section=OUTPUT,
        ),
    ] = None,
    show: Annotated[OutputOptions, Offer(only=("html", "history", "as_json", "quiet", "no_color"))],
) -> int:
    """Judge a result by the limits in the repository. The exit code is the verdict.

    0: every limit holds, or none is set; 1: leakage above a limit; 4: the sample cannot decide; 2: the input
    needs fixing. Without any limit, the result's own limits count again. Waivers, slices and limits on the
    increase over a baseline belong in the policy: see docs/gate.md.
    """
    from privaudit.cli.gate_run import GateRequest, run

    request = GateRequest(
        result=result,
        policy=policy.policy,
        fail_if=policy.limits.expressions,
        baseline=policy.baseline,
        on_inconclusive=policy.limits.on_inconclusive,
        model=model,
        tokenizer=loading.tokenizer,
        explain=explain,
    )
    return run(request, replace(show, output=output))
