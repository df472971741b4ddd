"""Elapsed time, whole and by stage."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


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
