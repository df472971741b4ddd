"""The shipped recipes for pipelines: their structure, and their scripts run as the services run them.

What needs a service is not run: the actions of others, and the installation from a package index.
"""

import html
import json
import os
import re
import shlex
import sqlite3
import subprocess
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
DEMO = "fixtures/demo/model.pt"
STORED = ROOT / "reports"
LIMITS = {"fail": "auc>0.7", "pass": "auc>0.9", "inconclusive": "auc>0.8"}
"""For the loss attack on the model of the demonstration, whose AUC lies between 0.77 and 0.82."""
EXITS = {"pass": 0, "fail": 1, "inconclusive": 4}
KEPT = {"result.json", "judged.json", "report.html", "junit.xml", "findings.sarif", "audit.badge.json"}
_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
_TEST = re.compile(r"inputs\.([a-z-]+) (==|!=) '([^']*)'")


def loaded(name):
    return yaml.safe_load((ROOT / name).read_text("utf-8"))


def environment_of(workspace, extra):
    ours = {
        name: value for name, value in os.environ.items() if not name.startswith(("PRIVAUDIT_", "GITHUB_"))
    }
    path = f"{workspace / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return {**ours, "PATH": path, "XDG_CACHE_HOME": str(workspace / "cache"), "OMP_NUM_THREADS": "1", **extra}


def run(arguments, workspace, extra):
    return subprocess.run(
        arguments,
        cwd=workspace / "work",
        env=environment_of(workspace, extra),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


# GitHub


@dataclass
class Job:
    """What one use of the action left behind."""

    code: int = 0
    outputs: dict = field(default_factory=lambda: defaultdict(dict))
    ran: list = field(default_factory=list)
    used: list = field(default_factory=list)
    summary: str = ""
    said: str = ""


class Runner:
    """As much of a GitHub runner as the composite action needs."""

    def __init__(self, workspace):
        self.workspace = workspace
        self.action = loaded("action.yml")
        self.environment = {}

    def __call__(self, **given):
        given = {name.replace("_", "-"): value for name, value in given.items()}
        declared = self.action["inputs"]
        assert given.keys() <= declared.keys()
        inputs = {name: given.get(name, declared[name]["default"]) for name in declared}
        job = Job()
        for step in self.action["runs"]["steps"]:
            if self._applies(step.get("if", ""), inputs, job):
                self._step(step, inputs, job)
        return job

    def _applies(self, condition, inputs, job):
        if job.code and "always()" not in condition:
            return False
        tests = [part for part in condition.split(" && ") if part not in ("", "always()")]
        found = [_TEST.fullmatch(part) for part in tests]
        assert all(found), condition
        return all(
            (inputs[name] == value) == (sign == "==") for name, sign, value in (m.groups() for m in found)
        )

    def _step(self, step, inputs, job):
        if "uses" in step:
            job.used.append(step["uses"].partition("@")[0])
            return
        if step["name"] == "Install":
            return
        files = {name: self.workspace / name for name in ("script", "output", "summary")}
        files["script"].write_text(step["run"])
        for name in ("output", "summary"):
            files[name].write_text("")
        extra = {name: self._filled(value, inputs, job) for name, value in step.get("env", {}).items()}
        extra |= {
            "GITHUB_OUTPUT": str(files["output"]),
            "GITHUB_STEP_SUMMARY": str(files["summary"]),
            "GITHUB_WORKSPACE": str(self.workspace / "work"),
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_ACTIONS": "true",
            "CI": "true",
            **self.environment,
        }
        # NOTE: the very command with which GitHub runs `shell: bash`.
        done = run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", files["script"]], self.workspace, extra
        )
        job.ran.append(step["name"])
        job.code = job.code or done.returncode
        job.said += done.stdout + done.stderr
        job.summary += files["summary"].read_text()
        for line in files["output"].read_text().splitlines():
            key, _, value = line.partition("=")
            job.outputs[step["id"]][key] = value

    def _filled(self, text, inputs, job):
        def value(match):
            scope, name, *rest = match[1].split(".")
            return inputs[name] if scope == "inputs" else job.outputs[name][rest[-1]]

        return _EXPRESSION.sub(value, text)


@pytest.fixture
def github(workspace):
    return Runner(workspace)


