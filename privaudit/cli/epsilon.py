"""``privaudit epsilon``: what a configured mechanism guarantees, and what an attack's success refutes."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from privaudit.cli import options
from privaudit.cli.command import PlainCommand, PlainGroup, origins

app = typer.Typer(
    name="epsilon",
    cls=PlainGroup,
    help="Account (noise to epsilon), calibrate (epsilon to noise), bound (guesses to a lower bound), "
    "selftest (a private optimiser of your own).",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)

Delta = Annotated[float, typer.Option("--delta", help="In (0, 1); below 1 / (number of records).")]
SampleRate = Annotated[
    float, typer.Option("--sample-rate", help="Chance of a record to be in a batch (Poisson sampling).")
]
Steps = Annotated[int, typer.Option("--steps", help="Noisy steps.")]


@app.command("account", cls=PlainCommand)
def account(
    noise_multiplier: Annotated[
        float | None, typer.Option("--noise-multiplier", help="Noise in units of the clip norm.")
    ] = None,
    sample_rate: Annotated[
        float | None,
        typer.Option("--sample-rate", help="Chance of a record to be in a batch (Poisson sampling)."),
    ] = None,
    steps: Annotated[int | None, typer.Option("--steps", help="Noisy steps.")] = None,
    delta: Annotated[
        float | None, typer.Option("--delta", help="In (0, 1), below 1 / records; default: the claim's.")
    ] = None,
    claim: Annotated[
        Path | None,
        typer.Option(
            "--claim",
            help="Instead of the numbers: a bundle, a checkpoint or accountant state of Opacus, JSON with "
            "such keys, or a training directory; it is checked too.",
        ),
    ] = None,
    copies: Annotated[
        int, typer.Option("--copies", min=1, help="For a record that is in the data so often.")
    ] = 1,
    records: Annotated[
        int | None, typer.Option("--records", min=1, help="Trained on, where the claim does not say.")
    ] = None,
    as_json: options.AsJson = False,
) -> int:
    """Epsilon of DP-SGD by three accountants, and the most that any attack on it can reach.

    Poisson sampling, add or remove one record. PLD is the tight upper bound to quote; RDP is looser.
    """
    from privaudit.cli.epsilon_run import Accounted, show_account

    asked = Accounted(noise_multiplier, sample_rate, steps, delta, claim, copies, records)
    return show_account(asked, as_json=as_json)


@app.command("calibrate", cls=PlainCommand)
def calibrate(
    epsilon: Annotated[float, typer.Option("--epsilon", help="Wanted.")],
    sample_rate: SampleRate,
    steps: Steps,
    delta: Delta,
    as_json: options.AsJson = False,
) -> int:
    """The smallest noise multiplier that keeps epsilon (PLD)."""
    from privaudit.cli.epsilon_run import show_calibration

    return show_calibration(epsilon, sample_rate, steps, delta, as_json=as_json)


@app.command("bound", cls=PlainCommand)
def bound(
    method: Annotated[str, typer.Option("--method", help="steinke or mahloujifar.")],
    canaries: Annotated[int, typer.Option("--canaries", help="Canaries with a fair coin each.")],
    guesses: Annotated[int, typer.Option("--guesses", help="Guesses, fixed before the scores were seen.")],
    correct: Annotated[int, typer.Option("--correct", help="Right guesses.")],
    delta: Annotated[float, typer.Option("--delta", help="In [0, 1).")],
    confidence: Annotated[float, typer.Option("--confidence", help="In (0, 1).")] = 0.95,
    as_json: options.AsJson = False,
) -> int:
    """A lower bound on epsilon from the guesses of one training run.

    steinke assumes nothing of the mechanism; mahloujifar assumes a Gaussian trade-off curve and is tighter.
    """
    from privaudit.cli.epsilon_run import show_bound

    return show_bound(method, canaries, guesses, correct, delta, confidence, as_json=as_json)


@app.command("selftest", cls=PlainCommand)
def selftest(
    ctx: typer.Context,
    step: Annotated[
        str,
        typer.Option(
            "--step",
            help="package.module:function that makes one private step; it is imported and so its code runs."
            " Default: privaudit's own.",
            rich_help_panel=options.INPUTS,
        ),
    ] = "privaudit.audits.dp_step.own:step",
    runs: Annotated[int, typer.Option("--runs", help="Of the test.", rich_help_panel=options.ATTACKS)] = 500,
    control_runs: Annotated[
        int,
        typer.Option(
            "--control-runs",
            help="With a quarter of the noise, which the test must notice.",
            rich_help_panel=options.ATTACKS,
        ),
    ] = 150,
    noise_multiplier: Annotated[
        float,
        typer.Option(
            "--noise-multiplier", help="Noise in units of the clip norm.", rich_help_panel=options.ATTACKS
        ),
    ] = 1.0,
    sample_rate: Annotated[
        float,
        typer.Option(
            "--sample-rate", help="Chance of a record to be in a batch.", rich_help_panel=options.ATTACKS
        ),
    ] = 0.3,
    steps: Annotated[
        int, typer.Option("--steps", help="Noisy steps per run.", rich_help_panel=options.ATTACKS)
    ] = 10,
    clip: Annotated[float, typer.Option("--clip", help="Clip norm.", rich_help_panel=options.ATTACKS)] = 0.01,
    delta: Annotated[
        float,
        typer.Option("--delta", help="At which epsilon is stated.", rich_help_panel=options.ATTACKS),
    ] = 1e-5,
    on_inconclusive: options.OnInconclusiveOption = options.OnInconclusive.FOUR,
    output: options.Output = None,
    html: options.Html = None,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    no_color: options.NoColor = False,
    seed: options.Seed = 0,
    threads: options.Threads = None,
    dry_run: options.DryRun = False,
    config: options.Config = None,
) -> int:
    """Test a private optimiser of your own: many short runs, and a canary that must stay hidden.

    The function makes one DP-SGD step on a toy task and returns its noisy gradients. Exit 1: its steps show
    more of one record than the noise, rate and clip norm it was given allow.
    """
    from privaudit.audits.dp_step.design import Design
    from privaudit.audits.dp_step.run import SelfTestRequest
    from privaudit.audits.run_options import RunOptions
    from privaudit.cli.epsilon_selftest_run import run
    from privaudit.cli.output import Show

    del config
    request = SelfTestRequest(
        step=step,
        design=Design(
            noise_multiplier=noise_multiplier,
            sample_rate=sample_rate,
            steps=steps,
            clip_norm=clip,
            runs=runs,
            control_runs=control_runs,
            delta=delta,
        ),
        on_inconclusive=on_inconclusive.value,
        threads=threads,
        run=RunOptions(seed=seed, argv=tuple(sys.argv[1:]), settings=origins(ctx)),
    )
    show = Show(output=output, html=html, as_json=as_json, quiet=quiet, verbose=verbose, no_color=no_color)
    return run(request, show, dry_run=dry_run)
