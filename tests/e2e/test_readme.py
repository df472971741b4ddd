"""The commands shown in README.md and docs/ run as shown, and print what is shown.

In a ``console`` block, lines that begin with ``$ `` are commands and the others their output, in which ``…``
stands for anything. A comment on the line before the block marks it: ``<!-- exit 1 -->`` says what its last
command returns, ``<!-- not run -->`` that a test cannot run it. State carries over to
the next block of a page.
"""

import os
import re
import subprocess
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SET_UP = {"main-job": "privaudit mia fixtures/demo/model.pt", "tests": "pytest -q -n 2"}
"""Blocks of commands that make an environment of their own; ``.ci/run`` runs them."""
_BLOCK = re.compile(
    r"(?:^<!-- (?P<marker>[^\n]*?) -->\n)?^```console\n(?P<body>.*?)^```$", re.DOTALL | re.MULTILINE
)


@dataclass
class Command:
    line: str
    output: list[str] = field(default_factory=list)
    exit: int = 0


@dataclass(frozen=True)
class Block:
    marker: str
    commands: list[Command]


def blocks_of(page):
    return [
        _block(match["marker"] or "", match["body"]) for match in _BLOCK.finditer(page.read_text("utf-8"))
    ]


def _block(marker, body):
    commands = []
    for line in body.splitlines():
        if line.startswith("$ "):
            commands.append(Command(line.removeprefix("$ ")))
        else:
            commands[-1].output.append(line)
    if marker.startswith("exit "):
        commands[-1].exit = int(marker.removeprefix("exit "))
    return Block(marker, commands)


@pytest.fixture
def shell(workspace):
    """Run a line with bash in a folder with the fixtures; the program is that of this interpreter."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PRIVAUDIT_")}
    environment = {
        **inherited,
        "PATH": f"{workspace / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "160",
        "NO_COLOR": "1",
        "OMP_NUM_THREADS": "1",
        "PRIVAUDIT_STORE": str(workspace / "store"),
    }

    def run(line):
        return subprocess.run(
            ["bash", "-euc", line],
            cwd=workspace / "work",
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    return run


def squeezed(line):
    """White space and the ends of table rules do not count."""
    return " ".join(line.split())


def is_shown(line, output):
    """Whether a line of a page occurs in the output; ``…`` stands for anything within a line."""
    pattern = ".*".join(re.escape(squeezed(part)) for part in line.split("…"))
    return any(re.search(pattern, squeezed(found)) for found in output.splitlines())


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_of_a_page_run_as_shown(page, shell):
    for block in blocks_of(page):
        if block.marker in ("not run", *SET_UP):
            continue
        for command in block.commands:
            done = shell(command.line)
            assert done.returncode == command.exit, f"{command.line}\n{done.stdout}{done.stderr}"
            assert "Traceback" not in done.stderr
            for line in command.output:
                assert is_shown(line, done.stdout + done.stderr), (
                    f"{command.line}\n{line}\n{done.stdout}{done.stderr}"
                )


def test_markers_are_known():
    for page in PAGES:
        for block in blocks_of(page):
            assert re.fullmatch(r"|not run|exit [124]|main-job|tests", block.marker), (page, block.marker)
            assert block.commands, page


def test_the_first_two_commands_of_the_readme_set_up_what_ci_runs():
    main_job, tests = blocks_of(ROOT / "README.md")[:2]
    assert (main_job.marker, tests.marker) == ("main-job", "tests")
    for block in (main_job, tests):
        (command,) = block.commands
        assert command.line.startswith(
            "python3 -m venv .venv && .venv/bin/pip install -q -c constraints.txt "
        )
        assert command.line.endswith(f" && .venv/bin/{SET_UP[block.marker]}")
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    assert "<!-- tests -->" in script
    assert "README.md" in script


def test_every_command_that_is_named_anywhere_exists():
    """Also in running text and in blocks of other languages: ``privaudit NAME`` must be a command."""
    import typer.main

    from privaudit.cli.app import app

    known = set(typer.main.get_command(app).commands)
    for page in (*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md"):
        named = set(re.findall(r"`privaudit ([a-z]+)\b", page.read_text("utf-8")))
        assert named <= known, page.name


def test_the_first_numbers_of_the_readme_are_those_of_the_specimen_of_the_same_command():
    readme = (ROOT / "README.md").read_text("utf-8")
    shown = readme.partition("```text\n")[2].partition("```")[0].splitlines()
    printed = (ROOT / "reports" / "membership-fail" / "terminal.txt").read_text("utf-8")
    assert len(shown) == 3
    for line in shown:
        assert is_shown(line, printed), line


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 120


def test_the_readme_names_the_python_versions_of_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    found = [
        re.fullmatch(r"Programming Language :: Python :: (3\.\d+)", item) for item in project["classifiers"]
    ]
    versions = [match[1] for match in found if match]
    assert f"Python {' or '.join(versions)}." in (ROOT / "README.md").read_text("utf-8")
