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
