"""``privaudit sweep`` from the outside."""

import json

import pytest

from privaudit.results import read_result

SMALL = (
    "--arch", "cnn", "--width", 8, "--epochs", 2, "--models", 2, "--controls", 1,
    "--pattern", "my pin is {0|1|2|3|4:2}", "--repetitions", 20,
)  # fmt: skip


@pytest.fixture
def messages(trained):
    return trained / "messages.tsv"


def test_a_sweep_writes_a_result_and_prints_a_table(privaudit, messages, tmp_path):
    out = tmp_path / "sweep.json"
    done = privaudit(
        "sweep", messages, *SMALL, "--defences", "none,all", "-o", out, "--store", tmp_path / "s"
    )
    assert (done.code, done.out.splitlines()[0][:13]) == (0, "NO LIMITS SET")
    assert "defences combined" in done.out
    assert [line.split()[0] for line in done.out.splitlines() if line.startswith(("none ", "all "))] == [
        "none", "all"]  # fmt: skip
    result = read_result(out)
    assert [row.defence for row in result.sweep.defences] == ["none", "all"]
    assert result.provenance.settings["epochs"] == "2 (flag)"
    assert "sweep" in result.provenance.argv


def test_json_goes_to_stdout_alone(privaudit, messages):
    done = privaudit("sweep", messages, *SMALL, "--defences", "none", "--json")
    assert json.loads(done.out)["sweep"]["defences"][0]["defence"] == "none"


def test_a_dry_run_trains_nothing_and_tells_the_cost(privaudit, messages, tmp_path):
    store = tmp_path / "untouched"
    done = privaudit("sweep", messages, *SMALL, "--defences", "none,dropout", "--store", store, "--dry-run")
    assert done.code == 0
    assert not store.exists()
    assert "Defence    none: 3 models to train, 0 in the store" in done.out
    assert "Time " in done.out
    privaudit("sweep", messages, *SMALL, "--defences", "none", "--store", store, "-q")
    again = privaudit("sweep", messages, *SMALL, "--defences", "none", "--store", store, "--dry-run")
    assert "none: 0 models to train, 3 in the store" in again.out


def test_time_that_runs_out_is_inconclusive(privaudit, messages, tmp_path):
    out = tmp_path / "sweep.json"
    done = privaudit("sweep", messages, *SMALL, "--store", tmp_path / "s", "--max-seconds", 0, "-o", out)
    assert done.code == 4
    assert "INCONCLUSIVE" in done.out
    result = read_result(out)
    assert len(result.not_run) == 5
    assert all(row.exposure_bits.value is None for row in result.sweep.defences)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--defences", "magic"), "--defences"),
        (("--label", "nobody"), "--label"),
        (("--pattern", "no slot"), "slots"),
        (("--candidates", "x"), "--candidates"),
        (("--arch", "hf:nowhere"), "config.json"),
        (("--holdout", "2"), "--holdout"),
        (("--models", "0"), "--models"),
        (("--ray", "auto", "--workers", "2"), "--workers"),
        (("-o", "/nowhere/result.json"), "/nowhere"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(privaudit, messages, arguments, named):
    done = privaudit("sweep", messages, *arguments)
    assert (done.code, done.out) == (2, "")
    assert named in done.err
    assert done.err.count("\n") == 1


def test_a_missing_file_is_one_line_and_exit_2(privaudit, tmp_path):
    done = privaudit("sweep", tmp_path / "none.tsv")
    assert (done.code, done.err.count("\n")) == (2, 1)
