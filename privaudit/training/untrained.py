"""A model as it was before training, rebuilt from the recipe and the seed alone.

Anyone with the recipe can rebuild it, so a score may compare a text's loss with its loss there.
"""

from dataclasses import replace

from privaudit.training.architectures import WordNetwork, build
from privaudit.training.bundle import Bundle
from privaudit.training.recipe import Recipe
from privaudit.training.seeds import SeedStream, seeded_torch


def initial_network(recipe: Recipe, vocabulary_size: int, n_classes: int, seed: int) -> WordNetwork:
    """The network that :func:`privaudit.training.trainer.train_network` begins with, on the CPU.

    Args:
        recipe: any architecture but ``hf``.
        vocabulary_size: token numbers, padding and the unknown word included.
        n_classes: C.
        seed: of the model.
    """
    with seeded_torch(seed, SeedStream.INITIALISATION):
        return build(recipe, vocabulary_size, n_classes).eval()


def untrained(bundle: Bundle) -> Bundle:
    """The bundle with the parameters that its training began with."""
    recipe = bundle.recipe
    network = initial_network(recipe, len(bundle.encoder.vocabulary), len(bundle.labels), recipe.seed)
    return replace(bundle, state_dict=network.state_dict())
