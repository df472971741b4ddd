"""Elements, colours and dash patterns: what every drawing is made of."""

from collections.abc import Iterable, Iterator

from markupsafe import Markup, escape

BLUE, ORANGE, GREEN, PURPLE, GREY = "#0072b2", "#d55e00", "#009e73", "#aa4499", "#808080"
SOLID, DASHED, DOTTED, DASHDOT = "", "7 4", "2 3", "9 3 2 3"
INK = "currentColor"
FONT = "system-ui, sans-serif"
TEXT = 14
"""Font size. A chart of 480 on a screen of 360 shows it as about 10."""
LETTER = 7.8
"""Width of a letter of that size, on average."""
MARKER = 4.5
"""Half the width of a point."""


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


def label(text: str, x: float, y: float, *, anchor: str | None = None, size: float | None = None) -> Markup:
    """Words, from, around or up to ``x``, in the size of the drawing unless another is given."""
    return element("text", text, x=x, y=y, text_anchor=anchor, font_size=size, fill=INK)


def path(pieces: Iterable[tuple[float, float, float, float]], **attributes: object) -> Markup:
    """Many straight pieces ``(x1, y1, x2, y2)`` as one element."""
    drawn = "".join(f"M{number(a)},{number(b)}L{number(c)},{number(d)}" for a, b, c, d in pieces)
    return element("path", d=drawn, fill="none", **attributes)


def marker(shape: str, x: float, y: float, colour: str) -> Markup:
    """A point: ``circle``, ``square``, ``diamond`` or ``triangle``."""
    if shape == "circle":
        return element("circle", cx=x, cy=y, r=MARKER, fill=colour)
    corners = {
        "square": ((-1, -1), (1, -1), (1, 1), (-1, 1)),
        "diamond": ((0, -1.4), (1.4, 0), (0, 1.4), (-1.4, 0)),
        "triangle": ((0, -1.3), (1.3, 1), (-1.3, 1)),
    }[shape]
    points = " ".join(f"{number(x + MARKER * dx)},{number(y + MARKER * dy)}" for dx, dy in corners)
    return element("polygon", points=points, fill=colour)


def hatch(
    left: float, top: float, right: float, bottom: float, step: float = 12.0
) -> Iterator[tuple[float, float, float, float]]:
    """Pieces of rising lines that fill a box."""
    width, height = right - left, bottom - top
    for place in range(1, int((width + height) / step) + 1):
        at = step * place
        yield (
            left + max(0.0, at - height),
            top + min(height, at),
            left + min(width, at),
            top + max(0.0, at - width),
        )


def number(value: float) -> str:
    """A coordinate, as short as it is precise enough to draw."""
    text = f"{value:.1f}"
    return text.removesuffix(".0")


def shortened(text: str, width: float) -> str:
    """What of a text fits into a width, with an ellipsis where something is missing."""
    most = max(4, int(width / LETTER))
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _plain(value: object) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
