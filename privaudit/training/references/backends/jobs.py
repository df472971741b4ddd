"""Blocks on their way through workers that may die."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace

from privaudit.errors import UsageError
from privaudit.training.references.backends.interface import Block

MAX_DEATHS = 3
"""A block whose worker died this often is given up: it is tried once and retried twice."""


@dataclass(frozen=True)
class Job:
    """A block and its history."""

    block: Block
    """What is still to be trained of it."""
    deaths: int = 0
    """How many workers died on it."""

    def without(self, index: int) -> "Job":
        """The rest of the job when reference ``index`` is done."""
        return replace(self, block=tuple(other for other in self.block if other != index))


class Jobs:
    """The supply of a back end: first what must be tried again, then new blocks."""

    def __init__(self, blocks: Iterable[Block]) -> None:
        self._new = iter(blocks)
        self._again: deque[Job] = deque()

    def take(self) -> Job | None:
        """The next job, or None for now (another may come back with :meth:`retry`)."""
        if self._again:
            return self._again.popleft()
        block = next(self._new, None)
        return None if block is None else Job(block)

    def retry(self, job: Job, reason: str) -> None:
        """Take back the rest of ``job``, on which a worker died.

        Raises:
            UsageError: it was not the first on this block, nor the second.
        """
        deaths = job.deaths + 1
        if deaths >= MAX_DEATHS:
            raise UsageError(
                f"{deaths} workers in a row died on references {job.block[0]} to {job.block[-1]} ({reason})",
                "Free memory or use fewer workers, then run the command again: finished references are kept",
            )
        self._again.append(Job(job.block, deaths))
