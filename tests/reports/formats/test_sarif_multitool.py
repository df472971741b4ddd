"""Findings as another program reads them: the SARIF Multitool, with its own rules and those of GitHub."""

import json
import os
import subprocess
from itertools import product

import pytest

from privaudit.reports.formats.sarif import sarif
from privaudit.results import (
    BlindBaseline,
    Data,
    Interval,
    Model,
    NotRun,
    Provenance,
    Result,
    ThresholdResult,
    Tool,
    Verdict,
)

pytestmark = pytest.mark.sarif

LIMITS = ("auc>0.6", "loss:tpr@0.001>0.1", "advantage>0.2", "exposure>8", "extracted>0", "epsilon>4")
FOREIGN = {
    "markup": "<script>alert(1)</script>\"'&amp;[x](javascript:alert(1)) {0} {{1}} %20 # ?",
    "steering": "\x1b[31mred\x1b[0m\x00\x08\r\n\t\u202etxt.exe\u2066\u2028\ufeff\ufffe",
    "surrogate": "\ud800 \udfff alone, \U0001f600 in a pair",
    "long": "w" * 1_000_000,
    "empty": "",
}
# The log names no home page of the tool, because there is none to name.
ALLOWED = {("warning", "SARIF2005")}


@pytest.fixture(scope="module")
def multitool():
    path = os.environ.get("SARIF_MULTITOOL")
    if not path:
        pytest.fail("SARIF_MULTITOOL does not name the SARIF Multitool; .ci/run installs it", pytrace=False)
    return path


def a_limit(expression, decision, *, text="It was decided.", **changes):
    return ThresholdResult(
        expression=expression, bound="high", value=0.7, limit=0.6, result=decision, reason=text, **changes
    )


def a_result(status, limits=(), *, text="models/a.pt", comparable=True, not_run=()):
    none = Interval(value=None, low=None, high=None)
    return Result(
        tool=Tool(version="0.1.0"),
        created="2026-01-01T00:00:00+00:00",
        command="mia",
        model=Model(
            path=text, format="bundle", architecture="bow", loader="l", files=(), digest="d", access="weights"
        ),
        data=Data(
            source=text,
            n_members=2,
            n_nonmembers=1,
            blind_baseline=BlindBaseline(auc=none, comparable=comparable),
        ),
        verdict=Verdict(status=status, sentence=text, thresholds=tuple(limits)),
        provenance=Provenance(argv=(), seed=0, python="3", platform="p", versions={}, seconds=1.0),
        not_run=not_run,
    )


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    """A log of each verdict, and of each kind of foreign text in every field that a log shows."""
    folder = tmp_path_factory.mktemp("sarif")
    decided = [a_limit(*pair) for pair in product(LIMITS, ("exceeded", "holds", "inconclusive"))]
    missing = (NotRun(attack="lira", reason="It was stopped."),)
    changed = {"slice": "class=loan", "against": "baseline", "advice": "900 more records would decide it."}
    results = {
        "pass": a_result("pass", decided[1::3]),
        "fail": a_result("fail", decided),
        "inconclusive": a_result("inconclusive", decided[2::3], comparable=False, not_run=missing),
        "not-judged": a_result("not-judged"),
        "waived": a_result("pass", [a_limit("auc>0.6", "exceeded", waiver="known until June")]),
        "increase": a_result("fail", [a_limit("auc>0.02", "exceeded", **changed)]),
    }
    for name, text in FOREIGN.items():
        limits = [
            a_limit(text, decision, text=text, attack=text, slice=text, advice=text)
            for decision in ("exceeded", "inconclusive")
        ]
        results[name] = a_result("fail", limits, text=text, not_run=(NotRun(attack=text, reason=text),))
    for name, result in results.items():
        location = "pyproject.toml" if name in FOREIGN else "a folder/gate #1 für 50%.toml"
        (folder / f"{name}.sarif").write_text(sarif(result, location), encoding="utf-8")
    return folder


def validated(multitool, logs, out):
    """Level, rule and message of all that the Multitool says about the logs."""
    command = [
        multitool,
        "validate",
        str(logs / "*.sarif"),
        "--rule-kind",
        "Sarif;Ghas",
        "--output",
        str(out),
    ]
    # NOTE: the program stops without this where the ICU libraries are not installed.
    environment = {**os.environ, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert f"{len(list(logs.glob('*.sarif')))} files scanned" in done.stdout, done.stdout + done.stderr
    (run,) = json.loads(out.read_text(encoding="utf-8-sig"))["runs"]
    rules = {rule["id"]: rule for rule in run["tool"]["driver"].get("rules", ())}
    said = []
    for item in run.get("results", ()):
        default = rules.get(item["ruleId"], {}).get("defaultConfiguration", {}).get("level", "warning")
        said.append((item.get("level", default), item["ruleId"], json.dumps(item["message"])[:300]))
    for call in run["invocations"]:
        assert call["executionSuccessful"]
        assert not call.get("toolExecutionNotifications"), call
    return said


def test_the_logs_of_all_verdicts_are_as_github_wants_them(multitool, logs, tmp_path):
    said = validated(multitool, logs, tmp_path / "said.sarif")
    assert [item for item in said if item[0] in ("error", "warning") and item[:2] not in ALLOWED] == []


def test_the_multitool_would_complain(multitool, tmp_path):
    broken = json.loads(sarif(a_result("fail", [a_limit("auc>0.6", "exceeded")]), "pyproject.toml"))
    del broken["runs"][0]["results"][0]["message"]
    broken["runs"][0]["tool"]["driver"]["rules"][0]["id"] = 7
    (tmp_path / "broken.sarif").write_text(json.dumps(broken), encoding="utf-8")
    said = validated(multitool, tmp_path, tmp_path / "said.json")
    assert [item for item in said if item[0] == "error"]
