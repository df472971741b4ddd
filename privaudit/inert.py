"""Foreign text made safe to print: a file name or a label must not steer the terminal that shows it."""

import json
import re

_BEYOND_ASCII = re.compile(r"[^\x20-\x7e]+")
_BEYOND_LINES = re.compile(r"[^\x20-\x7e\n]+")


def inert(text: str, most: int | None = None) -> str:
    """``text`` on one line, with control and direction-changing characters written as escapes.

    Args:
        text: from a model, data or a file name.
        most: characters to show; of a longer text beginning and end are left, and its length is named.
    """
    if most is None or len(text) <= most:
        shown = _BEYOND_ASCII.sub(_escaped, text)
        if most is None or len(shown) <= most:
            return shown
    end = most // 3
    begin = most - end
    first, last = inert(text[:begin])[:begin], inert(text[-end:])[-end:]
    return f"{first}…{last} ({len(text):,} characters)"


def inert_json(text: str) -> str:
    """The JSON document ``text`` with the same characters escaped; its line ends and its meaning stay."""
    # NOTE: outside of strings JSON has printable ASCII and line ends only, so every escape is in a string.
    return _BEYOND_LINES.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    run = match[0]
    return run if run.isprintable() else "".join(map(_escape, run))


def _escape(character: str) -> str:
    return character if character.isprintable() else json.dumps(character)[1:-1].replace("\x7f", "\\u007f")
