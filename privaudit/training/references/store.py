"""Where trained references are kept: one folder per plan, one file per reference.

A folder's name is the plan's key: what is found there belongs to exactly this data, recipe, seed and version
of privaudit, or it is not read. The files reveal who was in the training data of which reference, so folders
have mode 0700 and files 0600.
"""

import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from privaudit import __version__
from privaudit.errors import ModelError, UsageError
from privaudit.files import PRIVATE, replaced
from privaudit.training.references.outputs import References
from privaudit.training.references.plan import ReferenceOutput, ReferencePlan
from privaudit.training.references.reference_file import (
    FORMAT,
    DamagedReferenceError,
    verify_reference,
    write_reference,
)

PLAN_FILE = "plan.json"
"""What the folder's references are, for people and for ``privaudit store list``. Its time is that of the last
use."""
LEFTOVER_SECONDS = 3600.0
"""A file that was being written this long ago was left by a process that died."""


def default_root(environment: Mapping[str, str]) -> Path:
    """The user's cache folder for references on this system.

    Args:
        environment: the variables of the process; the caller reads them.

    Raises:
        UsageError: the environment names no home.
    """
    # NOTE: through a variable, because mypy takes `sys.platform` for the platform it runs on.
    platform = str(sys.platform)
    home = environment.get("USERPROFILE" if platform == "win32" else "HOME", "")
    if platform == "win32":
        caches = environment.get("LOCALAPPDATA") or (home and f"{home}/AppData/Local")
    elif platform == "darwin":
        caches = home and f"{home}/Library/Caches"
    else:
        caches = environment.get("XDG_CACHE_HOME") or (home and f"{home}/.cache")
    if not caches:
        raise UsageError("The environment names no home directory", "Set PRIVAUDIT_STORE to a folder")
    return Path(caches) / "privaudit" / "references"


class Store:
    """All plans' references under one root folder.

    Args:
        root: made, with mode 0700, when the first plan is opened.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def open(self, plan: ReferencePlan) -> "PlanFolder":
        """The folder of ``plan``, made where it does not exist, and marked as used now.

        Raises:
            UsageError: the folder cannot be made or written.
        """
        folder = PlanFolder(self.root, plan)
        with _writing(self.root):
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.path.mkdir(mode=0o700, exist_ok=True)
            folder.path.chmod(0o700)
            folder.sweep()
            folder.describe()
        return folder


class PlanFolder:
    """The references of one plan."""

    def __init__(self, root: Path, plan: ReferencePlan) -> None:
        self.plan = plan
        self.key = plan.key()
        self.path = root / self.key

    def file(self, index: int) -> Path:
        """Where reference ``index`` is kept."""
        return self.path / f"{index:05d}.safetensors"

    def holds(self, index: int) -> bool:
        """Whether reference ``index`` is there, whole and unaltered. Reads all of its file."""
        try:
            verify_reference(self.file(index), self.key, index)
        except (FileNotFoundError, DamagedReferenceError):
            return False
        return True

    def write(self, output: ReferenceOutput) -> None:
        """Store a reference atomically: a reader sees all of it or nothing.

        Raises:
            ModelError: its outputs are not finite.
            UsageError: the file cannot be written.
            ValueError: the learner gave something other than the plan asks for.
        """
        self._check(output)
        with _writing(self.path):
            write_reference(self.file(output.index), self.key, output)

    def read(self, indices: Iterable[int]) -> References:
        """The references ``indices``, which must be held; nothing is loaded yet."""
        kept = tuple(sorted(indices))
        files = tuple(self.file(index) for index in kept)
        return References(kept, files, len(self.plan.scored), self.plan.extras)

    def describe(self) -> None:
        """Write what this plan is, without any text; or mark it as used when that is written already."""
        path = self.path / PLAN_FILE
        if read_plan_file(path).get("key") == self.key:
            os.utime(path)
            return
        plan = self.plan
        content = {
            "format": FORMAT,
            "key": self.key,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "privaudit": __version__,
            "learner": plan.learner.describe(),
            "seed": plan.seed,
            "online": plan.online,
            "extras": plan.extras,
            "pool": {"n": len(plan.pool), "digest": plan.pool.digest()},
            "scored": {"n": len(plan.scored), "digest": plan.scored.digest()},
            "classes": plan.scored.n_classes,
        }
        with replaced(path, mode=PRIVATE) as file:
            file.write(json.dumps(content, indent=1).encode() + b"\n")

    def sweep(self) -> None:
        """Remove what processes killed while writing left behind."""
        for leftover in self.path.glob(".*.part"):
            with suppress(FileNotFoundError):
                if time.time() - leftover.stat().st_mtime > LEFTOVER_SECONDS:
                    leftover.unlink()

    def _check(self, output: ReferenceOutput) -> None:
        n, classes = len(self.plan.scored), self.plan.scored.n_classes
        extras = output.extras
        shapes = [
            (output.logits, np.float32, (n, classes)),
            (output.inside, np.bool_, (n,)),
            *([] if extras is None else [(extras, np.float32, (n, *extras.shape[1:2]))]),
        ]
        for array, kind, shape in shapes:
            if array.dtype != kind or array.shape != shape:
                raise ValueError(f"{kind.__name__} {shape} was expected, not {array.dtype} {array.shape}")
        if (extras is not None) != self.plan.extras:
            raise ValueError("extras are kept exactly when the plan asks for them")
        if not np.isfinite(output.logits).all() or (extras is not None and not np.isfinite(extras).all()):
            raise ModelError(
                f"Reference {output.index} gave logits that are NaN or infinite",
                "Lower the learning rate of the recipe, or check the trainer",
            )


def read_plan_file(path: Path) -> dict[str, object]:
    """What :meth:`PlanFolder.describe` wrote; empty when the file is missing or broken."""
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


@contextmanager
def _writing(place: Path) -> Iterator[None]:
    """Turn a system error while writing the store into one that says what to do."""
    try:
        yield
    except OSError as failure:
        raise UsageError(
            f"Cannot write to the store at {str(place)!r}: {failure.strerror or type(failure).__name__}",
            "Make room (privaudit store prune) or set PRIVAUDIT_STORE to another folder, then run the "
            "command again: finished references are kept",
        ) from failure
