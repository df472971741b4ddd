"""What the attacks need from a trained text classifier, whatever file it came from.

The least is :class:`TextClassifier`: texts in, one row of logits out. Formats that hold the parameters add
what the white-box attacks use. A capability is a ``Protocol``: ask with ``isinstance``, never by format.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from privaudit.files import FileDigest
from privaudit.progress import SILENT, Progress

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Access(StrEnum):
    """What an adversary sees of the model, from least to most."""

    LABEL = "label"
    """The predicted class alone."""
    SCORE = "score"
    """Class probabilities."""
    LOGITS = "logits"
    """Unnormalised log-probabilities."""
    GRADIENTS = "gradients"
    """Gradients of the loss with respect to parameters."""
    WEIGHTS = "weights"
    """Everything: parameters, features, vocabulary."""

    def allows(self, needed: "Access") -> bool:
        """Whether an adversary with this access can mount an attack that needs ``needed``."""
        order = list(Access)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True)
class ModelInfo:
    """What was loaded, how, and which bytes it was."""

    format: str
    """``bundle``, ``huggingface``, ``state-dict``, ``sklearn``, ``onnx`` or ``scores``."""
    architecture: str
    """For people: class or architecture name."""
    loader: str
    """How the file was opened, such as ``torch.load(weights_only=True)``: the safety decision."""
    files: tuple[FileDigest, ...]
    parameters: int | None = None
    """Number of trained parameters, None if unknown."""


@dataclass(frozen=True, eq=False)
class Outputs:
    """What one pass over n texts gives. All rows are in the order of the texts."""

    logits: Floats
    """``[n, C]``; log-probabilities where the model gives only probabilities."""
    features: NDArray[np.float32] | None = None
    """``[n, d]``: input of the last linear layer, when asked for and known."""


@runtime_checkable
class TextClassifier(Protocol):
    """A trained classifier of raw texts."""

    info: ModelInfo
    labels: tuple[str, ...]
    """Class names; the position is the class index of the logits."""
    access: Access
    """The most that this format can give."""

    def outputs(
        self, texts: Sequence[str], *, features: bool = False, progress: Progress = SILENT
    ) -> Outputs:
        """One inference pass (no dropout, no gradient) over ``texts``.

        Args:
            texts: n raw texts of any length; the model's own tokenizer truncates.
            features: also give the last layer's inputs; only where :class:`HasFeatures` holds.
            progress: told once per record.

        Raises:
            ModelError: the model fails on the texts, or its output is not ``[n, C]`` finite numbers.
        """
        ...


@runtime_checkable
class HasFeatures(Protocol):
    """The last layer is linear: ``logits = features @ weight.T (+ bias)``."""

    def head(self) -> "Head | None":
        """The last linear layer, None when the network does not end in one."""
        ...


@dataclass(frozen=True, eq=False)
class Head:
    """The last linear layer of a network."""

    weight: Floats
    """``[C, d]``."""
    bias: Floats | None
    """``[C]``, or None."""


@runtime_checkable
class HasGradients(Protocol):
    """Per-example gradients of the loss with respect to all trained parameters."""

    def gradient_norms(self, texts: Sequence[str], labels: Ints, *, progress: Progress = SILENT) -> Floats:
        """Euclidean norm of the gradient of each example's cross-entropy loss, ``[n]``, dropout off."""
        ...


@runtime_checkable
class HasVocabulary(Protocol):
    """The model's tokenizer knows a list of words, and everything else is one unknown token."""

    def unknown_words(self, texts: Sequence[str]) -> tuple[Ints, Ints]:
        """Per text: how many of its words are unknown ``[n]``, and how many words it has ``[n]``."""
        ...


@dataclass(frozen=True, eq=False)
class ScoreTable:
    """Outputs of a model for records whose membership is known: an audit without a model."""

    info: ModelInfo
    labels: tuple[str, ...]
    ids: Sequence[str]
    """n record ids (``row-1`` … when the table has none)."""
    member: NDArray[np.bool_]
    """``[n]``."""
    label: Ints
    """``[n]`` class indices."""
    logits: Floats
    """``[n, C]``; logarithms where the table gives probabilities."""
    access: Access
    """``LOGITS``, or ``SCORE`` for a table of probabilities."""
    texts: Sequence[str] | None = None
    """Present when the table has a text column: the sets can then be compared."""
    groups: Sequence[str] | None = None
    reference_logits: NDArray[np.float32] | None = None
    """``[k, n, C]`` from a signals file."""
    reference_in: NDArray[np.bool_] | None = None
    """``[k, n]``."""
    extra: dict[str, str] = field(default_factory=dict)
