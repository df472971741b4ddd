"""References of a word-level network: the target's recipe on half of the records, from the words up."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np
import torch
from torch import Tensor

from privaudit.targets.interface import Ints
from privaudit.training.architectures import WordNetwork
from privaudit.training.loop import TrainingRun
from privaudit.training.recipe import Recipe
from privaudit.training.references.corpus import Corpus
from privaudit.training.references.extras import COPIES, dropped_copies, signals_of
from privaudit.training.references.learners.halves import Half, half_of, output_of
from privaudit.training.references.plan import ReferenceOutput, ReferencePlan, Singles
from privaudit.training.references.training_modes import TrainingMode, choose_mode
from privaudit.training.text import WordNumbers, hashed_vocabulary
from privaudit.training.trainer import TrainingSet, logits_and_squares, mean_loss, train_network

_Score = Callable[[Ints], tuple[Tensor, Tensor]]
"""Logits and squared norms of the features of the texts at some positions of the corpus."""
_SCORED_AT_ONCE = 8192
"""Records whose copies are scored together; bounds the memory of their logits."""
_WORDS_AT_ONCE = 20_000_000
"""Words of all models of a stack together; a word takes about 60 bytes."""


@dataclass(frozen=True)
class RecipeLearner:
    """Trains references with the recipe of a bundle.

    A reference has its own seed, and its own vocabulary from the texts of its half unless one was given.
    Where the recipe stops early, a part of the half is set aside for validation, as it was for the target;
    those records count as outside. A reference that is trained alone (:attr:`TrainingMode.SPREAD`) is bit for
    bit what :func:`privaudit.training.trainer.train` makes of its half and seed; :attr:`TrainingMode.STACKED`
    agrees with that up to rounding.

    Args:
        recipe: of the target; its seed plays no part.
        vocabulary: the words that all references know; None builds each one's own, unless the recipe hashes.
        device: a torch device.
    """

    recipe: Recipe
    vocabulary: WordNumbers | None = None
    device: str = "cpu"

    @property
    def block_size(self) -> int:
        """References that are trained together."""
        return choose_mode(self.recipe, self.device).block_size

    @property
    def quick(self) -> bool:
        """True for a bag of words."""
        return self.recipe.architecture == "bow"

    def describe(self) -> dict[str, object]:
        """Recipe, vocabulary, kind of device, training mode, and torch's version for the last bits."""
        recipe = {name: value for name, value in self.recipe.to_plain().items() if name != "seed"}
        return {
            "learner": "recipe",
            "recipe": recipe,
            "vocabulary": None if self.vocabulary is None else self.vocabulary.digest,
            "device": torch.device(self.device).type,
            # NOTE: the key stays "way", because it is part of the keys of stores that exist.
            "way": choose_mode(self.recipe, self.device).mode.value,
            "torch": torch.__version__,
        }

    def learn(self, plan: ReferencePlan, indices: Sequence[int]) -> Iterator[ReferenceOutput]:
        """See :class:`privaudit.training.references.plan.Learner`.

        Raises:
            DataError: a half has no record to train on, or to validate on.
            UsageError: a loss is not finite.
        """
        prepared = _prepare(plan, self.recipe.max_length)
        if choose_mode(self.recipe, self.device).mode is TrainingMode.STACKED:
            yield from self._stacked(plan, prepared, indices)
            return
        for index in indices:
            yield self._alone(plan, prepared, index)

    def _alone(self, plan: ReferencePlan, prepared: "_Prepared", index: int) -> ReferenceOutput:
        recipe = self.recipe
        half = half_of(plan, index, validation=recipe.validation if recipe.early_stopping else None)
        data = self._training_set(plan, prepared, half)
        watch = partial(_watch, data, half.validation) if len(half.validation) else None
        module, _ = train_network(recipe, data, TrainingRun(half.seed, device=self.device), watch)
        score = partial(logits_and_squares, module, data.encoded)
        return _scored(plan, prepared, half, score)

    def _stacked(
        self, plan: ReferencePlan, prepared: "_Prepared", indices: Sequence[int]
    ) -> Iterator[ReferenceOutput]:
        # NOTE: models take memory by the word; with fewer at a time they become the same.
        at_once = max(1, _WORDS_AT_ONCE // max(1, len(prepared.corpus.read)))
        for start in range(0, len(indices), at_once):
            yield from self._stack(plan, prepared, indices[start : start + at_once])

    def _stack(
        self, plan: ReferencePlan, prepared: "_Prepared", indices: Sequence[int]
    ) -> Iterator[ReferenceOutput]:
        from privaudit.training.references.stacked.train import train_stack

        halves = [half_of(plan, index) for index in indices]
        sets = [self._training_set(plan, prepared, half) for half in halves]
        networks = train_stack(self.recipe, sets, [half.seed for half in halves], self.device)
        for half, network, data in zip(halves, networks, sets, strict=True):
            yield _scored(plan, prepared, half, partial(logits_and_squares, network, data.encoded))

    def _training_set(self, plan: ReferencePlan, prepared: "_Prepared", half: Half) -> TrainingSet:
        corpus, recipe = prepared.corpus, self.recipe
        fixed = self.vocabulary or hashed_vocabulary(recipe.vocabulary)
        if fixed is not None:
            numbers, size = corpus.number_by(fixed)
        else:
            numbers, size = corpus.number(half.train, recipe.min_frequency)
        encoded = corpus.encode(numbers, characters=recipe.embeddings != "words")
        return TrainingSet(encoded, half.train, prepared.labels, size, plan.scored.n_classes)


@dataclass(frozen=True, eq=False)
class _Prepared:
    """What all references of a plan share: its texts as words. The pool comes first, then what is scored."""

    corpus: Corpus
    labels: Ints
    """Of the pool; positions in the pool index it."""
    scored: Ints
    """Positions of the scored texts."""
    copies: Ints
    """Positions of the copies with words dropped, those of a text one after another; none without extras."""


@lru_cache(maxsize=1)
def _prepare(plan: ReferencePlan, max_length: int) -> _Prepared:
    texts = [*plan.pool.texts]
    scored = np.arange(len(plan.pool))
    if not plan.online:
        scored = len(texts) + np.arange(len(plan.scored))
        texts += plan.scored.texts
    copies = [copy for text in plan.scored.texts for copy in dropped_copies(text)] if plan.extras else []
    return _Prepared(
        corpus=Corpus.of(texts + copies, max_length),
        labels=np.asarray(plan.pool.labels, dtype=np.int64),
        scored=scored,
        copies=len(texts) + np.arange(len(copies)),
    )


def _watch(data: TrainingSet, positions: Ints, module: WordNetwork) -> float:
    return mean_loss(logits_and_squares(module, data.encoded, positions)[0], data.labels[positions])


def _scored(plan: ReferencePlan, prepared: _Prepared, half: Half, score: _Score) -> ReferenceOutput:
    logits, squares = score(prepared.scored)
    return output_of(plan, half, logits.numpy(), _extras(plan, prepared, logits, squares, score))


def _extras(
    plan: ReferencePlan, prepared: _Prepared, logits: Tensor, squares: Tensor, score: _Score
) -> Singles | None:
    if not plan.extras:
        return None
    labels = np.asarray(plan.scored.labels, dtype=np.int64)
    rows = np.empty((len(labels), 1 + COPIES), dtype=np.float32)
    for start in range(0, len(labels), _SCORED_AT_ONCE):
        part = slice(start, start + _SCORED_AT_ONCE)
        dropped, _ = score(prepared.copies[start * COPIES : (start + _SCORED_AT_ONCE) * COPIES])
        # NOTE: every word-level network has a bias in its head, which adds one to the squared norm.
        norms = squares[part].double().numpy() + 1
        rows[part] = signals_of(logits[part].double().numpy(), labels[part], norms, dropped.double().numpy())
    return rows
