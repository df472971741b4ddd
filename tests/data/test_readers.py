import csv
import hashlib
import json
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from privaudit.data.columns import ANY_COLUMNS, Columns, is_known
from privaudit.data.readers import file_sha256, read_records
from privaudit.errors import DataError, MissingExtraError, PrivauditError

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

# Anything that a text can hold: no NUL, no half of a surrogate pair, and something to read.
unicode_text = st.text(
    st.characters(exclude_characters="\0", exclude_categories=("Cs",)), min_size=1, max_size=60
).filter(str.strip)
one_line = unicode_text.map(lambda text: text.translate({9: " ", 10: " ", 13: " "})).filter(
    lambda text: text.strip() and not is_known(text)  # a column name on the first line would be a header
)


@pytest.fixture
def write(tmp_path):
    def _write(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return _write


def refusal(path, columns=ANY_COLUMNS):
    """The one-line message with which the file is refused."""
    with pytest.raises(DataError) as caught:
        read_records(path, columns)
    message = str(caught.value)
    assert "\n" not in message
    assert not message.startswith("Expected ")
    assert message.endswith(".")
    return message


@QUICK
@given(texts=st.lists(unicode_text, min_size=1, max_size=8))
@pytest.mark.parametrize(("ending", "delimiter"), [("csv", ","), ("tsv", "\t")])
def test_delimited_with_header_round_trips(tmp_path, ending, delimiter, texts):
    path = tmp_path / f"data.{ending}"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(["text", "label"])
        writer.writerows([text, f"c{i}"] for i, text in enumerate(texts))
    records = read_records(path)
    assert list(records.texts) == texts
    assert list(records.labels) == [f"c{i}" for i in range(len(texts))]
    assert list(records.ids) == [f"data:{i}" for i in range(1, len(texts) + 1)]


@QUICK
@given(texts=st.lists(unicode_text, min_size=1, max_size=8), ascii_only=st.booleans())
def test_json_lines_round_trip(tmp_path, texts, ascii_only):
    path = tmp_path / "data.jsonl"
    lines = [json.dumps({"text": text, "label": i}, ensure_ascii=ascii_only) for i, text in enumerate(texts)]
    path.write_bytes(("\n".join(lines) + "\n").encode())
    records = read_records(path)
    assert list(records.texts) == texts
    assert list(records.labels) == [str(i) for i in range(len(texts))]


@QUICK
@given(texts=st.lists(one_line, min_size=1, max_size=8, unique=True))
def test_headerless_tsv_round_trips_with_plain_quotes(tmp_path, texts):
    path = tmp_path / "data.tsv"
    path.write_bytes("".join(f'a"b\t{text}\n' for text in texts).encode())
    records = read_records(path)
    assert list(records.texts) == texts
    assert set(records.labels) == {'a"b'}


@QUICK
@given(texts=st.lists(unicode_text, min_size=1, max_size=8))
def test_parquet_round_trips(tmp_path, texts):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    table = pa.table({"text": texts, "label": list(range(len(texts))), "weight": [0.5] * len(texts)})
    parquet.write_table(table, tmp_path / "data.parquet", row_group_size=3)
    records = read_records(tmp_path / "data.parquet")
    assert list(records.texts) == texts
    assert list(records.labels) == [str(i) for i in range(len(texts))]


def test_parquet_streams_every_batch(tmp_path):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    texts = [f"text {i}" for i in range(10_000)]
    table = pa.table({"text": texts, "label": pa.array(["a", "b"] * 5_000).dictionary_encode()})
    parquet.write_table(table, tmp_path / "data.parquet", row_group_size=1_500)
    records = read_records(tmp_path / "data.parquet")
    assert list(records.texts) == texts
    assert list(records.labels) == ["a", "b"] * 5_000


def test_parquet_refusals(tmp_path, write, monkeypatch):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    assert "not a readable Parquet file" in refusal(write("broken.parquet", b"PAR1 no"))
    parquet.write_table(pa.table({"text": ["a", None], "label": ["x", "y"]}), tmp_path / "null.parquet")
    assert "an empty text in column 'text' of record 2" in refusal(tmp_path / "null.parquet")
    parquet.write_table(pa.table({"text": [["a"]], "label": ["x"]}), tmp_path / "list.parquet")
    assert "a value of type list in column 'text' of record 1" in refusal(tmp_path / "list.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r"privaudit\[parquet\]"):
        read_records(tmp_path / "null.parquet")


def test_all_roles_are_found_by_name_in_any_case(write):
    path = write("a.csv", "ID,Sentence,Intent,group,is_member\nr1, hello ,7,u1,True\nr2,bye,8,u1,0\n")
    records = read_records(path)
    assert list(records.ids) == ["r1", "r2"]
    assert list(records.texts) == [" hello ", "bye"]
    assert list(records.labels) == ["7", "8"]
    assert list(records.groups) == ["u1", "u1"]
    assert records.member.dtype == np.bool_
    assert records.member.tolist() == [True, False]


def test_named_columns_win_over_known_names(write):
    path = write("a.csv", "text,label,utt,user_id,y,key\nno,no,yes,u1,c,k\n")
    records = read_records(path, Columns(text="utt", label="y", group="user_id", id="key"))
    assert (records.texts, records.labels, records.groups, records.ids) == (["yes"], ["c"], ["u1"], ["k"])


def test_user_columns_are_no_group_unless_named(write):
    assert read_records(write("a.csv", "text,label,user_id\nhi,a,u1\n")).groups is None


def test_a_named_column_says_that_a_tsv_has_a_header(write):
    path = write("a.tsv", "utt\tlbl\nhi\ta\n")
    assert list(read_records(path, Columns(text="utt", label="lbl")).texts) == ["hi"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["member", "non-member"], [True, False]),
        (["train", "test"], [True, False]),
        (["YES", "no"], [True, False]),
        (["in", "OUT"], [True, False]),
    ],
)
def test_membership_words(write, words, expected):
    path = write("a.csv", "text,label,member\n" + "".join(f"t,a,{word}\n" for word in words))
    assert read_records(path).member.tolist() == expected


