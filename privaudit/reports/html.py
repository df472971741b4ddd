"""The report as one static HTML file: no script, no external resource, readable without its style sheet."""

from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

from privaudit.reports.document import Figure, Listing, Sentence, Table
from privaudit.reports.page import document_of
from privaudit.results import Result

if TYPE_CHECKING:
    from jinja2 import Template

_MARKS = {"pass": "✓ PASS", "fail": "✗ FAIL", "inconclusive": "? INCONCLUSIVE", "not-judged": "NOT JUDGED"}
_KINDS = {Figure: "figure", Listing: "listing", Sentence: "sentence", Table: "table"}


def html(result: Result) -> str:
    """The page. Everything that came from a model, data or a file name is escaped by the template engine."""
    document = document_of(result)
    return _template().render(
        document=document, mark=_MARKS[document.mark], kind=lambda block: _KINDS[type(block)]
    )


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
