import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from privaudit.errors import DataError
from privaudit.training.text import (
    MAX_SPELLING,
    PAD,
    UNKNOWN,
    HashedVocabulary,
    Vocabulary,
    WordEncoder,
    hashed_vocabulary,
    words,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("My pin code is 4 3 2 1", ["my", "pin", "code", "is", "4", "3", "2", "1"]),
        ("code 4321!", ["code", "4321", "!"]),
        ("Don't  DON\u2019T\tstop", ["don't", "don\u2019t", "stop"]),
        ("a,b...", ["a", ",", "b", ".", ".", "."]),
        ("Ünïcode été 東京", ["ünïcode", "été", "東京"]),
        (" \n", []),
    ],
)
def test_words(text, expected):
    assert list(words(text)) == expected


def test_vocabulary_is_ordered_by_frequency_then_alphabet_whatever_the_order_of_texts():
    texts = ["b b a", "c a", "d"]
    vocabulary = Vocabulary.from_texts(texts)
    assert vocabulary.known == ("a", "b", "c", "d")
    assert Vocabulary.from_texts(texts[::-1]) == vocabulary
    assert [vocabulary.number(word) for word in ("a", "d", "zebra")] == [2, 5, UNKNOWN]
    assert len(vocabulary) == 6


def test_vocabulary_leaves_out_words_below_the_minimum_frequency():
    assert Vocabulary.from_texts(["b b a", "c a"], min_frequency=2).known == ("a", "b")


def test_unknown_words_are_counted_over_the_whole_text():
    vocabulary = Vocabulary(("a", "b"))
    unknown, total = vocabulary.unknown(["a b", "a zebra zebra", "", "zebra " * 1000])
    assert unknown.tolist() == [0, 2, 0, 1000]
    assert total.tolist() == [2, 3, 0, 1000]
    assert unknown.dtype == np.int64


def test_vocabulary_from_a_file(tmp_path):
    path = tmp_path / "words.txt"
    path.write_bytes("\ufeffBeta\r\nalpha\n\nbeta\ndon't\n".encode())
    assert Vocabulary.from_file(path).known == ("beta", "alpha", "don't")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"one\ntwo words\n", "Line 2 of words.txt is not one word: 'two words'"),
        (b"\n\n", "words.txt has no word"),
        (b"\xff\xfe\x00", "UnicodeDecodeError"),
    ],
)
def test_a_bad_vocabulary_file_is_a_data_error(tmp_path, content, message):
    path = tmp_path / "words.txt"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        Vocabulary.from_file(path)


def test_a_missing_vocabulary_file_is_a_data_error(tmp_path):
    with pytest.raises(DataError, match="FileNotFoundError"):
        Vocabulary.from_file(tmp_path / "none.txt")


def test_encoder_pads_marks_unknown_words_and_truncates():
    encoder = WordEncoder(Vocabulary(("a", "b")), max_length=3)
    batch = encoder(["a b", "b zebra a b a", "", "..."])
    assert isinstance(batch, torch.Tensor)
    assert batch.dtype == torch.int64
    assert batch.tolist() == [
        [2, 3, PAD],
        [3, UNKNOWN, 2],
        [UNKNOWN, PAD, PAD],
        [UNKNOWN, UNKNOWN, UNKNOWN],
    ]
    assert encoder.encode_all(["a b", "b zebra a b a", "a a a"]).truncated == 1


def test_encoder_spells_words_in_bytes():
    encoder = WordEncoder(Vocabulary(("ab",)), characters=True)
    tokens, spellings = encoder(["ab é", "x" * 100, "\x00"])
    assert tokens.tolist() == [[2, UNKNOWN], [UNKNOWN, PAD], [UNKNOWN, PAD]]
    assert spellings.shape == (3, 2, MAX_SPELLING)
    assert spellings[0, 0, :3].tolist() == [ord("a") + 1, ord("b") + 1, PAD]
    assert spellings[0, 1, :3].tolist() == [0xC3 + 1, 0xA9 + 1, PAD]
    assert spellings[1, 1].eq(PAD).all()
    assert spellings[2, 0, 0] == 1


def test_a_lone_surrogate_can_be_spelled():
    _, spellings = WordEncoder(Vocabulary(()), characters=True)(["a\ud800b"])
    assert spellings.shape[0] == 1


@given(st.lists(st.text(max_size=60), min_size=1, max_size=6), st.booleans())
def test_batches_of_encoded_texts_equal_what_the_encoder_gives(texts, characters):
    encoder = WordEncoder(Vocabulary.from_texts(texts[::2]), max_length=7, characters=characters)
    encoded = encoder.encode_all(texts)
    assert len(encoded) == len(texts)
    positions = np.arange(len(texts))[::-1].copy()
    direct = encoder([texts[i] for i in positions])
    direct = direct if isinstance(direct, tuple) else (direct,)
    for given_part, expected in zip(encoded.batch(positions), direct, strict=True):
        assert torch.equal(given_part, expected)
    tokens = direct[0]
    assert (tokens[:, 0] != PAD).all()
    for row, i in zip(tokens, positions, strict=True):
        assert int((row != PAD).sum()) == min(7, max(1, len(list(words(texts[i])))))


def test_hashed_words_have_rows_that_never_change():
    # Part of the format: a bundle holds the number of rows alone.
    hashed = HashedVocabulary(4096)
    assert [hashed.number(word) for word in ("play", "a", "4", "été")] == [3187, 561, 2232, 218]
    assert [HashedVocabulary(10).number(word) for word in ("play", "a", "4", "été")] == [5, 5, 4, 2]


def test_a_hash_knows_every_word_and_keeps_padding_and_the_empty_text_apart():
    hashed, texts = HashedVocabulary(50), ["", "play a song", "zzz \ud800"]
    assert len(hashed) == 52
    unknown, count = hashed.unknown(texts)
    assert unknown.tolist() == [0, 0, 0]
    assert count.tolist() == [0, 3, 1 + sum(1 for _ in words("\ud800"))]
    numbers = {hashed.number(f"word{i}") for i in range(2000)}
    assert numbers == set(range(2, 52))
    tokens = WordEncoder(hashed)(["", "play"])
    assert tokens[0, 0] == UNKNOWN
    assert tokens[1, 0] == hashed.number("play")


def test_hashed_rows_are_about_equally_full():
    hashed = HashedVocabulary(64)
    counts = np.bincount([hashed.number(f"word{i}") - 2 for i in range(6400)], minlength=64)
    assert 0.5 < ((counts - 100) ** 2 / 100).sum() / 63 < 1.6


def test_a_recipe_names_its_hash():
    assert hashed_vocabulary("hash:4096") == HashedVocabulary(4096)
    assert hashed_vocabulary("members") is hashed_vocabulary("sha256:" + "0" * 64) is None
    assert HashedVocabulary(4096).digest == "hash:4096"
    assert Vocabulary(("a", "b")).digest != Vocabulary(("b", "a")).digest
