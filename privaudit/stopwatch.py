"""Elapsed time, whole and by stage, and the time by which a run must end."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


class Stopwatch:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self.stages: dict[str, float] = {}
        """Seconds of each stage that was timed, in the order of their first beginning."""

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the seconds inside to the stage ``name``."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.stages[name] = self.stages.get(name, 0.0) + time.monotonic() - began

    @property
    def seconds(self) -> float:
        """Elapsed wall-clock seconds."""
        return time.monotonic() - self._start


@dataclass(frozen=True)
class Deadline:
    """When a run must begin nothing more."""

    seconds: float | None = None
    """As asked for; None sets no limit."""
    moment: float | None = None
    """``time.monotonic()`` of the end; None without a limit."""

    @classmethod
    def after(cls, seconds: float | None) -> "Deadline":
        """So many seconds from now; never if None."""
        return cls(seconds, None if seconds is None else time.monotonic() + seconds)

    @property
    def passed(self) -> bool:
        """Whether the time is up."""
        return self.moment is not None and time.monotonic() >= self.moment

    @property
    def ran_out(self) -> str:
        """What a result says of work that was cut off."""
        limit = "" if self.seconds is None else f" {self.seconds:.15g}"
        return f"--max-seconds{limit} ran out"


NO_DEADLINE = Deadline()
