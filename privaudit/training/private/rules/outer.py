"""Gradients of matrices: sums of outer products."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import torch
from torch import Tensor

from privaudit.training.private.rules.parts import Gradient

PASSES = 8
"""Multiplications that take as long as writing a number and reading it for its norm and its sum."""
LARGEST = 2**26
"""Limit on the numbers in the gradients of all examples for one matrix."""


@dataclass(frozen=True, eq=False)
class Matrix:
    """A matrix, or the part of one gradient ``[out, in]`` that is a parameter."""

    name: str
    columns: slice
    shape: torch.Size
    transposed: bool = False

    def of(self, product: Tensor) -> Tensor:
        """The parameter's gradient ``[…, *shape]`` of ``[…, out, in]``."""
        part = product[..., self.columns]
        if self.transposed:
            part = part.mT
        gradient: Tensor = part.reshape([*product.shape[:-2], *self.shape])
        return gradient


@dataclass(frozen=True, eq=False)
class Outer:
    """Sums of outer products: ``Σ_t g_t a_tᵀ`` for matrices, ``Σ_t g_t`` for the biases beside them."""

    inputs: Tensor
    """``[B, T, in]``: input of the layer."""
    gradients: Tensor
    """``[B, T, out]``: at its output."""
    matrices: tuple[Matrix, ...]
    """Which columns belong to which parameter."""
    biases: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the matrices and biases."""
        return (*(matrix.name for matrix in self.matrices), *self.biases)

    def squared_norms(self) -> Tensor:
        """``Σ_ts ⟨g_t, g_s⟩ (⟨a_t, a_s⟩ + biases)`` (Li et al. 2022, arXiv 2110.05679, section 4)."""
        inputs, gradients = self.inputs, self.gradients
        if inputs.shape[1] == 1:
            lengths = inputs.square().sum((1, 2)).add_(len(self.biases))
            return lengths.mul_(gradients.square().sum((1, 2)))
        if self._products is not None:
            squares: Tensor = torch.linalg.vector_norm(self._products, dim=(1, 2)).square_()
            return squares.add_(gradients.sum(1).square_().sum(1), alpha=len(self.biases))
        gram = torch.bmm(inputs, inputs.mT).add_(len(self.biases)).flatten(1)
        return gram.mul_(torch.bmm(gradients, gradients.mT).flatten(1)).sum(1)

    def sums(self, factors: Tensor) -> dict[str, Gradient]:
        """One matrix product for all matrices."""
        if self._products is not None:
            product, total = torch.tensordot(factors, self._products, 1), factors @ self.gradients.sum(1)
        else:
            inputs, gradients, alive = self.inputs.flatten(0, 1), self.gradients.flatten(0, 1), self._alive
            scale = factors.repeat_interleave(self.inputs.shape[1]).unsqueeze(1)
            if alive is not None:
                inputs, gradients, scale = (x.index_select(0, alive) for x in (inputs, gradients, scale))
            weighted = gradients * scale
            product, total = weighted.mT @ inputs, weighted.sum(0)
        found: dict[str, Gradient] = {name: total.clone() for name in self.biases}
        return found | {matrix.name: matrix.of(product) for matrix in self.matrices}

    @cached_property
    def _alive(self) -> Tensor | None:
        """Which of the ``B * T`` terms are not zero, where that is worth knowing: padding has no gradient."""
        if self.gradients.shape[1] == 1:
            return None
        norms = torch.linalg.vector_norm(self.gradients, dim=2).flatten()
        (alive,) = norms.nonzero(as_tuple=True)
        return alive if len(alive) < 0.8 * len(norms) else None

    @cached_property
    def _products(self) -> Tensor | None:
        """The gradients ``[B, out, in]``, for sequences so long that products of positions cost more."""
        (batch, length, height), width = self.inputs.shape, self.gradients.shape[2]
        terms = batch * length if self._alive is None else len(self._alive)
        short = length**2 * (height + width) * batch + terms * height * width
        long = (length + PASSES) * height * width * batch
        if short <= long or batch * height * width > LARGEST:
            return None
        return torch.bmm(self.gradients.mT, self.inputs)

    def whole(self) -> dict[str, Tensor]:
        """``B`` matrix products."""
        products = torch.bmm(self.gradients.mT, self.inputs) if self._products is None else self._products
        found = {matrix.name: matrix.of(products) for matrix in self.matrices}
        return found | {name: self.gradients.sum(1) for name in self.biases}

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """The terms one after another."""
        inputs = torch.cat([part.inputs for part in parts], 1)
        gradients = torch.cat([part.gradients for part in parts], 1)
        return cls(inputs, gradients, parts[0].matrices, parts[0].biases)
