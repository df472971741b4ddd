"""How long work reports that it is alive: a null object by default, drawn by the command line only."""

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

T = TypeVar("T")


class Progress(Protocol):
    """Receives the advance of one task after another. Implementations draw or log it; work never prints."""

    def start(self, task: str, total: int) -> None:
        """Begin ``task`` of ``total`` units (records, optimiser steps, …); ends the task before it."""

    def advance(self, units: int = 1, note: str = "") -> None:
        """``units`` more are done; ``note`` is a short state such as ``loss 0.41``."""


class Silent:
    """Progress that is not shown."""

    def start(self, task: str, total: int) -> None:
        """Do nothing."""

    def advance(self, units: int = 1, note: str = "") -> None:
        """Do nothing."""


SILENT = Silent()


def track(items: Iterable[T], progress: Progress, task: str, total: int) -> Iterator[T]:
    """Yield ``items`` and advance ``progress`` by one after each."""
    progress.start(task, total)
    for item in items:
        yield item
        progress.advance()
