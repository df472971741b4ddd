"""What a reader of the verdict should do about it."""

from collections.abc import Iterator

from privaudit.inert import inert
from privaudit.results import Result

_ACTIONS = {
    "pass": (
        "A pass covers the attacks that ran, on these records, and the limits that were set. It does not "
        "prove privacy. Keep this report with the model, and audit again when the model or the data change."
    ),
    "fail": (
        "Do not release this model yet. Find what leaks below (attacks, slices, records), then train with "
        "differential privacy or stronger regularisation, remove the exposed texts, or change the limit and "
        "document why. Then audit again."
    ),
    "inconclusive": (
        "This is neither a pass nor a failure. The limits below say what is missing: more held-out records, "
        "comparable sets, an attack that did not finish, or a stronger design."
    ),
    "not-judged": 'Set limits, for example --fail-if "tpr@0.01>0.05", to let a build pass or fail.',
}
_ACTION_WAIVED = (
    "The model exceeds limits, and an owner has accepted that: check below who, why, and until when."
)
_ACTION_UNREFUTED = (
    "This does not prove the claim: the test finds faults, but smaller errors and stronger attacks remain "
    "possible. Keep this report with the model, and audit again when the model or the data change."
)
_OBEYED = {
    "pass": "The build is configured to continue without a verdict. That is not a pass.",
    "fail": "The build is configured to fail without a verdict. That is not a finding.",
}
_ACTION_REFUTED = (
    "Do not release this model as private. Check the implementation and the accounting first; the section on "
    "the configured epsilon lists where to look. Then train and audit again."
)
_ACTION_SWEEP = (
    "Choose how to train by how far attacks still get and how much accuracy remains. Then audit the model "
    "you release, with limits."
)


def action(result: Result) -> str:
    """What a reader should do now."""
    return " ".join(_actions(result))


def _actions(result: Result) -> Iterator[str]:
    verdict = result.verdict
    match verdict.status:
        case "fail" if refuted(result):
            yield _ACTION_REFUTED
        case "not-judged" if result.sweep or result.epsilon_sweep:
            yield _ACTION_SWEEP
        case "pass" if not verdict.thresholds:
            yield _ACTION_UNREFUTED
        case "pass" if any(item.is_waived for item in verdict.thresholds):
            yield from (_ACTION_WAIVED, _ACTIONS["pass"])
        case status:
            yield _ACTIONS[status]
    if verdict.status == "inconclusive" and not result.data.blind_baseline.forbids_verdict:
        if verdict.on_inconclusive in _OBEYED:
            yield _OBEYED[verdict.on_inconclusive]
        advice = next((item.advice for item in verdict.thresholds if item.advice), None)
        if advice is not None:
            yield f"What it takes: {inert(advice)}"


def refuted(result: Result) -> bool:
    """Whether a test refuted the claimed privacy, or the privacy that a sweep trained for."""
    tests = (result.epsilon, result.epsilon_sweep)
    return any(test is not None and test.verdict == "violated" for test in tests)
