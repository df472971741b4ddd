"""The report as Markdown for a step summary: what a reviewer needs first, within the size that is shown."""

import re
from collections.abc import Sequence

from privaudit.inert import inert
from privaudit.reports.document import Block, Document, Figure, Listing, Section, Sentence, Table
from privaudit.reports.page import document_of
from privaudit.reports.shortened import MOST_OF_A_TEXT, shortened
from privaudit.reports.words.status import STATUS
from privaudit.results import Result

MOST_BYTES = 60_000
_MOST_ROWS = (50, 10, 3)
"""Of a table; the next where a section with so many does not fit."""
_GLYPHS = {"pass": "✅ ", "fail": "❌ ", "inconclusive": "❔ ", "not-judged": ""}
_MOST_OF_A_BLOCK, _MOST_BYTES_OF_A_BLOCK = 3_000, 9_000
"""Of a sentence or a cell: verdict and action always fit."""
_CHARTS = "the charts"

_SIGNS = re.compile(r"([\\`*_\[\]|~$])")
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\n": " "})
_BEGINNING = re.compile(r"^(\d*)(?=[.)](?: |$))|^(?=[-+](?: |$)|[-=]+ *$|#)")
_RATE = r"((?<=\w)@\d+(?:\.\d+)?(?![\w.-]))"
_LATE = re.compile(_RATE + r"|[@#](?=\w)|\\\$|:(?=//|[a-z+-][\w+\\-]*:)|www(?=\.)", re.IGNORECASE)
_NOTHING = "<!-- -->"


def markdown(result: Result, most_bytes: int = MOST_BYTES) -> str:
    """The summary of a result."""
    return markdown_page(document_of(shortened(result)), most_bytes)


def markdown_page(document: Document, most_bytes: int = MOST_BYTES) -> str:
    """Sections in their order, as many as fit, with long tables cut; what is left out is named.

    Args:
        document: what to say.
        most_bytes: in UTF-8. Verdict and action are always there, for which 40 kB are always enough.
    """
    text = _head(document)
    every_name = [*(section.title for section in document.sections), _CHARTS]
    room = most_bytes - len((text + _left_out(every_name)).encode())
    left_out = []
    for section in document.sections:
        added = None if section.folded else _fitting(section, room)
        if added is None:
            left_out.append(section.title)
        else:
            text += added
            room -= len(added.encode())
    if any(isinstance(block, Figure) for section in document.sections for block in section.blocks):
        left_out.append(_CHARTS)
    return text + _left_out(left_out)


def escaped(text: str) -> str:
    """Foreign text that GitHub shows as plain text, wherever in a line it stands.

    Markdown's signs get a backslash. An empty comment breaks up what GitHub would turn into a link, a
    mention, an emoji or a formula after it has read the Markdown, when the backslashes are gone.
    """
    written = _escaped(inert(text.strip(), _MOST_OF_A_BLOCK))
    return (
        written
        if len(written.encode()) <= _MOST_BYTES_OF_A_BLOCK
        else _escaped(inert(text.strip(), MOST_OF_A_TEXT))
    )


def _escaped(text: str) -> str:
    text = _SIGNS.sub(r"\\\1", text).translate(_ENTITIES)
    text = _BEGINNING.sub(lambda match: f"{match[1] or ''}\\", text, count=1)
    return _LATE.sub(lambda match: match[0] + ("" if match[1] else _NOTHING), text)


def _head(document: Document) -> str:
    stamp = "" if document.stamp is None else f"**{escaped(document.stamp)}**\n\n"
    return (
        f"# {escaped(document.title)}\n\n{stamp}**{_GLYPHS[document.mark]}{STATUS[document.mark]}** "
        f"{escaped(document.verdict)}\n\n{escaped(document.action)}\n"
    )


def _left_out(names: Sequence[str]) -> str:
    if not names:
        return ""
    listed = ", ".join(map(escaped, names))
    return f"\n*Left out to keep this summary short: {listed}. The HTML report has everything.*\n"


def _fitting(section: Section, room: int) -> str | None:
    for most in _MOST_ROWS:
        blocks = "\n".join(_block(block, most) for block in section.blocks)
        text = f"\n## {escaped(section.title)}\n\n{blocks}"
        if len(text.encode()) <= room:
            return text
    return None


def _block(block: Block, most_rows: int) -> str:
    match block:
        case Sentence():
            text = escaped(block.text)
            return f"**{text}**\n" if block.tone == "strong" else f"{text}\n"
        case Listing():
            shown = [*map(escaped, block.items[:most_rows]), *_more(len(block.items) - most_rows)]
            return "".join(f"- {item}\n" for item in shown)
        case Table():
            return _table(block, most_rows)
        case Figure():
            return f"{escaped(block.caption)}\n\n{_table(block.data, most_rows)}"


def _table(table: Table, most_rows: int) -> str:
    rule = ("--:" if i in table.numeric else ":--" for i in range(len(table.header)))
    lines = [table.header, *table.rows[:most_rows]]
    head, *rows = (f"| {' | '.join(map(escaped, cells))} |" for cells in lines)
    more = [f"\n{text}" for text in _more(len(table.rows) - most_rows)]
    return "\n".join((escaped(table.caption), "", head, f"| {' | '.join(rule)} |", *rows, *more, ""))


def _more(count: int) -> list[str]:
    return [f"*… and {count:,} more in the HTML report*"] if count > 0 else []
