import numpy as np
import pytest

from privaudit.errors import UsageError
from privaudit.training.rare_canaries import draw_canaries
from privaudit.training.text import HashedVocabulary, Vocabulary, words

TEXTS = ["the cat sleeps", "the dog runs off now", "a bird sings"]
NAMES = ["animal", "thing"]


def rows(text, vocabulary):
    return frozenset(vocabulary.number(word) for word in words(text))


def test_each_canary_repeats_a_new_word_with_a_row_of_its_own():
    vocabulary = HashedVocabulary(256)
    made, labels = draw_canaries(100, TEXTS, NAMES, vocabulary, seed=0)
    assert len(made) == len(labels) == 100
    known = {word for text in TEXTS for word in words(text)}
    assert all(len(text.split()) == 3 and len(set(text.split())) == 1 for text in made)
    assert known.isdisjoint(text.split()[0] for text in made)
    assert len({rows(text, vocabulary) for text in made}) == 100


def test_rows_that_the_data_use_come_last():
    vocabulary = HashedVocabulary(64)
    used = {vocabulary.number(word) for text in TEXTS for word in words(text)}
    made, _ = draw_canaries(64 - len(used), TEXTS, NAMES, vocabulary, seed=0)
    assert used.isdisjoint(row for text in made for row in rows(text, vocabulary))


def test_few_rows_are_combined():
    vocabulary = HashedVocabulary(20)
    made, _ = draw_canaries(150, TEXTS, NAMES, vocabulary, seed=0)
    assert len({rows(text, vocabulary) for text in made}) == 150
    assert {len(set(text.split())) for text in made} == {2}


def test_a_list_of_words_gives_its_own_words_the_unused_ones_first():
    vocabulary = Vocabulary(("cat", "the", "zebra", "yak"))
    made, _ = draw_canaries(2, TEXTS, NAMES, vocabulary, seed=0)
    assert sorted({text.split()[0] for text in made}) == ["yak", "zebra"]
    with pytest.raises(UsageError, match="--canaries"):
        draw_canaries(50, TEXTS, NAMES, vocabulary, seed=0)


def test_an_encoder_of_its_own_gets_made_up_words():
    made, _ = draw_canaries(30, [*TEXTS, "zq3 zq3 zq3"], NAMES, None, seed=0)
    assert len(set(made)) == 30
    assert "zq3 zq3 zq3" not in made


def test_classes_are_random_and_follow_from_the_seed():
    draws = [draw_canaries(400, TEXTS, NAMES, None, seed=seed)[1] for seed in (0, 0, 1)]
    assert np.array_equal(draws[0], draws[1])
    assert not np.array_equal(draws[0], draws[2])
    assert 150 < draws[0].sum() < 250
