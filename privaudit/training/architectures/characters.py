"""Word vectors: a table, a character network that spells the word, or both."""

import torch
from torch import Tensor, nn

from privaudit.training.recipe import Embeddings
from privaudit.training.text import N_CHARACTERS, PAD

CHARACTER_WIDTH = 32
INITIAL_SCALE = 0.1
"""Standard deviation of untrained vectors. A unit scale costs 1-5 % accuracy: rare words stay noise."""


class CharacterEmbedding(nn.Module):
    """A word vector from its spelling: windows of 3 characters, maximum over the word.

    After Ma and Hovy, ACL 2016 (arXiv 1603.01354, section 2.1), with bytes for characters and a rectifier
    before the maximum.

    Args:
        width: filters, the dimension of the vector.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.table = nn.Embedding(N_CHARACTERS, CHARACTER_WIDTH, padding_idx=PAD)
        self.convolution = nn.Conv1d(CHARACTER_WIDTH, width, kernel_size=3, padding=1)

    def forward(self, spellings: Tensor) -> Tensor:
        """Vectors ``[B, L, width]`` of spellings ``[B, L, W]``; an empty spelling gives zeros."""
        batch, length, _ = spellings.shape
        characters = spellings.flatten(0, 1)
        windows = self.convolution(self.table(characters).transpose(1, 2)).relu()
        # NOTE: no window is negative, so one that is zeroed because it is padding never wins the maximum.
        strongest: Tensor = (windows * (characters != PAD).unsqueeze(1)).amax(2)
        return strongest.view(batch, length, -1)


class WordEmbedding(nn.Module):
    """The first layer of every architecture.

    Args:
        kind: ``words`` (a row per known word), ``characters`` (spelling alone) or ``both`` (concatenated).
        vocabulary_size: rows of the table.
        width: dimension of the table, and of spelled words where they stand alone.
    """

    dimension: int
    """d of the vectors."""

    def __init__(self, kind: Embeddings, vocabulary_size: int, width: int) -> None:
        super().__init__()
        self.words = None if kind == "characters" else nn.Embedding(vocabulary_size, width, padding_idx=PAD)
        if self.words is not None:
            with torch.no_grad():
                self.words.weight.mul_(INITIAL_SCALE)
        spelled = {"words": 0, "characters": width, "both": CHARACTER_WIDTH}[kind]
        self.characters = CharacterEmbedding(spelled) if spelled else None
        self.dimension = spelled + (0 if self.words is None else width)

    def forward(self, tokens: Tensor, spellings: Tensor | None = None) -> Tensor:
        """Vectors ``[B, L, d]`` of tokens ``[B, L]`` and, with characters, spellings ``[B, L, W]``."""
        parts: list[Tensor] = []
        if self.words is not None:
            parts.append(self.words(tokens))
        if self.characters is not None:
            if spellings is None:
                raise ValueError("this network needs the spellings of the words")
            parts.append(self.characters(spellings))
        return parts[0] if len(parts) == 1 else torch.cat(parts, dim=-1)
