"""The architectures as functions of M models' parameters on a leading axis, on words without padding.

Each computes what its class in :mod:`privaudit.training.architectures` computes without dropout.
"""

from collections.abc import Callable, Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from privaudit.targets.interface import Ints
from privaudit.training.architectures.characters import INITIAL_SCALE
from privaudit.training.architectures.cnn import WINDOWS
from privaudit.training.architectures.transformer import MAX_HEADS, positions
from privaudit.training.references.stacked.kernels import (
    largest_of_texts,
    linear,
    mean_of_texts,
    rearrange,
    sum_rows,
    take,
)
from privaudit.training.references.stacked.steps import Step

Parameters = Mapping[str, Tensor]
"""``[M, …]`` by name; the table of words is not among them."""

_CHUNK = 32
"""Words whose attention is computed at once."""


class StackedWords:
    """Where the words of a step's texts are, as tensors.

    Args:
        step: N words in n texts.
        device: of the models.
    """

    def __init__(self, step: Step, device: torch.device) -> None:
        self.step, self.device = step, device
        self.starts: Ints = np.concatenate(([0], np.cumsum(step.lengths)))
        """``[n + 1]``."""
        self.text_of_word: Ints = np.repeat(np.arange(len(step.lengths)), step.lengths)
        self.depth: Ints = np.arange(len(step.words)) - self.starts[self.text_of_word]
        """``[N]`` the position of each word in its text."""

    def tensor(self, numbers: NDArray[np.generic]) -> Tensor:
        """``numbers`` on the device of the models."""
        return torch.from_numpy(numbers).to(self.device)

    def indices(self, numbers: Ints) -> Tensor:
        """``numbers`` as indices on the device of the models."""
        return self.tensor(numbers.astype(np.int32))

    def shares(self) -> Tensor:
        """``[n, 1]`` one over the number of words."""
        return self.tensor((1 / np.maximum(self.step.lengths, 1)).astype(np.float32)).unsqueeze(1)

    def weights(self) -> Tensor:
        """``[n]`` weight of each text's loss: one over the texts of its model, zero at empty places."""
        sizes = self.step.sizes
        place = np.arange(len(self.step.lengths) // len(sizes))
        share = 1 / np.maximum(sizes, 1)[:, None]
        return self.tensor(np.where(place < sizes[:, None], share, 0).astype(np.float32).reshape(-1))

    def padded(self) -> tuple[Ints, NDArray[np.bool_]]:
        """``[n, L]`` the number of each text's words, and whether there is one."""
        column = np.arange(self.step.longest)
        return self.starts[:-1, None] + column, column < self.step.lengths[:, None]


def differentiate_bow(parameters: Parameters, rows: Tensor, words: StackedWords) -> Tensor:
    """The gradients of the mean losses of :class:`BagOfWords`, written out.

    A step is so short that recording it for autograd would take as long as the step.

    Args:
        parameters: of the head; their gradients are overwritten.
        rows: ``[U + 1, d]`` word vectors after "no word".
        words: of the step.

    Returns:
        The gradient in ``rows``.
    """
    step, models = words.step, len(words.step.sizes)
    weight, bias = parameters["head.weight"], parameters["head.bias"]
    with torch.inference_mode():
        shares = words.shares()
        features = sum_rows(rows, words.tensor(step.words), words.indices(words.starts)).mul_(shares)
        features = features.view(models, -1, rows.shape[1])
        logits = torch.baddbmm(bias.unsqueeze(1), features, weight.transpose(1, 2))
        # NOTE: of the loss -ln p_y, the gradient in the logits is p - onehot(y).
        residual = logits.softmax(2)
        truth = words.tensor(step.labels).view(models, -1, 1)
        residual.scatter_add_(2, truth, residual.new_full(truth.shape, -1.0))
        residual.mul_(words.weights().view(models, -1, 1))
        torch.bmm(residual.transpose(1, 2), features, out=weight.grad)
        torch.sum(residual, 1, out=bias.grad)
        upstream = torch.bmm(residual, weight).flatten(0, 1).mul_(shares)
        texts = words.indices(words.text_of_word[step.by_row])
        return sum_rows(upstream, texts, words.tensor(step.row_offsets))


def cnn(parameters: Parameters, rows: Tensor, words: StackedWords) -> Tensor:
    """Logits ``[n, C]`` of :class:`KimCnn`: a window starts at every word."""
    numbers, real = words.padded()
    windows = _take_windows(rows, words).view(len(words.depth), -1)
    # NOTE: the windows of 3 and 4 words are read as windows of 5 with weights of zero: one product of full
    # width is faster than three, and every place of a text has one window.
    kernels, biases = [], []
    for i, window in enumerate(WINDOWS):
        kernel = parameters[f"convolutions.{i}.weight"].permute(0, 1, 3, 2)
        kernels.append(functional.pad(kernel, (0, 0, 0, max(WINDOWS) - window)).flatten(2))
        biases.append(parameters[f"convolutions.{i}.bias"])
    answers = linear(windows, torch.cat(kernels, 1), torch.cat(biases, 1))
    strongest = largest_of_texts(
        answers,
        words.indices(np.where(real, numbers, words.starts[:-1, None]).clip(max=len(words.depth) - 1)),
        words.indices(words.starts),
        words.indices(words.text_of_word),
    )
    return _linear(parameters, "head", strongest.relu())


def _take_windows(rows: Tensor, words: StackedWords) -> Tensor:
    """``[N * 5, d]`` the vectors of the words of the window at each word; zeros beyond the end of a text."""
    step, depth = words.step, words.depth
    offset = np.arange(max(WINDOWS))
    inside = depth[:, None] + offset < step.lengths[words.text_of_word][:, None]
    following = np.minimum(np.arange(len(depth))[:, None] + offset, len(depth) - 1)
    chosen = np.where(inside, step.words[following], 0)
    # NOTE: word p is at offset j of the window that starts at p - j, if the text has begun by then. Who uses
    # "no word" is left out, because that row never changes.
    used = step.by_row[step.row_offsets[1] :]
    users = len(offset) * (used[:, None] - offset) + offset
    exists = depth[used][:, None] >= offset
    ends = np.concatenate(([0], np.cumsum(exists.sum(1))))
    offsets = np.concatenate(([0], ends[step.row_offsets[1:] - step.row_offsets[1]]))
    return take(rows, words.indices(chosen.reshape(-1)), words.indices(users[exists]), words.indices(offsets))


def transformer(parameters: Parameters, rows: Tensor, words: StackedWords) -> Tensor:
    """Logits ``[n, C]`` of :class:`TransformerEncoder`: only the attention sees texts side by side."""
    step, dimension = words.step, rows.shape[1]
    layout = _Layout(words, dimension)
    vectors = take(rows, words.tensor(step.words), words.tensor(step.by_row), words.tensor(step.row_offsets))
    states = vectors + layout.positions
    depth = 0
    while f"blocks.{depth}.expand.weight" in parameters:
        name = f"blocks.{depth}"
        read = _linear(parameters, f"{name}.attention_in", _normalised(states))
        states = states + _linear(parameters, f"{name}.attention_out", layout.attend(read))
        hidden = functional.gelu(_linear(parameters, f"{name}.expand", _normalised(states)))
        states = states + _linear(parameters, f"{name}.contract", hidden)
        depth += 1
    everyone = np.arange(len(words.depth) + 1)
    features = mean_of_texts(
        _normalised(states),
        words.indices(everyone[:-1]),
        words.indices(words.starts),
        words.shares(),
        words.indices(words.text_of_word),
        words.indices(everyone),
    )
    return _linear(parameters, "head", features)


class _Layout:
    """From words one after another to chunks of whole texts, and back; the same for every layer.

    Attention is computed per chunk and head: a text alone is so small that most of the time goes into
    start-up. In a chunk, each word attends to those of its own text.
    """

    def __init__(self, words: StackedWords, dimension: int) -> None:
        lengths = words.step.lengths
        self._size = max(_CHUNK, int(lengths.max()))
        chunk, filled, begins = 0, 0, np.zeros(len(lengths), dtype=np.int64)
        for text, length in enumerate(lengths.tolist()):
            if filled + length > self._size:
                chunk, filled = chunk + 1, 0
            begins[text] = chunk * self._size + filled
            filled += length
        self._chunks = chunk + 1
        back = begins[words.text_of_word] + words.depth
        there = np.full(self._chunks * self._size, -1)
        there[back] = np.arange(len(back))
        owner = np.full(len(there), -1, dtype=np.int32)
        owner[back] = words.text_of_word
        # NOTE: what is left of a chunk attends to itself, because a softmax needs something.
        own = words.tensor(owner).view(self._chunks, self._size)
        self._mask = (own.unsqueeze(2) == own.unsqueeze(1)).unsqueeze(1)
        self._there, self._back = words.indices(there), words.indices(back)
        self._heads = next(heads for heads in range(MAX_HEADS, 0, -1) if dimension % heads == 0)
        longest = int(lengths.max())
        table = INITIAL_SCALE * positions(longest, dimension, torch.empty(0, device=words.device))
        self.positions = table.index_select(0, words.indices(words.depth))

    def attend(self, projected: Tensor) -> Tensor:
        """Attention ``[N, d]`` of queries, keys and values ``[N, 3 * d]``, within each text."""
        chunks = rearrange(projected, self._there, self._back)
        chunks = chunks.view(self._chunks, self._size, 3, self._heads, -1)
        query, key, value = chunks.permute(2, 0, 3, 1, 4)
        attended = functional.scaled_dot_product_attention(query, key, value, attn_mask=self._mask)
        together = attended.transpose(1, 2).reshape(self._chunks * self._size, -1)
        return rearrange(together, self._back, self._there)


def _normalised(states: Tensor) -> Tensor:
    return functional.layer_norm(states, states.shape[1:])


def _linear(parameters: Parameters, name: str, inputs: Tensor) -> Tensor:
    return linear(inputs, parameters[f"{name}.weight"], parameters[f"{name}.bias"])


NETWORKS: dict[str, Callable[[Parameters, Tensor, StackedWords], Tensor]] = {
    "cnn": cnn,
    "transformer": transformer,
}
