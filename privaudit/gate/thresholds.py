"""Expressions of ``--fail-if``, refused before any work when what they name will not be measured."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from privaudit.errors import UsageError
from privaudit.results import FPRS, NotRun, ThresholdResult
from privaudit.results.metrics import EXPRESSION, METRICS, Family, Metric, attack_in

Decision = Literal["exceeded", "holds", "inconclusive"]
_FORM = 'Write for example --fail-if "tpr@0.01>0.05"'


@dataclass(frozen=True)
class Threshold:
    """A parsed ``--fail-if`` expression."""

    expression: str
    metric: Metric
    limit: float
    attack: str | None = None
    fpr: float | None = None

    @property
    def family(self) -> Family:
        """The part of an audit that measures the metric."""
        return self.metric.family

    @property
    def key(self) -> str:
        """The metric as results and histories store it."""
        return self.metric.key(self.fpr)

    def missing(self, not_run: Iterable[NotRun]) -> list[NotRun]:
        """What it needs and has no result."""
        return [i for i in not_run if i.kind == self.family and self.attack in (None, i.attack)]

    def judged(
        self,
        decision: Decision,
        bound: str,
        value: float | None,
        reason: str,
        *,
        against: Literal["limit", "baseline"] = "limit",
    ) -> ThresholdResult:
        """What came of it.

        Args:
            decision: whether it is exceeded.
            bound: which end of which interval decided.
            value: that end; None without one.
            reason: the decision in one sentence.
            against: whether the limit is for the number itself, or for its increase over a baseline.
        """
        return ThresholdResult(
            expression=self.expression,
            attack=self.attack,
            metric=self.metric.name,
            fpr=self.fpr,
            bound=bound,
            value=value,
            limit=self.limit,
            result=decision,
            reason=reason,
            against=against,
        )


def parse_threshold(expression: str) -> Threshold:
    """Read ``[attack:]metric[@fpr]>limit``.

    Raises:
        UsageError: another shape, an unknown metric or FPR, or a limit that the metric cannot reach.
    """
    match = EXPRESSION.fullmatch(expression)
    if match is None:
        raise UsageError(f"{expression!r} is not of the form [attack:]metric[@fpr]>limit", _FORM)
    metric = METRICS.get(match["metric"])
    if metric is None:
        raise UsageError(f"Unknown metric {match['metric']!r} in {expression!r}", f"Use {_either(METRICS)}")
    fpr = _parse_fpr(match["fpr"], metric, expression)
    limit = _parse_limit(match["limit"], metric, expression)
    return Threshold(expression.strip(), metric, limit, match["attack"], fpr)


def with_alias(threshold: Threshold, alias: str, attack: str) -> Threshold:
    """The threshold on ``attack`` where it names the alias that stands for it; any other unchanged."""
    return replace(threshold, attack=attack) if threshold.attack == alias else threshold


def check_attacks(
    thresholds: Iterable[Threshold], planned: Mapping[Family, Sequence[str]], command: str
) -> None:
    """Refuse thresholds on what will not be measured, before any work is done.

    Args:
        thresholds: as parsed, with every alias resolved.
        planned: the attacks that will run, by what they measure; a family that the command does not measure
            has no entry.
        command: its name, for the message.

    Raises:
        UsageError: the metric belongs to another command, or a named attack is not planned.
    """
    measured = [metric.name for metric in METRICS.values() if metric.family in planned]
    for threshold in thresholds:
        if threshold.metric.name not in measured:
            raise UsageError(
                f"privaudit {command} does not measure what {threshold.expression!r} limits",
                f"Use {_either(measured)} here",
            )
        attacks = planned[threshold.family]
        if threshold.attack is not None and threshold.attack not in attacks:
            raise UsageError(_not_planned(threshold), _instead(threshold, attacks))


def _not_planned(threshold: Threshold) -> str:
    named = attack_in(threshold.expression)
    stands = "" if named == threshold.attack else f" ({named} stands for {threshold.attack})"
    kind = "a bound" if threshold.family == "epsilon" else "an attack"
    return f"{threshold.expression!r} names {kind} that does not run{stands}"


def _instead(threshold: Threshold, attacks: Sequence[str]) -> str:
    if threshold.family == "epsilon":
        return f"Name {_either(attacks)}, or none" if attacks else "Name none"
    return f"Add --attack {threshold.attack}, or limit one that runs: {', '.join(attacks)}"


def _either(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} or {last}" if first else last


def _parse_fpr(text: str | None, metric: Metric, expression: str) -> float | None:
    if not metric.takes_fpr:
        if text is not None:
            raise UsageError(f"{metric.name} takes no @fpr, in {expression!r}", f"Drop @{text}")
        return None
    value = _number(text or "")
    if value not in FPRS:
        example = f"Use {metric.name}@F with F one of {', '.join(f'{fpr:g}' for fpr in FPRS)}"
        raise UsageError(f"Unsupported FPR in {expression!r}", example)
    return value


def _parse_limit(text: str, metric: Metric, expression: str) -> float:
    limit = _number(text)
    if limit is None or not 0 <= limit <= metric.most:
        allowed = "of at least 0" if math.isinf(metric.most) else f"from 0 to {metric.most:g}"
        raise UsageError(
            f"{text!r} is not a valid limit for {metric.name}, in {expression!r}", f"Give a number {allowed}"
        )
    return limit


def _number(text: str) -> float | None:
    if "_" in text:
        return None  # NOTE: to Python 0_1 is 1, and no model ever exceeds that.
    try:
        value = float(text)
    except ValueError:
        return None
    return None if math.isnan(value) else value
