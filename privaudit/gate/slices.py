"""A limit for one part of the records."""

from collections.abc import Sequence

from privaudit.errors import UsageError
from privaudit.gate.evaluate import decide
from privaudit.gate.interval_ends import IntervalEnds
from privaudit.gate.thresholds import Threshold
from privaudit.results import Slice, ThresholdResult, nothing

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
            f"The result has no slice for {f'{threshold.expression} in {name}'!r}; it has "
            f"{_names(slices, threshold.attack)}",
            "Correct the policy, or audit more records: slices need 10 members and 10 non-members",
        )
    found = decide(threshold, [_reading(threshold, row) for row in rows])
    return found.model_copy(update={"slice": f"{by}={value}"})


def _reading(threshold: Threshold, row: Slice) -> IntervalEnds:
    subject = f"{row.attack} on {row.by}={row.value}"
    # NOTE: slices list the rates that their records can support, and no others.
    too_few = f"{row.n_nonmembers} non-members are too few for this FPR"
    found = threshold.metric.read(row, threshold.fpr) or nothing(too_few)
    gap = f"Not measurable: {subject}: {found.reason or 'no value'}."
    return IntervalEnds(subject, found.low, "low", found.high, gap)


def _names(slices: Sequence[Slice], attack: str | None) -> str:
    known = list(dict.fromkeys(f"{row.by}={row.value}" for row in slices))
    if not known:
        return "none"
    rest = len(known) - _NAMED
    attacks = "" if attack is None else f", by {', '.join(dict.fromkeys(row.attack for row in slices))}"
    return ", ".join(known[:_NAMED]) + (f" and {rest} more" if rest > 0 else "") + attacks
