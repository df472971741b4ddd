"""``transformer``: a small encoder from scratch."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from privaudit.training.architectures.base import WordNetwork, masked_mean
from privaudit.training.architectures.characters import INITIAL_SCALE
from privaudit.training.recipe import Recipe

MAX_HEADS = 4


class TransformerEncoder(WordNetwork):
    """A pre-norm encoder with fixed sinusoidal positions; the mean over the words is what the head reads.

    After Vaswani et al. (arXiv 1706.03762, section 3), normalised before each block (arXiv 2002.04745).
    """

    def build_encoder(self, recipe: Recipe, dimension: int) -> int:
        """``layers`` blocks and a last normalisation."""
        self.blocks = nn.ModuleList(_Block(dimension, recipe.dropout) for _ in range(recipe.layers))
        self.norm = nn.LayerNorm(dimension, elementwise_affine=False)
        return dimension

    def encode(self, embedded: Tensor, mask: Tensor) -> Tensor:
        """The mean ``[B, d]`` of the real words' last states."""
        length, dimension = embedded.shape[1:]
        states = embedded + INITIAL_SCALE * positions(length, dimension, embedded)
        for block in self.blocks:
            states = block(states, mask)
        return masked_mean(self.norm(states), mask)


class _Block(nn.Module):
    """Self-attention and a two-layer network, each added to what it reads.

    The normalisations have no weights of their own: the linear layer behind each of them has the same effect.
    """

    def __init__(self, dimension: int, dropout: float) -> None:
        super().__init__()
        self.heads = next(heads for heads in range(MAX_HEADS, 0, -1) if dimension % heads == 0)
        self.norm = nn.LayerNorm(dimension, elementwise_affine=False)
        self.attention_in = nn.Linear(dimension, 3 * dimension)
        self.attention_out = nn.Linear(dimension, dimension)
        self.expand = nn.Linear(dimension, 4 * dimension)
        self.contract = nn.Linear(4 * dimension, dimension)
        self.dropout = nn.Dropout(dropout)

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        states = states + self.dropout(self.attention_out(self._attend(self.norm(states), mask)))
        hidden = functional.gelu(self.expand(self.norm(states)))
        changed: Tensor = states + self.dropout(self.contract(hidden))
        return changed

    def _attend(self, states: Tensor, mask: Tensor) -> Tensor:
        batch, length, dimension = states.shape
        projected = self.attention_in(states).view(batch, length, 3, self.heads, -1)
        query, key, value = projected.permute(2, 0, 3, 1, 4)
        attended = functional.scaled_dot_product_attention(
            query, key, value, attn_mask=mask[:, None, None, :]
        )
        return attended.transpose(1, 2).reshape(batch, length, dimension)


def positions(length: int, dimension: int, like: Tensor) -> Tensor:
    """Sines and cosines ``[length, dimension]`` of geometric frequencies (arXiv 1706.03762, section 3.5)."""
    half = (dimension + 1) // 2
    frequency = 10_000.0 ** (-torch.arange(half, device=like.device, dtype=like.dtype) / half)
    angle = torch.arange(length, device=like.device, dtype=like.dtype)[:, None] * frequency
    return torch.cat((angle.sin(), angle.cos()), dim=1)[:, :dimension]
