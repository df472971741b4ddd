"""The mechanism of DP-SGD as it is accounted: Poisson-sampled Gaussian steps, all outputs seen.

Adjacency is add or remove one record (or group, where groups are clipped as one). Every step adds noise of
``noise_multiplier`` times the clip norm to the sum of clipped gradients, over a batch that each record joins
independently with probability ``sample_rate``. Where ``group`` is R, R records are added or removed together,
and each is still sampled by itself: R copies of a canary.
"""

from dataclasses import dataclass, replace

from privaudit.errors import UsageError


@dataclass(frozen=True)
class Phase:
    """Steps with the same noise and rate."""

    noise_multiplier: float
    """Standard deviation of the noise in units of the clip norm; above 0."""
    sample_rate: float
    """Probability of a record to be in a batch, in (0, 1]."""
    steps: int
    """1 or more."""

    def __post_init__(self) -> None:
        if not 0 < self.noise_multiplier < float("inf"):
            raise UsageError(
                f"The noise multiplier {self.noise_multiplier} is not a finite number above 0", "Correct it"
            )
        if not 0 < self.sample_rate <= 1:
            raise UsageError(f"The sample rate {self.sample_rate} is not in (0, 1]", "Correct it")
        if self.steps < 1:
            raise UsageError(f"The number of steps is {self.steps}, not 1 or more", "Correct it")


@dataclass(frozen=True)
class Mechanism:
    """All steps of a training run, composed one after another; noise and rate may change between phases."""

    phases: tuple[Phase, ...]
    group: int = 1
    """Records that are added or removed together, each sampled and clipped by itself; 1 or more."""

    def __post_init__(self) -> None:
        if not self.phases:
            raise UsageError("The mechanism has no phase", "Give noise, rate and steps")
        if self.group < 1:
            raise UsageError(f"The group has {self.group} records, not 1 or more", "Correct it")

    @classmethod
    def uniform(cls, noise_multiplier: float, sample_rate: float, steps: int, group: int = 1) -> "Mechanism":
        """The same noise and rate in every step."""
        return cls((Phase(noise_multiplier, sample_rate, steps),), group)

    def for_group(self, group: int) -> "Mechanism":
        """The same training, for so many records added or removed together."""
        return replace(self, group=group)

    def with_noise(self, factor: float) -> "Mechanism":
        """The same training with every noise multiplier times ``factor``."""
        return replace(
            self, phases=tuple(replace(p, noise_multiplier=factor * p.noise_multiplier) for p in self.phases)
        )

    @property
    def steps(self) -> int:
        """Steps of all phases."""
        return sum(phase.steps for phase in self.phases)
