"""The interface of every back end."""

from collections.abc import Generator, Iterable
from typing import Protocol

from privaudit.training.references.plan import ReferenceOutput, ReferencePlan

Block = tuple[int, ...]
"""Those references of one block that are to be trained, ascending."""
Outputs = Generator[ReferenceOutput, None, None]


class Backend(Protocol):
    """Trains blocks of references somewhere."""

    def run(self, plan: ReferencePlan, blocks: Iterable[Block]) -> Outputs:
        """Train ``blocks`` and yield every output as soon as it exists, in any order.

        A block is taken from ``blocks`` only when it can begin at once, which lets a caller stop the supply.
        Closing the generator ends all work and leaves no process behind.

        Raises:
            UsageError: the workers for one block died again and again.
            MissingExtraError: a package for this back end is not installed.
            Whatever the learner raises.
        """
        ...
