"""``privaudit gate``: a result against the limits of a repository."""

from pathlib import Path
from typing import Annotated

import typer

from privaudit.cli import options

LIMITS = "Limits"


def command(
    result: Annotated[Path, typer.Argument(help="result.json of any command.")],
    policy: Annotated[
        Path | None,
        typer.Option(
            "--policy",
            help="TOML file with [gate]; else privaudit.toml, or [tool.privaudit.gate] in pyproject.toml.",
            rich_help_panel=LIMITS,
        ),
    ] = None,
    fail_if: Annotated[
        list[str] | None,
        typer.Option(
            "--fail-if",
            help='Further limit [attack:]metric[@fpr]>limit, such as "tpr@0.01>0.05"; repeatable.',
            rich_help_panel=LIMITS,
        ),
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option(
            "--baseline",
            help="Result of the accepted model, for limits on the increase.",
            rich_help_panel=LIMITS,
        ),
    ] = None,
    on_inconclusive: Annotated[
        options.OnInconclusive | None,
        typer.Option(
            "--on-inconclusive",
            help="Exit code when the sample cannot decide; default: that of the policy, else 4.",
            rich_help_panel=LIMITS,
        ),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(
            "--model",
            help="The model as it is now: a result of another one is refused.",
            rich_help_panel=options.INPUTS,
        ),
    ] = None,
    tokenizer: options.Tokenizer = None,
    explain: Annotated[
        bool,
        typer.Option(
            "--explain",
            help="Say what would decide an inconclusive threshold.",
            rich_help_panel=options.OUTPUT,
        ),
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Write the result with the new verdict as JSON; - for stdout.",
            rich_help_panel=options.OUTPUT,
        ),
    ] = None,
    html: options.Html = None,
    history: options.History = None,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
    no_color: options.NoColor = False,
) -> int:
    """Judge a result by the limits that stand in the repository. The exit code is the verdict.

    0: every limit holds, or none is set; 1: leakage above a limit; 4: the sample cannot decide; 2: mend the
    input. Without any limit those that the result was judged by count again. Waivers, slices and limits on
    the increase over a baseline stand in the policy: see docs/gate.md.
    """
    from privaudit.cli.gate_run import GateRequest, run
    from privaudit.cli.output import Show

    request = GateRequest(
        result=result,
        policy=policy,
        fail_if=tuple(fail_if or ()),
        baseline=baseline,
        on_inconclusive=None if on_inconclusive is None else on_inconclusive.value,
        model=model,
        tokenizer=tokenizer,
        explain=explain,
    )
    show = Show(output=output, html=html, history=history, as_json=as_json, quiet=quiet, no_color=no_color)
    return run(request, show)