def test_headerless_tsv(write):
    path = write("train.tsv", "ham\tsay \"hi\r\n\nspam\t'win' 5\" now\nham\tbye\n")
    records = read_records(path)
    assert list(records.labels) == ["ham", "spam", "ham"]
    assert list(records.texts) == ['say "hi', "'win' 5\" now", "bye"]
    assert list(records.ids) == ["train:1", "train:2", "train:3"]


def test_byte_order_mark_and_blank_lines_are_no_records(write):
    for name, body in [
        ("a.csv", "\n\ntext,label\n\nhi,a\n\n"),
        ("a.tsv", "\na\thi\n\n"),
        ("a.jsonl", '{"text": "hi", "label": "a"}\n\n'),
    ]:
        records = read_records(write(name, b"\xef\xbb\xbf" + body.encode()))
        assert (records.texts, records.labels) == (["hi"], ["a"])


def test_only_line_feeds_end_a_line(write):
    text = "a\u2028b\x85c\x0bd"
    assert read_records(write("a.tsv", f"x\t{text}\n")).texts == [text]
    assert read_records(write("a.csv", f"text,label\n{text},x\n")).texts == [text]


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.jsonl"])
def test_ten_megabytes_in_one_line(write, name):
    long = "word " * 2_000_000
    body = {
        "a.csv": f"text,label\n{long},a\n",
        "a.tsv": f"a\t{long}\n",
        "a.jsonl": json.dumps({"text": long, "label": "a"}),
    }
    assert len(read_records(write(name, body[name])).texts[0]) == len(long)


def test_json_numbers_and_booleans_become_labels(write):
    body = '{"text": "a", "label": 3}\n{"text": "b", "label": 3.0}\n{"text": "c", "label": true}\n'
    assert read_records(write("a.jsonl", body)).labels == ["3", "3", "True"]


