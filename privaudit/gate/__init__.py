"""Thresholds: how an expression is read, and how the intervals of a result decide it.

An expression is ``[attack:]metric[@fpr]>limit``. It is **exceeded** when leakage above the limit is
established, **holds** when leakage above the limit is excluded, and is **inconclusive** otherwise: a gate on
the point estimate would flicker from run to run.
"""

from privaudit.gate.evaluate import evaluate
from privaudit.gate.thresholds import Threshold, check_attacks, parse_threshold, with_alias
from privaudit.gate.verdict import OnInconclusive, exit_code, judge
from privaudit.results.metrics import Family

__all__ = [
    "Family",
    "OnInconclusive",
    "Threshold",
    "check_attacks",
    "evaluate",
    "exit_code",
    "judge",
    "parse_threshold",
    "with_alias",
]
