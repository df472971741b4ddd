"""Thresholds: how an expression is read, and what the intervals of a result say about it.

An expression is ``[attack:]metric[@fpr]>limit``. It is **exceeded** when leakage above the limit is
established, **holds** when leakage above the limit is excluded, and is **inconclusive** otherwise: a gate on
the point estimate would flicker from run to run.
"""

from privaudit.gate.evaluate import evaluate
from privaudit.gate.thresholds import (
    Family,
    Metric,
    Threshold,
    check_attacks,
    parse_threshold,
    with_alias,
)
from privaudit.gate.verdict import OnInconclusive, exit_code, judge

__all__ = [
    "Family",
    "Metric",
    "OnInconclusive",
    "Threshold",
    "check_attacks",
    "evaluate",
    "exit_code",
    "judge",
    "parse_threshold",
    "with_alias",
]
