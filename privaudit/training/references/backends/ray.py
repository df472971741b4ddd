"""A Ray cluster: ``pip install "privaudit[ray]"``."""

import os
import pickle
import socket
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from types import ModuleType

from privaudit import __version__
from privaudit.errors import MissingExtraError, UsageError
from privaudit.training.references.backends.interface import Block, Outputs
from privaudit.training.references.backends.jobs import Job, Jobs
from privaudit.training.references.backends.threads import one_thread_for_good
from privaudit.training.references.backends.worker import portable, unpacked
from privaudit.training.references.plan import ReferenceOutput, ReferencePlan

_SECONDS_TO_ANSWER = 10.0

Answers = list[ReferenceOutput] | Exception


@dataclass(frozen=True)
class RayBackend:
    """Trains as many blocks at a time as the cluster has room for, each in a task of one CPU and one thread.

    The plan is put into the object store once. A block whose worker dies is tried again on another; tasks are
    never retried by Ray itself, which would retry one that runs out of memory for ever.
    """

    address: str = "auto"
    """``auto``: the cluster of this machine or of ``RAY_ADDRESS``; ``local``: one that lives as long as the
    run; else ``HOST:PORT`` or ``ray://HOST:PORT``."""
    gpus_per_task: float | None = None
    """What a task asks of the cluster beside its CPU; None: one when the learner describes its device as
    ``cuda``, else none."""

    def run(self, plan: ReferencePlan, blocks: Iterable[Block]) -> Outputs:
        """Train ``blocks``; see :class:`.interface.Backend`."""
        with _connected(self.address) as ray:
            # NOTE: as bytes, because arrays that come straight from the object store cannot be written to.
            packed = ray.put(pickle.dumps(plan))
            gpus = _gpus(plan) if self.gpus_per_task is None else self.gpus_per_task
            task = ray.remote(train_block).options(num_cpus=1, num_gpus=gpus, max_retries=0)
            jobs, running = Jobs(blocks), dict[object, Job]()
            try:
                while True:
                    while len(running) < _room(ray, gpus) and (job := jobs.take()) is not None:
                        running[task.remote(packed, job.block, __version__)] = job
                    if not running:
                        return
                    for done in ray.wait(list(running), num_returns=1)[0]:
                        yield from _collect(ray, done, running.pop(done), jobs)
            finally:
                for unfinished in running:
                    ray.cancel(unfinished, force=True)


def train_block(packed: bytes, block: Block, version: str) -> Answers:
    """Train one block on this machine."""
    if version != __version__:
        return UsageError(
            f"A machine of the cluster runs privaudit {__version__} instead of {version}",
            "Install the same version everywhere",
        )
    one_thread_for_good()
    try:
        plan = unpacked(packed)
        return list(plan.learner.learn(plan, block))
    except Exception as error:  # the process that asked handles it
        return portable(error)


def _gpus(plan: ReferencePlan) -> float:
    return float(str(plan.learner.describe().get("device", "cpu")).startswith("cuda"))


def _room(ray: ModuleType, gpus: float) -> int:
    """How many tasks the cluster runs at a time, now: machines may come and go.

    Raises:
        UsageError: tasks need a GPU and the cluster has none.
    """
    resources = ray.cluster_resources()
    room = int(resources.get("CPU", 0))
    if gpus:
        if resources.get("GPU", 0) < gpus:
            raise UsageError(
                f"The Ray cluster has {resources.get('GPU', 0):g} GPUs, but a task needs {gpus:g}",
                "Add machines with GPUs, or use --device cpu",
            )
        room = min(room, int(resources["GPU"] / gpus))
    return max(1, room)


def _collect(ray: ModuleType, done: object, job: Job, jobs: Jobs) -> Outputs:
    """The outputs of a task that ended, well or badly."""
    try:
        answers: Answers = ray.get(done)
    except ray.exceptions.RayError as failure:
        jobs.retry(job, type(failure).__name__)
        return
    if isinstance(answers, Exception):
        raise answers
    yield from answers


@contextmanager
def _connected(address: str) -> Iterator[ModuleType]:
    """Ray, connected; a connection that was there before is used and left as it is."""
    # NOTE: nothing about an audit is reported to anybody.
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    try:
        import ray
    except ImportError:
        raise MissingExtraError("ray", "ray", "training on a Ray cluster") from None
    # NOTE: a thread of Ray prints what happens to the workers to stdout, which is for the result.
    with redirect_stdout(sys.stderr):
        if ray.is_initialized():
            yield ray
            return
        _connect(ray, address)
        try:
            yield ray
        finally:
            ray.shutdown()


def _connect(ray: ModuleType, address: str) -> None:
    try:
        _check_listening(address)
        ray.init(address, log_to_driver=False, logging_level="ERROR")
    except (OSError, RuntimeError, ValueError) as failure:
        raise UsageError(
            f"No Ray cluster at {address!r} ({type(failure).__name__}: {str(failure)[:200]})",
            'Start one with "ray start --head", or use --ray local',
        ) from failure


def _check_listening(address: str) -> None:
    """Raise OSError when nothing listens at ``HOST:PORT``; Ray itself would take minutes to notice."""
    if address in {"auto", "local"}:
        return
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not colon or not port.isdecimal():
        raise ValueError("no HOST:PORT")
    socket.create_connection((host, int(port)), timeout=_SECONDS_TO_ANSWER).close()
