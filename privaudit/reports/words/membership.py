"""How the numbers of membership attacks are written and ordered."""

from collections.abc import Sequence

from privaudit.reports.words.numbers import NOT_MEASURED
from privaudit.results import Membership, Slice, TprAtFpr


def by_auc(row: Membership) -> float:
    """The estimate, below all others if missing."""
    return row.auc.value if row.auc.value is not None else -1.0


def worst_slices(slices: Sequence[Slice], most: int) -> list[Slice]:
    """Those whose interval begins highest, at most so many."""
    return sorted(slices, key=_slice_low, reverse=True)[:most]


def _slice_low(part: Slice) -> float:
    return part.auc.low if part.auc.low is not None else -1.0


def rate_at(row: Membership, fpr: float) -> str:
    """The TPR at one FPR with its interval."""
    rate: TprAtFpr | None = next((rate for rate in row.tpr_at_fpr if rate.fpr == fpr), None)
    if rate is None or rate.tpr is None or rate.low is None or rate.high is None:
        return NOT_MEASURED
    return f"{rate.tpr:.1%} [{rate.low:.1%}, {rate.high:.1%}]"
