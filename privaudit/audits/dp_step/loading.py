"""Finding the step that the command line names. It is the user's own code, as a factory is."""

import hashlib
import importlib
import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from privaudit.audits.dp_step.task import Step
from privaudit.errors import UsageError
from privaudit.results import File
from privaudit.targets.digests import one_line

OWN_STEP = "privaudit.audits.dp_step.own:step"


@dataclass(frozen=True)
class LoadedStep:
    """A step under the name it was asked for."""

    name: str
    run: Step
    source: File | None
    """The file it is written in; None if it has no file."""


@contextmanager
def loaded_step(name: str) -> Iterator[LoadedStep]:
    """Import ``package.module:function``, with the current directory importable as in ``python -m``.

    The directory stays importable inside the block, because the step may import more when it is called.

    Raises:
        UsageError: there is no such function, or its module fails while it is imported.
    """
    module, _, function = name.partition(":")
    if not module or not function.isidentifier():
        raise UsageError(
            f"--step {name!r} is not package.module:function", "Name a function that makes one step"
        )
    here = str(Path.cwd())
    sys.path.insert(0, here)
    try:
        found = _imported(name, module, function)
        if not callable(found):
            raise UsageError(
                f"--step {name} is of type {type(found).__name__}, not a function",
                "Name a function that makes one step",
            )
        yield LoadedStep(name, cast("Step", found), _source(found))
    finally:
        with suppress(ValueError):  # the step may have changed the path itself
            sys.path.remove(here)


def _imported(name: str, module: str, function: str) -> object:
    try:
        return getattr(importlib.import_module(module), function)
    except (Exception, SystemExit) as error:
        # NOTE: the user's own code, which may fail in any way; exiting must not pass for success.
        mend = "Correct --step; modules are looked for in the current directory and in what is installed"
        raise UsageError(f"Cannot import --step {name}: {one_line(error)}", mend) from None


def _source(step: object) -> File | None:
    try:
        path = Path(inspect.getfile(step))  # type: ignore[arg-type] # what it refuses is caught below
        content = path.read_bytes()
    except (TypeError, OSError):
        return None
    return File(name=path.name, sha256=hashlib.sha256(content).hexdigest(), size=len(content))
