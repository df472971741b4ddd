"""The code of a worker process: the plan unpacked once, blocks trained, failures sent back.

This module is imported before the plan arrives and so imports little.
"""

import os
import pickle
import traceback
from collections.abc import Iterator
from functools import lru_cache
from multiprocessing import parent_process
from multiprocessing.connection import Connection
from threading import Thread
from typing import TYPE_CHECKING, Any, Union

from privaudit.errors import PrivauditError

if TYPE_CHECKING:
    from privaudit.training.references.backends.interface import Block
    from privaudit.training.references.plan import ReferenceOutput, ReferencePlan

Answer = Union["ReferenceOutput", Exception, None]
"""An output, what the learner raised, or None for the end of a block."""


def work(connection: "Connection[Any, Any]") -> None:
    """Receive the packed plan, then blocks, and answer each with its outputs and None, or with an exception.

    Ends when the other side closes the connection or dies.
    """
    from privaudit.training.references.backends.threads import one_thread_for_good

    Thread(target=_die_with_parent, daemon=True).start()
    one_thread_for_good()
    try:
        packed: bytes = connection.recv()
        while True:
            block: Block = connection.recv()
            for answer in _answers(packed, block):
                connection.send(answer)
    except (EOFError, OSError):
        return  # the other side has gone


@lru_cache(maxsize=1)
def unpacked(packed: bytes) -> "ReferencePlan":
    """The plan, the same object as long as the same plan is asked for."""
    plan: ReferencePlan = pickle.loads(packed)  # noqa: S301 - from the process that started this one
    return plan


def portable(error: Exception) -> Exception:
    """``error`` in a form that can be sent to another process, with its traceback."""
    if isinstance(error, PrivauditError):
        return error
    error.add_note(f"In a worker process:\n{''.join(traceback.format_exception(error))}")
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - what was just written
    except Exception:  # an exception may refuse in any way it likes
        return RuntimeError("\n".join([repr(error), *error.__notes__]))
    return error


def _answers(packed: bytes, block: "Block") -> Iterator[Answer]:
    try:
        plan = unpacked(packed)
        yield from plan.learner.learn(plan, block)
        yield None
    except Exception as error:  # the process that asked handles it
        yield portable(error)


def _die_with_parent() -> None:
    """End this process when the one that started it has gone, even in the middle of a block."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
