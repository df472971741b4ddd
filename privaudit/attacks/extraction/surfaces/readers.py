"""What a model reads of a text: words or subwords, cut to the length that it takes."""

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Protocol

import numpy as np

from privaudit.targets.interface import Ints, TextClassifier
from privaudit.targets.tokenizer import TokenEncoder
from privaudit.training.text import WordEncoder, words

Token = str | int
Tokens = tuple[Token, ...]
Unknown = Callable[[Sequence[str]], tuple[Ints, Ints]]


class Reader(Protocol):
    """The token sequences of texts."""

    limit: int
    """Tokens that the model takes."""
    unknown: Unknown | None
    """Per text the unknown tokens ``[n]`` and all tokens ``[n]``; None where nothing is unknown."""

    def read(self, texts: Sequence[str]) -> list[Tokens]:
        """What the network gets: special tokens included, cut to ``limit``."""
        ...

    def split(self, texts: Sequence[str]) -> list[Tokens]:
        """The tokens of the texts alone: nothing added, nothing cut."""
        ...


class WordReader:
    """Words of a network that ``privaudit train`` built.

    Args:
        encoder: of the network.
    """

    def __init__(self, encoder: WordEncoder) -> None:
        self.limit = encoder.max_length
        # NOTE: a network that spells its words tells unknown ones apart.
        self.unknown: Unknown | None = None if encoder.characters else encoder.vocabulary.unknown

    def read(self, texts: Sequence[str]) -> list[Tokens]:
        """See :class:`Reader`."""
        return [tuple(islice(words(text), self.limit)) for text in texts]

    def split(self, texts: Sequence[str]) -> list[Tokens]:
        """See :class:`Reader`."""
        return [tuple(words(text)) for text in texts]


class TokenReader:
    """Subwords of a Hugging Face tokenizer.

    Args:
        encoder: of the network.
    """

    def __init__(self, encoder: TokenEncoder) -> None:
        self._tokenizer = encoder.tokenizer
        self.limit = encoder.max_length
        self.unknown: Unknown | None = None if self._tokenizer.unk_token_id is None else self._count

    def read(self, texts: Sequence[str]) -> list[Tokens]:
        """See :class:`Reader`; without padding."""
        return self._numbers(texts, truncation=True, max_length=self.limit)

    def split(self, texts: Sequence[str]) -> list[Tokens]:
        """See :class:`Reader`."""
        return self._numbers(texts, add_special_tokens=False)

    def _count(self, texts: Sequence[str]) -> tuple[Ints, Ints]:
        rows, unknown = self.split(texts), self._tokenizer.unk_token_id
        return np.array([row.count(unknown) for row in rows]), np.array([len(row) for row in rows])

    def _numbers(self, texts: Sequence[str], **options: object) -> list[Tokens]:
        return [tuple(row) for row in self._tokenizer(list(texts), verbose=False, **options)["input_ids"]]


def reader_of(classifier: TextClassifier) -> Reader | None:
    """The reader of a classifier whose tokenizer is known, else None."""
    encoder = getattr(classifier, "encoder", None)
    if isinstance(encoder, WordEncoder):
        return WordReader(encoder)
    return TokenReader(encoder) if isinstance(encoder, TokenEncoder) else None
