import numpy as np
import pandas as pd
import pytest

from privaudit.errors import DataError, UnsafeModelError
from privaudit.targets.interface import Access
from privaudit.targets.score_table import read_score_table

N = 6
LOGITS = np.array([[1.5, -2.0], [0.25, 3.0], [-1.0, 1.0], [4.0, 0.0], [0.0, 0.5], [2.0, 2.5]])
MEMBER = np.array([1, 1, 1, 0, 0, 0])
LABEL = np.array([0, 1, 1, 0, 1, 0])


def frame(prefix="logit_", names=("0", "1"), scores=LOGITS, **columns):
    table = pd.DataFrame({"member": MEMBER, "label": LABEL})
    for i, name in enumerate(names):
        table[f"{prefix}{name}"] = scores[:, i]
    return table.assign(**columns)


def probabilities():
    e = np.exp(LOGITS)
    return e / e.sum(1, keepdims=True)


def write(table, path):
    if path.suffix == ".parquet":
        table.to_parquet(path, index=False)
    else:
        table.to_csv(path, index=False, sep="\t" if path.suffix == ".tsv" else ",")
    return path


@pytest.fixture(params=["x.csv", "x.tsv", "x.parquet"])
def save(request, tmp_path):
    return lambda table: write(table, tmp_path / request.param)


def test_logits_come_back(save):
    table = read_score_table(save(frame()))
    np.testing.assert_array_equal(table.logits, LOGITS)
    assert table.member.dtype == np.bool_
    assert table.member.tolist() == MEMBER.astype(bool).tolist()
    assert table.label.tolist() == LABEL.tolist()
    assert table.label.dtype == np.int64
    assert table.labels == ("0", "1")
    assert table.access is Access.LOGITS
    assert list(table.ids) == [f"row-{i}" for i in range(1, N + 1)]
    assert table.ids[-1] == "row-6"
    assert table.ids[1:3] == ["row-2", "row-3"]
    assert table.texts is table.groups is table.reference_logits is None


def test_probabilities_become_logarithms(save):
    table = read_score_table(save(frame("prob_", scores=probabilities())))
    np.testing.assert_allclose(table.logits, np.log(probabilities()))
    assert table.access is Access.SCORE
    assert table.extra == {}


def test_probabilities_of_zero_are_clipped_and_noted(save):
    scores = probabilities()
    scores[2] = [0, 1]
    table = read_score_table(save(frame("prob_", scores=scores)))
    assert table.logits[2].tolist() == [np.log(np.finfo(float).tiny), 0]
    assert "1 probabilities" in table.extra["clipped"]


@pytest.mark.parametrize(
    "words",
    [("yes", "no"), ("In", "OUT"), ("true", "false"), ("member", "non-member"), (True, False), (1.0, 0.0)],
)
def test_words_for_membership(save, words):
    table = read_score_table(save(frame(member=[words[0]] * 3 + [words[1]] * 3)))
    assert table.member.tolist() == MEMBER.astype(bool).tolist()


def test_labels_by_name(save):
    table = frame(names=("ham", "spam"), label=["ham", "spam", "spam", "ham", "spam", "ham"])
    read = read_score_table(save(table))
    assert read.labels == ("ham", "spam")
    assert read.label.tolist() == LABEL.tolist()


def test_labels_by_index_of_named_columns(save):
    assert read_score_table(save(frame(names=("ham", "spam")))).label.tolist() == LABEL.tolist()


def test_names_go_before_indices_for_the_whole_column(save):
    by_name = read_score_table(save(frame(names=("1", "0"))))
    assert by_name.label.tolist() == (1 - LABEL).tolist()
    one_based = read_score_table(save(frame(names=("1", "2"))))
    assert one_based.label.tolist() == LABEL.tolist()


@pytest.mark.parametrize("names", [("NA", "null"), ("007", "7"), ("True", "False"), ("1e2", "nan")])
def test_awkward_names_stay_names(save, names):
    labels = [names[i] for i in LABEL]
    assert read_score_table(save(frame(names=names, label=labels))).label.tolist() == LABEL.tolist()


