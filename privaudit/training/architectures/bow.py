"""``bow``: a bag of words."""

from torch import Tensor

from privaudit.training.architectures.base import WordNetwork, masked_mean
from privaudit.training.recipe import Recipe


class BagOfWords(WordNetwork):
    """The mean of the word vectors, then the head; word order does not matter."""

    def build_encoder(self, recipe: Recipe, dimension: int) -> int:
        """No layer: the features are the mean vector."""
        del recipe
        return dimension

    def encode(self, embedded: Tensor, mask: Tensor) -> Tensor:
        """The mean ``[B, d]`` over the real words."""
        return masked_mean(embedded, mask)
