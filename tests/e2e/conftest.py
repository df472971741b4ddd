"""The program as a user runs it: arguments in; exit code, stdout and stderr out."""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from privaudit.cli.app import app
from privaudit.cli.failures import run_guarded
from privaudit.data.demo import demo_records, write_demo


@dataclass(frozen=True)
class Run:
    code: int
    out: str
    err: str


@pytest.fixture(scope="session")
def reference_store(tmp_path_factory):
    """One store for all tests: what one trained the next finds."""
    return tmp_path_factory.mktemp("store")


@pytest.fixture(autouse=True)
def few_references(monkeypatch, reference_store):
    """No references unless a test asks for them: they are what costs time."""
    monkeypatch.setenv("PRIVAUDIT_STORE", str(reference_store))
    monkeypatch.setenv("PRIVAUDIT_REFERENCES", "0")
    monkeypatch.setenv("PRIVAUDIT_WORKERS", "1")


@pytest.fixture
def privaudit(capsys, monkeypatch):
    """Run the program in this process: torch is imported once for all tests."""
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("NO_COLOR", "1")

    def run(*arguments):
        argv = [str(argument) for argument in arguments]
        capsys.readouterr()  # what fixtures wrote
        monkeypatch.setattr(sys, "argv", ["privaudit", *argv])
        code = run_guarded(app, argv)
        captured = capsys.readouterr()
        return Run(int(code), captured.out, captured.err)

    return run


@pytest.fixture
def subprocess_privaudit():
    """Run the program as its own process: for what only the real exit shows."""

    def run(*arguments, **options):
        command = [sys.executable, "-m", "privaudit", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
        return Run(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A folder with made-up messages and an overfitted bundle."""
    folder = tmp_path_factory.mktemp("trained")
    write_demo(folder / "messages.tsv", n=600, seed=1)
    code = run_guarded(app, ["train", str(folder / "messages.tsv"), "-o", str(folder / "model.pt"), "-q"])
    assert code == 0
    return folder


@pytest.fixture
def bundle(trained, tmp_path):
    """A copy of the trained bundle with its data, free to be damaged."""
    for name in ("messages.tsv", "model.pt"):
        shutil.copy(trained / name, tmp_path / name)
    return tmp_path / "model.pt"


@pytest.fixture
def sides(tmp_path):
    """Two files of fresh made-up messages, alike but for the draw."""
    records = demo_records(400, seed=2)
    paths = []
    for name, part in (("members.csv", records[:200]), ("nonmembers.csv", records[200:])):
        path = Path(tmp_path / name)
        path.write_text("label,text\n" + "".join(f"{label},{text}\n" for label, text in part))
        paths.append(path)
    return tuple(paths)
