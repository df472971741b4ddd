"""The gradient at the gates of LSTMs, step by step from the last one to the first."""

from collections.abc import Sequence

import torch
from torch import Tensor


class RealSteps:
    """The steps of a batch up to each example's last one that matters, step by step without any gap.

    At step t the first ``counts[t]`` examples in the order of their ends have not ended. Padding, which no
    gradient ever reaches, is never computed. N is the number of steps that are left.

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


def gradient_at_gates(
    steps: RealSteps,
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
    # NOTE: gates one after another, because torch squashes what is not contiguous number by number.
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
    steps: RealSteps,
    recurrent: Tensor,
    kept: Tensor,
    slopes: Tensor,
    into: Tensor,
    at: Tensor,
    at_cells: Tensor,
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


def _last(steps: RealSteps, at_cells: Sequence[Tensor | None], like: Tensor) -> Tensor:
    """The gradient ``[N, D, H]`` at the cells, of those ``[B, H]`` at the last ones."""
    found = torch.zeros_like(like)
    for k, at in enumerate(at_cells):
        if at is not None:
            found[-len(at) :, k] = at[steps.order]
    return found
