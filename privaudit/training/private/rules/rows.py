"""Gradients of tables: a few rows each."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import torch
from torch import Tensor

from privaudit.training.private.rules.parts import Gradient, RowGradient


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of a table: what each token adds to its own."""

    name: str
    tokens: Tensor
    """``[B, T]``."""
    gradients: Tensor
    """``[B, T, d]``."""
    size: int
    """Rows of the table."""
    padding: int | None
    """The row that has no gradient."""

    DENSE = 1024
    """A table of at most this many rows has a plain tensor as its gradient."""

    @property
    def names(self) -> tuple[str, ...]:
        """Name of the table."""
        return (self.name,)

    def squared_norms(self) -> Tensor:
        """Squared norms of the sums of each example's equal tokens."""
        examples, _, values = self._distinct
        squares = values.new_zeros(len(self.tokens))
        return squares.index_add_(0, examples, values.square().sum(1))

    def sums(self, factors: Tensor) -> dict[str, Gradient]:
        """Sums over the rows that occur."""
        examples, rows, values = self._distinct
        weighted = values * factors[examples].unsqueeze(1)
        if self.size <= self.DENSE:
            return {self.name: values.new_zeros(self.size, values.shape[1]).index_add_(0, rows, weighted)}
        distinct, places = torch.unique(rows, return_inverse=True)
        summed = values.new_zeros(len(distinct), values.shape[1]).index_add_(0, places, weighted)
        return {self.name: RowGradient(distinct, summed)}

    def whole(self) -> dict[str, Tensor]:
        """The tables of all examples, which may be large."""
        examples, rows, values = self._distinct
        tables = values.new_zeros(len(self.tokens), self.size, values.shape[1])
        return {self.name: tables.index_put_((examples, rows), values)}

    @cached_property
    def _distinct(self) -> tuple[Tensor, Tensor, Tensor]:
        """Every row of every example once: numbers of example and row ``[u]``, and gradients ``[u, d]``."""
        batch = len(self.tokens)
        first = torch.arange(batch, device=self.tokens.device).mul_(self.size).unsqueeze(1)
        keys, places = torch.unique(self.tokens + first, return_inverse=True)
        values = self.gradients.new_zeros(len(keys), self.gradients.shape[2])
        values.index_add_(0, places.flatten(), self.gradients.flatten(0, 1))
        if self.padding is not None:
            real = keys % self.size != self.padding
            keys, values = keys[real], values[real]
        return keys // self.size, keys % self.size, values

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """The tokens one after another."""
        tokens = torch.cat([part.tokens for part in parts], 1)
        gradients = torch.cat([part.gradients for part in parts], 1)
        return cls(parts[0].name, tokens, gradients, parts[0].size, parts[0].padding)
