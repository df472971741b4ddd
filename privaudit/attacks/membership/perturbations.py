"""Copies of a text with words deleted, swapped or replaced: queries around a record.

A word is what white space separates. Every draw comes from the generator that is passed in, which is the
record's own (:func:`privaudit.attacks.membership.draws.record_rng`).
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil

import numpy as np

from privaudit.targets.interface import Ints

COPIES = 20
"""Copies per record: an even number, half of them by deletion and half by swaps."""


def damaged_copies(text: str, rng: np.random.Generator) -> list[str]:
    """``COPIES`` copies of ``text``, damaged more and more: 5 % of the words, then 10 %, up to 50 %.

    At each strength one copy has words deleted and one has pairs of words exchanged, at least one word or
    pair, and at least one word stays. A text of one word has nothing to damage: all its copies equal it.
    """
    words = text.split()
    strengths = [ceil(len(words) * (2 * step / COPIES) / 2) for step in range(1, COPIES // 2 + 1)]
    return [copy for count in strengths for copy in (delete(words, count, rng), swap(words, count, rng))]


def delete(words: list[str], count: int, rng: np.random.Generator) -> str:
    """The text without ``count`` of its words, or with one word left where that would leave none."""
    count = max(0, min(count, len(words) - 1))
    gone = set(rng.choice(len(words), size=count, replace=False).tolist()) if count else set()
    return " ".join(word for position, word in enumerate(words) if position not in gone)


def swap(words: list[str], pairs: int, rng: np.random.Generator) -> str:
    """The text with ``pairs`` disjoint pairs of words exchanged, as far as it has so many."""
    pairs = min(pairs, len(words) // 2)
    swapped = list(words)
    if pairs:
        chosen = rng.choice(len(words), size=2 * pairs, replace=False).tolist()
        for a, b in zip(chosen[:pairs], chosen[pairs:], strict=True):
            swapped[a], swapped[b] = words[b], words[a]
    return " ".join(swapped)


@dataclass(frozen=True, eq=False)
class WordPool:
    """The words of all audited texts, drawn as often as they occur."""

    words: tuple[str, ...]
    """Distinct, sorted."""
    cumulative: Ints
    """``[V]`` running total of the words' counts."""

    @classmethod
    def of(cls, texts: Iterable[str]) -> "WordPool":
        """The pool of ``texts``; their order does not matter."""
        counts = Counter(word for text in texts for word in text.split())
        words = tuple(sorted(counts))
        return cls(words, np.cumsum([counts[word] for word in words], dtype=np.int64))

    def other_than(self, word: str, rng: np.random.Generator) -> str:
        """A word of the pool that differs from ``word``, which is returned when there is no other."""
        drawn = int(np.searchsorted(self.cumulative, rng.integers(self.cumulative[-1]), side="right"))
        found = self.words[drawn]
        return found if found != word else self.words[(drawn + 1) % len(self.words)]


def neighbours(text: str, pool: WordPool, rng: np.random.Generator) -> list[str]:
    """``COPIES`` copies of ``text`` with one word in ten, at least one, replaced by a word of the pool.

    A text without words has no neighbours but itself.
    """
    words = text.split()
    return (
        [_replace(words, max(1, len(words) // 10), pool, rng) for _ in range(COPIES)]
        if words
        else [text] * COPIES
    )


def _replace(words: list[str], count: int, pool: WordPool, rng: np.random.Generator) -> str:
    replaced = list(words)
    for position in rng.choice(len(words), size=count, replace=False).tolist():
        replaced[position] = pool.other_than(words[position], rng)
    return " ".join(replaced)
