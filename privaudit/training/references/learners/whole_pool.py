"""Models that are trained on all records of a pool, and differ in their seeds and in what is added to it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import torch

from privaudit.targets.interface import Floats, Ints
from privaudit.training.hf import fine_tune
from privaudit.training.loop import TrainingRun
from privaudit.training.recipe import Recipe
from privaudit.training.references.plan import Bools, ReferencePlan
from privaudit.training.seeds import validation_part
from privaudit.training.text import WordNumbers
from privaudit.training.trainer import Labelled, train

Predict = Callable[[Sequence[str]], Floats]
"""Texts to logits ``[n, C]``."""


@dataclass(frozen=True)
class WholePoolLearner:
    """What learners of such models share. Where the recipe stops early, a part of the pool is set aside.

    Args:
        recipe: any architecture; its seed plays no part.
        vocabulary: of every model; None only for ``hf``, which brings its own.
        device: a torch device.
    """

    recipe: Recipe
    vocabulary: WordNumbers | None
    device: str = field(default="cpu", kw_only=True)

    @property
    def copies(self) -> int:
        """Texts that are added to the pool, at most."""
        raise NotImplementedError

    @property
    def block_size(self) -> int:
        """Every model is trained by itself."""
        return 1

    @property
    def quick(self) -> bool:
        """True for a bag of words."""
        return self.recipe.architecture == "bow"

    def describe(self) -> dict[str, object]:
        """Recipe, vocabulary, kind of device, and torch's version for the last bits."""
        return {
            "recipe": {k: v for k, v in self.recipe.to_plain().items() if k not in {"seed", "pretrained"}},
            "vocabulary": None if self.vocabulary is None else self.vocabulary.digest,
            "device": torch.device(self.device).type,
            "torch": torch.__version__,
        }

    def split_pool(self, plan: ReferencePlan, seed: int) -> tuple[Labelled, Labelled | None]:
        """What a model with this seed is trained on, and its validation part where the recipe stops early."""
        labels = np.asarray(plan.pool.labels, dtype=np.int64)
        aside = np.zeros(len(labels), dtype=np.bool_)
        if self.recipe.early_stopping:
            units = plan.pool.groups if plan.pool.groups is not None else range(len(labels))
            aside = validation_part(units, self.recipe.validation, seed)
        training, validation = (_part(plan, labels, rows) for rows in (~aside, aside))
        return training, validation if aside.any() else None

    def train(self, data: Labelled, validation: Labelled | None, n_classes: int, seed: int) -> Predict:
        """Train one model, of a pretrained encoder or from scratch.

        Raises:
            UsageError: a loss is not finite.
            ModelError: the pretrained directory has no usable encoder and tokenizer.
        """
        recipe, run = self.recipe, TrainingRun(seed, device=self.device)
        if recipe.architecture == "hf":
            names = [str(c) for c in range(n_classes)]
            tuned = fine_tune(recipe, data.texts, data.labels, names, validation=validation, run=run)
            classifier = tuned.classifier()
            return lambda texts: classifier.outputs(texts).logits
        fit = partial(train, recipe, data.texts, data.labels, n_classes, vocabulary=self.vocabulary)
        return partial(_logits, fit(validation=validation, run=run).logits)


def with_copies(records: Labelled, text: str, label: int, copies: int) -> Labelled:
    """``records`` and ``copies`` copies of one more at their end."""
    own = np.full(copies, label, dtype=np.int64)
    return Labelled([*records.texts, *[text] * copies], np.concatenate([records.labels, own]))


def _part(plan: ReferencePlan, labels: Ints, rows: Bools) -> Labelled:
    return Labelled([plan.pool.texts[i] for i in np.flatnonzero(rows).tolist()], labels[rows])


def _logits(forward: Callable[[Sequence[str]], torch.Tensor], texts: Sequence[str]) -> Floats:
    logits: Floats = forward(texts).double().numpy()
    return logits
