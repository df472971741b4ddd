"""The summary of a build step on GitHub, which everyone who sees the build can read."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from privaudit.inert import inert

if TYPE_CHECKING:
    from privaudit.results import Result

SUMMARY = "GITHUB_STEP_SUMMARY"
"""The variable of the environment that names the file."""


def write_step_summary(result: "Result") -> None:
    """Append the result as Markdown to the file that ``GITHUB_STEP_SUMMARY`` names; without it do nothing.

    Texts and secrets are left out even where the result shows them. A file that cannot be written is a
    warning: it changes no verdict.
    """
    path = os.environ.get(SUMMARY)
    if not path:
        return
    from privaudit.reports.formats.markdown import markdown
    from privaudit.reports.shortened import without_texts

    summary = f"\n{markdown(without_texts(result))}"
    try:
        with Path(path).open("ab") as file:
            file.write(summary.encode("utf-8", "replace"))
    except OSError as error:
        sys.stderr.write(inert(f"Warning: no step summary: {error.strerror} at {path} ({SUMMARY}).") + "\n")
