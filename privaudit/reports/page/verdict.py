"""The verdict in words for somebody who signs, and what to do about it."""

from privaudit.inert import inert
from privaudit.reports.document import Section, Sentence, Table
from privaudit.results import Result

_WORDS = {
    "pass": "The model stays within the limits that were set.",
    "fail": "The model reveals more about its training texts than the limits allow.",
    "inconclusive": "No verdict: this audit could not decide.",
    "not-judged": "Measured, not judged: no limit was set.",
}
_ACTIONS = {
    "pass": (
        "A pass speaks of the attacks that ran, on these records, and of the limits that were set. It is no "
        "proof of privacy. Keep this report with the model, and audit again when either changes."
    ),
    "fail": (
        "Do not release this model as it is. Find what leaks below (attacks, slices, records), then train "
        "with differential privacy or stronger regularisation, remove the exposed texts, or set the limit "
        "anew and write down why. Then audit again."
    ),
    "inconclusive": (
        "Treat this as neither a pass nor a failure. The limits below say what is missing: more held-out "
        "records, comparable sets, an attack that did not finish, or a stronger design."
    ),
    "not-judged": (
        'Set limits, for example --fail-if "tpr@0.01>0.05", so that a build can pass or fail on them.'
    ),
}
_MARKS = {"exceeded": "✗ exceeded", "holds": "✓ holds", "inconclusive": "? inconclusive"}


def sentence(result: Result) -> str:
    """One sentence on the whole, with the reason behind it."""
    if result.verdict.status == "not-judged":
        return _WORDS["not-judged"]
    return f"{_WORDS[result.verdict.status]} {inert(result.verdict.sentence)}"


def action(result: Result) -> str:
    """What a reader should do now."""
    return _ACTIONS[result.verdict.status]


def thresholds(result: Result) -> Section:
    """Every limit with the end of the interval that decided."""
    rows = tuple(
        (
            inert(item.expression),
            _MARKS[item.result] + (f" (waived: {inert(item.waiver)})" if item.waiver else ""),
            inert(item.bound),
            "" if item.value is None else f"{item.value:.4g}",
            inert(item.reason),
        )
        for item in result.verdict.thresholds
    )
    if not rows:
        return Section("limits", "Limits", (Sentence("No limit was set, so nothing was judged."),))
    table = Table(
        "A limit is exceeded when the lower end of the interval is above it, and holds when the upper end is "
        "not: what lies between is undecided.",
        ("limit", "result", "decided by", "value", "why"),
        rows,
        frozenset({3}),
    )
    return Section("limits", "Limits", (table,))
