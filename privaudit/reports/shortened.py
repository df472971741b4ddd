"""A result made fit to be shown: no text in it is longer than a reader reads, or than a report has room for.

Every renderer begins here, and need not expect labels of a megabyte.
"""

from collections.abc import Mapping
from operator import is_
from typing import Any

from markupsafe import escape

from privaudit.inert import inert
from privaudit.results import NotRun, Part, Result

MOST_OF_A_NAME, MOST_OF_A_TEXT = 120, 600
"""Characters."""
MOST_ITEMS = 40
_MOST_BYTES_EACH, _LONGEST_ESCAPE = 3, 5
"""Of a character on a page: three in UTF-8 for most scripts, five for a quotation mark in HTML."""
_TEXTS = frozenset(
    {
        "advice", "assumes", "canaries", "checklist", "description", "note", "notes", "reason", "score",
        "sentence", "test", "text", "threat_model", "waiver", "warnings",
    }
)  # fmt: skip
"""Fields that hold sentences, or texts of records; all others hold names."""


def shortened(result: Result) -> Result:
    """The result with every long text cut short and its length named, and with control characters escaped.

    Of more than 40 names or warnings the first 40 remain, with the number of the others.
    """
    shown: Result = _shown(result, MOST_OF_A_NAME)
    more = len(shown.not_run) - MOST_ITEMS
    if more <= 0:
        return shown
    rest = NotRun(attack=f"{more:,} more", reason="they are in the result file")
    return shown.model_copy(update={"not_run": (*shown.not_run[:MOST_ITEMS], rest)})


def without_texts(result: Result) -> Result:
    """The result without secrets and texts of records."""
    records = tuple(row.model_copy(update={"text": None}) for row in result.records)
    extraction = tuple(row.model_copy(update={"secret": None, "found": None}) for row in result.extraction)
    return result.model_copy(update={"records": records, "extraction": extraction})


def short(text: str, most: int) -> str:
    """``text`` with at most so many characters, and fewer where a page would need many bytes for each."""
    if text.isascii() and text.isprintable() and _LONGEST_ESCAPE * len(text) <= _MOST_BYTES_EACH * most:
        return text
    shown = inert(text, most)
    if len(escape(shown).encode("utf-8", "replace")) <= _MOST_BYTES_EACH * most:
        return shown
    return inert(text, most // _MOST_BYTES_EACH)


def _shown(value: Any, most: int) -> Any:  # noqa: ANN401 - whatever a result holds
    """``value`` with its strings shown; the very same object where nothing in it changes."""
    match value:
        case str():
            return short(value, most)
        case Part():
            return _shown_part(value, most)
        case tuple() | list():
            shown = [_shown(item, most) for item in value]
            if len(shown) > MOST_ITEMS and all(isinstance(item, str) for item in shown):
                shown = [*shown[:MOST_ITEMS], f"and {len(shown) - MOST_ITEMS:,} more"]
            same = len(shown) == len(value) and all(map(is_, shown, value))
            return value if same else type(value)(shown)
        case Mapping():
            pairs = [(short(str(key), MOST_OF_A_NAME), _shown(item, most)) for key, item in value.items()]
            if len(pairs) > MOST_ITEMS and all(isinstance(item, str) for _, item in pairs):
                pairs = [*pairs[:MOST_ITEMS], ("…", f"and {len(pairs) - MOST_ITEMS:,} more")]
            return value if pairs == list(value.items()) else dict(pairs)
        case _:
            return value


def _shown_part(part: Part, most: int) -> Part:
    changed = {}
    for name, value in part:
        if value is not None and not isinstance(value, int | float):
            shown = _shown(value, MOST_OF_A_TEXT if name in _TEXTS else most)
            if shown is not value:
                changed[name] = shown
    return part.model_copy(update=changed) if changed else part
