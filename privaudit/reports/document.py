"""What a report says, before it is HTML or Markdown: sections of sentences, tables and figures.

All text is plain; each renderer escapes it. Foreign text (from the model, the data or file names) has passed
:func:`privaudit.inert.inert`.
"""

from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup

Tone = Literal["plain", "strong", "warning", "small"]
Mark = Literal["pass", "fail", "inconclusive", "not-judged"]


@dataclass(frozen=True)
class Sentence:
    """A paragraph."""

    text: str
    tone: Tone = "plain"


@dataclass(frozen=True)
class Table:
    """Rows of cells under headings; the first column names the row."""

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: frozenset[int] = frozenset()
    """Columns with numbers, which stand to the right."""


@dataclass(frozen=True)
class Figure:
    """A chart with what it says in words and in numbers."""

    chart: Markup
    caption: str
    legend: tuple[tuple[Markup, str], ...]
    """A swatch and what it stands for."""
    data: Table


@dataclass(frozen=True)
class Listing:
    """Points, in no order."""

    items: tuple[str, ...]


Block = Sentence | Table | Figure | Listing


@dataclass(frozen=True)
class Section:
    """A heading with what stands below it."""

    id: str
    title: str
    blocks: tuple[Block, ...]
    folded: bool = False
    """Whether a reader opens it only when needed."""


@dataclass(frozen=True)
class Document:
    """A whole report."""

    title: str
    mark: Mark
    verdict: str
    """In a sentence for a reader who has never heard of the attacks."""
    action: str
    """What to do about it."""
    stamp: str | None
    """What every page must say, such as that it shows secrets."""
    sections: tuple[Section, ...]
    footer: str
