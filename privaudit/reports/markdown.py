"""The report as Markdown for a step summary: what a reviewer needs first, within the size that is shown."""

import re

from privaudit.reports.document import Block, Document, Listing, Section, Sentence, Table
from privaudit.reports.page import document_of
from privaudit.results import Result

MOST_BYTES = 60_000
_MARKS = {"pass": "✅ PASS", "fail": "❌ FAIL", "inconclusive": "❔ INCONCLUSIVE", "not-judged": "NOT JUDGED"}
_SIGNS = re.compile(r"([\\`*_{}\[\]()#+!|~@:])")
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\n": " "})
_LEFT_OUT = "\n*Left out to keep this summary short: {}. The HTML report has everything.*\n"


def markdown(result: Result, most_bytes: int = MOST_BYTES) -> str:
    """Sections in their order, as many as fit whole; what does not fit is named."""
    document = document_of(result)
    text = _head(document)
    left_out: list[str] = []
    for section in document.sections:
        added = _section(section)
        room = most_bytes - len(text.encode()) - len(_LEFT_OUT.encode()) - 2_000
        if section.folded or len(added.encode()) > room:
            left_out.append(section.title)
        else:
            text += added
    return text + (_LEFT_OUT.format(", ".join(left_out)) if left_out else "")


def escaped(text: str) -> str:
    """Foreign text that Markdown and the HTML inside it take for plain text."""
    return _SIGNS.sub(r"\\\1", text).translate(_ENTITIES)


def _head(document: Document) -> str:
    stamp = "" if document.stamp is None else f"**{escaped(document.stamp)}**\n\n"
    return (
        f"# {escaped(document.title)}\n\n{stamp}**{_MARKS[document.mark]}** {escaped(document.verdict)}\n\n"
        f"{escaped(document.action)}\n"
    )


def _section(section: Section) -> str:
    return f"\n## {escaped(section.title)}\n\n" + "\n".join(map(_block, section.blocks))


def _block(block: Block) -> str:
    if isinstance(block, Sentence):
        text = escaped(block.text)
        return f"**{text}**\n" if block.tone == "strong" else f"{text}\n"
    if isinstance(block, Listing):
        return "".join(f"- {escaped(item)}\n" for item in block.items)
    if isinstance(block, Table):
        return _table(block)
    return f"{escaped(block.caption)}\n\n{_table(block.data)}"


def _table(table: Table) -> str:
    rule = ("--:" if i in table.numeric else ":--" for i in range(len(table.header)))
    lines = [table.header, *table.rows]
    head, *rows = (f"| {' | '.join(map(escaped, cells))} |" for cells in lines)
    return "\n".join((escaped(table.caption), "", head, f"| {' | '.join(rule)} |", *rows, ""))
