"""Foreign text made safe to print: a file name or a label must not steer the terminal that shows it."""

import json
import re

_ASCII = re.compile(r"[^\x20-\x7e]")


def inert(text: str) -> str:
    """``text`` on one line, with control and direction-changing characters written as escapes."""
    return _ASCII.sub(_escaped, text)


def inert_json(text: str) -> str:
    """The JSON document ``text`` with the same characters escaped; its line ends and its meaning stay."""
    # NOTE: outside of strings JSON has printable ASCII and line ends only, so every escape is in a string.
    return _ASCII.sub(lambda match: match[0] if match[0] == "\n" else _escaped(match), text)


def _escaped(match: re.Match[str]) -> str:
    character = match[0]
    return character if character.isprintable() else json.dumps(character)[1:-1].replace("\x7f", "\\u007f")
