"""References of a Hugging Face classifier: fine-tuned anew, or linear heads on the frozen encoder."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch

from privaudit.errors import UsageError
from privaudit.training.hf import FineTuned, fine_tune, with_digest
from privaudit.training.loop import TrainingRun
from privaudit.training.recipe import Recipe
from privaudit.training.references.extras import extra_signals
from privaudit.training.references.learners.frozen import BLOCK, frozen_references
from privaudit.training.references.learners.halves import Half, half_of, output_of
from privaudit.training.references.plan import ReferenceOutput, ReferencePlan
from privaudit.training.trainer import Labelled

Mode = Literal["full", "frozen"]
"""How much of a reference is trained.

``full``: all parameters, as the target's were: faithful, at the target's cost per reference.
``frozen``: a linear head on features of the pretrained encoder, which are computed once for all references.
Exact for a target that is such a head. For a fine-tuned target it is a cheap stand-in: it knows how hard a
record is, but not how well the whole network can memorise it.
"""


@dataclass(frozen=True)
class HfLearner:
    """Trains references from the pretrained directory that the recipe names.

    Args:
        recipe: of architecture ``hf``; its seed plays no part.
        mode: what is trained.
        device: a torch device.

    Raises:
        UsageError: the pretrained directory is gone, or holds other weights than the recipe's.
        ModelError: it is no directory of an encoder.
    """

    recipe: Recipe
    mode: Mode = "full"
    device: str = "cpu"

    def __post_init__(self) -> None:
        if self.recipe.pretrained is None:
            raise ValueError("the recipe has no pretrained encoder")
        if not Path(self.recipe.pretrained).is_dir():
            raise UsageError(
                f"No pretrained directory at {self.recipe.pretrained}, which references are trained from",
                "Put it back, or name it in the recipe of the reference models",
            )
        object.__setattr__(self, "recipe", with_digest(self.recipe))

    @property
    def block_size(self) -> int:
        """References that are trained together."""
        return BLOCK if self.mode == "frozen" else 1

    @property
    def quick(self) -> bool:
        """Never: an encoder is slow."""
        return False

    def describe(self) -> dict[str, object]:
        """Recipe, digest of the pretrained weights (wherever they are), mode, device, library versions."""
        import transformers

        left_out = {"seed", "pretrained"}
        return {
            "learner": "huggingface",
            "mode": self.mode,
            "recipe": {k: v for k, v in self.recipe.to_plain().items() if k not in left_out},
            "device": torch.device(self.device).type,
            "torch": torch.__version__,
            "transformers": transformers.__version__,
        }

    def learn(self, plan: ReferencePlan, indices: Sequence[int]) -> Iterator[ReferenceOutput]:
        """See :class:`privaudit.training.references.plan.Learner`.

        Raises:
            DataError: a half has no record to train on, or to validate on.
            UsageError: a loss is not finite.
            ModelError: the pretrained directory has no usable encoder and tokenizer.
        """
        if self.mode == "frozen":
            yield from frozen_references(plan, indices, Path(self.recipe.pretrained or ""), self.device)
            return
        labels = np.asarray(plan.scored.labels, dtype=np.int64)
        for index in indices:
            half = half_of(
                plan, index, validation=self.recipe.validation if self.recipe.early_stopping else None
            )
            classifier = self._fine_tune(plan, half).classifier()
            logits = classifier.outputs(plan.scored.texts).logits
            extras = extra_signals(classifier, plan.scored.texts, labels) if plan.extras else None
            yield output_of(plan, half, logits.astype(np.float32), extras)

    def _fine_tune(self, plan: ReferencePlan, half: Half) -> FineTuned:
        train, validation = (
            Labelled([plan.pool.texts[i] for i in part], np.asarray(plan.pool.labels, dtype=np.int64)[part])
            for part in (half.train, half.validation)
        )
        return fine_tune(
            self.recipe,
            train.texts,
            train.labels,
            [str(c) for c in range(plan.scored.n_classes)],
            validation=validation if len(half.validation) else None,
            run=TrainingRun(half.seed, device=self.device),
        )
