"""What changed since a baseline, in words: the page and the terminal say the same."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf

from privaudit.inert import inert
from privaudit.reports.words.numbers import NOT_MEASURED
from privaudit.results import Change, Comparison, Interval
from privaudit.results.metrics import AUC, metric_of

CAPTION = (
    "New minus old, with separate 95 % intervals that hold however the two audits depend on each other (90 % "
    "where estimates are far from normal). An interval that includes 0 decides nothing."
)
DIRECTIONS = {"more": "more leakage", "less": "less leakage", "undecided": "undecided"}
_MOST_NAMED = 2
_STATUS = {
    "pass": "it passed",
    "fail": "it failed its own limits",
    "inconclusive": "its own verdict was inconclusive",
    "not-judged": "it had no limits",
}


@dataclass(frozen=True)
class ComparisonLine:
    """One number in both results, in words."""

    attack: str
    metric: str
    old: str
    new: str
    difference: str
    direction: str


def lines(comparison: Comparison) -> list[ComparisonLine]:
    """Every number that could be compared: what got worse, what got better, then the rest.

    Attacks on the same canary rank it alike and share a line.
    """
    order = {"more": 0, "less": 1, "undecided": 2}
    merged: dict[tuple[object, ...], list[Change]] = {}
    for number, change in enumerate(compared(comparison)):
        alike = (change.old, change.new) if change.canary is not None else number
        merged.setdefault((change.metric, change.canary, alike), []).append(change)
    rows = sorted(merged.values(), key=lambda changes: order[changes[0].direction])
    return [_line(changes) for changes in rows]


def compared(comparison: Comparison) -> list[Change]:
    """Those with a difference."""
    return [change for change in comparison.changes if change.difference.low is not None]


def subject(changes: Sequence[Change]) -> str:
    """Whose number it is; fit to be shown."""
    attacks = ", ".join(dict.fromkeys(inert(change.attack) for change in changes))
    canary = changes[0].canary
    return attacks if canary is None else f"{attacks} on {inert(canary)}"


def metric_in_words(metric: str) -> str:
    """``tpr@0.01`` as a heading."""
    found = metric_of(metric)
    return inert(metric) if found is None else found[0].heading(found[1])


def summary(comparison: Comparison) -> str:
    """How many numbers rose, fell, and may be the same."""
    found = [change.direction for change in compared(comparison)]
    if not found:
        return "No number could be compared between the two results."
    more, less, open_ = (found.count(direction) for direction in ("more", "less", "undecided"))
    which = "one number" if len(found) == 1 else f"{len(found)} numbers"
    return (
        f"Of {which} in both results, {more or 'none'} {_show(more)} more leakage than the baseline and "
        f"{less or 'none'} {_show(less)} less; chance may explain {open_ or 'none'} of the differences."
    )


def identity(comparison: Comparison) -> str:
    """Which result it is compared with."""
    same = "the same model, " if comparison.same_model else ""
    model, digest = inert(comparison.baseline_model), inert(comparison.baseline_digest[:12])
    return (
        f"Baseline: {same}{model} (digest {digest}), audited {inert(comparison.baseline_created)}; "
        f"{_STATUS[comparison.baseline_status]}."
    )


def one_sided(comparison: Comparison) -> Iterator[str]:
    """Attacks that only one of the two has."""
    if comparison.only_old:
        names = ", ".join(map(inert, comparison.only_old))
        yield f"Only in the baseline: {names}. What it would find now is unknown."
    if comparison.only_new:
        names = ", ".join(map(inert, comparison.only_new))
        yield f"Only in this result: {names}. The baseline has nothing to compare."


def not_compared(comparison: Comparison) -> Iterator[str]:
    """Numbers of attacks in both results that have no difference, by reason."""
    reasons: dict[str, dict[str, list[str]]] = {}
    for change in comparison.changes:
        if change.difference.low is None and change.attack not in comparison.only_old:
            metrics = reasons.setdefault(change.difference.reason or "not measured", {})
            metrics.setdefault(metric_in_words(change.metric), []).append(subject([change]))
    for reason, metrics in reasons.items():
        named = ", ".join(f"{metric} of {_whose(names)}" for metric, names in metrics.items())
        yield f"Not compared: {named}: {inert(reason)}."


def _whose(names: Sequence[str]) -> str:
    return " and ".join(names) if len(names) <= _MOST_NAMED else f"{len(names)} attacks"


def difference(change: Change) -> str:
    """The difference with its interval, signed."""
    value, low, high = (
        _signed(number, change.metric)
        for number in (change.difference.value, change.difference.low, change.difference.high)
    )
    if change.difference.low == change.difference.high:
        return value
    if change.difference.low == -inf and change.difference.high == inf:
        return "not bounded"
    interval = f"[{low}, {high}]"
    return interval if change.difference.value is None else f"{value} {interval}"


def _line(changes: Sequence[Change]) -> ComparisonLine:
    first = changes[0]
    return ComparisonLine(
        subject(changes),
        metric_in_words(first.metric),
        _amount(first.old, first.metric),
        _amount(first.new, first.metric),
        difference(first),
        DIRECTIONS[first.direction],
    )


def _amount(interval: Interval, metric: str) -> str:
    value, low, high = interval.value, interval.low, interval.high
    if value is None or low is None or high is None:
        return NOT_MEASURED
    found = metric_of(metric)
    if found is not None and found[0].from_below:
        return f"at least {_plain(low, metric)}" + (f", at most {_plain(high, metric)}" if high < inf else "")
    if low == high:
        return _plain(value, metric)
    return f"{_plain(value, metric)} [{_plain(low, metric)}, {_plain(high, metric)}]"


def _signed(value: float | None, metric: str) -> str:
    if value is None:
        return NOT_MEASURED
    text = _plain(value, metric)
    if not text.strip("-0.%"):
        return text.lstrip("-")
    return f"+{text}" if value > 0 else text


def _plain(value: float, metric: str) -> str:
    found = metric_of(metric)
    return (AUC if found is None else found[0]).amount(value)


def _show(count: int) -> str:
    return "shows" if count <= 1 else "show"
