"""The networks that ``privaudit train`` builds from plain torch layers, one file each."""

from privaudit.training.architectures.base import WordNetwork
from privaudit.training.architectures.bilstm import BiLstm
from privaudit.training.architectures.bow import BagOfWords
from privaudit.training.architectures.cnn import KimCnn
from privaudit.training.architectures.transformer import TransformerEncoder
from privaudit.training.recipe import Recipe

__all__ = ["WordNetwork", "build"]

_NETWORKS: dict[str, type[WordNetwork]] = {
    "bow": BagOfWords,
    "cnn": KimCnn,
    "bilstm": BiLstm,
    "transformer": TransformerEncoder,
}


def build(recipe: Recipe, vocabulary_size: int, n_classes: int) -> WordNetwork:
    """The untrained network of ``recipe``; its parameters are drawn from torch's default generator.

    Args:
        recipe: any architecture but ``hf``.
        vocabulary_size: token numbers, padding and the unknown word included.
        n_classes: C.

    Raises:
        ValueError: the recipe fine-tunes a pretrained encoder.
    """
    if recipe.architecture not in _NETWORKS:
        raise ValueError(f"{recipe.architecture} is loaded, not built")
    return _NETWORKS[recipe.architecture](recipe, vocabulary_size, n_classes)
