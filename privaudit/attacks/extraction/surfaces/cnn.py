"""``cnn``: a window's answer is a sum over the words in it, so it varies with the slots it covers alone."""

from dataclasses import dataclass
from functools import reduce

import torch
from torch import Tensor, nn

from privaudit.attacks.extraction.surfaces.boxes import Box
from privaudit.attacks.extraction.surfaces.vectors import VectorGrid
from privaudit.attacks.extraction.surfaces.words import WordSurface, as_floats
from privaudit.data.canaries.template import Template
from privaudit.targets.interface import Floats, Ints
from privaudit.training.architectures.cnn import WINDOWS, KimCnn


@dataclass(frozen=True, eq=False)
class _Window:
    """One place of a filter bank."""

    fixed: Tensor
    """``[f]``: bias and the words that no slot decides."""
    parts: dict[int, Tensor]
    """Per slot that it covers ``[m, f]``: what each candidate adds."""


class CnnSurface(WordSurface):
    """Each candidate goes through each offset of the filters once; fillings cost additions and maxima.

    A window that covers two of four digits is added up for 100 pairs, not for 10,000 texts, and its maximum
    with others is taken at the size of the smallest set of slots that covers both.

    Args:
        network: see :class:`WordSurface`.
        template: what is filled.
        grid: the vectors of its texts.
    """

    def __init__(self, network: KimCnn, template: Template, grid: VectorGrid) -> None:
        super().__init__(network, template, grid)
        self.batch = self.rows = 2000
        heads = network.head.weight.chunk(len(WINDOWS), dim=1)
        self._banks = [
            (_windows(convolution, grid), head)
            for convolution, head in zip(network.convolutions, heads, strict=True)
        ]
        self._bias = network.head.bias

    def _batch(self, fillings: Ints) -> Floats:
        chosen = torch.from_numpy(fillings).to(self._bias.device)
        with torch.inference_mode():
            logits: Tensor = self._bias
            for windows, head in self._banks:
                answers = (
                    sum((part[chosen[:, slot]] for slot, part in window.parts.items()), start=window.fixed)
                    for window in windows
                )
                logits = logits + reduce(torch.maximum, answers).relu() @ head.T
            return as_floats(logits)

    def _box(self, box: Box) -> Floats:
        with torch.inference_mode():
            logits: Tensor = self._bias
            for windows, head in self._banks:
                strongest = _maximum([_answers(window, box) for window in windows]).relu()
                logits = logits + strongest @ head.T
            return as_floats(logits.expand(*box.shape, -1).reshape(-1, self.n_classes))


def _windows(convolution: nn.Module, grid: VectorGrid) -> list[_Window]:
    """All windows of one size; those that cover no slot become one, their maximum."""
    if not isinstance(convolution, nn.Conv1d) or convolution.bias is None:
        raise TypeError("a convolution with bias was expected")
    filters, length = convolution.weight.unbind(2), len(grid.base)
    slot_at = {p: (s, k) for s, columns in enumerate(grid.columns) for k, p in enumerate(columns)}
    varying, constant = [], []
    for start in range(length):
        fixed, parts = convolution.bias, dict[int, Tensor]()
        for position, taps in zip(range(start, length), filters, strict=False):
            if position in slot_at:
                slot, k = slot_at[position]
                part = grid.options[slot][:, k] @ taps.T
                parts[slot] = parts[slot] + part if slot in parts else part
            else:
                fixed = fixed + grid.base[position] @ taps.T
        if parts:
            varying.append(_Window(fixed, parts))
        else:
            constant.append(fixed)
    return varying + ([_Window(torch.stack(constant).amax(0), {})] if constant else [])


def _answers(window: _Window, box: Box) -> Tensor:
    """``[r_1, …, r_S, f]`` with 1 for every slot that the window does not cover."""
    n_slots = len(box.ranges)
    answers = window.fixed.view(*[1] * n_slots, -1)
    for slot, part in sorted(window.parts.items()):
        choices = box.ranges[slot]
        chosen = part[choices.start : choices.stop]
        answers = answers + chosen.view(*[1] * slot, len(choices), *[1] * (n_slots - slot - 1), -1)
    return answers


def _maximum(answers: list[Tensor]) -> Tensor:
    """The elementwise maximum, each pair at the smallest shape that holds both."""
    waiting = sorted(answers, key=Tensor.numel)
    tops: list[Tensor] = []
    while waiting:
        small = waiting.pop(0)
        for i, large in enumerate(waiting):
            if all(a in (1, b) for a, b in zip(small.shape, large.shape, strict=True)):
                waiting[i] = torch.maximum(large, small)
                break
        else:
            tops.append(small)
    return reduce(torch.maximum, tops)
