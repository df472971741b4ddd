"""Adam on embedding tables at the cost of the rows that a batch touches.

Adam moves every row at every step, because its moments outlive the gradient. Between two
batches that contain a row, its moves follow from the moments alone, so they are applied when the row is next
needed. For a vocabulary of thousands of words that saves most of the work of training a small network.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from privaudit.targets.interface import Floats, Ints

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8
_RATIOS = np.array([BETA1 / BETA2**0.5, BETA1 / BETA2])
"""By which w_t and w_t ε_t fall from step to step, the factors that do not depend on a aside."""


class TouchedRows:
    """The tables of M models one below the other, with their moments.

    Between two touches at steps a < b the gradient is zero, so with j = t - a the moments are ``m β1^j`` and
    ``v β2^j``, and the row moves by ``-m Σ w_t / (√v + ε_t)`` over a < t < b with
    ``w_t = lr_t (β1/√β2)^j √(1-β2^t) / (1-β1^t)`` and ``ε_t = ε √(1-β2^t) / β2^(j/2)``. It is computed as
    ``-m W / (√v + E / W)`` with ``W = Σ w_t`` and ``E = Σ w_t ε_t``, which is exact to second order in ε;
    both sums are differences of two entries of a table.

    Args:
        tables: per model its rows ``[V, d]``.
        rates: per model the learning rate of each of its steps.
    """

    def __init__(self, tables: Sequence[Tensor], rates: Sequence[Floats]) -> None:
        self.values = torch.cat([table.detach() for table in tables])
        self.first: Ints = np.cumsum([0, *(len(table) for table in tables)])
        """``[M + 1]`` where each model's rows begin."""
        self._mean, self._square = torch.zeros_like(self.values), torch.zeros_like(self.values)
        self._touched = np.zeros(len(self.values), dtype=np.int64)
        sums = [_remaining(rate) for rate in rates]
        self._sum_first: Ints = np.cumsum([0, *(len(s) for s in sums)])
        self._sums = np.concatenate(sums)
        missed = np.arange(max(len(s) for s in sums))[:, None]
        self._decays = _RATIOS**missed
        self._powers = np.array([BETA1, BETA2]) ** missed

    def gather(self, rows: Ints, rows_of_models: Ints, steps: Ints) -> tuple[Tensor, Tensor, Tensor]:
        """Bring rows up to date.

        Args:
            rows: ``[U]`` distinct rows in the order of the models.
            rows_of_models: ``[M]`` how many of them are of each model.
            steps: ``[M]`` how many steps each model has made.

        Returns:
            Values ``[U + 1, d]`` after a row of zeros, and the two moments ``[U, d]``; all are copies.
        """
        values = self.values.new_empty(len(rows) + 1, self.values.shape[1])
        values[0] = 0
        _read(self.values, rows, values[1:])
        mean, square = (torch.empty_like(values[1:]) for _ in range(2))
        _read(self._mean, rows, mean)
        _read(self._square, rows, square)
        begun = self._touched[rows]
        now = np.repeat(steps, rows_of_models)
        base = np.repeat(self._sum_first[:-1], rows_of_models)
        missed = now - begun
        moved = self._sums[base + begun] - self._decays[missed] * self._sums[base + now]
        weights = moved[:, :1]
        epsilons = np.divide(moved[:, 1:], weights, out=np.ones_like(weights), where=weights > 0)
        numbers = np.hstack((weights, epsilons, self._powers[missed])).astype(np.float32)
        columns = torch.from_numpy(numbers).to(self.values.device)
        weight, epsilon, power1, power2 = torch.split(columns, 1, dim=1)
        # NOTE: in place, because the next operation finds in the cache what this one wrote.
        values[1:].sub_(torch.div(mean, move := square.sqrt().add_(epsilon), out=move).mul_(weight))
        return values, mean.mul_(power1), square.mul_(power2)

    def put(
        self, rows: Ints, rows_of_models: Ints, steps: Ints, values: Tensor, mean: Tensor, square: Tensor
    ) -> None:
        """Write back what an Adam step made of :meth:`gather`'s rows; ``steps`` count this one."""
        _write(self.values, rows, values[1:])
        _write(self._mean, rows, mean)
        _write(self._square, rows, square)
        self._touched[rows] = np.repeat(steps, rows_of_models)

    def tables(self, steps: Ints) -> list[Tensor]:
        """All rows of each model, up to date."""
        sizes = np.diff(self.first)
        values, _, _ = self.gather(np.arange(len(self.values)), sizes, steps)
        return list(torch.split(values[1:], sizes.tolist()))


def _remaining(rates: Floats) -> Floats:
    """``[T + 1, 2]`` per step a the sums W and E over all ``t > a`` up to the last step T."""
    steps = np.arange(1, len(rates) + 1)
    terms = rates * np.sqrt(1 - BETA2**steps) / (1 - BETA1**steps)
    columns = np.column_stack((terms, EPSILON * terms * np.sqrt(1 - BETA2**steps)))
    sums = np.zeros((len(rates) + 1, 2))
    for a in range(len(rates) - 1, -1, -1):
        sums[a] = _RATIOS * (columns[a] + sums[a + 1])
    return sums


def _read(table: Tensor, rows: Ints, into: Tensor) -> None:
    if table.device.type == "cpu":
        # NOTE: numpy moves whole rows, in a third of the time of torch.
        np.take(table.numpy(), rows, axis=0, out=into.numpy(), mode="clip")
    else:
        torch.index_select(table, 0, torch.from_numpy(rows).to(table.device), out=into)


def _write(table: Tensor, rows: Ints, new: Tensor) -> None:
    if table.device.type == "cpu":
        table.numpy()[rows] = new.numpy()
    else:
        table.index_copy_(0, torch.from_numpy(rows).to(table.device), new)
