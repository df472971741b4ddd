"""Charts as inline SVG: axes, lines, bands, intervals, strips. No script, style sheet, font or library.

Everything is drawn with presentation attributes, which survive a content policy that drops style sheets,
and with ``currentColor``, which follows the page into dark mode. Colours are those of Okabe and Ito, and no
line is distinguished by colour alone: each also has its own dash pattern or marker. Charts are drawn narrow,
to stay legible on small screens.
"""

from privaudit.reports.svg.axis import Axis
from privaudit.reports.svg.chart import Chart
from privaudit.reports.svg.elements import (
    BLUE,
    DASHDOT,
    DASHED,
    DOTTED,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PURPLE,
    SOLID,
    element,
)
from privaudit.reports.svg.strips import Strip, slot_sign, strips
from privaudit.reports.svg.swatches import dot_swatch, hatching, patch, swatch

__all__ = [
    "BLUE",
    "DASHDOT",
    "DASHED",
    "DOTTED",
    "GREEN",
    "GREY",
    "INK",
    "ORANGE",
    "PURPLE",
    "SOLID",
    "Axis",
    "Chart",
    "Strip",
    "dot_swatch",
    "element",
    "hatching",
    "patch",
    "slot_sign",
    "strips",
    "swatch",
]
