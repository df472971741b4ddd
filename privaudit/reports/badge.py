"""A badge for shields.io's endpoint: a JSON file that any web server can hand out."""

import json

from privaudit.results import Result

_MESSAGES = {"pass": "pass", "fail": "leaks", "inconclusive": "inconclusive", "not-judged": "not judged"}
_COLOURS = {"pass": "brightgreen", "fail": "red", "inconclusive": "yellow", "not-judged": "lightgrey"}


def badge(result: Result) -> str:
    """Verdict, the number that decided, and the month."""
    decided = next((item for item in result.verdict.thresholds if item.value is not None), None)
    number = "" if decided is None else f", {decided.expression.partition('>')[0]} ≤ {decided.value:.3g}"
    if decided is not None and decided.result == "exceeded":
        number = number.replace("≤", "≥")
    message = f"{_MESSAGES[result.verdict.status]}{number} ({result.created[:7]})"
    content = {
        "schemaVersion": 1,
        "label": "privacy audit",
        "message": message,
        "color": _COLOURS[result.verdict.status],
    }
    return json.dumps(content, ensure_ascii=False) + "\n"
