"""Findings that an owner has accepted until a date."""

import datetime
from collections.abc import Iterator, Sequence

from privaudit.gate.limits import Judged
from privaudit.gate.policy import Policy, Waiver
from privaudit.results import ThresholdResult

PREFIX = "Waiver for "
"""How every warning of this module begins."""


def apply_waivers(
    judged: Sequence[Judged], policy: Policy, digest: str, today: datetime.date
) -> tuple[tuple[ThresholdResult, ...], tuple[str, ...]]:
    """Mark the exceeded thresholds that a waiver covers; they no longer fail, and stay visible.

    A waiver is another limit, for one model and until a date. It covers an exceeded threshold that would
    *hold* with the limit of the waiver: more than what was accepted must be excluded, as for everything else
    that passes. So it never covers what is inconclusive, nor what has no upper end.

    Args:
        judged: every threshold.
        policy: with the waivers, and the longest time that one may run.
        digest: of the audited model.
        today: UTC.

    Returns:
        The thresholds with their waivers, and a sentence about every waiver that covers nothing.
    """
    thresholds = [one.item for one in judged]
    warnings = []
    for waiver in policy.waivers:
        named = [k for k, one in enumerate(judged) if same_id(one.item.name, waiver.id)]
        fault = _fault(waiver, policy, digest, today) or _uncovered(waiver, [judged[k] for k in named])
        if fault is not None:
            warnings.append(f"{PREFIX}{waiver.id!r} covers nothing: {fault}.")
            continue
        for k in named:
            thresholds[k] = thresholds[k].model_copy(update={"waiver": _text(waiver)})
    return tuple(thresholds), tuple(warnings)


def same_id(one: str, other: str) -> bool:
    """Whether two names mean the same threshold: white space in an expression means nothing."""
    return _plain(one) == _plain(other)


def _plain(name: str) -> tuple[str, ...]:
    expression, _, part = name.partition(" in ")
    return "".join(expression.split()), *part.split()


def _fault(waiver: Waiver, policy: Policy, digest: str, today: datetime.date) -> str | None:
    """Why a waiver does not count, regardless of the findings."""
    if today > waiver.expires:
        return f"it expired on {waiver.expires}; fix the model, or have its owner renew it"
    if (waiver.expires - today).days > policy.longest_waiver_days:
        return (
            f"it runs until {waiver.expires}, more than {policy.longest_waiver_days} days ahead; "
            "set an earlier date"
        )
    if not digest.startswith(waiver.model):
        ours = digest[:12]
        return f"it is for model {waiver.model[:12]}, and this is {ours}; decide again or remove it"
    return None


def _uncovered(waiver: Waiver, named: Sequence[Judged]) -> str | None:
    """Why a waiver that counts does not cover what it names."""
    if not named:
        return "no limit of this name was judged; correct its id or remove it"
    return next(_faults_of(waiver, named), None)


def _faults_of(waiver: Waiver, named: Sequence[Judged]) -> Iterator[str]:
    for one in named:
        if one.item.result == "holds":
            yield "its limit holds; remove it"
        elif one.item.result == "inconclusive":
            yield "its limit is inconclusive, which no waiver can cover; audit more records"
        elif waiver.limit > (most := one.limit.threshold.metric.most):
            yield f"its limit {waiver.limit:g} accepts anything; set one of at most {most:g}"
        else:
            accepted = one.at(waiver.limit)
            if accepted.result == "exceeded":
                yield f"the finding outgrew it. {accepted.reason.rstrip('.')}; fix the model"
            elif accepted.result == "inconclusive":
                yield f"its limit {waiver.limit:g} is not excluded. {accepted.reason.rstrip('.')}"


def _text(waiver: Waiver) -> str:
    ticket = "" if waiver.ticket is None else f" ({waiver.ticket})"
    return (
        f"Accepted up to {waiver.limit:g} until {waiver.expires} by {waiver.owner}{ticket}: {waiver.reason}"
    )
