"""Findings as SARIF 2.1.0, as GitHub's code scanning reads it.

A model has no source line. A finding therefore points at the text file that governs the model: the line of
the policy that holds the limit. Its fingerprint is made of rule, limit, model and data, never of a score, so
that an alert stays the same while the number moves. Waived findings are left out: GitHub opens suppressed
results as alerts.
"""

import json
import re
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from posixpath import normpath
from urllib.parse import quote

from privaudit.errors import UsageError
from privaudit.reports.findings import Finding, findings
from privaudit.reports.formats.sarif_rules import rule
from privaudit.reports.shortened import MOST_OF_A_NAME, short
from privaudit.results import Result, ThresholdResult

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {"failed": "error", "undecided": "warning", "accepted": "note"}
_MOST_LINES_BYTES = 1_000_000


def sarif(result: Result, location: str) -> str:
    """The log with one run: a result for each finding that failed or is undecided.

    Args:
        result: of any command.
        location: the file that findings point at, relative to the repository; where it is there, they point
            at the line with their limit.

    Raises:
        UsageError: the location is outside of the repository.
    """
    uri, lines = _uri(location), _lines(Path(location))
    open_findings = [finding for finding in findings(result) if finding.outcome in _LEVELS]
    version = short(result.tool.version, MOST_OF_A_NAME)
    rules = sorted({_rule_id(finding) for finding in open_findings})
    driver = {
        "name": "privaudit",
        "version": version,
        "semanticVersion": version,
        "rules": [rule(name) for name in rules],
    }
    run = {
        "tool": {"driver": driver},
        # NOTE: up to the last slash it is GitHub's category; an upload closes older alerts of its own.
        "automationDetails": {"id": f"privaudit/{_slug(result.command)}/{_slug(_model(result))}/"},
        "results": [_result(finding, result, uri, lines, rules) for finding in open_findings],
        "columnKind": "unicodeCodePoints",
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1) + "\n"


def _result(
    finding: Finding, result: Result, uri: str, lines: Sequence[str], rules: Sequence[str]
) -> dict[str, object]:
    line = 0 if finding.threshold is None else _line_of(finding.threshold, lines)
    end = len(lines[line]) if line < len(lines) else 0
    region = {"startLine": line + 1, "startColumn": 1, "endLine": line + 1, "endColumn": max(end, 1) + 1}
    return {
        "ruleId": _rule_id(finding),
        "ruleIndex": rules.index(_rule_id(finding)),
        "level": _LEVELS[finding.outcome],
        "message": {"text": _message(f"{finding.name}: {finding.text}")},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": uri}, "region": region}}],
        "partialFingerprints": {"primaryLocationLineHash": f"{_fingerprint(finding, result)}:1"},
    }


def _message(text: str) -> str:
    """Text that no reader takes for placeholders or embedded links (SARIF 2.1.0, 3.11.5 and 3.11.6)."""
    return re.sub(r"[\\\[\]]", r"\\\g<0>", text).replace("{", "{{").replace("}", "}}")


def _rule_id(finding: Finding) -> str:
    """Its own rule for what is undecided, because a rule has one severity for all of its alerts."""
    decided = finding.outcome == "failed" or finding.rule in ("sets", "not-run")
    return finding.rule if decided else "undecided"


def _fingerprint(finding: Finding, result: Result) -> str:
    limit = finding.threshold
    about = [finding.name] if limit is None else [limit.expression, limit.slice or "", limit.against]
    key = (_rule_id(finding), *about, _model(result), result.data.source)
    return sha256("\n".join(key).encode("utf-8", "replace")).hexdigest()[:32]


def _model(result: Result) -> str:
    """Its path where that is relative, else its name alone: absolute paths differ from machine to machine."""
    path = result.model.path.replace("\\", "/").rstrip("/")
    return path.rpartition("/")[2] if path.startswith("/") or path[1:3] == ":/" else normpath(path)


def _uri(location: str) -> str:
    path = normpath(location.replace("\\", "/"))
    if path.startswith(("/", "..")) or path[1:2] == ":" or path == ".":
        raise UsageError(
            f"{location[:80]!r} is not a relative path inside the repository", "Correct --location"
        )
    return quote(path.encode("utf-8", "replace"))


def _lines(path: Path) -> Sequence[str]:
    """The lines of the policy; none where it cannot be read, since a finding is worth more than its line."""
    try:
        if path.is_file() and path.stat().st_size <= _MOST_LINES_BYTES:
            return path.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        pass
    return ()


def _line_of(threshold: ThresholdResult, lines: Sequence[str]) -> int:
    """The index of the line with the limit; for a slice one beside its name, for an increase in that list."""
    found = [index for index, line in enumerate(lines) if threshold.expression in line]
    if threshold.slice is not None:
        value = threshold.slice.partition("=")[2]
        found = [index for index in found if value in "".join(lines[max(index - 2, 0) : index + 3])] or found
    if threshold.against == "baseline":
        begin = next((index for index, line in enumerate(lines) if "max-increase" in line), 0)
        found = [index for index in found if index >= begin] or found
    return found[0] if found else 0


def _slug(name: str) -> str:
    return "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in name)[-100:]
