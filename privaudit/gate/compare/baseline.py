"""A result against that of an accepted model: what changed, and whether chance could explain it."""

from privaudit.errors import ResultError, UsageError
from privaudit.gate.compare.changes import ANY_ATTACK, changes_between, same_model
from privaudit.gate.compare.comparable import check_comparable, notes
from privaudit.gate.evaluate import decide
from privaudit.gate.interval_ends import IntervalEnds, low_end
from privaudit.gate.thresholds import Threshold
from privaudit.results import Change, Comparison, Result, ThresholdResult
from privaudit.results.epsilon import ASSUMPTION_FREE
from privaudit.results.metrics import EPSILON


def compare(result: Result, baseline: Result) -> Comparison:
    """Every number of the baseline beside that of ``result``.

    A number that one of the two lacks, or that another attack measured, is there without a difference and
    says why: a threshold on it is inconclusive and never a pass. What differs without preventing the
    comparison becomes a note.

    Raises:
        ResultError: the two were not measured on the same records in the same way, or have no attack in
            common.
    """
    check_comparable(result, baseline)
    new, old = _attacks(result), _attacks(baseline)
    if not set(new) & set(old):
        ran = f"it ran {', '.join(old) or 'none'}, this result {', '.join(new)}"
        raise ResultError(
            f"The baseline has no attack of this result: {ran}", "Run the same attacks on the accepted model"
        )
    unfinished = [{item.attack for item in one.not_run} for one in (result, baseline)]
    return Comparison(
        baseline_model=baseline.model.path,
        baseline_digest=baseline.model.digest,
        baseline_created=baseline.created,
        baseline_status=baseline.verdict.status,
        same_model=same_model(result, baseline),
        changes=changes_between(baseline, result),
        only_new=tuple(name for name in new if name not in {*old, *unfinished[1]}),
        only_old=tuple(name for name in old if name not in {*new, *unfinished[0]}),
        notes=tuple(notes(result, baseline)),
    )


def judge_increase(threshold: Threshold, comparison: Comparison) -> ThresholdResult:
    """Whether a number rose by more than the limit since the baseline.

    With an attack named the ``low`` of its difference decides, else ``low_simultaneous`` of every attack's:
    comparing many attacks must not fail a build by chance. Several canaries count as several. It holds when
    every ``high`` is at most the limit, and cannot hold where this result lacks what the baseline measured.

    Args:
        threshold: its limit is the increase that is too much; with its alias resolved.
        comparison: of :func:`compare`.

    Raises:
        UsageError: the two results do not have that number of that attack.
    """
    rows = deciding(threshold, comparison)
    if not rows or threshold.attack in comparison.only_old:
        known = ", ".join(_in_both(threshold, comparison)) or "nothing"
        raise UsageError(
            f"{threshold.expression!r} is not in both results; both have {known}",
            "Run the attack in both audits or correct the limit",
        )
    alone = threshold.attack is not None and len(rows) == 1
    return decide(
        threshold, [_ends(row, "low" if alone else "low_simultaneous") for row in rows], increase=True
    )


def _ends(row: Change, end: str) -> IntervalEnds:
    ends, name = row.difference, subject(row)
    gap = f"Cannot compare {name}: {ends.reason or 'not measured'}."
    low = low_end(ends, end)
    return IntervalEnds(name, low, f"difference {end}", ends.high, gap, high_name="difference high")


def subject(change: Change) -> str:
    """Whose number changed."""
    return change.attack if change.canary is None else f"{change.attack} on {change.canary}"


def deciding(threshold: Threshold, comparison: Comparison) -> list[Change]:
    """The rows that decide a threshold on an increase."""
    rows = [row for row in comparison.changes if row.metric == threshold.key]
    if threshold.attack is not None:
        return [row for row in rows if row.attack == threshold.attack]
    if threshold.metric is EPSILON:
        return [row for row in rows if row.attack in ASSUMPTION_FREE]
    together = [row for row in rows if row.attack == ANY_ATTACK]
    return together or rows


def _in_both(threshold: Threshold, comparison: Comparison) -> list[str]:
    """The attacks with that metric in both results; without any, the metrics in both."""
    rows = [row for row in comparison.changes if row.attack not in comparison.only_old]
    same = [row.attack for row in rows if row.metric == threshold.key]
    return list(dict.fromkeys(same or [row.metric for row in rows]))


def _attacks(result: Result) -> list[str]:
    """Everything with a number of its own, once each."""
    bounds = () if result.epsilon is None else result.epsilon.lower_bounds
    names = [row.attack for row in result.membership] + [row.attack for row in result.extraction]
    return list(dict.fromkeys([*names, *(bound.method for bound in bounds)]))
