import sys
from pathlib import Path

import numpy as np
import pytest

from privaudit.training.references.plan import Population, ReferencePlan
from privaudit.training.references.store import Store

# NOTE: worker processes get this process's search path, and with it the learners of these tests.
sys.path.insert(0, str(Path(__file__).parent))


def make_population(n: int = 40, seed: int = 0) -> Population:
    rng = np.random.default_rng(seed)
    words = ["cat", "dog", "bird", "boat", "train", "runs", "sails", "sleeps", "fast", "slow"]
    texts = [" ".join(rng.choice(words, 4)) for _ in range(n)]
    return Population(texts, rng.integers(0, 3, n), 3)


@pytest.fixture
def plan():
    """A plan of a tiny learner, with whatever is asked to be different."""
    from tiny_learner import TinyLearner

    def make(learner=None, *, n=40, data_seed=0, seed=7, online=True, extras=False) -> ReferencePlan:
        pool = make_population(n, data_seed)
        scored = pool if online else make_population(n // 2, data_seed + 1)
        return ReferencePlan(learner or TinyLearner(), pool, scored, online, seed, extras)

    return make


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def contents():
    """Name and bytes of every reference file of a store."""

    def read(store: Store) -> dict[str, bytes]:
        return {str(f.relative_to(store.root)): f.read_bytes() for f in store.root.rglob("*.safetensors")}

    return read
