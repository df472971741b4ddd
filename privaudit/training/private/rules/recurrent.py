"""LSTMs of one layer and direction, alone or side by side."""

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor, nn

from privaudit.errors import UsageError
from privaudit.training.private.rules.outer import Matrix, Outer
from privaudit.training.private.rules.parts import GradientPart, NameOf, Record, fill

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
    """What ``module(inputs)`` computes, in such a way that the gradient at its gates can be had.

    Args:
        module: the layer.
        record: told the inputs with the states before each step ``[B, T, d + H]``, and a tensor
            ``[B, T, 4H]`` that stands for what could be added to the gates before they are squashed.
        inputs: ``[B, T, d]``.
        state: none: the layer begins with zeros.

    Raises:
        UsageError: the inputs are no such tensor, or there is a state.
    """
    if not isinstance(inputs, Tensor) or inputs.dim() != 3 or state is not None:
        raise UsageError(
            "An LSTM was given packed or single sequences, or an initial state",
            "Give it padded [batch, steps, features] and no state",
        )
    return together([module], [record], [inputs])[0]


def together(modules: Sequence[nn.LSTM], records: Sequence[Record], inputs: Sequence[Tensor]) -> list[States]:
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
    """Of ``nn.LSTM``: two matrices that read two vectors, and the gradient at the gates for both.

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
    """What :class:`_Lstms` uses of the object that autograd hands to it."""

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
            filled = fill(x)
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
        steps = _Steps(at_states, at_cells)
        at_gates = _at_gates(steps, seen, by_kind, at_states, at_cells)
        at_inputs: list[Tensor | None] = [None] * n
        if any(ctx.needs_input_grad[1 : n + 1]):
            products = torch.bmm(at_gates.transpose(0, 1), by_kind[0])
            at_inputs = [steps.unpacked(product) for product in products]
        at_added = [steps.unpacked(at_gates[:, k]) for k in range(n)]
        return None, *at_inputs, *at_added, *([None] * len(weights))


class _Steps:
    """The steps of a batch up to each example's last one that matters, step by step without any gap.

    At step t the first ``counts[t]`` examples in the order of their ends have not ended. Padding, which no
    gradient ever reaches, is nowhere to be computed. N is the number of steps that are left.

    Args:
        at_states: per LSTM the gradient ``[B, T, H]`` at its states.
        at_cells: per LSTM that at its last cell ``[B, H]``; None for zero.
    """

    def __init__(self, at_states: Sequence[Tensor], at_cells: Sequence[Tensor | None]) -> None:
        longest = at_states[0].shape[1]
        self.shape = at_states[0].shape[:2]
        number = torch.arange(1, longest + 1, device=at_states[0].device)
        norms = torch.stack([torch.linalg.vector_norm(at, dim=2) for at in at_states]).amax(0)
        ends = ((norms != 0) * number).amax(1)
        if any(at is not None for at in at_cells):
            ends = torch.full_like(ends, longest)
        ends, self.order = ends.sort(descending=True)
        step, place = (ends >= number.unsqueeze(1)).nonzero(as_tuple=True)
        self.rows = self.order[place] * longest + step
        """``[N]`` of ``[B * T, …]``."""
        self.counts: list[int] = [n for n in step.bincount(minlength=longest).tolist() if n]

    def packed(self, padded: Sequence[Tensor]) -> Tensor:
        """``[N, D, …]`` of D times ``[B, T, …]``."""
        return torch.stack([x.flatten(0, 1).index_select(0, self.rows) for x in padded], 1)

    def earlier(self, packed: Tensor) -> Tensor:
        """``[N, …]`` of ``[N, …]`` one step before, zero at the first."""
        found = torch.zeros_like(packed)
        if len(self.counts) > 1:
            counts = torch.tensor(self.counts, device=packed.device)
            place = torch.arange(self.counts[0], len(packed), device=packed.device)
            torch.index_select(
                packed, 0, place - counts[:-1].repeat_interleave(counts[1:]), out=found[self.counts[0] :]
            )
        return found

    def unpacked(self, packed: Tensor) -> Tensor:
        """``[B, T, …]`` of ``[N, …]``, zero elsewhere."""
        batch, longest = self.shape
        whole = packed.new_zeros(batch * longest, *packed.shape[1:]).index_copy_(0, self.rows, packed)
        return whole.view(batch, longest, *packed.shape[1:])


def _at_gates(
    steps: _Steps,
    seen: Sequence[Tensor],
    weights: Sequence[Tensor],
    at_states: Sequence[Tensor],
    at_cells: Sequence[Tensor | None],
) -> Tensor:
    """The gradient ``[N, D, 4H]`` at what the gates squash, in torch's order: input, forget, cell, output.

    The fused forward pass keeps no gates, so they are computed again, all steps in one product.

    Args:
        steps: which of the B * T are needed.
        seen: per LSTM inputs and states before ``[B, T, d + H]``.
        weights: for inputs ``[D, 4H, d]`` and states ``[D, 4H, H]``, and the two biases ``[D, 4H]`` if any.
        at_states: gradients at the states.
        at_cells: gradients at the last cells ``[B, H]``; None for zero.
    """
    recurrent, counts = weights[1], steps.counts
    width = recurrent.shape[2]
    both = torch.cat((weights[0], recurrent), 2).mT
    sums = torch.bmm(steps.packed(seen).transpose(0, 1), both)
    if len(weights) == 4:
        sums += (weights[2] + weights[3]).unsqueeze(1)
    # NOTE: gates one after another, because torch squashes what is not in one piece number by number.
    gates = sums.view(len(sums), -1, 4, width).permute(2, 1, 0, 3).contiguous()
    i, f, g, o = gates
    gates[:2].sigmoid_()
    _tanh_(g)
    o.sigmoid_()
    cells = i * g
    last = cells[:0]
    for cell, kept in zip(torch.split(cells, counts), torch.split(f, counts), strict=True):
        if len(last):
            cell.addcmul_(kept, last[: len(cell)])
        last = cell
    slopes, into = _slopes(gates, cells, steps.earlier(cells))
    return _backward(
        steps, recurrent, f, slopes, into, steps.packed(at_states), _last(steps, at_cells, cells)
    )


def _tanh_(x: Tensor) -> Tensor:
    """The hyperbolic tangent, in place, to within 1e-7; torch's own takes four times as long on a CPU."""
    return x.mul_(2).sigmoid_().mul_(2).sub_(1)


