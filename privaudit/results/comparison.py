"""One result against an earlier one of an accepted model."""

from typing import Literal

from privaudit.results.parts import Interval, Part


class Change(Part):
    """One number in both results."""

    attack: str
    canary: str | None = None
    """Whose exposure it is; null for every other metric."""
    metric: str
    """As thresholds name it: ``auc``, ``tpr@0.01``, ``exposure``, …"""
    old: Interval
    new: Interval
    difference: Interval
    """New minus old. Its ends hold however the two results depend on each other."""
    direction: Literal["more", "less", "undecided"]
    """More leakage, less, or an interval that includes zero."""


class Comparison(Part):
    """What changed since an earlier result."""

    baseline_model: str
    baseline_digest: str
    baseline_created: str
    baseline_status: Literal["pass", "fail", "inconclusive", "not-judged"]
    same_model: bool
    """Whether both results are of the same files."""
    changes: tuple[Change, ...]
    only_new: tuple[str, ...] = ()
    """Attacks that the earlier result lacks."""
    only_old: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    """What differs without making the two incomparable: version, seed, number of references."""
