"""One number of one model over its audits: a line per attack, its intervals, the limits, the verdicts."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import ceil, floor, isfinite, log10

from markupsafe import Markup

from privaudit.reports.document import Figure
from privaudit.reports.svg import (
    BLUE,
    DASHDOT,
    DASHED,
    DOTTED,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    SOLID,
    Axis,
    Chart,
    swatch,
)  # fmt: skip
from privaudit.reports.svg.elements import INK, LETTER, label, path
from privaudit.reports.trend.series import VERDICTS, Series, data_changed, series_of, table
from privaudit.reports.words.metrics import axis_words
from privaudit.results.history import Entry
from privaudit.results.metrics import AUC, EPSILON

_STYLES = (
    (ORANGE, SOLID, "circle"),
    (BLUE, DASHED, "square"),
    (PURPLE, DASHDOT, "diamond"),
    (GREEN, DOTTED, "triangle"),
)
_GUESSING, _CLAIMED = "guessing", "claimed"
_END = 4.0
"""Half the length of an interval's ends."""
_APART = 0.14
"""Between the attacks of one audit, to keep their intervals apart."""
_FIRST = -0.5
"""Where the horizontal axis begins: audits stand at 0, 1, …"""


class _TrendChart(Chart):
    """A chart with a verdict above each audit, and many intervals in one drawing."""

    def whiskers(self, intervals: Sequence[tuple[float, float, float]], colour: str) -> None:
        """Upright intervals (place, low, high) with their ends."""
        pieces = []
        for x, low, high in intervals:
            at, ends = self._x(x), (self._y(low), self._y(high))
            pieces.append((at, ends[0], at, ends[1]))
            pieces.extend((at - _END, end, at + _END, end) for end in ends)
        if pieces:
            self.marks.append(path(pieces, stroke=colour, stroke_width=1.5))

    def above(self, x: float, text: str) -> None:
        """A word above the frame."""
        self.marks.append(label(text, self._x(x), self.top - 9, anchor="middle"))


def figure(entries: Sequence[Entry], metric: str, identifier: str, looks: dict[str, int]) -> Figure:
    """The chart of one metric.

    Args:
        entries: audits of one model that have this metric, in the order of time.
        metric: as thresholds name it.
        identifier: unique on the page.
        looks: how earlier charts of the model drew each attack, for the same look here; new ones are added.
    """
    found = series_of(entries, metric)
    drawn, left = found[: len(_STYLES)], found[len(_STYLES) :]
    chart = _TrendChart(
        _times(entries),
        _scale(entries, metric, drawn),
        f"{axis_words(metric)} over {len(entries):,} audits",
        " ".join(series.in_words() for series in drawn),
        top=30,
        right=44,
    )
    legend = [
        *_draw_attacks(chart, drawn, _alike(drawn, looks)),
        *_draw_limits(chart, entries, metric),
        *_draw_changes(chart, entries),
        *_draw_verdicts(chart, entries),
    ]
    others = f" Not drawn: {', '.join(series.attack for series in left)}." if left else ""
    joined = "A line joins audits of the same attack on the same data, and no others."
    caption = f"{axis_words(metric)}. {joined}{others}"
    return Figure(chart.render(identifier), caption, tuple(legend), table(entries, metric, drawn))


def _alike(drawn: Sequence[Series], looks: dict[str, int]) -> list[int]:
    """A style for each attack: that of earlier charts, unless another attack of this chart has it."""
    chosen: dict[str, int] = {}
    for attack in sorted((series.attack for series in drawn), key=lambda attack: attack not in looks):
        free = [style for style in range(len(_STYLES)) if style not in chosen.values()]
        earlier = looks.setdefault(attack, free[0])
        chosen[attack] = earlier if earlier in free else free[0]
    return [chosen[series.attack] for series in drawn]


def _draw_attacks(
    chart: _TrendChart, drawn: Sequence[Series], styles: Sequence[int]
) -> Iterator[tuple[Markup, str]]:
    for number, series in enumerate(drawn):
        colour, dash, shape = _STYLES[styles[number]]
        shift = _APART * (number - (len(drawn) - 1) / 2)
        points = {place: value for place, value in enumerate(series.values) if value is not None}
        for piece in series.pieces():
            if len(piece) > 1:
                chart.line([p + shift for p in piece], [points[p] for p in piece], colour, dash)
        chart.whiskers([(place + shift, low, high) for place, low, high in series.intervals], colour)
        for place, value in points.items():
            chart.dot(place + shift, value, colour, shape)
        interval = ", with its 95 % interval" if series.intervals else ""
        yield swatch(colour, dash, shape), f"{series.attack}{interval}"


