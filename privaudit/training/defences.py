"""Defences against memorisation that a recipe can switch on, each by itself and together.

Those that Parikh, Dupuy and Gupta tried against canary extraction (ACL 2022, arXiv 2203.13920): dropout,
early stopping, and character embeddings beside the word embeddings. A defence is a name for a change of the
recipe; whatever else is to be compared takes the same form.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from privaudit.errors import UsageError
from privaudit.training.recipe import Recipe


class Defence(StrEnum):
    """One defence, or a fixed set of them."""

    NONE = "none"
    """The recipe as given."""
    DROPOUT = "dropout"
    """Every second unit is dropped."""
    EARLY_STOPPING = "early-stopping"
    """A tenth of the records is set aside and watched; copies of a canary never are."""
    CHAR_EMBEDDINGS = "char-embeddings"
    """A word's vector is its row of the table joined with a vector of its spelling."""
    ALL = "all"
    """The three together."""


_CHANGES: Mapping[Defence, Mapping[str, object]] = {
    Defence.DROPOUT: {"dropout": 0.5},
    Defence.EARLY_STOPPING: {"early_stopping": True, "validation": 0.1},
    Defence.CHAR_EMBEDDINGS: {"embeddings": "both"},
}
_MEND = "Correct --defences"


@dataclass(frozen=True)
class Variant:
    """A recipe with defences."""

    name: str
    """As it was asked for."""
    changes: Mapping[str, object]
    """Fields of the recipe and their new values; none for the recipe as given."""
    recipe: Recipe
    """With the changes."""

    @property
    def combines_all(self) -> bool:
        """Whether every defence is on."""
        return all(change.items() <= self.changes.items() for change in _CHANGES.values())


def parse_defences(text: str, recipe: Recipe) -> tuple[Variant, ...]:
    """The recipe under each of the defences, in the order of ``text``.

    Args:
        text: names separated by commas; ``dropout+early-stopping`` combines.
        recipe: what the defences change.

    Raises:
        UsageError: no name, an unknown one, one twice, ``none`` or ``all`` inside a combination, or spelled
            words for a pretrained encoder, which has its own embeddings.
    """
    variants = [_variant(name.strip(), recipe) for name in text.split(",")]
    seen: dict[tuple[tuple[str, object], ...], str] = {}
    for variant in variants:
        key = tuple(sorted(variant.changes.items()))
        if key in seen:
            raise UsageError("every defence once", f"{seen[key]!r} and {variant.name!r}", _MEND)
        seen[key] = variant.name
    return tuple(variants)


def _variant(name: str, recipe: Recipe) -> Variant:
    parts = [_known(part.strip()) for part in name.split("+")]
    if len(parts) > 1 and (len(set(parts)) < len(parts) or {Defence.NONE, Defence.ALL} & set(parts)):
        raise UsageError("a combination of different single defences", repr(name[:60]), _MEND)
    changes = _merged(list(_CHANGES) if parts == [Defence.ALL] else parts)
    if recipe.architecture == "hf" and "embeddings" in changes:
        raise UsageError(
            "defences that a pretrained encoder can take, which brings its own embeddings",
            f"{name!r} for --arch hf:DIR",
            "Use none, dropout, early-stopping or dropout+early-stopping",
        )
    return Variant(name, changes, recipe.model_copy(update=changes))


def _known(name: str) -> Defence:
    try:
        return Defence(name)
    except ValueError:
        raise UsageError(
            f"defences out of {', '.join(Defence)}, separated by commas and combined with +",
            repr(name[:60]),
            _MEND,
        ) from None


def _merged(defences: Sequence[Defence]) -> dict[str, object]:
    merged: dict[str, object] = {}
    for defence in defences:
        merged |= _CHANGES.get(defence, {})
    return merged
