"""Thresholds: how an expression is read, and what the intervals of a result say about it.

An expression is ``[attack:]metric[@fpr]>limit``. It is **exceeded** when leakage above the limit is
established, **holds** when leakage above the limit is excluded, and is **inconclusive** otherwise: a gate on
the point estimate would flicker from run to run.
"""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from privaudit.errors import UsageError
from privaudit.exits import Exit
from privaudit.results import FPRS, Interval, Membership, NotRun, ThresholdResult, TprAtFpr, Verdict

Metric = Literal["auc", "tpr", "advantage", "exposure", "extracted", "epsilon"]
OnInconclusive = Literal["pass", "fail", "4"]
_METRICS: tuple[Metric, ...] = get_args(Metric)
_MEMBERSHIP_METRICS = ("auc", "tpr", "advantage")
_EXPRESSION = re.compile(
    r"\s*(?:(?P<attack>[a-z0-9-]+)\s*:)?\s*(?P<metric>[a-z]+)\s*(?:@\s*(?P<fpr>[^\s>]+))?\s*>\s*(?P<limit>\S+)\s*"
)


@dataclass(frozen=True)
class Threshold:
    """A parsed ``--fail-if`` expression."""

    expression: str
    metric: Metric
    limit: float
    attack: str | None = None
    fpr: float | None = None


def parse_threshold(expression: str) -> Threshold:
    """Read ``[attack:]metric[@fpr]>limit``.

    Raises:
        UsageError: another shape, an unknown metric or FPR, or a limit that the metric cannot reach.
    """
    match = _EXPRESSION.fullmatch(expression)
    if match is None:
        raise UsageError(
            "a threshold of the form [attack:]metric[@fpr]>limit",
            repr(expression),
            'Write for example --fail-if "tpr@0.01>0.05"',
        )
    metric = next((known for known in _METRICS if known == match["metric"]), None)
    if metric is None:
        raise UsageError(
            f"a metric out of {', '.join(_METRICS)}",
            f"{match['metric']!r} in {expression!r}",
            "Correct the threshold",
        )
    fpr = _parse_fpr(match["fpr"], metric, expression)
    return Threshold(
        expression.strip(), metric, _parse_limit(match["limit"], metric, expression), match["attack"], fpr
    )


def _parse_fpr(text: str | None, metric: str, expression: str) -> float | None:
    known = ", ".join(f"{fpr:g}" for fpr in FPRS)
    if metric != "tpr":
        if text is not None:
            raise UsageError("@fpr only after tpr", repr(expression), "Drop it")
        return None
    value = _number(text or "")
    if value not in FPRS:
        raise UsageError(f"tpr@F with F one of {known}", repr(expression), "Write for example tpr@0.01")
    return value


def _parse_limit(text: str, metric: str, expression: str) -> float:
    limit = _number(text)
    ceiling = 1.0 if metric in _MEMBERSHIP_METRICS else math.inf
    if limit is None or not 0 <= limit <= ceiling:
        rate = "between 0 and 1" if ceiling == 1.0 else "that is 0 or more"
        raise UsageError(f"a limit {rate}", f"{text!r} in {expression!r}", "Correct the limit")
    return limit


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return None if math.isnan(value) else value


def check_attacks(thresholds: Iterable[Threshold], planned: Sequence[str], commands: str) -> None:
    """Refuse thresholds on what will not be measured, before any work is done.

    Raises:
        UsageError: a named attack is not planned, or the metric belongs to another command.
    """
    for threshold in thresholds:
        if threshold.metric not in _MEMBERSHIP_METRICS:
            raise UsageError(
                f"a threshold on what `privaudit {commands}` measures",
                repr(threshold.expression),
                f"Use {', '.join(_MEMBERSHIP_METRICS)} here",
            )
        if threshold.attack is not None and threshold.attack not in planned:
            raise UsageError(
                f"an attack that runs ({', '.join(planned)})",
                repr(threshold.expression),
                f"Add --attack {threshold.attack} or correct the threshold",
            )


def evaluate(
    threshold: Threshold, membership: Sequence[Membership], not_run: Sequence[NotRun] = ()
) -> ThresholdResult:
    """Judge one membership threshold on interval ends.

    With an attack named, ``low`` of its interval decides; without one, ``low_simultaneous`` of every attack
    does, so that trying many attacks does not fail a build by chance. It holds when every ``high`` is at
    most the limit.

    Raises:
        UsageError: the named attack has no result.
    """
    named = [m for m in membership if threshold.attack in (None, m.attack)]
    missing = [m.attack for m in not_run if threshold.attack in (None, m.attack)]
    if not named and not missing:
        raise UsageError(
            "an attack with a result", repr(threshold.expression), "Run the attack or correct the threshold"
        )
    measured = [(m.attack, _measure(m, threshold)) for m in named]
    end = "low" if threshold.attack else "low_simultaneous"
    lows = [(getattr(i, end), attack) for attack, i in measured if getattr(i, end) is not None]
    highs = [(i.high, attack) for attack, i in measured if i.high is not None]
    complete = len(highs) == len(measured) and not missing
    return _decide(threshold, end, lows, highs, complete=complete, missing=missing)


