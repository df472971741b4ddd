"""A limit for one part of the records."""

from collections.abc import Sequence

from privaudit.errors import UsageError
from privaudit.gate.evaluate import decide
from privaudit.gate.interval_ends import IntervalEnds
from privaudit.gate.thresholds import Threshold
from privaudit.results import Slice, ThresholdResult

_NAMED = 8


def judge_slice(threshold: Threshold, name: str, slices: Sequence[Slice]) -> ThresholdResult:
    """Judge a threshold on the slice ``name``, which is ``by=value``.

    The intervals of slices hold for all slices of a result at once, so both of their ends are taken as they
    are, whether an attack is named or not.

    Raises:
        UsageError: the result has no such slice, or none of the attack that is named.
    """
    by, _, value = (part.strip() for part in name.partition("="))
    rows = [
        row
        for row in slices
        if (row.by.strip(), row.value.strip()) == (by, value) and threshold.attack in (None, row.attack)
    ]
    if not rows:
        raise UsageError(
            f"a slice of the result ({_names(slices, threshold.attack)})",
            repr(f"{threshold.expression} in {name}"),
            "Correct the policy, or audit more records: parts with fewer than 10 of a kind are left out",
        )
    found = decide(threshold, [_reading(threshold, row) for row in rows])
    return found.model_copy(update={"slice": f"{by}={value}"})


def _reading(threshold: Threshold, row: Slice) -> IntervalEnds:
    subject = f"{row.attack} on {row.by}={row.value}"
    if threshold.metric == "auc":
        gap = f"Not measurable: {subject}: {row.auc.reason or 'no value'}."
        return IntervalEnds(subject, row.auc.low, "low", row.auc.high, gap)
    rate = next((rate for rate in row.tpr_at_fpr if rate.fpr == threshold.fpr), None)
    if rate is None:
        # NOTE: slices list the rates that their records can support, and no others.
        gap = f"Not measurable: {subject} has {row.n_nonmembers} non-members, too few for this FPR."
        return IntervalEnds(subject, None, "low", None, gap)
    return IntervalEnds(subject, rate.low, "low", rate.high, f"Not measurable: {subject}.")


def _names(slices: Sequence[Slice], attack: str | None) -> str:
    known = list(dict.fromkeys(f"{row.by}={row.value}" for row in slices))
    if not known:
        return "it has none"
    rest = len(known) - _NAMED
    attacks = "" if attack is None else f", by {', '.join(dict.fromkeys(row.attack for row in slices))}"
    return ", ".join(known[:_NAMED]) + (f" and {rest} more" if rest > 0 else "") + attacks