def test_the_file_is_opened_once(write, monkeypatch):
    from pathlib import Path

    path = write("a.tsv", "a\thi\nb\tbye\n")
    opened = []
    original = Path.open
    monkeypatch.setattr(
        Path, "open", lambda self, *args, **kw: opened.append(self) or original(self, *args, **kw)
    )
    read_records(path)
    assert opened == [path]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", "", ["is empty"]),
        ("a.tsv", "\n \n", ["is empty"]),
        ("a.jsonl", "", ["is empty"]),
        ("a.csv", "text,label\n", ["a header but no records"]),
        ("a.tsv", "text\tlabel\n", ["a header but no records"]),
        ("a.csv", b"text,label\nhi,a\nh\xff,b\n", ["0xff", "Line 3"]),
        ("a.csv", "text,label\nhi,a\n".encode("utf-16"), ["Line 1", "UTF-8"]),
        ("a.tsv", b"a\thi\nb\tby\0e\n", ["NUL", "Line 2"]),
        ("a.jsonl", '{"text": "a\\u0000b", "label": "x"}', ["NUL", "record 1"]),
        ("a.jsonl", '{"text": "\\ud800", "label": "x"}', ["surrogate", "record 1"]),
        ("a.csv", "text,label\nhi,a\nbye,\n", ["an empty label", "record 2 (line 3)"]),
        ("a.csv", "text,label\nhi,a\n  ,b\n", ["an empty text", "record 2 (line 3)"]),
        ("a.tsv", "a\thi\nb\t\n", ["an empty text", "record 2 (line 2)"]),
        ("a.jsonl", '{"text": "a", "label": "x"}\n{"text": "b"}\n', ["an empty label", "record 2"]),
        ("a.jsonl", '{"text": 5, "label": "x"}', ["type int"]),
        ("a.jsonl", '{"text": "a", "label": ["x"]}', ["type list"]),
        ("a.jsonl", '{"text": "a", "label": NaN}', ["type float"]),
        ("a.jsonl", '{"text": "a", "label": 0.5}', ["type float"]),
        ("a.jsonl", '{"text": "a", "label": "x"}\nnot json\n', ["Line 2"]),
        ("a.jsonl", "[" * 100_000, ["JSON array"]),
        ("a.jsonl", '{"text": ' + "[" * 100_000, ["Line 1"]),
        ("a.jsonl", '{"text": "a", "label": ' + "9" * 5000 + "}", ["Line 1"]),
        ("a.json", '[{"text": "a", "label": "x"}]', ["JSON array", "jq"]),
        ("a.csv", "text,label\nhi,a\nbye\n", ["Line 3", "1 column instead of 2"]),
        ("a.csv", "text,label\nhi,a,b\n", ["Line 2", "3 columns instead of 2"]),
        ("a.tsv", "a\thi\nb\tone\ttwo\n", ["Line 2", "3 columns instead of 2"]),
        ("a.tsv", "a\thi\nno tab\n", ["Line 2", "1 column instead of 2"]),
        ("a.csv", 'text,label\n"hi,a\nbye,b\n', ["badly quoted", "line 2"]),
        ("a.csv", 'text,label\n"hi"x,a\n', ["badly quoted", "line 2"]),
        ("a.csv", "text,label\nhi\rthere,a\n", ["badly quoted", "line 2"]),
        ("a.csv", "words,label\nhi,a\n", ["No text column", "'words', 'label'", "--text-column"]),
        ("a.csv", "text,kind\nhi,a\n", ["No label column", "'text', 'kind'", "--label-column"]),
        ("a.csv", "text;label\nhi;a\n", ["No text column", "'text;label'"]),
        ("a.tsv", "x\ty\tz\n1\t2\t3\n", ["No text column", "'x', 'y', 'z'"]),
        ("a.csv", "text,sentence,label\nhi,ho,a\n", ["2 columns could be the text: 'text', 'sentence'"]),
        ("a.csv", "text,text,label\nhi,ho,a\n", ["2 columns could be the text"]),
        ("a.csv", "id,text,label\n1,hi,a\n1,ho,a\n", ["The id '1' of record 2", "is taken"]),
        ("a.csv", "text,label,member\nhi,a,perhaps\n", ["membership", "'perhaps'", "record 1"]),
        ("a.csv", "text,label,group\nhi,a,\n", ["an empty group", "record 1"]),
        ("a.xlsx", "x", ["'.xlsx'"]),
        ("a.tsv", "good day\ta\nbye\ta\n", ["more labels (2) than texts (1)", "text<TAB>label"]),
        ("a.tsv", "utt\tkind\n" + "".join(f"c{i % 2}\tword {i}\n" for i in range(40)), ["'utt', 'kind'"]),
    ],
)
def test_refused_in_one_clear_line(write, name, content, words):
    message = refusal(write(name, content))
    for word in words:
        assert word in message


def test_missing_files_directories_and_columns(tmp_path, write):
    assert refusal(tmp_path / "none.csv") == f"No file at {tmp_path / 'none.csv'}. Check the path."
    assert "a directory" in refusal(tmp_path)
    path = write("a.csv", "text,label\nhi,a\n")
    assert "No column 'body' among 'text', 'label'" in refusal(path, Columns(text="body"))
    double = write("b.csv", "x,x,label\nhi,ho,a\n")
    assert "2 columns 'x' among" in refusal(double, Columns(text="x"))


def test_messages_show_only_a_little_of_a_long_cell(write):
    secret = "my account number is " + "9" * 500
    message = refusal(write("a.csv", f"{secret},x\nhi,a\n"))
    assert "9" * 30 not in message
    assert len(message) < 300


@QUICK
@given(content=st.binary(max_size=200), ending=st.sampled_from(["csv", "tsv", "jsonl", "parquet"]))
def test_any_bytes_give_records_or_a_clear_refusal(tmp_path, content, ending):
    path = tmp_path / f"a.{ending}"
    path.write_bytes(content)
    try:
        records = read_records(path)
    except PrivauditError as error:
        assert "\n" not in str(error)  # noqa: PT017
    else:
        assert len(records.texts) == len(records.labels) == len(records.ids) > 0


def test_file_sha256(write, tmp_path):
    assert file_sha256(write("a.bin", b"abc")) == hashlib.sha256(b"abc").hexdigest()
    with pytest.raises(DataError, match="Can't read"):
        file_sha256(tmp_path / "none")
