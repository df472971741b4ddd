"""The metrics that a limit can be set on: one row each, with everything that depends on the metric alone.

How reports say them is in :mod:`privaudit.reports.words.metrics`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, isfinite
from typing import Literal

from privaudit.results.extraction import Extraction
from privaudit.results.membership import Membership, Slice
from privaudit.results.parts import Interval

Family = Literal["membership", "extraction", "epsilon"]
"""The parts of an audit: what a metric is measured by."""


@dataclass(frozen=True)
class Metric:
    """One row. Of every metric more means more leakage."""

    name: str
    """In expressions."""
    label: str
    """In sentences."""
    family: Family
    field: str
    """Where a row of that part of the result has it."""
    unit: Literal["", "%", "bits"] = ""
    """``%`` for a rate that is written in percent."""
    decimals: int = 3
    most: float = inf
    """No limit may be higher, because the metric cannot."""
    takes_fpr: bool = False
    counts: bool = False
    """Whether it counts canaries and has no interval."""
    from_below: bool = False
    """Whether attacks bound it from below only."""

    @property
    def sliced(self) -> bool:
        """Whether slices have it too."""
        return self.field in Slice.model_fields

    def key(self, fpr: float | None = None) -> str:
        """As results and histories store it: ``auc``, ``tpr@0.01``."""
        return self.name if fpr is None else f"{self.name}@{fpr:g}"

    def heading(self, fpr: float | None = None) -> str:
        """As it heads a column: ``AUC``, ``TPR at 1 % FPR``, ``exposure, bits``."""
        if fpr is not None:
            return f"{self.label} at {100 * fpr:g} % FPR"
        return f"{self.label}, bits" if self.unit == "bits" else self.label

    def amount(self, value: float) -> str:
        """A value with the metric's decimals, in percent for a rate."""
        if not isfinite(value):
            return "∞" if value > 0 else "-∞"
        return f"{value:.{self.decimals}{'%' if self.unit == '%' else 'f'}}"

    def read(self, row: Membership | Slice | Extraction, fpr: float | None = None) -> Interval | None:
        """The number in one row of a result; None where the row does not list it."""
        if self.takes_fpr and not isinstance(row, Extraction):
            return next((rate.interval for rate in row.tpr_at_fpr if rate.fpr == fpr), None)
        found: Interval | None = getattr(row, self.field, None)
        return found


AUC = Metric("auc", "AUC", "membership", "auc", most=1.0)
TPR = Metric("tpr", "TPR", "membership", "tpr_at_fpr", "%", 1, most=1.0, takes_fpr=True)
ADVANTAGE = Metric("advantage", "advantage", "membership", "advantage", most=1.0)
EXPOSURE = Metric("exposure", "exposure", "extraction", "exposure_bits", "bits", 1)
EXTRACTED = Metric("extracted", "extracted", "extraction", "exact_match", decimals=0, counts=True)
EPSILON = Metric("epsilon", "epsilon", "epsilon", "lower_bounds", decimals=2, from_below=True)

METRICS: Mapping[str, Metric] = {
    metric.name: metric for metric in (AUC, TPR, ADVANTAGE, EXPOSURE, EXTRACTED, EPSILON)
}

EXPRESSION = re.compile(
    r"\s*(?:(?P<attack>[a-z0-9-]+)\s*:)?\s*(?P<metric>[A-Za-z-]+)\s*(?:@\s*(?P<fpr>[^\s>]+))?\s*>\s*(?P<limit>\S+)\s*"
)
"""The form of a limit, ``[attack:]metric[@fpr]>limit``."""


def attack_in(expression: str) -> str | None:
    """The attack as an expression names it, an alias such as ``best`` included."""
    match = EXPRESSION.fullmatch(expression)
    return None if match is None else match["attack"]


def numbers(row: Membership) -> dict[str, Interval]:
    """Every number of an attack on membership that a limit can be set on, by key."""
    found: dict[str, Interval] = {}
    for metric in METRICS.values():
        if metric.family == "membership":
            for fpr in [rate.fpr for rate in row.tpr_at_fpr] if metric.takes_fpr else [None]:
                if (number := metric.read(row, fpr)) is not None:
                    found[metric.key(fpr)] = number
    return found


def metric_of(key: str) -> tuple[Metric, float | None] | None:
    """The metric and the FPR of a key; None for one that only a later version knows."""
    name, _, fpr = key.partition("@")
    metric = METRICS.get(name)
    if metric is None or metric.takes_fpr is not bool(fpr):
        return None
    try:
        rate = float(fpr) if fpr else None
    except ValueError:
        return None
    return (metric, rate) if rate is None or isfinite(rate) else None
