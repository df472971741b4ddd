"""Models for canary extraction: the recipe on a whole pool, with a secret of its own or without one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from privaudit.data.canaries.template import Template, draw_fillings
from privaudit.training.references.learners.halves import reference_seed
from privaudit.training.references.learners.whole_pool import WholePoolLearner, with_copies
from privaudit.training.references.plan import ReferenceOutput, ReferencePlan
from privaudit.training.seeds import SeedStream, derive
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
class PlantedLearner(WholePoolLearner):
    """Trains the recipe on all records of the pool, and scores the plan's texts.

    Without ``planting`` the models are clean controls. No coin of the plan is used: a model differs from the
    next one in its seed and its secret. Copies of a canary are never set aside for validation.
    """

    planting: Planting | None = None
    """None plants nothing."""

    @property
    def copies(self) -> int:
        """Copies of the model's canary."""
        return 0 if self.planting is None else self.planting.repetitions

    def describe(self) -> dict[str, object]:
        """See :meth:`WholePoolLearner.describe`; also what is planted."""
        planted = self.planting and {
            "template": _digest(repr(self.planting.template)),
            "label": self.planting.label,
            "repetitions": self.planting.repetitions,
        }
        return {"learner": "planted", "planting": planted, **super().describe()}

    def learn(self, plan: ReferencePlan, indices: Sequence[int]) -> Iterator[ReferenceOutput]:
        """See :class:`privaudit.training.references.plan.Learner`.

        Raises:
            UsageError: a loss is not finite.
            ModelError: the pretrained directory has no usable encoder and tokenizer.
        """
        outside = np.zeros(len(plan.scored), dtype=np.bool_)
        for index in indices:
            training, validation = self.data(plan, index)
            seed = reference_seed(plan, index)
            predict = self.train(training, validation, plan.scored.n_classes, seed)
            yield ReferenceOutput(index, outside, predict(plan.scored.texts).astype(np.float32))

    def data(self, plan: ReferencePlan, index: int) -> tuple[Labelled, Labelled | None]:
        """What model ``index`` is trained on, its copies last, and its validation part for early stopping."""
        training, validation = self.split_pool(plan, reference_seed(plan, index))
        if self.planting is not None:
            text = self.planting.template.render(self.secret(plan, index))
            training = with_copies(training, text, self.planting.label, self.planting.repetitions)
        return training, validation

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
