"""Canaries that are as easy to detect as a text can be: a unique word, repeated, under a random class.

What differentially private training lets through is a record's clipped gradient in a direction that no
other record uses. A text that repeats one word puts its gradient into that word's row of the embedding
table, and a random class keeps the gradient large.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations, count, cycle, islice
from math import comb

import numpy as np

from privaudit.data.canaries.draws import draw_labels
from privaudit.data.duplicates import normalise
from privaudit.errors import UsageError
from privaudit.targets.interface import Ints
from privaudit.training.text import UNKNOWN, Vocabulary, WordNumbers, words

_PER_ROW = 8
"""Made-up words that are tried per row of a hashed vocabulary: all but 0.03 % of the rows get one."""


def draw_canaries(
    n: int, texts: Sequence[str], names: Sequence[str], vocabulary: WordNumbers | None, seed: int
) -> tuple[list[str], Ints]:
    """``n`` texts that are not in the data, and a random class for each.

    Each repeats a word of its own up to the data's median length, the words whose rows the data use least
    first. Where there are fewer such words than canaries, each repeats a combination of words of its own.

    Args:
        n: 1 or more.
        texts: of the data.
        names: of the classes, by index.
        vocabulary: of the models; None for an encoder that brings its own.
        seed: of the classes.

    Returns:
        The texts, and class indices ``[n]``.

    Raises:
        UsageError: the vocabulary is too small for so many different texts.
    """
    split = [list(words(text)) for text in texts]
    length = max(1, int(np.median([len(row) for row in split])))
    uses = Counter(word for row in split for word in row)
    rare = _rarest_words(uses, vocabulary, n)
    taken = {normalise(text) for text in texts}
    made = list(islice(_repeated(rare, n, length, taken), n))
    if len(made) < n:
        raise UsageError(
            f"The vocabulary has words for only {len(made):,} of {n:,} different canaries",
            "Give a larger --vocabulary, or lower --canaries",
        )
    drawn, index = draw_labels(n, "random", seed, names), {name: i for i, name in enumerate(names)}
    return made, np.array([index[name] for name in drawn], dtype=np.int64)


def _rarest_words(uses: Counter[str], vocabulary: WordNumbers | None, n: int) -> list[str]:
    """A word for each row of the embedding table that has a name, the rows that the data use least first."""
    made_up = (word for word in (f"zq{i}" for i in count()) if word not in uses)
    if vocabulary is None:
        return list(islice(made_up, n))
    # NOTE: a list knows none of the made-up words, and a hash has no list.
    named = (
        vocabulary.known
        if isinstance(vocabulary, Vocabulary)
        else islice(made_up, _PER_ROW * len(vocabulary))
    )
    word_of: dict[int, str] = {}
    for word in named:
        word_of.setdefault(vocabulary.number(word), word)
    word_of.pop(UNKNOWN, None)
    used: Counter[int] = Counter()
    for word, times in uses.items():
        used[vocabulary.number(word)] += times
    return [word_of[row] for row in sorted(word_of, key=lambda row: (used[row], row))]


def _repeated(rare: Sequence[str], n: int, length: int, taken: set[str]) -> Iterator[str]:
    """Texts of one word each, or of the fewest words of which there are ``n`` combinations."""
    fewest = next((k for k in range(1, len(rare) + 1) if comb(len(rare), k) >= n), max(1, len(rare)))
    for group in combinations(rare, fewest):
        text = " ".join(islice(cycle(group), max(length, fewest)))
        if normalise(text) not in taken:
            yield text