def _slopes(gates: Tensor, cells: Tensor, earlier: Tensor) -> tuple[Tensor, Tensor]:
    """How the cells (for the output gate: the states) follow the four gates, and the states the cells.

    Args:
        gates: squashed ``[4, N, D, H]``.
        cells: ``[N, D, H]``.
        earlier: ``[N, D, H]``, those of the step before.
    """
    i, f, g, o = gates
    squashed = _tanh_(cells.clone())
    # NOTE: torch's own derivatives, grad * y * (1 - y) and grad * (1 - y²), in one pass over the numbers.
    sigmoid, tanh = torch.ops.aten.sigmoid_backward, torch.ops.aten.tanh_backward
    slopes = torch.stack((sigmoid(g, i), sigmoid(earlier, f), tanh(i, g), sigmoid(squashed, o)))
    return slopes, tanh(o, squashed)


def _backward(
    steps: _Steps, recurrent: Tensor, kept: Tensor, slopes: Tensor, into: Tensor, at: Tensor, at_cells: Tensor
) -> Tensor:
    """From the last step to the first; ``at`` and ``at_cells`` ``[N, D, H]`` become the whole gradients.

    Args:
        steps: how many examples have not ended at each step.
        recurrent: ``[D, 4H, H]``.
        kept: the forget gates ``[N, D, H]``.
        slopes: ``[4, N, D, H]`` of :func:`_slopes`.
        into: ``[N, D, H]`` of :func:`_slopes`.
        at: gradients at the states from outside.
        at_cells: gradients at the cells from outside.
    """
    counts = steps.counts
    result = at.new_empty(*at.shape[:2], 4 * at.shape[2])
    gates = result.view(*at.shape[:2], 4, -1).permute(2, 0, 1, 3)
    pieces = [torch.split(x, counts) for x in (at, at_cells, into, kept, slopes[3], gates[3])]
    pieces += [
        torch.split(x, counts, 1) for x in (result.transpose(0, 1), at.transpose(0, 1), slopes[:3], gates[:3])
    ]
    later: tuple[Tensor, Tensor, Tensor] | None = None
    for now, cell, share, keep, outer, at_outer, gate, turned, inner, at_inner in reversed(
        [*zip(*pieces, strict=True)]
    ):
        if later is not None:
            at_gate, at_later, kept_later = later
            n = len(at_later)
            turned[:, :n].baddbmm_(at_gate, recurrent)
            cell[:n].addcmul_(at_later, kept_later)
        cell.addcmul_(now, share)
        torch.mul(inner, cell, out=at_inner)
        torch.mul(outer, now, out=at_outer)
        later = gate, cell, keep
    return result


def _last(steps: _Steps, at_cells: Sequence[Tensor | None], like: Tensor) -> Tensor:
    """The gradient ``[N, D, H]`` at the cells, of those ``[B, H]`` at the last ones."""
    found = torch.zeros_like(like)
    for k, at in enumerate(at_cells):
        if at is not None:
            found[-len(at) :, k] = at[steps.order]
    return found
