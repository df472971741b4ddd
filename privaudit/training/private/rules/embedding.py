"""Tables of vectors."""

from torch import Tensor, nn

from privaudit.training.private.rules.parts import GradientPart, NameOf
from privaudit.training.private.rules.rows import Rows


def embedding_refusal(module: nn.Embedding) -> str | None:
    """Why ``module`` has no gradient per example."""
    if module.scale_grad_by_freq:
        return "scale_grad_by_freq, which counts the tokens of other examples"
    if module.max_norm is not None:
        return "max_norm, which changes rows when they are read"
    return None


def embedding_parts(
    module: nn.Embedding, inputs: Tensor, gradient: Tensor, name_of: NameOf
) -> list[GradientPart]:
    """The gradient parts of ``nn.Embedding``.

    Args:
        module: the table.
        inputs: tokens ``[B, …]``.
        gradient: at its output ``[B, …, d]``.
        name_of: of its parameter.
    """
    name = name_of(module.weight)
    if name is None:
        return []
    batch = len(inputs)
    tokens, gradient = inputs.reshape(batch, -1), gradient.reshape(batch, -1, gradient.shape[-1])
    return [Rows(name, tokens, gradient, module.num_embeddings, module.padding_idx)]
