"""Poisson batches: each record joins each batch by a coin of its own."""

import numpy as np

from privaudit.targets.interface import Ints
from privaudit.training.seeds import SeedStream


class PoissonBatches:
    """An endless series of batches, independent of each other.

    The size of a batch is binomial and, given its size, every subset is as likely as any other: the law of n
    independent coins, at a cost of one batch rather than n records.

    Args:
        n: number of records.
        rate: chance of each to be in a batch, in (0, 1].
        seed: of all batches; any non-negative integer, of 128 bits where it must not be guessed.
    """

    def __init__(self, n: int, rate: float, seed: int) -> None:
        self._n, self._rate = n, rate
        self._rng = np.random.default_rng([seed, SeedStream.BATCH])

    def draw(self) -> Ints:
        """Positions of the next batch in ``0 … n-1``, each at most once and in no certain order."""
        size = int(self._rng.binomial(self._n, self._rate))
        return self._rng.choice(self._n, size, replace=False, shuffle=False)
