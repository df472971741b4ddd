"""Strips of slots: which words of a secret came out, one box per position."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from privaudit.reports.svg.elements import FONT, INK, ORANGE, TEXT, element, label, shortened

_WIDTH, _BOX, _TALL, _GAP = 480, 88, 28, 8
_PER_LINE = (_WIDTH + _GAP) // (_BOX + _GAP)
_LINE = 19
"""From one line of words to the next."""
_MOST = 24
"""Slots of one strip that are drawn; the words beside it say how many more there are."""
_SIGNS = {True: "✓ right", False: "✗ wrong"}


@dataclass(frozen=True)
class Strip:
    """One secret and what an attack made of it."""

    name: str
    slots: tuple[bool, ...]
    """Whether the attack's word at that position is right."""
    below: tuple[str, ...] = ()
    """Lines under the boxes."""


def strips(rows: Sequence[Strip], title: str, description: str, identifier: str) -> Markup:
    """All strips, one below the other.

    Args:
        rows: from top to bottom.
        title: of the drawing.
        description: what a reader who cannot see it should know.
        identifier: unique on the page.
    """
    y, drawn = 0, []
    for row in rows:
        marks, y = _strip(row, y)
        drawn += marks
    return element(
        "svg",
        element("title", title, id=f"{identifier}-title"),
        element("desc", description, id=f"{identifier}-desc"),
        *drawn,
        viewBox=f"0 0 {_WIDTH} {y}",
        width=_WIDTH,
        height=y,
        role="img",
        aria_labelledby=f"{identifier}-title {identifier}-desc",
        font_family=FONT,
        font_size=TEXT,
    )


def slot_sign(right: bool) -> Markup:
    """The mark of a slot, for legends."""
    return element(
        "svg",
        _boxes(right, [(1.0, 1.0)], 30, 16),
        label(_SIGNS[right][0], 16, 14, anchor="middle"),
        width=32,
        height=18,
        viewBox="0 0 32 18",
        aria_hidden="true",
        font_family=FONT,
        font_size=TEXT,
    )


def _strip(row: Strip, top: int) -> tuple[list[Markup], int]:
    marks, y = [label(shortened(row.name, _WIDTH), 0, top + 14)], top + 21
    shown = row.slots[:_MOST]
    places = [_place(number, y) for number in range(len(shown))]
    for kind in dict.fromkeys(shown):
        alike = [at for at, right in zip(places, shown, strict=True) if right is kind]
        marks.append(_boxes(kind, alike))
    for number, ((x, at), right) in enumerate(zip(places, shown, strict=True), start=1):
        marks.append(label(f"{number} {_SIGNS[right]}", x + _BOX / 2, at + 19, anchor="middle"))
    y += -(-len(shown) // _PER_LINE) * (_TALL + _GAP)
    more = [f"and {len(row.slots) - _MOST} more positions"] if len(row.slots) > _MOST else []
    for text in (*more, *row.below):
        marks.append(label(shortened(text, _WIDTH), 0, y + 14))
        y += _LINE
    return marks, y + 14


def _place(number: int, top: int) -> tuple[float, float]:
    line, column = divmod(number, _PER_LINE)
    return 1.0 + column * (_BOX + _GAP), float(top + line * (_TALL + _GAP))


def _boxes(
    right: bool, places: Sequence[tuple[float, float]], width: int = _BOX, height: int = _TALL
) -> Markup:
    """All boxes of one kind as one element, because there are many."""
    return element(
        "path",
        d="".join(f"M{x:g},{y:g}h{width}v{height}h-{width}z" for x, y in places),
        fill=ORANGE if right else "none",
        fill_opacity=0.25 if right else None,
        stroke=ORANGE if right else INK,
        stroke_width=1.5,
        stroke_opacity=None if right else 0.5,
        stroke_dasharray=None if right else "4 3",
    )
