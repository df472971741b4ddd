"""Where words go: results to stdout, messages and progress to stderr."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from privaudit.errors import UsageError
from privaudit.inert import inert
from privaudit.progress import SILENT, Progress

if TYPE_CHECKING:
    from rich.console import Console

    from privaudit.results import Result

_LINE_EVERY_SECONDS = 30.0
_WIDTH_WHEN_PIPED = 160


def make_console(*, stderr: bool = False, no_color: bool = False) -> "Console":
    """A console without styles for pipes and ``NO_COLOR``, wide enough that piped tables do not wrap."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else _WIDTH_WHEN_PIPED
    plain = no_color or bool(os.environ.get("NO_COLOR"))
    return Console(
        file=stream,
        width=width,
        no_color=plain,
        color_system=None if plain else "auto",
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=False,
    )


def say(message: str, *, quiet: bool = False) -> None:
    """One line for the person at the terminal."""
    if not quiet:
        sys.stderr.write(f"{inert(message)}\n")


def tell(line: str) -> None:
    """One line of the result itself."""
    sys.stdout.write(f"{inert(line)}\n")


@dataclass(frozen=True)
class Show:
    """What the user wants to see, and where."""

    output: Path | None = None
    as_json: bool = False
    quiet: bool = False
    verbose: bool = False
    no_color: bool = False

    @property
    def to_stdout(self) -> bool:
        """Whether the JSON itself goes to stdout, and so nothing else may."""
        return self.as_json or str(self.output) == "-"


def require_writable(*paths: Path | None) -> None:
    """Refuse a place that cannot be written before hours of work rather than after.

    Raises:
        UsageError: the folder is missing or not writable, or the path is a folder.
    """
    for path in paths:
        if path is None or str(path) == "-":
            continue
        if not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
            raise UsageError("a file in an existing, writable folder", str(path), "Correct the path")
        if path.exists() and not path.is_file():
            # NOTE: files are replaced in one step, and so would a pipe or a device be.
            raise UsageError("a new or an ordinary file", str(path), "Correct the path; -o - is stdout")


def deliver(result: "Result", show: Show) -> None:
    """Write the result where it was asked for, and show it to a person unless JSON goes to stdout."""
    from privaudit.reports.terminal import print_result
    from privaudit.results import to_json, write_result

    if show.output is not None and str(show.output) != "-":
        write_result(result, show.output)
        say(f"Result: {show.output}", quiet=show.quiet)
    with _reader_may_leave():
        if show.to_stdout:
            sys.stdout.write(to_json(result))
        elif not show.quiet:
            print_result(result, make_console(no_color=show.no_color))
        sys.stdout.flush()


@contextmanager
def _reader_may_leave() -> Iterator[None]:
    """Let `| head` close stdout without touching the exit code, which must stay the verdict's."""
    try:
        yield
    except (BrokenPipeError, SystemExit):  # rich raises SystemExit(1) when the pipe is closed
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def watched(*, quiet: bool, no_color: bool) -> Iterator[Progress]:
    """Progress for a block of work: a bar on a terminal, a plain line every 30 s elsewhere."""
    if quiet:
        yield SILENT
    elif sys.stderr.isatty():
        with _bar(no_color) as progress:
            yield progress
    else:
        yield Lines()


class Lines:
    """One plain line every 30 s, so that a pipeline does not take long work for a hung one."""

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
            # NOTE: one step has no share that is done; its bar pulses instead of standing still.
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
