"""This machine: in this process while that is quick, then in a pool of processes."""

from collections.abc import Iterable
from dataclasses import dataclass
from time import monotonic

from privaudit.training.references.backends.interface import Block, Outputs
from privaudit.training.references.backends.process import ProcessBackend
from privaudit.training.references.backends.threads import one_thread
from privaudit.training.references.plan import ReferencePlan

ALONE_SECONDS = 5.0
"""About what two workers cost before they have read the plan: starting Python, importing torch, preparing."""


@dataclass(frozen=True)
class LocalBackend:
    """Starts no worker for work that is done before a worker would be ready.

    A quick learner trains in this process for :data:`ALONE_SECONDS`; the rest goes to the pool, and so does
    all the work of any other learner. Results are the same either way.
    """

    workers: int | None = None
    """Of the pool; None: one for every core that this process may use."""

    def run(self, plan: ReferencePlan, blocks: Iterable[Block]) -> Outputs:
        """Train ``blocks``; see :class:`.interface.Backend`."""
        left = iter(blocks)
        if plan.learner.quick:
            began = monotonic()
            with one_thread():
                for block in left:
                    yield from plan.learner.learn(plan, block)
                    if monotonic() - began >= ALONE_SECONDS:
                        break
        yield from ProcessBackend(self.workers).run(plan, left)
