"""What would decide an inconclusive threshold, in a sentence or two: how many more records, or what else."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, inf, log10

from privaudit.gate.advice.canaries import canary_advice, whole_ranking
from privaudit.gate.advice.epsilon import epsilon_advice
from privaudit.gate.advice.sample_size import (
    Measured,
    Needed,
    deviation_of_rate,
    measured,
    records_that_decide,
)
from privaudit.gate.compare.baseline import deciding, subject
from privaudit.gate.thresholds import Threshold
from privaudit.results import Interval, Membership, NotRun, Result, Slice, ThresholdResult
from privaudit.results.membership import LEAST_FALSE_POSITIVES

MOST = 1_000_000
"""More additional records of a kind than this are no advice."""
_ALIKE = 0.1
"""Numbers of members and non-members this close are the same in a sentence that says "about"."""
_SETS_DIFFER = (
    "More records do not help: members and non-members can be told apart by their texts alone. Use "
    "non-members drawn like the members, ideally held out at random before training."
)
_EPSILON_ROSE = (
    "No attack bounds epsilon from above, so an increase is bounded only if both claims are accounted and "
    "neither is refuted. Set a limit on epsilon itself."
)


@dataclass(frozen=True)
class _Row:
    """One attack that a threshold covers."""

    attack: str
    members: int
    nonmembers: int
    """Of the audit, whether this attack scored them or not."""
    scored_nonmembers: int
    number: Measured | None
    """None where it has none."""


def advice(threshold: Threshold, item: ThresholdResult, result: Result) -> str | None:
    """What would decide an inconclusive threshold.

    For a metric of membership it is a number of records, estimated from the interval itself. The sentence
    names its two conditions: that today's estimate is the truth, and nine audits of ten.

    Args:
        threshold: as it was judged.
        item: what came of it.
        result: that was judged; with its comparison where the threshold is on an increase.

    Returns:
        One to three sentences; None where the threshold is decided, or the answer is unknown.
    """
    if item.result != "inconclusive":
        return None
    if threshold.family == "membership" and result.data.blind_baseline.forbids_verdict:
        return _SETS_DIFFER
    if item.against == "baseline":
        return _of_an_increase(threshold, result)
    if missing := threshold.missing(result.not_run):
        return _to_finish(missing)
    if threshold.family == "epsilon":
        return None if result.epsilon is None else epsilon_advice(threshold, result.epsilon)
    if threshold.family == "extraction":
        return canary_advice(threshold, result.extraction)
    rows = _attacks(threshold, result) if item.slice is None else _slices(threshold, item.slice, result)
    return _of_records(threshold, rows, "" if item.slice is None else "of this slice ")


def _to_finish(missing: Sequence[NotRun]) -> str:
    names = ", ".join(dict.fromkeys(item.attack for item in missing))
    if any("--max-seconds" in item.reason for item in missing):
        return f"Let {names} finish: raise or drop --max-seconds."
    return f"Get a number from {names} first: {missing[0].reason}"


def _attacks(threshold: Threshold, result: Result) -> list[_Row]:
    planned = len(result.membership) + sum(item.kind == "membership" for item in result.not_run)
    m = 1 if threshold.attack is not None else planned
    return [
        _row(row, _case(row, threshold, m), result)
        for row in result.membership
        if threshold.attack in (None, row.attack)
    ]


def _slices(threshold: Threshold, name: str, result: Result) -> list[_Row]:
    return [
        _row(row, _case(row, threshold, 1, corrected_for=len(result.slices)), None)
        for row in result.slices
        if f"{row.by.strip()}={row.value.strip()}" == name and threshold.attack in (None, row.attack)
    ]


def _row(row: Membership | Slice, number: Measured | None, result: Result | None) -> _Row:
    members, nonmembers = row.n_members, row.n_nonmembers
    if result is not None and result.data.n_groups is None:
        members, nonmembers = result.data.n_members, result.data.n_nonmembers
    return _Row(row.attack, members, nonmembers, row.n_nonmembers, number)


def _case(
    row: Membership | Slice, threshold: Threshold, m: int, *, corrected_for: int = 1
) -> Measured | None:
    interval = threshold.metric.read(row, threshold.fpr)
    ends = None if interval is None else _ends(interval)
    if interval is None or ends is None:
        return None
    deviation = None
    if threshold.fpr is not None and corrected_for == 1:
        deviation = deviation_of_rate(ends[0], (ends[2] - ends[1]) / 2, row.n_members)
    joint = interval.low_simultaneous if m > 1 else None
    return measured(row.attack, ends, joint, m=m, deviation=deviation, corrected_for=corrected_for)


def _ends(interval: Interval) -> tuple[float, float, float] | None:
    """Of a rate or of a difference of two; None also where an edited file has what can be neither."""
    ends = interval.ends
    return ends if ends is not None and -2 <= ends[1] <= ends[0] <= ends[2] <= 2 else None


def _of_records(threshold: Threshold, rows: Sequence[_Row], where: str, prefix: str = "") -> str | None:
    """How many records decide; first those without which an attack has no number."""
    there = [row.number for row in rows if row.number is not None]
    needed = records_that_decide(there, threshold.limit)
    lacking = [row for row in rows if row.number is None]
    if lacking and not (needed is not None and needed.exceeded):
        return _to_measure(threshold, lacking, several=bool(there))
    if needed is None:
        return None
    row = next(row for row in rows if row.attack == needed.subject)
    return _in_words(needed, row, threshold, where, prefix)


def _in_words(needed: Needed, row: _Row, threshold: Threshold, where: str, prefix: str) -> str:
    what, limit = f"the {prefix}{threshold.metric.heading(threshold.fpr)} of {row.attack}", threshold.limit
    if needed.times == inf:
        return (
            f"No number of records decides it: {what} is estimated at {needed.value:.4g}, the limit itself. "
            "Change the limit."
        )
    more = [(needed.times - 1) * count for count in (row.members, row.nonmembers)]
    if max(more) > MOST:
        return (
            f"The limit is too close: {what} is estimated at {needed.value:.4g}, and to distinguish that "
            f"from {limit:g} takes over {MOST:,} more members or non-members."
        )
    members, nonmembers = map(_rounded, more)
    if abs(more[0] - more[1]) <= _ALIKE * max(more):
        members = nonmembers = max(members, nonmembers)
    also = "as many non-members" if members == nonmembers else f"{nonmembers:,} more non-members"
    outcome = "be exceeded" if needed.exceeded else "hold"
    return (
        f"About {members:,} more members and {also} {where}would decide it in 9 of 10 audits, if {what} is "
        f"as estimated ({needed.value:.4g}): it would {outcome}."
    )


def _to_measure(threshold: Threshold, lacking: Sequence[_Row], *, several: bool) -> str:
    worst = min(lacking, key=lambda row: row.scored_nonmembers / max(1, row.nonmembers))
    otherwise = " Or limit an attack that has a number." if several else ""
    if threshold.fpr is None or worst.scored_nonmembers == 0:
        return f"{worst.attack} has no number here.{otherwise}"
    least = LEAST_FALSE_POSITIVES / threshold.fpr
    more = _rounded(worst.nonmembers * (least / worst.scored_nonmembers - 1))
    part = "" if worst.scored_nonmembers >= worst.nonmembers else ", because it scores only some of them"
    return (
        f"{worst.attack} needs {least:,.0f} scored non-members to measure that and has "
        f"{worst.scored_nonmembers:,}: it takes at least {more:,} more non-members{part}, and more to decide."
        f"{otherwise}"
    )


def _of_an_increase(threshold: Threshold, result: Result) -> str | None:
    if result.comparison is None:
        return None
    changes = deciding(threshold, result.comparison)
    gap = next((row for row in changes if row.difference.high is None), None)
    if gap is not None:
        if lacking := [row for row in _attacks(threshold, result) if row.number is None]:
            return f"{_to_measure(threshold, lacking, several=False)} The same goes for the baseline."
        return (
            f"Measure {subject(gap)} the same way in both audits: {gap.difference.reason or 'not measured'}."
        )
    if threshold.family == "epsilon":
        return _EPSILON_ROSE
    if threshold.family == "extraction":
        return whole_ranking()
    before = {row.attack: row for row in result.membership}
    m = 1 if threshold.attack is not None else len(changes)
    # NOTE: how the two audits depend on each other is unknown, so the worst case counts: their standard
    # errors add up, as their half-widths do.
    rows = [
        _row(before[row.attack], measured(row.attack, ends, joint if m > 1 else None, m=m), result)
        for row in changes
        for ends, joint in [(_ends(row.difference), row.difference.low_simultaneous)]
        if ends is not None
    ]
    return _of_records(threshold, rows, "in both audits ", "increase of the ")


def _rounded(count: float) -> int:
    """Up, to two digits."""
    least = max(1, ceil(count))
    unit = int(10 ** max(0, floor(log10(least)) - 1))
    return ceil(least / unit) * unit
