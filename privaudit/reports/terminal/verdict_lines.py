"""The verdict by itself as lines of text: its sentence, every limit, and what would decide those left open.

Plain lines, because a gate runs after every build and should not wait for a table to be laid out.
"""

from collections.abc import Iterator

from privaudit.inert import inert
from privaudit.reports.words.reversed_attacks import worse_than_guessing
from privaudit.reports.words.status import STATUS
from privaudit.results import Result, ThresholdResult

_HEADINGS = ("fail if", "result", "why")
_GAP = "  "
_MOST_OF_A_NAME, _MOST_OF_A_TEXT = 120, 600
"""Characters."""


def verdict_lines(result: Result) -> Iterator[str]:
    """The status as a word with its sentence, then what was judged, by what, and every limit.

    Text from a model, from data or from a policy is inert and cut to a readable length.
    """
    verdict, model = result.verdict, result.model
    yield f"{STATUS[verdict.status]}{_GAP}{_text(verdict.sentence)}"
    by = "" if verdict.policy is None else f"; limits of {_text(verdict.policy)}"
    yield f"{_name(model.path)} (digest {_name(model.digest[:12])}), audited {_name(result.created)}{by}"
    if verdict.thresholds:
        yield ""
        yield from _limits(verdict.thresholds)
    for item in result.not_run:
        canary = "" if item.canary is None else f" on {_name(item.canary)}"
        yield f"Not run: {_name(item.attack)}{canary}: {_text(item.reason)}"
    for warning in (*worse_than_guessing(result.membership), *result.warnings):
        yield f"Note: {_text(warning)}"


def _limits(items: tuple[ThresholdResult, ...]) -> Iterator[str]:
    """One line per limit; under it its waiver, and the advice."""
    rows = [
        (_name(item.name), "waived" if item.waiver else item.result, _text(item.reason)) for item in items
    ]
    widths = [max(map(len, column)) for column in zip(_HEADINGS, *rows, strict=True)][:2]
    yield _row(_HEADINGS, widths)
    for item, row in zip(items, rows, strict=True):
        yield _row(row, widths)
        for below in (item.waiver, item.advice):
            if below is not None:
                yield _row(("", "", _text(below)), widths)


def _row(cells: tuple[str, ...], widths: list[int]) -> str:
    *padded, last = cells
    return _GAP.join([*(cell.ljust(width) for cell, width in zip(padded, widths, strict=True)), last])


def _name(text: str) -> str:
    return inert(text, _MOST_OF_A_NAME)


def _text(text: str) -> str:
    return inert(text, _MOST_OF_A_TEXT)
