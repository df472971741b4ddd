"""From text to token numbers: words, vocabulary, padded batches."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b, sha256
from itertools import islice
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from privaudit.errors import DataError
from privaudit.targets.interface import Ints

PAD, UNKNOWN = 0, 1
N_CHARACTERS = 257
"""Padding and the 256 values of a UTF-8 byte: a fixed alphabet reveals nothing about the training texts."""
MAX_SPELLING = 32
"""Bytes of a word that its spelling keeps."""

# NOTE: an apostrophe between letters belongs to the word ("don't"); every other sign is a word of its own.
_WORD = re.compile(r"\w+(?:['\u2019]\w+)*|[^\w\s]")


def words(text: str) -> Iterator[str]:
    """The lower-cased words and punctuation signs of ``text``, in order, lazily."""
    return (match.group() for match in _WORD.finditer(text.lower()))


class WordNumbers(Protocol):
    """Which row of a model's table a word has."""

    def __len__(self) -> int:
        """How many token numbers there are, padding and the unknown word included."""
        ...

    @property
    def digest(self) -> str:
        """Equal for two that number all words alike."""
        ...

    def number(self, word: str) -> int:
        """The token number of a word that :func:`words` gave."""
        ...

    def unknown(self, texts: Sequence[str]) -> tuple[Ints, Ints]:
        """Per text: how many of its words are unknown ``[n]``, and how many words it has ``[n]``."""
        ...


@dataclass(frozen=True)
class Vocabulary:
    """The words that a model knows. Number 0 is padding, 1 every unknown word, 2 the first known word."""

    known: tuple[str, ...]

    @cached_property
    def _index(self) -> dict[str, int]:
        return {word: i for i, word in enumerate(self.known, start=2)}

    @classmethod
    def from_texts(cls, texts: Iterable[str], min_frequency: int = 1) -> "Vocabulary":
        """Words that occur ``min_frequency`` times or more, most frequent first, ties in code point order."""
        counts = Counter(word for text in texts for word in words(text))
        frequent = [word for word, count in counts.items() if count >= min_frequency]
        return cls(tuple(sorted(frequent, key=lambda word: (-counts[word], word))))

    @classmethod
    def from_file(cls, path: Path) -> "Vocabulary":
        """The words of a file with one word a line, lower-cased, without blank lines and repetitions.

        Raises:
            DataError: the file cannot be read, has no word, or a line that is not one word.
        """
        try:
            lines = path.read_text(encoding="utf-8-sig").split("\n")
        except (OSError, UnicodeDecodeError) as failure:
            raise DataError(
                f"Cannot read the vocabulary {path.name} ({type(failure).__name__})",
                "Check --vocabulary: a UTF-8 file, one word a line",
            ) from None
        known: dict[str, None] = {}
        for number, line in enumerate(lines, start=1):
            found = list(islice(words(line), 2))
            if len(found) > 1 or (not found and line.strip()):
                raise DataError(
                    f"Line {number} of {path.name} is not one word: {line.strip()[:40]!r}",
                    "Write one word a line",
                )
            known |= dict.fromkeys(found)
        if not known:
            raise DataError(f"The vocabulary {path.name} has no word", "Check --vocabulary")
        return cls(tuple(known))

    def __len__(self) -> int:
        """How many token numbers there are, padding and the unknown word included."""
        return len(self.known) + 2

    @property
    def digest(self) -> str:
        """SHA-256 of the words in their order."""
        return sha256("\n".join(self.known).encode("utf-8", "replace")).hexdigest()

    def number(self, word: str) -> int:
        """The token number of a word that :func:`words` gave."""
        return self._index.get(word, UNKNOWN)

    def unknown(self, texts: Sequence[str]) -> tuple[Ints, Ints]:
        """Per text: how many of its words are unknown ``[n]``, and how many words it has ``[n]``.

        All words count, also those beyond the length that the model reads: the vocabulary was built from all.
        """
        numbers = [[self.number(word) for word in words(text)] for text in texts]
        unknown = np.array([row.count(UNKNOWN) for row in numbers], dtype=np.int64)
        return unknown, np.array([len(row) for row in numbers], dtype=np.int64)


