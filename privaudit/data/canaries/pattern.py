"""``--pattern``: fixed text with typed slots, such as ``my pin code is {digit:4}``.

========================== ========================================================================
``{digit:4}``              four digits as words of their own, one space between them
``{digits:4}``             four digits as one word
``{colour:3}``             three of twelve colours (also ``{color:3}``)
``{word:2}``               two of the data's own most frequent words
``{token}``                a made-up word that occurs nowhere in the data
``{red|green|blue:2}``     two out of a list that stands in the pattern
``{NAME:2}``               two out of the list of ``--candidates NAME=FILE``
``{{`` and ``}}``          braces as text
========================== ========================================================================

``:n`` is 1 when it is left out, and 64 at most. The text before the first slot is the prefix, which the
adversary knows. It may be empty: the adversary then knows the class and the kind of secret alone, which makes
sense for a canary under a class of its own. What stands between and after the slots is known as well. White
space at the ends of a pattern is dropped.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from privaudit.data.canaries.candidates import checked_candidates
from privaudit.data.canaries.manifest import SlotEntry
from privaudit.data.canaries.template import Slot, Template
from privaudit.data.columns import shown
from privaudit.errors import UsageError

MOST_SLOTS = 64

_PIECE = re.compile(r"(?P<brace>\{\{|\}\})|\{(?P<slot>[^{}]*)\}|(?P<text>[^{}]+)|(?P<stray>[{}])")
_COUNT = re.compile(r"[0-9]{1,2}")
_MEND = "Write slots like {digit:4} and braces of the text like {{ and }}"


@dataclass(frozen=True)
class Pattern:
    """A pattern as it was written: its slots name lists that are still to be found."""

    text: str
    """Without white space at its ends."""
    prefix: str
    slots: tuple[SlotEntry, ...]
    """One or more."""
    inline: Mapping[str, tuple[str, ...]]
    """Lists that stand in the pattern, by the name that the slots give them."""

    def template(self, lists: Mapping[str, tuple[str, ...]]) -> Template:
        """Prefix and slots with their candidates.

        Args:
            lists: candidates by name, all that the slots name.

        Raises:
            UsageError: two slots touch whose candidates differ in length, and one text would stand for
                two fillings.
        """
        for slot in self.slots[:-1]:
            if not slot.then and len({len(candidate) for candidate in lists[slot.candidates]}) > 1:
                raise UsageError(
                    f"Two slots of {shown(self.text, 60)!r} touch, and their candidates differ in length",
                    "Put a space between them",
                )
        return Template(self.prefix, tuple(Slot(lists[slot.candidates], slot.then) for slot in self.slots))


def parse_pattern(text: str) -> Pattern:
    """Split a pattern into its prefix and slots.

    Args:
        text: as described at the top of this module.

    Raises:
        UsageError: no slot, more than 64, a number out of 1 … 64, a brace without its partner, an unusable
            list inside the braces, or a character that cannot be printed.
    """
    text = text.strip()
    if not text.isprintable():
        raise UsageError(
            f"The pattern {shown(text, 60)!r} has unprintable characters or line breaks", "Correct --pattern"
        )
    literals, found, inline = [""], list[str](), dict[str, tuple[str, ...]]()
    for piece in _PIECE.finditer(text):
        if piece["stray"]:
            raise UsageError(f"A single {piece['stray']!r} in {shown(text, 60)!r}", _MEND)
        if piece["slot"] is None:
            literals[-1] += piece["text"] or piece["brace"][0]
            continue
        name, count, joint = _slot(piece["slot"], text, inline)
        found += [name] * count
        literals += [joint] * (count - 1) + [""]
    if not 1 <= len(found) <= MOST_SLOTS:
        raise UsageError(
            f"The pattern {shown(text, 60)!r} has {len(found)} slots; 1 to {MOST_SLOTS} are allowed", _MEND
        )
    prefix, *after = literals
    slots = tuple(SlotEntry(candidates=name, then=then) for name, then in zip(found, after, strict=True))
    return Pattern(text, prefix, slots, inline)


def parse_patterns(texts: Sequence[str]) -> tuple[Pattern, ...]:
    """Several patterns; the first fault is raised.

    Raises:
        UsageError: as :func:`parse_pattern`, or there is none.
    """
    if not texts:
        raise UsageError("No pattern", "Give --pattern 'my pin code is {digit:4}'")
    return tuple(parse_pattern(text) for text in texts)


def _slot(content: str, text: str, inline: dict[str, tuple[str, ...]]) -> tuple[str, int, str]:
    """Name of the list, number of slots, and the text between them; an inline list goes into ``inline``."""
    name, colon, number = content.partition(":")
    number = number.strip() if colon else "1"
    count = int(number) if _COUNT.fullmatch(number) else 0
    if not 1 <= count <= MOST_SLOTS:
        raise UsageError(
            f"{{{shown(content)}}} in {shown(text, 60)!r} is not {{NAME:n}} with n from 1 to {MOST_SLOTS}",
            _MEND,
        )
    name = name.strip()
    if "|" in name:
        entries = checked_candidates(name.split("|"), f"{{{shown(content)}}}")
        name = "|".join(entries)
        inline[name] = entries
    elif name == "digits":
        return "digit", count, ""
    elif name == "color":
        name = "colour"
    elif not name:
        raise UsageError(f"A slot without a name in {shown(text, 60)!r}", _MEND)
    return name, count, " "
