"""A drawing area with two axes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import hypot, isfinite

from markupsafe import Markup

from privaudit.reports.svg.axis import Axis
from privaudit.reports.svg.elements import (
    FONT,
    INK,
    LETTER,
    SOLID,
    TEXT,
    element,
    hatch,
    label,
    marker,
    number,
    path,
    shortened,
)

_END = 5.0
"""Half the length of an interval's ends."""
_APART = 0.7
"""Points of a line closer than this look like one, and are drawn once."""


@dataclass
class Chart:
    """A drawing area with two axes, to which marks are added in order: later ones lie on top."""

    x: Axis
    y: Axis
    title: str
    description: str
    """What a reader who cannot see the chart should know."""
    width: int = 480
    height: int = 360
    marks: list[Markup] = field(default_factory=list)
    left: int = 66
    bottom: int = 54
    top: int = 12
    right: int = 22

    def line(
        self, xs: Sequence[float], ys: Sequence[float], colour: str, dash: str = SOLID, opacity: float = 1.0
    ) -> None:
        """Join points by straight lines; what the axes do not show is drawn along their ends."""
        self.marks.append(
            element(
                "polyline",
                points=self._points(xs, ys),
                fill="none",
                stroke=colour,
                stroke_width=2,
                stroke_dasharray=dash,
                stroke_linejoin="round",
                stroke_opacity=None if opacity == 1.0 else opacity,
            )
        )

    def band(
        self,
        xs: Sequence[float],
        lows: Sequence[float],
        highs: Sequence[float],
        colour: str,
        opacity: float = 0.18,
    ) -> None:
        """The area between two lines over the same points."""
        outline = f"{self._points(xs, highs)} {self._points(list(xs)[::-1], list(lows)[::-1])}"
        self.marks.append(element("polygon", points=outline, fill=colour, fill_opacity=opacity))

    def hatched(self, to_x: float, text: str = "") -> None:
        """The part from the left end to ``to_x``, about which the sample cannot say anything."""
        right = self._x(to_x)
        if right <= self.left:
            return
        pieces = hatch(self.left, self.top, right, self._bottom)
        self.marks.append(path(pieces, stroke=INK, stroke_opacity=0.25))
        if text and right - self.left > LETTER * len(text):
            self.marks.append(label(text, self.left + 6, self._bottom - 8))

    def interval(
        self, y: float, low: float, value: float | None, high: float, colour: str, shape: str = "circle"
    ) -> None:
        """A horizontal interval with its ends, and a point for the estimate."""
        at, start, end = self._y(y), self._x(low), self._x(high)
        ends = ((x, at - _END, x, at + _END) for x in (start, end))
        self.marks.append(path([(start, at, end, at), *ends], stroke=colour, stroke_width=2))
        if value is not None:
            self.marks.append(marker(shape, self._x(value), at, colour))

    def whisker(self, x: float, low: float, high: float, colour: str) -> None:
        """A vertical interval with its ends."""
        at, start, end = self._x(x), self._y(low), self._y(high)
        ends = ((at - _END, y, at + _END, y) for y in (start, end))
        self.marks.append(path([(at, start, at, end), *ends], stroke=colour, stroke_width=1.5))

    def dot(self, x: float, y: float, colour: str, shape: str = "circle") -> None:
        """One point; ``shape`` is ``circle``, ``square``, ``diamond`` or ``triangle``."""
        self.marks.append(marker(shape, self._x(x), self._y(y), colour))

    def upright(self, x: float, colour: str, dash: str = SOLID) -> None:
        """A vertical line over the whole height."""
        at = self._x(x)
        self.marks.append(
            element(
                "line",
                x1=at,
                x2=at,
                y1=self.top,
                y2=self._bottom,
                stroke=colour,
                stroke_width=2,
                stroke_dasharray=dash,
            )
        )

    def name(self, x: float, y: float, text: str, *, anchor: str = "start") -> None:
        """A word in the chart, at a place in the axes' units."""
        self.marks.append(label(text, self._x(x), self._y(y), anchor=anchor))

    def beside(self, y: float, text: str) -> None:
        """A word to the left of the vertical axis, cut to what fits there."""
        self.marks.append(label(shortened(text, self.left - 12), self.left - 8, self._y(y) + 5, anchor="end"))

    def aside(self, y: float, text: str) -> None:
        """A word to the right of the area, cut to what fits there."""
        if text:
            self.marks.append(label(shortened(text, self.right - 8), self._right + 8, self._y(y) + 5))

    def beyond(self, y: float, text: str) -> None:
        """A word at the right end, for what lies further away than the axis reaches."""
        self.marks.append(label(f"{text} ▸", self._right - 4, self._y(y) + 5, anchor="end"))

    def render(self, identifier: str) -> Markup:
        """The whole chart; ``identifier`` is unique on the page."""
        return element(
            "svg",
            element("title", self.title, id=f"{identifier}-title"),
            element("desc", self.description, id=f"{identifier}-desc"),
            *self._frame(),
            *self.marks,
            viewBox=f"0 0 {self.width} {self.height}",
            width=self.width,
            height=self.height,
            role="img",
            aria_labelledby=f"{identifier}-title {identifier}-desc",
            font_family=FONT,
            font_size=TEXT,
        )

    @property
    def _bottom(self) -> int:
        return self.height - self.bottom

    @property
    def _right(self) -> int:
        return self.width - self.right

    def _x(self, value: float) -> float:
        return self.left + self.x.place(value) * (self._right - self.left)

    def _y(self, value: float) -> float:
        return self._bottom - self.y.place(value) * (self._bottom - self.top)

    def _points(self, xs: Sequence[float], ys: Sequence[float]) -> str:
        placed = [
            (self._x(x), self._y(y)) for x, y in zip(xs, ys, strict=True) if isfinite(x) and isfinite(y)
        ]
        return " ".join(f"{number(x)},{number(y)}" for x, y in _apart(placed))

    def _frame(self) -> Iterator[Markup]:
        across = [self._x(tick) for tick in self.x.ticks]
        upward = [self._y(tick) for tick in self.y.ticks]
        grid = [(at, float(self.top), at, float(self._bottom)) for at in across]
        grid += [(float(self.left), at, float(self._right), at) for at in upward]
        yield path(grid, stroke=INK, stroke_opacity=0.15)
        for tick, at in zip(self.x.ticks, across, strict=True):
            yield label(self.x.text(tick), at, self._bottom + 20, anchor="middle")
        for tick, at in zip(self.y.ticks, upward, strict=True):
            yield label(self.y.text(tick), self.left - 8, at + 5, anchor="end")
        yield self._x_title()
        if self.y.label:
            middle = (self.top + self._bottom) / 2
            turned = f"rotate(-90 14 {middle:g})"
            yield element(
                "text", self.y.label, x=14, y=middle, text_anchor="middle", fill=INK, transform=turned
            )

    def _x_title(self) -> Markup:
        """Under the middle of the axis, or of the whole chart where it is too long for that."""
        middle, half = (self.left + self._right) / 2, LETTER * len(self.x.label) / 2
        middle = min(max(middle, half), max(self.width - half, self.width / 2))
        return label(self.x.label, middle, self.height - 10, anchor="middle")


def _apart(points: Sequence[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    """The points without those too close to the one before; the last is always there."""
    last: tuple[float, float] | None = None
    for place, (x, y) in enumerate(points):
        if last is None or place == len(points) - 1 or hypot(x - last[0], y - last[1]) >= _APART:
            last = (x, y)
            yield last
