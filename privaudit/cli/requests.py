"""Where reference models are trained and kept, from the command line and the environment."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from privaudit.audits.reference_models import Mode, ReferenceRequest
from privaudit.errors import UsageError
from privaudit.training.references.store import default_root

if TYPE_CHECKING:
    from privaudit.audits.extraction.controls import ControlRequest
    from privaudit.training.references.backends.interface import Backend


def reference_request(
    count: int | None,
    *,
    population: Path | None = None,
    mode: Mode = "full",
    trainer: str | None = None,
    workers: int | None = None,
    ray: str | None = None,
    store: Path | None = None,
) -> ReferenceRequest | None:
    """The request for references; None when there shall be none.

    Raises:
        UsageError: options contradict each other, or there is no place for the store.
    """
    if count == 0:
        if population or trainer:
            raise UsageError("references for --population or --trainer", "--references 0", "Drop one of them")
        return None
    return ReferenceRequest(
        store=store_root(store),
        backend=backend_of(workers, ray),
        count=count,
        population=population,
        mode=mode,
        trainer=trainer,
    )


def store_root(folder: Path | None) -> Path:
    """Where trained models are kept: ``folder``, or the user's cache.

    Raises:
        UsageError: there is no place for the cache.
    """
    return folder or default_root(os.environ)


def backend_of(workers: int | None, ray: str | None) -> "Backend":
    """Where models are trained: in this process, in a pool of processes, or on a Ray cluster.

    Raises:
        UsageError: both are given.
    """
    if ray is not None:
        if workers is not None:
            raise UsageError("--workers or --ray", "both", "Drop --workers: the cluster decides")
        from privaudit.training.references.backends.ray import RayBackend

        return RayBackend(ray)
    from privaudit.training.references.backends.local import LocalBackend
    from privaudit.training.references.backends.process import ProcessBackend, usable_cores
    from privaudit.training.references.backends.serial import SerialBackend

    if (workers or usable_cores()) == 1:
        return SerialBackend()
    return LocalBackend() if workers is None else ProcessBackend(workers)


def control_request(
    count: int | None, model: Path | None, *, workers: int | None, ray: str | None, store: Path | None
) -> "ControlRequest | None":
    """The request for clean controls; None when there shall be none.

    Raises:
        UsageError: options contradict each other, or there is no place for the store.
    """
    if model is not None and count is not None:
        raise UsageError("--controls or --control", "both", "Drop one of them")
    if count == 0:
        return None
    from privaudit.audits.extraction.controls import ControlRequest

    return ControlRequest(store=store_root(store), backend=backend_of(workers, ray), count=count, model=model)
