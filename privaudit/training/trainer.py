"""The plain trainer of one word-level network."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from privaudit.progress import SILENT, Progress
from privaudit.targets.interface import Ints
from privaudit.training.architectures import WordNetwork, build
from privaudit.training.loop import History, batched, fit
from privaudit.training.recipe import Recipe
from privaudit.training.seeds import Stream, seeded_torch
from privaudit.training.text import EncodedTexts, Vocabulary, WordEncoder

_EVALUATION_BATCH = 256


@dataclass(frozen=True, eq=False)
class Labelled:
    """Texts with class indices."""

    texts: Sequence[str]
    labels: Ints
    """``[n]`` in ``0 … C-1``."""


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained network with the encoder that makes its inputs."""

    module: WordNetwork
    """In evaluation mode."""
    encoder: WordEncoder
    history: History
    truncated: int
    """How many training texts were longer than the model reads."""

    @property
    def parameters(self) -> int:
        """Number of trained parameters."""
        return sum(p.numel() for p in self.module.parameters() if p.requires_grad)

    def logits(self, texts: Sequence[str]) -> Tensor:
        """Logits ``[n, C]`` on the CPU, in evaluation mode and in the order of the texts."""
        return predict(self.module, self.encoder.encode_all(texts))


def train(
    recipe: Recipe,
    texts: Sequence[str],
    labels: Ints,
    n_classes: int,
    *,
    seed: int | None = None,
    vocabulary: Vocabulary | None = None,
    validation: Labelled | None = None,
    progress: Progress = SILENT,
    max_seconds: float | None = None,
    device: str = "cpu",
) -> Trained:
    """Train a network from scratch.

    Bit-equal for the same arguments and number of threads on one kind of CPU, whatever was trained before
    in the process. Another number of threads may sum a convolution's gradient in another order, and a GPU
    sums in no fixed order: those runs differ in the last bits.

    Args:
        recipe: any architecture but ``hf``.
        texts: n training texts.
        labels: ``[n]`` class indices.
        n_classes: C; classes without a text are allowed.
        seed: of this model; the recipe's when None.
        vocabulary: the words that the model knows; built from ``texts`` when None.
        validation: watched after every epoch, never trained on; needed for early stopping.
        progress: told once per step.
        max_seconds: no epoch begins after this time.
        device: a torch device.

    Raises:
        UsageError: the loss is not finite.
    """
    seed = recipe.seed if seed is None else seed
    if vocabulary is None:
        vocabulary = Vocabulary.from_texts(texts, recipe.min_frequency)
    encoder = WordEncoder(vocabulary, recipe.max_length, recipe.embeddings != "words")
    encoded = encoder.encode_all(texts)
    target = torch.from_numpy(np.asarray(labels, dtype=np.int64)).to(device)
    with seeded_torch(seed, Stream.INITIALISATION):
        module = build(recipe, len(vocabulary), n_classes)
    module.to(device)

    def step_loss(positions: Ints) -> Tensor:
        logits = module(*(part.to(device) for part in encoded.batch(positions)))
        return functional.cross_entropy(logits, target[torch.from_numpy(positions).to(device)])

    def loss_of(part: Labelled, inputs: EncodedTexts) -> float:
        return mean_loss(predict(module, inputs), part.labels)

    watch = None if validation is None else partial(loss_of, validation, encoder.encode_all(validation.texts))
    history = fit(
        module,
        recipe,
        len(texts),
        step_loss,
        seed=seed,
        progress=progress,
        validation_loss=watch,
        max_seconds=max_seconds,
    )
    return Trained(module, encoder, history, encoded.truncated)


def predict(module: WordNetwork, encoded: EncodedTexts) -> Tensor:
    """Logits ``[n, C]`` on the CPU, in evaluation mode and in the order of the texts."""
    module.eval()
    device = next(module.parameters()).device
    # NOTE: batches of texts of one length waste nothing on padding, which does not change a result.
    by_length = np.argsort(np.diff(encoded.offsets), kind="stable")
    with torch.inference_mode():
        parts = [
            module(*(part.to(device) for part in encoded.batch(positions))).cpu()
            for positions in batched(by_length, _EVALUATION_BATCH)
        ]
    return torch.cat(parts)[torch.from_numpy(np.argsort(by_length))]


def mean_loss(logits: Tensor, labels: Ints) -> float:
    """Mean cross-entropy of ``logits [n, C]`` under the class indices ``labels [n]``."""
    return float(functional.cross_entropy(logits, torch.from_numpy(labels)))


def accuracy(logits: Tensor, labels: Ints) -> float:
    """Share of ``labels [n]`` that the largest of ``logits [n, C]`` hits, in [0, 1]."""
    return float((logits.argmax(1).numpy() == labels).mean())