def scripts():
    return {step["name"]: step for step in loaded("action.yml")["runs"]["steps"] if "run" in step}


def test_the_action_has_the_form_of_a_composite_action():
    action = loaded("action.yml")
    assert action.keys() <= {"name", "description", "author", "branding", "inputs", "outputs", "runs"}
    assert action["runs"].keys() == {"using", "steps"}
    assert action["runs"]["using"] == "composite"
    for item in (*action["inputs"].values(), *action["outputs"].values()):
        assert item["description"].endswith(".")
    for item in action["inputs"].values():
        assert isinstance(item["default"], str)
    for step in action["runs"]["steps"]:
        assert step.keys() <= {"name", "id", "if", "shell", "env", "run", "uses", "with"}
        assert ("run" in step) != ("uses" in step)
        assert step.get("shell", "bash") == "bash"
        assert ("shell" in step) == ("run" in step)


def test_no_input_is_ever_read_as_code():
    """An expression in a script is replaced before the shell reads it: an input could be a command."""
    for name, step in scripts().items():
        assert "${{" not in step["run"], name
        assert not re.search(r"\beval\b|\bsh -c\b|\bbash -c\b", step["run"]), name
        read = set(re.findall(r"\$\{?([A-Z_]+)", step["run"]))
        assert {variable for variable in read if not variable.startswith("GITHUB_")} == set(
            step.get("env", {})
        ), name


def test_the_action_uses_all_of_its_inputs_and_no_others():
    text = (ROOT / "action.yml").read_text("utf-8")
    assert set(re.findall(r"inputs\.([a-z-]+)", text)) == loaded("action.yml")["inputs"].keys()
    ids = {step.get("id") for step in loaded("action.yml")["runs"]["steps"]}
    assert set(re.findall(r"steps\.([a-z-]+)", text)) <= ids


def test_the_actions_of_others_are_those_of_github_by_major_version():
    used = [step["uses"] for step in loaded("action.yml")["runs"]["steps"] if "uses" in step]
    assert len(used) == 3
    for name in used:
        assert re.fullmatch(r"(actions|github)/[a-z/-]+@v\d+", name)


def test_the_action_installs_itself_with_the_pinned_versions():
    assert (ROOT / "constraints.txt").is_file()
    assert '"$GITHUB_ACTION_PATH/constraints.txt"' in scripts()["Install"]["run"]
    assert '"$GITHUB_ACTION_PATH${EXTRAS:+[$EXTRAS]}"' in scripts()["Install"]["run"]


def test_a_stored_result_is_judged_without_an_audit(github):
    job = github(result=str(STORED / "membership-fail" / "result.json"), fail_if="auc>0.5\nloss:auc>0.99\n")
    assert job.code == 1, job.said
    assert job.ran == ["Judge", "Report", "Verdict"]
    assert job.outputs["judge"] == {"exit-code": "1", "status": "fail"}
    assert job.used == ["actions/setup-python", "actions/upload-artifact"]
    folder = github.workspace / "work" / "privaudit-report"
    assert {path.name for path in folder.iterdir()} == KEPT - {"result.json"}
    thresholds = json.loads((folder / "judged.json").read_text())["verdict"]["thresholds"]
    assert [item["expression"] for item in thresholds] == ["auc>0.5", "loss:auc>0.99"]
    assert job.summary.count("# Privacy audit") == 1
    assert "loss:auc>0.99" in html.unescape(job.summary)
    assert "::error::Privacy audit: fail." in job.said


def test_the_action_wants_a_model_or_a_result(github):
    job = github(fail_if="auc>0.5")
    assert (job.code, job.ran) == (2, ["Audit"])
    assert "::error::Expected a model or a stored result." in job.said


