"""Classifiers that are formulas, so that their best filling is known."""

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations

import numpy as np
import pytest
import torch

from privaudit.attacks.extraction.spec import Surface
from privaudit.data.canaries.template import Slot, Template, numbered

LABEL = 1


def make_template(sizes: Sequence[int]) -> Template:
    """Slots with the first ``size`` of one list of words each, so that equal sizes are equal lists."""
    return Template("it is ", tuple(Slot(tuple(f"w{i}" for i in range(size)), " ") for size in sizes))


class Formula:
    """Three classes; the label's logit is linear in every slot plus products of two slots.

    Args:
        linear: ``[m_s]`` per slot.
        products: ``[m_s, m_t]`` for pairs ``(s, t)``.
    """

    n_classes = 3
    order_blind = False

    def __init__(self, linear, products=None):
        self.template = make_template([len(values) for values in linear])
        self.linear = [torch.as_tensor(np.asarray(values), dtype=torch.float64) for values in linear]
        self.products = {
            pair: torch.as_tensor(np.asarray(matrix), dtype=torch.float64)
            for pair, matrix in (products or {}).items()
        }
        self.evaluations = 0
        self.largest_batch = 0

    def soft_logits(self, weights):
        rows = len(weights[0])
        self.evaluations += rows * (3 if weights[0].requires_grad else 1)
        return self._logits([part.double() for part in weights]).float()

    def logits(self, fillings):
        self.evaluations += len(fillings)
        self.largest_batch = max(self.largest_batch, len(fillings))
        assert fillings.dtype == np.int64
        assert (fillings >= 0).all()
        choices = torch.from_numpy(np.ascontiguousarray(fillings))
        one_hot = [
            torch.nn.functional.one_hot(choices[:, s], len(values)).double()
            for s, values in enumerate(self.linear)
        ]
        return self._logits(one_hot).numpy()

    def all_logits(self, start: int = 0, stop: int | None = None) -> Iterator[np.ndarray]:
        stop = self.template.n_fillings if stop is None else stop
        for first in range(start, stop, 97):
            yield self.logits(numbered(self.template, np.arange(first, min(first + 97, stop))))

    def _logits(self, weights):
        value = sum(part @ values for part, values in zip(weights, self.linear, strict=True))
        for (s, t), matrix in self.products.items():
            value = value + ((weights[s] @ matrix) * weights[t]).sum(1)
        return torch.stack([torch.zeros_like(value), value, torch.full_like(value, 0.5)], dim=1)


class BlackBox:
    """The same without mixtures."""

    def __init__(self, inner: Formula):
        self._inner = inner
        self.template, self.n_classes, self.order_blind = inner.template, inner.n_classes, inner.order_blind
        self.logits, self.all_logits = inner.logits, inner.all_logits

    @property
    def evaluations(self) -> int:
        return self._inner.evaluations


def _additive(sizes, seed=0):
    rng = np.random.default_rng(seed)
    return Formula([rng.normal(size=size) for size in sizes])


def _interacting(sizes, seed=1):
    rng = np.random.default_rng(seed)
    products = {
        (s, t): 2 * rng.normal(size=(sizes[s], sizes[t])) for s, t in combinations(range(len(sizes)), 2)
    }
    return Formula([rng.normal(size=size) for size in sizes], products)


def _deceptive():
    """Every single change from (0, 0, *) is for the worse, and the best filling has none of its words."""
    linear = [np.array([1.0, 0, 0, 0, 0]), np.array([1.0, 0, 0, 0, 0]), np.linspace(0, 0.5, 5)]
    together = np.zeros((5, 5))
    together[3, 4] = 4.0
    return Formula(linear, {(0, 1): together})


def _shifted(length=5):
    """The secret ``0 1 2 …`` counts also where it stands one slot late, as in a network that pools."""
    linear = [np.zeros(length + 1) for _ in range(length)]
    products = {}
    for s in range(length - 1):
        matrix = np.zeros((length + 1, length + 1))
        for i in range(length - 1):
            matrix[i, i + 1] = 2.0 - 0.1 * abs(s - i)
        products[s, s + 1] = matrix
    return Formula(linear, products)


SURFACES: dict[str, Callable[[], Formula]] = {
    "digits": lambda: _additive((10, 10, 10, 10)),
    "interacting": lambda: _interacting((6, 6, 6, 6)),
    "ties": lambda: Formula([np.zeros(4)] * 3),
    "one-slot": lambda: _additive((50,)),
    "mixed-sizes": lambda: _interacting((2, 50, 3)),
    "words": lambda: _additive((150, 100)),
    "deceptive": _deceptive,
    "shifted": _shifted,
}


@pytest.fixture(params=SURFACES, scope="session")
def formula(request) -> Callable[[], Formula]:
    """Makes a fresh surface with its own count of evaluations."""
    return SURFACES[request.param]


@pytest.fixture(scope="session")
def formulas() -> dict[str, Callable[[], Formula]]:
    return SURFACES


@pytest.fixture(scope="session")
def black_box() -> Callable[[Formula], Surface]:
    return BlackBox
