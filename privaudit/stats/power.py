"""What a sample can show: the least leakage it detects, and how many records a narrower interval takes."""

from bisect import bisect_left
from math import ceil, sqrt

from scipy.special import ndtri

from privaudit.errors import UsageError
from privaudit.stats.intervals import check_confidence


def auc_standard_error(auc: float, n1: int, n0: int) -> float:
    """Standard error of the area under the ROC curve for planning, before any score is seen.

    Hanley and McNeil (1982, Radiology 143:29-36), who take the scores as exponential; at ``auc`` = 0.5 it is
    the exact null value ``sqrt((n1 + n0 + 1) / (12 n1 n0))`` of continuous scores.

    Args:
        auc: the supposed area, in [0, 1].
        n1: members, at least 1.
        n0: non-members, at least 1.
    """
    both_members = auc / (2 - auc) - auc**2
    both_nonmembers = 2 * auc**2 / (1 + auc) - auc**2
    total = auc * (1 - auc) + (n1 - 1) * both_members + (n0 - 1) * both_nonmembers
    return sqrt(max(0.0, total) / (n1 * n0))


def smallest_detectable_auc(n1: int, n0: int, confidence: float, power: float) -> float | None:
    """Smallest area above 0.5 whose interval would exclude 0.5 with probability ``power``.

    The root of ``A - 0.5 = z_confidence * se(0.5) + z_power * se(A)`` with :func:`auc_standard_error`.

    Args:
        n1: members, at least 1.
        n0: non-members, at least 1.
        confidence: two-sided level of the interval, in (0, 1).
        power: in [0.5, 1), for example 0.8.

    Returns:
        In (0.5, 1], rounded up to a millionth; None when a sample so small would not show even perfect
        separation.

    Raises:
        UsageError: a level outside its range, or no record of a kind.
    """
    check_confidence(confidence)
    if not 0.5 <= power < 1.0:
        raise UsageError(f"The power {power!r} is not at least 0.5 and below 1", "Use a value such as 0.8")
    if n1 < 1 or n0 < 1:
        raise UsageError(
            f"{n1} and {n0} records of the two kinds were given, not 1 or more of each",
            "Count members and non-members",
        )
    z_power = float(ndtri(power))
    margin = float(ndtri((1.0 + confidence) / 2.0)) * auc_standard_error(0.5, n1, n0)

    def spare(millionths: int) -> float:
        area = millionths / 1_000_000
        return area - 0.5 - margin - z_power * auc_standard_error(area, n1, n0)

    candidates = range(500_000, 1_000_001)
    found = bisect_left(candidates, 0.0, key=spare)
    return candidates[found] / 1_000_000 if found < len(candidates) else None


def records_needed(n_records: int, half_width: float, wanted: float) -> int | None:
    """How many records, at an unchanged mix of both kinds, would narrow an interval to half-width ``wanted``.

    Widths shrink with the square root of the number: ``n * (half_width / wanted) ** 2``, rounded up. To tell
    whether a value exceeds a limit, ``wanted`` is the distance between the two.

    Args:
        n_records: records behind the present interval.
        half_width: half of the present interval's width, positive.
        wanted: half-width to reach; 0 asks for infinitely many.

    Returns:
        At least ``n_records`` when the interval must narrow; None when ``wanted`` is 0.

    Raises:
        UsageError: a negative or NaN width, or no record.
    """
    if n_records < 1 or not half_width >= 0.0 or not wanted >= 0.0:
        raise UsageError(
            f"{n_records} records with half-widths {half_width!r} and {wanted!r} were given; records must "
            "be 1 or more, widths at least 0",
            "Take them from a measured interval",
        )
    return ceil(n_records * (half_width / wanted) ** 2) if wanted > 0.0 else None
