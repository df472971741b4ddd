"""What the networks share: words become vectors, vectors features, and one linear layer gives the logits."""

from torch import Tensor, nn

from privaudit.training.architectures.characters import WordEmbedding
from privaudit.training.recipe import Recipe
from privaudit.training.text import PAD


class WordNetwork(nn.Module):
    """Base of the architectures: ``embed``, then ``classify_embedded``.

    Inverting a model feeds mixtures of word vectors into the second. Padding
    never changes the logits of a text: each architecture ignores every position that the mask excludes.
    Every row of a mask has at least one real word, and its real words come first.

    Args:
        recipe: width, layers, dropout and embeddings are read.
        vocabulary_size: token numbers, padding and the unknown word included.
        n_classes: C.
    """

    def __init__(self, recipe: Recipe, vocabulary_size: int, n_classes: int) -> None:
        super().__init__()
        self.embedding = WordEmbedding(recipe.embeddings, vocabulary_size, recipe.width)
        self.dropout = nn.Dropout(recipe.dropout)
        self.head = nn.Linear(self.build_encoder(recipe, self.embedding.dimension), n_classes)

    def build_encoder(self, recipe: Recipe, dimension: int) -> int:
        """Add the layers between ``[B, L, dimension]`` and the head; return the number of features."""
        raise NotImplementedError

    def encode(self, embedded: Tensor, mask: Tensor) -> Tensor:
        """Features ``[B, f]`` of word vectors ``[B, L, d]``; these are zero where the mask is False."""
        raise NotImplementedError

    def embed(self, tokens: Tensor, spellings: Tensor | None = None) -> Tensor:
        """Word vectors ``[B, L, d]`` of tokens ``[B, L]`` (and spellings ``[B, L, W]`` with characters)."""
        embedded: Tensor = self.embedding(tokens, spellings)
        return embedded

    def features(self, embedded: Tensor, mask: Tensor) -> Tensor:
        """What the head reads ``[B, f]``, of word vectors ``[B, L, d]`` where ``mask`` ``[B, L]`` is True."""
        vectors = self.dropout(embedded) * mask.unsqueeze(-1)
        found: Tensor = self.dropout(self.encode(vectors, mask))
        return found

    def classify_embedded(self, embedded: Tensor, mask: Tensor) -> Tensor:
        """Logits ``[B, C]`` of word vectors ``[B, L, d]`` where ``mask`` ``[B, L]`` is True at real words."""
        logits: Tensor = self.head(self.features(embedded, mask))
        return logits

    def forward(self, tokens: Tensor, spellings: Tensor | None = None) -> Tensor:
        """Logits ``[B, C]``."""
        return self.classify_embedded(self.embed(tokens, spellings), tokens != PAD)


def masked_mean(vectors: Tensor, mask: Tensor) -> Tensor:
    """Mean ``[B, d]`` over the real words of ``[B, L, d]``."""
    weights = mask.unsqueeze(-1).to(vectors.dtype)
    return (vectors * weights).sum(1) / weights.sum(1)
