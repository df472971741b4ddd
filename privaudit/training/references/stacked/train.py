"""Networks of a block trained together: their parameters on a leading axis, one computation per step.

Each model is what it would be alone: it has its own vocabulary, data order, steps and learning rates, and
waits for the others without a step when its epoch is over. Unlike the plain trainer it computes words without
padding, and moves only the rows of the table that a batch touches; the two agree up to rounding.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from privaudit.errors import UsageError
from privaudit.targets.interface import Floats, Ints
from privaudit.training.architectures import WordNetwork, build
from privaudit.training.loop import learning_rate_factor
from privaudit.training.recipe import Recipe
from privaudit.training.references.stacked.networks import NETWORKS, StackedWords, differentiate_bow
from privaudit.training.references.stacked.steps import ALIGNED, Batches, Step
from privaudit.training.references.stacked.touched_rows import BETA1, BETA2, EPSILON, TouchedRows
from privaudit.training.seeds import SeedStream, seeded_torch
from privaudit.training.trainer import TrainingSet

_TABLE = "embedding.words.weight"


def train_stack(
    recipe: Recipe,
    sets: Sequence[TrainingSet],
    seeds: Sequence[int],
    device: str = "cpu",
) -> list[WordNetwork]:
    """Train M networks of one recipe, each on its own texts.

    Args:
        recipe: for which :func:`privaudit.training.references.training_modes.can_stack` holds.
        sets: per model; all with the same labels.
        seeds: per model.
        device: a torch device.

    Returns:
        The networks, in evaluation mode.

    Raises:
        UsageError: a model's parameters are no longer finite.
    """
    networks = []
    for own, seed in zip(sets, seeds, strict=True):
        with seeded_torch(seed, SeedStream.INITIALISATION):
            networks.append(build(recipe, own.vocabulary_size, own.n_classes))
    positions = [own.positions for own in sets]
    stack = _Stack(recipe, networks, [len(p) for p in positions], device)
    encoded, first_rows = [own.encoded for own in sets], stack.table.first[:-1]
    batches = Batches(encoded, positions, sets[0].labels, first_rows, seeds, recipe.batch_size)
    for epoch in range(min(recipe.epochs, recipe.stop_after or recipe.epochs)):
        for step in batches.epoch(epoch):
            stack.train(step)
        stack.check(epoch)
    return stack.unstack(networks)


class _Stack:
    """Parameters and moments of M models, and how many steps each has made."""

    def __init__(
        self, recipe: Recipe, networks: Sequence[WordNetwork], counts: Sequence[int], device: str
    ) -> None:
        self._recipe, self._device = recipe, torch.device(device)
        self._shapes = [{name: p.shape for name, p in network.state_dict().items()} for network in networks]
        states = [_aligned(recipe, network) for network in networks]
        self._rates = [_learning_rates(recipe, count) for count in counts]
        self.table = TouchedRows([state.pop(_TABLE).to(self._device) for state in states], self._rates)
        self._parameters = {
            name: torch.stack([state[name] for state in states]).to(self._device).requires_grad_()
            for name in states[0]
        }
        stacked = self._parameters.values()
        for parameter in stacked:
            parameter.grad = torch.zeros_like(parameter)
        kinds = [
            [p.detach() for p in stacked],
            [p.grad for p in stacked if p.grad is not None],
            [torch.zeros_like(p) for p in stacked],
            [torch.zeros_like(p) for p in stacked],
        ]
        # NOTE: the optimiser sees each model's part by itself: a model may wait for the others, and its last
        # bits do not depend on them.
        self._parts = [[[tensor[i] for tensor in kind] for kind in kinds] for i in range(len(networks))]
        self._steps: Ints = np.zeros(len(networks), dtype=np.int64)

    def train(self, step: Step) -> None:
        """One step of every model that has texts in it."""
        rows, mean, square = self.table.gather(step.rows, step.rows_of_models, self._steps)
        gradient = self._differentiate(step, rows)
        self._move(step, [rows[1:], gradient[1:], mean, square])
        self.table.put(step.rows, step.rows_of_models, self._steps, rows, mean, square)

    def _differentiate(self, step: Step, rows: Tensor) -> Tensor:
        """The gradient in ``rows``; those in the other parameters are left in them."""
        if self._recipe.architecture == "bow":
            return differentiate_bow(self._parameters, rows, StackedWords(step, self._device))
        words = StackedWords(step.filled(), self._device)
        leaf = rows.detach().requires_grad_()
        logits = NETWORKS[self._recipe.architecture](self._parameters, leaf, words)
        losses = functional.cross_entropy(logits, words.tensor(words.step.labels), reduction="none")
        torch._foreach_zero_([p.grad for p in self._parameters.values() if p.grad is not None])
        (losses * words.weights()).sum().backward()  # type: ignore[no-untyped-call]
        return leaf.grad if leaf.grad is not None else torch.zeros_like(rows)

    def _move(self, step: Step, rows: list[Tensor]) -> None:
        """Adam on the touched rows and all other parameters of the models that take part."""
        sizes = step.rows_of_models.tolist()
        rows_of_models = list(zip(*(torch.split(kind, sizes) for kind in rows), strict=True))
        by_rate: dict[float, list[int]] = {}
        for i in np.flatnonzero(step.sizes).tolist():
            by_rate.setdefault(float(self._rates[i][self._steps[i]]), []).append(i)
        self._steps = self._steps + (step.sizes > 0)
        counts = torch.from_numpy(self._steps.astype(np.float32)).to(self._device)
        for rate, models in by_rate.items():
            values, gradients, means, squares = (
                [part for i in models for part in (rows_of_models[i][k], *self._parts[i][k])]
                for k in range(4)
            )
            torch._fused_adamw_(
                values,
                gradients,
                means,
                squares,
                [],
                [counts[i] for i in models for _ in range(1 + len(self._parts[i][0]))],
                lr=rate,
                beta1=BETA1,
                beta2=BETA2,
                eps=EPSILON,
                weight_decay=0.0,
                amsgrad=False,
                maximize=False,
            )

    def check(self, epoch: int) -> None:
        """Raise if the training has diverged by the end of ``epoch`` (from 0)."""
        states = (self._state(i) for i in range(len(self._parts)))
        if not all(bool(value.isfinite().all()) for state in states for value in state.values()):
            raise UsageError(
                f"Parameters are not finite after epoch {epoch + 1}",
                f"Lower the learning rate (--lr, now {self._recipe.learning_rate:g})",
            )

    def unstack(self, networks: Sequence[WordNetwork]) -> list[WordNetwork]:
        """Put the trained parameters into ``networks``."""
        for i, (network, table) in enumerate(zip(networks, self.table.tables(self._steps), strict=True)):
            state = {_TABLE: _cut(table, self._shapes[i][_TABLE]), **self._state(i)}
            network.to(self._device).load_state_dict(state)
            network.eval()
        return list(networks)

    def _state(self, i: int) -> dict[str, Tensor]:
        """The parameters of model i but its table."""
        return {name: _cut(p.detach()[i], self._shapes[i][name]) for name, p in self._parameters.items()}


def _aligned(recipe: Recipe, network: WordNetwork) -> dict[str, Tensor]:
    """The parameters; those of a bag of words with zeros up to whole lines, and classes that never occur."""
    state = dict(network.state_dict())
    if recipe.architecture == "bow":
        classes, width = (-size % ALIGNED for size in state["head.weight"].shape)
        state[_TABLE] = functional.pad(state[_TABLE], (0, width))
        state["head.weight"] = functional.pad(state["head.weight"], (0, width, 0, classes))
        state["head.bias"] = functional.pad(state["head.bias"], (0, classes), value=-torch.inf)
    return state


def _cut(padded: Tensor, shape: torch.Size) -> Tensor:
    return padded[tuple(slice(size) for size in shape)]


def _learning_rates(recipe: Recipe, count: int) -> Floats:
    """The learning rate of each step of a model with ``count`` texts."""
    steps = -(-count // recipe.batch_size)
    total = recipe.epochs * steps
    ran = min(recipe.epochs, recipe.stop_after or recipe.epochs) * steps
    return recipe.learning_rate * np.array([learning_rate_factor(recipe, t, total) for t in range(ran)])
