"""``privaudit report``: from a result to files, without torch."""

import json
import stat

import pytest

DEMO = "fixtures/demo/model.pt"


@pytest.fixture
def history(make_audit, tmp_path):
    from privaudit.history import append

    path = tmp_path / "collected" / "audits.db"
    path.parent.mkdir()
    for month, (auc, status) in enumerate([(0.8, "fail"), (0.7, "fail"), (0.55, "pass")], 1):
        append(make_audit(f"2026-0{month}-01T10:00:00+00:00", auc=auc, status=status), path)
    append(make_audit(model="other.pt", status="inconclusive"), path)
    return path


@pytest.fixture
def older(make_audit, tmp_path):
    from privaudit.results import write_result

    path = tmp_path / "older.json"
    write_result(make_audit(), path)
    return path


@pytest.fixture(scope="module")
def result(tmp_path_factory, request):
    path = tmp_path_factory.mktemp("report") / "result.json"
    arguments = ["mia", request.config.rootpath / DEMO, "--attack", "loss", "-q", "-o", path]
    from privaudit.cli.app import app
    from privaudit.cli.failures import run_guarded

    assert run_guarded(app, [*map(str, arguments), "--fail-if", "auc>0.6", "--references", "0"]) == 1
    return path


def test_every_kind_is_written_and_the_exit_code_is_0_whatever_the_verdict(privaudit, result, tmp_path):
    names = ["r.html", "r.md", "r.xml", "r.sarif", "r.badge.json", "again.json"]
    run = privaudit("report", result, *(part for name in names for part in ("-o", tmp_path / name)))
    assert run.code == 0
    assert not run.out
    assert (tmp_path / "again.json").read_text() == result.read_text()
    assert (tmp_path / "r.html").read_text().startswith("<!DOCTYPE html>")
    assert json.loads((tmp_path / "r.badge.json").read_text())["message"].startswith("leaks")
    assert stat.S_IMODE((tmp_path / "r.html").stat().st_mode) == 0o644


