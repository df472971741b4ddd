"""A badge for shields.io's endpoint: a JSON file that any web server can hand out."""

import json

from privaudit.inert import inert
from privaudit.results import Result, ThresholdResult
from privaudit.results.metrics import METRICS
from privaudit.rounding import at_least, at_most

_WORDS = {"pass": "pass", "fail": "leaks", "inconclusive": "inconclusive", "not-judged": "no limits set"}
_COLOURS = {"pass": "brightgreen", "fail": "red", "inconclusive": "yellow", "not-judged": "lightgrey"}
_WAIVED = "orange"
_MOST = 60


def badge(result: Result) -> str:
    """The verdict, the bound that decided it, and the month.

    The bound is rounded away from comfort: up where leakage is at most so much, down where it is at least.
    """
    limit = _decisive(result)
    waived = limit is not None and limit.is_waived
    word = "waived" if waived else _word(result, limit)
    parts = [word] if limit is None else [word, _bound(limit)]
    content = {
        "schemaVersion": 1,
        "label": "privacy audit",
        "message": f"{inert(': '.join(parts), _MOST)} ({inert(result.created[:7])})",
        "color": _WAIVED if waived else _COLOURS[result.verdict.status],
    }
    return json.dumps(content, ensure_ascii=False) + "\n"


def _word(result: Result, limit: ThresholdResult | None) -> str:
    """The verdict in a word or three; that of the claim where no limit decided."""
    tested = None if result.epsilon is None else result.epsilon.verdict
    if limit is None and result.verdict.status == "fail" and tested == "violated":
        return "claim refuted"
    if limit is None and result.verdict.status == "pass" and tested == "consistent":
        return "claim not refuted"
    return _WORDS[result.verdict.status]


def _decisive(result: Result) -> ThresholdResult | None:
    """The first limit that made the verdict what it is; a waived one before those that hold."""
    if result.data.blind_baseline.forbids_verdict:
        return None
    limits = [item for item in result.verdict.thresholds if item.value is not None]
    exceeded = [item for item in limits if item.result == "exceeded"]
    match result.verdict.status:
        case "fail":
            return next((item for item in exceeded if not item.is_waived), None)
        case "pass":
            return next(iter(exceeded + [item for item in limits if item.result == "holds"]), None)
        case _:
            return None


def _bound(limit: ThresholdResult) -> str:
    metric = METRICS.get(limit.metric or "")
    assert limit.value is not None  # noqa: S101 - chosen so
    above = limit.result == "exceeded"
    unit = "" if metric is None or not metric.unit else f" {metric.unit}"
    value = 100 * limit.value if unit == " %" else limit.value
    number = at_least(value) if above else at_most(value)
    name = limit.metric or "limit" if metric is None else metric.label
    at = "" if limit.fpr is None else f"@{100 * limit.fpr:g}%"
    where = "" if limit.slice is None else f" in {limit.slice}"
    rise = " rise" if limit.against == "baseline" else ""
    # NOTE: no attack bounds epsilon from above; what holds there is the accounting of the claim.
    if metric is not None and metric.from_below and not above:
        where = f" as accounted{where}"
    return f"{name}{at}{rise}{where} {'≥' if above else '≤'} {number}{unit}"
