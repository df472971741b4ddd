"""privaudit's own private training as a step to be tested: one step of the loop that trains models."""

from collections.abc import Mapping, Sequence

from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from privaudit.audits.dp_step.task import StepTask
from privaudit.targets.interface import Ints
from privaudit.training.loop import TrainingRun
from privaudit.training.private.fit import fit_private
from privaudit.training.private.settings import Clipping, PrivateTraining
from privaudit.training.recipe import Recipe


def step(task: StepTask) -> Mapping[str, Tensor]:
    """Automatic clipping and noise on embeddings that is drawn late: what `train --arch bow` does."""
    tables = [module for module in task.module.modules() if isinstance(module, nn.Embedding)]
    return _step(task, "automatic", tables)


def fixed_step(task: StepTask) -> Mapping[str, Tensor]:
    """Clipping to a fixed norm, and all noise drawn at once."""
    return _step(task, "fixed", ())


def _step(task: StepTask, clipping: Clipping, tables: Sequence[nn.Embedding]) -> Mapping[str, Tensor]:
    """Train for one step of plain SGD at learning rate 1 from zero: the parameters are then the gradient."""
    privacy = PrivateTraining(
        noise_multiplier=task.noise_multiplier,
        sample_rate=task.sample_rate,
        steps=1,
        clip_norm=task.clip_norm,
        clipping=clipping,
    )
    recipe = Recipe(
        architecture="bow",
        optimizer="sgd",
        learning_rate=1.0,
        batch_size=task.expected_batch_size,
        privacy=privacy,
    )

    def losses_of(rows: Ints) -> Tensor:
        return cross_entropy(task.module(task.inputs[rows]), task.labels[rows], reduction="none")

    fit_private(task.module, recipe, len(task.labels), losses_of, TrainingRun(task.seed), tables=tables)
    return {name: -parameter.detach() for name, parameter in task.module.named_parameters()}
