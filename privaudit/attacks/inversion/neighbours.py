"""Moves of a local search: which fillings are next to one."""

from itertools import combinations, permutations

import numpy as np

from privaudit.data.canaries.template import Template
from privaudit.targets.interface import Ints


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
        inserted, which may as well become any other word.
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
