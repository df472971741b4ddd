"""What a reader of the verdict should do about it."""

from collections.abc import Iterator

from privaudit.inert import inert
from privaudit.reports.findings import is_waived
from privaudit.results import Result

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
_ACTION_WAIVED = (
    "The model exceeds limits that somebody accepted: check below who answers for that, why, and until when."
)
_ACTION_UNREFUTED = (
    "This is no proof of the claim: the test finds faults, and smaller errors and stronger attacks remain "
    "possible. Keep this report with the model, and audit again when either changes."
)
_OBEYED = {
    "pass": "The build was told to go on without a verdict. That it does is no pass.",
    "fail": "The build was told to fail without a verdict. That it does is no finding.",
}
_ACTION_REFUTED = (
    "Do not release this model as private. Check the implementation and the accounting first; the section on "
    "the configured epsilon lists where to look. Then train and audit again."
)
_ACTION_SWEEP = (
    "Choose how to train by what attacks still reach and by the accuracy that is left. Then audit the very "
    "model that you release, with limits."
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
        case "pass" if any(map(is_waived, verdict.thresholds)):
            yield from (_ACTION_WAIVED, _ACTIONS["pass"])
        case status:
            yield _ACTIONS[status]
    if verdict.status == "inconclusive" and not result.data.blind_baseline.forbids_verdict:
        if verdict.on_inconclusive in _OBEYED:
            yield _OBEYED[verdict.on_inconclusive]
        advice = next((item.advice for item in verdict.thresholds if item.advice), None)
        if advice is not None:
            yield f"What would decide: {inert(advice)}"


def refuted(result: Result) -> bool:
    """Whether a test of the claimed privacy, or of one that a sweep trained for, refuted it."""
    tests = (result.epsilon, result.epsilon_sweep)
    return any(test is not None and test.verdict == "violated" for test in tests)
