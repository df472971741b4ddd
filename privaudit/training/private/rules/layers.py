"""Which rule a layer follows, or why it has none."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from privaudit.errors import UsageError
from privaudit.training.private.rules.convolution import (
    convolution_forward,
    convolution_parts,
    convolution_refusal,
)
from privaudit.training.private.rules.embedding import embedding_parts, embedding_refusal
from privaudit.training.private.rules.linear import linear_parts
from privaudit.training.private.rules.normalisation import layer_norm_parts
from privaudit.training.private.rules.parts import GradientPart, NameOf
from privaudit.training.private.rules.recurrent import lstm_forward, lstm_parts, lstm_refusal

INSTEAD = "Train such a module with Opacus"


@dataclass(frozen=True)
class Layer:
    """How one kind of layer is treated."""

    parameters: frozenset[str]
    """The parameters that it may own."""
    parts: Callable[[Any, Tensor, Tensor, NameOf], list[GradientPart]]
    refusal: Callable[[Any], str | None] | None = None
    forward: Callable[..., Any] | None = None
    """Computes what the layer computes while it is recorded; None for its own forward."""


_SIMPLE = frozenset({"weight", "bias"})
_LSTM = frozenset({"weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"})
_LAYERS: dict[type[nn.Module], Layer] = {
    nn.Linear: Layer(_SIMPLE, linear_parts),
    nn.Embedding: Layer(_SIMPLE, embedding_parts, embedding_refusal),
    nn.Conv1d: Layer(_SIMPLE, convolution_parts, convolution_refusal, convolution_forward),
    nn.LayerNorm: Layer(_SIMPLE, layer_norm_parts),
    nn.LSTM: Layer(_LSTM, lstm_parts, lstm_refusal, lstm_forward),
}
_TRANSPOSED = Layer(_SIMPLE, linear_parts)


def layer_of(name: str, module: nn.Module) -> Layer | None:
    """The rule of ``module``, None when it owns no trainable parameter.

    Raises:
        UsageError: it owns one, and no rule is known; or it mixes the examples of a batch.
    """
    if isinstance(module, nn.modules.batchnorm._BatchNorm) and module.training:
        raise _refusal(name, module, "examples that are normalised together")
    own = {key for key, parameter in module.named_parameters(recurse=False) if parameter.requires_grad}
    if not own:
        return None
    layer = _known(module)
    reason = layer.refusal(module) if layer is not None and layer.refusal else None
    if reason is not None:
        raise _refusal(name, module, reason)
    if layer is None or not own <= layer.parameters:
        raise _refusal(name, module, f"the parameter {'.'.join(filter(None, (name, min(own))))!r}")
    return layer


def _known(module: nn.Module) -> Layer | None:
    if "forward" in vars(module):  # it has been replaced
        return None
    for kind in type(module).__mro__:
        transposed = (kind.__module__, kind.__qualname__) == ("transformers.pytorch_utils", "Conv1D")
        layer = _LAYERS.get(kind, _TRANSPOSED if transposed else None)
        if layer is not None:
            # NOTE: a subclass with a forward pass of its own has other gradients.
            return layer if type(module).forward is getattr(kind, "forward", None) else None
    return None


def _refusal(name: str, module: nn.Module, got: str) -> UsageError:
    known = ", ".join(kind.__name__ for kind in _LAYERS)
    return UsageError(
        f"Private training has no rule for {got} in {name or 'the network'} ({type(module).__name__})",
        f"Use {known}, or train such a module with Opacus",
    )
