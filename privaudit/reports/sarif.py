"""Exceeded thresholds as SARIF 2.1.0, as GitHub's code scanning reads it.

A model has no source line. A finding therefore points at the text file that governs the model: the policy
with the threshold, or the result itself. Its fingerprint is made of rule, model and data, never of a score,
so that an alert stays the same while the number moves. Waived findings are left out: GitHub opens suppressed
results as alerts.
"""

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256

from privaudit.inert import inert
from privaudit.results import Result, ThresholdResult

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_HELP_URI = "https://csrc.nist.gov/glossary/term/membership_inference"
_RULES: Mapping[str, tuple[str, str, str]] = {
    "auc": (
        "Membership inference",
        "An attack tells members of the training data from other records.",
        "6.5",
    ),
    "tpr": (
        "Membership inference at few false alarms",
        "An attack finds members while accusing few others.",
        "7.5",
    ),
    "advantage": (
        "Membership advantage",
        "An attack is right about members more often than guessing.",
        "6.0",
    ),
    "exposure": ("Exposed canary", "A planted secret stands out among all that it could have been.", "7.0"),
    "extracted": ("Extracted canary", "A planted secret was read out of the model word for word.", "9.1"),
    "epsilon": ("Epsilon exceeded", "An attack achieves more than the permitted epsilon allows.", "8.0"),
    "undecided": ("Audit undecided", "The audit could not decide a threshold.", "1.0"),
}


def sarif(result: Result, location: str) -> str:
    """The log with one run.

    Args:
        result: of any command.
        location: the file that findings point at, relative to the repository, with forward slashes.
    """
    findings = list(_findings(result, location))
    used = sorted({str(finding["ruleId"]) for finding in findings})
    driver = {
        "name": "privaudit",
        "semanticVersion": result.tool.version,
        "rules": [_rule(rule) for rule in used],
    }
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"privaudit/{_slug(result)}"},
        "results": findings,
        "columnKind": "unicodeCodePoints",
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1) + "\n"


def _findings(result: Result, location: str) -> Iterator[dict[str, object]]:
    for item in result.verdict.thresholds:
        if item.waiver is not None or item.result == "holds":
            continue
        rule = _metric(item) if item.result == "exceeded" else "undecided"
        level = "error" if item.result == "exceeded" else "warning"
        text = f"{inert(item.expression)}: {inert(item.reason)}"
        yield _finding(rule, level, text, item.expression, result, location)


def _finding(rule: str, level: str, text: str, key: str, result: Result, location: str) -> dict[str, object]:
    digest = sha256(f"{rule}\n{key}\n{result.model.path}\n{result.data.source}".encode("utf-8", "replace"))
    region = {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 2}
    return {
        "ruleId": rule,
        "level": level,
        "message": {"text": text},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": location}, "region": region}}],
        "partialFingerprints": {"primaryLocationLineHash": f"{digest.hexdigest()[:32]}:1"},
    }


def _rule(rule: str) -> dict[str, object]:
    name, text, severity = _RULES[rule]
    advice = "Open the HTML report for the attacks, slices and records behind it, and for what to do."
    return {
        "id": rule,
        "name": name.title().replace(" ", ""),
        "shortDescription": {"text": name},
        "fullDescription": {"text": text},
        "helpUri": _HELP_URI,
        "help": {"text": f"{text} {advice}", "markdown": f"{text} {advice}"},
        "properties": {
            "tags": ["security", "privacy"],
            "security-severity": severity,
            "precision": "high",
        },
    }


def _metric(item: ThresholdResult) -> str:
    metric = item.expression.rpartition(":")[2].partition(">")[0].partition("@")[0].strip()
    return metric if metric in _RULES else "undecided"


def _slug(result: Result) -> str:
    name = result.model.path.replace("\\", "/").rpartition("/")[2]
    return "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in name)[:100]