def _measure(membership: Membership, threshold: Threshold) -> Interval | TprAtFpr:
    match threshold.metric:
        case "auc":
            return membership.auc
        case "advantage":
            return membership.advantage
        case _:
            return next(t for t in membership.tpr_at_fpr if t.fpr == threshold.fpr)


def _decide(
    threshold: Threshold,
    end: str,
    lows: list[tuple[float, str]],
    highs: list[tuple[float, str]],
    *,
    complete: bool,
    missing: list[str],
) -> ThresholdResult:
    limit = threshold.limit
    worst_low, low_attack = max(lows, default=(None, ""))
    worst_high, high_attack = max(highs, default=(None, ""))

    def result(
        kind: Literal["exceeded", "holds", "inconclusive"], bound: str, value: float | None, reason: str
    ) -> ThresholdResult:
        return ThresholdResult(
            expression=threshold.expression, bound=bound, value=value, limit=limit, result=kind, reason=reason
        )

    if worst_low is not None and worst_low > limit:
        return result(
            "exceeded",
            f"{low_attack} {end}",
            worst_low,
            f"{low_attack}: at least {worst_low:.4g}, which is above {limit:g}.",
        )
    if complete and worst_high is not None and worst_high <= limit:
        return result(
            "holds",
            f"{high_attack} high",
            worst_high,
            f"At most {worst_high:.4g} ({high_attack}), which is not above {limit:g}.",
        )
    if missing:
        return result("inconclusive", "none", None, f"Not finished: {', '.join(missing)}.")
    if not complete:
        return result(
            "inconclusive",
            "none",
            None,
            "Not measurable: too few non-members for fewer than 10 expected false positives to be excluded.",
        )
    return result(
        "inconclusive",
        f"{high_attack} high",
        worst_high,
        f"The interval reaches {worst_high:.4g} ({high_attack}): it neither exceeds nor excludes {limit:g}.",
    )


def judge(
    thresholds: Sequence[ThresholdResult],
    *,
    comparable: bool | None,
    not_run: Sequence[NotRun] = (),
    on_inconclusive: OnInconclusive = "4",
) -> Verdict:
    """Put the thresholds together. Sets that are not comparable leave nothing to judge.

    Args:
        thresholds: what :func:`evaluate` said.
        comparable: False when the blind baseline tells members from non-members without the model.
        not_run: attacks that were asked for and did not finish.
        on_inconclusive: what an inconclusive threshold does to the exit code; recorded in the verdict.
    """

    def verdict(status: Literal["pass", "fail", "inconclusive", "not-judged"], sentence: str) -> Verdict:
        return Verdict(
            status=status, sentence=sentence, thresholds=tuple(thresholds), on_inconclusive=on_inconclusive
        )

    if comparable is False:
        return verdict(
            "inconclusive",
            "No verdict: members and non-members differ in their texts alone, "
            "so attack success says nothing about the model.",
        )
    exceeded = [t for t in thresholds if t.result == "exceeded"]
    if exceeded:
        return verdict("fail", f"Leakage above the limit {exceeded[0].expression}: {exceeded[0].reason}")
    undecided = [t for t in thresholds if t.result == "inconclusive"]
    if undecided:
        return verdict("inconclusive", f"No verdict: {undecided[0].expression} — {undecided[0].reason}")
    if not_run:
        return verdict("inconclusive", f"No verdict: {not_run[0].attack} did not run. {not_run[0].reason}")
    if not thresholds:
        return verdict("not-judged", "Measured, not judged: no threshold was set.")
    return verdict(
        "pass", "Every threshold held; that is no proof of privacy against attacks that were not run."
    )


def exit_code(verdict: Verdict, *, comparable: bool | None) -> Exit:
    """The exit code of a verdict (design: not comparable is 4 whatever else; then 1 before 4 before 0)."""
    if comparable is False:
        return Exit.INCONCLUSIVE
    if verdict.status == "fail":
        return Exit.LEAKAGE
    if verdict.status == "inconclusive":
        return {"4": Exit.INCONCLUSIVE, "fail": Exit.LEAKAGE, "pass": Exit.OK}[verdict.on_inconclusive]
    return Exit.OK