def test_other_columns_by_name(save):
    table = frame(
        key=[f"k{i}" for i in range(N)], user=list("aabbcc"), body=["null", "", "a,b", 'q"', "é", "x\ty"]
    )
    table = table.rename(columns={"member": "was_in", "label": "y"})
    read = read_score_table(
        save(table),
        member_column="was_in",
        label_column="y",
        id_column="key",
        group_column="user",
        text_column="body",
    )
    assert read.ids == [f"k{i}" for i in range(N)]
    assert read.groups == list("aabbcc")
    assert read.texts == ["null", "", "a,b", 'q"', "é", "x\ty"]


def test_id_and_text_are_found_without_being_named(save):
    read = read_score_table(save(frame(id=range(N), text=list("abcdef"))))
    assert read.ids == list("012345")
    assert read.texts == list("abcdef")


def test_more_rows_than_one_block(save):
    rng = np.random.default_rng(0)
    n = 70_000
    scores = rng.normal(size=(n, 3))
    table = pd.DataFrame(scores, columns=["logit_a", "logit_b", "logit_c"])
    table["member"], table["label"] = rng.integers(0, 2, n), rng.choice(list("abc"), n)
    read = read_score_table(save(table))
    np.testing.assert_allclose(read.logits, scores, rtol=1e-14)
    assert read.member.tolist() == table["member"].astype(bool).tolist()
    assert [read.labels[i] for i in read.label] == table["label"].tolist()


