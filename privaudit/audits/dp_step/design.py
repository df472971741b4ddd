"""What is fixed before the first run: the mechanism that is claimed, and how many runs try to refute it."""

from dataclasses import dataclass
from functools import cached_property

from privaudit.accounting.mechanism import Mechanism
from privaudit.audits.dp_step.runs import PILOT_RUNS
from privaudit.audits.dp_step.toy import KINDS, Toy
from privaudit.errors import UsageError

FEWEST_RUNS = 20
CONTROL_FACTOR = 0.25
"""Of the noise, in the positive control."""
_LEAST_RATE = 0.01


@dataclass(frozen=True)
class Design:
    """The defaults are where halved noise, missing clipping and a doubled rate show best for their cost.

    Noise is smaller and the rate larger than in training: a step does not know what it is used for. The clip
    norm is so small that automatic clipping, which adds 0.01 to every norm, leaves small gradients small.
    """

    noise_multiplier: float = 1.0
    sample_rate: float = 0.3
    steps: int = 10
    """Per run, with the parameters held fixed."""
    clip_norm: float = 0.01
    runs: int = 500
    control_runs: int = 150
    """Of the positive control."""
    delta: float = 1e-5
    """At which epsilon is stated; the test needs none."""

    def __post_init__(self) -> None:
        if self.runs < FEWEST_RUNS:
            raise UsageError(
                f"--runs {self.runs} is too few; the test needs {FEWEST_RUNS} or more", "Raise --runs"
            )
        if self.control_runs < FEWEST_RUNS:
            raise UsageError(
                f"--control-runs {self.control_runs} is too few; the control needs {FEWEST_RUNS} or more",
                "Raise --control-runs",
            )
        if not _LEAST_RATE <= self.sample_rate <= 1:
            raise UsageError(
                f"--sample-rate {self.sample_rate:g} is not in [{_LEAST_RATE}, 1]", "Change --sample-rate"
            )
        if not 0 < self.clip_norm < float("inf"):
            raise UsageError(f"--clip {self.clip_norm:g} is not a finite number above 0", "Change --clip")
        if not 0 < self.delta < 1:
            raise UsageError(f"--delta {self.delta:g} is not in (0, 1)", "Give for example 1e-5")
        # NOTE: the mechanism refuses impossible noise, rates and steps.
        if self.mechanism and self.toy.n_others > 100_000:
            raise UsageError(
                f"A noise multiplier of {self.noise_multiplier:g} at sample rate {self.sample_rate:g} "
                "needs more than 100,000 records",
                "Raise --noise-multiplier or --sample-rate",
            )

    @property
    def calls(self) -> int:
        """Calls of the step in the pilot, the test and the positive control; the probes add some 200."""
        return (self.runs + self.control_runs + len(KINDS) * PILOT_RUNS) * self.steps

    @cached_property
    def mechanism(self) -> Mechanism:
        """What is claimed of one run."""
        return Mechanism.uniform(self.noise_multiplier, self.sample_rate, self.steps)

    @cached_property
    def toy(self) -> Toy:
        """The records around the canaries."""
        return Toy(self.noise_multiplier, self.sample_rate, self.clip_norm)
