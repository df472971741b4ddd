"""The training loop that all single-model trainers share."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
from torch import Tensor, nn

from privaudit.errors import UsageError
from privaudit.progress import SILENT, Progress
from privaudit.targets.interface import Ints
from privaudit.training.recipe import Recipe
from privaudit.training.seeds import SeedStream, derive, epoch_order, seeded_torch

StepLoss = Callable[[Ints], Tensor]
"""Mean cross-entropy of the records at the given positions, with its graph."""


@dataclass(frozen=True)
class TrainingRun:
    """How one model is trained, apart from its recipe."""

    seed: int | None = None
    """Of this model; the recipe's when None."""
    noise_seed: int | None = None
    """Of a private run's batches and noise; when None they follow from ``seed``. Anyone who knows it can
    subtract the noise."""
    progress: Progress = SILENT
    """Advanced once per step."""
    max_seconds: float | None = None
    """No epoch begins after this time."""
    device: str = "cpu"
    """A torch device."""

    def seed_for(self, recipe: Recipe) -> int:
        """The seed of a model of ``recipe``."""
        return recipe.seed if self.seed is None else self.seed

    def is_over(self, began: float) -> bool:
        """Whether a run that ``began`` at that ``time.monotonic()`` has used up its time."""
        return self.max_seconds is not None and time.monotonic() - began > self.max_seconds


PLAIN_RUN = TrainingRun()
"""The recipe's seed on a CPU, without a limit."""


@dataclass(frozen=True)
class Epoch:
    """Losses of one pass over the data."""

    loss: float
    """Mean of the batches' losses while they were trained on."""
    validation_loss: float | None
    """After the epoch; None without a validation part."""


@dataclass(frozen=True)
class TrainingHistory:
    """How a run went."""

    epochs: tuple[Epoch, ...]
    """All epochs that ran."""
    kept: int
    """The number of epochs after which the model was kept."""
    stopped: Literal["epochs", "validation", "time"]
    steps: int
    """Optimiser steps that ran."""
    seconds: float


