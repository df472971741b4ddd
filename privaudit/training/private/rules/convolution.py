"""Convolutions over a sequence."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from privaudit.training.private.rules.outer import Matrix, Outer
from privaudit.training.private.rules.parts import Gradient, GradientPart, NameOf, Record, Whole, pad_examples


def convolution_refusal(module: nn.Conv1d) -> str | None:
    """Why ``module`` has no rule."""
    if module.groups != 1:
        return f"{module.groups} groups"
    if module.padding_mode != "zeros" or isinstance(module.padding, str):
        return f"padding {module.padding!r} of mode {module.padding_mode}"
    return None


def convolution_parts(
    module: nn.Conv1d, inputs: Tensor, gradient: Tensor, name_of: NameOf
) -> list[GradientPart]:
    """The gradient parts of ``nn.Conv1d``.

    Args:
        module: the layer.
        inputs: ``[B, …, channels, length]``.
        gradient: at its output ``[B, …, out, windows]``.
        name_of: of its parameters.
    """
    weight, bias = name_of(module.weight), name_of(module.bias)
    # NOTE: with characters, a convolution sees each word of an example by itself.
    inputs, gradient = (x.reshape(len(x), -1, *x.shape[-2:]) for x in (inputs, gradient))
    if weight is None:
        return [] if bias is None else [Whole(bias, gradient.sum((1, 3)))]
    return [Windows(inputs, gradient, module, weight, bias)]


def convolution_forward(module: nn.Conv1d, record: Record, inputs: Tensor) -> Tensor:
    """What ``module(inputs)`` computes, for a few numbers of examples only; see :func:`pad_examples`."""
    output = functional.conv1d(
        pad_examples(inputs), module.weight, module.bias, module.stride, module.padding, module.dilation
    )[: len(inputs)]
    record(inputs, output)
    return output


@dataclass(frozen=True, eq=False)
class Windows:
    """What a convolution's filters saw, K sequences per example."""

    inputs: Tensor
    """``[B, K, channels, length]``."""
    gradients: Tensor
    """``[B, K, out, windows]``."""
    module: nn.Conv1d
    weight: str
    bias: str | None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the filters and the bias."""
        return (self.weight,) if self.bias is None else (self.weight, self.bias)

    @property
    def _short(self) -> bool:
        """Whether products of positions with each other are fewer than those of channels with each other."""
        _, sequences, channels, length = self.inputs.shape
        (size,), (out, windows) = self.module.kernel_size, self.gradients.shape[2:]
        pairs = (sequences * length) ** 2 * (channels + size) + (sequences * windows) ** 2 * out
        return pairs < sequences * windows * out * channels * size

    def squared_norms(self) -> Tensor:
        """For short sequences from the products of positions: a window's is the sum along a diagonal."""
        if not self._short:
            return self._outer.squared_norms()
        module = self.module
        padded = functional.pad(self.inputs, (int(module.padding[0]),) * 2)
        batch, sequences, channels, length = padded.shape
        flat = padded.mT.reshape(batch, -1, channels)
        products = torch.bmm(flat, flat.mT).view(batch, sequences, length, sequences, length)
        windows = self.gradients.shape[3]
        (size,), (stride,), (dilation,) = module.kernel_size, module.stride, module.dilation
        span = (windows - 1) * stride + 1
        parts = [slice(k * dilation, k * dilation + span, stride) for k in range(size)]
        alike = products[:, :, parts[0], :, parts[0]].clone()
        for part in parts[1:]:
            alike += products[:, :, part, :, part]
        if self.bias is not None:
            alike += 1
        gradients = self.gradients.mT.reshape(batch, -1, self.gradients.shape[2])
        return alike.view(batch, -1).mul_(torch.bmm(gradients, gradients.mT).view(batch, -1)).sum(1)

    def sums(self, factors: Tensor) -> dict[str, Gradient]:
        """From torch's own backward pass of a convolution, on the weighted gradients."""
        if not self._short:
            return self._outer.sums(factors)
        module, weighted = self.module, self.gradients * factors[:, None, None, None]
        _, weight, bias = torch.ops.aten.convolution_backward(
            pad_examples(weighted.flatten(0, 1)),
            pad_examples(self.inputs.flatten(0, 1)),
            module.weight,
            [weighted.shape[2]],
            module.stride,
            module.padding,
            module.dilation,
            False,
            [0],
            1,
            [False, True, self.bias is not None],
        )
        return {self.weight: weight} if self.bias is None else {self.weight: weight, self.bias: bias}

    def whole(self) -> dict[str, Tensor]:
        """Like a linear layer that reads windows."""
        return self._outer.whole()

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> GradientPart:
        """The windows one after another."""
        return Outer.joined([part._outer for part in parts])

    @cached_property
    def _outer(self) -> Outer:
        module = self.module
        (size,), (stride,), (dilation,) = module.kernel_size, module.stride, module.dilation
        padded = functional.pad(self.inputs, (int(module.padding[0]),) * 2)
        seen = padded.unfold(-1, dilation * (size - 1) + 1, stride)[..., ::dilation]
        batch = len(seen)
        windows = seen.movedim(-2, -3).reshape(batch, -1, module.weight[0].numel())
        gradients = self.gradients.mT.reshape(batch, -1, self.gradients.shape[2])
        matrix = Matrix(self.weight, slice(None), module.weight.shape)
        return Outer(windows, gradients, (matrix,), () if self.bias is None else (self.bias,))
