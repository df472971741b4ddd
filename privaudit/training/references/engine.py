"""Train the missing references, store each one as soon as it exists, and return all of them."""

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import groupby

from privaudit.progress import SILENT, Progress
from privaudit.training.references.backends.interface import Backend, Block
from privaudit.training.references.outputs import References
from privaudit.training.references.plan import ReferencePlan
from privaudit.training.references.store import Store


def train_references(
    plan: ReferencePlan,
    count: int,
    store: Store,
    backend: Backend,
    *,
    progress: Progress = SILENT,
    deadline: float | None = None,
) -> References:
    """References ``0 … count - 1`` of ``plan``: those in the store, and the missing ones trained now.

    What the store holds is verified first; a damaged file is trained again. An interruption of any kind loses
    at most the blocks that are being trained. Two processes may train the same plan into the same store.

    Args:
        plan: what is trained.
        count: how many references are wanted.
        store: where they are stored.
        backend: where they are trained; it does not affect the result.
        progress: advanced once per reference, those found in the store included.
        deadline: no block begins once ``time.monotonic()`` is past it; blocks that have begun are finished.

    Returns:
        ``count`` references, or with a deadline those that are complete.

    Raises:
        ModelError: a reference gives logits that are not finite.
        UsageError: the store cannot be written, or workers die again and again.
        Whatever the learner raises.
    """
    folder = store.open(plan)
    held = {index for index in range(count) if folder.holds(index)}
    missing = [index for index in range(count) if index not in held]
    begun: set[int] = set()

    def blocks() -> Iterator[Block]:
        for block in _blocks(missing, plan.learner.block_size):
            if deadline is not None and time.monotonic() >= deadline:
                return
            begun.update(block)
            yield block

    progress.start("Training references", count)
    progress.advance(len(held))
    with closing(backend.run(plan, blocks())) as outputs:
        for output in outputs:
            folder.write(output)
            held.add(output.index)
            progress.advance()
    if begun - held:
        raise RuntimeError(f"the learner gave nothing for references {sorted(begun - held)}")
    return folder.read(held)


def _blocks(missing: Sequence[int], size: int) -> Iterator[Block]:
    """The missing indices of each block that has any, ascending."""
    for _, members in groupby(missing, key=lambda index: index // size):
        yield tuple(members)
