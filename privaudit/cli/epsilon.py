"""``privaudit epsilon``: what a configured mechanism guarantees, and what an attack's success refutes."""

from typing import TYPE_CHECKING, Annotated, ClassVar

import typer

from privaudit.cli.claim_options import ClaimOptions
from privaudit.cli.command import PlainCommand, PlainGroup
from privaudit.cli.flatten import Offer, flattened, group, option
from privaudit.cli.option_groups import ATTACKS, INPUTS, LimitOptions, OutputOptions, RuntimeOptions

if TYPE_CHECKING:
    from privaudit.audits.dp_step.design import Design

app = typer.Typer(
    name="epsilon",
    cls=PlainGroup,
    help="Account (noise to epsilon), calibrate (epsilon to noise), bound (guesses to a lower bound), "
    "selftest (a private optimiser of your own).",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)

_MECHANISM = "Mechanism"
_NOISE = option("NOISE", "Noise in units of the clip norm.", section=_MECHANISM)
_RATE = option("RATE", "Chance that a record is in a batch (Poisson sampling).", section=_MECHANISM)
_STEPS = option("N", "Noisy steps.", section=_MECHANISM)
_DELTA = option("DELTA", "Delta at which epsilon is stated, below 1 / records.", section=_MECHANISM)
_Json = Annotated[OutputOptions, Offer(only=("as_json",))]


@group
class NumberOptions:
    """A mechanism in numbers, and for whom epsilon is wanted."""

    section: ClassVar = _MECHANISM
    noise_multiplier: Annotated[float | None, _NOISE] = None
    sample_rate: Annotated[float | None, _RATE] = None
    steps: Annotated[int | None, _STEPS] = None
    delta: Annotated[float | None, _DELTA] = None
    copies: Annotated[int, option("N", "For a record that is in the data N times.", min=1)] = 1
    records: Annotated[int | None, option("N", "Records trained on, if not in the claim.", min=1)] = None


@app.command("account", cls=PlainCommand)
@flattened
def account(
    claim: Annotated[
        ClaimOptions,
        Offer(
            only=("claim",),
            helps={
                "claim": "Instead of the numbers, and checked too: bundle, Opacus checkpoint or accountant "
                "state, JSON file, or training directory with the recorded claim."
            },
        ),
    ],
    show: _Json,
    numbers: NumberOptions,
) -> int:
    """Epsilon of DP-SGD by three accountants, and the most that any attack on it can reach.

    Poisson sampling, add or remove one record. PLD is the tight upper bound to quote; RDP is looser. Give the
    three numbers and --delta, or --claim, whose delta is the default.
    """
    from privaudit.cli.epsilon_run import Accounted, show_account

    return show_account(Accounted(**vars(numbers), claim=claim.claim), as_json=show.as_json)


@app.command("calibrate", cls=PlainCommand)
@flattened
def calibrate(
    epsilon: Annotated[float, option("EPSILON", "Epsilon to keep.", section=_MECHANISM)],
    sample_rate: Annotated[float, _RATE],
    steps: Annotated[int, _STEPS],
    delta: Annotated[float, _DELTA],
    show: _Json,
) -> int:
    """The smallest noise multiplier that keeps epsilon (PLD)."""
    from privaudit.cli.epsilon_run import show_calibration

    return show_calibration(epsilon, sample_rate, steps, delta, as_json=show.as_json)


@group
class GuessOptions:
    """The guesses of one training run."""

    section: ClassVar = "Guesses"
    method: Annotated[str, option("NAME", "steinke or mahloujifar.")]
    canaries: Annotated[int, option("N", "Canaries with a fair coin each.")]
    guesses: Annotated[int, option("N", "Guesses, fixed before the scores were seen.")]
    correct: Annotated[int, option("N", "Correct guesses.")]
    delta: Annotated[float, option("DELTA", "In [0, 1).")]
    confidence: Annotated[float, option("P", "In (0, 1).")] = 0.95


@app.command("bound", cls=PlainCommand)
@flattened
def bound(given: GuessOptions, show: _Json) -> int:
    """A lower bound on epsilon from the guesses of one training run.

    steinke assumes nothing about the mechanism; mahloujifar assumes a Gaussian trade-off curve and is
    tighter.
    """
    from privaudit.cli.epsilon_run import show_bound

    return show_bound(**vars(given), as_json=show.as_json)


@group
class DesignOptions:
    """The runs of the test, and the mechanism they are told to use."""

    section: ClassVar = ATTACKS
    runs: Annotated[int, option("N", "Runs of the test.")] = 500
    control_runs: Annotated[
        int, option("N", "Runs with a quarter of the noise, which the test must notice.")
    ] = 150
    noise_multiplier: Annotated[float, _NOISE] = 1.0
    sample_rate: Annotated[float, _RATE] = 0.3
    steps: Annotated[int, _STEPS] = 10
    clip: Annotated[float, option("NORM", "Clip norm.", section=_MECHANISM)] = 0.01
    delta: Annotated[float, _DELTA] = 1e-5

    def design(self) -> "Design":
        """The test."""
        from privaudit.audits.dp_step.design import Design

        given = {name: value for name, value in vars(self).items() if name != "clip"}
        return Design(**given, clip_norm=self.clip)


@app.command("selftest", cls=PlainCommand)
@flattened
def selftest(
    design: DesignOptions,
    limits: Annotated[LimitOptions, Offer(only=("on_inconclusive",))],
    show: Annotated[
        OutputOptions,
        Offer(only=("output", "html", "as_json", "quiet", "verbose", "no_color")),
    ],
    runtime: Annotated[RuntimeOptions, Offer(without=("device", "max_seconds"))],
    step: Annotated[
        str,
        option(
            "MODULE:FUNCTION",
            "Function that makes one private step; importing it runs its code. Default: privaudit's own.",
            section=INPUTS,
        ),
    ] = "privaudit.audits.dp_step.own:step",
) -> int:
    """Test a private optimiser of your own: many short runs, and a canary that must stay hidden.

    The function makes one DP-SGD step on a toy task and returns its noisy gradients. Exit 1: its steps reveal
    more about one record than the given noise, rate and clip norm allow.
    """
    from privaudit.audits.dp_step.run import SelfTestRequest
    from privaudit.cli.epsilon_selftest_run import run

    request = SelfTestRequest(
        step=step,
        design=design.design(),
        on_inconclusive=limits.when_inconclusive,
        threads=runtime.threads,
        run=runtime.run(),
    )
    return run(request, show, dry_run=runtime.dry_run)
