"""The batches of an epoch for several models at once, as indices into their tables one below the other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from privaudit.targets.interface import Ints
from privaudit.training.seeds import epoch_order
from privaudit.training.text import EncodedTexts

Indices = NDArray[np.int32]

ALIGNED = 16
"""Numbers in a cache line. What is computed for several models takes whole lines per model: a matrix product
goes another way, and ends in other last bits, where an operand does not begin with a line."""
ROUND = 32
"""Words are filled up to a multiple of this, for few shapes: oneDNN compiles a matrix product for every new
one, which takes as long as several products."""


@dataclass(frozen=True, eq=False)
class Step:
    """One batch of each of M models: B places for texts per model, some of them empty.

    Words are numbered in the order of models, texts and words, without any padding.
    """

    rows: Ints
    """``[U]`` the distinct rows of the tables that occur, ascending."""
    rows_of_models: Ints
    """``[M]`` how many of them are of each model."""
    words: Indices
    """``[N]`` per word its row as a position in ``rows``, plus one: 0 is left for "no word"."""
    lengths: Ints
    """``[M * B]`` words of each text, 0 for an empty place."""
    by_row: Indices
    """``[N]`` the numbers of the words in the order of their rows."""
    row_offsets: Indices
    """``[U + 2]`` where in ``by_row`` each row begins, after an empty beginning for "no word"."""
    labels: Ints
    """``[M * B]``."""
    sizes: Ints
    """``[M]`` texts of each model; 0 for a model whose epoch is over."""
    longest: int
    """Words of the longest text."""

    def filled(self) -> "Step":
        """This step with one more place per model, whose text of "no words" gives all as many words.

        The models' words can then be computed as one array. The number is a multiple of :data:`ROUND`.
        """
        models = len(self.sizes)
        lengths = self.lengths.reshape(models, -1)
        own = lengths.sum(1)
        most = -(-int(own.max()) // ROUND) * ROUND
        place = np.arange(len(self.words)) + np.repeat(np.arange(models) * most - (np.cumsum(own) - own), own)
        words = np.zeros(models * most, dtype=np.int32)
        words[place] = self.words
        fillers = np.delete(np.arange(len(words), dtype=np.int32), place)
        offsets = self.row_offsets + np.int32(len(fillers))
        offsets[0] = 0
        return replace(
            self,
            words=words,
            lengths=np.column_stack((lengths, most - own)).reshape(-1),
            by_row=np.concatenate((fillers, place[self.by_row])).astype(np.int32),
            row_offsets=offsets,
            labels=np.column_stack((self.labels.reshape(models, -1), np.zeros_like(own))).reshape(-1),
        )


class Batches:
    """The epochs of M models.

    Args:
        encoded: per model the texts as it reads them.
        positions: per model the ``[n]`` positions of the texts that it is trained on.
        labels: class indices of all texts.
        first_rows: ``[M]`` where each model's table begins.
        seeds: per model.
        size: of a batch; B is the next multiple of :data:`ALIGNED`.
    """

    def __init__(
        self,
        encoded: Sequence[EncodedTexts],
        positions: Sequence[Ints],
        labels: Ints,
        first_rows: Ints,
        seeds: Sequence[int],
        size: int,
    ) -> None:
        self._seeds, self._size = seeds, size
        self._counts = np.array([len(p) for p in positions])
        self.steps: Ints = -(-self._counts // size)
        """``[M]`` steps of an epoch."""
        self._labels = np.concatenate([labels[p] for p in positions])
        parts = [_ragged(e.offsets, p) for e, p in zip(encoded, positions, strict=True)]
        tokens = np.concatenate(
            [e.tokens[i] + first for e, (i, _), first in zip(encoded, parts, first_rows, strict=True)]
        )
        self._lengths = np.concatenate([lengths for _, lengths in parts])
        self._starts = np.cumsum(self._lengths) - self._lengths
        self._first_texts = np.cumsum(self._counts) - self._counts
        self._by_row = np.argsort(tokens, kind="stable").astype(np.int32)
        self._rows = tokens[self._by_row].astype(np.int32)
        self._texts = np.repeat(np.arange(len(self._lengths), dtype=np.int32), self._lengths)[self._by_row]
        self._bounds = np.append(first_rows, np.iinfo(np.int64).max)

    def epoch(self, number: int) -> Iterator[Step]:
        """The steps of epoch ``number`` (from 0): as many as the longest of the models has."""
        places = self._texts_at(number)
        steps = len(places)
        texts = places.reshape(-1)
        taken = texts >= 0
        lengths = np.where(taken, self._lengths[texts], 0).reshape(steps, -1)
        first_words = np.concatenate(([0], np.cumsum(lengths.sum(1))))
        starts = np.cumsum(lengths) - lengths.reshape(-1)
        # NOTE: sorting what is sorted by row again by step keeps the rows of a step in order.
        step_of = np.empty(len(self._lengths), dtype=np.uint16 if steps < 1 << 16 else np.int64)
        step_of[texts[taken]] = np.repeat(np.arange(steps), taken.reshape(steps, -1).sum(1))
        start_of = np.empty(len(self._lengths), dtype=np.int64)
        start_of[texts[taken]] = starts[taken]
        order = np.argsort(step_of[self._texts], kind="stable")
        text = self._texts[order]
        word = self._by_row[order] + (start_of - self._starts)[text]
        rows, step = self._rows[order], step_of[text]
        new = np.empty(len(rows), dtype=np.bool_)
        new[:1] = True
        new[1:] = (rows[1:] != rows[:-1]) | (step[1:] != step[:-1])
        first = np.flatnonzero(new)
        row_bounds = np.searchsorted(first, first_words)
        local = np.empty(len(rows), dtype=np.int32)
        local[word] = np.cumsum(new) - row_bounds[step]
        distinct = rows[first].astype(np.int64)
        labels = np.where(taken, self._labels[texts], 0).reshape(steps, -1)
        sizes = taken.reshape(steps, len(self._counts), -1).sum(2)
        for s in range(steps):
            begin, end = first_words[s], first_words[s + 1]
            some = slice(row_bounds[s], row_bounds[s + 1])
            offsets = np.concatenate(([0], first[some] - begin, [end - begin]))
            yield Step(
                rows=distinct[some],
                rows_of_models=np.diff(np.searchsorted(distinct[some], self._bounds)),
                words=local[begin:end],
                lengths=lengths[s],
                by_row=(word[begin:end] - begin).astype(np.int32),
                row_offsets=offsets.astype(np.int32),
                labels=labels[s],
                sizes=sizes[s],
                longest=int(lengths[s].max()),
            )

    def _texts_at(self, epoch: int) -> Ints:
        """``[steps, M, B]`` the text at each place, -1 for an empty one."""
        places = np.full((len(self._seeds), self.steps.max() * self._size), -1, dtype=np.int64)
        for row, seed, count, first in zip(places, self._seeds, self._counts, self._first_texts, strict=True):
            row[:count] = first + epoch_order(seed, epoch, int(count))
        steps = places.reshape(len(self._seeds), -1, self._size).transpose(1, 0, 2)
        return np.pad(steps, ((0, 0), (0, 0), (0, -self._size % ALIGNED)), constant_values=-1)


def _ragged(offsets: Ints, positions: Ints) -> tuple[Ints, Ints]:
    """Positions of all tokens of the texts at ``positions``, and how many each text has."""
    lengths = np.diff(offsets)[positions]
    ends = np.cumsum(lengths)
    return np.repeat(offsets[positions] - (ends - lengths), lengths) + np.arange(ends[-1]), lengths
