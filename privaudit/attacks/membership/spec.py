"""What a membership attack is: metadata that a reviewer reads, and one pure function on signals."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from privaudit.attacks.membership.signals import Signals
from privaudit.targets.interface import Access, Floats


class Signal(StrEnum):
    """What an attack reads beside the target's logits, the labels and the ids. Collected only when needed."""

    FEATURES = "features"
    """Inputs of the last linear layer, from the same pass as the logits."""
    GRADIENT_NORMS = "gradient-norms"
    """One backward pass per record."""
    UNKNOWN_WORDS = "unknown-words"
    """The tokenizer's word list."""
    LABEL_ROBUSTNESS = "label-robustness"
    """Predicted classes of perturbed copies: tens of queries per record."""
    NEIGHBOUR_LOSSES = "neighbour-losses"
    """Losses of word-replacement neighbours: tens of queries per record."""
    REFERENCES = "references"
    """Logits of reference models."""
    REFERENCES_IN = "references-in"
    """Some of the reference models were trained on some of the audited records (online attacks)."""
    REFERENCE_EXTRAS = "reference-extras"
    """Further signals of the target and of every reference: gradient norms, margins of damaged copies."""


class AttackCost(StrEnum):
    """What an attack adds to the one inference pass that all attacks share."""

    FREE = "free"
    """Arithmetic on the shared pass."""
    QUERIES = "queries"
    """Tens of further queries per record."""
    BACKWARD = "backward"
    """A backward pass per record."""
    TRAINING = "training"
    """Reference models."""


@dataclass(frozen=True)
class AttackSpec:
    """What a reviewer must know of an attack; the card in ``attacks/<id>.md`` says the same in full."""

    id: str
    """Stable, unique per variant, ``lower-case-with-hyphens``."""
    title: str
    access: Access
    """The least access with which the attack can be mounted."""
    cost: AttackCost
    summary: str
    """One sentence: what makes the score high for a member."""
    reference: str
    """Source with arXiv number or venue, and equation or section."""
    needs: frozenset[Signal] = frozenset()
    default: bool = True
    """Whether it belongs to a default set; :mod:`privaudit.attacks.membership.selection` says to which."""


@dataclass(frozen=True)
class AttackContext:
    """What is fixed before the scores are computed."""

    seed: int
    """Root seed of the audit; an attack that draws random numbers takes :meth:`rng`."""

    def rng(self, attack: str) -> np.random.Generator:
        """A generator that depends on the seed and the attack's id alone."""
        return np.random.default_rng([self.seed, *attack.encode()])


Score = Callable[[Signals, AttackContext], Floats]
"""``(signals, context) -> score[n]``, float64, higher = member, NaN = this record is not scored."""


@dataclass(frozen=True)
class Attack:
    """A registered membership attack."""

    spec: AttackSpec
    score: Score
