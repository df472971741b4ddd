"""One block after another in this process."""

from collections.abc import Iterable

from privaudit.training.references.backends.interface import Block, Outputs
from privaudit.training.references.backends.threads import one_thread
from privaudit.training.references.plan import ReferencePlan


class SerialBackend:
    """Trains in the calling process, with one thread: more would sum in another order and change the bits."""

    def run(self, plan: ReferencePlan, blocks: Iterable[Block]) -> Outputs:
        """Train ``blocks`` in order; see :class:`.interface.Backend`."""
        with one_thread():
            for block in blocks:
                yield from plan.learner.learn(plan, block)