@dataclass(frozen=True)
class HashedVocabulary:
    """Words share rows by a fixed hash, so the table reveals nothing about the training words.

    Number 0 is padding and 1 a text without words; a word has one of the ``rows`` numbers from 2, by its
    BLAKE2b digest of eight bytes (Weinberger et al., ICML 2009, arXiv 0902.2206). No word is unknown.
    """

    rows: int

    @cached_property
    def _seen(self) -> dict[str, int]:
        return {"": UNKNOWN}

    def __len__(self) -> int:
        """How many token numbers there are, padding and the text without words included."""
        return self.rows + 2

    @property
    def digest(self) -> str:
        """``hash:N``."""
        return f"hash:{self.rows}"

    def number(self, word: str) -> int:
        """The token number of a word that :func:`words` gave."""
        found = self._seen.get(word)
        if found is None:
            raw = blake2b(word.encode("utf-8", "replace"), digest_size=8).digest()
            found = self._seen[word] = 2 + int.from_bytes(raw, "big") % self.rows
        return found

    def unknown(self, texts: Sequence[str]) -> tuple[Ints, Ints]:
        """See :class:`WordNumbers`; the first is all zeros."""
        counts = np.array([sum(1 for _ in words(text)) for text in texts], dtype=np.int64)
        return np.zeros_like(counts), counts


def hashed_vocabulary(recipe_vocabulary: str) -> HashedVocabulary | None:
    """The vocabulary of a recipe that hashes (``hash:N``); None for lists of words."""
    kind, _, rows = recipe_vocabulary.partition(":")
    return HashedVocabulary(int(rows)) if kind == "hash" else None


@dataclass(frozen=True, eq=False)
class EncodedTexts:
    """n texts as token numbers, unpadded; text i is ``tokens[offsets[i]:offsets[i + 1]]``, never empty."""

    tokens: NDArray[np.int32]
    offsets: Ints
    """``[n + 1]``."""
    truncated: int
    """How many texts were longer than the model reads."""
    spelling_of: NDArray[np.int32] | None = None
    """Per token the row of ``spellings``; None without character embeddings."""
    spellings: NDArray[np.int16] | None = None
    """``[distinct words, bytes]``: byte values plus one, padded with 0."""

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def batch(self, positions: Ints) -> tuple[Tensor, ...]:
        """Inputs of the network for the texts at ``positions``.

        Returns:
            Tokens ``[B, L]``, and with character embeddings the spellings ``[B, L, W]``; padded with 0 to the
            longest of the batch.
        """
        start = self.offsets[positions]
        length = self.offsets[positions + 1] - start
        column = np.arange(length.max())
        real = column < length[:, None]
        index = np.where(real, start[:, None] + column, 0)
        tokens = torch.from_numpy(np.where(real, self.tokens[index], PAD).astype(np.int64))
        if self.spelling_of is None or self.spellings is None:
            return (tokens,)
        spelled = self.spellings[self.spelling_of[index]] * real[:, :, None]
        longest = max(1, int(np.count_nonzero(spelled, axis=2).max()))
        return tokens, torch.from_numpy(spelled[:, :, :longest].astype(np.int64))


@dataclass(frozen=True)
class WordEncoder:
    """The text encoder of the networks in :mod:`privaudit.training.architectures`."""

    vocabulary: WordNumbers
    max_length: int = 256
    characters: bool = False
    """Also give the spelling of every word."""

    def __call__(self, texts: list[str]) -> Tensor | tuple[Tensor, ...]:
        """Inputs of the network: tokens ``[B, L]``, and with ``characters`` also spellings ``[B, L, W]``.

        A text without any word becomes one unknown word: every row needs something to average.
        """
        inputs = self.encode_all(texts).batch(np.arange(len(texts)))
        return inputs if self.characters else inputs[0]

    def encode_all(self, texts: Sequence[str]) -> EncodedTexts:
        """Encode texts once for many batches."""
        tokens: list[int] = []
        spelled: dict[str, int] = {}
        spelling_of: list[int] = []
        offsets, truncated = [0], 0
        for text in texts:
            found = list(islice(words(text), self.max_length + 1))
            truncated += len(found) > self.max_length
            kept = found[: self.max_length] or [""]
            tokens.extend(map(self.vocabulary.number, kept))
            if self.characters:
                spelling_of.extend(spelled.setdefault(word, len(spelled)) for word in kept)
            offsets.append(len(tokens))
        return EncodedTexts(
            np.array(tokens, dtype=np.int32),
            np.array(offsets, dtype=np.int64),
            truncated,
            np.array(spelling_of, dtype=np.int32) if self.characters else None,
            spell(list(spelled)) if self.characters else None,
        )


def spell(distinct: list[str]) -> NDArray[np.int16]:
    """Byte values plus one of each word, ``[len(distinct), MAX_SPELLING]``, padded with 0."""
    rows = np.zeros((len(distinct), MAX_SPELLING), dtype=np.int16)
    for row, word in zip(rows, distinct, strict=True):
        # NOTE: a lone surrogate cannot be encoded; it is spelled as a question mark.
        raw = word.encode("utf-8", "replace")[:MAX_SPELLING]
        row[: len(raw)] = np.frombuffer(raw, dtype=np.uint8).astype(np.int16) + 1
    return rows
