"""LSTMs of one layer and direction, alone or several at once."""

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor, nn

from privaudit.errors import UsageError
from privaudit.training.private.rules.outer import Matrix, Outer
from privaudit.training.private.rules.parts import GradientPart, NameOf, Record, pad_examples
from privaudit.training.private.rules.recurrent_gates import RealSteps, gradient_at_gates

States = tuple[Tensor, tuple[Tensor, Tensor]]
"""All states ``[B, T, H]``, and the last state and cell ``[1, B, H]``, as ``nn.LSTM`` returns them."""
_WEIGHTS = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")


def lstm_refusal(module: nn.LSTM) -> str | None:
    """Why ``module`` has no rule."""
    if module.num_layers != 1 or module.bidirectional:
        return "several layers or directions in one LSTM"
    if not module.batch_first or module.proj_size:
        return "batch_first=False or a projection"
    trainable = {parameter.requires_grad for parameter in module.parameters()}
    return "an LSTM with some parameters frozen" if len(trainable) > 1 else None


def lstm_forward(module: nn.LSTM, record: Record, inputs: Tensor, state: object = None) -> States:
    """What ``module(inputs)`` computes, in a way that gives access to the gradient at its gates.

    Args:
        module: the layer.
        record: takes the inputs with the states before each step ``[B, T, d + H]``, and a tensor
            ``[B, T, 4H]`` that stands for what could be added to the gates before they are squashed.
        inputs: ``[B, T, d]``.
        state: none: the layer begins with zeros.

    Raises:
        UsageError: the inputs have another form, or there is a state.
    """
    if not isinstance(inputs, Tensor) or inputs.dim() != 3 or state is not None:
        raise UsageError(
            "An LSTM was given packed or single sequences, or an initial state",
            "Give it padded [batch, steps, features] and no state",
        )
    return lstms_forward([module], [record], [inputs])[0]


def lstms_forward(
    modules: Sequence[nn.LSTM], records: Sequence[Record], inputs: Sequence[Tensor]
) -> list[States]:
    """:func:`lstm_forward` of D LSTMs of one size, whose backward passes go step by step together."""
    added = [
        x.new_zeros(1, requires_grad=True).expand(*x.shape[:2], 4 * modules[0].hidden_size) for x in inputs
    ]
    weights = [weight.detach() for module in modules for weight in _weights(module)]
    found: tuple[Tensor, ...] = _Lstms.apply(len(modules), *inputs, *added, *weights)  # type: ignore[no-untyped-call]
    outputs: list[States] = []
    for k, record in enumerate(records):
        states, cell, seen = found[k :: len(modules)]
        record(seen, added[k])
        outputs.append((states, (states[:, -1].unsqueeze(0), cell)))
    return outputs


def lstm_parts(module: nn.LSTM, inputs: Tensor, gradient: Tensor, name_of: NameOf) -> list[GradientPart]:
    """The gradient parts of ``nn.LSTM``: two matrices that read two vectors share the gradient at the gates.

    Args:
        module: the layer.
        inputs: the inputs with the states before each step ``[B, …, d + H]``.
        gradient: at the gates ``[B, …, 4H]``.
        name_of: of its parameters.
    """
    weights = _weights(module)
    first, second, *biases = (name_of(weight) for weight in weights)
    if first is None or second is None:
        return []
    width = module.input_size
    matrices = (
        Matrix(first, slice(width), weights[0].shape),
        Matrix(second, slice(width, None), weights[1].shape),
    )
    known = tuple(name for name in biases if name is not None)
    return [Outer(inputs.flatten(1, -2), gradient.flatten(1, -2), matrices, known)]


def _weights(module: nn.LSTM) -> list[Tensor]:
    return [getattr(module, name) for name in (_WEIGHTS if module.bias else _WEIGHTS[:2])]


class _Context(Protocol):
    """What :class:`_Lstms` uses of the object that autograd passes in."""

    n: int
    saved_tensors: tuple[Tensor, ...]
    needs_input_grad: tuple[bool, ...]

    def set_materialize_grads(self, value: bool) -> None: ...

    def mark_non_differentiable(self, *tensors: Tensor) -> None: ...

    def save_for_backward(self, *tensors: Tensor) -> None: ...


class _Lstms(torch.autograd.Function):
    """States ``[B, T, H]`` and last cells ``[1, B, H]`` of D LSTMs; backward to inputs and gates.

    The third kind of output is what the two matrices read, ``[B, T, d + H]``.
    """

    @staticmethod
    def forward(ctx: _Context, n: int, *tensors: Tensor) -> tuple[Tensor, ...]:
        inputs, weights = tensors[:n], tensors[2 * n :]
        ctx.n, each = n, len(weights) // n
        ctx.set_materialize_grads(False)
        states, cells, seen = [], [], []
        for k, x in enumerate(inputs):
            own = weights[k * each : (k + 1) * each]
            filled = pad_examples(x)
            zero = x.new_zeros(1, len(filled), own[1].shape[1])
            found, _, cell = torch.lstm(filled, (zero, zero), own, each == 4, 1, 0.0, False, False, True)
            states.append(found[: len(x)])
            cells.append(cell[:, : len(x)])
            both = x.new_empty(*x.shape[:2], x.shape[2] + own[1].shape[1])
            both[:, :, : x.shape[2]] = x
            both[:, :1, x.shape[2] :] = 0
            both[:, 1:, x.shape[2] :] = found[: len(x), :-1]
            seen.append(both)
        ctx.mark_non_differentiable(*seen)
        ctx.save_for_backward(*seen, *weights)
        return *states, *cells, *seen

    @staticmethod
    def backward(ctx: _Context, *gradients: Tensor | None) -> tuple[Tensor | None, ...]:
        n, seen, weights = ctx.n, ctx.saved_tensors[: ctx.n], ctx.saved_tensors[ctx.n :]
        each = len(weights) // n
        by_kind = [torch.stack([weights[k * each + kind] for k in range(n)]) for kind in range(each)]
        width = by_kind[1].shape[2]
        at_states = [
            x.new_zeros(*x.shape[:2], width) if at is None else at
            for x, at in zip(seen, gradients, strict=False)
        ]
        at_cells = [None if at is None else at[0] for at in gradients[n : 2 * n]]
        steps = RealSteps(at_states, at_cells)
        at_gates = gradient_at_gates(steps, seen, by_kind, at_states, at_cells)
        at_inputs: list[Tensor | None] = [None] * n
        if any(ctx.needs_input_grad[1 : n + 1]):
            products = torch.bmm(at_gates.transpose(0, 1), by_kind[0])
            at_inputs = [steps.unpacked(product) for product in products]
        at_added = [steps.unpacked(at_gates[:, k]) for k in range(n)]
        return None, *at_inputs, *at_added, *([None] * len(weights))
