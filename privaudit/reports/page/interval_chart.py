"""Intervals below each other: a chart that every part of the report with several estimates uses."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor

from privaudit.reports.svg import BLUE, DOTTED, INK, Axis, Chart
from privaudit.reports.words.numbers import interval
from privaudit.results import Interval

ROW = 26
_SIDE, _ASIDE, _EDGE = 176, 112, 22
MOST = 20
"""Rows that are drawn; the table has all."""


@dataclass(frozen=True)
class Row:
    """One row: what is measured, and an estimate for comparison where there is one."""

    name: str
    found: Interval
    compared: Interval | None = None
    aside: str = ""
    """What stands to the right of it."""


def intervals_chart(
    rows: Sequence[Row],
    axis: Axis,
    title: str,
    *,
    colour: str = BLUE,
    compared: tuple[str, str] | None = None,
    upright: float | None = None,
    places: int = 3,
) -> Chart:
    """A chart of the rows, from top to bottom; an estimate without interval is a dot.

    Args:
        rows: of which those without an estimate stay empty.
        axis: for the estimates.
        title: of the chart; the numbers become its description.
        colour: of the intervals.
        compared: colour and shape of the second interval of each row, under the first.
        upright: what an estimate is read against.
        places: of the numbers in the description.
    """
    chart = Chart(
        axis,
        Axis(0.0, len(rows) + 1.0, "", ()),
        title,
        " ".join(f"{row.name} {interval(row.found, places)}." for row in rows),
        height=70 + ROW * (len(rows) + 1),
        left=_SIDE,
        right=_ASIDE if any(row.aside for row in rows) else _EDGE,
    )
    if upright is not None:
        chart.upright(upright, INK, DOTTED)
    for place, row in enumerate(rows):
        at = float(len(rows) - place)
        chart.beside(at, row.name)
        chart.aside(at, row.aside)
        _draw(chart, at, row.found, colour, "circle")
        if compared is not None and row.compared is not None:
            _draw(chart, at - 0.3, row.compared, *compared)
    return chart


def auc_axis(rows: Sequence[Row]) -> Axis:
    """From below the least lower end, and below guessing, up to 1."""
    least = min([0.5, *(row.found.low for row in rows if row.found.low is not None)])
    low = max(0, floor(10 * least - 0.3))
    return Axis(
        low / 10, 1.0, "AUC with its 95 % interval; 0.5 is guessing", tuple(t / 10 for t in range(low, 11))
    )


def from_zero(most: float, label: str, ticks: int = 6) -> Axis:
    """An axis from 0 to a round number that is at least ``most``."""
    step = next((step for step in (0.5, 1.0, 2.0, 5.0, 10.0, 20.0) if most / step <= ticks), most / ticks)
    count = max(1, ceil(most / step))
    return Axis(0.0, step * count, label, tuple(step * i for i in range(count + 1)))


def _draw(chart: Chart, at: float, found: Interval, colour: str, shape: str) -> None:
    if found.low is not None and found.high is not None:
        chart.interval(at, found.low, found.value, found.high, colour, shape)
    elif found.value is not None:
        chart.dot(found.value, at, colour, shape)
