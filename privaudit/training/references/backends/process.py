"""A pool of processes on this machine, each with one thread."""

import pickle
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import wait

from privaudit.errors import UsageError
from privaudit.training.references.backends.interface import Block, Outputs
from privaudit.training.references.backends.jobs import Job, Jobs
from privaudit.training.references.backends.worker import Answer, work
from privaudit.training.references.plan import ReferencePlan

_SECONDS_TO_DIE = 10.0


@dataclass(frozen=True)
class ProcessBackend:
    """Trains as many blocks at a time as there are workers, each in a fresh, spawned process.

    A worker that dies is replaced, and what was left of its block is tried again by another.
    """

    workers: int | None = None
    """None: one for every core that this process may use."""

    def run(self, plan: ReferencePlan, blocks: Iterable[Block]) -> Outputs:
        """Train ``blocks``; see :class:`.interface.Backend`."""
        jobs, packed, limit = Jobs(blocks), pickle.dumps(plan), self.workers or usable_cores()
        crew: list[_Worker] = []
        try:
            while True:
                _hand_out(jobs, crew, limit, packed)
                busy = {worker.connection: worker for worker in crew if worker.job is not None}
                if not busy:
                    return
                for connection in wait(list(busy)):
                    worker = busy[connection]  # type: ignore[index] # wait gives back what it was given
                    yield from _advance(worker, jobs, crew)
        finally:
            for worker in crew:
                worker.end()


def usable_cores() -> int:
    """The cores that this process may use; affinity and the limits of a container count."""
    import joblib

    return int(joblib.cpu_count())


class _Worker:
    """A spawned process and the job that it has."""

    def __init__(self, packed: bytes) -> None:
        context = get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.job: Job | None = None
        self._packed: bytes | None = packed
        self._process = context.Process(target=work, args=(theirs,), daemon=True)
        try:
            with _without_interrupts():
                self._process.start()
        except OSError as failure:
            self.connection.close()
            raise UsageError(
                f"Cannot start another worker process: {failure.strerror or type(failure).__name__}",
                "Use fewer workers",
            ) from failure
        finally:
            theirs.close()

    def give(self, job: Job) -> None:
        """Send a job, and the plan before the first one."""
        self.job = job
        try:
            if self._packed is not None:
                self.connection.send(self._packed)
                self._packed = None
            self.connection.send(job.block)
        except OSError:
            pass  # it is dead, as the next answer will show

    def answer(self) -> Answer:
        """What it sent. Raises EOFError or OSError when it died instead."""
        answer: Answer = self.connection.recv()
        return answer

    def end(self) -> str:
        """Make sure that the process is gone; say how it ended."""
        self.connection.close()
        self._process.join(0)
        self._process.kill()
        self._process.join(_SECONDS_TO_DIE)
        code = self._process.exitcode or 0
        self._process.close()
        return f"signal {-code}, often for lack of memory" if code == -9 else f"exit code {code}"


def _hand_out(jobs: Jobs, crew: list[_Worker], limit: int, packed: bytes) -> None:
    """Occupy every worker for which there is a job; start workers up to ``limit``."""
    idle = [worker for worker in crew if worker.job is None]
    room = limit - (len(crew) - len(idle))
    taken = list(islice(iter(jobs.take, None), room))
    # NOTE: all start before any is sent the plan, because sending waits until the other side reads.
    while len(idle) < len(taken):
        worker = _Worker(packed)
        crew.append(worker)
        idle.append(worker)
    for worker, job in zip(idle, taken, strict=False):
        worker.give(job)


def _advance(worker: _Worker, jobs: Jobs, crew: list[_Worker]) -> Outputs:
    """Take one answer of a worker that has a job."""
    job = worker.job
    if job is None:
        raise RuntimeError("an answer without a job")
    try:
        answer = worker.answer()
    except (EOFError, OSError):
        crew.remove(worker)
        jobs.retry(job, worker.end())
        return
    if answer is None:
        worker.job = None
    elif isinstance(answer, Exception):
        raise answer
    else:
        worker.job = job.without(answer.index)
        yield answer


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Processes started inside never see Ctrl-C, which the terminal sends to all: this process ends them.

    A Ctrl-C inside arrives afterwards.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    # NOTE: a spawned process inherits the mask. The tracker would lift it if it were started in between.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
