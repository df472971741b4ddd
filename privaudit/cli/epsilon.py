"""``privaudit epsilon``: what a configured mechanism guarantees, and what an attack's success refutes."""

from typing import Annotated

import typer

from privaudit.cli import options
from privaudit.cli.command import PlainCommand, PlainGroup

app = typer.Typer(
    name="epsilon",
    cls=PlainGroup,
    help="Account (noise to epsilon), calibrate (epsilon to noise), bound (guesses to a lower bound).",
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
        float, typer.Option("--noise-multiplier", help="Noise in units of the clip norm.")
    ],
    sample_rate: SampleRate,
    steps: Steps,
    delta: Delta,
    as_json: options.AsJson = False,
) -> int:
    """Epsilon of DP-SGD by three accountants, and the most that any attack on it can reach.

    Poisson sampling, add or remove one record. PLD is the tight upper bound to quote; RDP is looser.
    """
    from privaudit.cli.epsilon_run import show_account

    return show_account(noise_multiplier, sample_rate, steps, delta, as_json=as_json)


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
