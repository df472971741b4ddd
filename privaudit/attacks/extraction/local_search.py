"""Local search over fillings: one slot, the order, or two slots at a time."""

from collections.abc import Iterator
from itertools import combinations, count, permutations
from math import isqrt

import numpy as np

from privaudit.attacks.extraction.budget import Budget
from privaudit.attacks.extraction.partial_fillings import partials_of
from privaudit.attacks.extraction.spec import OPEN, SearchSettings
from privaudit.data.canaries.template import Template, draw_fillings
from privaudit.targets.interface import Floats, Ints

PAIRS = 1024
"""Most combinations of two slots' candidates that are evaluated at once; larger slots are shortlisted."""


class LocalSearch:
    """Local search within a budget.

    Args:
        budget: scores and remembers.
        settings: restarts and shortlist are read.
        rng: of the starts and the order of the moves.
    """

    def __init__(self, budget: Budget, settings: SearchSettings, rng: np.random.Generator) -> None:
        self._budget, self._settings, self._rng = budget, settings, rng
        self._template = budget.problem.surface.template
        self._sizes = self._template.sizes
        self._orders, self._free = rearrangements(self._template)
        self._partials = partials_of(budget, rng)

    def run(self) -> None:
        """Climb until ``settings.restarts`` starts in a row found nothing better, or the budget is gone."""
        in_vain = 0
        for start in self.starts():
            before = self._budget.best_score
            self.climb(start)
            in_vain = 0 if self._budget.best_score > before else in_vain + 1
            if self._budget.over or in_vain >= self._settings.restarts:
                return

    def starts(self) -> Iterator[Ints]:
        """First the candidates that the gradient at the uniform mixture prefers, where there is a gradient.

        Then, without end, random fillings by turns with perturbations of the best filling so far.
        """
        n = len(self._sizes)
        gradients = self._partials.gradients(np.full((1, n), OPEN))
        if gradients is not None:
            yield np.array([gradient[0].argmax() for gradient in gradients])
        for turn in count():
            start = draw_fillings(self._template, 1, self._rng)[0]
            if turn % 2 and self._budget.best is not None:
                kept = self._rng.permutation(n)[: n - max(2, n // 3)]
                start[kept] = np.array(self._budget.best)[kept]
            yield start

    def climb(self, filling: Ints) -> None:
        """Move until nothing is better or the budget is used up."""
        current, score = filling, self._budget.score(filling)
        while not self._budget.over:
            for improve in (self._single, self._rearranged, self._pair):
                better, higher = improve(current)
                if higher > score:
                    current, score = better, higher
                    break
            else:
                return

    def _single(self, filling: Ints) -> tuple[Ints, float]:
        """One sweep over all slots in random order, taking the best candidate of each."""
        score = self._budget.score(filling)
        for slot in map(int, self._rng.permutation(len(self._sizes))):
            better, higher = self._best(self.line(filling, slot))
            if higher > score:
                filling, score = better, higher
        return filling, score

    def _rearranged(self, filling: Ints) -> tuple[Ints, float]:
        """The best shift or swap of words, with any candidate where the moved word went."""
        if len(self._orders) == 0:
            return filling, -np.inf
        return self._best(self.rearranged(filling))

    def _pair(self, filling: Ints) -> tuple[Ints, float]:
        """The best change of the first two slots, in random order, that are better off changed together."""
        score = self._budget.score(filling)
        pairs = list(combinations(range(len(self._sizes)), 2))
        for number in self._rng.permutation(len(pairs)):
            pair = pairs[number]
            largest = max(self._sizes[slot] for slot in pair)
            exact = self._sizes[pair[0]] * self._sizes[pair[1]] <= PAIRS
            choices = self._shortlist(filling, pair, largest if exact else isqrt(PAIRS))
            better, higher = self._best(with_choices(filling, pair, choices))
            if higher > score:
                return better, higher
        return filling, score

    def rearranged(self, filling: Ints) -> Ints:
        """All shifts and swaps of words ``[K, S]``, with any candidate where the moved word went."""
        moved = filling[self._orders]
        most = isqrt(PAIRS)
        gradients = None
        if max((self._sizes[slot] for slot in self._free), default=0) > most:
            gradients = self._partials.gradients(moved)
        neighbours = [moved]
        for row, (order, slot) in enumerate(zip(moved, map(int, self._free), strict=True)):
            values = None if gradients is None else gradients[slot][row]
            choices = self._largest(self._sizes[slot], most, values)
            neighbours.append(with_choices(order, (slot,), (choices,)))
        return np.concatenate(neighbours)

    def line(self, filling: Ints, slot: int) -> Ints:
        """``filling`` with every candidate of a slot, itself among them, or with the shortlist ``[k, S]``."""
        (choices,) = self._shortlist(filling, (slot,), self._settings.shortlist)
        return with_choices(filling, (slot,), (np.union1d(choices, filling[slot]),))

    def _shortlist(self, filling: Ints, slots: tuple[int, ...], most: int) -> tuple[Ints, ...]:
        """For each slot all its candidates, or the ``most`` with the largest first-order gain."""
        sizes = [self._sizes[slot] for slot in slots]
        if max(sizes) <= most:
            return tuple(np.arange(size) for size in sizes)
        gradients = self._partials.gradients(filling[None])
        return tuple(
            self._largest(size, most, None if gradients is None else gradients[slot][0])
            for slot, size in zip(slots, sizes, strict=True)
        )

    def _largest(self, size: int, most: int, values: Floats | None) -> Ints:
        if size <= most:
            return np.arange(size)
        values = self._rng.random(size) if values is None else values
        return np.argpartition(-values, most - 1)[:most]

    def _best(self, fillings: Ints) -> tuple[Ints, float]:
        scores = self._budget.scores(fillings)
        top = int(scores.argmax())
        return fillings[top], float(scores[top])


def with_choices(filling: Ints, slots: tuple[int, ...], choices: tuple[Ints, ...]) -> Ints:
    """``filling [S]`` with every combination of ``choices[i]`` in ``slots[i]``: ``[product, S]``."""
    grid = np.stack(np.meshgrid(*choices, indexing="ij"), axis=-1).reshape(-1, len(slots))
    neighbours = np.repeat(filling[None], len(grid), axis=0)
    neighbours[:, list(slots)] = grid
    return neighbours


def rearrangements(template: Template) -> tuple[Ints, Ints]:
    """Ways to take a word out and insert one elsewhere, or to swap two.

    A model may know the words of a secret better than their places: it pools over the text, or reads in a
    direction that makes a word count a position late. Then the way from one good filling to the next leads
    through an insertion, which changes many slots at once. Only slots with the same candidates exchange
    words.

    Returns:
        Orders ``[K, S]``, applied as ``filling[orders]``, and for each a slot ``[K]``: where the word was
        inserted, which could become any other word.
    """
    lists = [slot.candidates for slot in template.slots]
    places = list(range(len(lists)))
    moved: dict[tuple[int, ...], int] = {}
    for i, j in permutations(places, 2):
        order = places.copy()
        order.insert(j, order.pop(i))
        if len(set(lists[min(i, j) : max(i, j) + 1])) == 1:
            moved.setdefault(tuple(order), j)
    for i, j in combinations(places, 2):
        order = places.copy()
        order[i], order[j] = j, i
        if lists[i] == lists[j]:
            moved.setdefault(tuple(order), j)
    orders = np.array(list(moved), dtype=np.int64).reshape(-1, len(lists))
    return orders, np.array(list(moved.values()), dtype=np.int64)
