"""What every audit is asked beside its subject: the seed, the time, and how the command was given."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from privaudit.provenance import provenance
from privaudit.results import Provenance
from privaudit.stopwatch import Deadline, Stopwatch


@dataclass(frozen=True)
class RunOptions:
    """The options that all requests share."""

    seed: int = 0
    max_seconds: float | None = None
    argv: tuple[str, ...] = ()
    """The command as typed."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Options that did not keep their default, with where each value came from."""

    def deadline(self) -> Deadline:
        """The end of a run that begins now."""
        return Deadline.after(self.max_seconds)

    def provenance(self, watch: Stopwatch, *, threads: int | None, device: str) -> Provenance:
        """The provenance of a run that ends now."""
        return provenance(
            self.argv,
            seed=self.seed,
            watch=watch,
            threads=threads,
            device=device,
            settings=self.settings,
        )
