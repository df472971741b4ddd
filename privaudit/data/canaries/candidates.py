"""Lists of candidates: what a slot of a pattern may hold. A list is open knowledge, and a secret is a choice.

The order of a list says nothing of the choice: it is the user's own, or code point order. Two candidates of
a list never have the same normalised form (:func:`privaudit.data.duplicates.normalise`), because a model that
lower-cases its words could not tell them apart.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from string import ascii_lowercase

from privaudit.data.columns import shown
from privaudit.data.duplicates import normalise
from privaudit.errors import DataError, UsageError

DIGITS = tuple("0123456789")
COLOURS = (
    "black", "blue", "brown", "gold", "green", "grey", "orange", "pink", "purple", "red", "white", "yellow",
)  # fmt: skip
N_WORDS = 10_000
"""At most so many of the data's words stand in the list ``word``: the most frequent ones."""
N_TOKENS = 100
"""Words in the list ``token``."""
MOST = 100_000
"""Candidates that a list may have."""

RESERVED = frozenset({"digit", "digits", "colour", "color", "word", "token"})
"""Names with a meaning of their own, which no list of the user's may take."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")
_WORD = re.compile(r"\w+(?:['\u2019]\w+)*")


def checked_candidates(entries: Sequence[str], place: str) -> tuple[str, ...]:
    """The entries without white space at their ends, if they can be told apart.

    Args:
        entries: in the order to keep.
        place: where they were written, for messages, which quote none of them: a list may be private.

    Raises:
        UsageError: fewer than two, too many, an empty or unprintable one, or two that are equal after
            normalisation.
    """
    stripped = tuple(entry.strip() for entry in entries)
    if not 2 <= len(stripped) <= MOST:
        raise UsageError(
            f"{place} needs 2 to {MOST:,} candidates and has {len(stripped):,}", "Change the list"
        )
    first: dict[str, int] = {}
    for number, entry in enumerate(stripped, start=1):
        form = normalise(entry)
        if not form or not entry.isprintable():
            raise UsageError(f"Entry {number} of {place} is empty or not printable", "Correct or remove it")
        if form in first:
            raise UsageError(
                f"Entries {first[form]} and {number} of {place} are the same, case aside",
                "Remove one of them",
            )
        first[form] = number
    return stripped


def read_candidates(options: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The lists of ``--candidates NAME=FILE``: UTF-8 text with one candidate a line; blank lines are none.

    Raises:
        UsageError: an option without a usable name or file, a name given twice, or unusable candidates.
        DataError: a file cannot be read.
    """
    lists: dict[str, tuple[str, ...]] = {}
    for option in options:
        name, equals, file = option.partition("=")
        if not equals or not file or not _NAME.fullmatch(name) or name in RESERVED or name in lists:
            raise UsageError(
                f"Not a usable --candidates NAME=FILE: {shown(option, 60)!r}",
                "Use a new name of letters, digits, - and _, then an equals sign and the file",
            )
        lists[name] = checked_candidates(_lines(Path(file)), Path(file).name)
    return lists


def complete_lists(
    wanted: Sequence[str], given: Mapping[str, tuple[str, ...]], texts: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """The lists that patterns name.

    Args:
        wanted: names of lists.
        given: the user's own lists and those written inside a pattern.
        texts: of the data: ``word`` is made of their words, ``token`` of words that they lack.

    Raises:
        UsageError: an unknown name, or a list of the user's that no pattern names.
        DataError: the data have too few words.
    """
    unused = [name for name in given if name not in wanted]
    if unused:
        raise UsageError(
            f"No pattern uses the list {unused[0]!r}",
            f"Drop that --candidates, or add a slot {{{unused[0]}}}",
        )
    lists: dict[str, tuple[str, ...]] = {}
    for name in sorted(set(wanted)):
        if name in given:
            lists[name] = given[name]
        elif name == "digit":
            lists[name] = DIGITS
        elif name == "colour":
            lists[name] = COLOURS
        elif name == "word":
            lists[name] = frequent_words(texts)
        elif name == "token":
            lists[name] = new_tokens(texts)
        else:
            raise UsageError(
                f"Unknown slot {{{shown(name)}}}",
                "Use digit, digits, colour, word, token or {a|b|c}, or give --candidates NAME=FILE",
            )
    return lists


def frequent_words(texts: Sequence[str], most: int = N_WORDS) -> tuple[str, ...]:
    """The ``most`` most frequent words of ``texts`` that consist of letters, in code point order.

    Raises:
        DataError: there are fewer than two.
    """
    counts = Counter(word for text in texts for word in _words(text) if word.isalpha())
    by_form: dict[str, str] = {}
    for word in sorted(counts, key=lambda word: (-counts[word], word)):
        by_form.setdefault(normalise(word), word)
    chosen = list(by_form.values())[:most]
    if len(chosen) < 2:
        raise DataError(
            f"{{word}} needs at least 2 words in the data and finds {len(chosen)}",
            "Give your own list with --candidates",
        )
    return tuple(sorted(chosen))


def new_tokens(texts: Sequence[str], n: int = N_TOKENS) -> tuple[str, ...]:
    """The first ``n`` words ``zqaaa``, ``zqaab``, … that occur nowhere in ``texts``, not even inside a word.

    Raises:
        DataError: the data hold too many such words themselves.
    """
    taken = {match for text in texts for match in re.findall(r"(?=(zq[a-z]{3}))", normalise(text))}
    free = (f"zq{''.join(letters)}" for letters in product(ascii_lowercase, repeat=3))
    chosen = [token for token in free if token not in taken][:n]
    if len(chosen) < n:
        raise DataError(
            f"The data leaves only {len(chosen)} of {n} new words that begin with zq",
            "Give your own list with --candidates",
        )
    return tuple(chosen)


def _words(text: str) -> Iterator[str]:
    return (match.group() for match in _WORD.finditer(text.lower()))


def _lines(path: Path) -> list[str]:
    try:
        content = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as failure:
        raise DataError(
            f"Can't read candidates from {path.name} ({type(failure).__name__})",
            "Give --candidates a UTF-8 file with one candidate per line",
        ) from None
    return [line for line in content.split("\n") if line.strip()]
