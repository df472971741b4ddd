"""Per-example gradients of parameters, kept as factors."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, Self

import torch
from torch import Tensor
from torch.nn import functional

ROUND = 16
"""oneDNN computes for a multiple of this many examples."""

NameOf = Callable[[Tensor | None], str | None]
"""The name of a trainable parameter; None for one that is frozen or missing."""
Record = Callable[[Tensor, Tensor], None]
"""Takes the input of a layer, and the tensor at which its gradient arrives."""


@dataclass(frozen=True, eq=False)
class RowGradient:
    """A gradient of a table that is zero in all rows but a few."""

    rows: Tensor
    """``[u]`` distinct row numbers, int64."""
    values: Tensor
    """``[u, d]``."""

    def dense(self, n_rows: int) -> Tensor:
        """The whole gradient ``[n_rows, d]``."""
        whole = self.values.new_zeros(n_rows, self.values.shape[1])
        return whole.index_copy_(0, self.rows, self.values)


Gradient = Tensor | RowGradient


class GradientPart(Protocol):
    """The gradients of B examples for one or more parameters."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters."""

    def squared_norms(self) -> Tensor:
        """``[B]``, over all of the parameters together."""

    def sums(self, factors: Tensor) -> dict[str, Gradient]:
        """Per parameter the sum over the examples, each weighted by its entry of ``factors [B]``."""

    def whole(self) -> dict[str, Tensor]:
        """Per parameter the gradients ``[B, *shape]``."""

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> "GradientPart":
        """The sum of parts of the same parameters."""


@dataclass(frozen=True, eq=False)
class Whole:
    """Gradients in full."""

    name: str
    values: Tensor
    """``[B, *shape]``."""

    @property
    def names(self) -> tuple[str, ...]:
        """Name of the parameter."""
        return (self.name,)

    def squared_norms(self) -> Tensor:
        """``[B]``."""
        return self.values.flatten(1).square().sum(1)

    def sums(self, factors: Tensor) -> dict[str, Gradient]:
        """The weighted sum."""
        return {self.name: torch.tensordot(factors, self.values, 1)}

    def whole(self) -> dict[str, Tensor]:
        """The values."""
        return {self.name: self.values}

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """The sum."""
        return cls(parts[0].name, torch.stack([part.values for part in parts]).sum(0))


def merged(parts: Iterable[GradientPart]) -> list[GradientPart]:
    """One part per set of parameters: a parameter that several uses share has the sum of their gradients."""
    groups: dict[tuple[str, ...], list[GradientPart]] = {}
    for part in parts:
        groups.setdefault(part.names, []).append(part)
    owners: dict[str, int] = {}
    for names in groups:
        for name in names:
            owners[name] = owners.get(name, 0) + 1
    found: list[GradientPart] = []
    mixed: dict[str, list[Whole]] = {}
    for names, group in groups.items():
        kinds = {type(part) for part in group}
        if len(kinds) == 1 and all(owners[name] == 1 for name in names):
            found.append(group[0] if len(group) == 1 else kinds.pop().joined(group))
            continue
        for part in group:
            for name, values in part.whole().items():
                mixed.setdefault(name, []).append(Whole(name, values))
    return found + [Whole.joined(wholes) for wholes in mixed.values()]


def pad_examples(examples: Tensor) -> Tensor:
    """``examples [B, …]`` followed by zeros up to the next multiple of :data:`ROUND`.

    oneDNN compiles convolutions and LSTMs for every new shape, which takes as long as to compute them once or
    twice, and the size of a Poisson batch changes at every step.
    """
    missing = -len(examples) % ROUND
    return functional.pad(examples, (0, 0) * (examples.dim() - 1) + (0, missing)) if missing else examples