@pytest.mark.slow
@pytest.mark.parametrize("status", LIMITS)
def test_the_action_audits_and_ends_with_the_code_of_the_gate(github, status):
    job = github(model=DEMO, arguments="--attack=loss\n\n--seed=3\n", fail_if=LIMITS[status], sarif="true")
    assert job.code == EXITS[status], job.said
    assert job.ran == ["Audit", "Judge", "Report", "Verdict"]
    assert job.outputs["judge"] == {"exit-code": str(EXITS[status]), "status": status}
    assert job.used == [
        "actions/setup-python",
        "actions/upload-artifact",
        "github/codeql-action/upload-sarif",
    ]
    folder = github.workspace / "work" / "privaudit-report"
    assert {path.name for path in folder.iterdir()} == KEPT
    assert job.summary.count("# Privacy audit") == 1
    assert LIMITS[status] in html.unescape(job.summary)
    findings = json.loads((folder / "findings.sarif").read_text())["runs"][0]["results"]
    assert bool(findings) == (status != "pass")


@pytest.mark.slow
def test_an_undecided_audit_can_be_let_through(github):
    given = {"model": DEMO, "arguments": "--attack=loss", "fail_if": LIMITS["inconclusive"]}
    job = github(**given, on_inconclusive="pass", artifact="", python_version="")
    assert (job.code, job.outputs["judge"]["status"]) == (0, "inconclusive")
    assert job.used == []


@pytest.mark.slow
def test_a_history_gets_one_entry_with_the_verdict_of_the_gate(github):
    github.environment = {"PRIVAUDIT_HISTORY": "audits.db"}
    job = github(model=DEMO, arguments="--attack=loss\n--references=0", fail_if=LIMITS["fail"])
    assert job.code == EXITS["fail"], job.said
    with closing(sqlite3.connect(github.workspace / "work" / "audits.db")) as history:
        assert history.execute("SELECT status FROM audits").fetchall() == [("fail",)]


@pytest.mark.slow
def test_without_any_limit_the_action_says_that_nothing_was_judged(github):
    job = github(result=str(STORED / "sweep-defences" / "result.json"))
    assert (job.code, job.outputs["judge"]["status"]) == (0, "not-judged")
    assert "::warning::No limit is set" in job.said


@pytest.mark.slow
def test_a_stored_result_of_another_model_is_refused(github):
    stored = str(STORED / "membership-fail" / "result.json")
    assert github(result=stored, model=DEMO, fail_if="loss:auc>0.99").code == 0
    assert github(result=stored, model="fixtures/demo/messages.tsv", fail_if="loss:auc>0.99").code == 2


@pytest.mark.slow
def test_an_audit_that_cannot_run_ends_the_action_and_still_keeps_what_there_is(github):
    job = github(model="nowhere.pt", fail_if="auc>0.6")
    assert job.code == 2
    assert job.ran == ["Audit"]
    assert job.outputs["audit"] == {"exit-code": "2"}
    assert job.used == ["actions/setup-python", "actions/upload-artifact"]


@pytest.mark.slow
def test_hostile_inputs_stay_words(github):
    """What would run a command if a script read it as code, or take it for an option."""
    hostile = "$(touch broken) `touch broken`; touch broken #"
    job = github(model=hostile, command="mia", arguments=f"--attack={hostile}", folder="out $(touch broken)")
    assert job.code == 2
    assert github(command=hostile).code == 2
    assert github(model="--help", fail_if=hostile).code == 2
    stored = str(STORED / "membership-fail" / "result.json")
    for name in ("fail_if", "policy", "baseline", "on_inconclusive", "model"):
        assert github(result=stored, **{name: hostile}).code == 2, name
    assert not list(github.workspace.rglob("broken"))


# GitLab


@pytest.fixture
def gitlab(workspace):
    def job(shell, **variables):
        template = loaded("ci/privaudit.gitlab-ci.yml")[".privaudit"]
        assert variables.keys() <= template["variables"].keys()
        # NOTE: GitLab joins the lines of `script` into one script for the image's shell.
        script = workspace / "script"
        script.write_text("\n".join(template["script"]))
        return run([*shell, script], workspace, {**template["variables"], **variables})

    return job


def test_the_template_has_the_form_of_a_gitlab_job():
    (name, job), *others = loaded("ci/privaudit.gitlab-ci.yml").items()
    assert (name, others) == (".privaudit", [])
    assert job.keys() == {"image", "variables", "before_script", "script", "allow_failure", "artifacts"}
    assert all(isinstance(value, str) for value in job["variables"].values())
    assert job["allow_failure"] == {"exit_codes": [4]}
    artifacts = job["artifacts"]
    assert artifacts.keys() == {"when", "expose_as", "paths", "reports"}
    assert artifacts["when"] == "always"
    assert re.fullmatch(r"[A-Za-z0-9 _-]{1,100}", artifacts["expose_as"])
    for path in (*artifacts["paths"], artifacts["reports"]["junit"]):
        assert not path.startswith((".", "/", "$"))
    read = set(re.findall(r"\$\{?([A-Z_]+)", "\n".join([*job["before_script"], *job["script"]])))
    assert read == job["variables"].keys()


