"""A surface that is a table of logits."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from privaudit.attacks.extraction.enumeration import tie_range
from privaudit.data.canaries.template import Slot, Template


class Table:
    """Logits by number of the filling; counts the passes over all of them."""

    order_blind = False

    def __init__(self, sizes, logits):
        self.template = Template("", tuple(Slot(tuple(map(str, range(size))), " ") for size in sizes))
        self.table = np.asarray(logits, dtype=np.float64)
        self.n_classes = self.table.shape[1]
        self.passes = 0

    def logits(self, fillings):
        return self.table[np.ravel_multi_index(tuple(fillings.T), self.template.sizes)]

    def all_logits(self, start: int = 0, stop: int | None = None) -> Iterator[np.ndarray]:
        self.passes += 1
        stop = self.template.n_fillings if stop is None else stop
        for first in range(start, stop, 7):
            yield self.table[first : min(first + 7, stop)]


@pytest.fixture(scope="session")
def table() -> Callable[..., Table]:
    """``table(sizes, margins)``: a surface whose class 1 has these margins, ``[N]`` by number."""

    def make(sizes, margins) -> Table:
        margins = np.asarray(margins, dtype=np.float64).ravel()
        return Table(sizes, np.stack([np.zeros_like(margins), margins], axis=1))

    return make


@pytest.fixture(scope="session")
def position_in_law() -> Callable[..., float]:
    """``position_in_law(margins, secret, law, u)``: uniform on (0, 1) when nothing was learnt of the secret.

    ``P(better) + u P(tie)`` under the law that the secret was drawn from, with the secret among its own ties
    (the randomised probability integral transform): exact also for a generator that prefers some fillings.
    """

    def position(margins, secret, law, u) -> float:
        low, high = tie_range(float(margins[secret]))
        better = margins > high
        tied = (margins >= low) & ~better
        return float(law[better].sum() + u * law[tied].sum())

    return position
