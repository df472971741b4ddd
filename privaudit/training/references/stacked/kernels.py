"""Differentiable steps on words without padding, each with a backward pass that is a gather or a sum of rows.

What torch derives by itself for indexing adds rows one by one; here every backward pass is as fast as its
forward pass, and the order of every sum is fixed.
"""

from functools import lru_cache
from typing import Protocol, cast

import torch
from torch import Tensor
from torch.autograd import Function

_LARGE = 1 << 20
"""Number of multiplications above which the faster library makes up for its slower start."""


def sum_rows(rows: Tensor, chosen: Tensor, offsets: Tensor) -> Tensor:
    """``[n, d]`` sum i is over the rows ``chosen[offsets[i]:offsets[i + 1]]``."""
    # NOTE: without a padding index (None) this is one pass over the rows, several times as fast as with one.
    sums: Tensor = torch.embedding_bag(rows, chosen, offsets, False, 0, False, None, True, None)[0]
    return sums


def take(rows: Tensor, chosen: Tensor, users: Tensor, offsets: Tensor) -> Tensor:
    """``rows[chosen]``.

    Args:
        rows: ``[U, d]``.
        chosen: ``[N]``.
        users: ``[N]`` the numbers 0 … N-1 in the order of the rows that they choose.
        offsets: ``[U + 1]`` where in ``users`` each row begins.
    """
    return cast(Tensor, _Take.apply(rows, chosen, users, offsets))  # type: ignore[no-untyped-call]


def mean_of_texts(
    rows: Tensor, chosen: Tensor, offsets: Tensor, shares: Tensor, texts: Tensor, text_offsets: Tensor
) -> Tensor:
    """The mean ``[n, d]`` over the words of each text; 0 for a text without words.

    Args:
        rows: ``[U, d]``.
        chosen: ``[N]`` the row of each word, the words of a text one after another.
        offsets: ``[n + 1]`` where each text begins.
        shares: ``[n, 1]`` one over the number of words.
        texts: ``[N]`` the texts that use a row, row after row.
        text_offsets: ``[U + 1]`` where in ``texts`` each row begins.
    """
    return cast(Tensor, _Mean.apply(rows, chosen, offsets, shares, texts, text_offsets))  # type: ignore[no-untyped-call]


def largest_of_texts(words: Tensor, padded: Tensor, offsets: Tensor, text_of_word: Tensor) -> Tensor:
    """The maximum ``[n, d]`` over the words of each text; words that tie share its gradient.

    Args:
        words: ``[N, d]``.
        padded: ``[n, L]`` the words of each text, filled up with one of them.
        offsets: ``[n + 1]`` where each text begins.
        text_of_word: ``[N]``.
    """
    return cast(Tensor, _Largest.apply(words, padded, offsets, text_of_word))  # type: ignore[no-untyped-call]


def rearrange(rows: Tensor, there: Tensor, back: Tensor) -> Tensor:
    """``rows[there]``, where -1 gives a row of zeros, and no row is chosen twice.

    Args:
        rows: ``[N, d]``.
        there: ``[m]``.
        back: ``[N]`` where in the result each row went, -1 for nowhere.
    """
    return cast(Tensor, _Rearrange.apply(rows, there, back))  # type: ignore[no-untyped-call]


