"""What the thresholds say."""

from typing import Literal

from privaudit.results.parts import Number, Part


class NotRun(Part):
    """An attack that was asked for and has no result: the verdict cannot be a pass."""

    attack: str
    reason: str
    kind: Literal["membership", "extraction", "epsilon"] = "membership"
    """What it would have measured."""
    canary: str | None = None
    """The canary it did not finish; null when it finished none, and for membership."""


class ThresholdResult(Part):
    """One ``--fail-if`` expression against the interval ends it speaks of."""

    expression: str
    attack: str | None = None
    """The attack it speaks of, where it names one; for ``best`` the attack that this stood for."""
    bound: str
    """Which end of which interval decided."""
    value: Number | None
    limit: Number
    result: Literal["exceeded", "holds", "inconclusive"]
    reason: str
    """The decision in one sentence."""
    waiver: str | None = None
    """Reason, owner, limit and expiry, where somebody answers for an exceeded limit: it fails no build."""
    slice: str | None = None
    """``by=value``, where the limit is for one part of the records."""
    against: Literal["limit", "baseline"] = "limit"
    """Whether the limit is for the number itself, or for its increase over a baseline."""
    advice: str | None = None
    """What would decide an inconclusive one, such as how many more records."""

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
