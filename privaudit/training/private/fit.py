"""The training loop of a differentially private run."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from privaudit.errors import UsageError
from privaudit.targets.interface import Ints
from privaudit.training.loop import (
    Epoch,
    TrainingHistory,
    TrainingRun,
    learning_rate_factor,
    make_optimizer,
)
from privaudit.training.private.gradients import RowGradient, clipped_sum, factors_of
from privaudit.training.private.noise import LateNoise, fill_with_noise, noise_generator
from privaudit.training.private.sampling import PoissonBatches
from privaudit.training.recipe import Recipe
from privaudit.training.seeds import SeedStream, derive, seeded_torch

Gradients = Mapping[str, Tensor | RowGradient]


def fit_private(
    module: nn.Module,
    recipe: Recipe,
    n: int,
    losses_of: Callable[[Ints], Tensor],
    run: TrainingRun,
    *,
    tables: Sequence[nn.Embedding] = (),
    on_step: Callable[[int], None] | None = None,
) -> TrainingHistory:
    """Train ``module`` in place with DP-SGD (arXiv 1607.00133, algorithm 1); it is left in evaluation mode.

    A pass is ``round(1 / sample_rate)`` steps. A run that ``max_seconds`` stops ends after a whole pass (the
    first one always runs): ``TrainingHistory.steps`` counts what ran, and only those steps are accounted for.

    Args:
        module: what ``losses_of`` uses.
        recipe: with ``privacy``; its optimiser, schedule, weight decay and dropout.
        n: number of training records.
        losses_of: the losses ``[B]`` of the records at B positions, one of each, with their graph.
        run: seeds, progress and time; dropout follows from the model's seed.
        tables: of ``module``, large ones that only their own ``forward`` reads: their noise is drawn
            late where that is exact (SGD without weight decay, and no ``on_step``), and their padding rows,
            whose gradient is always zero, get none.
        on_step: called after every step with its number from 1, when all parameters are up to date.

    Raises:
        UsageError: the recipe stops early or clips the batch's gradient, a layer has no rule for its
            gradient, or the loss is not finite.
        ValueError: no record, or a recipe that is not private.
    """
    if n < 1 or recipe.privacy is None:
        raise ValueError("private training needs records and a mechanism")
    check_private(recipe)
    began, passes = time.monotonic(), round(1 / recipe.privacy.sample_rate)
    limit = recipe.privacy.steps
    if recipe.stop_after is not None:
        limit = min(limit, recipe.stop_after * passes)
    mechanism = _Mechanism(module, recipe, n, run, tables, on_step)
    run.progress.start("private training", limit)
    epochs: list[Epoch] = []
    module.train()
    try:
        with seeded_torch(mechanism.seed, SeedStream.DROPOUT):
            while mechanism.step < limit and not (epochs and run.is_over(began)):
                number = len(epochs) + 1
                epochs.append(mechanism.run_pass(losses_of, number, min(limit, number * passes)))
    finally:
        mechanism.close()
    module.eval()
    stopped: Literal["epochs", "time"] = "time" if mechanism.step < limit else "epochs"
    return TrainingHistory(tuple(epochs), len(epochs), stopped, mechanism.step, time.monotonic() - began)


class _Mechanism:
    """Batches, clipped sums, noise and the optimiser; counts its steps."""

    def __init__(
        self,
        module: nn.Module,
        recipe: Recipe,
        n: int,
        run: TrainingRun,
        tables: Sequence[nn.Embedding],
        on_step: Callable[[int], None] | None,
    ) -> None:
        if recipe.privacy is None:
            raise ValueError("the recipe is not private")
        self.module, self.recipe, self.privacy, self.step = module, recipe, recipe.privacy, 0
        self.progress, self.on_step, self.seed = run.progress, on_step, run.seed_for(recipe)
        secret = self.seed if run.noise_seed is None else run.noise_seed
        self.batches = PoissonBatches(n, self.privacy.sample_rate, secret)
        parameters = {name: p for name, p in module.named_parameters() if p.requires_grad}
        self.device = next(iter(parameters.values())).device
        self.generator = noise_generator(secret, self.device)
        names = {id(parameter): name for name, parameter in parameters.items()}
        named = {names[id(table.weight)]: table for table in tables}
        late = recipe.optimizer == "sgd" and not recipe.weight_decay and on_step is None
        self.late = {name: (t, LateNoise(t, self.generator)) for name, t in named.items() if late}
        self.padding = {name: table.padding_idx for name, table in named.items()}
        self.dense = {name: p for name, p in parameters.items() if name not in self.late}
        self.optimizer = make_optimizer(list(self.dense.values()), recipe)
        self.factors = factors_of(self.privacy)
        self.deviation = self.privacy.noise_multiplier * self.privacy.clip_norm

    def run_pass(self, losses_of: Callable[[Ints], Tensor], number: int, last: int) -> Epoch:
        """The steps of pass ``number`` (from 1), up to step ``last`` of the run."""
        losses: list[Tensor] = []
        while self.step < last:
            if self.recipe.dropout:
                torch.manual_seed(derive(self.seed, SeedStream.DROPOUT, self.step))
            losses.append(self._run_step(losses_of, self.batches.draw()))
            self.progress.advance(1, f"pass {number}")
            if self.on_step is not None:
                self.on_step(self.step)
        return Epoch(_mean_loss(torch.cat(losses), number, self.recipe), None)

    def close(self) -> None:
        """Draw the noise that is still owed; the parameters are then those of the mechanism."""
        for _, noise in self.late.values():
            noise.close()
        for parameter in self.dense.values():
            parameter.grad = None

    def _run_step(self, losses_of: Callable[[Ints], Tensor], positions: Ints) -> Tensor:
        """One noisy step; the losses ``[B]`` before it, none for an empty batch."""
        gradients: Gradients = {}
        losses = torch.zeros(0, device=self.device)
        if len(positions):

            def compute() -> Tensor:
                nonlocal losses
                found = losses_of(positions)
                losses = found.detach()
                return found

            gradients = clipped_sum(self.module, compute, self.factors).gradients
        self._update(gradients)
        self.step += 1
        return losses

    @torch.no_grad()
    def _update(self, gradients: Gradients) -> None:
        factor = learning_rate_factor(self.recipe, self.step, self.privacy.steps)
        rate, size = self.recipe.learning_rate * factor, self.recipe.batch_size
        for name, parameter in self.dense.items():
            if parameter.grad is None:
                parameter.grad = torch.empty_like(parameter)
            noisy = fill_with_noise(parameter.grad, self.deviation, self.generator, self.padding.get(name))
            _add(noisy, gradients.get(name), 1.0)
            noisy.div_(size)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        for name, (table, noise) in self.late.items():
            _add(table.weight, gradients.get(name), -rate / size)
            noise.add((rate * self.deviation / size) ** 2)


def _add(target: Tensor, gradient: "Tensor | RowGradient | None", factor: float) -> None:
    """``target += factor * gradient``; a missing gradient is zero."""
    if isinstance(gradient, Tensor):
        target.add_(gradient, alpha=factor)
    elif gradient is not None:
        target.index_add_(0, gradient.rows, gradient.values, alpha=factor)


def check_private(recipe: Recipe) -> None:
    """Refuse what private training cannot do, and what would not be private.

    Raises:
        UsageError: the recipe stops early, or clips the gradient of a batch.
    """
    if recipe.early_stopping:
        raise UsageError(
            "Private training cannot stop early: the records it would watch are outside the guarantee",
            "Drop --early-stopping and set --epochs",
        )
    if recipe.clip_gradient is not None:
        raise UsageError(
            f"clip_gradient {recipe.clip_gradient:g} limits the batch; private training clips each record",
            "Set --clip instead",
        )


def _mean_loss(losses: Tensor, number: int, recipe: Recipe) -> float:
    """Mean loss of one pass; 0 where all its batches were empty."""
    mean = float(losses.sum()) / max(1, len(losses))
    if not abs(mean) < float("inf"):
        raise UsageError(
            f"The training loss is not finite: {mean} in pass {number}",
            f"Lower the learning rate (--lr, now {recipe.learning_rate:g}) or raise --epsilon",
        )
    return mean
