"""The clipped gradient sum of a batch, exact and from one forward and one backward pass.

DP-SGD needs the norm of every example's gradient and the sum of the clipped gradients. Both follow from the
input of each layer and the gradient at its output, without the gradients of the examples (Goodfellow 2015,
arXiv 1510.01799, for linear layers; Li et al. 2022, arXiv 2110.05679, for sequences) and without a second
backward pass (Bu et al. 2023, arXiv 2210.00038). Norms are exact to single precision.
"""

from collections.abc import Callable
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from privaudit.training.private.rules import Gradient, GradientPart, RowGradient, merged
from privaudit.training.private.settings import PrivateTraining
from privaudit.training.private.tape import Use, check_independent, check_unchanged, record

__all__ = ["AUTOMATIC", "ClippedSum", "RowGradient", "clipped_sum", "factors_of"]

AUTOMATIC = 0.01
"""Added to a norm by automatic clipping, which then never divides by zero."""

_CHECKED: "WeakKeyDictionary[nn.Module, set[tuple[str, ...]]]" = WeakKeyDictionary()
"""Per network the sequences of layer calls that :func:`check_independent` has seen."""


@dataclass(frozen=True, eq=False)
class ClippedSum:
    """What a private step needs from a batch of B examples."""

    norms: Tensor
    """``[B]`` of each example's gradient over all trainable parameters together, before it is clipped."""
    gradients: dict[str, Tensor | RowGradient]
    """Per trainable parameter the sum of the clipped gradients; rows alone for a large table."""


def factors_of(settings: PrivateTraining) -> Callable[[Tensor], Tensor]:
    """Factors that bring gradients with norms ``[B]`` down to the clip norm C.

    ``fixed``: ``min(1, C / |g|)`` (Abadi et al. 2016, arXiv 1607.00133, algorithm 1). ``automatic``:
    ``C / (|g| + 0.01)`` (Bu et al. 2023, arXiv 2206.07136, section 4).
    """
    limit = settings.clip_norm
    if settings.clipping == "automatic":
        return lambda norms: limit / (norms + AUTOMATIC)
    return lambda norms: (limit / norms).clamp(max=1.0)


def clipped_sum(
    module: nn.Module, losses: Callable[[], Tensor], factors: Callable[[Tensor], Tensor]
) -> ClippedSum:
    """Norms of the examples' gradients, and the sum of the gradients times factors of these norms.

    The norm is over all trainable parameters, of the sum over all uses of a parameter. ``module`` is left as
    it was, without hooks and without gradients, whatever happens. That examples do not mix is checked once
    per network and sequence of layer calls, by a second backward pass; batch normalisation is refused.

    Args:
        module: the network; frozen parameters are left out.
        losses: the B losses of a forward pass of ``module``, one of each example, with their graph.
        factors: of the norms ``[B]``, for example those of :func:`factors_of`.

    Raises:
        UsageError: a trainable parameter has no rule or is read outside of its layer, examples mix, or the
            losses are not one per example.
    """
    trainable = {name: p for name, p in module.named_parameters() if p.requires_grad}
    names = {id(parameter): name for name, parameter in trainable.items()}
    values, uses = record(module, losses)
    parts = _parts(module, values, uses, names) if len(values) else []
    with torch.no_grad():
        squares = values.new_zeros(len(values))
        for part in parts:
            squares += part.squared_norms()
        # NOTE: products of positions may sum to a little less than zero.
        norms = squares.clamp_(min=0).sqrt_()
        weights, gradients = factors(norms), dict[str, Gradient]()
        for part in parts:
            gradients |= part.sums(weights)
        gradients |= {name: torch.zeros_like(p) for name, p in trainable.items() if name not in gradients}
    return ClippedSum(norms, gradients)


def _parts(module: nn.Module, losses: Tensor, uses: list[Use], names: dict[int, str]) -> list[GradientPart]:
    """The one backward pass, and what the rules make of it."""
    calls = tuple(use.name for use in uses)
    seen = _CHECKED.setdefault(module, set())
    if calls not in seen:
        check_independent(losses, uses, names)
    if len(losses) > 1:
        seen.add(calls)
    edges = [use.output for use in uses]
    gradients: tuple[Tensor | None, ...] = torch.autograd.grad(
        losses, edges, torch.ones_like(losses), allow_unused=True
    )
    check_unchanged(uses)

    def name_of(parameter: Tensor | None) -> str | None:
        return names.get(id(parameter))

    def by_example(tensor: Tensor) -> Tensor:
        own = len(tensor) // len(losses)
        return tensor if own == 1 else tensor.view(len(losses), own, *tensor.shape[1:])

    parts: list[GradientPart] = []
    with torch.no_grad():
        for use, gradient in zip(uses, gradients, strict=True):
            if gradient is not None:
                inputs, at_output = by_example(use.inputs.detach()), by_example(use.at_output(gradient))
                parts += use.layer.parts(use.module, inputs, at_output, name_of)
        return merged(parts)
