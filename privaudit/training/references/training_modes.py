"""How the references of a recipe are trained: a fixed table, so reference i is the same model everywhere.

The table follows ``benchmarks/references.py``. It depends on the recipe and the kind of device alone: not on
how many references there are, on their number of records, or on how many processors the machine has.
"""

from dataclasses import dataclass
from enum import StrEnum

import torch

from privaudit.training.recipe import Recipe


class TrainingMode(StrEnum):
    """How references are trained; the value is part of the store's keys."""

    SPREAD = "spread"
    """Each by itself with the trainer of the target; processes of one thread each share the work."""
    STACKED = "stacked"
    """The models of a block in one batched computation; processes share the blocks."""


@dataclass(frozen=True)
class ModeChoice:
    """A mode, and how many references it trains together."""

    mode: TrainingMode
    block_size: int


_ALONE = ModeChoice(TrainingMode.SPREAD, 1)
_TABLE = {
    ("bow", "cpu"): ModeChoice(TrainingMode.STACKED, 4),
    ("cnn", "cpu"): ModeChoice(TrainingMode.STACKED, 1),
    ("transformer", "cpu"): ModeChoice(TrainingMode.STACKED, 1),
    ("bow", "cuda"): ModeChoice(TrainingMode.STACKED, 64),
    ("cnn", "cuda"): ModeChoice(TrainingMode.STACKED, 32),
    ("transformer", "cuda"): ModeChoice(TrainingMode.STACKED, 32),
}


def choose_mode(recipe: Recipe, device: str) -> ModeChoice:
    """The mode of ``recipe`` on ``device``."""
    if not can_stack(recipe):
        return _ALONE
    return _TABLE.get((recipe.architecture, torch.device(device).type), _ALONE)


def can_stack(recipe: Recipe) -> bool:
    """Whether :mod:`privaudit.training.references.stacked.train` computes the recipe.

    It leaves out what bounds every record by itself (differential privacy), what would make every step touch
    every word (weight decay), what differs between the models of a block in shape (early stopping), and what
    no default recipe has.
    """
    return (
        recipe.architecture in ("bow", "cnn", "transformer")
        and recipe.privacy is None
        and recipe.embeddings == "words"
        and recipe.optimizer == "adam"
        and recipe.dropout == 0
        and recipe.weight_decay == 0
        and recipe.clip_gradient is None
        and not recipe.early_stopping
    )
