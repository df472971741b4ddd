"""``privaudit gate``: a result against the limits of a repository, without torch."""

import hashlib
import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from privaudit.history import read
from privaudit.results import File, Interval, NotRun, Slice, read_result, write_result

HEAVY = {"torch", "transformers", "sklearn", "pandas", "numpy", "scipy", "jinja2", "mlflow"}


@pytest.fixture(scope="module")
def audited(make_audit):
    """A result of the file ``model.pt``; the AUC of ``loss`` is within [0.65, 0.75]."""
    result = make_audit()
    content = File(name="model.pt", sha256=hashlib.sha256(b"weights").hexdigest(), size=7)
    digest = hashlib.sha256(content.sha256.encode()).hexdigest()
    return result.model_copy(
        update={"model": result.model.model_copy(update={"files": (content,), "digest": digest})}
    )


@pytest.fixture
def folder(audited, tmp_path, monkeypatch):
    """The folder of a build: a model and its result."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.pt").write_bytes(b"weights")
    write_result(audited, tmp_path / "result.json")
    return tmp_path


@pytest.fixture
def gate(privaudit, folder):  # noqa: ARG001 - it is where the program runs
    def run(*arguments):
        return privaudit("gate", "result.json", *arguments)

    return run


def waiver(audited, **changes):
    parts = {
        "id": '"loss:auc>0.6"',
        "model": f'"{audited.model.digest[:12]}"',
        "limit": "0.8",
        "reason": '"a pilot"',
        "owner": '"Ada"',
        "expires": str(datetime.now(UTC).date() + timedelta(days=30)),
        **changes,
    }
    return "[[gate.waivers]]\n" + "".join(f"{key} = {value}\n" for key, value in parts.items())


@pytest.mark.parametrize(
    ("limit", "code", "word"),
    [("0.6", 1, "FAIL"), ("0.65", 4, "INCONCLUSIVE"), ("0.7", 4, "INCONCLUSIVE"), ("0.75", 0, "PASS")],
)
def test_the_exit_code_is_the_verdict_and_the_result_is_written_first(gate, folder, limit, code, word):
    done = gate("--fail-if", f"loss:auc>{limit}", "-o", "judged.json")
    assert done.code == code
    assert done.out.startswith(f"{word}  ")
    assert read_result(folder / "judged.json").verdict.thresholds[0].expression == f"loss:auc>{limit}"


def test_without_any_limit_those_of_the_result_count(gate):
    done = gate()
    assert done.code == 1
    assert "loss:auc>0.6  exceeded" in done.out
    assert done.err.startswith("Note: no policy with limits found")


def test_the_policy_is_found_and_named(gate, folder):
    (folder / "pyproject.toml").write_text('[tool.privaudit.gate]\nfail-if = ["loss:auc>0.9"]\n')
    done = gate("-o", "judged.json")
    assert done.code == 0
    assert "limits of pyproject.toml (SHA-256 " in done.out
    assert read_result(folder / "judged.json").verdict.policy in done.out
    assert gate("--fail-if", "loss:auc>0.6").code == 1


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({}, 0, "waived  loss: at least 0.65"),
        ({"ticket": '"P-1"'}, 0, "by Ada (P-1): a pilot"),
        ({"expires": "2020-01-31"}, 1, "it expired on 2020-01-31"),
        ({"model": '"00000000"'}, 1, "it is for model 00000000"),
        ({"limit": "0.7"}, 1, "its limit 0.7 is not excluded"),
    ],
)
def test_a_waiver_holds_until_its_day_and_stays_in_sight(gate, folder, audited, changes, code, words):
    table = '[gate]\nfail-if = ["loss:auc>0.6"]\n' + waiver(audited, **changes)
    (folder / "policy.toml").write_text(table)
    done = gate("--policy", "policy.toml")
    assert done.code == code
    assert words in done.out


@pytest.mark.parametrize(
    "arguments",
    [
        ("--fail-if", "accuracy>0.5"),
        ("--fail-if", "tpr@0.02>0.5"),
        ("--fail-if", "margin:auc>0.5"),
        ("--fail-if", "epsilon>1"),
        ("--fail-if", "best:auc>0.5"),
        ("--fail-if", "auc>nan"),
        ("--policy", "none.toml"),
        ("--baseline", "none.json"),
        ("--model", "none.pt"),
        ("--on-inconclusive", "maybe"),
        ("--no-such-option",),
        ("-o", "no/such/folder/r.json"),
        ("-o", "result.json"),
        ("-o", "."),
    ],
)
def test_unusable_arguments_exit_2_with_one_line(gate, arguments):
    done = gate(*arguments)
    assert done.code == 2
    assert done.out == ""
    assert done.err.count("\n") == 1


def test_a_misplaced_policy_does_not_pass(gate, folder):
    (folder / "policy.toml").write_text('[tool.privaudit.gate]\nfail-if = ["loss:auc>0.9"]\n')
    done = gate("--policy", "policy.toml")
    assert done.code == 2
    assert "'tool.privaudit.gate' of policy.toml stands outside the policy. Move it to [gate]." in done.err


@pytest.mark.parametrize(
    ("name", "table"), [("privaudit.toml", "gates"), ("pyproject.toml", "tool.privaudit.gates")]
)
def test_a_misspelt_table_is_no_absent_policy(gate, folder, name, table):
    (folder / name).write_text(f'[{table}]\nfail-if = ["loss:auc>0.6"]\n')
    done = gate("-q")
    assert done.code == 2
    assert "Unknown table 'gates'" in done.err


@pytest.mark.parametrize(
    "break_",
    [
        lambda text: text.replace('"value": 0.7,', '"value": NaN,', 1),
        lambda text: text.replace('"low": 0.6499', '"low": "nan", "x": 0.6499', 1),
        lambda text: text.replace('"parameters": {', '"parameters": {"x": NaN, ', 1),
        lambda text: text.replace('"parameters": {', '"parameters": {"x": -Infinity, ', 1),
        lambda text: text.replace('"schema_version": 1', '"schema_version": 99'),
        lambda text: text.replace('"schema_version": 1', '"schema_version": 0'),
        lambda text: text[:-20],
        lambda _: "[]",
        lambda _: "",
    ],
)
def test_a_result_that_is_none_exits_2(gate, folder, break_):
    before = (folder / "result.json").read_text()
    after = break_(before)
    assert after != before
    (folder / "result.json").write_text(after)
    done = gate("--fail-if", "loss:auc>0.9")
    assert done.code == 2
    assert done.out == ""
    assert "is not a privaudit result: " in done.err or "The result has schema version " in done.err


def test_a_name_that_no_file_can_have_exits_2(gate, folder, audited):
    (folder / "privaudit.toml").write_text('[gate]\nfail-if = ["loss:auc>0.9"]\nbaseline = "a\\u0000b"\n')
    assert gate().code == 2
    (folder / "privaudit.toml").unlink()
    names = [File(name=name, sha256="0" * 64, size=1) for name in ("x" * 300, "a\0b", "../model.pt")]
    update = {"path": ".", "files": tuple(names)}
    write_result(
        audited.model_copy(update={"model": audited.model.model_copy(update=update)}), folder / "result.json"
    )
    assert gate("--fail-if", "loss:auc>0.9", "-o", "judged.json").code == 2


def test_a_result_of_another_model_is_refused_wherever_the_model_is(gate, folder):
    held = ("--fail-if", "loss:auc>0.9")
    assert gate(*held).err == ""
    (folder / "model.pt").write_bytes(b"trained again")
    for arguments in (held, (*held, "--model", "model.pt")):
        done = gate(*arguments)
        assert done.code == 2
        assert "Audit the model again" in done.err
    (folder / "old.pt").write_bytes(b"weights")
    assert gate(*held, "--model", "old.pt").code == 0
    (folder / "model.pt").unlink()
    done = gate(*held)
    assert done.code == 0
    assert done.err.startswith("Note: model.pt is not here")


def test_a_tokenizer_is_where_the_result_was_made_or_where_it_is_named(gate, folder, audited):
    names = {"model.pt": b"weights", "tokenizer.json": b"words"}
    files = [
        File(name=name, sha256=hashlib.sha256(content).hexdigest(), size=len(content))
        for name, content in names.items()
    ]
    (folder / "tok").mkdir()
    (folder / "tok" / "tokenizer.json").write_bytes(b"words")
    recorded = audited.provenance.model_copy(update={"settings": {"tokenizer": "tok (flag)"}})
    update = {"model": audited.model.model_copy(update={"files": tuple(files)})}
    write_result(audited.model_copy(update={**update, "provenance": recorded}), folder / "result.json")
    assert gate("--fail-if", "loss:auc>0.9").code == 0
    write_result(audited.model_copy(update=update), folder / "result.json")
    assert gate("--fail-if", "loss:auc>0.9").code == 2
    assert gate("--fail-if", "loss:auc>0.9", "--tokenizer", "tok").code == 0
    assert gate("--fail-if", "loss:auc>0.9", "--tokenizer", "tok", "-o", "tok/tokenizer.json").code == 2
    assert (folder / "tok" / "tokenizer.json").read_bytes() == b"words"


def test_an_increase_over_the_baseline_fails_and_the_comparison_is_in_the_result(gate, folder, make_audit):
    write_result(make_audit(auc=0.55), folder / "accepted.json")
    (folder / "privaudit.toml").write_text(
        '[gate]\nmax-increase = ["loss:auc>0.02"]\nbaseline = "accepted.json"\n'
    )
    done = gate("-o", "judged.json")
    assert done.code == 1
    assert "loss:auc>0.02 over baseline  exceeded" in done.out
    assert read_result(folder / "judged.json").comparison.baseline_model == "model.pt"
    same = gate("--baseline", "result.json")
    assert same.code == 0
    assert "Note: the baseline is of the same model" in same.err
    (folder / "privaudit.toml").write_text('[gate]\nmax-increase = ["loss:auc>0.02"]\n')
    assert gate().code == 2


def test_the_judged_result_goes_into_the_history_and_onto_a_page(gate, folder):
    assert gate("--fail-if", "loss:auc>0.6", "--history", "h.db", "--html", "r.html", "-q").code == 1
    (entry,) = read(folder / "h.db")
    assert (entry.status, [limit.expression for limit in entry.limits]) == ("fail", ["loss:auc>0.6"])
    assert "FAIL" in (folder / "r.html").read_text("utf-8")
    assert gate("--html", "model.pt").code == 2
    assert (folder / "model.pt").read_bytes() == b"weights"


LIMITS = ("loss:auc>0.9", "loss:auc>0.7", "auc>0.6", "tpr@0.001>0.5", "exposure>4", "extracted>1")
POLICIES = ("", 'fail-if = ["loss:auc>0.8"]\n', 'slices = [{slice = "class=pay", fail-if = "auc>0.5"}]\n')


@pytest.mark.parametrize("policy", POLICIES)
def test_what_a_gate_passes_over_never_changes_its_verdict(gate, folder, make_audit, policy):
    """Parts of a result are not read unless something is written, so writing must change nothing."""
    auc = Interval(value=0.7, low=0.6, high=0.8)
    part = Slice(by="class", value="pay", attack="loss", n_members=50, n_nonmembers=50, auc=auc)
    late = NotRun(attack="enumerate", kind="extraction", reason="time ran out.")
    (folder / "privaudit.toml").write_text(f"[gate]\n{policy}" if policy else "")
    for changes in ({}, {"not_run": (late,)}, {"extraction": ()}, {"comparable": False}):
        write_result(make_audit(slices=(part,), **changes), folder / "result.json")
        for flags in ((), *(("--fail-if", limit) for limit in LIMITS)):
            quick, whole = gate(*flags), gate(*flags, "-o", "judged.json")
            assert (quick.code, quick.out) == (whole.code, whole.out)


def test_explain_says_what_would_decide(gate, folder):
    done = gate("--fail-if", "loss:auc>0.72", "--explain", "-o", "judged.json")
    assert done.code == 4
    advice = read_result(folder / "judged.json").verdict.thresholds[0].advice
    assert advice
    assert advice in done.out


def test_nothing_judged_exits_0_and_says_so_loudly(gate, folder, audited):
    verdict = audited.verdict.model_copy(update={"thresholds": ()})
    write_result(audited.model_copy(update={"verdict": verdict}), folder / "result.json")
    for flags in ((), ("-q",)):
        done = gate(*flags)
        assert done.code == 0
        assert "nothing was judged" in done.err


def test_json_is_the_whole_output_and_a_report_renders_it(gate, privaudit, folder):
    for flags in (("--json",), ("-o", "-")):
        done = gate("-q", "--fail-if", "loss:auc>0.6", *flags)
        assert done.code == 1
        assert json.loads(done.out)["verdict"]["status"] == "fail"
    gate("-q", "--fail-if", "loss:auc>0.6", "-o", "judged.json")
    assert privaudit("report", "judged.json", "-o", "judged.xml").code == 0
    assert "loss:auc&gt;0.6" in (folder / "judged.xml").read_text()


def test_hostile_text_is_inert(gate, folder, audited):
    evil = "\x1b[31mred\x07\u202e" + "x" * 100_000
    files = {"model": audited.model.model_copy(update={"path": evil}), "warnings": (evil,)}
    write_result(audited.model_copy(update=files), folder / "result.json")
    (folder / "privaudit.toml").write_text(
        '[gate]\nfail-if = ["loss:auc>0.6"]\n' + waiver(audited, reason=json.dumps(evil[:20]))
    )
    done = gate()
    assert done.code == 0
    assert done.out.replace("\n", "").isprintable()
    assert len(done.out) < 4000


def test_the_step_summary_is_written(gate, folder, monkeypatch):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(folder / "summary.md"))
    assert gate("-q", "--fail-if", "loss:auc>0.6").code == 1
    assert "FAIL" in (folder / "summary.md").read_text()


def test_nothing_heavy_is_imported(folder):
    (folder / "privaudit.toml").write_text('[gate]\nfail-if = ["loss:auc>0.9"]\n')
    code = (
        "import sys\n"
        "sys.argv = ['privaudit', 'gate', 'result.json', '-o', 'judged.json']\n"
        "from privaudit.cli.app import main\n"
        "try:\n"
        "    main()\n"
        "except SystemExit as done:\n"
        f"    heavy = {HEAVY!r} & set(sys.modules)\n"
        "    sys.exit(f'loaded {heavy}' if heavy else done.code)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "Result: judged.json\n")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--fail-if", "loss:auc>0.9"], 0),
        (["--fail-if", "loss:auc>0.6"], 1),
        (["--fail-if", "margin:auc>0.6"], 2),
        (["--fail-if", "loss:auc>0.7"], 4),
    ],
)
@pytest.mark.usefixtures("folder")
def test_exit_codes_of_the_process(subprocess_privaudit, arguments, code):
    done = subprocess_privaudit("gate", "result.json", *arguments)
    assert done.code == code
    assert "Traceback" not in done.err


@pytest.mark.parametrize("command", [["gate", "result.json"], ["mia", "model.pt"]])
def test_a_bug_exits_3_with_the_traceback_in_a_file(subprocess_privaudit, folder, command):
    """A module of the standard library that breaks stands for a bug; a file for it to read makes it break."""
    (folder / "broken").mkdir()
    (folder / "broken" / "tomllib.py").write_text("raise RuntimeError('secret')\n")
    (folder / "privaudit.toml").write_text("")
    environment = {**os.environ, "PYTHONPATH": str(folder / "broken"), "TMPDIR": str(folder)}
    done = subprocess_privaudit(*command, env=environment)
    assert done.code == 3
    assert done.err.count("\n") == 1
    assert "secret" not in done.err
    (log,) = folder.glob("privaudit-*.log")
    assert "RuntimeError" in log.read_text()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a named pipe to wait at")
def test_interrupt_exits_130_and_names_the_command(folder):
    os.mkfifo(folder / "pipe")
    command = [sys.executable, "-m", "privaudit", "gate", "pipe"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        pipe = os.open(folder / "pipe", os.O_WRONLY)  # returns when the program has opened the other end
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        os.close(pipe)
    assert process.returncode == 130
    assert err.splitlines()[-1] == "privaudit gate pipe"
