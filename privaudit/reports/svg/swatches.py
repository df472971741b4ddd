"""Samples for legends: each shows how something looks in the chart above it."""

from markupsafe import Markup

from privaudit.reports.svg.elements import INK, element, hatch, marker, path

_WIDTH, _HEIGHT = 36, 12


def swatch(colour: str, dash: str, shape: str | None = None) -> Markup:
    """A piece of a line, with a point of its shape where it has one."""
    middle = _HEIGHT / 2
    line = element(
        "line", x1=0, x2=_WIDTH, y1=middle, y2=middle, stroke=colour, stroke_width=2, stroke_dasharray=dash
    )
    return _sample(line, *([] if shape is None else [marker(shape, _WIDTH / 2, middle, colour)]))


def dot_swatch(colour: str, shape: str) -> Markup:
    """A point alone."""
    return _sample(marker(shape, _WIDTH / 2, _HEIGHT / 2, colour))


def patch(colour: str, opacity: float) -> Markup:
    """A piece of a shaded area."""
    return _sample(element("rect", width=_WIDTH, height=_HEIGHT, fill=colour, fill_opacity=opacity))


def hatching() -> Markup:
    """A piece of a hatched area."""
    return _sample(path(hatch(0, 0, _WIDTH, _HEIGHT, 6), stroke=INK, stroke_opacity=0.5))


def _sample(*children: Markup) -> Markup:
    return element(
        "svg", *children, width=_WIDTH, height=_HEIGHT, viewBox=f"0 0 {_WIDTH} {_HEIGHT}", aria_hidden="true"
    )
