"""What a pipeline must know of a result: one finding per limit, and one for everything else that decides.

Test reports and code scanning are made of these, so neither can look better than the verdict: a failed audit
always has a failed finding, an undecided one an undecided finding.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from privaudit.reports.shortened import MOST_OF_A_NAME, MOST_OF_A_TEXT, short
from privaudit.results import NotRun, Result, ThresholdResult
from privaudit.results.metrics import METRICS

Outcome = Literal["failed", "undecided", "accepted", "waived", "passed"]
"""``accepted`` is undecided under ``--on-inconclusive pass``."""

INCOMPARABLE = (
    "Members and non-members can be told apart by their texts alone, so attack success says nothing about "
    "the model."
)


@dataclass(frozen=True)
class Finding:
    """One thing that was judged."""

    rule: str
    """Metric of a limit, with ``-slice`` or ``-increase``; or ``claim``, ``sets``, ``not-run``, …"""
    name: str
    """Its title; of a limit its expression."""
    outcome: Outcome
    text: str
    threshold: ThresholdResult | None = None
    """The limit, where it is one."""


def findings(result: Result) -> tuple[Finding, ...]:
    """All findings: the limits in their order, the claim, the sets, and what did not run.

    Their names and texts are fit to be shown; the limit of a finding is unchanged.
    """
    found = (*_limits(result), *_claim(result), *_sets(result), *_unfinished(result))
    return tuple(map(_shown, (*found, *_verdict(result, found))))


def _shown(finding: Finding) -> Finding:
    name, text = short(finding.name, MOST_OF_A_NAME), short(finding.text, MOST_OF_A_TEXT)
    return replace(finding, name=name, text=text)


def rests_on_sets_that_differ(threshold: ThresholdResult, result: Result) -> bool:
    """Whether the limit is on membership, and texts alone separate the sets: then it is undecided.

    A shift between the sets can hide leakage or look like it, so such a limit neither fails nor holds.
    """
    metric = METRICS.get(threshold.metric or "")
    on_membership = metric is not None and metric.family == "membership"
    return on_membership and result.data.blind_baseline.forbids_verdict


def _limits(result: Result) -> Iterator[Finding]:
    for item in result.verdict.thresholds:
        rule = metric.name if (metric := METRICS.get(item.metric or "")) else "limit"
        text = " ".join(part for part in (item.reason, item.advice) if part)
        if item.slice is not None:
            rule = f"{rule}-slice"
        if item.against == "baseline":
            rule = f"{rule}-increase"
        outcome = _outcome(item.result, result)
        if item.is_waived:
            outcome, text = "waived", f"{item.waiver}. {text}".replace("..", ".")
        elif rests_on_sets_that_differ(item, result):
            outcome, text = "undecided", f"{INCOMPARABLE} {text}"
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
        yield Finding("sets", "comparable sets", "passed", "The texts alone did not separate the two sets.")
    else:
        # NOTE: --on-inconclusive does not apply: design.md has exit code 4 whatever else was found.
        yield Finding("sets", "comparable sets", "undecided", INCOMPARABLE)


def _unfinished(result: Result) -> Iterator[Finding]:
    attacks: dict[str, list[NotRun]] = {}
    for item in result.not_run:
        attacks.setdefault(item.attack, []).append(item)
    for attack, items in attacks.items():
        others = f" The same on {len(items):,} canaries." if len(items) > 1 else ""
        text = f"{attack} was requested and did not finish. {items[0].reason}{others}"
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
