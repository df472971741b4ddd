import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privaudit.training.references.corpus import Corpus
from privaudit.training.text import Vocabulary, WordEncoder

TEXTS = st.lists(st.text("ab cd'é!", max_size=30), min_size=1, max_size=8)


@given(TEXTS, st.integers(1, 3), st.booleans(), st.data())
def test_numbering_the_corpus_equals_encoding_the_texts_anew(texts, min_frequency, characters, data):
    chosen = np.array(data.draw(st.lists(st.sampled_from(range(len(texts))), unique=True)), dtype=np.int64)
    corpus = Corpus.of(texts, max_length=5)
    numbers, size = corpus.number(chosen, min_frequency)
    vocabulary = Vocabulary.from_texts([texts[i] for i in chosen], min_frequency)
    assert size == len(vocabulary)
    same(corpus.encode(numbers, characters=characters), vocabulary, texts, characters)


@pytest.mark.parametrize("known", [(), ("b", "a"), ("zebra", "a")])
def test_a_given_vocabulary_keeps_its_numbers(known):
    texts = ["a b c", "", "zebra a"]
    corpus = Corpus.of(texts, max_length=5)
    numbers, size = corpus.number_by(Vocabulary(known))
    assert size == len(known) + 2
    same(corpus.encode(numbers, characters=False), Vocabulary(known), texts, False)


def same(encoded, vocabulary, texts, characters):
    """Whether a batch of all texts is what the vocabulary's own encoder gives."""
    everyone = np.arange(len(texts))
    own = WordEncoder(vocabulary, 5, characters).encode_all(texts)
    for part, expected in zip(encoded.batch(everyone), own.batch(everyone), strict=True):
        np.testing.assert_array_equal(part.numpy(), expected.numpy())


def test_words_beyond_the_length_that_is_read_still_count_for_the_vocabulary():
    corpus = Corpus.of(["a b b", "b a a"], max_length=1)
    numbers, size = corpus.number(np.array([0, 1]), min_frequency=3)
    assert size == 4
    assert corpus.encode(numbers, characters=False).tokens.tolist() == [2, 3]
    assert len(corpus) == 2
