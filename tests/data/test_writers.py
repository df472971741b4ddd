from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privaudit.data.readers import read_records
from privaudit.data.records import Records
from privaudit.data.writers import check_writable_format, encode_records
from privaudit.errors import UsageError

_TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=10
).filter(lambda text: text.strip())
_NAME = _TEXT.map(str.strip)


def test_the_three_formats():
    records = Records(["a", "b"], ['say "hi", you', "tab\there"], ["x", "y"])
    assert encode_records(records, Path("r.csv")) == (
        b'id,label,text\na,x,"say ""hi"", you"\nb,y,tab\there\n'
    )
    assert encode_records(records, Path("r.TSV")) == (
        b'id\tlabel\ttext\na\tx\t"say ""hi"", you"\nb\ty\t"tab\there"\n'
    )
    assert encode_records(records, Path("r.jsonl")) == (
        b'{"id": "a", "label": "x", "text": "say \\"hi\\", you"}\n'
        b'{"id": "b", "label": "y", "text": "tab\\there"}\n'
    )


@pytest.mark.parametrize("name", ["r.parquet", "r", "r.xlsx"])
def test_other_endings_are_refused(name):
    with pytest.raises(UsageError, match="-o"):
        check_writable_format(Path(name))


@settings(deadline=None)
@given(
    rows=st.lists(
        st.tuples(_NAME, _TEXT, _NAME, _NAME), min_size=1, max_size=6, unique_by=lambda row: row[0]
    ),
    ending=st.sampled_from(["csv", "tsv", "tab", "jsonl", "ndjson", "json"]),
    grouped=st.booleans(),
)
def test_what_is_written_is_read_again(tmp_path_factory, rows, ending, grouped):
    ids, texts, labels, groups = map(list, zip(*rows, strict=True))
    records = Records(ids, texts, labels, groups if grouped else None)
    path = tmp_path_factory.mktemp("written") / f"r.{ending}"
    path.write_bytes(encode_records(records, path))
    again = read_records(path)
    assert (again.ids, again.texts, again.labels) == (ids, texts, labels)
    assert again.groups == records.groups
