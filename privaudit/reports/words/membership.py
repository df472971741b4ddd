"""How the numbers of membership attacks are written and ordered."""

from collections.abc import Sequence

from privaudit.reports.words.numbers import NOT_MEASURED
from privaudit.results import Membership, SeedAgreement, Slice
from privaudit.results.metrics import TPR


def by_auc(row: Membership) -> float:
    """The estimate, below all others if missing."""
    return row.auc.value if row.auc.value is not None else -1.0


def worst_slices(slices: Sequence[Slice], most: int) -> list[Slice]:
    """Those whose interval begins highest, at most so many."""
    return sorted(slices, key=_slice_low, reverse=True)[:most]


def _slice_low(part: Slice) -> float:
    return part.auc.low if part.auc.low is not None else -1.0


def rate_at(row: Membership | Slice, fpr: float) -> str:
    """The TPR at one FPR with its interval."""
    rate = TPR.read(row, fpr)
    if rate is None or rate.ends is None:
        return NOT_MEASURED
    value, low, high = map(TPR.amount, rate.ends)
    return f"{value} [{low}, {high}]"


def seed_agreement(found: SeedAgreement) -> str:
    """Whether other seeds expose the same members."""
    return (
        f"With other seeds and records ({found.n_models} models), {100 * found.overlap:.0f} % of the most "
        f"exposed {100 * found.fraction:.0f} % of members are the same; chance would give "
        f"{100 * found.expected_overlap:.0f} %. Rank correlation: {found.rank_correlation:.2f}."
    )