def test_integer_scores_and_quoted_line_ends(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(
        '\ufeffmember,label,logit_0,logit_1,text\r\n1,0,1,2,"two\r\nlines"\r\n0,1,3,4,x\r\n', newline=""
    )
    table = read_score_table(path)
    assert table.logits.tolist() == [[1, 2], [3, 4]]
    assert table.logits.base is None or table.logits.shape == (2, 2)
    assert table.texts == ["two\r\nlines", "x"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends(tmp_path, end):
    lines = ["member,label,logit_0,logit_1", "1,0,1,2", "0,1,3,4", ""]
    (tmp_path / "x.csv").write_text(end.join(lines), newline="")
    assert read_score_table(tmp_path / "x.csv").logits.tolist() == [[1, 2], [3, 4]]


def test_mixed_line_ends_are_told(tmp_path, fails):
    (tmp_path / "x.csv").write_text("member,label,logit_0,logit_1\n" + "1,0,1,2\r0,1,3,4\r" * 9, newline="")
    assert "line end" in fails(DataError, read_score_table, tmp_path / "x.csv")


def test_semicolons(tmp_path):
    (tmp_path / "x.csv").write_text("member;label;logit_0;logit_1\n1;0;1;2\n0;1;3;4\n")
    assert read_score_table(tmp_path / "x.csv").logits.tolist() == [[1, 2], [3, 4]]


def broken(**columns):
    return frame(**{name: [*values] for name, values in columns.items()})


def test_a_record_where_the_header_belongs_is_not_repeated(tmp_path):
    path = tmp_path / "records.csv"
    path.write_text("transfer,my account number is 12345\nloan,another\n")
    with pytest.raises(DataError, match="among the columns transfer, …") as caught:
        read_score_table(path)
    assert "12345" not in str(caught.value)


@pytest.mark.parametrize(
    ("table", "parts"),
    [
        (broken(logit_0=[1, np.nan, 2, np.nan, 3, 4]), ["2 of 6", "record 2"]),
        (broken(logit_1=[1, 2, 3, np.inf, 3, 4]), ["1 of 6", "record 4"]),
        (broken(logit_1=[1, 2, 3, -np.inf, 3, np.inf]), ["2 of 6", "record 4"]),
        (broken(logit_1=["1", "2", "3", "x", "y", "5"]), ["2 of 6", "record 4"]),
        (broken(label=[0, 1, 2, 0, -1, 0]), ["2 of 6", "record 3", "0 to 1"]),
        (broken(label=["0", "1", "cat", "0", "1", "0"]), ["1 of 6", "record 3"]),
        (broken(label=[0, 1, 0.5, 0, 1, 0]), ["1 of 6", "record 3"]),
        (broken(label=[0, 1, np.nan, 0, 1, 0]), ["1 of 6", "record 3"]),
        (broken(member=[1, 1, 2, 0, 0, 5]), ["2 of 6", "record 3"]),
        (broken(member=["yes", None, "yes", "no", "no", "no"]), ["1 of 6", "record 2"]),
        (broken(member=[1] * N), ["no non-members among its 6 records"]),
        (broken(member=[0] * N), ["no members among its 6 records"]),
        (frame("prob_", scores=LOGITS), ["0 to 1", "record 1"]),
        (frame("prob_", scores=probabilities() * 0.9), ["sum to 1", "6 of 6"]),
        (frame("prob_", scores=np.where(LOGITS > 3.5, np.nan, probabilities())), ["1 of 6", "record 4"]),
        (frame().drop(columns="member"), ["'member'", "--member-column"]),
        (frame().drop(columns="label"), ["'label'", "--label-column"]),
        (frame().drop(columns="logit_1"), ["only one score column, logit_0"]),
        (frame().drop(columns=["logit_0", "logit_1"]), ["No logit_<class> or prob_<class> among"]),
        (frame(prob_0=probabilities()[:, 0]), ["both logit_<class> and prob_<class>"]),
        (frame().head(0), ["a header but no records"]),
        (frame(id=list("aabcde")), ["1 ids are repeated"]),
        (frame(id=["a", "b", "", "c", "d", "e"]), ["1 of 6", "record 3"]),
    ],
)  # fmt: skip
def test_faults_are_counted_and_located(save, fails, table, parts):
    message = fails(DataError, read_score_table, save(table))
    for part in parts:
        assert part in message


def test_missing_optional_column_is_told(save, fails):
    assert "--group-column" in fails(DataError, read_score_table, save(frame()), group_column="user")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"member,label,logit_0,logit_1\n1,0,1,2,99\n0,0,1,2,99\n",
        b"member,label,logit_0,logit_1\n1,0,1,2\n0,0,1,2,99\n",
        b"member,label,logit_0,logit_1\n1,0,1\n0,0,1,2\n",
        b"member,label,logit_0,logit_1,text\n1,0,1,2,\xff\xfe\n0,0,1,2,x\n",
        b"\xff\xfe\x00member,label\n",
        b"member,label,logit_0,logit_0\n1,0,1,2\n",
        b'member,label,logit_0,logit_1\n1,0,1,"2\n0,1,2,3\n',
        b"PAR1 and nothing else",
        b"PK\x03\x04 and nothing else",
        b"\x00" * 100,
        b"x" * (3 << 20),
        "é".encode() * (1 << 20),
    ],
)
def test_damaged_tables(tmp_path, fails, content):
    (tmp_path / "x.csv").write_bytes(content)
    fails(DataError, read_score_table, tmp_path / "x.csv")


def test_missing_file(tmp_path, fails):
    fails(DataError, read_score_table, tmp_path / "absent.csv")


def arrays(**changes):
    content = {"member": MEMBER.astype(bool), "label": LABEL, "target_logits": LOGITS, **changes}
    return {name: value for name, value in content.items() if value is not None}


@pytest.fixture
def save_npz(tmp_path):
    def save(**changes):
        np.savez(tmp_path / "x.npz", **arrays(**changes))
        return tmp_path / "x.npz"

    return save


def test_signals_come_back(save_npz):
    reference = np.random.default_rng(0).normal(size=(3, N, 2))
    table = read_score_table(
        save_npz(
            ids=np.array([f"pool:{i}" for i in range(N)]),
            reference_logits=reference,
            reference_in=reference[..., 0] > 0,
            scores__loss=np.zeros(N),
        )
    )  # fmt: skip
    assert table.ids == [f"pool:{i}" for i in range(N)]
    np.testing.assert_array_equal(table.logits, LOGITS)
    np.testing.assert_array_equal(table.reference_logits, reference.astype(np.float32))
    np.testing.assert_array_equal(table.reference_in, reference[..., 0] > 0)


