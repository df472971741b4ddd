"""Linear layers."""

from torch import Tensor, nn

from privaudit.training.private.rules.outer import Matrix, Outer
from privaudit.training.private.rules.parts import GradientPart, NameOf, Whole


def linear_parts(module: nn.Module, inputs: Tensor, gradient: Tensor, name_of: NameOf) -> list[GradientPart]:
    """The gradient parts of ``nn.Linear`` and of transformers' ``Conv1D``, which transposes its matrix.

    Args:
        module: the layer.
        inputs: ``[B, …, in]``.
        gradient: at its output ``[B, …, out]``.
        name_of: of its parameters.
    """
    own = dict(module.named_parameters(recurse=False))
    matrix, beside = name_of(own["weight"]), name_of(own.get("bias"))
    batch = len(inputs)
    inputs, gradient = (x.reshape(batch, -1, x.shape[-1]) for x in (inputs, gradient))
    if matrix is None:
        return [] if beside is None else [Whole(beside, gradient.sum(1))]
    transposed = not isinstance(module, nn.Linear)
    of = Matrix(matrix, slice(None), own["weight"].shape, transposed)
    return [Outer(inputs, gradient, (of,), () if beside is None else (beside,))]
