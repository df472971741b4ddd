"""What an extraction attack sees of a model, and what it gives back.

A :class:`Surface` is a classifier seen through one template: fillings in, logits out. An attack looks for the
filling with the highest objective and knows nothing else of the model, so a new architecture needs a surface
and a new attack works on all of them.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np

from privaudit.data.canaries.template import Template, numbers_of
from privaudit.targets.interface import Access, Floats, Ints

if TYPE_CHECKING:
    from torch import Tensor


class Objective(StrEnum):
    """What is maximised over the fillings; higher = more likely the planted one."""

    LOSS = "loss"
    """Log-probability of the canary's label."""
    MARGIN = "margin"
    """Its logit against the log-sum-exp of the others: the same order, without saturation."""


@runtime_checkable
class Surface(Protocol):
    """A classifier seen through one template."""

    template: Template
    n_classes: int
    order_blind: bool
    """Whether the model cannot tell the order of the slots' words apart (a bag of words)."""

    def logits(self, fillings: Ints) -> Floats:
        """Logits ``[F, C]`` of the texts of ``fillings`` ``[F, S]``, as the classifier itself gives them."""
        ...

    def all_logits(self, start: int = 0, stop: int | None = None) -> Iterator[Floats]:
        """Logits of the fillings with the numbers ``start … stop - 1``, in order, in parts of bounded size.

        What the fillings share is computed once; results agree with :meth:`logits` to 1e-4.
        """
        ...


@runtime_checkable
class SoftSurface(Surface, Protocol):
    """A surface that also accepts mixtures of candidates: white-box access."""

    def soft_logits(self, weights: "Sequence[Tensor]") -> "Tensor":
        """Logits ``[B, C]`` when slot s is the mixture ``weights[s]`` ``[B, m_s]`` of its candidates.

        Differentiable with respect to the weights. One-hot rows give :meth:`logits` to float32 precision.
        """
        ...


@dataclass(frozen=True)
class Problem:
    """What an extraction attack is asked."""

    surface: Surface
    label: int
    """Class index of the canary."""
    objective: Objective = Objective.MARGIN
    excluded: tuple[tuple[int, ...], ...] = ()
    """Fillings that are no answer: other secrets that were planted under the same prefix and label."""

    @property
    def excluded_numbers(self) -> Ints:
        """Their numbers."""
        sizes = self.surface.template.sizes
        return numbers_of(self.surface.template, np.array(self.excluded, np.int64).reshape(-1, len(sizes)))


@dataclass(frozen=True)
class SearchSettings:
    """How hard and in which way attacks search. Each reads what concerns it; its card says which and why."""

    evaluations: int = 100_000
    """Most texts that a search may put through the network; a soft step (both passes) counts as three."""
    restarts: int = 8
    """Independent starts of ``relaxed``; ``coordinate`` ends when as many in a row found nothing better. The
    best objective on hard tokens wins."""
    steps: int = 1000
    """Most optimiser steps of one start of ``relaxed``."""
    learning_rate: float = 0.02
    """Of Adam in ``relaxed``."""
    temperature: float = 1.0
    """Of the softmax in ``relaxed`` at the first step."""
    final_temperature: float | None = None
    """At the last step, geometric in between; None keeps the first."""
    gumbel: bool = False
    """Add Gumbel noise to the logits of ``relaxed`` at every step."""
    straight_through: bool = False
    """Read hard choices forwards and pass the gradient through the softmax in ``relaxed``."""
    beam_width: int = 100
    """Partial fillings that ``beam`` keeps."""
    shortlist: int = 64
    """Candidates of a slot that ``coordinate`` and ``beam`` evaluate exactly, those with the largest
    first-order gain; a slot with no more candidates is evaluated whole."""


@dataclass(frozen=True, eq=False)
class Found:
    """What a search came back with. It never knew the secret."""

    filling: tuple[int, ...]
    """The best filling, re-scored on hard tokens."""
    score: float
    """Its objective."""
    evaluations: int
    """Texts put through the network; a soft forward and backward pass counts as three."""
    complete: bool
    """Whether every filling was evaluated, and nothing can score higher."""


@dataclass(frozen=True)
class ExtractionSpec:
    """What a reviewer must know of an attack; the card in ``attacks/<id>.md`` says the same in full."""

    id: str
    title: str
    access: Access
    summary: str
    """One sentence: how it searches."""
    reference: str
    """Source with arXiv number or venue, and section."""


Search = Callable[[Problem, SearchSettings, np.random.Generator], Found]


@dataclass(frozen=True)
class ExtractionAttack:
    """A registered extraction attack."""

    spec: ExtractionSpec
    search: Search
    applies: Callable[[Surface], str | None]
    """Why the attack cannot run on this surface, or None when it can."""


OPEN = -1
"""In place of a choice."""


class Partials(Protocol):
    """Values of partial fillings, paid from a budget."""

    price: int
    """Evaluations per partial filling."""

    def scores(self, partials: Ints) -> Floats:
        """Objective ``[P]`` of ``[P, S]``; -inf for those that the budget no longer allowed."""
        ...

    def gradients(self, partials: Ints) -> list[Floats] | None:
        """Derivatives of the objective by the weights of each slot's candidates, ``[P, m_s]`` per slot.

        To first order, putting candidate c in place of b adds ``gradient[p, c] - gradient[p, b]``. None when
        the surface has no mixtures, or the budget does not allow :data:`SOFT_STEP` evaluations for each.
        """
        ...
