"""Expressions of ``--fail-if``, refused before any work when they speak of what will not be measured."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from privaudit.errors import UsageError
from privaudit.results import FPRS, NotRun, ThresholdResult

Metric = Literal["auc", "tpr", "advantage", "exposure", "extracted", "epsilon"]
Family = Literal["membership", "extraction", "epsilon"]
"""What a metric speaks of, and so which command measures it."""
Decision = Literal["exceeded", "holds", "inconclusive"]

_FAMILIES: Mapping[Metric, Family] = {
    "auc": "membership",
    "tpr": "membership",
    "advantage": "membership",
    "exposure": "extraction",
    "extracted": "extraction",
    "epsilon": "epsilon",
}
_METRICS: tuple[Metric, ...] = get_args(Metric)
_EXPRESSION = re.compile(
    r"\s*(?:(?P<attack>[a-z0-9-]+)\s*:)?\s*(?P<metric>[A-Za-z]+)\s*(?:@\s*(?P<fpr>[^\s>]+))?\s*>\s*(?P<limit>\S+)\s*"
)


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
        """What the metric speaks of."""
        return _FAMILIES[self.metric]

    @property
    def most(self) -> float:
        """What no limit on the metric may be above, because the metric cannot."""
        return _most(self.metric)

    def missing(self, not_run: Iterable[NotRun]) -> list[NotRun]:
        """What it speaks of and has no result."""
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
            value: that end; None where there is none.
            reason: the decision in one sentence.
            against: whether the limit is for the number itself, or for its increase over a baseline.
        """
        return ThresholdResult(
            expression=self.expression,
            attack=self.attack,
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


def with_alias(threshold: Threshold, alias: str, attack: str) -> Threshold:
    """The threshold on ``attack`` where it names the alias that stands for it; any other as it is."""
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
    measured = [metric for metric in _METRICS if _FAMILIES[metric] in planned]
    for threshold in thresholds:
        if threshold.metric not in measured:
            raise UsageError(
                f"a threshold on what `privaudit {command}` measures",
                repr(threshold.expression),
                f"Use {', '.join(measured)} here",
            )
        attacks = planned[threshold.family]
        if threshold.attack is not None and threshold.attack not in attacks:
            kind, mend = "an attack", f"Add --attack {threshold.attack} or correct the threshold"
            if threshold.family == "epsilon":
                kind, mend = "a bound", "Name one of them, or none"
            raise UsageError(f"{kind} that runs ({', '.join(attacks)})", _in_words(threshold), mend)


def _in_words(threshold: Threshold) -> str:
    named = threshold.expression.partition(":")[0].strip()
    stands = "" if named == threshold.attack else f", where {named} stands for {threshold.attack}"
    return f"{threshold.expression!r}{stands}"


def _parse_fpr(text: str | None, metric: Metric, expression: str) -> float | None:
    known = ", ".join(f"{fpr:g}" for fpr in FPRS)
    if metric != "tpr":
        if text is not None:
            raise UsageError("@fpr only after tpr", repr(expression), "Drop it")
        return None
    value = _number(text or "")
    if value not in FPRS:
        raise UsageError(f"tpr@F with F one of {known}", repr(expression), "Write for example tpr@0.01")
    return value


def _parse_limit(text: str, metric: Metric, expression: str) -> float:
    limit, most = _number(text), _most(metric)
    if limit is None or not 0 <= limit <= most:
        rate = "between 0 and 1" if most == 1.0 else "that is 0 or more"
        raise UsageError(f"a limit {rate}", f"{text!r} in {expression!r}", "Correct the limit")
    return limit


def _most(metric: Metric) -> float:
    return 1.0 if _FAMILIES[metric] == "membership" else math.inf


def _number(text: str) -> float | None:
    if "_" in text:
        return None  # NOTE: to Python 0_1 is 1, and no model ever exceeds that.
    try:
        value = float(text)
    except ValueError:
        return None
    return None if math.isnan(value) else value