def test_a_page_that_shows_texts_is_its_owners_alone(privaudit, result, tmp_path):
    content = json.loads(result.read_text())
    content["records"] = [
        {"id": "1", "attack": "loss", "score": 1.0, "fpr": 0.1, "odds": 2.0, "text": "my secret"}
    ]
    path = tmp_path / "texts.json"
    path.write_text(json.dumps(content))
    assert privaudit("report", path, "-o", tmp_path / "texts.html").code == 0
    assert stat.S_IMODE((tmp_path / "texts.html").stat().st_mode) == 0o600
    assert "my secret" in (tmp_path / "texts.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-o", "r.pdf"], "No report format for r.pdf. Use a name that ends in .html, .md"),
        (["-o", "missing/r.html"], "Cannot write missing/r.html: its folder is missing or not writable"),
    ],
)
def test_what_cannot_be_written_is_refused(privaudit, result, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    run = privaudit("report", result, *arguments)
    assert run.code == 2
    assert words in run.err
    assert not list(tmp_path.iterdir())


def test_the_result_itself_is_never_written_over(privaudit, result):
    before = result.read_text()
    run = privaudit("report", result, "-o", result)
    assert run.code == 2
    assert "would be read and written, or written twice" in run.err
    assert result.read_text() == before


def test_no_result_no_report(privaudit, tmp_path):
    (tmp_path / "r.json").write_text("{}")
    run = privaudit("report", tmp_path / "r.json", "-o", tmp_path / "r.html")
    assert run.code == 2
    assert "r.json is not a privaudit result: " in run.err
    assert not (tmp_path / "r.html").exists()


def test_it_needs_no_torch(subprocess_privaudit, result, history, tmp_path):
    for name in ("torch", "mlflow"):
        hidden = tmp_path / "hidden" / name
        hidden.mkdir(parents=True)
        (hidden / "__init__.py").write_text(f"raise ImportError('{name} was imported')\n")
    environment = {"PYTHONPATH": str(tmp_path / "hidden"), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    for what in ([result], ["--history", history]):
        run = subprocess_privaudit("report", *what, "-o", tmp_path / "r.html", env=environment, cwd=tmp_path)
        assert run.code == 0, run.err


def test_a_history_is_drawn_in_every_form_that_it_has(privaudit, history, tmp_path):
    outputs = [tmp_path / name for name in ("trend.html", "trend.md", "trend.json")]
    run = privaudit("report", "--history", history, *(part for path in outputs for part in ("-o", path)))
    assert (run.code, run.out) == (0, ""), run.err
    page, summary, data = (path.read_text() for path in outputs)
    for text in (page, summary):
        assert "other.pt" in text
        assert "2026-03-01" in text
    assert page.startswith("<!DOCTYPE html>")
    entries = json.loads(data)["entries"]
    assert [entry["status"] for entry in entries] == ["fail", "inconclusive", "fail", "pass"]
    assert stat.S_IMODE(outputs[0].stat().st_mode) == 0o644


def test_with_a_result_the_history_of_its_model_alone_is_drawn(privaudit, history, older, tmp_path):
    run = privaudit(
        "report", older, "--history", history, "-o", tmp_path / "one.html", "-o", tmp_path / "one.json"
    )
    assert run.code == 0, run.err
    page = (tmp_path / "one.html").read_text()
    assert "Privacy audits of model.pt over time" in page
    assert "other.pt" not in page
    assert "PASS" in page, "the verdict that stands, whatever the given result said"
    assert len(json.loads((tmp_path / "one.json").read_text())["entries"]) == 3


def test_a_result_of_a_model_that_the_history_does_not_know_is_refused(privaudit, history, result, tmp_path):
    run = privaudit("report", result, "--history", history, "-o", tmp_path / "r.html")
    assert run.code == 2
    assert "only of model.pt, other.pt. Leave out the result to see all models." in run.err
    assert not (tmp_path / "r.html").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-o", "r.html"], "No result was given. Name one, or give --history FILE"),
        (["--history", "no.db", "-o", "r.html"], "No history file at no.db. Write one with --history."),
        (["--history", "older.json", "-o", "r.html"], "file is not a database"),
        (["--history", "empty.db", "-o", "r.html"], "No audits in empty.db. Add one: privaudit mia MODEL"),
        (["--history", "empty.db", "-o", "r.sarif"], "Cannot write a history as r.sarif. End -o in .html"),
        (
            ["older.json", "--history", "empty.db", "--baseline", "older.json", "-o", "r.html"],
            "--history and --baseline were both given. Run the command twice: they make different pages.",
        ),
        (["older.json", "--baseline", "no.json", "-o", "r.html"], "Cannot read no.json: "),
        (["older.json", "-o", "r.html", "-o", "r.html"], "r.html would be read and written, or"),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_one_line(privaudit, older, tmp_path, monkeypatch, arguments, words):
    (tmp_path / "empty.db").touch()
    monkeypatch.chdir(tmp_path)
    run = privaudit("report", *arguments)
    assert run.code == 2
    assert words in run.err
    assert len(run.err.splitlines()) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty.db", older.name]


def test_nothing_that_is_read_is_ever_written_over(privaudit, history, older, tmp_path):
    renamed = history.rename(history.with_name("audits.json"))
    before = renamed.read_bytes(), older.read_bytes()
    (tmp_path / "link.json").symlink_to(older)
    for arguments in (
        ["--history", renamed, "-o", renamed],
        [older, "--history", renamed, "-o", older],
        [older, "--baseline", tmp_path / "link.json", "-o", tmp_path / "link.json"],
    ):
        run = privaudit("report", *arguments)
        assert (run.code, "would be read and written, or written twice" in run.err) == (2, True)
    assert (renamed.read_bytes(), older.read_bytes()) == before


def test_a_baseline_says_what_changed(privaudit, result, tmp_path):
    run = privaudit(
        "report", result, "--baseline", result, "-o", tmp_path / "c.html", "-o", tmp_path / "c.json"
    )
    assert run.code == 0, run.err
    comparison = json.loads((tmp_path / "c.json").read_text())["comparison"]
    assert comparison["same_model"] is True
    assert comparison["changes"]


def test_a_baseline_that_cannot_be_compared_is_refused(privaudit, result, older, tmp_path):
    run = privaudit("report", result, "--baseline", older, "-o", tmp_path / "c.html")
    assert run.code == 2
    assert "The baseline has other classes: " in run.err
    assert not (tmp_path / "c.html").exists()


def test_audits_that_were_collected_are_drawn(privaudit, tmp_path, request):
    """From the command that measures to the page, by way of the file."""
    history = tmp_path / "audits.db"
    model = request.config.rootpath / DEMO
    for _ in range(2):
        assert privaudit("mia", model, "--attack", "loss", "-q", "--history", history).code == 0
    assert privaudit("report", "--history", history, "-o", tmp_path / "trend.json").code == 0
    entries = json.loads((tmp_path / "trend.json").read_text())["entries"]
    assert {entry["command"] for entry in entries} == {"mia"}
    assert len({entry["data_digest"] for entry in entries}) == 1
