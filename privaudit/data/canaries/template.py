"""A canary's text with holes: fixed words and slots, each with a list of candidates."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Slot:
    """One unknown piece of text."""

    candidates: tuple[str, ...]
    """At least two different ones. A choice is the index of one of them."""
    then: str = ""
    """The fixed text between this slot and the next one, or the end of the text."""


@dataclass(frozen=True)
class Template:
    """A prefix that the adversary knows, then slots. A *filling* is one choice per slot: ``[S]`` indices."""

    prefix: str
    """The fixed text before the first slot, its last space included."""
    slots: tuple[Slot, ...]

    @property
    def sizes(self) -> tuple[int, ...]:
        """Candidates per slot."""
        return tuple(len(slot.candidates) for slot in self.slots)

    @property
    def n_fillings(self) -> int:
        """How many texts are possible; a Python integer, because ten digits are 10^10."""
        return math.prod(self.sizes)

    @property
    def bits(self) -> float:
        """What the secret is worth when every filling is equally likely: ``log2(n_fillings)``."""
        return sum(math.log2(size) for size in self.sizes)

    def render(self, filling: Sequence[int] | Ints) -> str:
        """The text of a filling."""
        pieces = [self.prefix]
        for slot, choice in zip(self.slots, filling, strict=True):
            pieces += (slot.candidates[choice], slot.then)
        return "".join(pieces)

    def words(self, filling: Sequence[int] | Ints) -> tuple[str, ...]:
        """The chosen candidates alone."""
        return tuple(slot.candidates[choice] for slot, choice in zip(self.slots, filling, strict=True))

    def filling(self, words: Sequence[str]) -> tuple[int, ...]:
        """The choices that give ``words``.

        Raises:
            ValueError: another number of words than slots, or a word that is no candidate.
        """
        return tuple(slot.candidates.index(word) for slot, word in zip(self.slots, words, strict=True))


def numbered(template: Template, numbers: Ints) -> Ints:
    """The fillings ``[F, S]`` with the numbers ``[F]`` in ``0 … n_fillings - 1``; the last slot runs fastest.

    Raises:
        ValueError: the template has more fillings than a 64-bit number can tell apart.
    """
    return np.stack(np.unravel_index(numbers, template.sizes), axis=1).astype(np.int64)


def numbers_of(template: Template, fillings: Ints) -> Ints:
    """The numbers ``[F]`` of the fillings ``[F, S]``: undoes :func:`numbered`."""
    return np.asarray(np.ravel_multi_index(tuple(fillings.T), template.sizes), dtype=np.int64)


def all_fillings(template: Template) -> Ints:
    """Every filling by number, ``[n_fillings, S]``."""
    return numbered(template, np.arange(template.n_fillings))


def draw_fillings(template: Template, n: int, rng: np.random.Generator) -> Ints:
    """``n`` fillings ``[n, S]``, independent and uniform; the same one may come twice."""
    return np.stack([rng.integers(size, size=n) for size in template.sizes], axis=1)
