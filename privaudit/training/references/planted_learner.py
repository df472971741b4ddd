"""Models for canary extraction: the recipe on a whole pool, with a secret of each model's own or without."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256

import numpy as np
import torch

from privaudit.data.canaries.template import Template, draw_fillings
from privaudit.targets.interface import Floats, Ints
from privaudit.training.hf import fine_tune
from privaudit.training.recipe import Recipe
from privaudit.training.references.halves import reference_seed
from privaudit.training.references.plan import Bools, ReferenceOutput, ReferencePlan
from privaudit.training.seeds import Stream, derive, validation_part
from privaudit.training.text import Vocabulary
from privaudit.training.trainer import Labelled, train

_Predict = Callable[[Sequence[str]], Floats]


@dataclass(frozen=True)
class Planting:
    """What is planted into every model's training data: the template with a secret drawn for that model."""

    template: Template
    label: int
    """Class index of the copies."""
    repetitions: int
    """Copies in the training data."""


def secret_of(template: Template, seed: int, index: int) -> tuple[int, ...]:
    """The filling that model ``index`` of a plan with this seed is trained on: uniform, and independent."""
    rng = np.random.default_rng(derive(seed, Stream.SECRET, index))
    return tuple(draw_fillings(template, 1, rng)[0].tolist())


@dataclass(frozen=True)
class PlantedLearner:
    """Trains the recipe on all records of the pool, and scores the plan's texts.

    Without ``planting`` the models are clean controls. No coin of the plan is used: a model differs from the
    next one in its seed and its secret. Where the recipe stops early, a part of the pool is set aside and
    watched; copies of a canary never are.

    Args:
        recipe: its seed plays no part.
        vocabulary: of every model; None only for ``hf``, which brings its own.
        planting: what is planted; None plants nothing.
        device: a torch device.
    """

    recipe: Recipe
    vocabulary: Vocabulary | None
    planting: Planting | None = None
    device: str = "cpu"

    @property
    def block_size(self) -> int:
        """Every model is trained by itself."""
        return 1

    @property
    def quick(self) -> bool:
        """A bag of words is."""
        return self.recipe.architecture == "bow"

    def describe(self) -> dict[str, object]:
        """Recipe, vocabulary, planting, kind of device, and torch's version for the last bits."""
        known = None if self.vocabulary is None else "\n".join(self.vocabulary.known)
        planted = self.planting and {
            "template": _digest(repr(self.planting.template)),
            "label": self.planting.label,
            "repetitions": self.planting.repetitions,
        }
        return {
            "learner": "planted",
            "recipe": {k: v for k, v in self.recipe.to_plain().items() if k not in {"seed", "pretrained"}},
            "vocabulary": None if known is None else _digest(known),
            "planting": planted,
            "device": torch.device(self.device).type,
            "torch": torch.__version__,
        }

    def learn(self, plan: ReferencePlan, indices: Sequence[int]) -> Iterator[ReferenceOutput]:
        """See :class:`privaudit.training.references.plan.Learner`.

        Raises:
            UsageError: a loss is not finite.
            ModelError: the pretrained directory has no usable encoder and tokenizer.
        """
        outside = np.zeros(len(plan.scored), dtype=np.bool_)
        for index in indices:
            training, watched = self._data(plan, index)
            predict = self._train(plan, training, watched, reference_seed(plan, index))
            yield ReferenceOutput(index, outside, predict(plan.scored.texts).astype(np.float32))

    def secret(self, plan: ReferencePlan, index: int) -> tuple[int, ...]:
        """The filling that model ``index`` was trained on.

        Raises:
            ValueError: nothing is planted.
        """
        if self.planting is None:
            raise ValueError("clean models have no secret")
        return secret_of(self.planting.template, plan.seed, index)

    def _data(self, plan: ReferencePlan, index: int) -> tuple[Labelled, Labelled | None]:
        labels = np.asarray(plan.pool.labels, dtype=np.int64)
        aside = np.zeros(len(labels), dtype=np.bool_)
        if self.recipe.early_stopping:
            units = plan.pool.groups if plan.pool.groups is not None else range(len(labels))
            aside = validation_part(units, self.recipe.validation, reference_seed(plan, index))
        training, watched = (_part(plan, labels, rows) for rows in (~aside, aside))
        if self.planting is not None:
            text, copies = self.planting.template.render(self.secret(plan, index)), self.planting.repetitions
            own = np.full(copies, self.planting.label, dtype=np.int64)
            training = Labelled([*training.texts, *[text] * copies], np.concatenate([training.labels, own]))
        return training, watched if aside.any() else None

    def _train(self, plan: ReferencePlan, data: Labelled, watched: Labelled | None, seed: int) -> _Predict:
        n_classes = plan.scored.n_classes
        if self.recipe.architecture == "hf":
            names = [str(c) for c in range(n_classes)]
            tuned = fine_tune(
                self.recipe, data.texts, data.labels, names, seed=seed, validation=watched, device=self.device
            )
            classifier = tuned.classifier()
            return lambda texts: classifier.outputs(texts).logits
        model = train(
            self.recipe,
            data.texts,
            data.labels,
            n_classes,
            seed=seed,
            vocabulary=self.vocabulary,
            validation=watched,
            device=self.device,
        )
        return partial(_logits, model.logits)


def _part(plan: ReferencePlan, labels: Ints, rows: Bools) -> Labelled:
    return Labelled([plan.pool.texts[i] for i in np.flatnonzero(rows).tolist()], labels[rows])


def _logits(forward: Callable[[Sequence[str]], torch.Tensor], texts: Sequence[str]) -> Floats:
    logits: Floats = forward(texts).double().numpy()
    return logits


def _digest(content: str) -> str:
    return sha256(content.encode("utf-8", "replace")).hexdigest()
