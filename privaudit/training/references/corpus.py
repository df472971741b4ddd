"""Many vocabularies over the same texts: split them into words once, then number the words per reference."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from privaudit.targets.interface import Ints
from privaudit.training.text import UNKNOWN, EncodedTexts, WordNumbers, spell, words

Numbers = NDArray[np.int32]
"""``[W + 1]`` the token number of each distinct word, and last the one of the empty word."""


@dataclass(frozen=True, eq=False)
class Corpus:
    """n texts as numbers of their distinct words, before any vocabulary is chosen.

    A reference's vocabulary is a renumbering of the distinct words, which takes microseconds; splitting the
    texts again would take as long as training a small network.
    """

    words: tuple[str, ...]
    """The W distinct words in code point order."""
    occurrences: NDArray[np.int32]
    """Every word of every text, as its position in ``words``."""
    owners: NDArray[np.int32]
    """The text of each occurrence."""
    read: NDArray[np.int32]
    """The words that a model reads: at most ``max_length`` per text, and for a text without any the empty
    word W."""
    offsets: Ints
    """``[n + 1]`` text i is ``read[offsets[i]:offsets[i + 1]]``."""

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @classmethod
    def of(cls, texts: Sequence[str], max_length: int) -> "Corpus":
        """Split ``texts`` into words; a model reads the first ``max_length`` of each."""
        index: dict[str, int] = {}
        rows = [[index.setdefault(word, len(index)) for word in words(text)] for text in texts]
        ordered = tuple(sorted(index))
        rank = np.empty(len(index) + 1, dtype=np.int32)
        rank[[index[word] for word in ordered]] = np.arange(len(index))
        rank[-1] = len(index)
        lengths = [len(row) for row in rows]
        read = [list(islice(row, max_length)) or [len(index)] for row in rows]
        return cls(
            words=ordered,
            occurrences=rank[_flat(rows)],
            owners=np.repeat(np.arange(len(rows), dtype=np.int32), lengths),
            read=rank[_flat(read)],
            offsets=np.cumsum([0, *(len(row) for row in read)], dtype=np.int64),
        )

    def number(self, texts: Ints, min_frequency: int) -> tuple[Numbers, int]:
        """The numbering of the vocabulary that :meth:`Vocabulary.from_texts` makes of the given texts.

        Args:
            texts: positions of the texts that the words are counted in.
            min_frequency: how often a known word occurs in them.

        Returns:
            The numbering, and how many token numbers there are, padding and the unknown word included.
        """
        chosen = np.zeros(len(self), dtype=np.bool_)
        chosen[texts] = True
        counts = np.bincount(self.occurrences[chosen[self.owners]], minlength=len(self.words))
        order = np.argsort(-counts, kind="stable")
        known = order[counts[order] >= min_frequency]
        numbers = np.full(len(self.words) + 1, UNKNOWN, dtype=np.int32)
        numbers[known] = np.arange(2, len(known) + 2)
        return numbers, len(known) + 2

    def number_by(self, vocabulary: WordNumbers) -> tuple[Numbers, int]:
        """The numbering of a given vocabulary, and how many token numbers it has."""
        numbers = [vocabulary.number(word) for word in (*self.words, "")]
        return np.array(numbers, dtype=np.int32), len(vocabulary)

    def encode(self, numbers: Numbers, *, characters: bool) -> EncodedTexts:
        """All texts as a network with this numbering reads them; ``characters`` adds their spelling."""
        return EncodedTexts(
            tokens=numbers[self.read],
            offsets=self.offsets,
            truncated=0,
            spelling_of=self.read if characters else None,
            spellings=self._spellings if characters else None,
        )

    @cached_property
    def _spellings(self) -> NDArray[np.int16]:
        return spell([*self.words, ""])


def _flat(rows: list[list[int]]) -> Ints:
    return np.fromiter((value for row in rows for value in row), dtype=np.int64)
