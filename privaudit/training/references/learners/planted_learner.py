"""Models for canary extraction: the recipe on a whole pool, with a secret of each model's own or without."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import torch

from privaudit.data.canaries.template import Template, draw_fillings
from privaudit.training.loop import TrainingRun
from privaudit.training.recipe import Recipe
from privaudit.training.references.learners.halves import reference_seed
from privaudit.training.references.learners.whole_pool import pool_records, train_whole, with_copies
from privaudit.training.references.plan import ReferenceOutput, ReferencePlan
from privaudit.training.seeds import SeedStream, derive
from privaudit.training.text import WordNumbers
from privaudit.training.trainer import Labelled


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
    rng = np.random.default_rng(derive(seed, SeedStream.SECRET, index))
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
    vocabulary: WordNumbers | None
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
        planted = self.planting and {
            "template": _digest(repr(self.planting.template)),
            "label": self.planting.label,
            "repetitions": self.planting.repetitions,
        }
        return {
            "learner": "planted",
            "recipe": {k: v for k, v in self.recipe.to_plain().items() if k not in {"seed", "pretrained"}},
            "vocabulary": None if self.vocabulary is None else self.vocabulary.digest,
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
            training, watched = self.data(plan, index)
            predict = train_whole(
                self.recipe,
                training,
                watched,
                vocabulary=self.vocabulary,
                n_classes=plan.scored.n_classes,
                run=TrainingRun(reference_seed(plan, index), device=self.device),
            )
            yield ReferenceOutput(index, outside, predict(plan.scored.texts).astype(np.float32))

    def data(self, plan: ReferencePlan, index: int) -> tuple[Labelled, Labelled | None]:
        """What model ``index`` is trained on, its copies last, and what it watches to stop early."""
        training, watched = pool_records(plan, self.recipe, reference_seed(plan, index))
        if self.planting is not None:
            text = self.planting.template.render(self.secret(plan, index))
            training = with_copies(training, text, self.planting.label, self.planting.repetitions)
        return training, watched

    def secret(self, plan: ReferencePlan, index: int) -> tuple[int, ...]:
        """The filling that model ``index`` was trained on.

        Raises:
            ValueError: nothing is planted.
        """
        if self.planting is None:
            raise ValueError("clean models have no secret")
        return secret_of(self.planting.template, plan.seed, index)


def _digest(content: str) -> str:
    return sha256(content.encode("utf-8", "replace")).hexdigest()
