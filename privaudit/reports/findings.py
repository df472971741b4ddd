"""What a pipeline must hear of a result: one finding per limit, and one for whatever else decides.

Test reports and code scanning are made of these, so that neither can look better than the verdict: a failed
audit always has a finding that failed, an undecided one always has one that is undecided.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from privaudit.reports.shortened import MOST_OF_A_NAME, MOST_OF_A_TEXT, short
from privaudit.results import NotRun, Result, ThresholdResult

Outcome = Literal["failed", "undecided", "accepted", "waived", "passed"]
"""``accepted`` is undecided where ``--on-inconclusive pass`` was asked for."""

_MEMBERSHIP = ("auc", "tpr", "advantage")
_METRICS = (*_MEMBERSHIP, "exposure", "extracted", "epsilon")
_INCOMPARABLE = (
    "Members and non-members differ in their texts alone, so nothing about the model can be judged on them."
)


@dataclass(frozen=True)
class Finding:
    """One thing that was judged."""

    rule: str
    """Metric of a limit, with ``-slice`` or ``-increase``; or ``claim``, ``sets``, ``not-run``, …"""
    name: str
    """What a person calls it; of a limit its expression."""
    outcome: Outcome
    text: str
    threshold: ThresholdResult | None = None
    """The limit, where it is one."""


def findings(result: Result) -> tuple[Finding, ...]:
    """All findings: the limits in their order, the claim, the sets, and what did not run.

    Their names and texts are fit to be shown; the limit of a finding is as it stands in the result.
    """
    found = (*_limits(result), *_claim(result), *_sets(result), *_unfinished(result))
    return tuple(map(_shown, (*found, *_verdict(result, found))))


def _shown(finding: Finding) -> Finding:
    name, text = short(finding.name, MOST_OF_A_NAME), short(finding.text, MOST_OF_A_TEXT)
    return replace(finding, name=name, text=text)


def metric_of(threshold: ThresholdResult) -> tuple[str, str]:
    """Metric and false-positive rate of a limit as its expression has them; empty where it has none."""
    metric, _, fpr = threshold.expression.rpartition(":")[2].partition(">")[0].partition("@")
    return metric.strip(), fpr.strip()


def is_waived(threshold: ThresholdResult) -> bool:
    """Whether the limit is exceeded and somebody answers for it."""
    return threshold.result == "exceeded" and threshold.waiver is not None


def speaks_of_sets_that_differ(threshold: ThresholdResult, result: Result) -> bool:
    """Whether the limit is on membership, and texts alone tell the sets apart: then it is undecided.

    A shift between the sets can hide what the model reveals as well as feign it, so such a limit neither
    fails nor holds.
    """
    return metric_of(threshold)[0] in _MEMBERSHIP and result.data.blind_baseline.forbids_verdict


def _limits(result: Result) -> Iterator[Finding]:
    for item in result.verdict.thresholds:
        metric, _ = metric_of(item)
        rule = metric if metric in _METRICS else "limit"
        text = " ".join(part for part in (item.reason, item.advice) if part)
        if item.slice is not None:
            rule = f"{rule}-slice"
        if item.against == "baseline":
            rule = f"{rule}-increase"
        outcome = _outcome(item.result, result)
        if is_waived(item):
            outcome, text = "waived", f"{item.waiver}. {text}".replace("..", ".")
        elif speaks_of_sets_that_differ(item, result):
            outcome, text = "undecided", f"{_INCOMPARABLE} {text}"
        yield Finding(rule, item.name, outcome, text, item)


def _claim(result: Result) -> Iterator[Finding]:
    if result.epsilon is not None and result.epsilon.verdict != "no-claim":
        outcome = _outcome(result.epsilon.verdict, result)
        yield Finding("claim", "claimed privacy", outcome, result.epsilon.sentence)
    sweep = result.epsilon_sweep
    if sweep is not None and sweep.verdict in ("violated", "consistent"):
        yield Finding("claim", "configured privacy", _outcome(sweep.verdict, result), sweep.sentence)


def _sets(result: Result) -> Iterator[Finding]:
    baseline = result.data.blind_baseline
    if not baseline.gates or baseline.comparable is None:
        return
    if baseline.comparable:
        yield Finding("sets", "comparable sets", "passed", "The texts alone did not tell the two sets apart.")
    else:
        # NOTE: --on-inconclusive does not apply: design.md has exit code 4 whatever else was found.
        yield Finding("sets", "comparable sets", "undecided", _INCOMPARABLE)


def _unfinished(result: Result) -> Iterator[Finding]:
    attacks: dict[str, list[NotRun]] = {}
    for item in result.not_run:
        attacks.setdefault(item.attack, []).append(item)
    for attack, items in attacks.items():
        others = f" So on {len(items):,} canaries." if len(items) > 1 else ""
        text = f"{attack} was asked for and did not finish. {items[0].reason}{others}"
        yield Finding("not-run", f"{attack} runs", _undecided(result), text)


def _verdict(result: Result, found: tuple[Finding, ...]) -> Iterator[Finding]:
    """The verdict itself, where no other finding says what it says."""
    status, sentence = result.verdict.status, result.verdict.sentence
    outcomes = {finding.outcome for finding in found}
    if status == "fail" and "failed" not in outcomes:
        yield Finding("verdict", "verdict", "failed", sentence)
    if status == "inconclusive" and not outcomes & {"failed", "undecided", "accepted"}:
        yield Finding("verdict", "verdict", _undecided(result), sentence)


def _outcome(
    decision: Literal["exceeded", "holds", "violated", "consistent", "inconclusive", "no-claim"],
    result: Result,
) -> Outcome:
    if decision in ("exceeded", "violated"):
        return "failed"
    return "passed" if decision in ("holds", "consistent") else _undecided(result)


def _undecided(result: Result) -> Outcome:
    return "accepted" if result.verdict.on_inconclusive == "pass" else "undecided"
