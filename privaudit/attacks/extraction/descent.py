"""Descent on mixtures of candidates: the search of Parikh, Dupuy and Gupta (ACL 2022, arXiv 2203.13920)."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from privaudit.attacks.extraction.budget import SOFT_STEP, Budget
from privaudit.attacks.extraction.objectives import soft_objective
from privaudit.attacks.extraction.spec import SearchSettings, SoftSurface
from privaudit.targets.interface import Ints

PATIENCE = 100
"""Steps without a change of any slot's largest weight after which a start has converged."""


def descend(budget: Budget, settings: SearchSettings, rng: np.random.Generator) -> Ints:
    """The hard readings ``[R, S]`` of ``settings.restarts`` descents within the budget, not yet scored.

    What their scoring costs is left in the budget.
    """
    surface, problem = budget.problem.surface, budget.problem
    if not isinstance(surface, SoftSurface):
        raise TypeError("mixtures need a soft surface")
    sizes = surface.template.sizes
    restarts = max(1, min(settings.restarts, budget.left // (SOFT_STEP + 1)))
    noise = torch.Generator().manual_seed(int(rng.integers(2**62)))
    logits = torch.cat([_glorot(restarts, size, len(sizes), noise) for size in sizes], dim=1)
    reading = _reading(logits, sizes)
    unchanged = torch.zeros(restarts, dtype=torch.int64)
    active = torch.arange(restarts)
    adam = _Adam(settings.learning_rate, torch.zeros_like(logits), torch.zeros_like(logits))
    for step in range(settings.steps):
        if len(active) == 0 or budget.left < SOFT_STEP * len(active) + restarts:
            break
        budget.pay(SOFT_STEP * len(active))
        rows = logits[active].requires_grad_()
        weights = _mixtures(rows, sizes, temperature(settings, step), settings, noise)
        value = soft_objective(surface.soft_logits(weights), problem.label, problem.objective)
        (gradient,) = torch.autograd.grad(-value.sum(), rows)
        logits[active] = adam.step(rows.detach(), gradient, active, step + 1)
        now = _reading(logits[active], sizes)
        same = (now == reading[active]).all(1)
        unchanged[active] = torch.where(same, unchanged[active] + 1, 0)
        reading[active] = now
        active = active[unchanged[active] < PATIENCE]
    return reading.numpy()


def temperature(settings: SearchSettings, step: int) -> float:
    """Temperature of the softmax: geometric from the first step to the last, or constant."""
    first, last = settings.temperature, settings.final_temperature
    if last is None or settings.steps == 1:
        return first
    return float(first * (last / first) ** (step / (settings.steps - 1)))


@dataclass
class _Adam:
    """Adam (Kingma and Ba, ICLR 2015, algorithm 1) with moments per row, because rows may end separately."""

    learning_rate: float
    mean: Tensor
    square: Tensor

    def step(self, values: Tensor, gradient: Tensor, rows: Tensor, t: int) -> Tensor:
        """``values`` after step ``t``, which counts from 1; ``rows`` are theirs in the moments."""
        self.mean[rows] = 0.9 * self.mean[rows] + 0.1 * gradient
        self.square[rows] = 0.999 * self.square[rows] + 0.001 * gradient**2
        mean, square = self.mean[rows] / (1 - 0.9**t), self.square[rows] / (1 - 0.999**t)
        return values - self.learning_rate * mean / (square.sqrt() + 1e-8)


def _glorot(restarts: int, size: int, slots: int, noise: torch.Generator) -> Tensor:
    """Glorot's uniform start of one row ``[size]`` of a matrix ``[slots, size]``, for every start."""
    bound = math.sqrt(6.0 / (slots + size))
    return (2 * torch.rand(restarts, size, generator=noise) - 1) * bound


def _reading(logits: Tensor, sizes: tuple[int, ...]) -> Tensor:
    """The candidate with the largest weight of each slot, ``[R, S]``."""
    return torch.stack([part.argmax(1) for part in torch.split(logits, list(sizes), dim=1)], dim=1)


def _mixtures(
    logits: Tensor,
    sizes: tuple[int, ...],
    temperature: float,
    settings: SearchSettings,
    noise: torch.Generator,
) -> list[Tensor]:
    """The weights ``[R, m_s]`` of every slot's candidates."""
    weights = []
    for part in torch.split(logits, list(sizes), dim=1):
        if settings.gumbel:
            exponential = torch.empty_like(part).exponential_(generator=noise)
            part = part - exponential.log()  # noqa: PLW2901 - minus the log of an exponential is Gumbel
        soft = torch.softmax(part / temperature, dim=1)
        if settings.straight_through:
            hard = torch.nn.functional.one_hot(soft.argmax(1), soft.shape[1]).to(soft.dtype)
            soft = hard + soft - soft.detach()
        weights.append(soft)
    return weights
