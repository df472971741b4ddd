"""Calling a step, and taking what it returns apart."""

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from privaudit.audits.dp_step.loading import LoadedStep
from privaudit.audits.dp_step.task import StepTask
from privaudit.errors import UsageError
from privaudit.targets.digests import one_line

Gradients = dict[str, Tensor]
_WANTED = "one tensor per parameter, in the order of module.parameters() or by name"


def noisy_sum(step: LoadedStep, task: StepTask) -> Gradients:
    """What one step adds up, noise included, in clip norms: float64, by parameter name.

    Raises:
        UsageError: the step fails, or returns anything but finite gradients of the right shapes.
    """
    shapes = {name: parameter.shape for name, parameter in task.module.named_parameters()}
    try:
        returned: object = step.run(task)
    except (Exception, SystemExit) as error:
        # NOTE: the user's own code, which may fail in any way; exiting must not pass for success.
        raise UsageError(f"{step.name} failed: {one_line(error)}", "Fix the function") from None
    named = _by_name(step, returned, list(shapes))
    factor = task.expected_batch_size / task.clip_norm
    return {name: _checked(step, name, named[name], shape) * factor for name, shape in shapes.items()}


def project(gradients: Gradients, direction: Gradients) -> float:
    """Length of the gradients along a direction of norm 1."""
    return sum(float((gradients[name] * unit).sum()) for name, unit in direction.items())


def norm(gradients: Gradients) -> float:
    """Norm over all parameters together."""
    return math.sqrt(sum(float(g.square().sum()) for g in gradients.values()))


def _by_name(step: LoadedStep, returned: object, names: Sequence[str]) -> dict[str, object]:
    if isinstance(returned, Mapping):
        missing = [name for name in names if name not in returned]
        if missing:
            raise _unusable(step, f"a mapping without {missing[0]!r}")
        return {name: returned[name] for name in names}
    if not isinstance(returned, Sequence) or isinstance(returned, str):
        raise _unusable(step, f"a {type(returned).__name__}")
    if len(returned) != len(names):
        raise _unusable(step, f"{len(returned)} tensors for {len(names)} parameters")
    return dict(zip(names, returned, strict=True))


def _checked(step: LoadedStep, name: str, gradient: object, shape: torch.Size) -> Tensor:
    if not isinstance(gradient, Tensor):
        raise _unusable(step, f"a {type(gradient).__name__} for {name}")
    if gradient.shape != shape:
        raise _unusable(step, f"the shape {list(gradient.shape)} instead of {list(shape)} for {name}")
    plain = gradient.detach().to("cpu", torch.float64)
    if plain.layout != torch.strided:
        plain = plain.to_dense()
    if not torch.isfinite(plain).all():
        raise _unusable(step, f"a number that is not finite for {name}")
    return plain


def _unusable(step: LoadedStep, got: str) -> UsageError:
    return UsageError(
        f"{step.name} returned {got}, not {_WANTED}",
        "Return the noisy gradients of privaudit.audits.dp_step.StepTask",
    )
