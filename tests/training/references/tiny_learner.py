"""Learners that train in milliseconds. A module of its own, because worker processes must import it."""

import os
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from privaudit.errors import UsageError
from privaudit.training.references.plan import Population, ReferenceOutput, ReferencePlan

WIDTH = 64


@dataclass(frozen=True)
class TinyLearner:
    """Softmax regression on hashed words by a few steps of gradient descent: a function of plan and index."""

    block_size: int = 4
    quick: bool = False
    seconds: float = 0.0
    rate: float = 0.5

    def describe(self) -> dict[str, object]:
        return {"learner": "tiny", "rate": self.rate}

    def learn(self, plan: ReferencePlan, indices: Sequence[int]) -> Iterator[ReferenceOutput]:
        for index in indices:
            self.begin(index)
            time.sleep(self.seconds)
            yield self._one(plan, index)

    def begin(self, index: int) -> None:
        """What other learners do before a reference."""

    def _one(self, plan: ReferencePlan, index: int) -> ReferenceOutput:
        coins = plan.inside(index)
        features, classes = hashed(plan.pool)[coins], np.eye(plan.pool.n_classes, dtype=np.float32)
        weights = np.random.default_rng([plan.seed, index]).normal(size=(WIDTH, plan.pool.n_classes))
        weights = weights.astype(np.float32)
        for _ in range(20):
            probability = np.exp(features @ weights)
            probability /= probability.sum(1, keepdims=True)
            error = probability - classes[plan.pool.labels[coins]]
            weights -= self.rate * features.T @ error / max(1, len(features))
        logits = (hashed(plan.scored) @ weights).astype(np.float32)
        inside = coins if plan.online else np.zeros(len(plan.scored), np.bool_)
        return ReferenceOutput(index, inside, logits, logits[:, :2] ** 2 if plan.extras else None)


@dataclass(frozen=True)
class DyingLearner(TinyLearner):
    """As TinyLearner, but the process that begins ``victim`` is killed, the first ``deaths`` times."""

    victim: int = 0
    deaths: int = 1
    folder: Path = Path()

    def begin(self, index: int) -> None:
        if index == self.victim and len(list(self.folder.iterdir())) < self.deaths:
            (self.folder / str(time.monotonic_ns())).touch()
            os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True)
class StuckLearner(TinyLearner):
    """As TinyLearner for the ``first`` references; the others take an hour each."""

    first: int = 0

    def begin(self, index: int) -> None:
        if index >= self.first:
            time.sleep(3600)


@dataclass(frozen=True)
class FailingLearner(TinyLearner):
    """As TinyLearner, but ``victim`` raises."""

    victim: int = 0
    kind: str = "usage"

    def begin(self, index: int) -> None:
        if index == self.victim:
            if self.kind == "usage":
                raise UsageError("The recipe is a bad one", "Mend the recipe")
            if self.kind == "system":
                raise FileNotFoundError(2, "No such file", "pretrained")
            if self.kind == "unsendable":
                raise Unsendable("first", "second")
            raise KeyError("bug")


class Unsendable(Exception):  # noqa: N818
    """Cannot be rebuilt from its arguments."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(first + second)


@dataclass(frozen=True)
class WrongLearner(TinyLearner):
    """Gives outputs that break the contract."""

    fault: str = "nan"

    def _one(self, plan: ReferencePlan, index: int) -> ReferenceOutput:
        good = super()._one(plan, index)
        logits, inside, extras = good.logits.copy(), good.inside, good.extras
        match self.fault:
            case "nan":
                logits[3, 1] = np.nan
            case "shape":
                logits = logits[:-1]
            case "type":
                logits = logits.astype(np.float64)
            case "extras":
                extras = np.zeros((len(logits), 2), np.float32)
        return ReferenceOutput(index, inside, logits, extras)


@dataclass(frozen=True)
class LazyLearner(TinyLearner):
    """Forgets the last reference of every block."""

    def learn(self, plan: ReferencePlan, indices: Sequence[int]) -> Iterator[ReferenceOutput]:
        yield from super().learn(plan, indices[:-1])


def hashed(population: Population) -> np.ndarray:
    """Counts of words by the sum of their bytes, ``[n, WIDTH]``."""
    rows = np.zeros((len(population), WIDTH), np.float32)
    for row, text in zip(rows, population.texts, strict=True):
        for word in text.split():
            row[sum(word.encode()) % WIDTH] += 1
    return rows


@dataclass(frozen=True)
class ThreadsLearner(TinyLearner):
    """Gives, as logits, how many threads torch and the other numerical libraries would use."""

    def _one(self, plan: ReferencePlan, index: int) -> ReferenceOutput:
        import torch
        from threadpoolctl import threadpool_info

        good = super()._one(plan, index)
        good.logits[:] = [torch.get_num_threads(), max(pool["num_threads"] for pool in threadpool_info()), 0]
        return good


@dataclass(frozen=True)
class GpuLearner(TinyLearner):
    """Says that it computes on a GPU."""

    def describe(self) -> dict[str, object]:
        return {**super().describe(), "device": "cuda"}
