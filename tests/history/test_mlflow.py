"""A run of MLflow in a folder: its numbers, its words, its files, and what must not be in it."""

import hashlib
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from privaudit.errors import MissingExtraError, UsageError
from privaudit.history.mlflow import EXPERIMENT, log, require
from privaudit.results import Epsilon, Interval, LowerBound, claim_from, read_result


@pytest.fixture
def mlflow():
    return pytest.importorskip("mlflow")


@pytest.fixture
def store(tmp_path, monkeypatch, mlflow):
    del mlflow  # that it is installed
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")  # to read it; log() itself needs no such thing
    return tmp_path / "runs"


@pytest.fixture
def audit(make_audit):
    bound = LowerBound(method="steinke", value=1.5, confidence=0.95, assumes="nothing")
    epsilon = Epsilon(
        verdict="consistent", sentence="s", design="one-run", test="t", delta=1e-5, ceiling=4.0, n_in=9,
        n_out=9, score="loss", canaries="c", threat_model="m", lower_bounds=(bound,),
    )  # fmt: skip
    return make_audit(auc=0.7, epsilon=epsilon, claim=claim_from(epsilon=float("inf")))


def the_run(store):
    import mlflow

    client = mlflow.MlflowClient(str(store))
    (run,) = client.search_runs([client.get_experiment_by_name(EXPERIMENT).experiment_id])
    return run


def test_numbers_words_and_files(audit, store):
    identifier = log(audit, str(store))
    run = the_run(store)
    assert (run.info.run_id, run.info.status, run.info.run_name) == (identifier, "FINISHED", "audit model.pt")
    assert run.info.start_time == 1767261600000, "when it was audited, not when it was logged"
    numbers = run.data.metrics
    assert numbers["loss.auc"] == 0.7
    assert numbers["loss.auc.low"] == pytest.approx(0.65)
    assert numbers["loss.tpr_at_0.01.high"] == pytest.approx(0.14)
    assert numbers["gap.advantage"] == pytest.approx(0.1)
    assert (numbers["enumerate.exposure"], numbers["enumerate.extracted"]) == (12.0, 1.0)
    assert numbers["steinke.epsilon"] == 1.5
    tags = run.data.tags
    assert tags["privaudit.verdict"] == "fail"
    assert (tags["privaudit.model_digest"], tags["privaudit.version"]) == ("d" * 64, "1.2.3")
    page = (Path(run.info.artifact_uri) / "report.html").read_bytes()
    assert tags["privaudit.report_sha256"] == hashlib.sha256(page).hexdigest()
    assert run.data.params == {
        "command": "audit", "seed": "3", "n_members": "1000", "n_nonmembers": "1000",
        "model_format": "bundle", "architecture": "bow", "claimed_epsilon": "inf", "limits": "loss:auc>0.6",
    }  # fmt: skip


def test_what_was_not_measured_is_named_and_never_a_number(audit, store):
    endless = audit.model_copy(
        update={
            "membership": (
                audit.membership[0].model_copy(
                    update={"auc": Interval(value=0.7, low=0.6, high=float("inf"))}
                ),
            )
        }
    )
    log(endless, str(store))
    run = the_run(store)
    missing = run.data.tags["privaudit.not_measured"].split(", ")
    assert missing == ["loss.auc.high", "loss.tpr_at_0.0001", "loss.tpr_at_0.001"]
    assert not set(missing) & set(run.data.metrics)
    assert "steinke.epsilon.high" not in missing, "no attack bounds epsilon from above"


def test_no_text_and_no_secret_leaves_even_where_the_result_shows_them(audit, store):
    assert "my private text" in audit.model_dump_json()
    log(audit, str(store))
    for file in store.rglob("*"):
        if file.is_file():
            content = file.read_text()
            for hidden in ("my private text", "4711", "4712", "confidential"):
                assert hidden not in content, file
    result = read_result(Path(the_run(store).info.artifact_uri) / "result.json")
    assert result.membership == audit.membership


