"""The kinds of report, by the end of the file's name."""

from collections.abc import Callable, Mapping
from pathlib import Path

from privaudit.errors import UsageError
from privaudit.files import PRIVATE, PUBLIC, write_text
from privaudit.results import Result, to_json

Render = Callable[[Result], str]


def renderers(location: str) -> Mapping[str, Render]:
    """What renders a result, by suffix; loaded only when it is used.

    Args:
        location: the file that SARIF findings point at.
    """

    def as_html(result: Result) -> str:
        from privaudit.reports.formats.html import html

        return html(result)

    def as_markdown(result: Result) -> str:
        from privaudit.reports.formats.markdown import markdown

        return markdown(result)

    def as_sarif(result: Result) -> str:
        from privaudit.reports.formats.sarif import sarif

        return sarif(result, location)

    def as_junit(result: Result) -> str:
        from privaudit.reports.formats.junit import junit

        return junit(result)

    def as_badge(result: Result) -> str:
        from privaudit.reports.formats.badge import badge

        return badge(result)

    return {
        ".html": as_html,
        ".md": as_markdown,
        ".sarif": as_sarif,
        ".xml": as_junit,
        ".badge.json": as_badge,
        ".json": to_json,
    }


def renderer(path: Path, location: str) -> Render:
    """What renders a result for this file name.

    Raises:
        UsageError: no report has this suffix.
    """
    known = renderers(location)
    for suffix, render in known.items():
        if path.name.lower().endswith(suffix):
            return render
    raise UsageError(f"an output named {', '.join(known)}", path.name[:60], "Change -o")


def write_report(result: Result, path: Path, render: Render) -> None:
    """Render to a file in one step; what shows secrets or training texts is its owner's alone.

    Raises:
        ResultError: the folder does not exist or cannot be written.
    """
    write_text(render(result), path, mode=PRIVATE if result.confidential else PUBLIC)