SHELLS = {"bash": ("bash", "-eo", "pipefail"), "sh": ("sh", "-e")}


@pytest.mark.slow
@pytest.mark.parametrize(("status", "shell"), [("fail", "bash"), ("pass", "sh"), ("inconclusive", "sh")])
def test_the_gitlab_job_audits_and_ends_with_the_code_of_the_gate(gitlab, workspace, status, shell):
    done = gitlab(
        SHELLS[shell],
        AUDIT_MODEL=DEMO,
        AUDIT_ARGUMENTS="--attack=loss --seed=3",
        AUDIT_FAIL_IF=f"{LIMITS[status]} loss:tpr@0.01>0.5",
    )
    assert done.returncode == EXITS[status], done.stderr
    folder = workspace / "work" / "privaudit-report"
    assert {path.name for path in folder.iterdir()} == KEPT - {"findings.sarif"}
    verdict = json.loads((folder / "judged.json").read_text())["verdict"]
    assert verdict["status"] == status
    assert [item["expression"] for item in verdict["thresholds"]] == [LIMITS[status], "loss:tpr@0.01>0.5"]
    cases = loaded_junit(folder / "junit.xml")
    assert cases.tests == 2
    assert (cases.failures, cases.errors) == (int(status == "fail"), int(status == "inconclusive"))


def loaded_junit(path):
    from junitparser import JUnitXml

    return JUnitXml.fromfile(str(path))


@pytest.mark.slow
@pytest.mark.parametrize("shell", SHELLS.values(), ids=SHELLS)
def test_the_gitlab_job_judges_a_stored_result_and_stops_at_an_error(gitlab, shell):
    stored = str(STORED / "membership-fail" / "result.json")
    assert gitlab(shell, AUDIT_RESULT=stored, AUDIT_FAIL_IF="loss:auc>0.99").returncode == 0
    assert gitlab(shell, AUDIT_RESULT=stored, AUDIT_FAIL_IF="no-such:auc>0.99").returncode == 2
    assert gitlab(shell, AUDIT_MODEL=DEMO, AUDIT_COMMAND="store").returncode == 2
    assert gitlab(shell, AUDIT_MODEL="nowhere.pt").returncode == 2
    assert "Expected AUDIT_MODEL or AUDIT_RESULT" in gitlab(shell, AUDIT_FAIL_IF="auc>0.5").stderr


# pre-commit


@pytest.fixture
def hook(workspace):
    (manifest,) = loaded(".pre-commit-hooks.yaml")

    def committed(*arguments):
        # NOTE: as pre-commit runs it: the entry, the arguments of the configuration, no file names.
        return run([*shlex.split(manifest["entry"]), *arguments], workspace, {})

    return committed


def test_the_hook_has_the_form_of_a_pre_commit_hook():
    (manifest,) = loaded(".pre-commit-hooks.yaml")
    assert {"id", "name", "entry", "language"} <= manifest.keys()
    assert manifest["id"] == "privaudit-gate"
    assert manifest["language"] == "python"
    assert manifest["pass_filenames"] is False
    assert manifest["always_run"] is True


@pytest.mark.slow
def test_the_hook_passes_fails_and_refuses_a_result_of_another_model(hook, workspace):
    stored = str(STORED / "membership-fail" / "result.json")
    assert hook(stored, "--fail-if", "loss:auc>0.99", "--model", DEMO).returncode == 0
    assert hook(stored, "--fail-if", "auc>0.7", "--model", DEMO).returncode == 1
    (workspace / "work" / "another.pt").write_bytes((workspace / "work" / DEMO).read_bytes() + b"\0")
    stale = hook(stored, "--fail-if", "loss:auc>0.99", "--model", "another.pt")
    assert stale.returncode == 2
    assert "another.pt" in stale.stderr
