"""``bilstm`` of one layer: both directions walk a tree of fillings instead of every text."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from privaudit.attacks.extraction.surfaces.boxes import Box, boxes
from privaudit.attacks.extraction.surfaces.vectors import VectorGrid
from privaudit.attacks.extraction.surfaces.words import WordSurface, as_floats
from privaudit.data.canaries.template import Template
from privaudit.targets.interface import Floats, Ints
from privaudit.training.architectures.bilstm import BiLstm

CACHE_BYTES = 1 << 27
"""Most memory for states that the backward direction keeps."""


@dataclass(frozen=True, eq=False)
class _State:
    """Where a direction stands after some words, one column per distinct reading of them."""

    hidden: Tensor
    """``[h, n]``; columns are in the order of the fillings' numbers."""
    cell: Tensor
    top: Tensor
    """The largest hidden state so far."""

    def part(self, start: int, stop: int) -> "_State":
        return _State(self.hidden[:, start:stop], self.cell[:, start:stop], self.top[:, start:stop])

    def times(self, m: int, *, slowest: bool) -> "_State":
        """Every column m times: as a whole one after the other (``slowest``), or each on the spot."""
        if slowest:
            return _State(*(rows.repeat(1, m) for rows in (self.hidden, self.cell, self.top)))
        spread = (rows.unsqueeze(2).repeat(1, 1, m).flatten(1) for rows in (self.hidden, self.cell, self.top))
        return _State(*spread)

    def fill(self, other: "_State") -> None:
        self.hidden.copy_(other.hidden)
        self.cell.copy_(other.cell)
        self.top.copy_(other.top)


@dataclass(frozen=True, eq=False)
class _Step:
    """One word of the text, as one direction meets it."""

    inputs: Tensor
    """``[4h, m]``: what each candidate gives to the gates, biases included; m is 1 for a fixed word."""
    slot: int | None
    opens: bool
    """Whether it is the first word of its slot, at which the states multiply."""


class _Direction:
    """An LSTM over a template.

    Gates are kept as ``[4h, n]``: operations run over memory in order. All steps share one buffer,
    because fresh memory costs as much as the arithmetic. A state meets the recurrent weights before it
    multiplies: with m candidates, n fillings cost n / m products.
    """

    def __init__(self, lstm: nn.LSTM, grid: VectorGrid, *, backwards: bool) -> None:
        weight, self._recurrent, *biases = map(_for_sigmoids, lstm.parameters())
        bias = (biases[0] + biases[1]).unsqueeze(1)
        self._backwards = backwards
        self._buffer = weight.new_empty(0)
        slot_at = {p: (s, k) for s, columns in enumerate(grid.columns) for k, p in enumerate(columns)}
        self.before: list[_Step] = []
        """Fixed words that come before any slot."""
        self.of_slot: list[list[_Step]] = [[] for _ in grid.columns]
        """Per slot its words and the fixed ones after it, in the direction's order."""
        steps = self.before
        positions = range(len(grid.base))
        for position in reversed(positions) if backwards else positions:
            slot, k = slot_at.get(position, (None, 0))
            opens = slot is not None and steps is not self.of_slot[slot]
            vectors = grid.base[position, None]
            if slot is not None:
                steps, vectors = self.of_slot[slot], grid.options[slot][:, k]
            steps.append(_Step(weight @ vectors.T + bias, slot, opens))

    def start(self) -> _State:
        """The state before the first slot."""
        hidden, cell = self._recurrent.new_zeros(2, self._recurrent.shape[1], 1)
        state = _State(hidden, cell, hidden - torch.inf)
        for step in self.before:
            self._advance(state, self._gates(state, step.inputs))
        return state

    def cross(self, state: _State, slot: int, choices: range) -> _State:
        """From all states before ``slot`` to those with each of ``choices`` in it."""
        for step in self.of_slot[slot]:
            inputs = step.inputs if step.slot is None else step.inputs[:, choices.start : choices.stop]
            if step.opens:
                gates = self._opening_gates(state, inputs)
                state = state.times(len(choices), slowest=self._backwards)
            else:
                gates = self._gates(state, inputs)
            self._advance(state, gates)
        return state

    def read(self, state: _State, choices: Tensor) -> _State:
        """From the state before any slot to those of the fillings ``choices [n, S]``, one column each."""
        state = state.times(len(choices), slowest=True)
        for steps in reversed(self.of_slot) if self._backwards else self.of_slot:
            for step in steps:
                inputs = step.inputs
                if step.slot is not None:
                    inputs = inputs.index_select(1, choices[:, step.slot])
                self._advance(state, self._gates(state, inputs))
        return state

    def _opening_gates(self, state: _State, inputs: Tensor) -> Tensor:
        """What enters the gates ``[4h, n]`` when the states multiply by the candidates of ``inputs``."""
        product = self._recurrent @ state.hidden
        old, own = (1, 2) if self._backwards else (2, 1)
        gates = self._memory(product.shape[1] * inputs.shape[1])
        torch.add(product.unsqueeze(old), inputs.unsqueeze(own), out=self._by_candidate(gates, inputs))
        return gates

    def _gates(self, state: _State, inputs: Tensor) -> Tensor:
        """What enters the gates ``[4h, n]`` when the candidates of ``inputs`` were met before."""
        gates = torch.mm(self._recurrent, state.hidden, out=self._memory(state.hidden.shape[1]))
        self._by_candidate(gates, inputs).add_(inputs.unsqueeze(2 if self._backwards else 1))
        return gates

    def _by_candidate(self, gates: Tensor, inputs: Tensor) -> Tensor:
        """A view with a dimension of its own for the candidates: ``[4h, m, …]`` backwards, else the last."""
        m = inputs.shape[1]
        return gates.view(len(gates), *((m, -1) if self._backwards else (-1, m)))

    def _memory(self, n: int) -> Tensor:
        rows = len(self._recurrent)
        if len(self._buffer) < rows * n:
            self._buffer = self._recurrent.new_empty(rows * n)
        return self._buffer[: rows * n].view(rows, n)

    def _advance(self, state: _State, gates: Tensor) -> None:
        """One step of all columns, in place."""
        kept, let_in, shown, new = gates.sigmoid_().chunk(4)
        # NOTE: tanh(x) is 2 sigmoid(2x) - 1, and ten times slower in torch. ``new`` comes with its 2 inside.
        state.cell.mul_(kept).addcmul_(let_in, new, value=2).sub_(let_in)
        torch.mul(state.cell, 2, out=state.hidden).sigmoid_().mul_(2).sub_(1).mul_(shown)
        torch.maximum(state.top, state.hidden, out=state.top)


