"""The plain trainer of one word-level network."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from privaudit.targets.interface import Ints
from privaudit.training.architectures import WordNetwork, build
from privaudit.training.fitting import fit_recipe
from privaudit.training.loop import PLAIN_RUN, TrainingHistory, TrainingRun, batched
from privaudit.training.recipe import Recipe
from privaudit.training.seeds import SeedStream, seeded_torch
from privaudit.training.text import PAD, EncodedTexts, Vocabulary, WordEncoder, WordNumbers, hashed_vocabulary

_EVALUATION_BATCH = 256


@dataclass(frozen=True, eq=False)
class Labelled:
    """Texts with class indices."""

    texts: Sequence[str]
    labels: Ints
    """``[n]`` in ``0 … C-1``."""


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """Encoded texts, and which of them a network is trained on."""

    encoded: EncodedTexts
    """Texts, among them those to train on."""
    positions: Ints
    """``[n]`` of the texts to train on; the model depends on their order."""
    labels: Ints
    """Class indices of all of ``encoded`` up to the largest of ``positions``."""
    vocabulary_size: int
    """Token numbers, padding and the unknown word included."""
    n_classes: int
    """C; classes without a text are allowed."""


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
    vocabulary: WordNumbers | None = None,
    validation: Labelled | None = None,
    run: TrainingRun = PLAIN_RUN,
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
        vocabulary: the words that the model knows; when None, built from ``texts`` unless the recipe hashes.
        validation: evaluated after every epoch, never trained on; needed for early stopping.
        run: seeds, progress, time and device.

    Raises:
        UsageError: the loss is not finite, or a private recipe asks for something that is not private.
    """
    if vocabulary is None:
        vocabulary = hashed_vocabulary(recipe.vocabulary) or Vocabulary.from_texts(
            texts, recipe.min_frequency
        )
    encoder = WordEncoder(vocabulary, recipe.max_length, recipe.embeddings != "words")
    encoded = encoder.encode_all(texts)

    def loss_of(part: Labelled, inputs: EncodedTexts, module: WordNetwork) -> float:
        return mean_loss(predict(module, inputs), part.labels)

    watch = None if validation is None else partial(loss_of, validation, encoder.encode_all(validation.texts))
    data = TrainingSet(encoded, np.arange(len(texts)), labels, len(vocabulary), n_classes)
    module, history = train_network(recipe, data, run, watch)
    return Trained(module, encoder, history, encoded.truncated)


def train_network(
    recipe: Recipe,
    data: TrainingSet,
    run: TrainingRun,
    watch: Callable[[WordNetwork], float] | None = None,
) -> tuple[WordNetwork, TrainingHistory]:
    """What :func:`train` does once the texts are encoded.

    Args:
        recipe: any architecture but ``hf``.
        data: what it is trained on.
        run: seeds, progress, time and device.
        watch: computes the validation loss after an epoch; private training has none.

    Returns:
        The network in evaluation mode, and how its training went.

    Raises:
        UsageError: the loss is not finite.
    """
    positions, device = data.positions, run.device
    target = torch.from_numpy(np.asarray(data.labels, dtype=np.int64)[positions]).to(device)
    with seeded_torch(run.seed_for(recipe), SeedStream.INITIALISATION):
        module = build(recipe, data.vocabulary_size, data.n_classes)
    module.to(device)

    def losses(batch: Ints, reduction: str) -> Tensor:
        logits = module(*(part.to(device) for part in data.encoded.batch(positions[batch])))
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
        run,
        validation_loss=None if watch is None else partial(watch, module),
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
    """Share of ``labels [n]`` that the largest of ``logits [n, C]`` gets right, in [0, 1]."""
    return float((logits.argmax(1).numpy() == labels).mean())
