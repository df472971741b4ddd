"""What the thresholds say."""

from typing import Any, Literal

from pydantic import model_validator

from privaudit.results.metrics import EXPRESSION, Family, metric_of
from privaudit.results.parts import Number, Part


class NotRun(Part):
    """An attack that was asked for and has no result: the verdict cannot be a pass."""

    attack: str
    reason: str
    kind: Family = "membership"
    """What it would have measured."""
    canary: str | None = None
    """The canary it did not finish; null when it finished none, and for membership."""


class ThresholdResult(Part):
    """One ``--fail-if`` expression against the interval ends that decide it."""

    expression: str
    attack: str | None = None
    """The attack that it names, if any; for ``best`` the attack that this stood for."""
    metric: str | None = None
    fpr: Number | None = None
    """Of the metric, where it takes one."""
    bound: str
    """Which end of which interval decided."""
    value: Number | None
    limit: Number
    result: Literal["exceeded", "holds", "inconclusive"]
    reason: str
    """The decision in one sentence."""
    waiver: str | None = None
    """Reason, owner, limit and expiry, where an owner has accepted an exceeded limit: it fails no build."""
    slice: str | None = None
    """``by=value``, where the limit is for one part of the records."""
    against: Literal["limit", "baseline"] = "limit"
    """Whether the limit is for the number itself, or for its increase over a baseline."""
    advice: str | None = None
    """What would decide an inconclusive one, such as how many more records."""

    @model_validator(mode="before")
    @classmethod
    def _with_metric(cls, content: Any) -> Any:  # noqa: ANN401 - whatever a file holds
        """Results of earlier versions name the metric in the expression alone."""
        if isinstance(content, dict) and "metric" not in content:
            match = EXPRESSION.fullmatch(str(content.get("expression")))
            if match is not None:
                known = metric_of(match["metric"] + (f"@{match['fpr']}" if match["fpr"] else ""))
                return {**content, "metric": match["metric"], "fpr": None if known is None else known[1]}
        return content

    @property
    def is_waived(self) -> bool:
        """Whether the limit is exceeded and an owner has accepted that."""
        return self.result == "exceeded" and self.waiver is not None

    @property
    def name(self) -> str:
        """What waivers and messages call the limit; it does not change with what was measured.

        ================== =====================================
        a limit            ``loss:auc>0.6``
        one on a slice     ``auc>0.7 in class=transfer``
        one on an increase ``auc>0.05 over baseline``
        ================== =====================================
        """
        of_slice = "" if self.slice is None else f" in {self.slice}"
        return f"{self.expression}{of_slice}{' over baseline' if self.against == 'baseline' else ''}"


class Verdict(Part):
    """What the thresholds say together."""

    status: Literal["pass", "fail", "inconclusive", "not-judged"]
    sentence: str
    thresholds: tuple[ThresholdResult, ...] = ()
    on_inconclusive: Literal["pass", "fail", "4"] = "4"
    policy: str | None = None
    """The file with the limits and its SHA-256, where ``privaudit gate`` judged."""
