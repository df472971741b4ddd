"""The rules that SARIF findings refer to: what each means, how severe it is, and what to do about it."""

from collections.abc import Mapping
from dataclasses import dataclass

_HELP_URI = "https://csrc.nist.gov/glossary/term/membership_inference"
_RETRAIN = (
    "Open the HTML report for the attacks, slices and records behind it. Then train with differential privacy"
    " or stronger regularisation, remove the exposed texts, or set the limit anew and write down why."
)
_MEASURE = "Give more held-out records, comparable sets or more time, as the message says, and audit again."


@dataclass(frozen=True)
class _Rule:
    name: str
    text: str
    severity: str
    """As GitHub has it: above 0 to 10, high from 7, critical above 9."""
    help: str = _RETRAIN


_RULES: Mapping[str, _Rule] = {
    "auc": _Rule(
        "Membership inference", "An attack tells members of the training data from other records.", "6.5"
    ),
    "tpr": _Rule(
        "Membership inference at few false alarms",
        "An attack finds members of the training data while wrongly accusing few other records.",
        "7.5",
    ),
    "advantage": _Rule(
        "Membership advantage", "An attack is right about members more often than guessing.", "6.0"
    ),
    "exposure": _Rule(
        "Exposed canary", "A planted secret stands out among all that it could have been.", "7.0"
    ),
    "extracted": _Rule(
        "Extracted canary", "A planted secret was read out of the model word for word.", "9.1"
    ),
    "epsilon": _Rule("Epsilon exceeded", "An attack achieves more than the permitted epsilon allows.", "8.0"),
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
        "Members and non-members differ in their texts alone; attack success says nothing about the model.",
        "3.0",
        "Draw both sets from one source by random coins, as privaudit train does, and audit again.",
    ),
    "not-run": _Rule("Attack did not run", "An attack that was asked for has no result.", "2.0", _MEASURE),
    "undecided": _Rule(
        "Audit undecided", "The audit could not decide a limit of the policy.", "1.0", _MEASURE
    ),
}
_WHERE = {
    "-slice": (" in a part of the records", " The limit is for one part of the records."),
    "-increase": (" above the baseline", " The limit is for the increase over an accepted model."),
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
