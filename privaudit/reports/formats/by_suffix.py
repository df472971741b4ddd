"""The kinds of report, by the end of the file's name."""

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path

from privaudit.errors import UsageError
from privaudit.files import PRIVATE, PUBLIC, write_text
from privaudit.results import Result, to_json

Render = Callable[[Result], str]
_FORMATS = {".html": "html", ".md": "markdown", ".sarif": "sarif", ".xml": "junit", ".badge.json": "badge"}
"""The module of this folder for each suffix; its function has the same name."""


def renderers(location: str) -> Mapping[str, Render]:
    """What renders a result, by suffix; loaded only when it is used.

    Args:
        location: the file that SARIF findings point at.
    """
    return {**{suffix: _later(name, location) for suffix, name in _FORMATS.items()}, ".json": to_json}


def _later(name: str, location: str) -> Render:
    def render(result: Result) -> str:
        function: Callable[..., str] = getattr(import_module(f"{__package__}.{name}"), name)
        return function(result, location) if name == "sarif" else function(result)

    return render


def renderer(path: Path, location: str) -> Render:
    """What renders a result for this file name.

    Raises:
        UsageError: no report has this suffix.
    """
    known = renderers(location)
    for suffix, render in known.items():
        if path.name.lower().endswith(suffix):
            return render
    raise UsageError(f"No report format for {path.name[:60]}", f"Use a name that ends in {', '.join(known)}")


def write_report(result: Result, path: Path, render: Render) -> None:
    """Render to a file in one step; what shows secrets or training texts is its owner's alone.

    Raises:
        ResultError: the folder does not exist or cannot be written.
    """
    write_text(render(result), path, mode=PRIVATE if result.confidential else PUBLIC)
