"""What changed since the baseline, on the page."""

from collections.abc import Iterator, Sequence
from math import ceil, isfinite

from privaudit.inert import inert
from privaudit.reports.document import Block, Figure, Listing, Section, Sentence, Table
from privaudit.reports.page.interval_chart import MOST, Row, intervals_chart
from privaudit.reports.svg import BLUE, DOTTED, INK, SOLID, Axis, swatch
from privaudit.reports.words.comparison import (
    CAPTION,
    compared,
    difference,
    identity,
    lines,
    not_compared,
    one_sided,
    subject,
    summary,
)
from privaudit.results import Change, Comparison, Result
from privaudit.results.metrics import AUC, EXPOSURE, Metric

_MOST_ROWS = 80
_STEPS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
_TICKS = 4
"""At most, on each side of 0."""


def comparison(result: Result) -> Section | None:
    """Every number of the accepted model beside that of this one; None where nothing was compared."""
    found = result.comparison
    if found is None:
        return None
    blocks: list[Block] = [Sentence(summary(found), "strong"), Sentence(identity(found))]
    blocks.extend(Sentence(text, "warning") for text in one_sided(found))
    blocks.extend(figure for metric in (AUC, EXPOSURE) for figure in _figure(found, metric))
    blocks.extend(_table(found))
    remarks = [*not_compared(found), *map(inert, found.notes)]
    if remarks:
        blocks.extend(
            (Sentence("Other differences, and what could not be compared:"), Listing(tuple(remarks)))
        )
    return Section("comparison", "What changed since the baseline", tuple(blocks))


def _table(found: Comparison) -> Iterator[Block]:
    rows = lines(found)
    if not rows:
        return
    cells = tuple((r.attack, r.metric, r.old, r.new, r.difference, r.direction) for r in rows[:_MOST_ROWS])
    header = ("attack", "number", "baseline", "this model", "difference", "that is")
    yield Table(CAPTION, header, cells, frozenset({2, 3, 4}))
    if more := len(rows) - len(cells):
        yield Sentence(f"The result file has {more} more numbers, all of them undecided or lower.", "small")


def _figure(found: Comparison, metric: Metric) -> Iterator[Figure]:
    name, changes = metric.label, [c for c in compared(found) if c.metric == metric.key() and _drawable(c)]
    changes = list({(c.canary or c.attack): c for c in changes}.values())
    if not changes:
        return
    drawn = sorted(changes, key=lambda change: -(change.difference.value or 0.0))[:MOST]
    rows = [Row(_named(change), change.difference) for change in drawn]
    chart = intervals_chart(
        rows,
        _axis(drawn, f"difference in {metric.heading()}; higher is more leakage"),
        f"Difference in {name} from the baseline",
        upright=0.0,
    )
    data = Table(
        f"Difference in {name}",
        ("attack" if metric is AUC else "canary", "difference"),
        tuple((_named(change), difference(change)) for change in drawn),
        frozenset({1}),
    )
    legend = (
        (swatch(BLUE, SOLID, "circle"), "new minus old, with its interval"),
        (swatch(INK, DOTTED), "no change"),
    )
    left_out = f" Drawn: {len(drawn)} of {len(changes)}." if len(drawn) < len(changes) else ""
    caption = f"An interval right of 0 shows more leakage than the baseline, one left of 0 less.{left_out}"
    yield Figure(chart.render(f"changed-{metric.key()}"), caption, legend, data)


def _named(change: Change) -> str:
    return subject([change]) if change.canary is None else inert(change.canary)


def _drawable(change: Change) -> bool:
    ends = (change.difference.value, change.difference.low, change.difference.high)
    return all(end is not None and isfinite(end) for end in ends)


def _axis(changes: Sequence[Change], label: str) -> Axis:
    """Around 0, to round numbers beyond the farthest ends; each side at least one step."""
    lows = [c.difference.low for c in changes if c.difference.low is not None]
    highs = [c.difference.high for c in changes if c.difference.high is not None]
    left, right = max(0.0, -min(lows)), max(0.0, *highs)
    far = max(left, right)
    step = next((step for step in _STEPS if far / step <= _TICKS), max(1.0, far / _TICKS))
    below, above = (max(1, ceil(side / step)) for side in (left, right))
    ticks = tuple(round(step * i, 6) for i in range(-below, above + 1))
    return Axis(ticks[0], ticks[-1], label, ticks)
