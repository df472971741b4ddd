import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privaudit.inert import inert, inert_json


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain <b>text</b>, Grüße, 你好 🙂", "plain <b>text</b>, Grüße, 你好 🙂"),
        ("\x1b[31m", "\\u001b[31m"),
        ("a\u202eb\u2066", "a\\u202eb\\u2066"),
        ("two\r\nlines\ttab", "two\\r\\nlines\\ttab"),
        ("\x7f\x85\u2028\ud800", "\\u007f\\u0085\\u2028\\ud800"),
        ("\U000e0041", "\\udb40\\udc41"),
    ],
)
def test_only_what_steers_a_terminal_is_escaped(text, shown):
    assert inert(text) == shown


@given(st.text())
def test_every_string_comes_out_printable_and_utf8(text):
    assert inert(text).isprintable()
    inert(text).encode()  # raises where half a surrogate pair is left


@given(st.recursive(st.text() | st.integers() | st.none(), lambda inner: st.dictionaries(st.text(), inner)))
def test_json_keeps_its_meaning(value):
    document = inert_json(json.dumps(value, indent=1, ensure_ascii=False))
    assert json.loads(document) == value
    assert document.replace("\n", "").isprintable()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("x" * 30, "x" * 30),
        ("/home/somebody/models/of/a/long/path/model.pt", "/home/somebody/model…h/model.pt (45 characters)"),
        ("\u202e" * 30, "\\u202e\\u202e\\u202e\\u…202e\\u202e (30 characters)"),
    ],
)
def test_a_long_text_keeps_begin_and_end_and_says_how_long_it_was(text, shown):
    assert inert(text, 30) == shown


@given(st.text(max_size=300), st.integers(3, 40))
def test_no_text_is_longer_than_asked_but_for_the_words_on_its_length(text, most):
    found = inert(text, most)
    assert found.isprintable()
    if found == inert(text):
        assert len(found) <= most
    else:
        assert found.endswith(f" ({len(text):,} characters)")
        assert len(found) <= most + 1 + len(f" ({len(text):,} characters)")
