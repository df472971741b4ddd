"""The report as one static HTML file: no script, no external resource, readable without its style sheet."""

from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from itertools import count
from typing import TYPE_CHECKING

from markupsafe import Markup

from privaudit.reports.document import Document, Figure, Listing, Sentence, Table
from privaudit.reports.page import document_of
from privaudit.reports.shortened import shortened
from privaudit.reports.words.status import STATUS
from privaudit.results import Result, to_json

if TYPE_CHECKING:
    from jinja2 import Template

_KINDS = {Figure: "figure", Listing: "listing", Sentence: "sentence", Table: "table"}

_LONG = 24
"""Characters beyond which a cell wraps, within words where it must."""


_GLYPHS = {"pass": "✓", "fail": "✗", "inconclusive": "?", "not-judged": ""}


def html(result: Result) -> str:
    """The page of a result, which names the digest of that result as JSON on every printed sheet."""
    return html_page(document_of(shortened(result)), sha256(to_json(result).encode()).hexdigest())


def html_page(document: Document, digest: str | None = None) -> str:
    """The page. Everything that came from a model, data or a file name is escaped by the template engine.

    Args:
        document: what it says.
        digest: SHA-256 of the result behind it, in hexadecimal digits; None without a single one.
    """
    return _template().render(
        document=document,
        digest=digest,
        word=STATUS[document.mark],
        glyph=_GLYPHS[document.mark],
        kind=lambda block: _KINDS[type(block)],
        number=count(1).__next__,
        classes=_classes,
    )


def _classes(cell: str, numeric: bool) -> Markup:
    """How a cell is laid out: a number stands to the right, and a long text wraps."""
    names = " ".join(name for name, there in (("n", numeric), ("long", len(cell) > _LONG)) if there)
    return Markup(' class="{}"').format(names) if names else Markup()


@lru_cache
def _template() -> "Template":
    from jinja2 import Environment, StrictUndefined

    folder = files("privaudit.reports") / "templates"
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    style = (folder / "report.css").read_text(encoding="utf-8")
    environment.globals["style"] = style
    return environment.from_string((folder / "report.html.j2").read_text(encoding="utf-8"))
