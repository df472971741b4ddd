"""The word vectors of a template's texts: fixed ones, and those that each slot chooses or mixes."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self, TypeVar

import torch
from torch import Tensor, nn

from privaudit.attacks.extraction.surfaces.grid import TokenGrid
from privaudit.attacks.extraction.surfaces.readers import Token
from privaudit.targets.interface import Ints

Module = TypeVar("Module", bound=nn.Module)


@dataclass(frozen=True, eq=False)
class VectorGrid:
    """A token grid as vectors."""

    base: Tensor
    """``[L, d]`` of the first filling."""
    columns: tuple[tuple[int, ...], ...]
    """Per slot its k positions."""
    options: tuple[Tensor, ...]
    """Per slot ``[m, k, d]``."""

    @classmethod
    def of(cls, grid: TokenGrid, embed: Callable[[list[Token]], Tensor]) -> Self:
        """The vectors of ``grid``; ``embed`` gives ``[n, d]`` for n different tokens and is asked once."""
        rows = [token for options in grid.options for option in options for token in option]
        index = {token: i for i, token in enumerate(dict.fromkeys([*grid.base, *rows]))}
        table = embed(list(index))
        options = tuple(
            table[torch.tensor([[index[token] for token in option] for option in options])]
            for options in grid.options
        )
        return cls(table[[index[token] for token in grid.base]], grid.columns, options)

    def hard(self, fillings: Ints) -> Tensor:
        """``[B, L, d]`` of fillings ``[B, S]``."""
        chosen = torch.from_numpy(fillings).to(self.base.device)
        return self._place([table[chosen[:, s]] for s, table in enumerate(self.options)])

    def soft(self, weights: Sequence[Tensor]) -> Tensor:
        """``[B, L, d]`` where slot s is the mixture ``weights[s]`` ``[B, m_s]`` of its candidates."""
        return self._place(
            [
                (weight.to(table) @ table.flatten(1)).view(-1, *table.shape[1:])
                for weight, table in zip(weights, self.options, strict=True)
            ]
        )

    def _place(self, parts: Sequence[Tensor]) -> Tensor:
        placed = self.base.repeat(len(parts[0]), 1, 1)
        for columns, part in zip(self.columns, parts, strict=True):
            placed[:, list(columns)] = part
        return placed


def texts_at_once(length: int, device: torch.device) -> int:
    """Texts of ``length`` tokens in one batch.

    On a CPU few: what lies between the layers then fits a cache and the next batch finds its memory warm.
    """
    return max(1, (1 << 11 if device.type == "cpu" else 1 << 15) // length)


def frozen(module: Module, device: torch.device) -> Module:
    """``module`` in evaluation mode on ``device``, with parameters that take no gradient.

    The copy shares its parameters' memory with the original where the device is the same: a gradient by the
    mixtures then costs nothing for the parameters, and the original is left as it is.
    """
    memo: dict[int, object] = {
        id(p): nn.Parameter(p.detach(), requires_grad=False) for p in module.parameters()
    }
    return copy.deepcopy(module, memo).to(device).eval()
