import pytest

from privaudit.data.canaries.candidates import (
    COLOURS,
    checked_candidates,
    complete_lists,
    frequent_words,
    new_tokens,
    read_candidates,
)
from privaudit.errors import DataError, UsageError


def test_colours_are_twelve_words_in_code_point_order():
    assert len(COLOURS) == 12
    assert list(COLOURS) == sorted(set(COLOURS))


def test_words_are_the_most_frequent_of_letters_alone_in_code_point_order():
    texts = ["The cat, the dog and 3 cats", "don't pet the cat x2", "Dog!"]
    assert frequent_words(texts) == ("and", "cat", "cats", "dog", "pet", "the")
    assert frequent_words(texts, most=3) == ("cat", "dog", "the")
    assert frequent_words(texts[::-1], most=4) == ("and", "cat", "dog", "the")


def test_words_that_only_differ_after_normalisation_are_one_candidate():
    assert frequent_words(["strasse straße straße tor"]) == ("straße", "tor")


def test_data_without_words_is_a_data_error():
    with pytest.raises(DataError, match="at least 2 words"):
        frequent_words(["1 2 3", "one"])


def test_new_tokens_are_nowhere_in_the_data():
    plain = new_tokens(["nothing of the kind"])
    assert (len(plain), plain[:2]) == (100, ("zqaaa", "zqaab"))
    mixed = new_tokens(["a ZQAAB here", "inside xzqaaczq"])
    assert mixed[:3] == ("zqaaa", "zqaad", "zqaae")
    assert not any(token in "a zqaab here inside xzqaaczq" for token in mixed)
    with pytest.raises(DataError, match="begin with zq"):
        new_tokens(["zqaaa"], n=26**3)


def test_a_file_of_candidates(tmp_path):
    path = tmp_path / "cities.txt"
    path.write_text("\ufeffOslo\r\n\n  San José \nBerlin", encoding="utf-8")
    assert read_candidates([f"city={path}"]) == {"city": ("Oslo", "San José", "Berlin")}


@pytest.mark.parametrize(
    "content", [b"", b"Oslo\n", b"Oslo\noslo\n", b"Oslo\nBer\x07lin\n", "ﬁn\nfin".encode()]
)
def test_unusable_candidates_are_said_and_not_quoted(tmp_path, content):
    path = tmp_path / "cities.txt"
    path.write_bytes(content)
    with pytest.raises(
        UsageError, match=r"cities\.txt (needs 2 to 100,000|are the same|is empty or not)"
    ) as caught:
        read_candidates([f"city={path}"])
    assert "slo" not in str(caught.value)


def test_unreadable_files_of_candidates(tmp_path):
    (tmp_path / "latin").write_bytes(b"caf\xe9\ntee\n")
    for path in (tmp_path / "none", tmp_path / "latin", tmp_path):
        with pytest.raises(DataError, match="--candidates"):
            read_candidates([f"city={path}"])


@pytest.mark.parametrize("option", ["city", "city=", "=f", "digit=f", "a|b=f", "2city=f", "a b=f"])
def test_options_without_name_or_file(option):
    with pytest.raises(UsageError, match="--candidates NAME=FILE"):
        read_candidates([option])


def test_a_name_given_twice(tmp_path):
    (tmp_path / "f").write_text("a\nb\n")
    with pytest.raises(UsageError, match="a new name"):
        read_candidates([f"x={tmp_path / 'f'}", f"x={tmp_path / 'f'}"])


def test_a_list_that_no_pattern_names_is_said():
    with pytest.raises(UsageError, match="No pattern uses the list 'city'"):
        complete_lists(["digit"], {"city": ("a", "b")}, [])


def test_too_many_candidates():
    with pytest.raises(UsageError, match="100,001"):
        checked_candidates([str(i) for i in range(100_001)], "a list")