def fit(
    module: nn.Module,
    recipe: Recipe,
    n: int,
    step_loss: StepLoss,
    run: TrainingRun,
    validation_loss: Callable[[], float] | None = None,
) -> TrainingHistory:
    """Train ``module`` in place; it is left in evaluation mode.

    Order and dropout of a step depend only on the seed and the step. A run that ``max_seconds`` stops
    ends after a whole epoch (the first one always runs): a recipe with ``stop_after`` gives the same model.

    Args:
        module: what ``step_loss`` uses.
        recipe: optimiser, schedule, batch size, epochs, early stopping.
        n: number of training records.
        step_loss: the loss of a batch.
        run: seed, progress and time.
        validation_loss: needed with ``recipe.early_stopping``, else only reported.

    Raises:
        UsageError: the loss is not finite.
        ValueError: early stopping without a validation part, or no record.
    """
    if n < 1 or (recipe.early_stopping and validation_loss is None):
        raise ValueError("training needs records, and early stopping a validation part")
    began = time.monotonic()
    steps_per_epoch = -(-n // recipe.batch_size)
    stepper = _Stepper(module, recipe, recipe.epochs * steps_per_epoch, run.seed_for(recipe))
    stopper = _EarlyStopping(module, recipe.patience) if recipe.early_stopping else None
    limit = min(recipe.epochs, recipe.stop_after or recipe.epochs)
    run.progress.start("training", limit * steps_per_epoch)
    epochs: list[Epoch] = []
    stopped: Literal["epochs", "validation", "time"] = "epochs"
    while len(epochs) < limit:
        if epochs and run.is_over(began):
            stopped = "time"
            break
        note = f"epoch {len(epochs) + 1}/{limit}" + (f", loss {epochs[-1].loss:.3f}" if epochs else "")
        loss = stepper.run_epoch(len(epochs), n, step_loss, partial(run.progress.advance, 1, note))
        epochs.append(Epoch(loss, validation_loss() if validation_loss else None))
        if stopper is not None and stopper.should_stop(epochs):
            stopped = "validation"
            break
    kept = stopper.restore() if stopper is not None else len(epochs)
    module.eval()
    return TrainingHistory(tuple(epochs), kept, stopped, stepper.step, time.monotonic() - began)


class _Stepper:
    """Optimiser and schedule; counts its steps."""

    def __init__(self, module: nn.Module, recipe: Recipe, total_steps: int, seed: int) -> None:
        self.module, self.recipe, self.seed, self.step = module, recipe, seed, 0
        self.parameters = [p for p in module.parameters() if p.requires_grad]
        self.optimizer, self.total_steps = make_optimizer(self.parameters, recipe), total_steps

    def run_epoch(self, epoch: int, n: int, step_loss: StepLoss, advance: Callable[[], None]) -> float:
        """One pass over n records in this epoch's order; the mean loss of its batches."""
        self.module.train()
        total = torch.zeros(())
        batches = list(batched(epoch_order(self.seed, epoch, n), self.recipe.batch_size))
        with seeded_torch(self.seed, SeedStream.DROPOUT):
            for positions in batches:
                total += self._one(step_loss, positions).cpu()
                advance()
        mean = float(total) / len(batches)
        if not mean < float("inf"):
            raise UsageError(
                f"The training loss is not finite: {mean} in epoch {epoch + 1}",
                f"Lower the learning rate (--lr, now {self.recipe.learning_rate:g})",
            )
        return mean

    def _one(self, step_loss: StepLoss, positions: Ints) -> Tensor:
        if self.recipe.dropout:
            torch.manual_seed(derive(self.seed, SeedStream.DROPOUT, self.step))
        loss = step_loss(positions)
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        if self.recipe.clip_gradient is not None:
            nn.utils.clip_grad_norm_(self.parameters, self.recipe.clip_gradient)
        rate = self.recipe.learning_rate * learning_rate_factor(self.recipe, self.step, self.total_steps)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.step += 1
        return loss.detach()


class _EarlyStopping:
    """Remembers the best epoch; stops after ``patience`` epochs without a better one."""

    def __init__(self, module: nn.Module, patience: int) -> None:
        self.module, self.patience = module, patience
        self.best, self.best_loss = 0, float("inf")
        self.state: dict[str, Tensor] = {}

    def should_stop(self, epochs: list[Epoch]) -> bool:
        """Look at the last epoch."""
        loss = epochs[-1].validation_loss
        if loss is not None and loss < self.best_loss:
            self.best, self.best_loss = len(epochs), loss
            self.state = {name: tensor.clone() for name, tensor in self.module.state_dict().items()}
        return len(epochs) - self.best >= self.patience

    def restore(self) -> int:
        """Put the best epoch's parameters back; return its number from 1."""
        self.module.load_state_dict(self.state)
        return self.best


def make_optimizer(parameters: list[nn.Parameter], recipe: Recipe) -> torch.optim.Optimizer:
    """The recipe's optimiser, fused: one pass over the parameters instead of a dozen."""
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(
            parameters, lr=recipe.learning_rate, weight_decay=recipe.weight_decay, fused=True
        )
    return torch.optim.AdamW(
        parameters, lr=recipe.learning_rate, weight_decay=recipe.weight_decay, fused=True
    )


def learning_rate_factor(recipe: Recipe, step: int, total: int) -> float:
    """Factor on the learning rate at step ``step`` (from 0) out of ``total``."""
    rising = round(recipe.warmup * total)
    if step < rising:
        return (step + 1) / rising
    if recipe.decay == "linear":
        return max(0.0, (total - step) / max(1, total - rising))
    return 1.0


def batched(order: Ints, size: int) -> Iterator[Ints]:
    """Consecutive parts of ``order`` with ``size`` positions; the last may be smaller."""
    for start in range(0, len(order), size):
        yield order[start : start + size]
