"""The plain trainer of one word-level network."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from privaudit.progress import SILENT, Progress
from privaudit.targets.interface import Ints
from privaudit.training.architectures import WordNetwork, build
from privaudit.training.fitting import fit_recipe
from privaudit.training.loop import TrainingHistory, batched
from privaudit.training.recipe import Recipe
from privaudit.training.seeds import SeedStream, seeded_torch
from privaudit.training.text import PAD, EncodedTexts, Vocabulary, WordEncoder, WordNumbers, numbered_by

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
    history: TrainingHistory
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
    vocabulary: WordNumbers | None = None,
    validation: Labelled | None = None,
    noise_seed: int | None = None,
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
        vocabulary: the words that the model knows; when None, built from ``texts`` unless the recipe hashes.
        validation: watched after every epoch, never trained on; needed for early stopping.
        noise_seed: of a private run's batches and noise; when None they follow from ``seed``.
        progress: told once per step.
        max_seconds: no epoch begins after this time.
        device: a torch device.

    Raises:
        UsageError: the loss is not finite, or the recipe is private and asks for what is not.
    """
    if vocabulary is None:
        vocabulary = numbered_by(recipe.vocabulary) or Vocabulary.from_texts(texts, recipe.min_frequency)
    encoder = WordEncoder(vocabulary, recipe.max_length, recipe.embeddings != "words")
    encoded = encoder.encode_all(texts)

    def loss_of(part: Labelled, inputs: EncodedTexts, module: WordNetwork) -> float:
        return mean_loss(predict(module, inputs), part.labels)

    watch = None if validation is None else partial(loss_of, validation, encoder.encode_all(validation.texts))
    module, history = train_network(
        recipe,
        encoded,
        np.arange(len(texts)),
        labels,
        vocabulary_size=len(vocabulary),
        n_classes=n_classes,
        seed=recipe.seed if seed is None else seed,
        watch=watch,
        noise_seed=noise_seed,
        progress=progress,
        max_seconds=max_seconds,
        device=device,
    )
    return Trained(module, encoder, history, encoded.truncated)


def train_network(
    recipe: Recipe,
    encoded: EncodedTexts,
    positions: Ints,
    labels: Ints,
    *,
    vocabulary_size: int,
    n_classes: int,
    seed: int,
    watch: Callable[[WordNetwork], float] | None = None,
    noise_seed: int | None = None,
    progress: Progress = SILENT,
    max_seconds: float | None = None,
    device: str = "cpu",
) -> tuple[WordNetwork, TrainingHistory]:
    """What :func:`train` does once the texts are encoded.

    Args:
        recipe: any architecture but ``hf``.
        encoded: texts, among them those to train on.
        positions: ``[n]`` of the texts to train on; their order is part of what the model becomes.
        labels: class indices of all of ``encoded``.
        vocabulary_size: token numbers, padding and the unknown word included.
        n_classes: C.
        seed: of this model.
        watch: the validation loss of the network as it is after an epoch; private training has none.
        noise_seed: of a private run's batches and noise; when None they follow from ``seed``.
        progress: told once per step.
        max_seconds: no epoch begins after this time.
        device: a torch device.

    Returns:
        The network in evaluation mode, and how its training went.

    Raises:
        UsageError: the loss is not finite.
    """
    target = torch.from_numpy(np.asarray(labels, dtype=np.int64)[positions]).to(device)
    with seeded_torch(seed, SeedStream.INITIALISATION):
        module = build(recipe, vocabulary_size, n_classes)
    module.to(device)

    def losses(batch: Ints, reduction: str) -> Tensor:
        logits = module(*(part.to(device) for part in encoded.batch(positions[batch])))
        return functional.cross_entropy(
            logits, target[torch.from_numpy(batch).to(device)], reduction=reduction
        )

    # NOTE: the table of words is read by its own forward alone, the condition for drawing its noise late.
    table = module.embedding.words
    history = fit_recipe(
        module,
        recipe,
        len(positions),
        losses,
        seed=seed,
        noise_seed=noise_seed,
        progress=progress,
        validation_loss=None if watch is None else partial(watch, module),
        max_seconds=max_seconds,
        tables=() if table is None else (table,),
    )
    return module, history


def predict(module: WordNetwork, encoded: EncodedTexts) -> Tensor:
    """Logits ``[n, C]`` on the CPU, in evaluation mode and in the order of the texts."""
    return logits_and_squares(module, encoded, np.arange(len(encoded)))[0]


def logits_and_squares(module: WordNetwork, encoded: EncodedTexts, positions: Ints) -> tuple[Tensor, Tensor]:
    """Logits ``[n, C]`` of the texts at ``positions``, and ``‖z‖²`` ``[n]`` of what the head reads of them.

    On the CPU, in evaluation mode and in the order of ``positions``.
    """
    module.eval()
    device = next(module.parameters()).device
    # NOTE: batches of texts of one length waste nothing on padding, which does not change a result.
    by_length = np.argsort(np.diff(encoded.offsets)[positions], kind="stable")
    logits, squares = [], []
    with torch.inference_mode():
        for batch in batched(by_length, _EVALUATION_BATCH):
            tokens, *spellings = (part.to(device) for part in encoded.batch(positions[batch]))
            features = module.features(module.embed(tokens, *spellings), tokens != PAD)
            logits.append(module.head(features).cpu())
            squares.append(features.square().sum(1).cpu())
        back = torch.from_numpy(np.argsort(by_length))
        return torch.cat(logits)[back], torch.cat(squares)[back]


def mean_loss(logits: Tensor, labels: Ints) -> float:
    """Mean cross-entropy of ``logits [n, C]`` under the class indices ``labels [n]``."""
    return float(functional.cross_entropy(logits, torch.from_numpy(labels)))


def accuracy(logits: Tensor, labels: Ints) -> float:
    """Share of ``labels [n]`` that the largest of ``logits [n, C]`` hits, in [0, 1]."""
    return float((logits.argmax(1).numpy() == labels).mean())