class BilstmSurface(WordSurface):
    """Each direction's steps are shared by all fillings that agree on the words it has met.

    Forwards the prefix is crossed once and the slots as a tree. Backwards the slots come first, from the last
    one on, and then every filling crosses the prefix: for a prefix of 4 words and 4 digits that makes 22,220
    steps in the slots and 40,000 in the prefix, against 160,000 for whole texts. Fillings come in the order
    of their first slots, so the states of the last ones are kept, as far as ``CACHE_BYTES`` allow. One thread
    at a time: the steps share a buffer.

    Args:
        network: of one layer; see :class:`WordSurface`.
        template: what is filled.
        grid: the vectors of its texts.
    """

    def __init__(self, network: BiLstm, template: Template, grid: VectorGrid) -> None:
        super().__init__(network, template, grid)
        self.batch = self.rows = 2000
        ahead, behind = network.forwards[0], network.backwards[0]
        if not isinstance(ahead, nn.LSTM) or not isinstance(behind, nn.LSTM):
            raise TypeError("two LSTMs were expected")
        self._ahead = _Direction(ahead, grid, backwards=False)
        self._behind = _Direction(behind, grid, backwards=True)
        self._start, self._end = self._ahead.start(), self._behind.start()

    def _batch(self, fillings: Ints) -> Floats:
        choices = torch.from_numpy(fillings).to(self._start.top.device)
        with torch.inference_mode():
            return self._logits(self._ahead.read(self._start, choices), self._behind.read(self._end, choices))

    def _stream(self, start: int, stop: int) -> Iterator[Floats]:
        slot, ends = self._ends(stop - start)
        for box, part in boxes(self.template.sizes, start, stop, self.rows):
            yield self._tree(box, slot, ends)[part]

    def _tree(self, box: Box, slot: int, ends: _State) -> Floats:
        """Logits of a box, given the backward states of all fillings of the slots from ``slot`` on."""
        with torch.inference_mode():
            ahead = self._start
            for s, choices in enumerate(box.ranges):
                ahead = self._ahead.cross(ahead, s, choices)
            behind = ends.part(*_interval(box.ranges[slot:], self.template.sizes[slot:]))
            for s in reversed(range(slot)):
                behind = self._behind.cross(behind, s, box.ranges[s])
            return self._logits(ahead, behind)

    def _logits(self, ahead: _State, behind: _State) -> Floats:
        first, second = self._network.head.weight.chunk(2, dim=1)
        return as_floats((first @ ahead.top + second @ behind.top).T + self._network.head.bias)

    def _ends(self, n: int) -> tuple[int, _State]:
        """The first of the slots whose backward states pay for ``n`` fillings, and these states."""
        sizes = self.template.sizes
        with torch.inference_mode():
            slot, state = len(sizes), self._end
            most = min(n, CACHE_BYTES // (3 * state.hidden.element_size() * len(state.hidden)))
            # NOTE: the first slot is left to the boxes, each of which has states of its own from there on.
            while slot > 1 and math.prod(sizes[slot - 1 :]) <= most:
                slot -= 1
                state = self._grow(slot, state)
            return slot, state

    def _grow(self, slot: int, state: _State) -> _State:
        """From the states of all fillings of the slots after ``slot`` to those with ``slot``."""
        sizes = self.template.sizes[slot:]
        size, total = len(state.hidden), math.prod(sizes)
        grown = _State(*(state.hidden.new_empty(size, total) for _ in range(3)))
        for box, _ in boxes(sizes, 0, total, self.rows):
            end = state.part(*_interval(box.ranges[1:], sizes[1:]))
            grown.part(*_interval(box.ranges, sizes)).fill(self._behind.cross(end, slot, box.ranges[0]))
        return grown


def _interval(ranges: Sequence[range], sizes: Sequence[int]) -> tuple[int, int]:
    """Number of the first filling of a box, and that after its last one."""
    first = last = 0
    for choices, size in zip(ranges, sizes, strict=True):
        first, last = first * size + choices.start, last * size + choices.stop - 1
    return first, last + 1


def _for_sigmoids(rows: Tensor) -> Tensor:
    """From torch's gates (in, forget, new, out) to forget, in, out and twice new."""
    let_in, kept, new, shown = rows.chunk(4)
    return torch.cat((kept, let_in, shown, 2 * new))
