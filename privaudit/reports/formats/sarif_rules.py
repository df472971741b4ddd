"""The rules that SARIF findings refer to: what each means, how severe it is, and what to do about it."""

from collections.abc import Mapping
from dataclasses import dataclass

from privaudit.reports.findings import INCOMPARABLE
from privaudit.reports.words.metrics import WORDS

_HELP_URI = "https://csrc.nist.gov/glossary/term/membership_inference"
_RETRAIN = (
    "Open the HTML report for the attacks, slices and records behind it. Then train with differential privacy"
    " or stronger regularisation, remove the exposed texts, or change the limit and document why."
)
_MEASURE = "Provide what the message asks for (held-out records, comparable sets or time), then audit again."


@dataclass(frozen=True)
class _Rule:
    name: str
    text: str
    severity: str
    help: str = _RETRAIN


_RULES: Mapping[str, _Rule] = {
    **{name: _Rule(words.rule, words.meaning, words.severity) for name, words in WORDS.items()},
    "limit": _Rule("Limit exceeded", "A limit of the privacy policy is exceeded.", "7.0"),
    "verdict": _Rule("Audit failed", "The audit of the model failed.", "7.0"),
    "claim": _Rule(
        "Claimed privacy refuted",
        "An attack achieves more than the claimed differential privacy allows: training, accounting or an "
        "assumption of the audit is broken.",
        "9.0",
        "Open the HTML report: it lists what to look at first. Do not state the claim until you know why.",
    ),
    "sets": _Rule(
        "Sets not comparable",
        INCOMPARABLE,
        "3.0",
        "Split one source at random, as privaudit train does, and audit again.",
    ),
    "not-run": _Rule("Attack did not run", "A requested attack has no result.", "2.0", _MEASURE),
    "undecided": _Rule(
        "Audit undecided", "The audit could not decide a limit of the policy.", "1.0", _MEASURE
    ),
}
_WHERE = {
    "-slice": (" in a part of the records", " The limit is for one slice of the records."),
    "-increase": (" above the baseline", " The limit is on the increase over an accepted model."),
}


def rule(identifier: str) -> dict[str, object]:
    """The rule with this id, as SARIF has it; suffixes say what a limit is for."""
    title, text, base = "", "", identifier
    for suffix, (where, meaning) in _WHERE.items():
        if suffix in base:
            base, title, text = base.replace(suffix, ""), title + where, text + meaning
    known = _RULES[base]
    title, text = known.name + title, known.text + text
    advice = f"{text} {known.help}"
    return {
        "id": identifier,
        "name": title.title().replace(" ", ""),
        "shortDescription": {"text": f"{title}."},
        "fullDescription": {"text": text},
        "helpUri": _HELP_URI,
        "help": {"text": advice, "markdown": advice},
        "properties": {
            "tags": ["security", "privacy"],
            "security-severity": known.severity,
            "precision": "high",
        },
    }
