"""What changed since a baseline, in a terminal."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from privaudit.inert import inert
from privaudit.reports.terminal.tables import fitted_table
from privaudit.reports.words.comparison import (
    CAPTION,
    DIRECTIONS,
    identity,
    lines,
    not_compared,
    one_sided,
    summary,
)
from privaudit.results import Result
from privaudit.results.metrics import AUC

_MOST = 24


def comparison_parts(result: Result, width: int) -> Iterator[RenderableType]:
    """Summary, the numbers that changed most clearly, what could not be compared, and the notes.

    Args:
        result: of which nothing is printed where it has no comparison.
        width: of the terminal.
    """
    comparison = result.comparison
    if comparison is None:
        return
    yield Text(summary(comparison), "bold")
    yield Text(identity(comparison))
    rows = lines(comparison)
    # NOTE: AUCs and what changed are what a reader looks for; the page has everything.
    changed = [r for r in rows if r.metric == AUC.heading() or r.direction != DIRECTIONS["undecided"]]
    shown = (changed or rows)[:_MOST]
    if shown:
        names = {"attack": [row.attack for row in shown], "number": [row.metric for row in shown]}
        columns = {
            "baseline": [row.old for row in shown],
            "now": [row.new for row in shown],
            "difference": [row.difference for row in shown],
            "": [row.direction for row in shown],
        }
        yield from fitted_table(names, columns, ("difference", "", "now", "baseline"), width)
        yield Text(CAPTION, "dim")
    if left_out := len(rows) - len(shown):
        yield Text(f"The result file has {left_out} more numbers, most of them undecided.", "dim")
    for text in one_sided(comparison):
        yield Text(text, "yellow")
    for text in not_compared(comparison):
        yield Text(text, "dim")
    for note in comparison.notes:
        yield Text(f"Note: {inert(note)}", "dim")
