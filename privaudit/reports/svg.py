"""Charts as inline SVG: axes, lines, bands, intervals. No script, no style sheet, no font, no library.

Everything is drawn with presentation attributes, which survive a content policy that drops style sheets,
and with ``currentColor``, which follows the page into dark mode. Colours are those of Okabe and Ito, and no
line is told from another by colour alone: each has a dash pattern or a marker of its own too.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite, log10

from markupsafe import Markup, escape

BLUE, ORANGE, GREEN, PURPLE, GREY = "#0072b2", "#d55e00", "#009e73", "#aa4499", "#808080"
SOLID, DASHED, DOTTED, DASHDOT = "", "7 4", "2 3", "9 3 2 3"
_FONT = "system-ui, sans-serif"


def element(name: str, *children: Markup | str, **attributes: object) -> Markup:
    """An element; what is no markup is escaped.

    Args:
        name: of the element; never foreign text.
        *children: text or markup.
        **attributes: ``_`` in a name stands for ``-``; those that are None or empty are left out.
    """
    given = Markup(" ").join(
        Markup('{}="{}"').format(key.rstrip("_").replace("_", "-"), _plain(value))
        for key, value in attributes.items()
        if value is not None and value != ""
    )
    inside = Markup().join(escape(child) for child in children)
    return Markup("<{0}{1}{2}>{3}</{0}>").format(name, " " if given else "", given, inside)


def _plain(value: object) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


@dataclass(frozen=True)
class Axis:
    """One axis of a chart."""

    low: float
    high: float
    label: str
    ticks: Sequence[float]
    log: bool = False
    percent: bool = False
    """Ticks are shares."""

    def place(self, value: float) -> float:
        """Where the value stands between the ends, in [0, 1]; what lies outside is put on the end."""
        value = min(max(value, self.low), self.high)
        if self.log:
            return log10(value / self.low) / log10(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def text(self, tick: float) -> str:
        """A tick in words."""
        return f"{100 * tick:g} %" if self.percent else f"{tick:g}"


@dataclass
class Chart:
    """A drawing area with two axes, to which marks are added in order: later ones lie on top."""

    x: Axis
    y: Axis
    title: str
    description: str
    """What a reader who cannot see the chart should know."""
    width: int = 640
    height: int = 400
    marks: list[Markup] = field(default_factory=list)
    left: int = 64
    bottom: int = 52
    top: int = 12
    right: int = 28

    def line(self, xs: Sequence[float], ys: Sequence[float], colour: str, dash: str = SOLID) -> None:
        """Join points by straight lines; points that the axes do not show are left out at the ends."""
        points = self._points(xs, ys)
        self.marks.append(
            element(
                "polyline",
                points=points,
                fill="none",
                stroke=colour,
                stroke_width=2,
                stroke_dasharray=dash,
                stroke_linejoin="round",
            )
        )

    def band(self, xs: Sequence[float], lows: Sequence[float], highs: Sequence[float], colour: str) -> None:
        """The area between two lines over the same points."""
        outline = f"{self._points(xs, highs)} {self._points(list(xs)[::-1], list(lows)[::-1])}"
        self.marks.append(element("polygon", points=outline, fill=colour, fill_opacity=0.18))

    def hatched(self, to_x: float, text: str) -> None:
        """The part from the left end to ``to_x``, about which the sample cannot say anything."""
        width = self._x(to_x) - self.left
        if width <= 0:
            return
        height = float(self._bottom - self.top)
        lines = [
            element(
                "line",
                x1=self.left + max(0.0, at - height),
                y1=self.top + min(height, at),
                x2=self.left + min(width, at),
                y2=self.top + max(0.0, at - width),
                stroke="currentColor",
                stroke_opacity=0.25,
            )
            for at in _every(12.0, width + height)
        ]
        label = element("text", text, x=self.left + 6, y=self._bottom - 8, font_size=11, fill="currentColor")
        self.marks.extend([*lines, label if width > 7 * len(text) else Markup()])

    def interval(self, y: float, low: float, value: float | None, high: float, colour: str) -> None:
        """A horizontal interval with its ends, and a dot for the estimate."""
        at = self._y(y)
        ends = [(self._x(low), 5.0), (self._x(high), 5.0)]
        self.marks.append(
            element("line", x1=ends[0][0], x2=ends[1][0], y1=at, y2=at, stroke=colour, stroke_width=2)
        )
        for place, half in ends:
            self.marks.append(
                element("line", x1=place, x2=place, y1=at - half, y2=at + half, stroke=colour, stroke_width=2)
            )
        if value is not None:
            self.marks.append(element("circle", cx=self._x(value), cy=at, r=4, fill=colour))

    def dot(self, x: float, y: float, colour: str, shape: str = "circle") -> None:
        """One point; ``shape`` is ``circle``, ``square`` or ``diamond``."""
        cx, cy = self._x(x), self._y(y)
        if shape == "circle":
            self.marks.append(element("circle", cx=cx, cy=cy, r=4, fill=colour))
            return
        turn = f"rotate(45 {cx:.1f} {cy:.1f})" if shape == "diamond" else None
        self.marks.append(element("rect", x=cx - 4, y=cy - 4, width=8, height=8, fill=colour, transform=turn))

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
        self.marks.append(
            element(
                "text",
                text,
                x=self._x(x),
                y=self._y(y),
                font_size=12,
                fill="currentColor",
                text_anchor=anchor,
            )
        )

    def beside(self, y: float, text: str) -> None:
        """A word to the left of the vertical axis, cut to what fits there."""
        most = max(4, (self.left - 30) // 7)
        shown = text if len(text) <= most else f"{text[: most - 1]}…"
        self.marks.append(
            element(
                "text",
                shown,
                x=self.left - 8,
                y=self._y(y) + 4,
                font_size=12,
                fill="currentColor",
                text_anchor="end",
            )
        )

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
            font_family=_FONT,
            font_size=12,
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
        return " ".join(
            f"{self._x(x):.1f},{self._y(y):.1f}"
            for x, y in zip(xs, ys, strict=True)
            if isfinite(x) and isfinite(y)
        )

    def _frame(self) -> list[Markup]:
        parts = []
        for tick in self.x.ticks:
            at = self._x(tick)
            parts.append(_grid(at, self.top, at, self._bottom))
            parts.append(
                element(
                    "text",
                    self.x.text(tick),
                    x=at,
                    y=self._bottom + 18,
                    text_anchor="middle",
                    fill="currentColor",
                )
            )
        for tick in self.y.ticks:
            at = self._y(tick)
            parts.append(_grid(self.left, at, self._right, at))
            parts.append(
                element(
                    "text",
                    self.y.text(tick),
                    x=self.left - 8,
                    y=at + 4,
                    text_anchor="end",
                    fill="currentColor",
                )
            )
        middle = (self.left + self._right) / 2
        parts.append(
            element(
                "text", self.x.label, x=middle, y=self.height - 10, text_anchor="middle", fill="currentColor"
            )
        )
        height = (self.top + self._bottom) / 2
        parts.append(
            element(
                "text",
                self.y.label,
                x=14,
                y=height,
                text_anchor="middle",
                fill="currentColor",
                transform=f"rotate(-90 14 {height:g})",
            )
        )
        return parts


def _grid(x1: float, y1: float, x2: float, y2: float) -> Markup:
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, stroke="currentColor", stroke_opacity=0.15)


def _every(step: float, end: float) -> list[float]:
    return [step * i for i in range(1, int(end / step) + 1)]
