"""Models that are trained on all records of a pool, and differ in their seeds and in what is added to it."""

from collections.abc import Callable, Sequence
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


def pool_records(plan: ReferencePlan, recipe: Recipe, seed: int) -> tuple[Labelled, Labelled | None]:
    """What a model is trained on, and what it watches where the recipe stops early.

    Args:
        plan: its pool; its coins play no part.
        recipe: of the model.
        seed: of the model; decides who is set aside.
    """
    labels = np.asarray(plan.pool.labels, dtype=np.int64)
    aside = np.zeros(len(labels), dtype=np.bool_)
    if recipe.early_stopping:
        units = plan.pool.groups if plan.pool.groups is not None else range(len(labels))
        aside = validation_part(units, recipe.validation, seed)
    training, watched = (_part(plan, labels, rows) for rows in (~aside, aside))
    return training, watched if aside.any() else None


def with_copies(records: Labelled, text: str, label: int, copies: int) -> Labelled:
    """``records`` and ``copies`` copies of one more at their end."""
    own = np.full(copies, label, dtype=np.int64)
    return Labelled([*records.texts, *[text] * copies], np.concatenate([records.labels, own]))


def train_whole(
    recipe: Recipe,
    data: Labelled,
    watched: Labelled | None,
    *,
    vocabulary: WordNumbers | None,
    n_classes: int,
    run: TrainingRun,
) -> Predict:
    """Train one model, of a pretrained encoder or from scratch.

    Args:
        recipe: any architecture.
        data: what it is trained on, in this order.
        watched: for early stopping.
        vocabulary: of word-level networks; ``hf`` brings its own.
        n_classes: C.
        run: seed and device.

    Raises:
        UsageError: a loss is not finite.
        ModelError: the pretrained directory has no usable encoder and tokenizer.
    """
    if recipe.architecture == "hf":
        names = [str(c) for c in range(n_classes)]
        tuned = fine_tune(recipe, data.texts, data.labels, names, validation=watched, run=run)
        classifier = tuned.classifier()
        return lambda texts: classifier.outputs(texts).logits
    model = train(
        recipe,
        data.texts,
        data.labels,
        n_classes,
        vocabulary=vocabulary,
        validation=watched,
        run=run,
    )
    return partial(_logits, model.logits)


def _part(plan: ReferencePlan, labels: Ints, rows: Bools) -> Labelled:
    return Labelled([plan.pool.texts[i] for i in np.flatnonzero(rows).tolist()], labels[rows])


def _logits(forward: Callable[[Sequence[str]], torch.Tensor], texts: Sequence[str]) -> Floats:
    logits: Floats = forward(texts).double().numpy()
    return logits
