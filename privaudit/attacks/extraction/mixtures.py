"""Partial fillings as mixtures of candidates: white-box access."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from privaudit.attacks.extraction.budget import SOFT_STEP, Budget
from privaudit.attacks.extraction.objectives import soft_objective
from privaudit.attacks.extraction.spec import OPEN, SoftSurface
from privaudit.targets.interface import Floats, Ints

_LARGEST_BATCH = 4_000_000
"""Numbers in the weights of one batch (16 MB)."""


class Mixtures:
    """Objective of the uniform mixture in every open slot.

    Args:
        budget: pays; its problem gives label and objective.
        surface: the problem's, which accepts mixtures.
    """

    price = 1

    def __init__(self, budget: Budget, surface: SoftSurface) -> None:
        self._budget, self._surface = budget, surface
        self._sizes = surface.template.sizes
        self._batch = max(1, _LARGEST_BATCH // sum(self._sizes))

    def scores(self, partials: Ints) -> Floats:
        """See :class:`~privaudit.attacks.extraction.spec.Partials`."""
        scores = np.full(len(partials), -np.inf)
        with torch.inference_mode():
            for rows in self._affordable(len(partials), 1):
                scores[rows] = self._objective(self._weights(partials[rows])).cpu().numpy()
        return scores

    def gradients(self, partials: Ints) -> list[Floats] | None:
        """See :class:`~privaudit.attacks.extraction.spec.Partials`."""
        if SOFT_STEP * len(partials) > self._budget.soft_left:
            return None
        found: list[list[Floats]] = [[] for _ in self._sizes]
        for rows in self._affordable(len(partials), SOFT_STEP):
            weights = [part.requires_grad_() for part in self._weights(partials[rows])]
            gradients = torch.autograd.grad(self._objective(weights).sum(), weights)
            for parts, gradient in zip(found, gradients, strict=True):
                parts.append(gradient.double().cpu().numpy())
        return [np.concatenate(parts) for parts in found]

    def _objective(self, weights: list[Tensor]) -> Tensor:
        problem = self._budget.problem
        return soft_objective(self._surface.soft_logits(weights), problem.label, problem.objective)

    def _weights(self, partials: Ints) -> list[Tensor]:
        """One-hot rows ``[P, m_s]``, uniform where a slot is open."""
        weights = []
        for choices, size in zip(torch.from_numpy(partials).T, self._sizes, strict=True):
            rows = torch.zeros(len(partials), size)
            rows.scatter_(1, choices.clamp(min=0).unsqueeze(1), 1.0)
            rows[choices == OPEN] = 1.0 / size
            weights.append(rows)
        return weights

    def _affordable(self, n: int, price: int) -> Iterator[slice]:
        """Slices of at most a batch, paid for, as far as the budget goes."""
        n = min(n, self._budget.soft_left // price)
        for start in range(0, n, self._batch):
            rows = slice(start, min(start + self._batch, n))
            self._budget.pay(price * (rows.stop - rows.start))
            yield rows
