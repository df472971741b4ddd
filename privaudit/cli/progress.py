"""Progress of long work: a bar on a terminal, a plain line every 30 s elsewhere."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from privaudit.cli.output import make_console, say
from privaudit.progress import SILENT, Progress

_LINE_EVERY_SECONDS = 30.0


@contextmanager
def shown_progress(*, quiet: bool, no_color: bool) -> Iterator[Progress]:
    """Progress for a block of work: a bar on a terminal, a plain line every 30 s elsewhere."""
    if quiet:
        yield SILENT
    elif sys.stderr.isatty():
        with _bar(no_color) as progress:
            yield progress
    else:
        yield Lines()


class Lines:
    """One plain line every 30 s, because a pipeline must not take long work for a hang."""

    def __init__(self) -> None:
        self._task, self._total, self._done, self._note = "", 0, 0, ""
        self._started = self._last = time.monotonic()

    def start(self, task: str, total: int) -> None:
        """Begin a task."""
        self._task, self._total, self._done, self._note = task, total, 0, ""
        self._started = time.monotonic()

    def advance(self, units: int = 1, note: str = "") -> None:
        """Count, and write a line when the last is 30 s old."""
        self._done += units
        self._note = note or self._note
        now = time.monotonic()
        if now - self._last >= _LINE_EVERY_SECONDS and self._done:
            self._last = now
            left = (now - self._started) / self._done * max(self._total - self._done, 0)
            share = self._done / max(self._total, 1)
            say(f"{self._task}: {share:.0%}, about {_clock(left)} left {self._note}".rstrip())


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


@contextmanager
def _bar(no_color: bool) -> Iterator[Progress]:
    from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as RichProgress

    class Bar:
        """The current task as a bar with its remaining time."""

        def __init__(self, bars: RichProgress) -> None:
            self._bars = bars
            self._task: TaskID | None = None

        def start(self, task: str, total: int) -> None:
            if self._task is not None:
                self._bars.remove_task(self._task)
            # NOTE: a single step has no share done; its bar pulses instead of standing still.
            self._task = self._bars.add_task(task, total=total if total > 1 else None, note="")

        def advance(self, units: int = 1, note: str = "") -> None:
            if self._task is not None:
                self._bars.update(self._task, advance=units, note=note)

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with RichProgress(*columns, console=make_console(stderr=True, no_color=no_color), transient=True) as bars:
        yield Bar(bars)