def test_runs_gather_in_one_experiment(audit, store, mlflow):
    assert log(audit, str(store)) != log(audit, store.as_uri())
    client = mlflow.MlflowClient(str(store))
    assert len(client.search_runs([client.get_experiment_by_name(EXPERIMENT).experiment_id])) == 2


@pytest.mark.parametrize("attack", ["../../../escape", "..", "a/b", "loss\n", "x" * 400, "\u202e<b>"])
def test_names_that_lead_out_of_a_folder_lead_nowhere(audit, store, attack):
    hostile = audit.model_copy(
        update={
            "membership": (audit.membership[0].model_copy(update={"attack": attack}),),
            "model": audit.model.model_copy(update={"path": attack}),
        }
    )
    log(hostile, str(store))
    assert len(the_run(store).data.metrics) > 10
    assert [path.name for path in store.parent.iterdir()] == ["runs"]


def test_settings_of_mlflow_are_as_before_and_telemetry_is_off_meanwhile(audit, store, mlflow, monkeypatch):
    for name in ("MLFLOW_DISABLE_TELEMETRY", "MLFLOW_ALLOW_FILE_STORE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "7")
    seen = {}

    def watch(*_):
        seen.update(os.environ)

    monkeypatch.setattr(mlflow.MlflowClient, "log_artifacts", watch)
    before = dict(os.environ)
    log(audit, str(store))
    assert dict(os.environ) == before
    assert seen["MLFLOW_DISABLE_TELEMETRY"] == "true"
    assert seen["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] == "7", "the user's own setting counts"


def test_a_run_that_breaks_off_is_marked_as_failed(audit, store, mlflow, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(mlflow.MlflowClient, "log_artifacts", full)
    with pytest.raises(UsageError, match="No space left"):
        log(audit, str(store))
    assert the_run(store).info.status == "FAILED"


@pytest.mark.usefixtures("mlflow")
def test_a_server_that_is_gone_is_one_line_without_its_password(audit, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(UsageError) as caught:
        log(audit, f"http://me:hush@127.0.0.1:{port}")
    assert f"127.0.0.1:{port}" in str(caught.value)
    assert "hush" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("mlflow")
@pytest.mark.parametrize("uri", ["sqlite:///runs.db", "unknown://x", "/dev/null/runs"])
def test_a_store_that_cannot_be_used_is_one_line(audit, uri):
    with pytest.raises(UsageError, match="MLflow could not log the run to"):
        log(audit, uri)


def test_without_mlflow_the_message_says_how_to_get_it(audit, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    for act in (require, lambda: log(audit, "runs")):
        with pytest.raises(MissingExtraError, match=r"privaudit\[mlflow\]"):
            act()


SILENT = """
import socket, sys
from pathlib import Path

def refuse(*arguments, **_):
    raise AssertionError(f"a connection to {arguments}")

socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
from privaudit.history.mlflow import log
from privaudit.results import read_result

result = read_result(Path(sys.argv[1]))
assert not any(name.split(".")[0] in ("mlflow", "torch") for name in sys.modules)
log(result, sys.argv[2])
import threading
from mlflow.telemetry.client import get_telemetry_client
assert get_telemetry_client() is None
assert "torch" not in sys.modules
print([thread.name for thread in threading.enumerate() if "telemetry" in thread.name.lower()])
"""


@pytest.mark.slow
def test_outside_of_tests_nothing_is_sent_anywhere_or_printed(audit, tmp_path):
    """MLflow keeps its telemetry off in pytest and in CI of itself, so this runs where it would be on."""
    from privaudit.results import write_result

    write_result(audit, tmp_path / "result.json")
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", SILENT, tmp_path / "result.json", tmp_path / "runs"],
        env=environment, capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["result.json", "runs"]
    assert json.loads((tmp_path / "result.json").read_text())["command"] == "audit"
