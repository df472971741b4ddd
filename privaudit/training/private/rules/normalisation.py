"""Normalisation of each position on its own."""

from torch import Tensor, nn
from torch.nn import functional

from privaudit.training.private.rules.parts import GradientPart, NameOf, Whole


def layer_norm_parts(
    module: nn.LayerNorm, inputs: Tensor, gradient: Tensor, name_of: NameOf
) -> list[GradientPart]:
    """The gradient parts of ``nn.LayerNorm``.

    Args:
        module: the layer.
        inputs: ``[B, …, *shape]``.
        gradient: at its output, as large.
        name_of: of its parameters.
    """
    weight, bias = name_of(module.weight), name_of(module.bias)
    between = tuple(range(1, inputs.dim() - len(module.normalized_shape)))
    found: list[GradientPart] = []
    if weight is not None:
        normal = functional.layer_norm(inputs, module.normalized_shape, eps=module.eps)
        found.append(Whole(weight, (normal * gradient).sum(between) if between else normal * gradient))
    if bias is not None:
        found.append(Whole(bias, gradient.sum(between) if between else gradient))
    return found