def _draw_limits(chart: Chart, entries: Sequence[Entry], metric: str) -> Iterator[tuple[Markup, str]]:
    """Level lines over the audits that they were set for, each named where it ends."""
    where: dict[tuple[str, float], list[list[int]]] = {}
    for place, entry in enumerate(entries):
        for level in _levels(entry, metric):
            pieces = where.setdefault(level, [])
            if pieces and pieces[-1][-1] == place - 1:
                pieces[-1].append(place)
            else:
                pieces.append([place])
    for (text, value), pieces in where.items():
        for piece in pieces:
            ends = (piece[0] - 0.5, piece[-1] + 0.5)
            chart.line(ends, (value, value), INK, DOTTED if text == _GUESSING else DASHED)
        lifted = value + 0.015 * (chart.y.high - chart.y.low)
        chart.name(pieces[-1][-1] + 0.45, lifted, text, anchor="end")
    names = {text for text, _ in where}
    if names - {_GUESSING, _CLAIMED}:
        yield swatch(INK, DASHED), "limit, over the audits it was set for"
    if _CLAIMED in names:
        yield swatch(INK, DASHED), "claimed epsilon"


def _levels(entry: Entry, metric: str) -> dict[tuple[str, float], None]:
    """What an audit's numbers are measured against: names and values, each once."""
    found = [(limit.expression, limit.limit) for limit in entry.limits if limit.metric == metric]
    if metric == AUC.name:
        found.append((_GUESSING, 0.5))
    if metric == EPSILON.name and entry.claimed_epsilon is not None:
        found.append((_CLAIMED, entry.claimed_epsilon))
    return dict.fromkeys(level for level in found if isfinite(level[1]))


def _draw_changes(chart: Chart, entries: Sequence[Entry]) -> Iterator[tuple[Markup, str]]:
    changes = [place for place, (a, b) in enumerate(pairwise(entries)) if data_changed(a, b)]
    for place in changes:
        chart.upright(place + 0.5, GREY, DOTTED)
    if changes:
        yield swatch(GREY, DOTTED), "the audited data changed here"


def _draw_verdicts(chart: _TrendChart, entries: Sequence[Entry]) -> Iterator[tuple[Markup, str]]:
    room = (chart.width - chart.left - chart.right) / len(entries)
    in_words = room > LETTER * max(map(len, VERDICTS.values()))
    for place, entry in enumerate(entries):
        chart.above(place, VERDICTS[entry.status] if in_words else VERDICTS[entry.status][0])
    if not in_words:
        seen = dict.fromkeys(VERDICTS[entry.status] for entry in entries)
        yield Markup(), f"above each audit its verdict: {', '.join(seen)}"


def _times(entries: Sequence[Entry]) -> Axis:
    """Audits in their order, one step each; the last is always named."""
    days = {entry.created[:10] for entry in entries}
    of_one_day = len(days) == 1
    part = slice(11, 16) if of_one_day else slice(10)
    names = {float(place): entry.created[part] for place, entry in enumerate(entries)}
    ticks = sorted(range(len(entries) - 1, -1, -ceil(len(entries) / (7 if of_one_day else 4))))
    title = f"audits of {days.pop()}, UTC" if of_one_day else "audits in order, not to scale"
    return Axis(_FIRST, len(entries) + _FIRST, title, ticks, names=names)


def _scale(entries: Sequence[Entry], metric: str, drawn: Sequence[Series]) -> Axis:
    """From 0, or for the AUC from below 0.5, to a round number above everything that is drawn."""
    shown = [value for series in drawn for value in series.values if value is not None]
    shown += [end for series in drawn for _, *ends in series.intervals for end in ends]
    # NOTE: a level has its name above it.
    shown += [part * value for entry in entries for _, value in _levels(entry, metric) for part in (1, 1.06)]
    least, most = min([0.5 if metric == AUC.name else 0.0, *shown]), max([0.0, *shown])
    step = _round_step((most - least) / 6)
    first, last = floor(least / step + 1e-9), ceil(most / step - 1e-9)
    ticks = [round(step * place, 12) for place in range(first, max(last, first + 1) + 1)]
    return Axis(ticks[0], ticks[-1], axis_words(metric), ticks)


def _round_step(least: float) -> float:
    """The smallest of 1, 2, 5 times a power of ten that is not below ``least``; 1 where there is nothing."""
    if least <= 0:
        return 1.0
    power = 10.0 ** floor(log10(least))
    return next(step for step in (power, 2 * power, 5 * power, 10 * power) if step >= least * (1 - 1e-9))
