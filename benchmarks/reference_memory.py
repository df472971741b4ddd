"""The memory that references take: kept one after another, then read for the margins that attacks use.

    python benchmarks/reference_memory.py                                   # 64 x 100,000 x 20, with extras

Prints the peak of the process's resident memory. The references are random numbers, nothing is trained;
the store, the reading and the margins are those of an audit.
"""

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from privaudit.attacks.membership.signals import Signals
from privaudit.attacks.membership.transforms import reference_margins
from privaudit.training.references.backends.serial import SerialBackend
from privaudit.training.references.engine import train_references
from privaudit.training.references.plan import Population, ReferenceOutput, ReferencePlan
from privaudit.training.references.store import Store

LIMIT_GIB = 2.0
N_EXTRAS = 5


@dataclass(frozen=True)
class RandomLearner:
    """Outputs of the shape of a model's."""

    block_size: int = 8

    def describe(self) -> dict[str, object]:
        return {"learner": "random"}

    def learn(self, plan: ReferencePlan, indices: Sequence[int]) -> Iterator[ReferenceOutput]:
        n, classes = len(plan.scored), plan.scored.n_classes
        for index in indices:
            rng = np.random.default_rng([plan.seed, index])
            logits = rng.standard_normal((n, classes), dtype=np.float32)
            extras = rng.standard_normal((n, N_EXTRAS), dtype=np.float32)
            yield ReferenceOutput(index, plan.inside(index), logits, extras)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--references", type=int, default=64)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--classes", type=int, default=20)
    options = parser.parse_args()
    n, classes = options.records, options.classes
    rng = np.random.default_rng(0)
    pool = Population([f"record {i}" for i in range(n)], rng.integers(0, classes, n), classes)
    plan = ReferencePlan(RandomLearner(), pool, pool, online=True, seed=0, extras=True)
    print(f"{options.references} references x {n:,} records x {classes} classes: "
          f"{options.references * n * (classes + N_EXTRAS) * 4 / 2**20:,.0f} MiB of float32")  # fmt: skip
    print(f"{'with what this program imports':45s} {peak_gib():6.2f} GiB")
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        for task in ("kept", "found and verified"):
            start = time.perf_counter()
            references = train_references(plan, options.references, store, SerialBackend())
            say(f"references {task}", start)
        start = time.perf_counter()
        signals = Signals(
            ids=[str(i) for i in range(n)], label=pool.labels, member=plan.inside(0),
            target_logits=references.logits[0].astype(np.float64),
            reference_logits=references.logits, reference_in=references.inside,
        )  # fmt: skip
        reference_margins(signals)
        say("margins of all references", start)
    sys.exit(peak_gib() > LIMIT_GIB)


def say(task: str, start: float) -> None:
    seconds = time.perf_counter() - start
    print(f"{task:45s} {peak_gib():6.2f} GiB peak (at most {LIMIT_GIB:g})   {seconds:6.1f} s")


def peak_gib() -> float:
    """Largest resident memory of this process so far; the system counts in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


if __name__ == "__main__":
    main()
