"""What a command writes beside its result: page, history, MLflow run, summary of a build step."""

import importlib.util
import json
import stat

import pytest

from privaudit import history
from privaudit.cli.option_groups import OutputOptions
from privaudit.cli.output import deliver
from privaudit.errors import ResultError, UsageError
from privaudit.results import read_result

MODEL = "fixtures/demo/model.pt"


@pytest.fixture
def mia(privaudit, request, tmp_path, monkeypatch):
    """Audit the demonstration's model by one attack, in an empty folder."""
    model = request.config.rootpath / MODEL
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: privaudit("mia", model, "--attack", "loss", *arguments)


@pytest.fixture
def result(request):
    """A result with texts and without a verdict, as read from a specimen."""
    found = read_result(request.config.rootpath / "reports" / "membership-fail" / "result.json")
    verdict = found.verdict.model_copy(update={"status": "not-judged"})
    records = tuple(row.model_copy(update={"text": "my private text"}) for row in found.records)
    return found.model_copy(update={"verdict": verdict, "records": records})


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_one_command_writes_them_all_and_fails_the_build(mia, tmp_path, monkeypatch):
    summary = tmp_path / "summary.md"
    summary.write_text("# Before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    run = mia(
        "--fail-if", "auc>0.6", "--show-texts", "-o", "r.json", "--html", "r.html", "--history", "past.db"
    )
    assert run.code == 1
    assert run.out.startswith("FAIL")
    assert run.err.splitlines() == ["Result: r.json", "Report: r.html", "History: past.db"]
    found = read_result(tmp_path / "r.json")
    text = next(row.text for row in found.records)
    page = (tmp_path / "r.html").read_text()
    assert page.startswith("<!DOCTYPE html>")
    assert text in page
    assert mode(tmp_path / "r.html") == 0o600
    (entry,) = history.read(tmp_path / "past.db")
    assert (entry.status, entry.model_digest) == ("fail", found.model.digest)
    lines = summary.read_text()
    assert lines.startswith("# Before\n\n# Privacy audit of ")
    assert "**❌ FAIL**" in lines
    assert text not in lines
    assert "Treat it as confidential" not in lines


def test_settings_of_the_configuration_file_work_like_flags(mia, tmp_path):
    (tmp_path / "privaudit.toml").write_text(
        '[mia]\nhtml = "page.html"\nhistory = "past.db"\noutput = "r.json"\n'
    )
    assert mia("-q").code == 0
    assert mode(tmp_path / "page.html") == 0o644
    assert len(history.read(tmp_path / "past.db")) == 1
    settings = read_result(tmp_path / "r.json").provenance.settings
    assert settings["html"] == "page.html (configuration)"
    assert settings["history"] == "past.db (configuration)"


def test_a_dry_run_writes_nothing(mia, tmp_path, monkeypatch):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    assert mia("--dry-run", "--html", "r.html", "--history", "past.db", "-o", "r.json").code == 0
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["--html", "missing/r.html"],
            "Cannot write missing/r.html: its folder is missing or not writable. Check the path.",
        ),
        (["--html", "-"], "--html cannot write to - (stdout). Name a file."),
        (
            ["--html", "folder"],
            "Cannot write folder: it is not an ordinary file. Change the path; -o - is stdout.",
        ),
        (
            ["-o", "r.json", "--html", "./r.json"],
            "r.json would be read and written, or written twice. Give every output its own file.",
        ),
        (
            ["--html", "r.db", "--history", "folder/../r.db"],
            "r.db would be read and written, or written twice",
        ),
        (["--signals", "r.npz", "--html", "r.npz"], "r.npz would be read and written, or written twice"),
        (["--history", "notes.txt"], "notes.txt"),
        (
            ["--mlflow", "https://ann:secret@example.org"],
            "The address in --mlflow contains a user name or password. Set MLFLOW_TRACKING_USERNAME and",
        ),
        (
            ["--mlflow", "https://secret@example.org/x"],
            "The address in --mlflow contains a user name or password. Set MLFLOW_TRACKING_USERNAME and",
        ),
        (["--history", "-"], "--history cannot write to - (stdout). Name a file."),
        (
            ["--html", "notes.txt", "--members", "notes.txt"],
            "notes.txt would be read and written, or written twice",
        ),
    ],
)
def test_what_cannot_be_written_is_refused_before_the_work(
    privaudit, tmp_path, monkeypatch, arguments, words
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "notes.txt").write_text("no database")
    before = sorted(tmp_path.rglob("*"))
    run = privaudit("mia", "no-such-model.pt", *arguments)
    assert run.code == 2
    assert words in run.err
    assert "secret" not in run.err
    assert sorted(tmp_path.rglob("*")) == before


