"""Render one result to files."""

from collections.abc import Sequence
from pathlib import Path

from privaudit.cli.output import require_writable, say
from privaudit.errors import UsageError
from privaudit.files import PRIVATE, PUBLIC, replaced
from privaudit.reports.interface import renderer
from privaudit.reports.page.whole import stamp
from privaudit.results import read_result


def run(path: Path, outputs: Sequence[Path], *, location: str, quiet: bool) -> int:
    """Render the result to every output, in the form that its name asks for."""
    renderers = [(output, renderer(output, location)) for output in outputs]
    require_writable(*outputs)
    result = read_result(path)
    # NOTE: what shows secrets or training texts is its owner's alone.
    mode = PUBLIC if stamp(result) is None else PRIVATE
    for output, render in renderers:
        if output.exists() and output.samefile(path):
            raise UsageError("an output file of its own", f"the result {output.name}", "Change -o")
        content = render(result)
        with replaced(output, mode=mode) as file:
            file.write(content.encode("utf-8", "replace"))
        say(f"Report: {output}", quiet=quiet)
    return 0
