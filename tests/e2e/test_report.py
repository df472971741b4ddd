"""``privaudit report``: from a result to files, without torch."""

import json
import stat

import pytest

DEMO = "fixtures/demo/model.pt"


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
        (["-o", "r.pdf"], "Expected an output named .html"),
        (["-o", "missing/r.html"], "Expected a file in an existing, writable folder"),
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
    assert "an output file of its own" in run.err
    assert result.read_text() == before


def test_no_result_no_report(privaudit, tmp_path):
    (tmp_path / "r.json").write_text("{}")
    run = privaudit("report", tmp_path / "r.json", "-o", tmp_path / "r.html")
    assert run.code == 2
    assert "Expected a privaudit result" in run.err
    assert not (tmp_path / "r.html").exists()


def test_it_needs_no_torch(subprocess_privaudit, result, tmp_path):
    hidden = tmp_path / "torch"
    hidden.mkdir()
    (hidden / "__init__.py").write_text("raise ImportError('torch was imported')\n")
    environment = {"PYTHONPATH": str(tmp_path), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    run = subprocess_privaudit("report", result, "-o", tmp_path / "r.html", env=environment, cwd=tmp_path)
    assert run.code == 0, run.err