def test_mlflow_that_is_not_installed_is_refused_before_the_work(privaudit, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "mlflow" else find(name, *rest)
    )
    run = privaudit("mia", "no-such-model.pt", "--mlflow", "runs")
    assert run.code == 2
    assert 'Run: pip install "privaudit[mlflow]"' in run.err


@pytest.mark.slow
def test_a_run_of_mlflow_is_logged_and_named(mia, tmp_path):
    run = mia("--mlflow", str(tmp_path / "mlruns"))
    assert run.code == 0
    (line,) = [line for line in run.err.splitlines() if line.startswith("MLflow run: ")]
    assert list((tmp_path / "mlruns").glob(f"*/{line.removeprefix('MLflow run: ')}"))


def broken(*_):
    raise ResultError("past.db is a locked one", "Try again")


@pytest.mark.parametrize("status", ["fail", "not-judged", "pass", "inconclusive"])
def test_an_output_that_fails_keeps_nothing_else_back(result, tmp_path, monkeypatch, capsys, status):
    result = result.model_copy(update={"verdict": result.verdict.model_copy(update={"status": status})})
    monkeypatch.setattr("privaudit.history.append", broken)
    monkeypatch.setattr("privaudit.history.mlflow.log", lambda *_: "run-7")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    show = OutputOptions(
        output=tmp_path / "r.json", html=tmp_path / "r.html", history=tmp_path / "past.db", mlflow="runs"
    )
    if status == "fail":  # the exit code must stay the verdict's
        deliver(result, show)
    else:
        with pytest.raises(ResultError, match="a locked one"):
            deliver(result, show)
    said = capsys.readouterr()
    assert ("a locked one" in said.err) == (status == "fail")
    assert said.err.rpartition("MLflow run: ")[2].startswith("run-7")
    assert said.out
    assert read_result(tmp_path / "r.json") == result
    assert (tmp_path / "r.html").stat().st_size
    assert (tmp_path / "summary.md").stat().st_size


def test_of_several_failures_the_first_is_raised_and_the_others_are_said(
    result, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr("privaudit.history.append", broken)
    monkeypatch.setattr(
        "privaudit.history.mlflow.log",
        lambda *_: (_ for _ in ()).throw(UsageError("The server is down", "Start it")),
    )
    with pytest.raises(ResultError, match="a locked one"):
        deliver(result, OutputOptions(history=tmp_path / "past.db", mlflow="runs", quiet=True))
    assert capsys.readouterr().err == "privaudit: The server is down. Start it.\n"


def test_json_on_stdout_stays_alone_there(result, tmp_path, capsys):
    deliver(result, OutputOptions(as_json=True, html=tmp_path / "r.html"))
    said = capsys.readouterr()
    assert json.loads(said.out)["verdict"]["status"] == "not-judged"
    assert said.err == f"Report: {tmp_path / 'r.html'}\n"


def test_a_summary_that_cannot_be_written_is_a_warning(mia, tmp_path, monkeypatch):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path))
    run = mia("-q")
    assert run.code == 0
    assert run.err == f"Warning: no step summary: Is a directory at {tmp_path} (GITHUB_STEP_SUMMARY).\n"


def test_an_empty_variable_is_none_and_summaries_add_up(result, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "")
    deliver(result, OutputOptions(quiet=True))
    assert not list(tmp_path.iterdir())
    summary = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    for _ in range(2):
        deliver(result, OutputOptions(quiet=True))
    content = summary.read_text(encoding="utf-8")
    assert content.count("\n# Privacy audit of ") == 2
    assert "my private text" not in content
    assert summary.stat().st_size < 2 * 60_001


def test_a_gate_writes_the_summary_too(privaudit, request, tmp_path, monkeypatch):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    monkeypatch.chdir(tmp_path)
    specimen = request.config.rootpath / "reports" / "extraction-fail" / "result.json"
    assert privaudit("gate", specimen, "--fail-if", "exposure>2", "-q").code == 1
    assert "**❌ FAIL**" in (tmp_path / "summary.md").read_text()


def test_every_attack_command_takes_the_same_options():
    import typer.main

    from privaudit.cli.app import app

    program = typer.main.get_command(app).commands
    named = {**program, "epsilon selftest": program["epsilon"].commands["selftest"]}
    for name in ("mia", "extract", "audit", "sweep", "epsilon selftest"):
        options = {flag for parameter in named[name].params for flag in parameter.opts}
        wanted = {"--output", "--html"} | ({"--history", "--mlflow"} if name != "epsilon selftest" else set())
        assert wanted <= options, name
