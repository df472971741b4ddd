"""The program around the commands: help, versions, exit codes of the process, and what is never imported."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

COMMANDS = [
    [],
    ["mia"],
    ["train"],
    ["canary"],
    ["canary", "plant"],
    ["extract"],
    ["epsilon"],
    ["epsilon", "account"],
    ["epsilon", "calibrate"],
    ["epsilon", "bound"],
    ["epsilon", "selftest"],
    ["sweep"],
    ["gate"],
    ["report"],
    ["demo"],
    ["doctor"],
    ["attacks"],
    ["attacks", "list"],
    ["attacks", "show"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_loads_neither_torch_nor_pydantic(command):
    code = (
        "import sys\n"
        "from privaudit.cli.app import app\n"
        "from privaudit.cli.failures import run_guarded\n"
        f"code = run_guarded(app, {[*command, '--help']!r})\n"
        "heavy = {'torch', 'transformers', 'sklearn', 'pandas', 'numpy', 'scipy', 'pydantic'}\n"
        "heavy &= set(sys.modules)\n"
        "sys.exit(f'loaded {heavy}' if heavy else int(code))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Usage: privaudit")


def test_a_score_table_is_audited_without_torch(tmp_path):
    rows = "".join(f"{i % 2},{i % 3},{0.1 * (i % 7)},{0.2 * (i % 5)},{0.3 * (i % 4)}\n" for i in range(100))
    (tmp_path / "s.csv").write_text("member,label,logit_0,logit_1,logit_2\n" + rows)
    code = (
        "import sys\n"
        "from privaudit.cli.app import app\n"
        "from privaudit.cli.failures import run_guarded\n"
        f"code = run_guarded(app, ['mia', {str(tmp_path / 's.csv')!r}, '-q'])\n"
        "sys.exit('loaded torch' if 'torch' in sys.modules else int(code))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_python_m_privaudit_is_the_same_program(subprocess_privaudit):
    from privaudit import __version__

    done = subprocess_privaudit("--version")
    assert (done.code, done.out) == (0, f"privaudit {__version__}\n")


@pytest.mark.parametrize(
    ("threshold", "code"), [("auc>0.6", 1), ("auc>0.9999", 0), ("tpr@0.0001>0.1", 4), ("auc>2", 2)]
)
def test_exit_codes_of_the_process(subprocess_privaudit, bundle, threshold, code):
    done = subprocess_privaudit("mia", bundle, "--fail-if", threshold, "--attack", "loss", "-q")
    assert done.code == code
    assert "Traceback" not in done.err


def test_a_bug_exits_3_with_one_line_and_a_traceback_in_a_file(privaudit, bundle, monkeypatch):
    def broken(*_):
        raise RuntimeError("secret text of a record")

    monkeypatch.setattr("privaudit.audits.membership.plan.open_inputs", broken)
    done = privaudit("mia", bundle, "-q")
    assert done.code == 3
    assert done.err.count("\n") == 1
    assert "secret" not in done.err
    path = next(word for word in done.err.replace(",", " ").split() if word.endswith(".log"))
    assert "RuntimeError" in Path(path).read_text()
    Path(path).unlink()


@pytest.mark.skipif(not Path("/proc").exists(), reason="watches the process through /proc")
def test_interrupt_exits_130_and_names_the_command_that_runs_again(bundle):
    command = [sys.executable, "-m", "privaudit", "mia", str(bundle), "--attack", "all"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        while "libtorch" not in Path(f"/proc/{process.pid}/maps").read_text():
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.splitlines()[-1] == f"privaudit mia {bundle} --attack all"


def test_attacks_list_and_show_speak_of_every_registered_attack(privaudit):
    import json

    from privaudit.attacks.extraction.registry import extraction_attacks
    from privaudit.attacks.membership.registry import membership_attacks

    listed = json.loads(privaudit("attacks", "list", "--json").out)
    kinds = dict.fromkeys(membership_attacks(), "membership") | dict.fromkeys(
        extraction_attacks(), "extraction"
    )
    assert [(item["id"], item["kind"]) for item in listed] == list(kinds.items())
    table = privaudit("attacks", "list").out
    for attack, kind in kinds.items():
        assert attack in table
        shown = privaudit("attacks", "show", attack)
        assert shown.code == 0
        assert kind in shown.out
    assert privaudit("attacks", "show", "none").code == 2


def test_doctor_finds_what_an_audit_needs(privaudit):
    done = privaudit("doctor")
    assert done.code == 0
    assert "torch" in done.out


def test_demo_tells_the_whole_story(privaudit, tmp_path):
    done = privaudit("demo", "--folder", tmp_path / "demo")
    assert done.code == 0
    assert done.out.startswith("FAIL")
    assert (tmp_path / "demo" / "result.json").is_file()
    assert privaudit("demo", "--folder", tmp_path / "demo").code == 2


@pytest.mark.slow
def test_a_reader_that_leaves_early_does_not_change_the_verdict(bundle):
    command = [
        sys.executable,
        "-m",
        "privaudit",
        "mia",
        str(bundle),
        "--fail-if",
        "auc>0.6",
        "--attack",
        "loss",
    ]
    for flags in ([], ["--json"]):
        with subprocess.Popen([*command, *flags], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            process.stdout.close()
            process.wait(timeout=120)
        assert process.returncode == 1


@pytest.mark.slow
def test_piped_output_has_no_escape_sequences(subprocess_privaudit, bundle):
    environment = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS")}
    done = subprocess_privaudit("mia", bundle, "--attack", "loss", env={**environment, "GITHUB_ACTIONS": "1"})
    assert "\x1b" not in done.out + done.err