def linear(inputs: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """M linear layers at once.

    Args:
        inputs: ``[M * n, k]``, the n rows of each model one after another.
        weight: ``[M, o, k]``.
        bias: ``[M, o]``.

    Returns:
        ``[M * n, o]``.
    """
    models, outputs, _ = weight.shape
    if models == 1:
        product = cast(Tensor, _Linear.apply(inputs, weight[0]))  # type: ignore[no-untyped-call]
        return product if bias is None else product + bias
    split = inputs.view(models, -1, inputs.shape[1])
    product = split @ weight.transpose(1, 2)
    return (product if bias is None else product + bias.unsqueeze(1)).reshape(-1, outputs)


class _Context(Protocol):
    saved_tensors: tuple[Tensor, ...]

    def save_for_backward(self, *tensors: Tensor) -> None: ...


class _Take(Function):
    @staticmethod
    def forward(ctx: _Context, rows: Tensor, chosen: Tensor, users: Tensor, offsets: Tensor) -> Tensor:
        ctx.save_for_backward(users, offsets)
        return rows.index_select(0, chosen)

    @staticmethod
    def backward(ctx: _Context, gradient: Tensor) -> tuple[Tensor | None, ...]:
        users, offsets = ctx.saved_tensors
        return sum_rows(gradient.contiguous(), users, offsets), None, None, None


class _Mean(Function):
    @staticmethod
    def forward(
        ctx: _Context,
        rows: Tensor,
        chosen: Tensor,
        offsets: Tensor,
        shares: Tensor,
        texts: Tensor,
        text_offsets: Tensor,
    ) -> Tensor:
        ctx.save_for_backward(shares, texts, text_offsets)
        return sum_rows(rows, chosen, offsets) * shares

    @staticmethod
    def backward(ctx: _Context, gradient: Tensor) -> tuple[Tensor | None, ...]:
        shares, texts, text_offsets = ctx.saved_tensors
        return sum_rows(gradient * shares, texts, text_offsets), None, None, None, None, None


class _Largest(Function):
    @staticmethod
    def forward(
        ctx: _Context, words: Tensor, padded: Tensor, offsets: Tensor, text_of_word: Tensor
    ) -> Tensor:
        largest = words.index_select(0, padded.flatten()).view(*padded.shape, -1).amax(1)
        ctx.save_for_backward(words, largest, offsets, text_of_word)
        return largest

    @staticmethod
    def backward(ctx: _Context, gradient: Tensor) -> tuple[Tensor | None, ...]:
        words, largest, offsets, text_of_word = ctx.saved_tensors
        attained = (words == largest.index_select(0, text_of_word)).to(words.dtype)
        everyone = torch.arange(len(words), dtype=offsets.dtype, device=words.device)
        shared = gradient / sum_rows(attained, everyone, offsets)
        return attained.mul_(shared.index_select(0, text_of_word)), None, None, None


class _Rearrange(Function):
    @staticmethod
    def forward(ctx: _Context, rows: Tensor, there: Tensor, back: Tensor) -> Tensor:
        ctx.save_for_backward(there, back)
        return _pick(rows, there)

    @staticmethod
    def backward(ctx: _Context, gradient: Tensor) -> tuple[Tensor | None, ...]:
        _, back = ctx.saved_tensors
        return _pick(gradient, back), None, None


class _Linear(Function):
    @staticmethod
    def forward(ctx: _Context, inputs: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(inputs, weight)
        return _product(inputs, weight)

    @staticmethod
    def backward(ctx: _Context, gradient: Tensor) -> tuple[Tensor | None, ...]:
        inputs, weight = ctx.saved_tensors
        return _product(gradient, weight.t()), _product(gradient.t(), inputs.t())


def _pick(rows: Tensor, chosen: Tensor) -> Tensor:
    picked = rows.index_select(0, chosen.clamp(min=0))
    return picked.masked_fill_((chosen < 0).unsqueeze(1), 0)


def _product(left: Tensor, right: Tensor) -> Tensor:
    """``left @ right.T``."""
    size = left.shape[0] * left.shape[1] * right.shape[0]
    if left.device.type != "cpu" or size < _LARGE or not _has_onednn():
        return left @ right.t()
    # NOTE: torch's default library runs at half the speed of oneDNN on AMD processors (105 against 220
    # GFLOP/s on one Zen 5 core), and elsewhere at the same. oneDNN in turn falls to a thousandth of it where
    # an operand is a strided piece of something larger.
    return cast(Tensor, torch.ops.mkldnn._linear_pointwise(_dense(left), _dense(right), None, "none", [], ""))


def _dense(matrix: Tensor) -> Tensor:
    return matrix if matrix.is_contiguous() or matrix.t().is_contiguous() else matrix.contiguous()


@lru_cache(maxsize=1)
def _has_onednn() -> bool:
    return bool(torch.backends.mkldnn.is_available())  # type: ignore[no-untyped-call]
