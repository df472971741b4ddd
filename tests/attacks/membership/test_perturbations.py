"""Damaged copies and neighbours of a text."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privaudit.attacks.membership.perturbations import (
    COPIES,
    WordPool,
    damaged_copies,
    delete,
    neighbours,
    swap,
)

TEXT = " ".join(f"w{i}" for i in range(20))
word_lists = st.lists(st.text(st.characters(categories=["L", "N"]), min_size=1), min_size=1, max_size=30)


def rng(seed=0):
    return np.random.default_rng(seed)


def differing(a: str, b: str) -> int:
    return sum(x != y for x, y in zip(a.split(), b.split(), strict=True))


def test_damage_grows_from_one_word_to_half_of_them():
    copies = damaged_copies(TEXT, rng())
    assert len(copies) == COPIES
    assert [20 - len(copy.split()) for copy in copies[::2]] == list(range(1, 11))
    assert [differing(copy, TEXT) for copy in copies[1::2]] == [2 * pairs for pairs in range(1, 11)]


@given(word_lists, st.integers(0, 100), st.integers(0, 40))
def test_deletion_keeps_the_order_and_at_least_one_word(words, seed, count):
    left = delete(words, count, rng(seed)).split()
    assert len(left) == max(1, len(words) - count)
    remaining = iter(words)
    assert all(word in remaining for word in left)


@given(word_lists, st.integers(0, 100), st.integers(0, 40))
def test_swapping_keeps_the_words(words, seed, pairs):
    assert Counter(swap(words, pairs, rng(seed)).split()) == Counter(words)


@pytest.mark.parametrize("text", ["", "   ", "word"])
def test_texts_without_two_words_cannot_be_damaged(text):
    assert set(damaged_copies(text, rng())) == {text.strip()}


def test_neighbours_replace_one_word_in_ten():
    pool = WordPool.of([TEXT, "other words here"])
    for copy in neighbours(TEXT, pool, rng()):
        assert 1 <= differing(copy, TEXT) <= 2
        assert set(copy.split()) <= set(pool.words)
    assert {differing(copy, "a b c") for copy in neighbours("a b c", pool, rng())} == {1}


def test_a_text_without_words_is_its_own_neighbour():
    assert neighbours(" ", WordPool.of(["a b"]), rng()) == [" "] * COPIES


def test_pool_draws_by_frequency_and_never_the_word_itself():
    pool = WordPool.of(["a a a b", "c"])
    assert pool.words == ("a", "b", "c")
    generator = rng()
    drawn = Counter(pool.other_than("z", generator) for _ in range(5000))
    assert drawn["a"] / 5000 == pytest.approx(0.6, abs=0.03)
    assert drawn["c"] / 5000 == pytest.approx(0.2, abs=0.03)
    assert "a" not in {pool.other_than("a", generator) for _ in range(200)}


def test_a_pool_of_one_word_has_no_other():
    assert WordPool.of(["a"]).other_than("a", rng()) == "a"


def test_the_pool_does_not_depend_on_the_order_of_texts():
    one, two = WordPool.of(["b a", "c"]), WordPool.of(["c", "b a"])
    assert one.words == two.words
    np.testing.assert_array_equal(one.cumulative, two.cumulative)