@pytest.mark.parametrize("name", ["logits", "target_logits"])
def test_names_of_the_score_array(save_npz, name):
    table = read_score_table(save_npz(**{"target_logits": None, name: LOGITS.astype(np.float32)}))
    assert table.logits.dtype == np.float64
    assert table.access is Access.LOGITS


def test_npz_with_probabilities_and_class_names(save_npz):
    names = np.array(["ham", "spam"])
    table = read_score_table(
        save_npz(target_logits=None, probabilities=probabilities(), class_names=names, label=names[LABEL])
    )
    assert table.access is Access.SCORE
    assert table.labels == ("ham", "spam")
    assert table.label.tolist() == LABEL.tolist()
    np.testing.assert_allclose(table.logits, np.log(probabilities()))


def test_npz_with_pickled_objects_does_not_run(save_npz, fails, bomb):
    for name in ("member", "ids", "target_logits"):
        path = save_npz(**{name: np.array([bomb] * N, dtype=object)})
        assert "pickled" in fails(UnsafeModelError, read_score_table, path)


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"member": None}, "Save member, label"),
        ({"label": None}, "Save member, label"),
        ({"target_logits": None}, "one of target_logits"),
        ({"logits": LOGITS}, "one of target_logits"),
        ({"target_logits": LOGITS[:, :1]}, "[6, 1]"),
        ({"target_logits": LOGITS[0]}, "[2]"),
        ({"target_logits": LOGITS.astype(str)}, "<U"),
        ({"target_logits": np.where(LOGITS > 3.5, np.nan, LOGITS)}, "1 of 6"),
        ({"member": MEMBER[:5]}, "[5]"),
        ({"label": LABEL + 1}, "record 2"),
        ({"ids": np.array(["a"] * N)}, "5 of the ids are repeated"),
        ({"ids": np.array(["a"] * 3)}, "6 strings"),
        ({"reference_logits": np.zeros((2, N, 2))}, "Only one of reference_logits and reference_in"),
        ({"reference_logits": np.zeros((2, N, 3)), "reference_in": np.zeros((2, N), bool)}, "[2, 6, 3]"),
        ({"reference_logits": np.zeros((2, N, 2)), "reference_in": np.zeros((3, N), bool)}, "[3, 6]"),
        ({"reference_logits": np.full((2, N, 2), np.nan), "reference_in": np.zeros((2, N), bool)}, "NaN"),
    ],
)
def test_npz_faults_are_told(save_npz, fails, changes, part):
    assert part in fails(DataError, read_score_table, save_npz(**changes))


@pytest.mark.parametrize("keep", [0.3, 0.7, 0.99])
def test_truncated_files(save_npz, tmp_path, fails, keep):
    for path in (save_npz(), write(frame(), tmp_path / "x.parquet")):
        data = path.read_bytes()
        path.write_bytes(data[: int(len(data) * keep)])
        fails(DataError, read_score_table, path)


def test_missing_pyarrow_is_told_with_the_command(tmp_path, fails, monkeypatch):
    import sys

    from privaudit.errors import MissingExtraError

    path = write(frame(), tmp_path / "x.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    assert "privaudit[parquet]" in fails(MissingExtraError, read_score_table, path)


def test_memory_stays_near_one_table(tmp_path):
    import tracemalloc

    n = 60_000
    scores = np.random.default_rng(0).normal(size=(n, 10)).round(3)
    table = pd.DataFrame(scores, columns=[f"logit_{i}" for i in range(10)]).assign(
        member=np.arange(n) % 2, label=0
    )
    path = write(table, tmp_path / "x.csv")
    read_score_table(path)
    tracemalloc.start()
    try:
        read_score_table(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2.5 * scores.nbytes
