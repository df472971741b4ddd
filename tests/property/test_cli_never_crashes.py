"""Whatever bytes the files hold, the program ends with a designed exit code and at most one line."""

import contextlib
import io
import re
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from privaudit.cli.app import app
from privaudit.cli.failures import run_guarded

DEMO = Path(__file__).parents[2] / "fixtures" / "demo"
_ENDINGS = (
    "pt",
    "pth",
    "bin",
    "safetensors",
    "onnx",
    "skops",
    "pkl",
    "joblib",
    "csv",
    "tsv",
    "npz",
    "parquet",
)
_BEGINNINGS = (
    b"",
    b"PK\x03\x04",
    b"\x80\x02",
    b"\x80\x04\x95",
    b"PAR1",
    b"\x93NUMPY",
    b"\x08\x07\x12",
    b"\x1f\x8b",
)
_TABLE = b"member,label,logit_0,logit_1\n"
_QUICK = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The demonstration bundle and two small files of messages that it can be audited with."""
    folder = tmp_path_factory.mktemp("demo")
    for path in DEMO.iterdir():
        shutil.copy(path, folder)
    lines = (folder / "messages.tsv").read_bytes().splitlines(keepends=True)
    (folder / "members.tsv").write_bytes(b"".join(lines[:40]))
    return folder


def assert_ends_well(*arguments):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run_guarded(app, [str(argument) for argument in arguments])
    assert code in {0, 1, 2, 4}, err.getvalue()
    assert "Traceback" not in out.getvalue() + err.getvalue()
    if code == 2:
        assert out.getvalue() == ""
        # what happened, then what to do, in one line
        assert re.fullmatch(r"privaudit: \S.*\. \S.*\.\n", err.getvalue()), err.getvalue()


@_QUICK
@given(
    ending=st.sampled_from(_ENDINGS),
    beginning=st.sampled_from((*_BEGINNINGS, _TABLE)),
    rest=st.binary(max_size=300),
)
def test_random_bytes_as_a_model(tmp_path, ending, beginning, rest):
    path = tmp_path / f"model.{ending}"
    path.write_bytes(beginning + rest)
    assert_ends_well("mia", path)


@_QUICK
@given(
    position=st.floats(0, 1, exclude_max=True), damage=st.binary(min_size=1, max_size=8), cut=st.booleans()
)
def test_a_damaged_bundle(demo, tmp_path, position, damage, cut):
    content = (demo / "model.pt").read_bytes()
    start = int(position * len(content))
    (tmp_path / "model.pt").write_bytes(
        content[:start] + damage + (b"" if cut else content[start + len(damage) :])
    )
    assert_ends_well("mia", tmp_path / "model.pt", "--data", demo / "messages.tsv", "--attack", "loss")


_CELL = st.sampled_from(("loan", "transfer", "label", "text", "pay the sofa", "weather", "1", ""))
_ROWS = st.lists(st.tuples(_CELL, _CELL), max_size=8)


def as_bytes(ending, rows):
    if ending == "jsonl":
        return "".join(f'{{"label": "{a}", "text": "{b}"}}\n' for a, b in rows).encode()
    separator = "\t" if ending == "tsv" else ","
    return "".join(f"{a}{separator}{b}\n" for a, b in [("label", "text"), *rows]).encode()


@_QUICK
@given(
    ending=st.sampled_from(("csv", "tsv", "jsonl")),
    rows=_ROWS,
    tail=st.binary(max_size=40),
    side=st.sampled_from(("--members", "--nonmembers")),
)
def test_random_bytes_as_data(demo, tmp_path, ending, rows, tail, side):
    path = tmp_path / f"data.{ending}"
    path.write_bytes(as_bytes(ending, rows) + tail)
    other = "--nonmembers" if side == "--members" else "--members"
    assert_ends_well("mia", demo / "model.pt", side, path, other, demo / "members.tsv", "--attack", "loss")


@_QUICK
@given(rows=_ROWS, tail=st.binary(max_size=40), ending=st.sampled_from(("csv", "tsv", "jsonl")))
def test_random_bytes_as_training_data(tmp_path, rows, tail, ending):
    path = tmp_path / f"data.{ending}"
    path.write_bytes(as_bytes(ending, rows) + tail)
    assert_ends_well("train", path, "-o", tmp_path / "model.pt", "--epochs", 1, "--width", 2)


@_QUICK
@given(
    rows=st.lists(
        st.tuples(*[st.sampled_from(("0", "1", "0.5", "nan", "-inf", "", "x", "1e400"))] * 4), max_size=8
    )
)
def test_random_score_tables(tmp_path, rows):
    path = tmp_path / "scores.csv"
    path.write_bytes(_TABLE + "".join(",".join(row) + "\n" for row in rows).encode())
    assert_ends_well("mia", path)


@_QUICK
@given(pattern=st.text(st.sampled_from("{}|:04 a\n\u202ecolourdigitword\0"), max_size=16))
def test_random_patterns_of_canaries(demo, tmp_path, pattern):
    messages, manifest = demo / "members.tsv", tmp_path / "m.json"
    assert_ends_well(
        "canary",
        "plant",
        messages,
        f"--pattern={pattern}",
        "-o",
        tmp_path / "p.tsv",
        f"--manifest={manifest}",
    )


@_QUICK
@given(damage=st.binary(max_size=6), position=st.floats(0, 1))
def test_damaged_manifests(demo, tmp_path, damage, position):
    manifest, planted = tmp_path / "m.json", tmp_path / "p.tsv"
    assert_ends_well(
        "canary", "plant", demo / "members.tsv", "--pattern", "pin {digit:2}", "--repetitions", 2,
        "-o", planted, "--manifest", manifest,
    )  # fmt: skip
    content = manifest.read_bytes()
    start = int(position * len(content))
    manifest.write_bytes(content[:start] + damage + content[start + len(damage) :])
    model = tmp_path / "model.pt"
    assert_ends_well("train", planted, "--canaries", manifest, "-o", model, "--epochs", 1, "--width", 2)
